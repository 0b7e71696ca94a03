use serde_json::json;

use super::*;
use crate::Gvk;
use crate::schema::facts;

fn patched(kind: &str, target: &Value, patch: &Value) -> Result<Value, StrategicError> {
    let version = if kind == "Deployment" {
        "apps/v1"
    } else {
        "v1"
    };
    let schema = facts().schema(&Gvk::new(version, kind)).unwrap();
    let mut target = target.clone();
    strategic_merge_patch(&mut target, patch, schema).map(|()| target)
}

fn pod(containers: &Value) -> Value {
    json!({"spec": {"containers": containers}})
}

#[test]
fn containers_merge_by_name_with_new_ones_before_those_that_are_not_named() {
    let target = pod(&json!([{"name": "a", "image": "a:1", "tty": true}, {"name": "b"}]));
    let patch = pod(&json!([{"name": "a", "image": "a:2", "tty": null}, {"name": "c"}]));
    assert_eq!(
        patched("Pod", &target, &patch).unwrap(),
        pod(&json!([{"name": "a", "image": "a:2"}, {"name": "c"}, {"name": "b"}]))
    );
}

#[test]
fn items_are_deleted_and_lists_replaced_by_directives() {
    let target = pod(&json!([{"name": "a"}, {"name": "b"}]));
    let deleted = pod(&json!([{"name": "a", "$patch": "delete"}]));
    assert_eq!(
        patched("Pod", &target, &deleted).unwrap(),
        pod(&json!([{"name": "b"}]))
    );
    let replaced = pod(&json!([{"$patch": "replace"}, {"name": "c"}]));
    assert_eq!(
        patched("Pod", &target, &replaced).unwrap(),
        pod(&json!([{"name": "c"}]))
    );
}

#[test]
fn a_mapping_is_replaced_or_emptied_by_a_directive() {
    let target = json!({"spec": {"template": {"metadata": {"labels": {"a": "1"}}}}});
    for (patch, labels) in [
        (json!({"$patch": "replace", "b": "2"}), json!({"b": "2"})),
        (json!({"$patch": "delete"}), json!({})),
    ] {
        let patch = json!({"spec": {"template": {"metadata": {"labels": patch}}}});
        let result = patched("Deployment", &target, &patch).unwrap();
        assert_eq!(result["spec"]["template"]["metadata"]["labels"], labels);
    }
}

#[test]
fn finalizers_merge_as_a_set_and_are_deleted_by_name() {
    let target = json!({"metadata": {"finalizers": ["a", "b"]}});
    let patch = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"], "finalizers": ["c", "b"]}});
    assert_eq!(
        patched("Pod", &target, &patch).unwrap(),
        json!({"metadata": {"finalizers": ["c", "b"]}})
    );
}

#[test]
fn the_order_of_items_follows_the_directive_and_others_stay() {
    let target = pod(&json!([{"name": "a"}, {"name": "x"}, {"name": "b"}]));
    let patch = json!({"spec": {
        "$setElementOrder/containers": [{"name": "b"}, {"name": "c"}, {"name": "a"}],
        "containers": [{"name": "c"}]}});
    assert_eq!(
        patched("Pod", &target, &patch).unwrap(),
        pod(&json!([{"name": "x"}, {"name": "b"}, {"name": "c"}, {"name": "a"}]))
    );
}

#[test]
fn retained_keys_drive_out_the_others() {
    let target =
        json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}});
    let patch = json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}});
    assert_eq!(
        patched("Deployment", &target, &patch).unwrap(),
        json!({"spec": {"strategy": {"type": "Recreate"}}})
    );
    let stray = json!({"spec": {"strategy": {"$retainKeys": ["type"], "rollingUpdate": {}}}});
    assert!(patched("Deployment", &target, &stray).is_err());
}

#[test]
fn what_is_new_comes_without_directives() {
    let patch = json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"},
        "template": {"spec": {"$setElementOrder/containers": [{"name": "a"}],
            "containers": [{"name": "a", "env": [{"name": "A", "$patch": "delete"}]}]}}}});
    assert_eq!(
        patched("Deployment", &json!({}), &patch).unwrap(),
        json!({"spec": {"strategy": {"type": "Recreate"},
            "template": {"spec": {"containers": [{"name": "a", "env": []}]}}}})
    );
}

#[test]
fn an_item_without_its_merge_key_is_refused_without_telling_values() {
    let target = pod(&json!([{"name": "a"}]));
    let error = patched("Pod", &target, &pod(&json!([{"image": "secret"}]))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "map: [\"image\"] does not contain declared merge key: name"
    );
}

#[test]
fn a_list_without_strategy_is_replaced() {
    let target = pod(&json!([{"name": "a", "args": ["1", "2"]}]));
    let patch = pod(&json!([{"name": "a", "args": ["3"]}]));
    let result = patched("Pod", &target, &patch).unwrap();
    assert_eq!(result["spec"]["containers"][0]["args"], json!(["3"]));
}
