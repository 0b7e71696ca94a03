use serde_json::json;

use super::*;
use crate::clock::SystemClock;

fn server() -> OfflineServer {
    OfflineServer::new("test", Arc::new(SystemClock))
}

fn job(image: &str) -> Value {
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once", "namespace": "shop"},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": image}]}}}})
}

#[test]
fn what_cannot_be_changed_is_refused_with_its_field() {
    let server = server();
    server.apply(&job("a:1")).unwrap();
    assert!(server.try_apply(&job("a:1")).is_ok());
    let Err(OfflineError::Refused {
        code,
        reason,
        causes,
        ..
    }) = server.try_apply(&job("a:2"))
    else {
        panic!("it is not refused");
    };
    assert_eq!((code, reason.as_str()), (422, "Invalid"));
    assert_eq!(causes[0].0, "spec.template");
}

#[test]
fn a_dry_run_leaves_nothing_behind() {
    let server = server();
    server.try_apply(&job("a:1")).unwrap();
    assert!(server.try_apply(&job("a:2")).is_ok());
}

#[test]
fn a_kind_is_known_once_its_definition_was_applied() {
    let server = server();
    let widget = |size: i64| {
        json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"},
            "spec": {"size": size}})
    };
    let unknown = server.try_apply(&widget(1)).unwrap_err();
    assert_eq!(
        unknown,
        OfflineError::UnknownKind(Gvk::new("example.com/v1", "Widget"))
    );
    let schema = json!({"type": "object", "properties": {"spec": {"type": "object",
        "properties": {"size": {"type": "integer"}},
        "x-kubernetes-validations": [{"rule": "self.size > 0", "message": "too small"}]}}});
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}]}});
    server.apply(&definition).unwrap();
    assert!(server.try_apply(&widget(1)).is_ok());
    let refused = server.try_apply(&widget(0)).unwrap_err();
    assert!(refused.to_string().contains("too small"), "{refused}");
}
