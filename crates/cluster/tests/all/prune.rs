//! What changes between a plan and its deletions is kept.

use http::{Method, Request};
use kube::client::Body;
use serde_json::{Value, json};
use windlass_cluster::Applied;
use windlass_object::ObjectRef;
use windlass_plan::{DesiredSet, Live, NAME_LABEL, Outcome};

use crate::world::{Fate, World, config_map, deletion, id, in_world, request, unit};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const MAP: &str = "/api/v1/namespaces/default/configmaps/a";

/// Creates the unit's ConfigMap.
async fn held(world: &World) -> ObjectRef {
    world.create(MAPS, &config_map("a")).await;
    id("", "ConfigMap", "a")
}

/// Runs a plan that deletes the object.
async fn delete(world: &World, id: &ObjectRef) -> Applied {
    let desired = DesiredSet::new(&unit(), []).unwrap();
    let cluster = &world.cluster;
    cluster
        .apply(&deletion(id), &desired, &|| true, &|_| {})
        .await
}

async fn is_there(world: &World, id: &ObjectRef) -> bool {
    matches!(world.cluster.get(id).await, Live::Present(_))
}

fn change(metadata: &Value) -> Request<Vec<u8>> {
    request(Method::PATCH, MAP, &json!({"metadata": metadata}))
}

/// Lets someone else act just before the first deletion reaches the server.
fn before_deletion(world: &World, change: Request<Vec<u8>>) {
    let mut change = Some(Box::new(change));
    world.rule(move |request: &Request<Body>| {
        let change = change.take_if(|_| request.method() == Method::DELETE);
        change.map_or(Fate::Pass, Fate::After)
    });
}

#[test]
fn an_object_that_is_still_the_units_is_deleted() {
    in_world(|world| async move {
        let id = held(&world).await;
        let applied = delete(&world, &id).await;
        assert_eq!(applied.outcomes[&id], Outcome::Done);
        assert!(!is_there(&world, &id).await);
    });
}

#[test]
fn an_object_that_someone_took_over_at_the_last_moment_is_kept() {
    in_world(|world| async move {
        let id = held(&world).await;
        before_deletion(&world, change(&json!({"labels": {NAME_LABEL: "other"}})));
        let applied = delete(&world, &id).await;
        assert_eq!(applied.outcomes[&id], Outcome::Failed);
        assert!(is_there(&world, &id).await);
    });
}

#[test]
fn an_object_that_opted_out_at_the_last_moment_is_kept() {
    in_world(|world| async move {
        let id = held(&world).await;
        let annotations = json!({"kustomize.toolkit.fluxcd.io/prune": "disabled"});
        before_deletion(&world, change(&json!({"annotations": annotations})));
        let applied = delete(&world, &id).await;
        assert_eq!(applied.outcomes[&id], Outcome::Failed);
        assert!(applied.failures[0].reason.contains("prune: disabled"));
        assert!(is_there(&world, &id).await);
    });
}

#[test]
fn an_object_that_a_controller_took_at_the_last_moment_is_kept() {
    in_world(|world| async move {
        let id = held(&world).await;
        let owner = world.create(MAPS, &config_map("owner")).await;
        let owner = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "controller": true,
            "uid": owner["metadata"]["uid"],
        });
        before_deletion(&world, change(&json!({"ownerReferences": [owner]})));
        let applied = delete(&world, &id).await;
        assert_eq!(applied.outcomes[&id], Outcome::Failed);
        assert!(is_there(&world, &id).await);
    });
}

#[test]
fn an_object_that_changed_and_is_still_the_units_is_deleted() {
    in_world(|world| async move {
        let id = held(&world).await;
        before_deletion(&world, change(&json!({"labels": {"team": "web"}})));
        let applied = delete(&world, &id).await;
        assert_eq!(applied.outcomes[&id], Outcome::Done);
    });
}
