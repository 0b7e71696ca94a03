//! Fields that are left to others; on both servers.

use http::Method;
use serde_json::{Value, json};
use windlass_object::Object;
use windlass_plan::{DesiredSet, IgnoreRule, Ignored, Op, Pointer, Target};

use crate::unit::{Applier, on_both_servers, only};
use crate::world::{self, Fate, in_world};

fn deployment(image: &str, replicas: Option<u32>, annotations: &Value) -> Value {
    let labels = json!({"app": "web"});
    let containers = json!([{"name": "app", "image": image}]);
    let template = json!({"metadata": {"labels": labels}, "spec": {"containers": containers}});
    let mut spec = json!({"selector": {"matchLabels": labels}, "template": template});
    if let Some(replicas) = replicas {
        spec["replicas"] = replicas.into();
    }
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec,
        "metadata": {"name": "web", "annotations": annotations}})
}

fn pointers() -> Value {
    json!({"windlass.dev/drift-ignore": "/spec/replicas"})
}

fn managers() -> Value {
    json!({"windlass.dev/drift-ignore-managers": "kube-controller-manager"})
}

/// Does what an autoscaler does.
async fn scale(unit: &Applier, replicas: u32) {
    let name = "web/scale?fieldManager=kube-controller-manager";
    let path = unit.path("apis/apps/v1", "deployments", name);
    let patch = json!({"spec": {"replicas": replicas}});
    unit.send(Method::PATCH, &path, "merge-patch+json", &patch)
        .await;
}

/// Applies the replicas as another manager, without force.
async fn apply_replicas(unit: &Applier, replicas: u32) {
    let path = unit.path("apis/apps/v1", "deployments", "web?fieldManager=scaler");
    let body = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web"}, "spec": {"replicas": replicas}});
    unit.send(Method::PATCH, &path, "apply-patch+yaml", &body)
        .await;
}

/// Does what `kubectl edit` does.
async fn edit(unit: &Applier, patch: &Value) {
    let name = "web?fieldManager=kubectl-edit";
    let path = unit.path("apis/apps/v1", "deployments", name);
    unit.send(Method::PATCH, &path, "strategic-merge-patch+json", patch)
        .await;
}

async fn live(unit: &Applier) -> Value {
    unit.get(&unit.path("apis/apps/v1", "deployments", "web"))
        .await
}

async fn replicas(unit: &Applier) -> Value {
    live(unit).await["spec"]["replicas"].clone()
}

async fn is_nothing_to_do(unit: &Applier, object: &Value) {
    let plan = unit.plan(std::slice::from_ref(object)).await;
    assert_eq!(only(&plan).op, Op::Unchanged, "{plan}");
}

#[test]
fn what_an_autoscaler_sets_stays_whatever_the_source_says_of_it() {
    for annotations in [pointers(), managers()] {
        on_both_servers(async |mut unit| {
            let object = deployment("web:1", Some(2), &annotations);
            unit.converge(std::slice::from_ref(&object)).await;
            assert_eq!(replicas(&unit).await, 2);
            scale(&unit, 5).await;
            is_nothing_to_do(&unit, &object).await;
            is_nothing_to_do(&unit, &deployment("web:1", Some(3), &annotations)).await;
            let plan = unit
                .converge(&[deployment("web:2", Some(2), &annotations)])
                .await;
            assert_eq!(only(&plan).op, Op::Update, "{plan}");
            assert_eq!(replicas(&unit).await, 5);
            // It is the autoscaler's alone, so that it may change it again, and the source forget it.
            scale(&unit, 6).await;
            unit.converge(&[deployment("web:1", None, &annotations)])
                .await;
            assert_eq!(replicas(&unit).await, 6);
        });
    }
}

#[test]
fn what_is_ours_and_ignored_keeps_its_value_when_the_source_changes_or_forgets_it() {
    on_both_servers(async |mut unit| {
        unit.converge(&[deployment("web:1", Some(2), &pointers())])
            .await;
        unit.converge(&[deployment("web:2", Some(3), &pointers())])
            .await;
        assert_eq!(replicas(&unit).await, 2);
        unit.converge(&[deployment("web:3", None, &pointers())])
            .await;
        assert_eq!(replicas(&unit).await, 2);
        let plan = unit
            .converge(&[deployment("web:3", Some(4), &json!({}))])
            .await;
        assert_eq!(only(&plan).op, Op::Update, "{plan}");
        assert_eq!(replicas(&unit).await, 4);
    });
}

