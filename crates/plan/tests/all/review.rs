//! The plans of several units together.

use serde_json::{Value, json};
use windlass_object::Object;
use windlass_plan::{
    DesiredSet, Entry, Held, Live, MarkdownOptions, Plan, Review, TextOptions, Unit,
};

use super::world::{World, config_map, namespace, object};

fn web(name: &str, team: Option<&str>, replicas: u32) -> Object {
    let annotations = team.map_or(json!({}), |team| json!({"team": team, "for": name}));
    object(json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": format!("dev-{name}"), "namespace": "default", "annotations": annotations},
        "spec": {"replicas": replicas},
    }))
}

/// The plan of a unit that has `before` in the cluster and wants `after`.
fn plan(name: &str, before: &[Object], after: &[Object]) -> (String, Plan) {
    let mut world = World::new();
    world.unit = Unit::new("windlass-system", &format!("dev.{name}"));
    let applied = |object: &Object| {
        let set = DesiredSet::new(&world.unit, [object.clone()]).unwrap();
        let applied = &set.get(object.id()).unwrap().open();
        let digest = Some(world.key.digest(applied.value()));
        let entry = Entry {
            applied: digest,
            ..Entry::of(applied)
        };
        (entry, applied.value().clone())
    };
    let held: Vec<(Entry, Value)> = before.iter().map(applied).collect();
    world.inventory = Held::Known(held.iter().map(|(entry, _)| entry.clone()).collect());
    for (entry, value) in held {
        world = world.live(&entry.id, Live::Present(value));
    }
    (name.to_owned(), world.want(after.to_vec()).try_all().plan())
}

/// Three services get an annotation, one of them a replica too; one loses nearly all that it has.
fn example() -> Vec<(String, Plan)> {
    let team = |name| plan(name, &[web(name, None, 1)], &[web(name, Some("shop"), 1)]);
    let map = |name: &str| config_map("default", name, "1");
    vec![
        plan(
            "api",
            &[web("api", None, 1)],
            &[web("api", Some("shop"), 2)],
        ),
        team("hydra"),
        team("storefront"),
        plan("cdc", &[map("a"), map("b"), map("c")], &[map("c")]),
        plan(
            "bootstrap/namespaces",
            &[namespace("old"), namespace("shop")],
            &[namespace("shop")],
        ),
        plan("same", &[map("z")], &[map("z")]),
    ]
}

fn review(plans: &[(String, Plan)]) -> Review<'_> {
    Review::new(plans.iter().map(|(name, plan)| (name.as_str(), plan)))
}

