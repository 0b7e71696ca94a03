//! What may be deleted to be created anew, whatever the inputs are.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use windlass_object::ObjectRef;
use windlass_plan::{
    Action, Held, Live, Op, Outcome, Plan, Reason, Replacing, Unit, inventory_after,
    inventory_before,
};

use crate::cases::{
    Case, Fault, LiveCase, OBJECTS, Whole, cases, object_of, other, sound_cases, whole, world_of,
};
use crate::world::{World, config_map, definition, namespace, widget};

const PROTECTED: [&str; 3] = [
    "Namespace",
    "CustomResourceDefinition",
    "PersistentVolumeClaim",
];

fn replaced(plan: &Plan) -> impl Iterator<Item = &Action> {
    plan.actions().filter(|action| action.op == Op::Replace)
}

fn is_replaced(plan: &Plan, index: usize) -> bool {
    replaced(plan).any(|action| &action.id == object_of(index, 0).id())
}

/// All guards that a person can lift are lifted.
fn approved(mut world: World) -> World {
    world.approvals.plans.insert(world.plan().hash);
    world.approvals.objects = (0..OBJECTS)
        .map(|index| object_of(index, 0).id().clone())
        .collect();
    world
}

fn with_all(mut world: World) -> World {
    world.guards.replace = Replacing::All;
    world
}

