use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{DesiredSet, Taker};

const US: Taker<'static> = Taker {
    manager: "us",
    also: &[],
};

fn entry(manager: &str, operation: &str, fields: &Value) -> Value {
    json!({"manager": manager, "operation": operation, "fieldsType": "FieldsV1", "fieldsV1": fields})
}

fn deployment(replicas: i64, owners: &[Value]) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "managedFields": owners},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": [
            {"name": "app", "image": "web:1", "args": ["-v"], "ports": [{"containerPort": 80, "protocol": "TCP"}]},
        ]}}},
    })
}

fn ignored(pointers: &[&str], managers: &[&str]) -> Ignored {
    let pointers = pointers.iter().map(|text| Pointer::parse(text).unwrap());
    Ignored {
        pointers: pointers.collect(),
        managers: managers.iter().map(|&name| name.to_owned()).collect(),
    }
}

/// Returns what is applied where the source has 1 replica and the image 2, and the live object has 5 replicas.
fn applied(ignored: &Ignored, owners: &[Value]) -> Value {
    let mut desired = deployment(1, &[]);
    desired["metadata"] = json!({"name": "web", "namespace": "shop"});
    desired["spec"]["template"]["spec"]["containers"][0]["image"] = "web:2".into();
    let container = &mut desired["spec"]["template"]["spec"]["containers"][0];
    container["ports"] = json!([{"containerPort": 80}]);
    left(&desired, &deployment(5, owners), ignored, "us").unwrap_or(desired)
}

