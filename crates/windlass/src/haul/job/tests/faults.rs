//! The laws of a bad network: whatever happens on the way to the API server, and whenever the process ends.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use windlass_control_plane::{Client, ControlPlane};
use windlass_faults::{Answer, Fate};
use windlass_plan::{Drifting, Plan};

use super::*;

/// What the second revision no longer has, and what it replaces.
const DELETED: [&str; 2] = [
    "/api/v1/namespaces/default/configmaps/c",
    "/api/v1/namespaces/default/configmaps/d",
];
/// What is there in the end.
const WANTED: [&str; 4] = [
    "ConfigMap/default/a",
    "ConfigMap/default/b",
    "ConfigMap/default/d",
    "Secret/default/s",
];

/// How a process ends.
#[derive(Clone, Copy, Debug)]
enum Crash {
    /// When the request was sent, and before the server sees it.
    Before,
    /// When the server has carried it out.
    After,
}

/// A success that says nothing.
fn empty() -> Answer {
    Answer {
        status: 200,
        retry_after: None,
        content_type: "application/json",
        body: "{}".to_owned(),
    }
}

fn fate() -> impl Strategy<Value = Fate> {
    let answer = prop_oneof![
        Just(Answer::failure(
            500,
            "InternalError",
            "etcdserver: leader changed"
        )),
        Just(Answer::failure(503, "ServiceUnavailable", "starting")),
        Just(Answer::too_many_requests(0)),
        Just(Answer::conflict()),
        Just(Answer::expired()),
        Just(Answer::html(200)),
        Just(Answer::html(404)),
        Just(Answer::html(502)),
        Just(empty()),
    ];
    prop_oneof![
        3 => answer.prop_map(Fate::Answer),
        1 => Just(Fate::Unsent),
        2 => Just(Fate::Lost),
        1 => (0..300_usize).prop_map(Fate::Truncated),
        1 => (1..20_u64).prop_map(|time| Fate::Delayed(Duration::from_millis(time))),
        1 => (1..3_usize).prop_map(Fate::Paged),
    ]
}

/// Returns fates by the number of the request: single ones, and long runs of one.
fn faults() -> impl Strategy<Value = BTreeMap<usize, Fate>> {
    let run = (
        1..40_usize,
        fate(),
        prop_oneof![3 => Just(1_usize), 1 => 2..15_usize],
    );
    prop::collection::vec(run, 1..8).prop_map(|runs| {
        let numbers = |(first, fate, length): (usize, Fate, usize)| {
            (first..first + length).map(move |number| (number, fate.clone()))
        };
        runs.into_iter().flat_map(numbers).collect()
    })
}

/// What the faults do is the same whatever is done about drift.
fn drifting() -> impl Strategy<Value = Drifting> {
    prop_oneof![
        Just(Drifting::Correct),
        Just(Drifting::Warn),
        Just(Drifting::Off),
    ]
}

/// Runs a process to its end, if it gets through the network at all.
async fn try_to_haul(world: &World, tree: &MemoryTree) -> Option<Outcome> {
    let mut context = process(&world.target).await.ok()?;
    context.guards = world.context.guards.clone();
    Some(haul(tree, &keyring(), &context).await)
}

/// Returns the objects in the cluster that carry the unit's labels.
async fn labelled(world: &World) -> Vec<String> {
    let maps = ["a", "b", "c", "d"].map(|name| ("ConfigMap", name));
    let names = maps.into_iter().chain([("Secret", "s")]);
    let mut labelled = Vec::new();
    for (kind, name) in names {
        let id = windlass_object::ObjectRef {
            group: "".into(),
            kind: kind.into(),
            namespace: Some("default".into()),
            name: name.into(),
        };
        let live = world.context.cluster.get(&id).await;
        if let Live::Present(live) = live
            && live
                .pointer("/metadata/labels")
                .is_some_and(Value::is_object)
        {
            labelled.push(id.to_string());
        }
    }
    labelled
}

/// Asserts that one run without faults brings the cluster to what the second revision says, and that a second one
/// writes nothing.
async fn assert_converges(world: &World, changed: &MemoryTree, what: &str) {
    world.calm();
    let outcome = try_to_haul(world, changed).await.unwrap();
    assert_eq!(outcome.problem, None, "{what}");
    assert!(
        outcome.applied.is_complete(),
        "{what}: {:?}",
        outcome.applied.failures
    );
    assert_eq!(world.held().await, WANTED, "{what}");
    assert_eq!(labelled(world).await, WANTED, "{what}");
    world.calm();
    try_to_haul(world, changed).await.unwrap();
    let writes = world.proxy.exchanges();
    let writes: Vec<_> = writes
        .iter()
        .filter(|exchange| exchange.asked.is_write())
        .collect();
    assert!(writes.is_empty(), "{what}: {writes:?}");
}

