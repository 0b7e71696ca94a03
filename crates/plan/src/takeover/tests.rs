use serde_json::json;

use super::*;

const US: Taker<'static> = Taker {
    manager: "us",
    also: &[],
};

fn desired(annotations: &Value) -> Object {
    Object::new(json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "a", "namespace": "b", "annotations": annotations}, "data": {"ours": "1"},
    }))
    .unwrap()
}

fn entry(manager: &str, operation: &str, fields: &Value) -> Value {
    json!({"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsType": "FieldsV1",
        "fieldsV1": fields})
}

fn live(entries: &[Value]) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "a", "namespace": "b", "resourceVersion": "7", "managedFields": entries},
        "data": {"ours": "1", "old": "2", "shared": "3", "unowned": "4"},
    })
}

#[test]
fn the_fields_of_kubectl_become_ours_and_those_of_others_stay_theirs() {
    let live = live(&[
        entry(
            "kubectl-client-side-apply",
            "Update",
            &json!({"f:data": {".": {}, "f:old": {}}}),
        ),
        entry("us", "Apply", &json!({"f:data": {"f:ours": {}}})),
        entry(
            "kubectl-edit",
            "Update",
            &json!({"f:data": {"f:shared": {}}}),
        ),
        entry("hpa", "Update", &json!({"f:data": {"f:shared": {}}})),
    ]);
    let taken = US.takes(&desired(&json!({})), &live).unwrap();
    assert_eq!(taken.from, ["kubectl-client-side-apply", "kubectl-edit"]);
    let ours = json!({"f:data": {"f:ours": {}, ".": {}, "f:old": {}, "f:shared": {}}});
    assert_eq!(
        taken.patch(&live),
        json!([
            {"op": "replace", "path": "/metadata/managedFields", "value": [
                entry("us", "Apply", &ours),
                entry("hpa", "Update", &json!({"f:data": {"f:shared": {}}})),
            ]},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"},
        ])
    );
    let foreseen = taken.foresee(&live, &US);
    assert_eq!(
        foreseen["data"],
        json!({"ours": "1", "shared": "3", "unowned": "4"})
    );
}

#[test]
fn the_first_entry_becomes_ours_where_we_have_none() {
    let live = live(&[entry("kubectl", "Apply", &json!({"f:data": {"f:old": {}}}))]);
    let taken = US.takes(&desired(&json!({})), &live).unwrap();
    let ours = entry("us", "Apply", &json!({"f:data": {"f:old": {}}}));
    assert_eq!(taken.patch(&live)[0]["value"], json!([ours]));
}

#[test]
fn nothing_is_taken_of_scales_and_statuses_and_of_strangers_and_from_what_is_merged() {
    let fields = json!({"f:data": {"f:old": {}}});
    let mut scale = entry("kubectl", "Update", &fields);
    scale["subresource"] = "scale".into();
    let stranger = entry("hpa", "Update", &fields);
    let ours = entry("us", "Apply", &fields);
    let plain = desired(&json!({}));
    assert_eq!(
        US.takes(&plain, &live(&[scale, stranger.clone(), ours])),
        None
    );
    let merge = desired(&json!({"kustomize.toolkit.fluxcd.io/ssa": "merge"}));
    let kubectl = entry("kubectl", "Update", &fields);
    assert_eq!(
        US.takes(&merge, &live(std::slice::from_ref(&kubectl))),
        None
    );
    let also = ["hpa".to_owned()];
    let taker = Taker { also: &also, ..US };
    assert_eq!(
        taker.takes(&plain, &live(&[stranger])).unwrap().from,
        ["hpa"]
    );
}

#[test]
fn the_note_of_kubectl_goes_unless_the_source_has_it() {
    let note = json!({"kubectl.kubernetes.io/last-applied-configuration": "{}"});
    let mut live = live(&[]);
    live["metadata"]["annotations"] = note.clone();
    assert_eq!(US.takes(&desired(&note), &live), None);
    let taken = US.takes(&desired(&json!({})), &live).unwrap();
    assert_eq!(
        taken.foresee(&live, &US)["metadata"]["annotations"],
        json!({})
    );
    let path = "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration";
    assert_eq!(taken.patch(&live)[2], json!({"op": "remove", "path": path}));
}

#[test]
fn elements_go_with_their_fields_and_lists_with_their_elements() {
    let container = |name: &str| format!("k:{{\"name\":\"{name}\"}}");
    let mut value = json!({"spec": {
        "containers": [{"name": "app", "image": "a", "tty": true}, {"name": "log", "image": "b"}],
        "finalizers": ["a", "b"],
        "strategy": {"rollingUpdate": {"maxSurge": 1}},
    }});
    let taken = json!({"f:spec": {
        "f:containers": {
            (container("app")): {".": {}, "f:name": {}, "f:image": {}, "f:tty": {}},
            (container("log")): {".": {}, "f:name": {}, "f:image": {}},
        },
        "f:finalizers": {".": {}, "v:\"a\"": {}, "v:\"b\"": {}},
        "f:strategy": {"f:rollingUpdate": {"f:maxSurge": {}}},
    }});
    let kept = json!({"f:spec": {
        "f:containers": {(container("app")): {".": {}, "f:name": {}, "f:image": {}}},
        "f:finalizers": {"v:\"b\"": {}},
    }});
    without(
        &mut value,
        taken.as_object().unwrap(),
        &[kept.as_object().unwrap()],
    );
    assert_eq!(
        value,
        json!({"spec": {"containers": [{"name": "app", "image": "a"}], "finalizers": ["b"]}})
    );
}
