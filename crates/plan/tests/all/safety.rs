//! What keeps objects from being deleted or taken.

use std::collections::BTreeMap;

use serde_json::json;
use windlass_object::Object;
use windlass_plan::{
    Claim, ClaimState, Dependents, Desired, DryRun, Held, Live, Op, Outcome, Reason, Replacing,
    inventory_after, inventory_before,
};

use crate::world::{
    World, claim, config_map, controlled, deployed, deployment, maps, namespace, object, secret,
    storefront,
};

#[test]
fn dangerous_deletions_wait_and_say_how_to_allow_them() {
    let live = [
        namespace("shop"),
        claim("data", "1"),
        config_map("default", "old", "1"),
        config_map("kube-system", "dns", "1"),
    ];
    let mut world = deployed(&live, vec![config_map("default", "new", "1")]);
    insta::assert_snapshot!(world.plan(), @r"
    flux-system/hydra at main@sha1:0a1b2c3d
      Op          Object                           Wait to  Why
    held
      ! blocked   ConfigMap/kube-system/dns        -        the namespace kube-system is protected; deleted only with an approval
      ! blocked   Namespace/shop                   -        a Namespace takes everything in it along; deleted only with an approval
      ! blocked   PersistentVolumeClaim/shop/data  -        a PersistentVolumeClaim may take its data along; deleted only with an approval
      to allow it, approve the object, or the plan f4fcc076689263715805494f0ad7b9e1a0d229e9b64005977eca7d28060dd2d6
    wave 1 (apply)
      + create    ConfigMap/default/new            ready    not in the cluster  hydra/new.yaml:1
    wave 2 (delete)
      - prune     ConfigMap/default/old            gone     no longer in the source
    1 to create, 1 to delete, 3 blocked; plan f4fcc0766892
    ");
    world
        .approvals
        .objects
        .insert(claim("data", "1").id().clone());
    assert_eq!(
        world.plan().action(claim("data", "1").id()).unwrap().op,
        Op::Prune
    );
    world.approvals.plans.insert(world.plan().hash);
    insta::assert_snapshot!(world.plan(), @r"
    flux-system/hydra at main@sha1:0a1b2c3d
      Op          Object                           Wait to  Why
    danger
      - prune     ConfigMap/kube-system/dns        gone     no longer in the source; the namespace kube-system is protected; approved
      - prune     PersistentVolumeClaim/shop/data  gone     no longer in the source; a PersistentVolumeClaim may take its data along; approved
      - prune     Namespace/shop                   gone     no longer in the source; a Namespace takes everything in it along; approved
      - 4 of 4 objects are deleted
    wave 1 (apply)
      + create    ConfigMap/default/new            ready    not in the cluster  hydra/new.yaml:1
    wave 2 (delete)
      - prune     ConfigMap/default/old            gone     no longer in the source
      - prune     ConfigMap/kube-system/dns        gone     no longer in the source; the namespace kube-system is protected; approved
      - prune     PersistentVolumeClaim/shop/data  gone     no longer in the source; a PersistentVolumeClaim may take its data along; approved
    wave 3 (delete)
      - prune     Namespace/shop                   gone     no longer in the source; a Namespace takes everything in it along; approved
    1 to create, 4 to delete; plan f4fcc0766892
    ");
}

#[test]
fn an_empty_source_deletes_nothing_by_itself() {
    let plan = deployed(&maps(2), vec![]).plan();
    assert!(!plan.writes());
    let reason = &plan.action(maps(1)[0].id()).unwrap().reason;
    assert_eq!(*reason, Reason::EmptySource { held: 2 });
}

#[test]
fn more_than_half_and_more_than_five_wait_for_approval() {
    let prunes = |held: usize, kept: usize| deployed(&maps(held), maps(kept)).plan().counts().prune;
    assert_eq!(prunes(6, 1), 5, "five are free");
    assert_eq!(prunes(12, 6), 6, "half is allowed");
    assert_eq!(prunes(11, 5), 0, "more than half is not");
}

#[test]
fn a_source_that_failed_keeps_everything() {
    let mut world = deployed(&maps(2), maps(1));
    let reason = "hydra/kustomization.yaml:3: no such file: deployment.yaml".to_owned();
    world.desired = Desired::Failed { reason };
    insta::assert_snapshot!(world.plan(), @r"
    flux-system/hydra at main@sha1:0a1b2c3d
    what the source wants is not known, so nothing is done: hydra/kustomization.yaml:3: no such file: deployment.yaml
    2 blocked; plan 4be64c0cb857
    ");
    let held = world.held();
    assert_eq!(inventory_before(&world.plan(), &held), held);
    assert_eq!(
        inventory_after(&world.plan(), &held, &BTreeMap::new()),
        held
    );
}

#[test]
fn an_inventory_that_is_not_known_stops_creations_too() {
    let mut world = deployed(&[], maps(1));
    world.inventory = Held::Unknown {
        reason: "connection refused".to_owned(),
    };
    insta::assert_snapshot!(world.plan(), @r"
    flux-system/hydra at main@sha1:0a1b2c3d
    the inventory is not known, so nothing is done: connection refused
    1 blocked; plan a06b44641b77
    ");
}

#[test]
fn one_object_that_fails_holds_what_needs_it_and_all_deletions_but_nothing_else() {
    let live = [config_map("default", "old", "1")];
    let desired = vec![
        namespace("shop"),
        secret("token", "eA=="),
        config_map("default", "new", "1"),
    ];
    let rejected = DryRun::Rejected {
        reason: "Forbidden".to_owned(),
        message: "namespaces is forbidden\u{1b}[2J".to_owned(),
    };
    let world = deployed(&live, desired).dry_run(namespace("shop").id(), rejected);
    insta::assert_snapshot!(world.plan(), @r"
    flux-system/hydra at main@sha1:0a1b2c3d
      Op          Object                 Wait to  Why
    held
      ! blocked   ConfigMap/default/old  -        deleted once all else is applied; 2 cannot be applied yet
      ! failed    Namespace/shop         -        the API server says Forbidden: namespaces is forbidden\u{1b}[2J  hydra/shop.yaml:1
      ! blocked   Secret/shop/token      -        needs Namespace/shop, which is not there  hydra/token.yaml:1
    wave 1 (apply)
      + create    ConfigMap/default/new  ready    not in the cluster  hydra/new.yaml:1
    1 to create, 2 blocked, 1 failed; plan a2e86df654f2
    ");
}

#[test]
fn of_two_units_that_want_an_object_the_one_that_has_it_keeps_it() {
    let map = config_map("default", "shared", "1");
    let mut world = deployed(std::slice::from_ref(&map), vec![map.clone()]);
    let desires = Claim {
        unit: storefront(),
        state: ClaimState::Desires,
    };
    world
        .others
        .claims
        .insert(map.id().clone(), desires.clone());
    assert_eq!(world.plan().action(map.id()).unwrap().op, Op::Unchanged);

    let mut other = World {
        unit: storefront(),
        ..world.clone()
    }
    .want([map.clone()])
    .hold([])
    .try_all();
    other.others.claims.insert(
        map.id().clone(),
        Claim {
            unit: world.unit.clone(),
            ..desires
        },
    );
    let expected = Reason::HeldBy { unit: world.unit };
    assert_eq!(other.plan().action(map.id()).unwrap().reason, expected);
}

#[test]
fn an_object_that_moves_to_another_unit_is_never_deleted() {
    let map = config_map("default", "moved", "1");
    let keep = config_map("default", "keep", "1");
    let mut giver = deployed(&[map.clone(), keep.clone()], vec![keep]);
    giver.others.claims.insert(
        map.id().clone(),
        Claim {
            unit: storefront(),
            state: ClaimState::Desires,
        },
    );
    assert_eq!(
        giver.plan().action(map.id()).unwrap().reason,
        Reason::HandedOver { to: storefront() }
    );

    let mut taker = World {
        unit: storefront(),
        ..giver.clone()
    }
    .want([map.clone()])
    .hold([])
    .try_all();
    taker.others.claims.insert(
        map.id().clone(),
        Claim {
            unit: giver.unit.clone(),
            state: ClaimState::Holds,
        },
    );
    insta::assert_snapshot!(taker.plan(), @r#"
    flux-system/storefront at main@sha1:0a1b2c3d
      Op          Object                   Wait to  Why
    wave 1 (apply)
      ~ update    ConfigMap/default/moved  ready    taken over from flux-system/hydra  hydra/moved.yaml:1
          metadata.labels["kustomize.toolkit.fluxcd.io/name"]: hydra → storefront
    1 to update; plan 99d4e3085eb6
    "#);
    taker.act(map.id(), Op::Update);

    giver.observed = taker.observed;
    let plan = giver.plan();
    assert_eq!(plan.action(map.id()).unwrap().reason, Reason::NotOurs);
    let after = inventory_after(&plan, &giver.held(), &BTreeMap::new());
    assert!(!after.contains(map.id()), "the giver has let go of it");
}

#[test]
fn an_object_that_may_have_moved_to_a_unit_that_cannot_be_rendered_stays() {
    let mut world = deployed(&maps(2), maps(1));
    world.others.unknown.insert(storefront());
    insta::assert_snapshot!(world.plan(), @r"
    flux-system/hydra at main@sha1:0a1b2c3d
      Op          Object                Wait to  Why
    held
      ! blocked   ConfigMap/default/c1  -        flux-system/storefront cannot be rendered and may want it; deleted only with an approval
      to allow it, approve the object, or the plan aed46740e9dd466f3b1c7692c0fbb1605d6415d63de539da6791bec4ea8359b0
    1 blocked, 1 unchanged; plan aed46740e9dd
    ");
    let approved = world.plan().hash;
    world.approvals.plans.insert(approved);
    let plan = world.plan();
    let reason = &plan.action(maps(2)[1].id()).unwrap().reason;
    insta::assert_snapshot!(reason, @"no longer in the source; flux-system/storefront cannot be rendered and may want it; approved");
}

#[test]
fn an_object_of_an_unknown_owner_is_taken_over_only_with_approval() {
    let map = config_map("default", "foreign", "1");
    let mut world = deployed(&[], vec![map.clone()]);
    let theirs = World {
        unit: storefront(),
        ..World::new()
    }
    .owned(&map);
    world = world.live(map.id(), Live::Present(theirs)).try_all();
    insta::assert_snapshot!(world.plan(), @r"
    flux-system/hydra at main@sha1:0a1b2c3d
      Op          Object                     Wait to  Why
    held
      ! conflict  ConfigMap/default/foreign  -        belongs to flux-system/storefront, and whether that gave it up is not known; taken over only with an approval  hydra/foreign.yaml:1
      to allow it, approve the object, or the plan 21225446ae6f9cade9b629cf6db507358035acf983603b26595d34cf2857388c
    1 in conflict; plan 21225446ae6f
    ");
    world.approvals.objects.insert(map.id().clone());
    let reason = world.plan().action(map.id()).unwrap().reason.clone();
    assert_eq!(reason, Reason::TakenOver { from: storefront() });
}

#[test]
fn no_approval_deletes_a_namespace_under_a_desired_object() {
    let live = [namespace("shop"), secret("token", "eA==")];
    let mut world = deployed(&live, vec![secret("token", "eA==")]);
    world
        .approvals
        .objects
        .insert(namespace("shop").id().clone());
    let by = secret("token", "").id().clone();
    assert_eq!(
        world.plan().action(namespace("shop").id()).unwrap().reason,
        Reason::Needed { by }
    );
}

#[test]
fn no_approval_deletes_a_namespace_under_objects_of_another_unit() {
    let live = [namespace("shop"), maps(1)[0].clone()];
    let mut world = deployed(&live, maps(1));
    for name in ["token", "key"] {
        let dependents = &mut world.others.dependents;
        dependents.add(&storefront(), secret(name, "").id());
    }
    let shop = namespace("shop").id().clone();
    world.approvals.objects.insert(shop.clone());
    let plan = world.plan();
    let reason = &plan.action(&shop).unwrap().reason;
    insta::assert_snapshot!(reason, @"deleting it would take 2 objects of flux-system/storefront along; remove them there first");
    world.others.dependents = Dependents::default();
    assert_eq!(world.plan().action(&shop).unwrap().op, Op::Prune);
}

#[test]
fn annotations_of_flux_keep_an_object_as_it_is() {
    let keep = |key: &str, value: &str| {
        let mut map = config_map("default", "kept", "1").into_value();
        map["metadata"]["annotations"] =
            json!({(format!("kustomize.toolkit.fluxcd.io/{key}")): value});
        object(map)
    };
    let changed =
        |desired: Object| deployed(&[config_map("default", "kept", "2")], vec![desired]).plan();
    let op = |plan: windlass_plan::Plan| plan.action(keep("", "").id()).unwrap().op;
    assert_eq!(op(changed(keep("reconcile", "disabled"))), Op::Skip);
    assert_eq!(op(changed(keep("ssa", "Ignore"))), Op::Skip);
    assert_eq!(op(changed(keep("ssa", "IfNotPresent"))), Op::Skip);
    assert_eq!(op(changed(keep("ssa", "Merge"))), Op::Update);
    assert_eq!(
        op(deployed(&[], vec![keep("ssa", "IfNotPresent")]).plan()),
        Op::Create
    );
    let gone = |held: Object| op(deployed(&[held, maps(1)[0].clone()], maps(1)).plan());
    assert_eq!(gone(keep("prune", "Disabled")), Op::Skip);
    assert_eq!(gone(keep("prune", "enabled")), Op::Prune);
}

#[test]
fn a_deletion_that_finalizers_hold_stays_in_the_inventory() {
    let map = maps(2);
    let world = deployed(&map, maps(1));
    let plan = world.plan();
    let after = |outcome| {
        inventory_after(
            &plan,
            &world.held(),
            &BTreeMap::from([(map[1].id().clone(), outcome)]),
        )
    };
    assert!(after(Outcome::Terminating).contains(map[1].id()));
    assert!(after(Outcome::Failed).contains(map[1].id()));
    assert!(!after(Outcome::Done).contains(map[1].id()));
}

/// The Deployment of the source has another selector than the one in the cluster.
fn reselected(desired: Object) -> World {
    let web = deployment("web", "web:1", "token");
    let mut world = deployed(
        &[namespace("shop"), web.clone()],
        vec![namespace("shop"), desired],
    );
    let mut live = world.owned(&web);
    live["spec"]["paused"] = json!(false);
    live["metadata"]["managedFields"] = json!([{
        "manager": "kustomize-controller", "operation": "Apply", "fieldsV1": {"f:spec": {"f:template": {}}},
    }]);
    world = world.live(web.id(), Live::Present(live));
    world.immutable(web.id())
}

#[test]
fn an_immutable_field_fails_and_says_how_to_allow_the_replacement() {
    let mut world = reselected(deployment("web", "web:2", "token"));
    insta::assert_snapshot!(world.plan(), @r"
    flux-system/hydra at main@sha1:0a1b2c3d
      Op          Object               Wait to  Why
    held
      ! failed    Deployment/shop/web  -        spec cannot be changed; to have it deleted and created anew, annotate it with kustomize.toolkit.fluxcd.io/force: enabled in the source, or approve it  hydra/web.yaml:1
          spec.template.spec.containers[name=app].image: web:1 → web:2
      to allow it, approve the object, or the plan 350832a167ef36d8cf1762a44ed7045cac4695254852635750ffec69cd285cd0
    1 failed, 1 unchanged; plan 350832a167ef
    ");
    world
        .approvals
        .objects
        .insert(deployment("web", "", "").id().clone());
    insta::assert_snapshot!(world.plan(), @r"
    flux-system/hydra at main@sha1:0a1b2c3d
      Op          Object               Wait to  Why
    danger
      ± replace   Deployment/shop/web  ready    spec cannot be changed; deleted and created anew (approved)  hydra/web.yaml:1
          spec.template.spec.containers[name=app].image: web:1 → web:2
    wave 1 (apply)
      ± replace   Deployment/shop/web  ready    spec cannot be changed; deleted and created anew (approved)  hydra/web.yaml:1
          spec.template.spec.containers[name=app].image: web:1 → web:2
    1 to replace, 1 unchanged; plan 350832a167ef
    ");
}

#[test]
fn a_replacement_that_the_source_allows_is_shown_as_a_danger_with_its_fields() {
    let world = reselected(controlled(
        &deployment("web", "web:2", "token"),
        "force",
        "enabled",
    ));
    insta::assert_snapshot!(world.plan(), @r"
    flux-system/hydra at main@sha1:0a1b2c3d
      Op          Object               Wait to  Why
    danger
      ± replace   Deployment/shop/web  ready    spec cannot be changed; deleted and created anew (kustomize.toolkit.fluxcd.io/force: enabled)  hydra/web.yaml:1
          spec.template.spec.containers[name=app].image: web:1 → web:2
    wave 1 (apply)
      ± replace   Deployment/shop/web  ready    spec cannot be changed; deleted and created anew (kustomize.toolkit.fluxcd.io/force: enabled)  hydra/web.yaml:1
          spec.template.spec.containers[name=app].image: web:1 → web:2
    1 to replace, 1 unchanged; plan 15c23555641a
    ");
}

#[test]
fn volumes_and_what_the_server_would_not_take_again_are_kept_though_all_may_be_replaced() {
    let live = [
        namespace("shop"),
        claim("data", "1"),
        config_map("shop", "a", "1"),
        config_map("shop", "b", "1"),
    ];
    let desired = vec![
        namespace("shop"),
        claim("data", "2"),
        config_map("shop", "a", "2"),
        config_map("shop", "b", "1"),
    ];
    let denied = DryRun::Rejected {
        reason: "Forbidden".to_owned(),
        message: "quota".to_owned(),
    };
    let mut world = deployed(&live, desired)
        .immutable(live[1].id())
        .refused(live[2].id(), denied)
        .immutable(live[3].id());
    world.guards.replace = Replacing::All;
    insta::assert_snapshot!(world.plan(), @r"
    flux-system/hydra at main@sha1:0a1b2c3d
      Op          Object                           Wait to  Why
    held
      ! failed    ConfigMap/shop/a                 -        spec cannot be changed, and it is not replaced: the API server says Forbidden: quota  hydra/a.yaml:1
      ! blocked   ConfigMap/shop/b                 -        spec cannot be changed; the source is as it was applied, so that it may have to be replaced again and again; replaced only with an approval  hydra/b.yaml:1
      ! blocked   PersistentVolumeClaim/shop/data  -        spec cannot be changed; a PersistentVolumeClaim may take its data along; replaced only with an approval  hydra/data.yaml:1
      to allow it, approve the object, or the plan c230b5e19f5834e50cdbf3d48db31b099730c3597b200893718ac5e555e4ae82
    2 blocked, 1 failed, 1 unchanged; plan c230b5e19f58
    ");
}