fn ours(replicas: bool) -> Value {
    let container = json!({".": {}, "f:name": {}, "f:image": {}, "f:args": {},
        "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}}});
    let template = json!({"f:spec": {"f:containers": {"k:{\"name\":\"app\"}": container}}});
    let mut spec = json!({"f:template": template});
    if replicas {
        spec["f:replicas"] = json!({});
    }
    entry("us", "Apply", &json!({"f:spec": spec}))
}

fn scaled(manager: &str, operation: &str) -> Value {
    entry(manager, operation, &json!({"f:spec": {"f:replicas": {}}}))
}

#[test]
fn a_field_that_is_ours_keeps_its_value() {
    let ignored = ignored(&["/spec/replicas"], &[]);
    let applied = applied(&ignored, &[ours(true)]);
    assert_eq!(applied["spec"]["replicas"], 5);
    assert_eq!(
        applied["spec"]["template"]["spec"]["containers"][0]["image"],
        "web:2"
    );
}

#[test]
fn a_field_of_someone_else_is_left_out() {
    let ignored = ignored(&["/spec/replicas"], &[]);
    for owners in [
        vec![ours(false), scaled("autoscaler", "Update")],
        vec![ours(true), scaled("scaler", "Apply")],
        vec![ours(false)],
    ] {
        assert_eq!(applied(&ignored, &owners)["spec"].get("replicas"), None);
    }
}

#[test]
fn what_a_manager_owns_is_left_out_and_nothing_else() {
    let ignored = ignored(&[], &["autoscaler"]);
    let owners = [ours(false), scaled("autoscaler", "Update")];
    let applied = applied(&ignored, &owners);
    assert_eq!(applied["spec"].get("replicas"), None);
    assert_eq!(
        applied["spec"]["template"]["spec"]["containers"][0]["image"],
        "web:2"
    );
    let nobody = self::ignored(&[], &["someone"]);
    assert_eq!(self::applied(&nobody, &owners)["spec"]["replicas"], 1);
}

#[test]
fn positions_are_those_of_the_source_and_found_by_their_keys() {
    let at = "/spec/template/spec/containers/0";
    let image = ignored(&[&format!("{at}/image")], &[]);
    let container = &applied(&image, &[ours(true)])["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["image"], "web:1");
    let whole = applied(&ignored(&[at], &[]), &[ours(true)]);
    let container =
        json!({"name": "app", "image": "web:1", "args": ["-v"], "ports": [{"containerPort": 80}]});
    assert_eq!(
        whole["spec"]["template"]["spec"]["containers"],
        json!([container])
    );
    let key = applied(&ignored(&[&format!("{at}/name")], &[]), &[ours(true)]);
    assert_eq!(
        key["spec"]["template"]["spec"]["containers"][0]["name"],
        "app"
    );
}

#[test]
fn a_part_of_what_is_owned_as_a_whole_has_the_live_value_whoever_owns_it() {
    let ignored = ignored(&["/spec/template/spec/containers/0/args/0"], &[]);
    let mut desired = deployment(1, &[]);
    desired["spec"]["template"]["spec"]["containers"][0]["args"] = json!(["-q", "-w"]);
    let left = left(&desired, &deployment(1, &[ours(true)]), &ignored, "us").unwrap();
    let args = &left["spec"]["template"]["spec"]["containers"][0]["args"];
    assert_eq!(*args, json!(["-v", "-w"]));
}

#[test]
fn a_field_that_left_the_source_stays_while_it_is_ignored() {
    let mut desired = deployment(1, &[]);
    desired["spec"].as_object_mut().unwrap().remove("replicas");
    let live = deployment(5, &[ours(true)]);
    let kept = left(&desired, &live, &ignored(&["/spec/replicas"], &[]), "us").unwrap();
    assert_eq!(kept["spec"]["replicas"], 5);
}

#[test]
fn what_an_editor_of_kubectl_wrote_is_not_taken_over_when_it_is_ignored() {
    let unit = Unit::new("flux-system", "shop");
    let mut value = deployment(1, &[]);
    value["metadata"] = json!({"name": "web", "namespace": "shop",
        "annotations": {"windlass.dev/drift-ignore": "/spec/replicas, /spec/paused"}});
    let object = Object::new(value).unwrap();
    let set = DesiredSet::new(&unit, [object.clone()]).unwrap();
    let only = deployment(5, &[ours(false), scaled("kubectl-edit", "Update")]);
    assert_eq!(set.takes(&US, &object, &only), None);
    let more = entry(
        "kubectl-edit",
        "Update",
        &json!({"f:spec": {"f:replicas": {}, "f:minReadySeconds": {}}}),
    );
    let live = deployment(5, &[ours(false), more]);
    let patch = set.takes(&US, &object, &live).unwrap().patch(&live);
    let entries = patch[0]["value"].as_array().unwrap();
    assert_eq!(entries[1]["manager"], "kubectl-edit");
    assert_eq!(
        entries[1]["fieldsV1"],
        json!({"f:spec": {"f:replicas": {}}})
    );
    assert!(
        entries[0]["fieldsV1"]
            .to_string()
            .contains("minReadySeconds")
    );
}

#[test]
fn the_labels_of_the_unit_cannot_be_ignored() {
    let unit = Unit::new("flux-system", "shop");
    let mut value = deployment(1, &[]);
    value["metadata"] = json!({"name": "web", "namespace": "shop", "labels": {"a": "b"},
        "annotations": {"windlass.dev/drift-ignore": "/metadata/labels"}});
    let set = DesiredSet::new(&unit, [Object::new(value).unwrap()]).unwrap();
    let object = &set.objects().next().unwrap().open();
    let applied = set.to_apply(object, &deployment(1, &[]), "us");
    assert_eq!(Unit::of(applied.value()), Some(unit));
    assert_eq!(applied.label("a"), None);
}

#[test]
fn pointers_say_what_is_wrong_with_them() {
    let told = |text| Pointer::parse(text).unwrap_err().to_string();
    insta::assert_snapshot!(told("spec.replicas"), @r#""spec.replicas" is no JSON pointer; write one such as /spec/replicas"#);
    insta::assert_snapshot!(told("/spec/a~2"), @r#""/spec/a~2" is no JSON pointer; write one such as /spec/replicas"#);
    insta::assert_snapshot!(told("/metadata/name"), @"/metadata/name cannot be ignored: it says which object it is");
    for text in [
        "/",
        "",
        "/*",
        "/*/replicas",
        "/kind",
        "/apiVersion/a",
        "/metadata",
        "/metadata/*",
        "/metadata/namespace",
    ] {
        assert!(Pointer::parse(text).is_err(), "{text}");
    }
    let pointer = Pointer::parse("/metadata/annotations/example.com~1a~0b").unwrap();
    assert_eq!(
        pointer.to_string(),
        "/metadata/annotations/example.com~1a~0b"
    );
    let unit = Unit::new("flux-system", "shop");
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a",
        "annotations": {"windlass.dev/drift-ignore": "data"}}});
    let errors = DesiredSet::new(&unit, [Object::new(object).unwrap()]).unwrap_err();
    insta::assert_snapshot!(errors[0], @r#"annotations of ConfigMap/a: "data" is no JSON pointer; write one such as /spec/replicas"#);
}

fn selects(fields: &[(&str, &str)]) -> bool {
    let object = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web-1", "namespace": "shop", "labels": {"app": "web", "tier": "front"}}});
    let mut target = Target::default();
    for (field, text) in fields {
        target.set(field, text).unwrap();
    }
    target.selects(&Object::new(object).unwrap())
}

#[test]
fn a_target_selects_by_all_of_its_fields() {
    assert!(selects(&[]));
    assert!(selects(&[
        ("kind", "Deployment"),
        ("name", "web-.*"),
        ("namespace", "shop"),
        ("group", "apps")
    ]));
    assert!(!selects(&[("kind", "Deploy")]));
    assert!(!selects(&[("kind", "Deployment"), ("namespace", "other")]));
    for selector in [
        "app=web",
        "app==web,tier!=back",
        "tier in (front, back),!old",
        "app,old notin (a)",
    ] {
        assert!(selects(&[("labelSelector", selector)]), "{selector}");
    }
    for selector in ["app=api", "!app", "old", "tier notin (front)"] {
        assert!(!selects(&[("labelSelector", selector)]), "{selector}");
    }
    assert!(!selects(&[("annotationSelector", "a")]));
}

#[test]
fn a_target_says_what_is_wrong_with_it() {
    let told = |field, text| Target::default().set(field, text).unwrap_err().to_string();
    insta::assert_snapshot!(told("names", "a"), @"there is no names; a target has group, version, kind, name, namespace, labelSelector, annotationSelector");
    insta::assert_snapshot!(told("labelSelector", "a in b"), @r#""a in b" is no selector; write one such as app=web,tier in (a,b)"#);
    assert!(told("name", "(").starts_with("error parsing regexp: missing"));
}

#[test]
fn an_autoscaler_of_the_unit_has_the_replicas_of_what_it_scales_and_of_nothing_else() {
    let unit = Unit::new("flux-system", "shop");
    let autoscaler = |api_version: &str, kind: &str, target: Value| {
        json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "scaler", "namespace": "shop"},
            "spec": {"scaleTargetRef": target}})
    };
    let ours = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"});
    let cases = [
        (
            autoscaler("autoscaling/v2", "HorizontalPodAutoscaler", ours.clone()),
            true,
        ),
        (
            autoscaler("keda.sh/v1alpha1", "ScaledObject", json!({"name": "web"})),
            true,
        ),
        (
            autoscaler("keda.sh/v1alpha1", "ScaledObject", json!({"name": "other"})),
            false,
        ),
        (
            autoscaler(
                "autoscaling/v2",
                "HorizontalPodAutoscaler",
                json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web"}),
            ),
            false,
        ),
        (autoscaler("example.dev/v1", "Scaler", ours), false),
    ];
    for (scaler, is_scaled) in cases {
        let mut web = deployment(1, &[]);
        web["metadata"] = json!({"name": "web", "namespace": "shop"});
        let objects = [
            Object::new(web).unwrap(),
            Object::new(scaler.clone()).unwrap(),
        ];
        let set = DesiredSet::new(&unit, objects.clone()).unwrap();
        assert_eq!(set.ignores(objects[0].id()), is_scaled, "{scaler}");
    }
}

fn token() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "spec",
        "replicas",
        "template",
        "containers",
        "0",
        "1",
        "*",
        "metadata",
        "labels",
        "annotations",
        "name",
        "image",
        "args",
        "ports",
        "containerPort",
        "selector",
        "-",
        "f:spec",
        "~1",
    ])
}

