//! Inventories are neither lost nor overwritten.

use http::Method;
use serde_json::json;
use windlass_cluster::{ClusterError, InventoryError};
use windlass_plan::{Held, Inventory, Unit};

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
        assert_eq!(all[0], (other, Held::Known(holding("b"))));
        assert_eq!(all[1].0, unit());
        assert!(matches!(all[1].1, Held::Unknown { .. }), "{all:?}");
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
