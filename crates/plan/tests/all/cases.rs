//! What may be the case for the objects of a unit, drawn by chance.

use proptest::prelude::*;
use serde_json::{Value, json};
use windlass_object::{Object, ObjectRef};
use windlass_plan::{Claim, ClaimState, Conflict, Desired, DryRun, Entry, Held, Live, Unit};

use crate::world::{
    World, claim, config_map, controlled, definition, deployment, namespace, secret, widget,
};

pub(crate) const CANARY: &str = "CANARY";

/// What may be the case for one object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) desired: Option<u8>,
    pub(crate) held: bool,
    pub(crate) applied: Option<u8>,
    pub(crate) live: LiveCase,
    pub(crate) fault: Fault,
    pub(crate) claim: Option<ClaimState>,
    /// Whether the source says that it may be deleted and created anew.
    pub(crate) marked: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum LiveCase {
    Absent,
    Ours(u8),
    Theirs(u8),
    Nobodys(u8),
    Controlled(u8),
    Kept(u8),
    Going(u8),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    None,
    LiveUnknown,
    NotObserved,
    Rejected,
    Conflict,
    NotTried,
    Immutable,
    /// Immutable, and the server would not take it anew.
    Refused,
}

/// What may fail as a whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Whole {
    Sound,
    DesiredFailed,
    InventoryUnknown,
}

pub(crate) fn object_of(index: usize, version: u8) -> Object {
    let text = format!("{CANARY}{version}");
    match index {
        0 => namespace("shop"),
        1 => definition(),
        2 => widget("w", &version.to_string()),
        3 => secret("token", &text),
        4 => deployment("web", &format!("web:{version}"), "token"),
        5 => claim("data", &version.to_string()),
        6 => config_map("kube-system", "dns", &version.to_string()),
        index => config_map("shop", &format!("c{index}"), &version.to_string()),
    }
}

pub(crate) const OBJECTS: usize = 16;

fn live_case() -> impl Strategy<Value = LiveCase> {
    prop_oneof![
        3 => Just(LiveCase::Absent),
        6 => (0u8..3).prop_map(LiveCase::Ours),
        1 => (0u8..3).prop_map(LiveCase::Theirs),
        1 => (0u8..3).prop_map(LiveCase::Nobodys),
        1 => (0u8..3).prop_map(LiveCase::Controlled),
        1 => (0u8..3).prop_map(LiveCase::Kept),
        1 => (0u8..3).prop_map(LiveCase::Going),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        30 => Just(Fault::None),
        1 => Just(Fault::LiveUnknown),
        1 => Just(Fault::NotObserved),
        1 => Just(Fault::Rejected),
        1 => Just(Fault::Conflict),
        1 => Just(Fault::NotTried),
        3 => Just(Fault::Immutable),
        1 => Just(Fault::Refused),
    ]
}

fn claim_state() -> impl Strategy<Value = Option<ClaimState>> {
    prop_oneof![
        12 => Just(None),
        1 => Just(Some(ClaimState::Desires)),
        1 => Just(Some(ClaimState::Holds)),
        1 => Just(Some(ClaimState::Unknown)),
    ]
}

fn case() -> impl Strategy<Value = Case> {
    let version = || proptest::option::of(0u8..3);
    (
        version(),
        any::<bool>(),
        version(),
        live_case(),
        fault(),
        claim_state(),
        any::<bool>(),
    )
        .prop_map(
            |(desired, held, applied, live, fault, claim, marked)| Case {
                desired,
                held,
                applied,
                live,
                fault,
                claim,
                marked,
            },
        )
}

fn sound(case: Case) -> Case {
    let live = match case.live {
        LiveCase::Going(version) | LiveCase::Theirs(version) => LiveCase::Ours(version),
        live => live,
    };
    Case {
        fault: Fault::None,
        claim: None,
        live,
        ..case
    }
}

/// Nothing fails, and what the other objects stand on is wanted.
pub(crate) fn sound_cases() -> impl Strategy<Value = Vec<Case>> {
    cases().prop_map(|cases| {
        let mut cases: Vec<Case> = cases.into_iter().map(sound).collect();
        for case in &mut cases[..2] {
            case.desired = case.desired.or(Some(0));
        }
        cases
    })
}

pub(crate) fn whole() -> impl Strategy<Value = Whole> {
    prop_oneof![
        8 => Just(Whole::Sound),
        1 => Just(Whole::DesiredFailed),
        1 => Just(Whole::InventoryUnknown),
    ]
}

pub(crate) fn cases() -> impl Strategy<Value = Vec<Case>> {
    proptest::collection::vec(case(), OBJECTS)
}

