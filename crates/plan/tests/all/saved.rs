//! Plans in a file.

use proptest::prelude::*;
use windlass_object::{Object, ObjectRef};
use windlass_plan::{DryRun, Guards, Op, Plan, SavedCluster, SavedPlans, SavedUnit};

use super::world::{World, config_map, namespace};

fn saved(plan: Plan) -> SavedPlans {
    SavedPlans {
        environment: "dev".to_owned(),
        revision: "main@sha1:0a1b2c3d".to_owned(),
        cluster: SavedCluster {
            server: "https://127.0.0.1:6443".to_owned(),
            uid: "7a3e".to_owned(),
            manager: "kustomize-controller".to_owned(),
            override_managers: Vec::new(),
        },
        services: Vec::new(),
        guards: Guards::default(),
        approvals: Vec::new(),
        units: vec![SavedUnit {
            name: "hydra".to_owned(),
            plan,
        }],
    }
}

fn wants(object: Object) -> World {
    World::new().want([object]).try_all()
}

fn refusal(text: &str) -> String {
    SavedPlans::from_json(text).unwrap_err().to_string()
}

#[test]
fn what_is_saved_is_read_again() {
    let plans = saved(wants(config_map("default", "settings", "1")).plan());
    assert_eq!(SavedPlans::from_json(&plans.to_json()).unwrap(), plans);
}

#[test]
fn a_file_that_was_edited_is_refused_and_one_with_other_spaces_is_not() {
    let plans = saved(wants(config_map("default", "settings", "1")).plan());
    let text = plans.to_json();
    let edited = text.replace("\"create\"", "\"skip\"");
    assert_ne!(text, edited);
    insta::assert_snapshot!(refusal(&edited), @"it was changed after it was saved: its digest is not that of what it holds");
    let narrow: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(SavedPlans::from_json(&narrow.to_string()).unwrap(), plans);
}

#[test]
fn every_other_file_is_refused_with_what_it_is() {
    let text = saved(wants(config_map("default", "settings", "1")).plan()).to_json();
    let later = text.replace("plan/v1", "plan/v2");
    insta::assert_snapshot!(refusal(&later), @r#"it has the format "windlass.dev/plan/v2", and this version of Windlass reads "windlass.dev/plan/v1""#);
    insta::assert_snapshot!(refusal("{}"), @r#"it is no saved plan: it has no "format""#);
    insta::assert_snapshot!(refusal("apiVersion: v1"), @"it is no saved plan, or only a part of one: expected value at line 1 column 1");
    insta::assert_snapshot!(refusal(""), @"it is no saved plan, or only a part of one: EOF while parsing a value at line 1 column 0");
}

proptest! {
    #[test]
    fn no_part_of_a_file_is_taken_for_the_whole(length in 0_usize..1000) {
        let text = saved(wants(config_map("default", "settings", "1")).plan()).to_json();
        let length = length.min(text.trim_end().len() - 1);
        prop_assert!(SavedPlans::from_json(&text[..length]).is_err());
    }
}

#[test]
fn another_value_another_action_or_another_approval_is_another_plan() {
    let plan = |value: &str| wants(config_map("default", "settings", value)).plan();
    assert!(plan("1").does_the_same(&plan("1")));
    assert!(!plan("1").does_the_same(&plan("2")));

    let old = namespace("old");
    let mut world = World::new().hold([old.clone()]).has(&old);
    world = world
        .want([config_map("default", "settings", "1")])
        .try_all();
    let blocked = world.plan();
    world.approvals.objects.insert(old.id().clone());
    let approved = world.plan();
    assert_eq!(blocked.hash, approved.hash);
    assert!(!blocked.does_the_same(&approved));

    let mut forged = blocked.clone();
    forged.hash = approved.hash.clone();
    forged.rest.retain(|action| action.op != Op::Blocked);
    assert!(!forged.does_the_same(&blocked));
}

#[test]
fn what_is_left_of_a_plan_that_ended_early_is_a_part_of_it_and_nothing_else_is() {
    let maps = |value: &str| ["a", "b", "c"].map(|name| config_map("default", name, value));
    let gone = config_map("default", "gone", "1");
    let mut world = World::new().hold([gone.clone()]).has(&gone);
    world = world.want(maps("1")).try_all();
    let plan = world.plan();
    for count in 0..3 {
        let [a, b, c] = maps("1");
        let mut later = world.clone();
        for map in [a, b, c].iter().take(count) {
            later.act(map.id(), Op::Create);
        }
        assert!(plan.is_left_in(&later.plan()), "{count}");
        assert!(count == 0 || !later.plan().does_the_same(&plan), "{count}");
        later.act(gone.id(), Op::Prune);
        assert!(plan.is_left_in(&later.plan()), "{count}");
        // What someone else made of it meanwhile is another matter.
        let [a, b, _] = maps("2");
        let other = later.clone().has(&a).try_all().plan();
        assert!(!plan.is_left_in(&other), "{other}");
        let other = later.clone().want([a, b]).try_all().plan();
        assert!(!plan.is_left_in(&other), "{other}");
        assert!(!later.plan().is_left_in(&plan) || count == 0);
    }
}

/// The namespace is made by the plan of another unit.
fn stands_on(coming: impl IntoIterator<Item = ObjectRef>) -> Plan {
    let map = config_map("shop", "settings", "1");
    let until = vec![namespace("shop").id().clone()];
    let mut world = World::new().want([map.clone()]);
    world = world.dry_run(map.id(), DryRun::Deferred { until });
    world.others.coming.extend(coming);
    world.plan()
}

#[test]
fn what_another_plan_makes_is_waited_for_and_what_none_makes_is_missed() {
    let shop = namespace("shop").id().clone();
    insta::assert_snapshot!(stands_on([shop]), @r"
    flux-system/hydra at main@sha1:0a1b2c3d
      Op          Object                   Wait to  Why
    wave 1 (apply)
      + create    ConfigMap/shop/settings  ready    not in the cluster  hydra/settings.yaml:1
          after Namespace/shop is ready
    1 to create; plan 6ee078c32d66
    ");
    insta::assert_snapshot!(stands_on([]), @r"
    flux-system/hydra at main@sha1:0a1b2c3d
      Op          Object                   Wait to  Why
    held
      ! blocked   ConfigMap/shop/settings  -        needs Namespace/shop, which is not there  hydra/settings.yaml:1
    1 blocked; plan 7801b760a997
    ");
}
