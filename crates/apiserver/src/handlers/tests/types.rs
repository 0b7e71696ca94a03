//! What single types do, and what is refused.

use hyper::Method;
use serde_json::{Value, json};

use super::{DEPLOYMENTS, MAPS, deployment, map, request, server};
use crate::rbac::User;

fn definition() -> Value {
    json!({
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [
                {
                    "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                        "spec": {"type": "object", "properties": {"size": {"type": "integer"}}},
                        "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                    }}},
                },
                {
                    "name": "v1beta1", "served": true, "storage": false,
                    "schema": {"openAPIV3Schema": {
                        "type": "object", "x-kubernetes-preserve-unknown-fields": true,
                    }},
                },
            ],
        },
    })
}

#[test]
fn a_new_namespace_has_its_account_and_certificate() {
    let server = server();
    server.create("/api/v1/namespaces", &json!({"metadata": {"name": "shop"}}));
    assert_eq!(
        server
            .get("/api/v1/namespaces/shop/serviceaccounts/default")
            .code,
        200
    );
    let authority = server
        .get("/api/v1/namespaces/shop/configmaps/kube-root-ca.crt")
        .body;
    assert_eq!(authority["data"]["ca.crt"], "authority");
}

#[test]
fn a_definition_is_served_at_once_and_takes_its_objects_with_it() {
    let server = server();
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    server.create(definitions, &definition());
    let stored = server
        .get(&format!("{definitions}/widgets.example.com"))
        .body;
    let conditions = stored["status"]["conditions"].as_array().unwrap();
    assert!(
        conditions
            .iter()
            .any(|it| it["type"] == "Established" && it["status"] == "True")
    );
    let widgets = "/apis/example.com/v1/namespaces/default/widgets";
    let widget = json!({"metadata": {"name": "w"}, "spec": {"size": 3}});
    server.create(widgets, &widget);
    let beta = server
        .get("/apis/example.com/v1beta1/namespaces/default/widgets/w")
        .body;
    assert_eq!(
        (&beta["apiVersion"], &beta["spec"]["size"]),
        (&json!("example.com/v1beta1"), &json!(3))
    );
    assert_eq!(
        server.get("/apis/example.com/v1").body["resources"][0]["name"],
        "widgets"
    );
    server.delete(&format!("{definitions}/widgets.example.com"), &Value::Null);
    server.collect();
    assert_eq!(
        server
            .get(&format!("{definitions}/widgets.example.com"))
            .code,
        404
    );
    assert_eq!(server.get(&format!("{widgets}/w")).code, 404);
    assert_eq!(server.get("/apis/example.com/v1").code, 404);
}

#[test]
fn a_service_keeps_its_address_and_no_other_gets_it() {
    let server = server();
    let services = "/api/v1/namespaces/default/services";
    let service = |name: &str| json!({"metadata": {"name": name}, "spec": {"type": "NodePort", "ports": [{"port": 80}]}});
    let first = server.create(services, &service("a"));
    let address = first["spec"]["clusterIP"].as_str().unwrap().to_owned();
    assert!(address.starts_with("10.96."), "{address}");
    assert!(
        first["spec"]["ports"][0]["nodePort"]
            .as_u64()
            .is_some_and(|it| it >= 30_000)
    );
    let again = server
        .send(Method::PUT, &format!("{services}/a"), &service("a"))
        .body;
    assert_eq!(again["spec"], first["spec"]);
    let mut thief = service("b");
    thief["spec"]["clusterIP"] = address.into();
    assert_eq!(server.send(Method::POST, services, &thief).code, 422);
}

#[test]
fn the_scale_reads_and_writes_the_replicas() {
    let server = server();
    server.create(DEPLOYMENTS, &deployment("web"));
    let path = format!("{DEPLOYMENTS}/web/scale");
    let scale = server.patch(&path, &json!({"spec": {"replicas": 4}})).body;
    assert_eq!(
        (&scale["kind"], &scale["spec"]["replicas"]),
        (&json!("Scale"), &json!(4))
    );
    assert_eq!(
        server.get(&format!("{DEPLOYMENTS}/web")).body["spec"]["replicas"],
        4
    );
    assert_eq!(
        server.patch(&path, &json!({"spec": {"replicas": -1}})).code,
        422
    );
}