#[test]
fn what_is_the_same_in_several_units_is_said_once() {
    let plans = example();
    insta::assert_snapshot!(review(&plans).text(&TextOptions::default()).to_string(), @r"
    danger
      cdc: - 2 of 3 objects are deleted
    [1] the same change in 2 units: hydra, storefront
      ~ update Deployment/default/dev-*  the source changed
          metadata.annotations.for: + *
          metadata.annotations.team: + shop
    api at main@sha1:0a1b2c3d
      Op          Object                      Wait to  Why
    wave 1 (apply)
      ~ update    Deployment/default/dev-api  ready    the source changed  hydra/dev-api.yaml:1
          metadata.annotations.for: + api
          metadata.annotations.team: + shop
          spec.replicas: 1 → 2
    1 to update; plan 2bc156932529
    hydra                 1 to update; as [1]; plan f79b9c15988a
    storefront            1 to update; as [1]; plan 11dc4597402b
    cdc at main@sha1:0a1b2c3d
      Op          Object               Wait to  Why
    danger
      - 2 of 3 objects are deleted
    wave 1 (delete)
      - prune     ConfigMap/default/a  gone     no longer in the source
      - prune     ConfigMap/default/b  gone     no longer in the source
    2 to delete, 1 unchanged; plan 43a01732b2df
    bootstrap/namespaces at main@sha1:0a1b2c3d
      Op          Object          Wait to  Why
    held
      ! blocked   Namespace/old   -        a Namespace takes everything in it along; deleted only with an approval
      to allow it, approve the object, or the plan 814c826ae75a5778986a6b141ec8efa8c77bd0a2b6342ca9b7da47e81f826d3b
    1 blocked, 1 unchanged; plan 814c826ae75a
    same                  1 unchanged
    6 units: 3 to update, 2 to delete, 1 blocked, 3 unchanged
    ");
}

#[test]
fn a_comment_on_a_pull_request_folds_the_details() {
    let plans = example();
    let options = MarkdownOptions {
        title: "Plan for dev at main@sha1:0a1b2c3d",
        ..MarkdownOptions::default()
    };
    insta::assert_snapshot!(review(&plans).markdown(&options), @r"
    ### Plan for dev at main&#64;sha1:0a1b2c3d

    **3 to update, 2 to delete, 1 blocked** in 5 of 6 units

    > [!CAUTION]
    > - <code>cdc</code>: **2 of 3** objects are deleted

    > [!WARNING]
    > - <code>bootstrap/namespaces</code>: blocked <code>Namespace/old</code>: a Namespace takes everything in it along; deleted only with an approval

    <details><summary>[1] the same change in <b>2 units</b>: &#126; update <code>Deployment/default/dev-&#42;</code></summary>

    <code>hydra</code>, <code>storefront</code>

    ```diff
    @@ Deployment/default/dev-* @@
    + metadata.annotations.for: *
    + metadata.annotations.team: shop
    ```

    </details>

    <details><summary><b>api</b>: 1 to update</summary>

    | Op | Object | Wait to | Why |
    |---|---|---|---|
    | &#126; update | <code>Deployment/default/dev-api</code> | ready | the source changed <code>hydra/dev-api.yaml:1</code> |

    ```diff
    @@ Deployment/default/dev-api @@
    + metadata.annotations.for: api
    + metadata.annotations.team: shop
    - spec.replicas: 1
    + spec.replicas: 2
    ```

    plan <code>2bc1569325290461c3d0627bf79b2af1e0c95b28e9ae37dcc7fa8642049cd5b5</code>

    </details>

    <details><summary><b>cdc</b>: 2 to delete</summary>

    | Op | Object | Wait to | Why |
    |---|---|---|---|
    | - prune | <code>ConfigMap/default/a</code> | gone | no longer in the source |
    | - prune | <code>ConfigMap/default/b</code> | gone | no longer in the source |

    plan <code>43a01732b2df7fbfbc48529b70710b263617ea07ae4cf8e0f64b356f3b6199d4</code>

    </details>

    <details><summary><b>bootstrap/namespaces</b>: 1 blocked</summary>

    | Op | Object | Wait to | Why |
    |---|---|---|---|
    | &#33; blocked | <code>Namespace/old</code> | - | a Namespace takes everything in it along; deleted only with an approval |

    plan <code>814c826ae75a5778986a6b141ec8efa8c77bd0a2b6342ca9b7da47e81f826d3b</code>

    </details>
    ");
}

#[test]
fn nothing_to_do_is_said_in_two_lines() {
    let map = config_map("default", "z", "1");
    let plans = [plan(
        "same",
        std::slice::from_ref(&map),
        std::slice::from_ref(&map),
    )];
    insta::assert_snapshot!(review(&plans).markdown(&MarkdownOptions::default()), @r"
    ### Plan

    **nothing to do** in 0 of 1 units
    ");
}

#[test]
fn a_comment_is_never_longer_than_it_may_be() {
    let value = "x".repeat(120);
    let changed = |index: usize| {
        let name = format!("service{index}");
        let map = |value: &str| config_map("default", &name, value);
        plan(&name, &[map("1")], &[map(&format!("{value}{index}"))])
    };
    let plans: Vec<(String, Plan)> = (0..300).map(changed).collect();
    for limit in [65_536, 20_000, 5_000] {
        let options = MarkdownOptions {
            limit,
            ..MarkdownOptions::default()
        };
        let text = review(&plans).markdown(&options);
        assert!(text.len() <= limit, "{} > {limit}", text.len());
        assert!(text.contains("Too long for a comment"), "{limit}");
        assert_eq!(
            text.matches("<details>").count(),
            text.matches("</details>").count()
        );
    }
}

#[test]
fn nothing_in_an_object_can_leave_its_place_in_a_comment() {
    let name = "a";
    let map = |value: &str| config_map("default", name, value);
    let nasty = "```\n</details><script>alert(1)</script> | @everyone\n````";
    let plans = [plan("<b>|`x`", &[map("1")], &[map(nasty)])];
    let text = review(&plans).markdown(&MarkdownOptions::default());
    assert!(text.contains("\n`````diff\n"), "{text}");
    assert!(!text.contains("<b>|"), "{text}");
    let outside: String = text.split("`````").step_by(2).collect();
    assert!(!outside.contains("@everyone"), "{outside}");
}