#[test]
fn what_somebody_edits_with_kubectl_stays_when_it_is_ignored_and_goes_when_not() {
    on_both_servers(async |mut unit| {
        let object = deployment("web:1", Some(2), &pointers());
        unit.converge(std::slice::from_ref(&object)).await;
        edit(&unit, &json!({"spec": {"replicas": 7}})).await;
        is_nothing_to_do(&unit, &object).await;
        edit(
            &unit,
            &json!({"spec": {"replicas": 8, "minReadySeconds": 9}}),
        )
        .await;
        let plan = unit.converge(std::slice::from_ref(&object)).await;
        let fields: Vec<String> = only(&plan)
            .fields
            .iter()
            .map(|field| field.change.path.to_string())
            .collect();
        assert_eq!(fields, ["spec.minReadySeconds"], "{plan}");
        let live = live(&unit).await;
        assert_eq!(live["spec"]["replicas"], 8);
        assert_eq!(live["spec"].get("minReadySeconds"), None);
    });
}

#[test]
fn what_another_manager_applies_too_is_left_to_it_alone() {
    on_both_servers(async |mut unit| {
        let object = deployment("web:1", Some(2), &pointers());
        unit.converge(std::slice::from_ref(&object)).await;
        apply_replicas(&unit, 2).await;
        let object = deployment("web:2", Some(2), &pointers());
        unit.converge(std::slice::from_ref(&object)).await;
        // Were it still ours, this would be a conflict.
        apply_replicas(&unit, 6).await;
        is_nothing_to_do(&unit, &object).await;
        assert_eq!(replicas(&unit).await, 6);
    });
}

/// An injector that changes what is ours: it sets the image of a container, and adds another one.
#[test]
fn what_a_webhook_injects_stays() {
    on_both_servers(async |mut unit| {
        let annotations =
            json!({"windlass.dev/drift-ignore": "/spec/template/spec/containers/0/image"});
        let object = deployment("web:1", Some(1), &annotations);
        unit.converge(std::slice::from_ref(&object)).await;
        let containers =
            json!([{"name": "mesh", "image": "mesh:1"}, {"name": "app", "image": "mirror/web:1"}]);
        let patch = json!({"spec": {"template": {"spec": {"containers": containers}}}});
        let path = unit.path("apis/apps/v1", "deployments", "web?fieldManager=injector");
        unit.send(Method::PATCH, &path, "strategic-merge-patch+json", &patch)
            .await;
        is_nothing_to_do(&unit, &object).await;
        unit.converge(&[deployment("web:1", Some(2), &annotations)])
            .await;
        let live = live(&unit).await;
        let containers = live["spec"]["template"]["spec"]["containers"]
            .as_array()
            .unwrap();
        let mut images: Vec<&str> = containers
            .iter()
            .filter_map(|container| container["image"].as_str())
            .collect();
        images.sort_unstable();
        assert_eq!(images, ["mesh:1", "mirror/web:1"]);
    });
}

#[test]
fn rules_are_about_what_their_target_selects() {
    on_both_servers(async |mut unit| {
        let mut target = Target::default();
        target.set("name", "web").unwrap();
        let ignored = Ignored {
            pointers: vec![Pointer::parse("/spec/replicas").unwrap()],
            managers: Vec::new(),
        };
        unit.rules = vec![IgnoreRule { target, ignored }];
        let object = deployment("web:1", Some(2), &json!({}));
        unit.converge(std::slice::from_ref(&object)).await;
        scale(&unit, 5).await;
        is_nothing_to_do(&unit, &object).await;
        unit.rules[0].target.set("kind", "StatefulSet").unwrap();
        let plan = unit.converge(&[object]).await;
        assert_eq!(only(&plan).op, Op::Update, "{plan}");
        assert_eq!(replicas(&unit).await, 2);
    });
}

/// The value that was looked at may be another one when the apply comes.
#[test]
fn what_someone_writes_just_before_the_apply_is_not_undone() {
    in_world(async |world| {
        let colours = |colour: &str, shape: &str| {
            let mut object = world::config_map("settings");
            object["metadata"]["annotations"] =
                json!({"windlass.dev/drift-ignore": "/data/colour"});
            object["data"] = json!({"colour": colour, "shape": shape});
            DesiredSet::new(&world::unit(), [Object::new(object).unwrap()]).unwrap()
        };
        world.apply(&colours("blue", "round")).await;
        let mut is_first = true;
        world.rule(move |request| {
            let query = request.uri().query().unwrap_or_default();
            let is_apply = query.contains("force=true") && !query.contains("dryRun");
            if !is_apply || !std::mem::take(&mut is_first) {
                return Fate::Pass;
            }
            let path = "/api/v1/namespaces/default/configmaps/settings?fieldManager=painter";
            Fate::After(Box::new(world::request(
                Method::PATCH,
                path,
                &json!({"data": {"colour": "red"}}),
            )))
        });
        world.apply(&colours("green", "square")).await;
        let path = "/api/v1/namespaces/default/configmaps/settings";
        let live = world
            .direct(world::request(Method::GET, path, &Value::Null))
            .await;
        assert_eq!(live["data"], json!({"colour": "red", "shape": "square"}));
    });
}