proptest! {
    #[test]
    fn whatever_is_ignored_and_whoever_owns_it_an_object_stays_one_and_what_is_left_is_left_alone(
        tokens in prop::collection::vec(prop::collection::vec(token(), 1..7), 1..4),
        replicas in any::<bool>(),
        scaler in prop::sample::select(vec![("autoscaler", "Update"), ("scaler", "Apply"), ("us", "Update")]),
        managers in prop::sample::subsequence(vec!["us", "autoscaler", "scaler"], 0..3),
    ) {
        let pointers = tokens.iter().map(|tokens| format!("/{}", tokens.join("/")));
        let pointers: Vec<Pointer> = pointers.filter_map(|text| Pointer::parse(&text).ok()).collect();
        let managers = managers.into_iter().map(str::to_owned).collect();
        let ignored = Ignored { pointers, managers };
        let live = deployment(5, &[ours(replicas), scaled(scaler.0, scaler.1)]);
        let mut desired = deployment(1, &[]);
        desired["metadata"] = json!({"name": "web", "namespace": "shop", "labels": {"a": "b"}});
        let once = left(&desired, &live, &ignored, "us").unwrap_or_else(|| desired.clone());
        prop_assert!(Object::new(once.clone()).is_ok(), "{once}");
        let twice = left(&once, &live, &ignored, "us").unwrap_or_else(|| once.clone());
        prop_assert_eq!(twice, once);
    }
}

