//! Inventories are neither lost nor overwritten.

use http::Method;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::json;
use windlass_cluster::{ClusterError, InventoryError, Stored};
use windlass_plan::{Held, Inventory, Rendition, Unit};

use crate::world::{Fate, World, id, in_world, inventory, request, unit};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn holding(name: &str) -> Inventory {
    inventory(&[id("", "ConfigMap", name)])
}

async fn try_store(
    world: &World,
    unit: &Unit,
    name: &str,
    version: Option<&str>,
) -> Result<String, InventoryError> {
    let cluster = &world.cluster;
    cluster.store_inventory(unit, &holding(name), version).await
}

async fn store(world: &World, unit: &Unit, name: &str, version: Option<&str>) -> String {
    try_store(world, unit, name, version).await.unwrap()
}

#[test]
fn what_is_stored_is_read_again_and_can_be_replaced() {
    in_world(|world| async move {
        let before = world.cluster.inventory(&unit()).await;
        assert_eq!(before.held, Held::Known(Inventory::default()));
        let first = store(&world, &unit(), "a", before.version.as_deref()).await;
        store(&world, &unit(), "b", Some(&first)).await;
        let after = world.cluster.inventory(&unit()).await;
        assert_eq!(after.held, Held::Known(holding("b")));
    });
}

#[test]
fn of_two_that_replace_one_inventory_the_second_is_refused() {
    in_world(|world| async move {
        let first = store(&world, &unit(), "a", None).await;
        store(&world, &unit(), "b", Some(&first)).await;
        for version in [Some(first.as_str()), None] {
            let stored = try_store(&world, &unit(), "c", version).await;
            let error = stored.unwrap_err();
            assert!(matches!(error, InventoryError::Changed { .. }), "{error}");
        }
        let held = world.cluster.inventory(&unit()).await.held;
        assert_eq!(held, Held::Known(holding("b")));
    });
}

#[test]
fn an_inventory_that_was_deleted_meanwhile_is_not_made_anew() {
    in_world(|world| async move {
        let first = store(&world, &unit(), "a", None).await;
        let path = format!("{MAPS}/windlass-inventory-web");
        world
            .direct(request(Method::DELETE, &path, &json!({})))
            .await;
        let stored = try_store(&world, &unit(), "b", Some(&first)).await;
        stored.unwrap_err();
        let after = world.cluster.inventory(&unit()).await;
        assert_eq!(after.version, None);
    });
}

#[test]
fn a_damaged_inventory_is_not_known_and_the_others_are() {
    in_world(|world| async move {
        let other = Unit::new("default", "api");
        store(&world, &unit(), "a", None).await;
        store(&world, &other, "b", None).await;
        let path = format!("{MAPS}/windlass-inventory-web");
        let damage = json!({"data": {"entries": "[{"}});
        world.direct(request(Method::PATCH, &path, &damage)).await;
        let mut all = world.cluster.inventories("default").await.unwrap();
        all.sort_by(|one, two| one.0.cmp(&two.0));
        assert_eq!(all[0].0, other);
        let alone = world.cluster.inventory(&other).await;
        assert_eq!(all[0].1, alone, "as it is when it is read alone");
        assert_eq!(alone.held, Held::Known(holding("b")));
        assert_eq!(all[1].0, unit());
        assert!(matches!(all[1].1.held, Held::Unknown { .. }), "{all:?}");
    });
}

#[test]
fn a_list_without_items_is_not_a_list_of_nothing() {
    in_world(|world| async move {
        world.rule(|_| Fate::Forged(200, "{}"));
        let error = world.cluster.inventories("default").await.unwrap_err();
        let InventoryError::Cluster { error, .. } = error else {
            panic!("{error}");
        };
        assert!(matches!(error, ClusterError::Unexpected { .. }), "{error}");
    });
}

/// Returns an inventory that needs as many ConfigMaps as `size` says, about.
fn large(size: usize, of: &str) -> Inventory {
    let name = "-of-great-length".repeat(12);
    let name = |index| format!("{of}{name}-{index}");
    let ids = (0..size * 4_000).map(|index| id("", "ConfigMap", &name(index)));
    inventory(&ids.collect::<Vec<_>>())
}

/// Returns how many shards there are.
async fn shards(world: &World) -> usize {
    let path = format!("{MAPS}?labelSelector=windlass.dev/inventory-shard");
    let list = world
        .direct(request(Method::GET, &path, &json!(null)))
        .await;
    list["items"].as_array().unwrap().len()
}

/// From now on, so many writes of the connection reach the server, and then none.
fn crash_after(world: &World, writes: usize) {
    let mut left = writes;
    world.rule(move |request| {
        let is_write = request.method() != Method::GET;
        if is_write && left == 0 {
            return Fate::Forged(403, "{}");
        }
        left -= usize::from(is_write);
        Fate::Pass
    });
}

#[test]
fn a_crash_at_any_write_leaves_the_inventory_before_or_the_one_after() {
    in_world(|world| async move {
        let (small, one, other) = (holding("a"), large(1, "one"), large(2, "other"));
        let parts = |inventory: &Inventory| match inventory.len() {
            1 => 0,
            4_000 => 2,
            _ => 3,
        };
        for (before, after) in [(&small, &one), (&one, &other), (&other, &small)] {
            for writes in 0.. {
                let cluster = &world.cluster;
                world.rule(|_| Fate::Pass);
                let version = cluster.inventory(&unit()).await.version;
                let version = cluster
                    .store_inventory(&unit(), before, version.as_deref())
                    .await
                    .unwrap();
                crash_after(&world, writes);
                let stored = cluster
                    .store_inventory(&unit(), after, Some(&version))
                    .await;
                world.rule(|_| Fate::Pass);
                let read = cluster.inventory(&unit()).await;
                let expected = if stored.is_ok() { after } else { before };
                assert!(
                    read.held == Held::Known(expected.clone()),
                    "after {writes} writes"
                );
                let listed = cluster.inventories("default").await.unwrap();
                assert!(listed.len() == 1 && listed[0].0 == unit());
                assert!(listed[0].1 == cluster.inventory(&unit()).await);
                assert!(listed[0].1.held == Held::Known(expected.clone()));
                if stored.is_ok() && shards(&world).await == parts(after) {
                    break;
                }
            }
        }
        assert_eq!(shards(&world).await, 0, "what crashes left behind");
    });
}

