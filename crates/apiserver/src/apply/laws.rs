//! Laws of server-side apply, on random objects.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use windlass_object::Gvk;
use windlass_object::schema::facts;

use super::*;
use crate::managed_fields::{entries, equal_but_times};

fn schema() -> &'static Schema {
    facts().schema(&Gvk::new("apps/v1", "Deployment")).unwrap()
}

fn writer<'a>(manager: &'a str, ignored: &'a FieldSet) -> Writer<'a> {
    Writer {
        manager,
        api_version: "apps/v1",
        is_custom: false,
        subresource: "",
        time: "2026-01-01T00:00:00Z",
        ignored,
    }
}

fn applied(live: &Value, configuration: &Value, manager: &str) -> Value {
    let ignored = FieldSet::default();
    let writer = writer(manager, &ignored);
    apply(live, configuration, schema(), &writer, OnConflict::TakeOver).unwrap()
}

/// Some of the fields of a Deployment: scalars, a map, an atomic map, nested keyed lists and a set.
fn configuration() -> impl Strategy<Value = Value> {
    let texts = || prop::collection::btree_map("[a-c]", "[x-z]", 0..3);
    let env = prop::collection::btree_map("[A-C]", "[0-2]", 0..3);
    let container = (
        prop::option::of("[i-k]"),
        env,
        prop::collection::vec("[p-r]", 0..3),
    );
    let containers = prop::collection::btree_map("[c-e]", container, 0..3);
    let finalizers = prop::collection::btree_set("[f-h]", 0..3);
    let parts = (
        prop::option::of(0..3_i32),
        texts(),
        texts(),
        containers,
        finalizers,
    );
    parts.prop_map(|(replicas, labels, selector, containers, finalizers)| {
        let mut spec = Map::new();
        if let Some(replicas) = replicas {
            spec.insert("replicas".to_owned(), replicas.into());
        }
        if !selector.is_empty() {
            spec.insert("selector".to_owned(), json!({ "matchLabels": selector }));
        }
        let containers: Vec<Value> = containers.into_iter().map(container_value).collect();
        if !containers.is_empty() {
            let template = json!({"spec": {"containers": containers}});
            spec.insert("template".to_owned(), template);
        }
        let mut metadata = json!({"name": "web", "namespace": "shop"});
        if !labels.is_empty() {
            metadata["labels"] = json!(labels);
        }
        if !finalizers.is_empty() {
            metadata["finalizers"] = json!(finalizers);
        }
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})
    })
}

type Container = (
    Option<String>,
    std::collections::BTreeMap<String, String>,
    Vec<String>,
);

fn container_value((name, (image, env, args)): (String, Container)) -> Value {
    let env: Vec<Value> = env
        .into_iter()
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    let mut container = json!({"name": name});
    if let Some(image) = image {
        container["image"] = image.into();
    }
    if !env.is_empty() {
        container["env"] = env.into();
    }
    if !args.is_empty() {
        container["args"] = json!(args);
    }
    container
}

/// Returns the object without its owners and without mappings and lists in which nothing is.
fn content(object: &Value) -> Value {
    let mut object = object.clone();
    remove_entries(&mut object);
    drop_empty(&mut object);
    object
}

fn drop_empty(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(drop_empty);
            map.retain(|_, value| *value != json!({}) && *value != json!([]));
        }
        Value::Array(items) => items.iter_mut().for_each(drop_empty),
        _ => {}
    }
}

fn arbitrary_json() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec![
        "spec",
        "metadata",
        "labels",
        "name",
        "template",
        "containers",
        "env",
        "ports",
        "finalizers",
        "managedFields",
        "fieldsV1",
        "f:spec",
        "k:{\"name\":1}",
        "v:",
        ".",
        "replicas",
        "annotations",
        "selector",
        "matchLabels",
        "status",
        "volumes",
        "time",
        "operation",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z$./:]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone().prop_map(str::to_owned), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn applying_twice_is_applying_once(first in configuration(), second in configuration()) {
        let live = applied(&Value::Null, &first, "one");
        let once = applied(&live, &second, "two");
        let twice = applied(&once, &second, "two");
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn the_last_configuration_of_one_manager_is_what_is_there(
        first in configuration(), second in configuration()
    ) {
        let live = applied(&Value::Null, &first, "one");
        let object = applied(&live, &second, "one");
        prop_assert_eq!(content(&object), content(&second));
    }

    #[test]
    fn applying_nothing_takes_away_what_nobody_else_owns(
        mine in configuration(), theirs in configuration()
    ) {
        let nothing = json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop"}});
        let live = applied(&Value::Null, &mine, "me");
        let both = applied(&live, &theirs, "them");
        let left = applied(&both, &nothing, "me");
        prop_assert_eq!(content(&left), content(&theirs));
    }

    #[test]
    fn an_update_of_nothing_changes_nothing(configuration in configuration()) {
        let live = applied(&Value::Null, &configuration, "one");
        let ignored = FieldSet::default();
        let updated = update(&live, live.clone(), schema(), &writer("two", &ignored));
        prop_assert!(equal_but_times(&live, &updated));
    }

    #[test]
    fn each_field_that_an_update_changed_has_one_owner(
        first in configuration(), second in configuration()
    ) {
        let live = applied(&Value::Null, &first, "one");
        let ignored = FieldSet::default();
        let updated = update(&live, second.clone(), schema(), &writer("two", &ignored));
        let owners = entries(&updated).unwrap();
        let mut old = live.clone();
        remove_entries(&mut old);
        let mut changed = compare::compare(&old, &second, schema()).changed;
        strip(&mut changed);
        for owner in owners.iter().filter(|owner| owner.manager.name == "one") {
            prop_assert!(owner.fields.intersection(&changed).is_empty());
        }
    }

    #[test]
    fn no_json_makes_it_panic(live in arbitrary_json(), new in arbitrary_json()) {
        let ignored = FieldSet::default();
        let writer = writer("kubectl", &ignored);
        let _ = apply(&live, &new, schema(), &writer, OnConflict::Fail);
        let _ = update(&live, new.clone(), schema(), &writer);
        let mut object = new.clone();
        let _ = crate::validation::decode(&mut object, schema(), "Deployment");
        let gvk = Gvk::new("apps/v1", "Deployment");
        crate::defaults::fill(&mut object, &gvk, schema());
        let _ = crate::validation::validate(&gvk, Some(&live), &object);
    }

    #[test]
    fn filling_twice_is_filling_once(configuration in configuration()) {
        let gvk = Gvk::new("apps/v1", "Deployment");
        let mut once = configuration;
        crate::defaults::fill(&mut once, &gvk, schema());
        let mut twice = once.clone();
        crate::defaults::fill(&mut twice, &gvk, schema());
        prop_assert_eq!(once, twice);
    }
}