/// Returns the set of a deployment with this annotation, its autoscaler, and a time of a restart in the source.
fn set_without(off: &str) -> Result<DesiredSet, Vec<crate::DesiredError>> {
    let mut web = deployment(1, &[]);
    web["metadata"] = json!({"name": "web", "namespace": "shop",
        "annotations": {"windlass.dev/drift-known-off": off}});
    web["spec"]["template"]["metadata"] =
        json!({"annotations": {"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}});
    let scaler = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "scaler", "namespace": "shop"},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}});
    let objects = [Object::new(web).unwrap(), Object::new(scaler).unwrap()];
    DesiredSet::new(&Unit::new("flux-system", "shop"), objects)
}

#[test]
fn what_an_object_turns_off_of_the_known_differences_is_corrected_and_nothing_else_is() {
    let live = deployment(5, &[ours(true)]);
    let replicas = |off: &str| {
        let set = set_without(off).unwrap();
        let web = set.objects().find(|it| it.id().kind == "Deployment");
        let web = web.unwrap().open();
        let applied = set.to_apply(&web, &live, "us");
        let restarted = "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt";
        (
            applied.value()["spec"]["replicas"].clone(),
            applied.value().pointer(restarted).is_some(),
        )
    };
    assert_eq!(replicas(""), (json!(5), false));
    assert_eq!(replicas("injected-ca"), (json!(5), false));
    assert_eq!(replicas("scaled-replicas"), (json!(1), false));
    assert_eq!(replicas("restarted-at"), (json!(5), true));
    assert_eq!(replicas("scaled-replicas, restarted-at"), (json!(1), true));
    assert_eq!(replicas("all"), (json!(1), true));
}

#[test]
fn several_known_differences_of_one_object_are_all_left_to_others() {
    let revision = "deployment.kubernetes.io/revision";
    let mut web = deployment(1, &[]);
    web["metadata"] = json!({"name": "web", "namespace": "shop", "annotations": {revision: "3"}});
    let restarted = json!({"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"});
    web["spec"]["template"]["metadata"] = json!({"annotations": restarted});
    let object = Object::new(web).unwrap();
    let set = DesiredSet::new(&Unit::new("flux-system", "shop"), [object]).unwrap();
    let web = set.objects().next().unwrap().open();
    let applied = set.to_apply(&web, &deployment(1, &[ours(true)]), "us");
    let left = applied.value().to_string();
    assert!(
        !left.contains("revision") && !left.contains("restartedAt"),
        "{left}"
    );
}

#[test]
fn a_known_difference_that_is_not_left_to_others_cannot_be_turned_off() {
    for name in ["scaled", "status", "ALL"] {
        let errors = set_without(name).unwrap_err();
        let text = errors[0].to_string();
        assert!(
            text.contains(&format!("{name:?} is no known difference")),
            "{text}"
        );
    }
}

#[test]
fn the_manual_has_every_known_difference_with_its_name_and_no_other() {
    let page = include_str!("../../../../docs/src/reference/ignored.md");
    let rows = page.lines().skip_while(|line| !line.starts_with("| name "));
    let rows = rows.skip(2).take_while(|line| line.starts_with('|'));
    let known = KNOWN.iter().map(|it| {
        format!(
            "| `{}` | {} | {} | {} |",
            it.name,
            it.what,
            it.why,
            it.how.text()
        )
    });
    assert!(
        rows.eq(known),
        "the table of ignored.md is not that of the code"
    );
}
