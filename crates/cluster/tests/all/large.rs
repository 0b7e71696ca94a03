//! Many objects, and large ones.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use windlass_plan::{Op, Reason};

use crate::unit::{on_both_servers, on_the_embedded_server, only};

/// What a ConfigMap may hold: its values together.
const MOST: usize = 1 << 20;

fn map(name: &str, size: usize) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name},
        "data": {"text": "x".repeat(size)}})
}

#[test]
fn an_object_of_a_megabyte_is_applied_once_and_a_larger_one_is_refused_with_its_place() {
    on_both_servers(async |mut unit| {
        let largest = map("large", MOST);
        unit.converge(std::slice::from_ref(&largest)).await;
        let plan = unit.converge(&[map("large", MOST - 1)]).await;
        let action = only(&plan);
        assert_eq!(action.op, Op::Update);
        assert!(plan.to_string().len() < 2_000, "{}", plan.to_string().len());
        let plan = unit.plan(&[map("large", MOST + 1)]).await;
        let action = only(&plan);
        assert!(matches!(action.reason, Reason::Rejected { .. }), "{plan}");
        assert!(plan.to_string().contains("large.yaml:3"), "{plan}");
        assert!(plan.to_string().len() < 2_000, "{}", plan.to_string().len());
    });
}

/// How long it may take is for the benchmarks; this says that nothing grows with the square.
#[test]
fn ten_thousand_objects_are_planned_applied_and_left_alone() {
    const OBJECTS: usize = 10_000;
    on_the_embedded_server(async |mut unit| {
        let objects: Vec<Value> = (0..OBJECTS)
            .map(|at| map(&format!("map-{at}"), 64))
            .collect();
        let begin = Instant::now();
        let plan = unit.converge(&objects).await;
        assert_eq!(plan.counts().create, OBJECTS);
        let plan = unit.plan(&objects).await;
        assert!(plan.is_converged() && !plan.writes());
        assert!(
            begin.elapsed() < Duration::from_mins(2),
            "{:?}",
            begin.elapsed()
        );
    });
}