pub(crate) fn other() -> Unit {
    Unit::new("flux-system", "storefront")
}

fn live_of(world: &World, object: &Object, case: LiveCase) -> Live {
    let mut value = match case {
        LiveCase::Absent => return Live::Absent,
        LiveCase::Nobodys(_) => object.value().clone(),
        _ => world.owned(object),
    };
    let metadata = value["metadata"].as_object_mut().unwrap();
    match case {
        LiveCase::Theirs(_) => {
            let labels = other()
                .labels()
                .map(|(key, value)| (key.to_owned(), Value::from(value)));
            metadata.insert(
                "labels".to_owned(),
                Value::Object(labels.into_iter().collect()),
            );
        }
        LiveCase::Controlled(_) => {
            let owner = json!([{"kind": "Cluster", "name": "db", "controller": true}]);
            metadata.insert("ownerReferences".to_owned(), owner);
        }
        LiveCase::Kept(_) => {
            let kept = json!({"kustomize.toolkit.fluxcd.io/prune": "Disabled"});
            metadata.insert("annotations".to_owned(), kept);
        }
        LiveCase::Going(_) => {
            metadata.insert(
                "deletionTimestamp".to_owned(),
                json!("2026-11-22T10:00:00Z"),
            );
        }
        LiveCase::Absent | LiveCase::Ours(_) | LiveCase::Nobodys(_) => {}
    }
    Live::Present(value)
}

pub(crate) fn version_of(case: LiveCase) -> u8 {
    match case {
        LiveCase::Absent => 0,
        LiveCase::Ours(version)
        | LiveCase::Theirs(version)
        | LiveCase::Nobodys(version)
        | LiveCase::Controlled(version)
        | LiveCase::Kept(version)
        | LiveCase::Going(version) => version,
    }
}

pub(crate) fn world_of(cases: &[Case], whole: Whole) -> World {
    let numbered = || cases.iter().enumerate();
    let wanted = |index: usize, case: &Case, version: u8| {
        if case.marked {
            controlled(&object_of(index, version), "force", "Enabled")
        } else {
            object_of(index, version)
        }
    };
    let desired = numbered().filter_map(|(index, case)| Some(wanted(index, case, case.desired?)));
    let mut world = World::new().want(desired);
    let entries = numbered()
        .filter(|(_, case)| case.held)
        .map(|(index, case)| Entry {
            applied: case.applied.map(|version| {
                let object = wanted(index, case, version);
                world.key.digest(&world.owned(&object))
            }),
            ..Entry::of(&object_of(index, 0))
        });
    world.inventory = Held::Known(entries.collect());
    for (index, case) in numbered() {
        let object = object_of(index, version_of(case.live));
        let live = live_of(&world, &object, case.live);
        world = world.live(object.id(), live);
        if let Some(state) = case.claim {
            world.others.claims.insert(
                object.id().clone(),
                Claim {
                    unit: other(),
                    state,
                },
            );
        }
    }
    world = world.try_all();
    for (index, case) in numbered() {
        let id = object_of(index, 0).id().clone();
        world = faulty(world, &id, case.fault);
    }
    match whole {
        Whole::Sound => {}
        Whole::DesiredFailed => {
            world.desired = Desired::Failed {
                reason: "no key".to_owned(),
            }
        }
        Whole::InventoryUnknown => {
            world.inventory = Held::Unknown {
                reason: "timeout".to_owned(),
            }
        }
    }
    world
}

fn faulty(mut world: World, id: &ObjectRef, fault: Fault) -> World {
    match fault {
        Fault::None => world,
        Fault::LiveUnknown => world.live(
            id,
            Live::Unknown {
                reason: "timeout".to_owned(),
            },
        ),
        Fault::NotObserved => {
            world.observed.remove(id);
            world
        }
        Fault::Rejected => {
            let message = format!("Invalid value: \"{CANARY}1\"");
            let message = if id.kind == "Secret" {
                message
            } else {
                "no".to_owned()
            };
            world.dry_run(
                id,
                DryRun::Rejected {
                    reason: "Invalid".to_owned(),
                    message,
                },
            )
        }
        Fault::Conflict => {
            let path = windlass_object::FieldPath::parse("spec").unwrap();
            let conflict = Conflict {
                path,
                manager: "hpa".to_owned(),
            };
            world.dry_run(id, DryRun::Conflict(vec![conflict]))
        }
        Fault::NotTried => world.dry_run(id, DryRun::None),
        Fault::Immutable => world.immutable(id),
        Fault::Refused => {
            let message = "denied by a policy".to_owned();
            let reason = "Forbidden".to_owned();
            world.refused(id, DryRun::Rejected { reason, message })
        }
    }
}
