//! What others changed behind our back, where it is not to be corrected; on both servers.

use http::Method;
use serde_json::{Value, json};
use windlass_plan::{Action, Cause, Drifting, Op, Plan, Reason};

use crate::unit::{Applier, on_both_servers, only};

fn settings(colour: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"},
        "data": {"colour": colour, "shape": "round"}})
}

fn own_mode(mode: &str) -> Value {
    let mut object = settings("blue");
    object["metadata"]["annotations"] = json!({"windlass.dev/drift": mode});
    object
}

/// Applies the object, and has someone else change it.
async fn drifted(unit: &mut Applier, object: &Value, drift: Drifting) -> Plan {
    unit.guards.drift = drift;
    unit.converge(std::slice::from_ref(object)).await;
    let path = unit.path("api/v1", "configmaps", "settings?fieldManager=painter");
    let patch = json!({"data": {"colour": "red"}});
    unit.send(Method::PATCH, &path, "merge-patch+json", &patch)
        .await;
    unit.plan(std::slice::from_ref(object)).await
}

async fn live(unit: &Applier) -> Value {
    unit.get(&unit.path("api/v1", "configmaps", "settings"))
        .await
}

fn is_told(action: &Action) -> bool {
    action.op == Op::Skip && action.reason.is_drift() && action.cause == Some(Cause::Drift)
}

#[test]
fn drift_is_told_with_who_and_since_when_and_nothing_is_written() {
    on_both_servers(async |mut unit| {
        let plan = drifted(&mut unit, &settings("blue"), Drifting::Warn).await;
        let action = only(&plan);
        assert!(
            is_told(action) && !plan.writes() && !plan.is_converged(),
            "{plan}"
        );
        let writer = action.fields[0].written_by.clone().unwrap();
        assert_eq!(action.fields.len(), 1, "{plan}");
        assert_eq!(writer.manager, "painter");
        let since = format!("(written by painter at {})", writer.time.unwrap());
        let text = plan.to_string();
        for part in ["data.colour: red → blue", &since, "drift; left as it is"] {
            assert!(text.contains(part), "no {part:?} in {text}");
        }
        let before = live(&unit).await;
        unit.run(&plan, &[settings("blue")]).await;
        assert_eq!(live(&unit).await, before);
    });
}

#[test]
fn the_same_drift_is_corrected_by_default() {
    on_both_servers(async |mut unit| {
        let plan = drifted(&mut unit, &settings("blue"), Drifting::default()).await;
        assert_eq!(only(&plan).op, Op::Update, "{plan}");
        unit.converge(&[settings("blue")]).await;
        assert_eq!(live(&unit).await["data"]["colour"], "blue");
    });
}

#[test]
fn a_change_of_the_source_is_applied_in_every_mode() {
    on_both_servers(async |mut unit| {
        for (drift, colour) in [(Drifting::Warn, "green"), (Drifting::Off, "white")] {
            drifted(&mut unit, &settings("blue"), drift).await;
            let plan = unit.converge(&[settings(colour)]).await;
            assert_eq!(only(&plan).op, Op::Update, "{plan}");
            assert_eq!(live(&unit).await["data"]["colour"], colour);
        }
    });
}

#[test]
fn drift_that_is_not_looked_for_is_neither_told_nor_corrected() {
    on_both_servers(async |mut unit| {
        let plan = drifted(&mut unit, &settings("blue"), Drifting::Off).await;
        let action = only(&plan);
        assert_eq!(action.reason, Reason::DriftIgnored, "{plan}");
        assert!(action.fields.is_empty() && action.cause.is_none(), "{plan}");
        assert!(plan.is_converged() && !plan.writes(), "{plan}");
    });
}

#[test]
fn an_object_has_a_mode_of_its_own() {
    on_both_servers(async |mut unit| {
        let plan = drifted(&mut unit, &own_mode("warn"), Drifting::Correct).await;
        assert!(is_told(only(&plan)), "{plan}");
        let plan = drifted(&mut unit, &own_mode("correct"), Drifting::Off).await;
        assert_eq!(only(&plan).op, Op::Update, "{plan}");
    });
}

#[test]
fn what_was_deleted_is_told_and_stays_held_until_the_source_changes() {
    on_both_servers(async |mut unit| {
        unit.guards.drift = Drifting::Warn;
        unit.converge(&[settings("blue")]).await;
        let path = unit.path("api/v1", "configmaps", "settings");
        unit.send(Method::DELETE, &path, "json", &json!({})).await;
        let plan = unit.plan(&[settings("blue")]).await;
        let what = Box::new(Reason::Missing);
        assert_eq!(only(&plan).reason, Reason::Drifted { what }, "{plan}");
        let held = unit.inventory.clone();
        unit.run(&plan, &[settings("blue")]).await;
        assert_eq!(unit.inventory, held);
        let plan = unit.converge(&[settings("green")]).await;
        assert_eq!(only(&plan).op, Op::Create, "{plan}");
    });
}

#[test]
fn labels_that_someone_took_off_are_drift_too_and_a_removal_is_not() {
    on_both_servers(async |mut unit| {
        unit.guards.drift = Drifting::Warn;
        unit.converge(&[settings("blue")]).await;
        let path = unit.path("api/v1", "configmaps", "settings");
        let patch = json!({"metadata": {"labels": null}});
        unit.send(Method::PATCH, &path, "merge-patch+json", &patch)
            .await;
        let plan = unit.plan(&[settings("blue")]).await;
        assert!(is_told(only(&plan)) && !plan.writes(), "{plan}");
        let plan = unit.plan(&[]).await;
        assert_eq!(only(&plan).op, Op::Skip, "{plan}");
        assert_eq!(only(&plan).reason, Reason::NotOurs, "{plan}");
    });
}
