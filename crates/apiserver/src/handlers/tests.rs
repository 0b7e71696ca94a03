//! Requests and answers without a socket.

use std::sync::Arc;

use http_body_util::BodyExt;
use hyper::Method;
use serde_json::{Value, json};

use super::{Context, Request, answer};
use crate::answer::Body;
use crate::api::{self, Api};
use crate::clock::Clock;
use crate::query::Query;
use crate::rbac::User;
use crate::shutdown::{self, Ending};
use crate::store::Store;

struct Noon;

impl Clock for Noon {
    fn now(&self) -> jiff::Timestamp {
        "2026-01-02T12:00:00Z".parse().unwrap()
    }
}

struct Server {
    context: Arc<Context>,
    _ending: Ending,
}

/// An answer that was read whole.
struct Read {
    code: u16,
    body: Value,
    warnings: Vec<String>,
}

fn server() -> Server {
    let (ending, ends) = shutdown::channel();
    let context = Context {
        api: Arc::new(Api {
            store: Arc::new(Store::new()),
            registry: crate::builtin::resource_types().collect(),
            clock: Arc::new(Noon),
            authority: "authority".to_owned(),
            allocation: std::sync::Mutex::default(),
        }),
        token: "token".to_owned(),
        shutdown: ends,
    };
    api::create_system_objects(&context.api);
    Server {
        context: Arc::new(context),
        _ending: ending,
    }
}

fn request(method: Method, path: &str, content_type: &str, body: &Value) -> Request {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    Request {
        method,
        path: path.to_owned(),
        query: Query::parse(query),
        accept: String::new(),
        content_type: content_type.to_owned(),
        agent: "test/1".to_owned(),
        user: User::admin(),
        body: if body.is_null() {
            Vec::new().into()
        } else {
            body.to_string().into()
        },
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(future)
}

impl Server {
    fn send(&self, method: Method, path: &str, body: &Value) -> Read {
        self.ask(&request(method, path, "application/json", body))
    }

    fn ask(&self, request: &Request) -> Read {
        let (parts, body) = answer(&self.context, request).into_parts();
        let bytes = block_on(body.collect()).unwrap().to_bytes();
        let warnings = parts.headers.get_all("warning").iter();
        Read {
            code: parts.status.as_u16(),
            body: serde_json::from_slice(&bytes).unwrap(),
            warnings: warnings.map(|it| it.to_str().unwrap().to_owned()).collect(),
        }
    }

    fn get(&self, path: &str) -> Read {
        self.send(Method::GET, path, &Value::Null)
    }

    fn create(&self, path: &str, body: &Value) -> Value {
        let read = self.send(Method::POST, path, body);
        assert_eq!(read.code, 201, "{}", read.body);
        read.body
    }

    fn patch(&self, path: &str, body: &Value) -> Read {
        self.ask(&request(
            Method::PATCH,
            path,
            "application/merge-patch+json",
            body,
        ))
    }

    fn apply(&self, path: &str, body: &Value) -> Read {
        self.ask(&request(
            Method::PATCH,
            path,
            "application/apply-patch+yaml",
            body,
        ))
    }

    fn delete(&self, path: &str, body: &Value) -> Read {
        self.send(Method::DELETE, path, body)
    }

    /// Lets the collector do what the events so far call for.
    fn collect(&self) {
        crate::collector::settle(&self.context.api);
    }
}

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";

fn map(name: &str) -> Value {
    json!({"metadata": {"name": name}, "data": {"a": "b"}})
}

fn deployment(name: &str) -> Value {
    json!({
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "web", "image": "web:1"}]},
            },
        },
    })
}

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
fn a_list_comes_in_pages_and_each_object_once() {
    let server = server();
    for index in 0..7 {
        server.create(MAPS, &map(&format!("page-{index}")));
    }
    let (mut names, mut token) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("{MAPS}?limit=3&continue={token}")).body;
        let items = page["items"].as_array().unwrap().clone();
        assert!(items.len() <= 3);
        names.extend(
            items
                .iter()
                .map(|it| it["metadata"]["name"].as_str().unwrap().to_owned()),
        );
        match page["metadata"]["continue"].as_str() {
            Some(next) => next.clone_into(&mut token),
            None => break,
        }
    }
    assert_eq!(names.len(), 8, "{names:?}");
    names.dedup();
    assert_eq!(names.len(), 8);
}

#[test]
fn a_version_that_is_yet_to_come_is_not_awaited_for_ever() {
    let server = server();
    let early = server.get(&format!("{MAPS}?resourceVersion=99999"));
    assert_eq!(
        (early.code, early.body["reason"].as_str()),
        (504, Some("Timeout"))
    );
}

/// Returns the lines that a watch has sent so far.
fn lines(body: &mut Body) -> Vec<Value> {
    let frame = block_on(body.frame()).unwrap().unwrap();
    let bytes = frame.into_data().unwrap();
    let lines = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

#[test]
fn a_watch_with_a_selector_sees_objects_come_into_and_go_out_of_it() {
    let server = server();
    server.create(MAPS, &map("a"));
    let path = format!("{MAPS}?watch=true&labelSelector=app&resourceVersion=1");
    let request = request(Method::GET, &path, "", &Value::Null);
    let mut body = answer(&server.context, &request).into_body();
    server.patch(
        &format!("{MAPS}/a"),
        &json!({"metadata": {"labels": {"app": "x"}}}),
    );
    server.patch(&format!("{MAPS}/a"), &json!({"data": {"a": "c"}}));
    server.patch(&format!("{MAPS}/a"), &json!({"metadata": {"labels": null}}));
    let events = lines(&mut body);
    let types: Vec<&str> = events
        .iter()
        .map(|it| it["type"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["ADDED", "MODIFIED", "DELETED"]);
}

#[test]
fn a_watch_may_begin_with_what_is_there_and_says_when_that_ends() {
    let server = server();
    let path = format!(
        "{MAPS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&\
         allowWatchBookmarks=true"
    );
    let request = request(Method::GET, &path, "", &Value::Null);
    let events = lines(&mut answer(&server.context, &request).into_body());
    let last = events.last().unwrap();
    assert_eq!(
        (events[0]["type"].as_str(), last["type"].as_str()),
        (Some("ADDED"), Some("BOOKMARK"))
    );
    let annotations = &last["object"]["metadata"]["annotations"];
    assert_eq!(annotations["k8s.io/initial-events-end"], "true");
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
fn a_table_has_a_row_for_each_object() {
    let server = server();
    let mut list = request(Method::GET, "/api/v1/namespaces", "", &Value::Null);
    list.accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json".to_owned();
    let table = server.ask(&list).body;
    assert_eq!(
        (&table["kind"], &table["rows"][0]["cells"][0]),
        (&json!("Table"), &json!("default"))
    );
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
