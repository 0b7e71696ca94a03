//! create, update, patch and apply.

use hyper::Method;
use serde_json::{Value, json};

use super::{DEPLOYMENTS, MAPS, deployment, map, request, server};

#[test]
fn an_object_is_given_its_identity_and_cannot_be_created_twice() {
    let server = server();
    let created = server.create(MAPS, &map("a"));
    let metadata = &created["metadata"];
    assert_eq!(metadata["creationTimestamp"], "2026-01-02T12:00:00Z");
    assert_eq!(metadata["namespace"], "default");
    assert_eq!(metadata["uid"].as_str().map(str::len), Some(36));
    assert_eq!(server.get(&format!("{MAPS}/a")).body, created);
    let again = server.send(Method::POST, MAPS, &map("a"));
    assert_eq!(
        (again.code, again.body["reason"].as_str()),
        (409, Some("AlreadyExists"))
    );
    assert_eq!(again.body["message"], "configmaps \"a\" already exists");
}

#[test]
fn a_generated_name_begins_with_what_was_asked_for() {
    let server = server();
    let created = server.create(MAPS, &json!({"metadata": {"generateName": "web-"}}));
    let name = created["metadata"]["name"].as_str().unwrap();
    assert!(name.starts_with("web-") && name.len() == 9, "{name}");
}

#[test]
fn an_update_of_an_old_version_is_a_conflict_and_changes_nothing() {
    let server = server();
    let first = server.create(MAPS, &map("a"));
    let path = format!("{MAPS}/a");
    assert_eq!(server.patch(&path, &json!({"data": {"a": "c"}})).code, 200);
    let stale = server.send(Method::PUT, &path, &first);
    assert_eq!(
        (stale.code, stale.body["reason"].as_str()),
        (409, Some("Conflict"))
    );
    assert_eq!(server.get(&path).body["data"]["a"], "c");
}

#[test]
fn a_write_that_changes_nothing_keeps_the_version() {
    let server = server();
    let first = server.create(MAPS, &map("a"));
    let again = server.send(Method::PUT, &format!("{MAPS}/a"), &first);
    assert_eq!(again.body, first);
}

#[test]
fn a_dry_run_answers_as_the_write_would_and_stores_nothing() {
    let server = server();
    let revision = server.context.api.store.revision();
    let created = server.create(&format!("{MAPS}?dryRun=All"), &map("a"));
    assert_eq!(created["data"]["a"], "b");
    assert_eq!(server.get(&format!("{MAPS}/a")).code, 404);
    assert_eq!(server.context.api.store.revision(), revision);
}

#[test]
fn the_status_changes_through_its_subresource_only() {
    let server = server();
    server.create(DEPLOYMENTS, &deployment("web"));
    let path = format!("{DEPLOYMENTS}/web");
    let patch = json!({"spec": {"replicas": 3}, "status": {"replicas": 7}});
    let main = server.patch(&path, &patch).body;
    assert_eq!(
        (&main["spec"]["replicas"], &main["status"]["replicas"]),
        (&json!(3), &Value::Null)
    );
    let patch = json!({"spec": {"replicas": 9}, "status": {"replicas": 7}});
    let status = server.patch(&format!("{path}/status"), &patch).body;
    assert_eq!(status["spec"]["replicas"], 3);
    assert_eq!(status["status"]["replicas"], 7);
}

#[test]
fn the_generation_counts_changes_of_the_spec_alone() {
    let server = server();
    let path = format!("{DEPLOYMENTS}/web");
    let generation = |object: &Value| object["metadata"]["generation"].as_i64();
    assert_eq!(
        generation(&server.create(DEPLOYMENTS, &deployment("web"))),
        Some(1)
    );
    let labelled = server.patch(&path, &json!({"metadata": {"labels": {"a": "b"}}}));
    assert_eq!(generation(&labelled.body), Some(1));
    assert_eq!(
        generation(&server.patch(&path, &json!({"spec": {"replicas": 2}})).body),
        Some(2)
    );
    let status = server.patch(
        &format!("{path}/status"),
        &json!({"status": {"replicas": 2}}),
    );
    assert_eq!(generation(&status.body), Some(2));
    assert_eq!(generation(&server.create(MAPS, &map("a"))), None);
}

#[test]
fn applying_creates_then_changes_nothing_and_conflicts_with_another_manager() {
    let server = server();
    let path = format!("{MAPS}/a");
    let wanted = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"},
        "data": {"a": "b"}});
    let created = server.apply(&format!("{path}?fieldManager=one"), &wanted);
    assert_eq!(created.code, 201, "{}", created.body);
    let again = server.apply(&format!("{path}?fieldManager=one"), &wanted);
    assert_eq!((again.code, &again.body), (200, &created.body));
    let mut other = wanted.clone();
    other["data"]["a"] = json!("c");
    let conflict = server.apply(&format!("{path}?fieldManager=two"), &other);
    assert_eq!(conflict.code, 409);
    assert_eq!(conflict.body["details"]["causes"][0]["field"], ".data.a");
    let forced = server.apply(&format!("{path}?fieldManager=two&force=true"), &other);
    assert_eq!(forced.body["data"]["a"], "c");
}

#[test]
fn an_unknown_field_is_warned_of_and_refused_when_strict() {
    let server = server();
    let mut object = map("a");
    object["dta"] = json!({});
    let strict = server.send(
        Method::POST,
        &format!("{MAPS}?fieldValidation=Strict"),
        &object,
    );
    assert_eq!(strict.code, 400);
    let warned = server.send(Method::POST, MAPS, &object);
    assert_eq!(warned.code, 201);
    assert_eq!(warned.warnings, ["299 - \"unknown field \\\"dta\\\"\""]);
}

#[test]
fn a_body_in_protocol_buffers_is_read() {
    let server = server();
    let mut create = request(Method::POST, "/api/v1/namespaces", "", &Value::Null);
    create.content_type = "application/vnd.kubernetes.protobuf".to_owned();
    create.body = b"k8s\0\n\x0f\n\x02v1\x12\tNamespace\x12\x08\n\x06\n\x04shop"
        .to_vec()
        .into();
    let created = server.ask(&create);
    assert_eq!(created.body["metadata"]["name"], "shop", "{}", created.body);
}
