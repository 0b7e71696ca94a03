//! What is unchanged is seen by lists alone, and a list is never taken for more than it says.

use std::sync::{Arc, Mutex};

use http::Method;
use serde_json::{Value, json};
use windlass_cluster::Definitions;
use windlass_object::{Object, ObjectRef};
use windlass_plan::{DesiredSet, DryRun, Inventory, Live, Observed};

use crate::world::{Fate, World, config_map, id, in_world, request, unit};

const EXPIRED: &str = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","code":410,
    "message":"The provided continue parameter is too old"}"#;
const FORBIDDEN: &str =
    r#"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403}"#;

/// Returns so many ConfigMaps.
fn maps(count: usize) -> DesiredSet {
    let objects = (0..count).map(|index| {
        let mut object = config_map(&format!("map-{index:03}"));
        object["data"] = json!({"key": "value"});
        Object::new(object).unwrap()
    });
    DesiredSet::new(&unit(), objects).unwrap()
}

async fn apply_all(world: &World, desired: &DesiredSet) {
    for object in desired.objects() {
        let kinds = world.cluster.kinds().await;
        let kind = kinds.get(object.gvk()).unwrap();
        let manager = world.cluster.manager();
        let mode = windlass_cluster::request::Mode::Persist;
        let id = object.id();
        let namespace = id.namespace.as_deref();
        let request = windlass_cluster::request::apply(
            kind,
            namespace,
            &id.name,
            object.open().value(),
            manager,
            mode,
        );
        world.direct(request).await;
    }
}

async fn observe(world: &World, desired: &DesiredSet) -> Vec<(ObjectRef, Observed)> {
    let (inventory, definitions) = (Inventory::default(), Definitions::default());
    let observed = world
        .cluster
        .observe(Some(desired), &inventory, &definitions)
        .await;
    observed.into_iter().collect()
}

/// Notes each request from now on, and lets `fate` answer it.
fn noted(
    world: &World,
    mut fate: impl FnMut(&str) -> Fate + Send + 'static,
) -> Arc<Mutex<Vec<String>>> {
    let log: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = Arc::clone(&log);
    world.rule(move |request| {
        let line = format!("{} {}", request.method(), request.uri());
        let fate = fate(&line);
        noted.lock().unwrap().push(line);
        fate
    });
    log
}

fn all_settled(observed: &[(ObjectRef, Observed)]) -> bool {
    observed
        .iter()
        .all(|(_, one)| matches!(one.dry_run, DryRun::Settled))
}

#[test]
fn what_is_as_it_was_applied_takes_a_request_a_page() {
    in_world(|world| async move {
        let desired = maps(300);
        apply_all(&world, &desired).await;
        let log = noted(&world, |_| Fate::Pass);
        let observed = observe(&world, &desired).await;
        assert_eq!(observed.len(), 300);
        assert!(all_settled(&observed));
        let log = log.lock().unwrap();
        assert_eq!(log.len(), 2, "{log:?}");
        assert!(log.iter().all(|line| line.contains("limit=")), "{log:?}");
    });
}

#[test]
fn only_what_changed_is_tried() {
    in_world(|world| async move {
        let desired = maps(20);
        apply_all(&world, &desired).await;
        let path = "/api/v1/namespaces/default/configmaps/map-007";
        world
            .direct(request(
                Method::PATCH,
                path,
                &json!({"data": {"key": "other"}}),
            ))
            .await;
        let log = noted(&world, |_| Fate::Pass);
        let observed = observe(&world, &desired).await;
        let changed: Vec<_> = observed
            .iter()
            .filter(|(_, one)| !matches!(one.dry_run, DryRun::Settled))
            .collect();
        let [
            (
                id,
                Observed {
                    live: Live::Present(live),
                    dry_run: DryRun::Merged(merged),
                },
            ),
        ] = &changed[..]
        else {
            panic!("{changed:?}");
        };
        assert_eq!(id.name, "map-007");
        assert_eq!(
            (&live["data"]["key"], &merged["data"]["key"]),
            (&json!("other"), &json!("value"))
        );
        assert_eq!(log.lock().unwrap().len(), 2);
    });
}