/// Asserts that a process that meets these faults deletes nothing but what the plan without them held, nothing when
/// something is not known, and that the next one makes it good.
async fn assert_harmless(world: &World, faults: &BTreeMap<usize, Fate>) {
    let changed = files(true);
    let rule = faults.clone();
    world
        .proxy
        .rule(move |asked| rule.get(&asked.number).cloned().unwrap_or(Fate::Pass));
    let outcome = try_to_haul(world, &changed).await;
    world.proxy.idle().await;
    let deletions = world.deletions();
    let is_held = |path: &String| DELETED.contains(&path.as_str());
    assert!(deletions.iter().all(is_held), "{faults:?}: {deletions:?}");
    let plan = outcome.map(|outcome| outcome.plan);
    let is_known = plan.as_ref().is_some_and(Plan::is_known);
    let prunes = |path: &String| path == DELETED[0];
    assert!(
        is_known || !deletions.iter().any(prunes),
        "{faults:?}: {plan:?}"
    );
    assert_converges(world, &changed, &format!("{faults:?}")).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn faults_delete_nothing_but_what_the_plan_held_and_leave_no_trace(faults in faults(), drift in drifting()) {
        Runtime::new().unwrap().block_on(async {
            let mut world = applied().await;
            world.context.guards.drift = drift;
            assert_harmless(&world, &faults).await;
        });
    }
}

#[test]
fn a_success_without_the_object_does_not_count_as_written() {
    Runtime::new().unwrap().block_on(async {
        // The requests from the first write on.
        for number in 11..17 {
            let faults = [number, number + 1].map(|number| (number, Fate::Answer(empty())));
            assert_harmless(&applied().await, &BTreeMap::from(faults)).await;
        }
    });
}

#[test]
fn on_a_real_server_faults_and_crashes_are_as_harmless() {
    let _turn = REAL.lock().unwrap_or_else(PoisonError::into_inner);
    let plane = ControlPlane::shared();
    let kubeconfig = std::fs::read_to_string(plane.kubeconfig()).unwrap();
    let mut runner = TestRunner::deterministic();
    Runtime::new().unwrap().block_on(async {
        for _ in 0..8 {
            let world = clean(plane.client(), &kubeconfig).await;
            apply_first(&world).await;
            let faults = faults().new_tree(&mut runner).unwrap().current();
            assert_harmless(&world, &faults).await;
        }
        for number in (3..60).step_by(4) {
            let world = clean(plane.client(), &kubeconfig).await;
            apply_first(&world).await;
            if !assert_restart_converges(&world, Crash::After, number).await {
                return;
            }
        }
    });
}

/// Returns a world on a server where nothing of the unit is.
pub(super) async fn clean(client: &Client, kubeconfig: &str) -> World {
    for path in [
        "default/configmaps/a",
        "default/configmaps/b",
        "default/configmaps/c",
        "default/configmaps/d",
        "default/secrets/s",
        "windlass-system/configmaps/windlass-inventory-dev.web",
    ] {
        client.delete(&format!("/api/v1/namespaces/{path}"));
    }
    World::on(kubeconfig, None).await
}

#[test]
fn a_crash_in_the_first_run_orphans_nothing_and_a_restart_converges() {
    Runtime::new().unwrap().block_on(async {
        crash_everywhere(Crash::Before, World::new).await;
        crash_everywhere(Crash::After, World::new).await;
    });
}

#[test]
fn a_crash_in_a_later_run_orphans_nothing_and_a_restart_converges() {
    Runtime::new().unwrap().block_on(async {
        crash_everywhere(Crash::Before, applied).await;
        crash_everywhere(Crash::After, applied).await;
    });
}

/// Ends a process at its first request, another one at its second, and so on, until one gets to its end.
async fn crash_everywhere(crash: Crash, world: impl AsyncFn() -> World) {
    for number in 1.. {
        if !assert_restart_converges(&world().await, crash, number).await {
            assert!(number > 10, "request {number} is the last one");
            return;
        }
    }
}

/// Asserts that a process that ends at this request has made nothing that the inventory does not hold, and that the
/// next one makes it good. Returns whether the process came so far.
async fn assert_restart_converges(world: &World, crash: Crash, number: usize) -> bool {
    let what = format!("{crash:?} request {number}");
    let goes_on = crash_at(world, crash, number).await;
    let (held, labelled) = (world.held().await, labelled(world).await);
    assert!(
        labelled.iter().all(|id| held.contains(id)),
        "{what}: {labelled:?}, held: {held:?}"
    );
    assert_converges(world, &files(true), &what).await;
    goes_on
}

/// Returns whether the process came so far.
async fn crash_at(world: &World, crash: Crash, number: usize) -> bool {
    let passed = match crash {
        Crash::Before => number - 1,
        Crash::After => number,
    };
    world.proxy.rule(move |asked| {
        if asked.number <= passed {
            Fate::Pass
        } else {
            Fate::Unsent
        }
    });
    let changed = files(true);
    let goes_on = tokio::select! {
        biased;
        () = reached(world, crash, number) => true,
        _ = try_to_haul(world, &changed) => false,
    };
    world.calm();
    world.proxy.idle().await;
    goes_on
}

/// Waits until the request is there, or carried out.
async fn reached(world: &World, crash: Crash, number: usize) {
    world.proxy.asked(number).await;
    if let Crash::After = crash {
        world.proxy.idle().await;
    }
}
