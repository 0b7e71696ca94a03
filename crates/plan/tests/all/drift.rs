//! What others changed, where it is not to be corrected.

use proptest::prelude::*;
use serde_json::json;
use windlass_plan::{
    DesiredSet, Drifting, DryRun, Entry, Held, Live, MarkdownOptions, Op, Plan, Reason, Review,
};

use crate::cases::{Whole, cases, whole, world_of};
use crate::world::{World, config_map, namespace, object};

fn mode() -> impl Strategy<Value = Drifting> {
    prop_oneof![Just(Drifting::Warn), Just(Drifting::Off)]
}

/// Returns the objects as they were applied, with a cluster that has something else.
fn applied(world: World) -> World {
    let (key, objects) = (world.key.clone(), world.desired_objects());
    let entries = objects.iter().map(|object| Entry {
        applied: Some(key.digest(object.value())),
        ..Entry::of(object)
    });
    World {
        inventory: Held::Known(entries.collect()),
        ..world
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_drifted_is_not_written_unless_it_is_to_be_corrected(cases in cases(), whole in whole(), mode in mode()) {
        let mut world = world_of(&cases, whole);
        world.guards.drift = mode;
        world.approvals.plans.insert(world.plan().hash);
        let (plan, held) = (world.plan(), world.held());
        for action in plan.actions() {
            let applied = held.get(&action.id).and_then(|entry| entry.applied.as_ref());
            let is_as_applied = applied.is_some() && applied == action.digest.as_ref();
            // What another unit gives up is taken in any case.
            let is_moved = matches!(action.reason, Reason::TakenOver { .. });
            prop_assert!(!is_as_applied || is_moved || !action.op.is_apply(), "{plan}");
        }
    }

    #[test]
    fn no_mode_deletes_what_another_mode_would_not(cases in cases(), whole in whole(), mode in mode()) {
        let mut world = world_of(&cases, whole);
        world.guards.drift = mode;
        let desired: Vec<_> = world.desired_objects().iter().map(|object| object.id().clone()).collect();
        for action in world.plan().actions().filter(|action| action.op == Op::Prune) {
            prop_assert!(world.held().contains(&action.id), "{} is not held", action.id);
            prop_assert!(!desired.contains(&action.id), "{} is desired", action.id);
            let owner = world.live_value(&action.id).and_then(windlass_plan::Unit::of);
            prop_assert_eq!(owner.as_ref(), Some(&world.unit), "{} is not ours", action.id);
        }
    }

    #[test]
    fn what_is_corrected_again_is_planned_as_if_it_had_always_been(cases in cases(), mode in mode()) {
        let mut world = world_of(&cases, Whole::Sound);
        let corrected = world.plan();
        world.guards.drift = mode;
        world.plan();
        world.guards.drift = Drifting::Correct;
        prop_assert_eq!(world.plan(), corrected);
    }
}

#[test]
fn a_field_that_cannot_be_changed_is_told_as_drift_and_nothing_is_replaced() {
    let map = config_map("shop", "a", "1");
    let mut world = applied(World::new().want([map.clone()]));
    world = world.has(&config_map("shop", "a", "2")).immutable(map.id());
    world.guards.replace = windlass_plan::Replacing::All;
    world.guards.drift = Drifting::Warn;
    let plan = world.plan();
    let action = plan.action(map.id()).unwrap();
    assert_eq!(action.op, Op::Skip, "{plan}");
    assert!(
        action.reason.is_drift() && !plan.writes() && !plan.is_converged(),
        "{plan}"
    );
    world.guards.drift = Drifting::Off;
    assert!(world.plan().is_converged());
}

#[test]
fn what_went_with_its_namespace_is_told_and_not_created() {
    let (shop, map) = (namespace("shop"), config_map("shop", "a", "1"));
    let mut world = applied(World::new().want([shop.clone(), map.clone()])).try_all();
    world.guards.drift = Drifting::Warn;
    let plan = world.plan();
    for id in [shop.id(), map.id()] {
        let action = plan.action(id).unwrap();
        let what = Box::new(Reason::Missing);
        assert_eq!(
            (action.op, &action.reason),
            (Op::Skip, &Reason::Drifted { what }),
            "{plan}"
        );
    }
    assert!(!plan.writes() && !plan.is_converged(), "{plan}");
    world.guards.drift = Drifting::Correct;
    assert_eq!(world.plan().counts().create, 2);
}

fn drifted(mode: Drifting) -> Plan {
    let map = config_map("default", "a", "1");
    let mut world = applied(World::new().want([map.clone()]));
    world = world.has(&config_map("default", "a", "2")).try_all();
    world.guards.drift = mode;
    world.plan()
}

#[test]
fn a_comment_tells_drift_that_is_left_as_it_is() {
    let plan = drifted(Drifting::Warn);
    let review = Review::new([("web", &plan)]);
    let comment = review.markdown(&MarkdownOptions {
        title: "dev",
        ..MarkdownOptions::default()
    });
    for part in ["drift; left as it is", "ConfigMap/default/a", "data.key"] {
        assert!(comment.contains(part), "no {part:?} in {comment}");
    }
    let quiet = drifted(Drifting::Off);
    let review = Review::new([("web", &quiet)]);
    let comment = review.markdown(&MarkdownOptions {
        title: "dev",
        ..MarkdownOptions::default()
    });
    assert!(!comment.contains("ConfigMap/default/a"), "{comment}");
}

#[test]
fn an_annotation_that_names_no_mode_is_a_mistake_with_its_place() {
    let world = World::new();
    let told = |value: serde_json::Value| {
        let mut map = config_map("default", "a", "1").into_value();
        map["metadata"]["annotations"] = json!({"windlass.dev/drift": value});
        DesiredSet::new(&world.unit, [object(map)]).map_err(|errors| errors[0].to_string())
    };
    assert!(told("warn".into()).is_ok());
    for wrong in [
        json!("wran"),
        json!("Warn"),
        json!(""),
        json!(true),
        json!(null),
    ] {
        let error = told(wrong.clone()).unwrap_err();
        assert!(
            error.ends_with(&format!(
                "windlass.dev/drift of ConfigMap/default/a is {wrong}; write correct, warn or off"
            )),
            "{error}"
        );
        assert!(error.starts_with("hydra/a.yaml:1: "), "{error}");
    }
}

#[test]
fn what_is_not_known_is_not_drift() {
    let map = config_map("default", "a", "1");
    for mode in [Drifting::Warn, Drifting::Off] {
        let mut world = applied(World::new().want([map.clone()]));
        let reason = "no answer".to_owned();
        world = world
            .live(map.id(), Live::Unknown { reason })
            .dry_run(map.id(), DryRun::None);
        world.guards.drift = mode;
        let plan = world.plan();
        assert!(
            !plan.is_known() && plan.action(map.id()).unwrap().op == Op::Blocked,
            "{plan}"
        );
    }
}