#[test]
fn what_is_not_there_or_not_allowed_says_so() {
    let server = server();
    let code = |method: Method, path: &str| server.send(method, path, &json!({})).code;
    assert_eq!(
        code(Method::GET, "/api/v1/namespaces/default/nothings"),
        404
    );
    assert_eq!(code(Method::GET, "/api/v1/pods/a"), 404);
    assert_eq!(code(Method::DELETE, "/api/v1/namespaces"), 405);
    assert_eq!(code(Method::PUT, MAPS), 405);
    let unknown = request(Method::POST, MAPS, "text/plain", &map("a"));
    assert_eq!(server.ask(&unknown).code, 415);
    let elsewhere = json!({"metadata": {"name": "a", "namespace": "other"}});
    assert_eq!(server.send(Method::POST, MAPS, &elsewhere).code, 400);
    let logs = server.get("/api/v1/namespaces/default/pods/a/log");
    assert_eq!(logs.code, 501);
}

#[test]
fn a_user_who_is_impersonated_has_that_users_rights() {
    let server = server();
    let mut list = request(Method::GET, MAPS, "", &Value::Null);
    list.user = User::impersonated("jane", "", Vec::new());
    let refused = server.ask(&list);
    assert_eq!(refused.code, 403);
    let message = refused.body["message"].as_str().unwrap();
    assert!(
        message.contains("User \"jane\" cannot list resource \"configmaps\""),
        "{message}"
    );
}

#[test]
fn events_are_one_type_under_two_names() {
    let server = server();
    let event = json!({"metadata": {"name": "e"}, "message": "hello",
        "involvedObject": {"kind": "Pod", "name": "p", "namespace": "default"}});
    server.create("/api/v1/namespaces/default/events", &event);
    let other = server
        .get("/apis/events.k8s.io/v1/namespaces/default/events/e")
        .body;
    assert_eq!(
        (&other["note"], &other["regarding"]["name"]),
        (&json!("hello"), &json!("p"))
    );
    assert_eq!(other["apiVersion"], "events.k8s.io/v1");
}

#[test]
fn no_body_whatever_its_shape_brings_the_server_down() {
    let server = server();
    server.create(
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        &definition(),
    );
    let odd = json!({"labels": 1, "annotations": [], "finalizers": {}, "ownerReferences": "x",
        "managedFields": 3, "name": "odd", "generateName": 1, "namespace": 2});
    let bodies = [
        json!([]),
        json!("x"),
        json!(1),
        json!({"metadata": 1}),
        json!({"metadata": odd}),
        json!({"metadata": {"name": "odd"}, "spec": 1, "status": [], "data": "x"}),
        json!({"metadata": {"name": "odd"}, "spec": {"ports": ["x"], "names": 1, "versions": {}}}),
        json!([{"op": "replace", "path": "/metadata", "value": 1}]),
    ];
    for resource in server.context.api.registry.types().iter() {
        let root = match resource.group.as_str() {
            "" => "/api/v1".to_owned(),
            group => format!("/apis/{group}/{}", resource.version),
        };
        let scope = if resource.namespaced {
            "/namespaces/default"
        } else {
            ""
        };
        let path = format!("{root}{scope}/{}", resource.plural);
        for body in &bodies {
            server.send(Method::POST, &path, body);
            server.send(Method::PUT, &format!("{path}/odd"), body);
            server.patch(&format!("{path}/odd/status"), body);
            server.patch(&format!("{path}/odd/scale"), body);
            server.apply(&format!("{path}/odd?fieldManager=m"), body);
            for kind in ["json-patch", "strategic-merge-patch"] {
                let kind = format!("application/{kind}+json");
                server.ask(&request(Method::PATCH, &format!("{path}/odd"), &kind, body));
            }
            server.delete(&format!("{path}/odd"), body);
        }
    }
    server.collect();
    assert_eq!(server.get("/api/v1/namespaces/default").code, 200);
}