#[test]
fn what_is_new_takes_a_dry_run_each() {
    in_world(|world| async move {
        let log = noted(&world, |_| Fate::Pass);
        let observed = observe(&world, &maps(20)).await;
        let is_new =
            |one: &Observed| matches!((&one.live, &one.dry_run), (Live::Absent, DryRun::Merged(_)));
        assert!(observed.iter().all(|(_, one)| is_new(one)), "{observed:?}");
        // The list, the namespace that it had nothing of, and the dry runs.
        assert_eq!(log.lock().unwrap().len(), 22);
    });
}

#[test]
fn nothing_is_tried_in_a_namespace_that_is_not_there() {
    in_world(|world| async move {
        let objects = maps(20)
            .objects()
            .map(|object| object.open().in_namespace("shop"))
            .collect::<Vec<_>>();
        let desired = DesiredSet::new(&unit(), objects).unwrap();
        let log = noted(&world, |_| Fate::Pass);
        let observed = observe(&world, &desired).await;
        let waits = |one: &Observed| {
            matches!(
                (&one.live, &one.dry_run),
                (Live::Absent, DryRun::Deferred { .. })
            )
        };
        assert!(observed.iter().all(|(_, one)| waits(one)), "{observed:?}");
        assert_eq!(log.lock().unwrap().len(), 2);
    });
}

#[test]
fn an_object_that_lost_its_labels_is_not_absent() {
    in_world(|world| async move {
        let desired = maps(20);
        apply_all(&world, &desired).await;
        let path = "/api/v1/namespaces/default/configmaps/map-007";
        world
            .direct(request(
                Method::PATCH,
                path,
                &json!({"metadata": {"labels": Value::Null}}),
            ))
            .await;
        let observed = observe(&world, &desired).await;
        let lost = &observed
            .iter()
            .find(|(id, _)| id.name == "map-007")
            .unwrap()
            .1;
        assert!(
            matches!(
                (&lost.live, &lost.dry_run),
                (Live::Present(_), DryRun::Merged(_))
            ),
            "{lost:?}"
        );
    });
}

#[test]
fn a_list_that_expires_between_its_pages_begins_anew() {
    in_world(|world| async move {
        let desired = maps(300);
        apply_all(&world, &desired).await;
        let mut has_expired = false;
        let log = noted(&world, move |line| {
            let expires = line.contains("continue=") && !has_expired;
            has_expired |= expires;
            if expires {
                Fate::Forged(410, EXPIRED)
            } else {
                Fate::Pass
            }
        });
        let observed = observe(&world, &desired).await;
        assert!(observed.len() == 300 && all_settled(&observed));
        assert_eq!(log.lock().unwrap().len(), 4);
    });
}

#[test]
fn what_a_list_that_failed_did_not_tell_is_read_one_by_one() {
    in_world(|world| async move {
        let desired = maps(300);
        apply_all(&world, &desired).await;
        noted(&world, |line| {
            if line.contains("continue=") {
                Fate::Forged(403, FORBIDDEN)
            } else {
                Fate::Pass
            }
        });
        let observed = observe(&world, &desired).await;
        assert!(observed.len() == 300 && all_settled(&observed));
        noted(&world, |_| Fate::Forged(403, FORBIDDEN));
        let observed = observe(&world, &desired).await;
        assert!(
            observed
                .iter()
                .all(|(_, one)| matches!(one.live, Live::Unknown { .. }))
        );
    });
}

#[test]
fn what_is_held_and_not_desired_is_found_in_the_list_or_read() {
    in_world(|world| async move {
        let desired = maps(10);
        apply_all(&world, &desired).await;
        let ids: Vec<ObjectRef> = desired
            .objects()
            .map(|object| object.id().clone())
            .chain([id("", "ConfigMap", "gone")])
            .collect();
        let none = DesiredSet::new(&unit(), []).unwrap();
        let observed = world
            .cluster
            .observe(
                Some(&none),
                &crate::world::inventory(&ids),
                &Definitions::default(),
            )
            .await;
        for (id, one) in observed {
            let is_present = one.live.object().is_some();
            assert_eq!(is_present, id.name != "gone", "{id} {one:?}");
        }
    });
}
