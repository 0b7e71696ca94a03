use serde_json::json;

use super::*;

const LABEL: &str = "app";

/// A Deployment as it is written, and as a server has it once it is applied.
fn applied() -> (Value, Value) {
    let desired = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "labels": {LABEL: "web"}},
        "spec": {
            "selector": {"matchLabels": {LABEL: "web"}},
            "template": {
                "metadata": {"labels": {LABEL: "web"}},
                "spec": {"hostNetwork": false, "containers": [
                    {"name": "web", "image": "web:1", "ports": [{"containerPort": 80}], "args": ["-v"]},
                    {"name": "log", "image": "log:1"},
                ]},
            },
        },
    });
    let mut live = desired.clone();
    let pod = &mut live["spec"]["template"]["spec"];
    pod.as_object_mut().unwrap().remove("hostNetwork");
    pod["containers"][0]["ports"][0]["protocol"] = "TCP".into();
    pod["containers"][0]["imagePullPolicy"] = "IfNotPresent".into();
    live["spec"]["replicas"] = 1.into();
    live["metadata"]["managedFields"] = json!([
        {"manager": "controller", "operation": "Update", "subresource": "status", "apiVersion": "apps/v1",
         "fieldsType": "FieldsV1", "fieldsV1": {"f:status": {"f:replicas": {}}}},
        {"manager": "ci", "operation": "Apply", "apiVersion": "apps/v1", "fieldsType": "FieldsV1", "fieldsV1": {
            "f:metadata": {"f:labels": {"f:app": {}}},
            "f:spec": {"f:selector": {}, "f:template": {
                "f:metadata": {"f:labels": {"f:app": {}}},
                "f:spec": {"f:hostNetwork": {}, "f:containers": {
                    "k:{\"name\":\"web\"}": {".": {}, "f:name": {}, "f:image": {}, "f:args": {}, "f:ports": {
                        "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}},
                    }},
                    "k:{\"name\":\"log\"}": {".": {}, "f:name": {}, "f:image": {}},
                }},
            }},
        }},
    ]);
    (desired, live)
}

fn settled(desired: &Value, live: &Value) -> bool {
    is_settled(&Object::new(desired.clone()).unwrap(), live, "ci")
}

/// Whether it is settled after `change` to what is desired and what is live.
fn after(change: impl FnOnce(&mut Value, &mut Value)) -> bool {
    let (mut desired, mut live) = applied();
    change(&mut desired, &mut live);
    settled(&desired, &live)
}

const WEB: &str = "/spec/template/spec/containers/0";

#[test]
fn what_is_as_it_was_applied_is_settled() {
    assert!(after(|_, _| {}));
}

#[test]
fn a_change_of_what_is_desired_or_live_is_not_settled() {
    let image = "/spec/template/spec/containers/0/image";
    for pointer in [
        "/spec/selector/matchLabels/app",
        image,
        "/metadata/labels/app",
    ] {
        assert!(
            !after(|desired, _| *desired.pointer_mut(pointer).unwrap() = "2".into()),
            "{pointer}"
        );
        assert!(
            !after(|_, live| *live.pointer_mut(pointer).unwrap() = "2".into()),
            "{pointer}"
        );
    }
}

#[test]
fn what_is_not_desired_any_more_would_be_removed() {
    assert!(!after(|desired, _| drop(
        desired["metadata"]
            .as_object_mut()
            .unwrap()
            .remove("labels")
    )));
    assert!(!after(|desired, _| {
        drop(
            desired
                .pointer_mut(WEB)
                .unwrap()
                .as_object_mut()
                .unwrap()
                .remove("image"),
        );
    }));
}

#[test]
fn what_is_live_as_desired_but_not_ours_would_become_ours() {
    assert!(!after(|desired, _| desired["spec"]["replicas"] = 1.into()));
    assert!(!after(
        |desired, _| desired.pointer_mut(WEB).unwrap()["imagePullPolicy"] = "IfNotPresent".into()
    ));
}

#[test]
fn what_others_add_does_not_matter() {
    assert!(after(
        |_, live| live["metadata"]["annotations"] = json!({"a": "b"})
    ));
    assert!(after(|_, live| {
        let containers = live.pointer_mut("/spec/template/spec/containers").unwrap();
        containers
            .as_array_mut()
            .unwrap()
            .insert(1, json!({"name": "injected"}));
    }));
}

#[test]
fn items_in_another_order_are_put_in_ours() {
    assert!(!after(|_, live| {
        let containers = live.pointer_mut("/spec/template/spec/containers").unwrap();
        containers.as_array_mut().unwrap().swap(0, 1);
    }));
}

#[test]
fn a_field_that_the_server_leaves_out_when_empty_may_be_missing() {
    assert!(!after(
        |desired, _| desired["spec"]["template"]["spec"]["hostNetwork"] = true.into()
    ));
}

#[test]
fn what_is_left_out_and_owned_by_others_too_may_be_disowned_by_an_apply() {
    let other = |below: Value| {
        move |_: &mut Value, live: &mut Value| {
            let fields = json!({"f:spec": {"f:template": {"f:spec": {"f:hostNetwork": below}}}});
            live["metadata"]["managedFields"][0]["fieldsV1"] = fields;
        }
    };
    assert!(!after(other(json!({}))));
    assert!(after(other(json!({"f:mode": {}}))), "that is another field");
}

#[test]
fn an_item_without_a_key_is_not_the_one_that_we_applied_with_it() {
    assert!(!after(|_, live| {
        let owned =
            &mut live["metadata"]["managedFields"][1]["fieldsV1"]["f:spec"]["f:template"]["f:spec"];
        let ports = &mut owned["f:containers"]["k:{\"name\":\"web\"}"]["f:ports"];
        ports["k:{\"containerPort\":80,\"protocol\":\"TCP\"}"]["f:protocol"] = json!({});
    }));
}

#[test]
fn fields_of_kubectl_are_to_be_taken_over() {
    for manager in ["kubectl", "kubectl-client-side-apply", "before-first-apply"] {
        assert!(!after(
            |_, live| live["metadata"]["managedFields"][0]["manager"] = manager.into()
        ));
    }
}

#[test]
fn only_one_apply_in_the_same_version_counts() {
    for (key, value) in [
        ("apiVersion", "apps/v1beta1"),
        ("operation", "Update"),
        ("subresource", "scale"),
    ] {
        assert!(
            !after(|_, live| live["metadata"]["managedFields"][1][key] = value.into()),
            "{key}"
        );
    }
    assert!(!after(
        |_, live| live["metadata"]["managedFields"][0]["manager"] = "ci".into()
    ));
    assert!(!after(|_, live| drop(
        live["metadata"]
            .as_object_mut()
            .unwrap()
            .remove("managedFields")
    )));
}

#[test]
fn how_an_object_is_applied_is_for_the_plan_to_say() {
    assert!(!after(
        |_, live| live["metadata"]["annotations"] = json!({HOW: "Merge"})
    ));
}

#[test]
fn a_mapping_that_was_applied_empty_does_not_own_what_others_put_in() {
    let object = |spec: Value| json!({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": spec});
    let mut live = object(json!({"options": {"a": "1"}}));
    live["metadata"]["managedFields"] = json!([{"manager": "ci", "operation": "Apply", "apiVersion": "example.com/v1",
        "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:options": {}}}}]);
    assert!(!settled(&object(json!({"options": {"a": "1"}})), &live));
    live["spec"]["options"] = json!({});
    assert!(settled(&object(json!({"options": {}})), &live));
}
