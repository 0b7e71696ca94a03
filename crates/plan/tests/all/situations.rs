//! What people read of a plan.

use serde_json::json;
use windlass_object::{FieldPath, Object, ObjectRef, Origin};
use windlass_plan::{
    Cause, Color, Conflict, Desired, DesiredSet, DryRun, Entry, Held, Inventory, Live, Rendition,
    TextOptions,
};

use crate::world::{
    World, config_map, deployed, deployment, maps, namespace, object, secret, storefront,
};

#[test]
fn an_update_shows_its_fields_with_secrets_as_fingerprints() {
    let live = [
        namespace("shop"),
        secret("token", "b2xk"),
        deployment("web", "web:1", "token"),
    ];
    let desired = vec![
        namespace("shop"),
        secret("token", "bmV3"),
        deployment("web", "web:2", "token"),
    ];
    insta::assert_snapshot!(deployed(&live, desired).plan(), @r"
    flux-system/hydra at main@sha1:0a1b2c3d
      Op          Object               Wait to  Why
    wave 1 (apply)
      ~ update    Secret/shop/token    ready    the source changed  hydra/token.yaml:1
          data.PASSWORD: (fingerprint ea11 → 2e0e)
    wave 2 (apply)
      ~ update    Deployment/shop/web  ready    the source has another image  hydra/web.yaml:1
          after Secret/shop/token is applied
          spec.template.spec.containers[name=app].image: web:1 → web:2
    2 to update, 1 unchanged; plan b105b05f787b
    ");
}

/// The deployment was edited: three replicas, and a field of its own.
fn edited() -> World {
    let web = deployment("web", "web:1", "token");
    let both = [namespace("shop"), web.clone()];
    let world = deployed(&both, both.to_vec());
    let mut live = world.owned(&web);
    live["spec"]["replicas"] = json!(5);
    live["metadata"]["managedFields"] = json!([
        {"manager": "kustomize-controller", "operation": "Apply", "fieldsV1": {"f:spec": {"f:template": {}}}},
        {"manager": "kubectl-scale", "operation": "Update", "time": "2026-11-22T10:00:00Z",
         "fieldsV1": {"f:spec": {"f:replicas": {}}}},
    ]);
    world.live(web.id(), Live::Present(live))
}

#[test]
fn drift_names_the_manager_that_wrote_the_field() {
    let plan = edited().plan();
    assert_eq!(
        plan.action(deployment("web", "", "").id()).unwrap().cause,
        Some(Cause::Drift)
    );
    insta::assert_snapshot!(plan, @r"
    flux-system/hydra at main@sha1:0a1b2c3d
      Op          Object               Wait to  Why
    wave 1 (apply)
      ~ update    Deployment/shop/web  ready    drift  hydra/web.yaml:1
          spec.replicas: 5 → 2  (written by kubectl-scale)
    1 to update, 1 unchanged; plan ed83bee14ebe
    ");
}

#[test]
fn what_only_the_server_sets_is_no_drift() {
    let web = deployment("web", "web:1", "token");
    let both = [namespace("shop"), web.clone()];
    let world = deployed(&both, both.to_vec());
    let mut live = world.owned(&web);
    live["metadata"]["managedFields"] = json!([
        {"manager": "kustomize-controller", "operation": "Apply", "fieldsV1": {"f:spec": {"f:template": {}}}},
    ]);
    let mut merged = live.clone();
    merged["spec"]["revisionHistoryLimit"] = json!(10);
    let world = world
        .live(web.id(), Live::Present(live))
        .dry_run(web.id(), DryRun::Merged(merged));
    let cause = world.plan().action(web.id()).unwrap().cause;
    assert_eq!(cause, Some(Cause::Default));
}

#[test]
fn what_another_version_makes_of_the_same_files_is_no_change_of_the_source() {
    let cause = |then: (&str, &str), now: (&str, &str)| {
        let rendition = |(by, inputs): (&str, &str)| {
            let (by, inputs) = (by.to_owned(), inputs.to_owned());
            Some(Rendition { by, inputs })
        };
        let (before, after) = (config_map("shop", "a", "1"), config_map("shop", "a", "2"));
        let mut world = deployed(
            &[namespace("shop"), before],
            vec![namespace("shop"), after.clone()],
        );
        world.inventory = Held::Known(world.held().rendered(rendition(then)));
        if let Desired::Complete(set) = world.desired.clone() {
            world.desired = Desired::Complete(set.rendered(rendition(now)));
        }
        let plan = world.plan();
        (plan.action(after.id()).unwrap().cause, plan.to_string())
    };
    let (cause_then, text) = cause(("1.0.0", "5d1f"), ("1.1.0", "5d1f"));
    assert_eq!(cause_then, Some(Cause::Renderer));
    assert!(
        text.contains("this version of Windlass renders it differently"),
        "{text}"
    );
    assert_eq!(
        cause(("1.0.0", "5d1f"), ("1.0.0", "5d1f")).0,
        Some(Cause::Source)
    );
    assert_eq!(
        cause(("1.0.0", "5d1f"), ("1.1.0", "a20c")).0,
        Some(Cause::Source)
    );
}

#[test]
fn fields_of_kubectl_are_taken_over_in_sight_though_none_changes() {
    let web = deployment("web", "web:1", "token");
    let both = [namespace("shop"), web.clone()];
    let world = deployed(&both, both.to_vec());
    let merged = world.owned(&web);
    let from = vec!["kubectl-client-side-apply".to_owned()];
    let world = world.dry_run(web.id(), DryRun::TakenOver { from, merged });
    insta::assert_snapshot!(world.plan(), @r"
    flux-system/hydra at main@sha1:0a1b2c3d
      Op          Object               Wait to  Why
    wave 1 (apply)
      ~ update    Deployment/shop/web  ready    its fields are taken over  hydra/web.yaml:1
          fields taken over from kubectl-client-side-apply
    1 to update, 1 unchanged; plan 2be0d8bc4722
    ");
}

#[test]
fn drift_is_told_from_a_change_of_the_source_without_a_digest_too() {
    let mut world = edited();
    world.inventory = Held::Known(
        [Entry::of(&deployment("web", "", ""))]
            .into_iter()
            .collect(),
    );
    let cause = world
        .plan()
        .action(deployment("web", "", "").id())
        .unwrap()
        .cause;
    assert_eq!(cause, Some(Cause::Drift));
}

#[test]
fn a_deleted_object_comes_back_as_drift() {
    let map = config_map("default", "settings", "1");
    let world =
        deployed(std::slice::from_ref(&map), vec![map.clone()]).live(map.id(), Live::Absent);
    insta::assert_snapshot!(world.plan(), @r"
    flux-system/hydra at main@sha1:0a1b2c3d
      Op          Object                      Wait to  Why
    wave 1 (apply)
      + create    ConfigMap/default/settings  ready    deleted behind our back  hydra/settings.yaml:1
    1 to create; plan 7ae6c0285a95
    ");
}

#[test]
fn what_the_server_says_of_a_secret_is_withheld() {
    let token = secret("token", "Q0FOQVJZ");
    let message = "data.PASSWORD: Invalid value: \"Q0FOQVJZ\"".to_owned();
    let rejected = DryRun::Rejected {
        reason: "Invalid".to_owned(),
        message,
    };
    let world = deployed(&[namespace("shop")], vec![namespace("shop"), token.clone()])
        .dry_run(token.id(), rejected);
    insta::assert_snapshot!(world.plan(), @r"
    flux-system/hydra at main@sha1:0a1b2c3d
      Op          Object             Wait to  Why
    held
      ! failed    Secret/shop/token  -        the API server says Invalid; its words are withheld, since they may quote a secret value  hydra/token.yaml:1
    1 failed, 1 unchanged; plan c57012ba3d7f
    ");
}

#[test]
fn hidden_pointers_are_masked_in_kinds_other_than_secrets() {
    let map = |value: &str| config_map("default", "encrypted", value);
    let mut world = deployed(&[map("old")], vec![]);
    let set = DesiredSet::new(&world.unit, [map("new")]).unwrap();
    world.desired = Desired::Complete(set.hiding(map("").id(), "/data"));
    insta::assert_snapshot!(world.try_all().plan(), @r"
    flux-system/hydra at main@sha1:0a1b2c3d
      Op          Object                       Wait to  Why
    wave 1 (apply)
      ~ update    ConfigMap/default/encrypted  ready    the source changed  hydra/encrypted.yaml:1
          data: (fingerprint 6e27 → 1d9d)
    1 to update; plan d2bc6d3227ec
    ");
}

#[test]
fn an_owned_field_is_a_conflict_that_names_field_and_manager() {
    let web = deployment("web", "web:1", "token");
    let conflicts = vec![Conflict {
        path: FieldPath::parse("spec.replicas").unwrap(),
        manager: "hpa".to_owned(),
    }];
    let world = deployed(std::slice::from_ref(&web), vec![web.clone()])
        .dry_run(web.id(), DryRun::Conflict(conflicts));
    insta::assert_snapshot!(world.plan(), @r"
    flux-system/hydra at main@sha1:0a1b2c3d
      Op          Object               Wait to  Why
    held
      ! conflict  Deployment/shop/web  -        other managers own spec.replicas (hpa)  hydra/web.yaml:1
    1 in conflict; plan 61255c39feed
    ");
}

#[test]
fn the_hash_depends_on_what_is_done_and_not_on_where_it_is_written() {
    let hash = |object: Object| deployed(&[], vec![object]).plan().hash;
    let map = config_map("default", "a", "1");
    let moved = map.clone().with_origin(Origin {
        path: "elsewhere.yaml".to_owned(),
        line: 9,
    });
    assert_eq!(hash(map), hash(moved));
    assert_ne!(hash(secret("token", "eA==")), hash(secret("token", "eQ==")));
}

#[test]
fn colours_are_the_only_control_characters() {
    let options = TextOptions {
        color: Color::On,
        quiet_objects: true,
        ..TextOptions::default()
    };
    let text = deployed(&maps(1), maps(2))
        .plan()
        .text(&options)
        .to_string();
    insta::assert_snapshot!(text.escape_debug().to_string().replace("\\n", "\n"), @r"
    flux-system/hydra at main@sha1:0a1b2c3d
    \u{1b}[2m  Op          Object                Wait to  Why\u{1b}[0m
    wave 1 (apply)
      \u{1b}[32m+ create   \u{1b}[0m ConfigMap/default/c1  ready    not in the cluster  hydra/c1.yaml:1
    left as they are
      \u{1b}[2m= unchanged\u{1b}[0m ConfigMap/default/c0  -        as desired  hydra/c0.yaml:1
    1 to create, 1 unchanged; plan 683935f5ed0c
    ");
}

#[test]
fn long_values_are_cut() {
    let map = |value: &str| config_map("default", "long", value);
    let plan = deployed(&[map("a")], vec![map(&"x".repeat(1000))]).plan();
    let options = TextOptions {
        value_width: 8,
        ..TextOptions::default()
    };
    assert!(
        plan.text(&options)
            .to_string()
            .contains("data.key: a → xxxxxxxx… (1000 characters)\n")
    );
}

#[test]
fn lines_are_fitted_to_the_columns_of_a_terminal() {
    let map = |value: &str| config_map("default", "a-map-with-a-rather-long-name", value);
    let plan = deployed(&[map("a")], vec![map(&"x".repeat(1000))]).plan();
    let options = TextOptions {
        columns: Some(70),
        ..TextOptions::default()
    };
    insta::assert_snapshot!(plan.text(&options), @r"
    flux-system/hydra at main@sha1:0a1b2c3d
      Op          Object  Wait to  Why
    wave 1 (apply)
      ~ update    ConfigMap/default/a-map-with-a-rather-long-name  ready
          the source changed hydra/a-map-with-a-rather-long-name.yaml:1
          data.key: a → xxxxxxxxxxxxxxxxxxxxxxxxx… (1000 characters)
    1 to update; plan a226475deac8
    ");
}

#[test]
fn what_is_held_for_one_reason_is_said_once() {
    let maps = ["a", "b", "c", "d"].map(|name| config_map("shop", name, "1"));
    let mut world = World::new().want(maps.clone());
    for map in &maps {
        let until = vec![namespace("shop").id().clone()];
        world = world.dry_run(map.id(), DryRun::Deferred { until });
    }
    insta::assert_snapshot!(world.plan(), @r"
    flux-system/hydra at main@sha1:0a1b2c3d
      Op          Object            Wait to  Why
    held
      ! blocked   4 objects         -        needs Namespace/shop, which is not there
          ConfigMap/shop/a  hydra/a.yaml:1
          ConfigMap/shop/b  hydra/b.yaml:1
          ConfigMap/shop/c  hydra/c.yaml:1
          ConfigMap/shop/d  hydra/d.yaml:1
    4 blocked; plan dd784e68475e
    ");
}

#[test]
fn mistakes_in_a_set_name_their_places() {
    let unit = storefront();
    let mut wrong = config_map("default", "wrong", "1").into_value();
    wrong["metadata"]["labels"] = json!(["a"]);
    let twice = config_map("default", "twice", "1");
    let errors = DesiredSet::new(&unit, [twice.clone(), twice, object(wrong)]).unwrap_err();
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    hydra/twice.yaml:1: ConfigMap/default/twice is defined twice, also at hydra/twice.yaml:1; remove one of them
    hydra/wrong.yaml:1: metadata.labels of ConfigMap/default/wrong is not a mapping
    ");
}

#[test]
fn inventory_ids_are_those_of_flux() {
    let id = |group: &str, kind: &str, namespace: Option<&str>, name: &str| ObjectRef {
        group: group.into(),
        kind: kind.into(),
        namespace: namespace.map(Into::into),
        name: name.into(),
    };
    let cases = [
        (
            id("apps", "Deployment", Some("shop"), "web"),
            "shop_web_apps_Deployment",
        ),
        (id("", "Namespace", None, "shop"), "_shop__Namespace"),
        (id("", "Service", Some("shop"), "web"), "shop_web__Service"),
        (
            id(
                "rbac.authorization.k8s.io",
                "ClusterRole",
                None,
                "system:node:a",
            ),
            "_system__node__a_rbac.authorization.k8s.io_ClusterRole",
        ),
    ];
    for (id, text) in cases {
        let entry = Entry::parse(text, "v1").unwrap();
        assert_eq!(entry.id, id);
        assert_eq!(entry.flux_id(), text);
    }
    for text in ["", "a", "a_b", "a_b_c", "___", "a__c_F", "a_b_c_"] {
        assert!(Entry::parse(text, "v1").is_err(), "{text}");
    }
    let json = r#"[{"id":"shop_web_apps_Deployment","v":"v1"}]"#;
    let inventory: Inventory = serde_json::from_str(json).unwrap();
    assert_eq!(serde_json::to_string(&inventory).unwrap(), json);
}

#[test]
fn of_a_file_in_a_config_map_only_the_lines_that_change_are_shown() {
    let file = |level: &str| {
        config_map(
            "default",
            "file",
            &format!("server:\n  port: 80\n  log: {level}\nend\n"),
        )
    };
    let plan = deployed(&[file("info")], vec![file("debug\n  trace: \u{1b}[2J")]).plan();
    insta::assert_snapshot!(plan, @r"
    flux-system/hydra at main@sha1:0a1b2c3d
      Op          Object                  Wait to  Why
    wave 1 (apply)
      ~ update    ConfigMap/default/file  ready    the source changed  hydra/file.yaml:1
          data.key:
            line 3
            -   log: info
            +   log: debug
            +   trace: \u{1b}[2J
    1 to update; plan fec5b3282349
    ");
    let many = |word: &str| config_map("default", "file", &format!("{word}\n").repeat(30));
    let text = deployed(&[many("a")], vec![many("b")]).plan().to_string();
    assert!(text.contains("        - … (10 more lines)\n"), "{text}");
}
