//! What comes before what.

use serde_json::json;
use windlass_object::Object;
use windlass_plan::{Claim, ClaimState};

use crate::world::{
    World, config_map, definition, deployed, deployment, namespace, object, secret, storefront,
    widget,
};

#[test]
fn a_first_deployment_creates_what_others_stand_on_first() {
    let desired = vec![
        namespace("shop"),
        definition(),
        widget("w", "1"),
        secret("token", "c2VjcmV0"),
        deployment("web", "web:1", "token"),
        config_map("default", "elsewhere", "1"),
    ];
    insta::assert_snapshot!(deployed(&[], desired).plan(), @r"
    flux-system/hydra at main@sha1:0a1b2c3d
      Op          Object                                        Wait to  Why
    wave 1 (apply)
      + create    ConfigMap/default/elsewhere                   ready    not in the cluster  hydra/elsewhere.yaml:1
      + create    Namespace/shop                                ready    not in the cluster  hydra/shop.yaml:1
      + create    CustomResourceDefinition/widgets.example.com  ready    not in the cluster  hydra/widgets.example.com.yaml:1
    wave 2 (apply)
      + create    Secret/shop/token                             ready    not in the cluster  hydra/token.yaml:1
          after Namespace/shop is ready
      + create    Widget.example.com/shop/w                     ready    not in the cluster  hydra/w.yaml:1
          after Namespace/shop is ready
          after CustomResourceDefinition/widgets.example.com is ready
    wave 3 (apply)
      + create    Deployment/shop/web                           ready    not in the cluster  hydra/web.yaml:1
          after Namespace/shop is ready
          after Secret/shop/token is applied
    6 to create; plan 144faf961608
    ");
}

#[test]
fn an_object_whose_namespace_this_plan_does_not_make_is_blocked_and_names_who_does() {
    let mut world = deployed(&[], vec![secret("token", "eA==")]);
    let said = |world: &World| {
        world
            .plan()
            .action(secret("token", "").id())
            .unwrap()
            .reason
            .to_string()
    };
    assert_eq!(said(&world), "needs Namespace/shop, which is not there");
    let desires = Claim {
        unit: storefront(),
        state: ClaimState::Desires,
    };
    world
        .others
        .claims
        .insert(namespace("shop").id().clone(), desires);
    assert_eq!(
        said(&world),
        "waits until flux-system/storefront has made Namespace/shop"
    );
}

fn depending(name: &str, on: &str) -> Object {
    let mut value = config_map("default", name, "1").into_value();
    value["metadata"]["annotations"] = json!({"config.kubernetes.io/depends-on": on});
    object(value)
}

#[test]
fn an_explicit_dependency_is_waited_for_until_it_is_ready() {
    let desired = vec![
        depending(
            "second",
            "/namespaces/default/ConfigMap/first, /namespaces/other/Service/external",
        ),
        config_map("default", "first", "1"),
        config_map("default", "third", "1"),
    ];
    insta::assert_snapshot!(deployed(&[], desired).plan(), @r"
    flux-system/hydra at main@sha1:0a1b2c3d
      Op          Object                    Wait to  Why
    wave 1 (apply)
      + create    ConfigMap/default/first   ready    not in the cluster  hydra/first.yaml:1
      + create    ConfigMap/default/third   ready    not in the cluster  hydra/third.yaml:1
    wave 2 (apply)
      + create    ConfigMap/default/second  ready    not in the cluster  hydra/second.yaml:1
          after ConfigMap/default/first is ready
          after Service/other/external is ready
    3 to create; plan cd31fa28c2a7
    ");
}

#[test]
fn a_circle_is_named_and_holds_only_its_own_objects() {
    let desired = vec![
        depending("a", "/namespaces/default/ConfigMap/b"),
        depending("b", "/namespaces/default/ConfigMap/a"),
        config_map("default", "free", "1"),
    ];
    insta::assert_snapshot!(deployed(&[], desired).plan(), @r"
    flux-system/hydra at main@sha1:0a1b2c3d
      Op          Object                  Wait to  Why
    held
      ! blocked   ConfigMap/default/a     -        waits for itself: ConfigMap/default/a → ConfigMap/default/b → ConfigMap/default/a; remove one depends-on  hydra/a.yaml:1
      ! blocked   ConfigMap/default/b     -        waits for itself: ConfigMap/default/b → ConfigMap/default/a → ConfigMap/default/b; remove one depends-on  hydra/b.yaml:1
    wave 1 (apply)
      + create    ConfigMap/default/free  ready    not in the cluster  hydra/free.yaml:1
    1 to create, 2 blocked; plan 644f04166d30
    ");
}

#[test]
fn a_webhook_comes_after_the_deployment_that_serves_it() {
    let service = object(json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "hook", "namespace": "shop"},
        "spec": {"selector": {"app": "web"}},
    }));
    let webhook = object(json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "hook"},
        "webhooks": [{"clientConfig": {"service": {"name": "hook", "namespace": "shop"}}}],
    }));
    let plan = deployed(
        &[namespace("shop")],
        vec![
            webhook,
            service,
            deployment("web", "web:1", "token"),
            namespace("shop"),
        ],
    )
    .plan();
    insta::assert_snapshot!(plan, @r"
    flux-system/hydra at main@sha1:0a1b2c3d
      Op          Object                               Wait to  Why
    wave 1 (apply)
      + create    Service/shop/hook                    ready    not in the cluster  hydra/hook.yaml:1
      + create    Deployment/shop/web                  ready    not in the cluster  hydra/web.yaml:1
    wave 2 (apply)
      + create    ValidatingWebhookConfiguration/hook  ready    not in the cluster  hydra/hook.yaml:1
          after Service/shop/hook is applied
          after Deployment/shop/web is ready
    3 to create, 1 unchanged; plan bd2efd82aa4b
    ");
}
