//! Scenarios that nobody has thought of: requests by chance on few objects, fields and managers, so that they meet.
//!
//! The seed is fixed, so that each run asks the same.

use proptest::prelude::{Just, Strategy, any};
use proptest::prop_oneof;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use super::scenario::{Scenario, Step};

/// How many scenarios there are, and how many requests each has.
const SCENARIOS: usize = 24;
const STEPS: usize = 12;

/// Returns the scenarios.
pub(super) fn scenarios() -> Vec<Scenario> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[37; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut make = |index: usize| {
        let kind = if index.is_multiple_of(2) {
            Kind::Map
        } else {
            Kind::Deployment
        };
        let steps = proptest::collection::vec(request(kind), STEPS);
        let steps = steps.new_tree(&mut runner).unwrap().current();
        Scenario {
            name: format!("random: {} {index}", kind.plural()),
            steps: steps.iter().map(Step::read).collect(),
        }
    };
    (0..SCENARIOS).map(&mut make).collect()
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Map,
    Deployment,
}

impl Kind {
    fn plural(self) -> &'static str {
        match self {
            Self::Map => "configmaps",
            Self::Deployment => "deployments",
        }
    }
}

fn request(kind: Kind) -> impl Strategy<Value = Value> {
    let path = format!("{}/app", kind.plural());
    let verb = prop_oneof![
        8 => Just("apply"),
        3 => Just("merge"),
        2 => Just("put"),
        1 => Just("post"),
        2 => Just("get"),
        1 => Just("delete"),
    ];
    let manager = prop_oneof![Just("one"), Just("two"), Just("three")];
    let fields = (verb, manager, any::<bool>(), 0..8_u8, object(kind));
    fields.prop_map(move |(verb, manager, forces, dry, object)| {
        let dry = if dry == 0 && verb != "get" {
            "?dryRun=All"
        } else {
            ""
        };
        let path = if verb == "post" { kind.plural() } else { &path };
        let mut step = json!({});
        step[verb] = format!("{path}{dry}").into();
        if verb != "get" && verb != "delete" {
            step["manager"] = manager.into();
            step["body"] = object;
        }
        if verb == "apply" && forces {
            step["force"] = true.into();
        }
        step
    })
}

fn object(kind: Kind) -> impl Strategy<Value = Value> {
    let text = prop_oneof![Just(None), Just(Some("1")), Just(Some("2"))];
    let texts = proptest::collection::vec(text, 4);
    let items = proptest::collection::vec((0..3_u8, 0..3_u8), 0..3);
    (texts, items, 0..4_u8).prop_map(move |(texts, items, number)| {
        let mut object = json!({"metadata": {"name": "app"}});
        if let Some(value) = texts[0] {
            object["metadata"]["labels"] = json!({"a": value});
        }
        if let Some(value) = texts[1] {
            object["metadata"]["annotations"] = json!({"b": value});
        }
        match kind {
            Kind::Map => fill_map(&mut object, &texts),
            Kind::Deployment => fill_deployment(&mut object, &texts, &items, number),
        }
        object
    })
}

fn fill_map(object: &mut Value, texts: &[Option<&str>]) {
    for (key, value) in ["x", "y"].iter().zip(&texts[2..]) {
        if let Some(value) = value {
            object["data"][*key] = (*value).into();
        }
    }
}

fn fill_deployment(object: &mut Value, texts: &[Option<&str>], items: &[(u8, u8)], number: u8) {
    let container = |index: usize, (port, value): &(u8, u8)| {
        let mut container = json!({"name": format!("c{index}"), "image": format!("image:{value}")});
        if *port > 0 {
            container["ports"] = json!([{"containerPort": 80 + u16::from(*port)}]);
        }
        if *value > 0 {
            container["env"] = json!([{"name": "A", "value": value.to_string()}]);
        }
        container
    };
    let first = container(0, &(number % 3, number % 2));
    let others = items
        .iter()
        .enumerate()
        .map(|(index, item)| container(index + 1, item));
    let containers: Vec<Value> = std::iter::once(first).chain(others).collect();
    object["spec"] = json!({
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}},
    });
    if number > 0 {
        object["spec"]["replicas"] = number.into();
    }
    if let Some(value) = texts[2] {
        object["spec"]["template"]["spec"]["nodeSelector"] = json!({"n": value});
    }
    if let Some(value) = texts[3] {
        let toleration = json!({"key": value, "operator": "Exists"});
        object["spec"]["template"]["spec"]["tolerations"] = json!([toleration]);
    }
}
