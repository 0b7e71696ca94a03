use serde_json::json;
use windlass_object::Gvk;
use windlass_object::schema::facts;

use super::*;
use crate::status::Cause;

fn deployment_schema() -> &'static Schema {
    facts().schema(&Gvk::new("apps/v1", "Deployment")).unwrap()
}

fn deployment(spec: impl Into<Value>) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"}, "spec": spec.into()})
}

fn containers(containers: impl Into<Value>) -> Value {
    json!({"template": {"spec": {"containers": containers.into()}}})
}

struct Apply {
    manager: &'static str,
    on_conflict: OnConflict,
    time: &'static str,
}

fn by(manager: &'static str) -> Apply {
    Apply {
        manager,
        on_conflict: OnConflict::Fail,
        time: "2026-01-01T00:00:00Z",
    }
}

impl Apply {
    fn at(self, time: &'static str) -> Self {
        Self { time, ..self }
    }

    fn force(self) -> Self {
        Self {
            on_conflict: OnConflict::TakeOver,
            ..self
        }
    }

    fn writer<'a>(&self, ignored: &'a FieldSet) -> Writer<'a>
    where
        'static: 'a,
    {
        Writer {
            manager: self.manager,
            api_version: "apps/v1",
            is_custom: false,
            subresource: "",
            time: self.time,
            ignored,
        }
    }

    fn apply(&self, live: &Value, applied: &Value) -> Result<Value, ApplyError> {
        let ignored = ignored_fields(true, "");
        let writer = self.writer(&ignored);
        apply(
            live,
            applied,
            deployment_schema(),
            &writer,
            self.on_conflict,
        )
    }

    fn update(&self, live: &Value, new: Value) -> Value {
        let ignored = ignored_fields(true, "");
        update(live, new, deployment_schema(), &self.writer(&ignored))
    }
}

fn owned_by<'a>(object: &'a Value, manager: &str) -> &'a Value {
    let entries = object["metadata"]["managedFields"].as_array().unwrap();
    let found = entries.iter().find(|entry| entry["manager"] == manager);
    &found.unwrap_or_else(|| panic!("no {manager} in {entries:?}"))["fieldsV1"]
}