/// Some objects of a sound unit have fields that cannot be changed, and the source allows to replace them.
fn marked_cases() -> impl Strategy<Value = Vec<Case>> {
    let frozen = proptest::collection::vec(any::<bool>(), OBJECTS);
    (sound_cases(), frozen).prop_map(|(mut cases, frozen)| {
        for (case, is_frozen) in cases.iter_mut().zip(frozen) {
            let is_there = matches!(case.live, LiveCase::Ours(_)) && case.desired.is_some();
            let is_new = case.applied != case.desired;
            if is_frozen && is_there && is_new {
                (case.marked, case.held, case.fault) = (true, true, Fault::Immutable);
            }
        }
        cases
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn only_what_is_ours_and_desired_and_cannot_be_changed_is_replaced(
        cases in cases(), whole in whole(), all in any::<bool>(), approve in any::<bool>(),
    ) {
        let mut world = world_of(&cases, whole);
        if all { world = with_all(world); }
        if approve { world = approved(world); }
        let plan = world.plan();
        for (index, case) in cases.iter().enumerate().filter(|(index, _)| is_replaced(&plan, *index)) {
            prop_assert_eq!(whole, Whole::Sound);
            prop_assert!(case.desired.is_some());
            prop_assert_eq!(case.fault, Fault::Immutable, "nothing else is wrong with it");
            prop_assert!(matches!(case.live, LiveCase::Ours(_)), "{:?}", case);
            let owner = world.live_value(object_of(index, 0).id()).and_then(Unit::of);
            prop_assert_eq!(owner.as_ref(), Some(&world.unit));
        }
    }

    #[test]
    fn nothing_is_replaced_that_nobody_allowed(cases in cases()) {
        let plan = world_of(&cases, Whole::Sound).plan();
        for (index, case) in cases.iter().enumerate().filter(|(index, _)| is_replaced(&plan, *index)) {
            let id = object_of(index, 0).id().clone();
            prop_assert!(case.marked, "{id} is not marked");
            prop_assert!(!PROTECTED.contains(&id.kind.as_str()), "{id} is protected");
            prop_assert!(id.namespace.as_deref() != Some("kube-system"));
            let is_as_applied = case.held && case.applied == case.desired;
            prop_assert!(!is_as_applied, "{id} may have to be replaced again and again");
        }
    }

    #[test]
    fn a_larger_share_than_may_be_deleted_is_not_replaced_either(cases in cases()) {
        let world = with_all(world_of(&cases, Whole::Sound));
        let plan = world.plan();
        let counts = plan.counts();
        let limit = world.guards.shrink_free.max(world.held().len() / 2);
        prop_assert!(counts.replace + counts.prune <= limit, "{plan}");
    }

    #[test]
    fn no_approval_replaces_what_objects_stand_on(cases in cases(), of_kind in any::<bool>()) {
        let mut world = with_all(world_of(&cases, Whole::Sound));
        let stranger = if of_kind { widget("theirs", "1") } else { config_map("shop", "theirs", "1") };
        world.others.dependents.add(&other(), stranger.id());
        let plan = approved(world).plan();
        let ids: BTreeSet<&ObjectRef> = replaced(&plan).map(|action| &action.id).collect();
        prop_assert!(!ids.contains(namespace("shop").id()));
        let uses = cases[2].desired.is_some() || of_kind;
        prop_assert!(!uses || !ids.contains(definition().id()));
    }

    #[test]
    fn an_object_that_is_not_replaced_says_how_to_allow_it_or_why_not(cases in cases()) {
        let plan = world_of(&cases, Whole::Sound).plan();
        for (index, case) in cases.iter().enumerate() {
            let is_stuck = matches!(case.fault, Fault::Immutable | Fault::Refused)
                && matches!(case.live, LiveCase::Ours(_))
                && case.desired.is_some()
                && case.claim.is_none();
            if !is_stuck || is_replaced(&plan, index) {
                continue;
            }
            let action = plan.action(object_of(index, 0).id()).unwrap();
            let has_reason = matches!(
                action.reason,
                Reason::Immutable { .. } | Reason::Irreplaceable { .. }
                    | Reason::ReplaceProtected { .. } | Reason::Shrink { .. } | Reason::Needs { .. }
            );
            prop_assert!(has_reason && !action.op.is_apply(), "{action:?}");
        }
    }

    #[test]
    fn what_is_replaced_is_in_the_inventory_from_before_it_is_deleted_until_it_is_there(
        cases in marked_cases(), limit in 0..20usize,
    ) {
        let world = world_of(&cases, Whole::Sound);
        let plan = world.plan();
        let before = inventory_before(&plan, &world.held());
        let actions = plan.waves.iter().flat_map(|wave| &wave.actions).take(limit);
        let outcomes: BTreeMap<_, _> = actions.map(|action| (action.id.clone(), Outcome::Failed)).collect();
        let after = inventory_after(&plan, &before, &outcomes);
        for action in replaced(&plan) {
            prop_assert!(before.contains(&action.id) && after.contains(&action.id));
        }
    }

    #[test]
    fn a_crash_between_a_deletion_and_its_creation_is_made_up_for(cases in marked_cases(), limit in 0..20usize) {
        let mut world = approved(world_of(&cases, Whole::Sound));
        let plan = world.plan();
        world.inventory = Held::Known(inventory_before(&plan, &world.held()));
        let writing: Vec<&Action> = plan.waves.iter().flat_map(|wave| &wave.actions).collect();
        for action in writing.iter().take(limit) {
            world.act(&action.id, action.op);
        }
        if let Some(action) = writing.get(limit).filter(|action| action.op == Op::Replace) {
            world = world.live(&action.id, Live::Absent);
        }
        let mut world = world.try_all();
        let plan = approved(world.clone()).plan();
        prop_assert!(replaced(&plan).next().is_none(), "{plan}");
        for action in plan.waves.iter().flat_map(|wave| &wave.actions) {
            world.act(&action.id, action.op);
        }
        for object in world.desired_objects() {
            prop_assert_eq!(world.live_value(object.id()), Some(object.value()));
        }
    }

    #[test]
    fn approving_the_plan_of_a_replacement_does_not_change_its_hash(cases in marked_cases()) {
        let mut world = world_of(&cases, Whole::Sound);
        let hash = world.plan().hash;
        world.approvals.plans.insert(hash.clone());
        prop_assert_eq!(world.plan().hash, hash);
    }
}
