//! Laws that hold whatever the inputs are.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use windlass_object::ObjectRef;
use windlass_plan::{
    Entry, Held, Live, Op, Outcome, Phase, Plan, Reason, Unit, inventory_after, inventory_before,
};

use crate::cases::{
    CANARY, Case, Fault, LiveCase, OBJECTS, Whole, cases, object_of, other, sound_cases, whole,
    world_of,
};
use crate::world::{World, config_map, definition, namespace, widget};

fn ids(plan: &Plan, op: Op) -> BTreeSet<ObjectRef> {
    let of_op = plan.actions().filter(|action| action.op == op);
    of_op.map(|action| action.id.clone()).collect()
}

fn is_bad(fault: Fault) -> bool {
    fault != Fault::None
}

/// Carries the first `limit` writing actions out, and says what became of all.
fn run(world: &mut World, plan: &Plan, limit: usize) -> BTreeMap<ObjectRef, Outcome> {
    let actions = plan.waves.iter().flat_map(|wave| &wave.actions).take(limit);
    let mut outcomes = BTreeMap::new();
    for action in actions {
        world.act(&action.id, action.op);
        outcomes.insert(action.id.clone(), Outcome::Done);
    }
    outcomes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn only_what_is_held_and_owned_and_not_desired_is_deleted(cases in cases(), whole in whole()) {
        let world = world_of(&cases, whole);
        let desired: BTreeSet<_> = world.desired_objects().iter().map(|object| object.id().clone()).collect();
        for id in ids(&world.plan(), Op::Prune) {
            prop_assert!(world.held().contains(&id), "{id} is not held");
            prop_assert!(!desired.contains(&id), "{id} is desired");
            let owner = world.live_value(&id).and_then(Unit::of);
            prop_assert_eq!(owner.as_ref(), Some(&world.unit), "{} is not ours", id);
            prop_assert!(!["Namespace", "CustomResourceDefinition", "PersistentVolumeClaim"].contains(&id.kind.as_str()));
            prop_assert!(id.namespace.as_deref() != Some("kube-system"));
        }
    }

    #[test]
    fn what_a_controller_owns_or_an_annotation_keeps_or_is_going_already_is_not_touched(cases in cases()) {
        let mut world = world_of(&cases, Whole::Sound);
        world.approvals.plans.insert(world.plan().hash);
        let plan = world.plan();
        let (pruned, updated) = (ids(&plan, Op::Prune), ids(&plan, Op::Update));
        for (index, case) in cases.iter().enumerate() {
            let id = object_of(index, 0).id().clone();
            let is_kept = matches!(case.live, LiveCase::Controlled(_) | LiveCase::Kept(_) | LiveCase::Going(_));
            prop_assert!(!is_kept || !pruned.contains(&id), "{id} is deleted");
            prop_assert!(!matches!(case.live, LiveCase::Going(_)) || !updated.contains(&id), "{id} is written");
        }
    }

    #[test]
    fn nothing_is_deleted_that_a_desired_object_stands_on(cases in cases()) {
        let mut world = world_of(&cases, Whole::Sound);
        world.approvals.plans.insert(world.plan().hash);
        let pruned = ids(&world.plan(), Op::Prune);
        let uses = |index: usize| cases[index].desired.is_some();
        prop_assert!(!pruned.contains(object_of(0, 0).id()) || !(2..6).chain(7..OBJECTS).any(uses));
        prop_assert!(!pruned.contains(object_of(1, 0).id()) || !uses(2));
    }

    #[test]
    fn any_failure_among_the_desired_objects_stops_all_deletions(cases in cases(), whole in whole()) {
        let plan = world_of(&cases, whole).plan();
        let replaced = ids(&plan, Op::Replace);
        let desired_fails = cases.iter().enumerate().any(|(index, case)| {
            // An object that is skipped or foreign is not tried, so its dry run cannot fail.
            let is_tried = !matches!(case.live, LiveCase::Theirs(_) | LiveCase::Going(_));
            let is_replaced = replaced.contains(object_of(index, 0).id());
            case.desired.is_some() && is_bad(case.fault) && is_tried && !is_replaced
        });
        if whole != Whole::Sound || desired_fails {
            prop_assert_eq!(ids(&plan, Op::Prune).len(), 0, "{}", plan);
        }
        if whole != Whole::Sound {
            prop_assert!(!plan.writes());
        }
    }

    #[test]
    fn nothing_is_deleted_without_approval_while_the_wishes_of_another_unit_are_not_known(cases in sound_cases()) {
        let mut world = world_of(&cases, Whole::Sound);
        let free = world.plan();
        world.others.unknown = [world.unit.clone()].into();
        prop_assert_eq!(&world.plan(), &free, "the unit itself does not count");
        world.others.unknown.insert(other());
        let held = world.plan();
        prop_assert_eq!(ids(&held, Op::Prune).len(), 0, "{}", held);
        prop_assert!(free.counts().prune == 0 || held.hash != free.hash, "an earlier approval does not count");
        world.approvals.plans.insert(held.hash);
        prop_assert!(ids(&world.plan(), Op::Prune).is_superset(&ids(&free, Op::Prune)));
    }

    #[test]
    fn no_approval_deletes_what_objects_of_other_units_stand_on(cases in cases(), of_kind in any::<bool>()) {
        let mut world = world_of(&cases, Whole::Sound);
        let stranger = if of_kind { widget("theirs", "1") } else { config_map("shop", "theirs", "1") };
        world.others.dependents.add(&other(), stranger.id());
        world.approvals.plans.insert(world.plan().hash);
        world.approvals.objects = (0..OBJECTS).map(|index| object_of(index, 0).id().clone()).collect();
        let pruned = ids(&world.plan(), Op::Prune);
        prop_assert!(!pruned.contains(namespace("shop").id()));
        prop_assert!(!of_kind || !pruned.contains(definition().id()));
    }

    #[test]
    fn an_object_whose_state_is_not_known_is_neither_deleted_nor_written(cases in cases()) {
        let plan = world_of(&cases, Whole::Sound).plan();
        for (index, case) in cases.iter().enumerate() {
            if matches!(case.fault, Fault::LiveUnknown | Fault::NotObserved) {
                let action = plan.action(object_of(index, 0).id());
                prop_assert!(action.is_none_or(|action| action.op == Op::Blocked), "{action:?}");
            }
        }
    }

    #[test]
    fn a_plan_is_known_unless_something_that_it_depends_on_is_not(cases in cases(), whole in whole()) {
        let world = world_of(&cases, whole);
        let plan = world.plan();
        let is_unknown = |case: &Case| matches!(case.fault, Fault::LiveUnknown | Fault::NotObserved);
        // Of what is not there, no field can be immutable.
        let is_untried = |case: &Case| match case.fault {
            Fault::Immutable | Fault::Refused => case.live == LiveCase::Absent,
            fault => fault == Fault::NotTried,
        };
        let is_about = |case: &Case| case.desired.is_some() || case.held;
        if whole != Whole::Sound || cases.iter().any(|case| is_about(case) && is_unknown(case)) {
            prop_assert!(!plan.is_known(), "{plan}");
        } else if !cases.iter().any(is_untried) {
            prop_assert!(plan.is_known(), "{plan}");
        }
    }

    #[test]
    fn every_object_has_exactly_one_action(cases in cases()) {
        let world = world_of(&cases, Whole::Sound);
        let plan = world.plan();
        let mut found: Vec<_> = plan.actions().map(|action| action.id.clone()).collect();
        found.sort();
        let mut expected: BTreeSet<_> = world.held().entries().map(|entry| entry.id.clone()).collect();
        expected.extend(world.desired_objects().iter().map(|object| object.id().clone()));
        prop_assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn the_plan_after_its_own_application_is_empty(cases in sound_cases()) {
        let mut world = world_of(&cases, Whole::Sound);
        world.approvals.plans.insert(world.plan().hash);
        let plan = world.plan();
        let before = inventory_before(&plan, &world.held());
        let outcomes = run(&mut world, &plan, usize::MAX);
        world.inventory = Held::Known(inventory_after(&plan, &before, &outcomes));
        let again = world.clone().try_all().plan();
        prop_assert!(again.is_converged() && !again.writes(), "{plan}\n{again}");
        let desired: Vec<_> = world.desired_objects().iter().map(|object| object.id().clone()).collect();
        let held: Vec<_> = world.held().entries().map(|entry| entry.id.clone()).collect();
        prop_assert_eq!(held, desired, "the inventory is what is desired");
    }

    #[test]
    fn a_crash_at_any_point_orphans_nothing_and_the_next_runs_converge(cases in sound_cases(), limit in 0..20usize) {
        let mut world = world_of(&cases, Whole::Sound);
        world.approvals.plans.insert(world.plan().hash);
        let plan = world.plan();
        let held = world.held();
        let before = inventory_before(&plan, &held);
        let created = run(&mut world, &plan, limit).into_keys().filter(|id| world.is_live(id));
        for id in created.collect::<Vec<_>>() {
            prop_assert!(before.contains(&id), "{id} is an orphan");
        }
        for entry in held.entries() {
            prop_assert!(before.contains(&entry.id), "{} was lost", entry);
        }
        world.inventory = Held::Known(before);
        let mut world = world.try_all();
        world.approvals.plans.insert(world.plan().hash);
        let plan = world.plan();
        run(&mut world, &plan, usize::MAX);
        let desired = world.desired_objects();
        for object in &desired {
            prop_assert_eq!(world.live_value(object.id()), Some(object.value()));
        }
    }

    #[test]
    fn what_is_not_done_stays_in_the_inventory(cases in cases(), limit in 0..20usize) {
        let mut world = world_of(&cases, Whole::Sound);
        let plan = world.plan();
        let before = inventory_before(&plan, &world.held());
        let outcomes = run(&mut world, &plan, limit);
        let after = inventory_after(&plan, &before, &outcomes);
        for entry in before.entries() {
            let is_ours = world.live_value(&entry.id).and_then(Unit::of).as_ref() == Some(&world.unit);
            let is_unknown = !world.observed.contains_key(&entry.id)
                || matches!(world.observed[&entry.id].live, Live::Unknown { .. });
            let is_left = plan.action(&entry.id).is_some_and(|action| {
                matches!(action.reason, Reason::Controlled { .. } | Reason::OptedOut { .. })
            });
            if (is_ours || is_unknown) && !is_left {
                prop_assert!(after.contains(&entry.id), "{} left the inventory: {plan}", entry);
            }
        }
    }

    #[test]
    fn what_an_action_waits_for_comes_in_an_earlier_wave(cases in cases()) {
        let plan = world_of(&cases, Whole::Sound).plan();
        let mut earlier = BTreeSet::new();
        for wave in &plan.waves {
            for action in &wave.actions {
                for wait in &action.wait_for {
                    prop_assert!(earlier.contains(&wait.id), "{} is not before {}: {plan}", wait.id, action.id);
                }
            }
            earlier.extend(wave.actions.iter().map(|action| action.id.clone()));
        }
        let phases: Vec<bool> = plan.waves.iter().map(|wave| wave.phase == Phase::Prune).collect();
        prop_assert!(phases.is_sorted(), "deletions come last");
    }

    #[test]
    fn approving_a_plan_changes_neither_its_hash_nor_leaves_a_guard(cases in cases()) {
        let mut world = world_of(&cases, Whole::Sound);
        let plan = world.plan();
        world.approvals.plans.insert(plan.hash.clone());
        let approved = world.plan();
        prop_assert_eq!(&approved.hash, &plan.hash);
        prop_assert!(!approved.actions().any(|action| action.reason.is_approvable()), "{approved}");
    }

    #[test]
    fn no_secret_value_shows_in_any_form(cases in cases(), whole in whole()) {
        let world = world_of(&cases, whole);
        let plan = world.plan();
        let json = serde_json::to_string(&plan).unwrap();
        let shown = format!("{world:?}{plan:?}{plan}{json}");
        prop_assert!(!shown.contains(CANARY), "{shown}");
        prop_assert_eq!(Plan::from_json(&json).unwrap(), plan);
    }

    #[test]
    fn an_entry_survives_its_json_form_whatever_its_name_is(
        (group, kind) in prop_oneof![
            Just(("rbac.authorization.k8s.io", "Role")),
            Just(("rbac.authorization.k8s.io", "ClusterRoleBinding")),
            Just(("example.com", "Role")),
            Just(("", "ConfigMap")),
        ],
        namespace in proptest::option::of("[a-z]{1,3}"),
        name in "[a_:.-]{1,6}",
    ) {
        let id = ObjectRef { group: group.into(), kind: kind.into(), namespace: namespace.map(Into::into), name: name.into() };
        let entry = Entry { id, version: "v1".into(), applied: None };
        let json = serde_json::to_value(&entry).unwrap();
        prop_assert_eq!(&serde_json::from_value::<Entry>(json.clone()).unwrap(), &entry);
        let plain = Entry::parse(&entry.flux_id(), "v1").unwrap();
        prop_assert_eq!(plain == entry, json.get("name").is_none(), "the name is there when Flux cannot tell it");
        prop_assert!(plain == entry || entry.id.name.contains('_'));
        prop_assert!(plain == entry || group.starts_with("rbac"));
    }

    #[test]
    fn an_inventory_survives_its_json_form(cases in cases()) {
        let held = world_of(&cases, Whole::Sound).held();
        let json = serde_json::to_string(&held).unwrap();
        prop_assert_eq!(serde_json::from_str::<windlass_plan::Inventory>(&json).unwrap(), held);
    }
}