/// Which inventory is to be stored next, and after how many writes the process ends.
fn steps() -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((0..4_usize, 0..9_usize), 6..12)
}

#[test]
fn crashes_one_after_the_other_never_leave_anything_but_the_last_that_was_stored() {
    let inventories = [
        holding("a"),
        large(1, "one"),
        large(1, "other"),
        large(2, "more"),
    ];
    let mut runner = TestRunner::deterministic();
    for _ in 0..4 {
        let steps = steps().new_tree(&mut runner).unwrap().current();
        in_world(|world| {
            let inventories = &inventories;
            async move {
                let (unit, mut expected) = (unit(), Inventory::default());
                for &(next, writes) in &steps {
                    let cluster = &world.cluster;
                    let version = cluster.inventory(&unit).await.version;
                    crash_after(&world, writes);
                    let next = &inventories[next];
                    let stored = cluster.store_inventory(&unit, next, version.as_deref());
                    if stored.await.is_ok() {
                        expected.clone_from(next);
                    }
                    world.rule(|_| Fate::Pass);
                    let read = cluster.inventory(&unit).await;
                    assert!(read.held == Held::Known(expected.clone()), "{steps:?}");
                }
                // Who stores parts removes what others left, and who replaces them removes them.
                for last in [large(1, "last"), holding("last")] {
                    let version = world.cluster.inventory(&unit).await.version;
                    let version = version.as_deref();
                    let stored = world.cluster.store_inventory(&unit, &last, version).await;
                    stored.unwrap();
                }
                assert_eq!(
                    shards(&world).await,
                    0,
                    "{steps:?}: what crashes left behind"
                );
            }
        });
    }
}

#[test]
fn what_made_the_objects_is_stored_with_any_inventory_and_makes_no_other_one() {
    in_world(|world| async move {
        let (cluster, unit) = (&world.cluster, unit());
        let (by, inputs) = ("1.0.0".to_owned(), "5d1f".to_owned());
        let rendition = Rendition { by, inputs };
        for inventory in [holding("a"), large(1, "a")] {
            let version = cluster.inventory(&unit).await.version;
            let known = inventory.clone().rendered(Some(rendition.clone()));
            let stored = cluster.store_inventory(&unit, &known, version.as_deref());
            let version = stored.await.unwrap();
            let rendition_of = |stored: Stored| match stored.held {
                Held::Known(held) => {
                    assert!(held == inventory);
                    held.rendition().cloned()
                }
                Held::Unknown { reason } => panic!("{reason}"),
            };
            let read = cluster.inventory(&unit).await;
            assert_eq!(rendition_of(read).as_ref(), Some(&rendition));
            let listed = cluster.inventories("default").await.unwrap().remove(0).1;
            assert_eq!(rendition_of(listed).as_ref(), Some(&rendition));
            let stored = cluster.store_inventory(&unit, &inventory, Some(&version));
            stored.await.unwrap();
            assert_eq!(rendition_of(cluster.inventory(&unit).await), None);
        }
    });
}

#[test]
fn a_part_that_is_missing_or_changed_makes_the_whole_unknown() {
    in_world(|world| async move {
        let cluster = &world.cluster;
        let path = format!("{MAPS}?labelSelector=windlass.dev/inventory-shard");
        for method in [Method::PATCH, Method::DELETE] {
            let version = cluster.inventory(&unit()).await.version;
            cluster
                .store_inventory(&unit(), &large(1, "a"), version.as_deref())
                .await
                .unwrap();
            let list = world
                .direct(request(Method::GET, &path, &json!(null)))
                .await;
            let name = list["items"][0]["metadata"]["name"].as_str().unwrap();
            let change = json!({"data": {"entries": "[]"}});
            let body = if method == Method::PATCH {
                change
            } else {
                json!({})
            };
            world
                .direct(request(method, &format!("{MAPS}/{name}"), &body))
                .await;
            let read = cluster.inventory(&unit()).await;
            assert!(matches!(read.held, Held::Unknown { .. }) && read.version.is_some());
            let listed = cluster.inventories("default").await.unwrap();
            let [(_, listed)] = &listed[..] else {
                panic!("{listed:?}");
            };
            assert!(matches!(listed.held, Held::Unknown { .. }));
        }
    });
}

#[test]
fn of_two_processes_that_store_large_inventories_one_wins_whole() {
    in_world(|world| async move {
        let cluster = &world.cluster;
        let (one, other) = (large(1, "one"), large(1, "other"));
        let version = store(&world, &unit(), "a", None).await;
        let unit = unit();
        let (first, second) = tokio::join!(
            cluster.store_inventory(&unit, &one, Some(&version)),
            cluster.store_inventory(&unit, &other, Some(&version)),
        );
        assert!(first.is_ok() != second.is_ok());
        let winner = if first.is_ok() { one } else { other };
        assert!(cluster.inventory(&unit).await.held == Held::Known(winner));
    });
}