#[test]
fn a_new_object_is_owned_by_its_applier_without_its_identity() {
    let applied = deployment(json!({"replicas": 2, "template": {"spec": {"containers": [
        {"name": "web", "image": "web:1", "ports": [{"containerPort": 80}]}]}}}));
    let object = by("ci").apply(&Value::Null, &applied).unwrap();
    assert_eq!(
        object["metadata"]["managedFields"],
        json!([{
            "apiVersion": "apps/v1", "fieldsType": "FieldsV1", "manager": "ci",
            "operation": "Apply", "time": "2026-01-01T00:00:00Z",
            "fieldsV1": {"f:spec": {"f:replicas": {}, "f:template": {"f:spec": {"f:containers": {
                "k:{\"name\":\"web\"}": {".": {}, "f:name": {}, "f:image": {}, "f:ports": {
                    "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}}}}}}}},
        }])
    );
}

#[test]
fn a_changed_field_of_another_manager_is_a_conflict() {
    let live =
        by("kubectl-client-side-apply").update(&Value::Null, deployment(json!({"replicas": 1})));
    let error = by("ci").apply(&live, &deployment(json!({"replicas": 2})));
    let error = error.unwrap_err();
    insta::assert_snapshot!(error, @r#"Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using apps/v1: .spec.replicas"#);
    let ApplyError::Conflicts(conflicts) = error else {
        panic!("{error}");
    };
    assert_eq!(
        conflicts[0].cause(),
        Cause::new(
            "FieldManagerConflict",
            ".spec.replicas",
            "conflict with \"kubectl-client-side-apply\" using apps/v1"
        )
    );
}

#[test]
fn several_conflicts_are_listed_by_manager() {
    let live = by("one")
        .apply(&Value::Null, &deployment(json!({"replicas": 1})))
        .unwrap();
    let live = by("two")
        .apply(
            &live,
            &deployment(containers(json!([{"name": "web", "image": "web:1"}]))),
        )
        .unwrap();
    let applied = deployment(json!({"replicas": 2, "template": {"spec": {"containers": [
        {"name": "web", "image": "web:2"}]}}}));
    insta::assert_snapshot!(by("ci").apply(&live, &applied).unwrap_err(), @r#"
    Apply failed with 2 conflicts: conflicts with "one":
    - .spec.replicas
    conflicts with "two":
    - .spec.template.spec.containers[name="web"].image
    "#);
}

#[test]
fn the_same_value_is_shared_without_conflict() {
    let live = by("one")
        .apply(&Value::Null, &deployment(json!({"replicas": 1})))
        .unwrap();
    let shared = by("two")
        .apply(&live, &deployment(json!({"replicas": 1})))
        .unwrap();
    assert_eq!(owned_by(&shared, "one"), owned_by(&shared, "two"));
}

#[test]
fn force_takes_the_field_from_its_owner() {
    let live = by("one")
        .apply(
            &Value::Null,
            &deployment(json!({"replicas": 1, "paused": true})),
        )
        .unwrap();
    let taken = by("two")
        .force()
        .apply(&live, &deployment(json!({"replicas": 2})))
        .unwrap();
    assert_eq!(taken["spec"], json!({"replicas": 2, "paused": true}));
    assert_eq!(
        owned_by(&taken, "one"),
        &json!({"f:spec": {"f:paused": {}}})
    );
    assert_eq!(
        owned_by(&taken, "two"),
        &json!({"f:spec": {"f:replicas": {}}})
    );
}

#[test]
fn a_field_no_longer_applied_goes_unless_another_manager_owns_it() {
    let both = deployment(json!({"replicas": 1, "paused": true}));
    let live = by("one").apply(&Value::Null, &both).unwrap();
    let live = by("two")
        .apply(&live, &deployment(json!({"paused": true})))
        .unwrap();
    let less = by("one").apply(&live, &deployment(json!({}))).unwrap();
    assert_eq!(less["spec"], json!({"paused": true}));
}

#[test]
fn an_item_no_longer_applied_goes_with_all_that_nobody_owns() {
    let two = containers(json!([
        {"name": "web", "image": "web:1"},
        {"name": "log", "image": "log:1", "env": [{"name": "A", "value": "1"}]}]));
    let live = by("one").apply(&Value::Null, &deployment(two)).unwrap();
    let mut defaulted = live.clone();
    defaulted["spec"]["template"]["spec"]["containers"][1]["imagePullPolicy"] = "Always".into();
    let one = deployment(containers(json!([{"name": "web", "image": "web:1"}])));
    let less = by("one").apply(&defaulted, &one).unwrap();
    assert_eq!(
        less["spec"],
        containers(json!([{"name": "web", "image": "web:1"}]))
    );
}

#[test]
fn items_of_both_follow_the_configuration_and_others_keep_their_place() {
    let names = |names: &[&str]| {
        let items: Vec<_> = names.iter().map(|name| json!({"name": name})).collect();
        deployment(containers(json!(items)))
    };
    let live = by("one")
        .apply(&Value::Null, &names(&["a", "b", "x", "c"]))
        .unwrap();
    let merged = by("two").apply(&live, &names(&["c", "new", "a"])).unwrap();
    let items = merged["spec"]["template"]["spec"]["containers"]
        .as_array()
        .unwrap();
    let order: Vec<_> = items
        .iter()
        .map(|item| item["name"].as_str().unwrap())
        .collect();
    assert_eq!(order, ["b", "x", "c", "new", "a"]);
}

#[test]
fn applying_the_same_again_changes_nothing_not_even_the_time() {
    let applied = deployment(containers(json!([{"name": "web", "image": "web:1"}])));
    let live = by("ci").apply(&Value::Null, &applied).unwrap();
    let again = by("ci")
        .at("2026-01-02T00:00:00Z")
        .apply(&live, &applied)
        .unwrap();
    assert_eq!(again, live);
}

#[test]
fn an_update_takes_what_it_changes_and_leaves_the_rest() {
    let live = by("ci")
        .apply(
            &Value::Null,
            &deployment(json!({"replicas": 1, "paused": true})),
        )
        .unwrap();
    let mut new = live.clone();
    new["spec"]["replicas"] = 5.into();
    let updated = by("hpa").at("2026-01-02T00:00:00Z").update(&live, new);
    assert_eq!(
        owned_by(&updated, "ci"),
        &json!({"f:spec": {"f:paused": {}}})
    );
    assert_eq!(
        owned_by(&updated, "hpa"),
        &json!({"f:spec": {"f:replicas": {}}})
    );
}

#[test]
fn a_created_object_is_owned_in_all_that_go_would_not_write_anyway() {
    let object = deployment(json!({
        "selector": {"matchLabels": {"app": "web"}},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [
            {"name": "web", "image": "web:1", "resources": {}}]}}}));
    let created = by("kubectl-create").update(&Value::Null, object);
    assert_eq!(
        owned_by(&created, "kubectl-create"),
        &json!({"f:spec": {
            "f:selector": {},
            "f:strategy": {"f:rollingUpdate": {".": {}, "f:maxSurge": {}}, "f:type": {}},
            "f:template": {
                "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
                "f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {
                    ".": {}, "f:image": {}, "f:name": {}, "f:resources": {}}}},
            },
        }})
    );
}

#[test]
fn what_was_there_before_the_first_apply_has_an_owner_of_its_own() {
    let live = deployment(json!({"replicas": 1}));
    let applied = deployment(json!({"paused": true}));
    let object = by("ci").apply(&live, &applied).unwrap();
    assert_eq!(
        owned_by(&object, "before-first-apply"),
        &json!({"f:spec": {"f:replicas": {}}})
    );
}

#[test]
fn kubectl_takes_over_what_its_annotation_still_describes() {
    let mut live = deployment(json!({"replicas": 1}));
    live["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/last-applied-configuration":
        deployment(json!({"replicas": 1})).to_string()});
    let live = by("kubectl-client-side-apply").update(&Value::Null, live);
    let applied = deployment(json!({"replicas": 3}));
    let object = by("kubectl").apply(&live, &applied).unwrap();
    assert_eq!(object["spec"]["replicas"], 3);
    let text =
        object["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"]
            .as_str();
    assert!(text.unwrap().contains("\"replicas\":3"));
    assert!(by("other").apply(&live, &applied).is_err());
}

#[test]
fn owners_are_reset_by_one_empty_entry_and_kept_by_an_empty_list() {
    let live = by("ci")
        .apply(&Value::Null, &deployment(json!({"replicas": 1})))
        .unwrap();
    let mut reset = live.clone();
    reset["metadata"]["managedFields"] = json!([{}]);
    assert_eq!(
        by("edit").update(&live, reset)["metadata"].get("managedFields"),
        None
    );
    let mut kept = live.clone();
    kept["metadata"]["managedFields"] = json!([]);
    assert_eq!(by("edit").update(&live, kept), live);
}

#[test]
fn the_status_is_not_owned_by_those_who_apply_the_object() {
    let mut applied = deployment(json!({"replicas": 1}));
    applied["status"] = json!({"replicas": 7});
    let object = by("ci").apply(&Value::Null, &applied).unwrap();
    assert_eq!(
        owned_by(&object, "ci"),
        &json!({"f:spec": {"f:replicas": {}}})
    );
}

#[test]
fn a_configuration_that_does_not_fit_says_where() {
    let applied = deployment(
        json!({"foo": 1, "replicas": "two", "template": {"spec": {"containers": [
        {"image": "web:1"}, {"name": "a"}, {"name": "a"}]}}}),
    );
    insta::assert_snapshot!(by("ci").apply(&Value::Null, &applied).unwrap_err(), @r#"
    failed to create typed patch object (shop/web; apps/v1, Kind=Deployment): .spec.foo: field not declared in schema
    .spec.replicas: expected numeric (int or float), got string
    .spec.template.spec.containers: element 0: associative list with keys has an element that omits key field "name" (and doesn't have default value)
    .spec.template.spec.containers: duplicate entries for key [name="a"]
    "#);
}

#[test]
fn a_configuration_with_owners_is_refused() {
    let mut applied = deployment(json!({}));
    applied["metadata"]["managedFields"] = json!([{"manager": "x", "operation": "Apply"}]);
    let error = by("ci").apply(&Value::Null, &applied).unwrap_err();
    assert_eq!(error, ApplyError::ManagedFields);
}
