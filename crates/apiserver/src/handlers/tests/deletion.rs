//! Deletion, owners and namespaces.

use hyper::Method;
use serde_json::{Value, json};

use super::{MAPS, Server, map, server};

#[test]
fn an_object_with_finalizers_waits_for_them() {
    let server = server();
    let mut object = map("a");
    object["metadata"]["finalizers"] = json!(["example.com/hold"]);
    server.create(MAPS, &object);
    let path = format!("{MAPS}/a");
    let waiting = server.delete(&path, &Value::Null).body;
    assert_eq!(
        waiting["metadata"]["deletionTimestamp"],
        "2026-01-02T12:00:00Z"
    );
    assert_eq!(server.get(&path).code, 200);
    server.patch(&path, &json!({"metadata": {"finalizers": null}}));
    assert_eq!(server.get(&path).code, 404);
}

#[test]
fn a_deletion_with_a_precondition_that_does_not_hold_is_refused() {
    let server = server();
    server.create(MAPS, &map("a"));
    let body = json!({"preconditions": {"uid": "other"}});
    assert_eq!(server.delete(&format!("{MAPS}/a"), &body).code, 409);
    assert_eq!(server.get(&format!("{MAPS}/a")).code, 200);
}

/// Creates an owner and a dependent of it.
fn family(server: &Server) {
    let owner = server.create(MAPS, &map("owner"));
    let mut dependent = map("dependent");
    dependent["metadata"]["ownerReferences"] = json!([{
        "apiVersion": "v1", "kind": "ConfigMap", "name": "owner",
        "uid": owner["metadata"]["uid"], "blockOwnerDeletion": true,
    }]);
    server.create(MAPS, &dependent);
    server.collect();
    assert_eq!(server.get(&format!("{MAPS}/dependent")).code, 200);
}

#[test]
fn dependents_follow_their_owner() {
    let server = server();
    family(&server);
    server.delete(&format!("{MAPS}/owner"), &Value::Null);
    server.collect();
    assert_eq!(server.get(&format!("{MAPS}/dependent")).code, 404);
}

#[test]
fn orphans_stay_and_lose_the_reference() {
    let server = server();
    family(&server);
    server.delete(
        &format!("{MAPS}/owner"),
        &json!({"propagationPolicy": "Orphan"}),
    );
    server.collect();
    assert_eq!(server.get(&format!("{MAPS}/owner")).code, 404);
    let orphan = server.get(&format!("{MAPS}/dependent")).body;
    assert_eq!(
        orphan["metadata"]["ownerReferences"]
            .as_array()
            .map_or(0, Vec::len),
        0
    );
    assert_eq!(orphan["data"]["a"], "b");
}

#[test]
fn in_the_foreground_the_owner_goes_last() {
    let server = server();
    family(&server);
    let held = json!({"metadata": {"finalizers": ["example.com/hold"]}});
    server.patch(&format!("{MAPS}/dependent"), &held);
    server.delete(
        &format!("{MAPS}/owner"),
        &json!({"propagationPolicy": "Foreground"}),
    );
    server.collect();
    assert_eq!(server.get(&format!("{MAPS}/owner")).code, 200);
    server.patch(
        &format!("{MAPS}/dependent"),
        &json!({"metadata": {"finalizers": null}}),
    );
    server.collect();
    assert_eq!(server.get(&format!("{MAPS}/owner")).code, 404);
}

#[test]
fn a_dependent_of_an_owner_of_another_uid_is_garbage() {
    let server = server();
    server.create(MAPS, &map("owner"));
    let mut dependent = map("dependent");
    dependent["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": "gone"}]);
    server.create(MAPS, &dependent);
    server.collect();
    assert_eq!(server.get(&format!("{MAPS}/dependent")).code, 404);
}

#[test]
fn a_namespace_takes_its_content_with_it_and_nothing_new_comes_in() {
    let server = server();
    server.create("/api/v1/namespaces", &json!({"metadata": {"name": "shop"}}));
    let maps = "/api/v1/namespaces/shop/configmaps";
    let mut held = map("held");
    held["metadata"]["finalizers"] = json!(["example.com/hold"]);
    server.create(maps, &held);
    let deleted = server.delete("/api/v1/namespaces/shop", &Value::Null).body;
    assert_eq!(deleted["status"]["phase"], "Terminating");
    server.collect();
    let refused = server.send(Method::POST, maps, &map("late"));
    assert_eq!(refused.code, 403);
    assert_eq!(
        refused.body["details"]["causes"][0]["reason"],
        "NamespaceTerminating"
    );
    server.patch(
        &format!("{maps}/held"),
        &json!({"metadata": {"finalizers": null}}),
    );
    server.collect();
    assert_eq!(server.get("/api/v1/namespaces/shop").code, 404);
    assert_eq!(server.get(maps).body["items"], json!([]));
    assert_eq!(server.send(Method::POST, maps, &map("late")).code, 404);
}

#[test]
fn a_collection_is_deleted_as_it_is_selected() {
    let server = server();
    let mut labelled = map("a");
    labelled["metadata"]["labels"] = json!({"app": "web"});
    server.create(MAPS, &labelled);
    server.create(MAPS, &map("b"));
    assert_eq!(
        server
            .delete(&format!("{MAPS}?labelSelector=app%3Dweb"), &Value::Null)
            .code,
        200
    );
    assert_eq!(server.get(&format!("{MAPS}/a")).code, 404);
    assert_eq!(server.get(&format!("{MAPS}/b")).code, 200);
}

#[test]
fn an_object_that_came_in_while_its_namespace_went_away_is_removed() {
    let server = server();
    let key = crate::store::Key {
        resource: crate::resource::GroupResource::new("", "configmaps"),
        namespace: "gone".to_owned(),
        name: "late".to_owned(),
    };
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "late", "namespace": "gone"}});
    server.context.api.store.create(&key, object).unwrap();
    server.collect();
    assert_eq!(
        server.get("/api/v1/namespaces/gone/configmaps").body["items"],
        json!([])
    );
}
