//! Laws of patches, on random JSON.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{json_patch, merge_patch, strategic_merge_patch};
use crate::Gvk;
use crate::schema::{Schema, facts, publish_schema};

fn value() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec![
        "a",
        "b",
        "spec",
        "containers",
        "name",
        "env",
        "template",
        "metadata",
        "finalizers",
        "strategy",
        "$patch",
        "$retainKeys",
        "$setElementOrder/containers",
        "$deleteFromPrimitiveList/finalizers",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i8>().prop_map(Value::from),
        prop::sample::select(vec!["a", "b", "replace", "delete", "merge", "/a/0", "-1"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 32, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone().prop_map(str::to_owned), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn operation() -> impl Strategy<Value = Value> {
    let op = prop::sample::select(vec![
        "add", "remove", "replace", "move", "copy", "test", "jump",
    ]);
    let path = "(/(a|b|0|-1|-|spec|~1|~0|99)){0,3}";
    (op, path, path, value()).prop_map(
        |(op, path, from, value)| json!({"op": op, "path": path, "from": from, "value": value}),
    )
}

fn deployment() -> &'static Schema {
    facts().schema(&Gvk::new("apps/v1", "Deployment")).unwrap()
}

/// Returns the merge patch that makes `new` of `old`, both without nulls.
fn difference(old: &Value, new: &Value) -> Value {
    let (Value::Object(old), Value::Object(new)) = (old, new) else {
        return new.clone();
    };
    let mut patch = Map::new();
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        patch.insert(name.clone(), Value::Null);
    }
    for (name, value) in new {
        match old.get(name) {
            Some(same) if same == value => {}
            Some(other) if other.is_object() == value.is_object() => {
                patch.insert(name.clone(), difference(other, value));
            }
            _ => {
                patch.insert(name.clone(), value.clone());
            }
        }
    }
    Value::Object(patch)
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(
                kept.map(|(name, value)| (name, without_nulls(value)))
                    .collect(),
            )
        }
        other => other,
    }
}

proptest! {
    #[test]
    fn a_merge_patch_made_from_two_values_leads_from_one_to_the_other(old in value(), new in value()) {
        let (old, new) = (without_nulls(old), without_nulls(new));
        let mut patched = old.clone();
        merge_patch(&mut patched, &difference(&old, &new));
        prop_assert_eq!(patched, new);
    }

    #[test]
    fn a_merge_patch_twice_is_a_merge_patch_once(target in value(), patch in value()) {
        let mut once = target;
        merge_patch(&mut once, &patch);
        let mut twice = once.clone();
        merge_patch(&mut twice, &patch);
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn a_json_patch_that_fails_changes_nothing(
        target in value(), operations in prop::collection::vec(operation(), 0..5)
    ) {
        let mut patched = target.clone();
        if json_patch(&mut patched, &Value::from(operations)).is_err() {
            prop_assert_eq!(patched, target);
        }
    }

    #[test]
    fn a_strategic_patch_that_fails_changes_nothing(target in value(), patch in value()) {
        let mut patched = target.clone();
        if strategic_merge_patch(&mut patched, &patch, deployment()).is_err() {
            prop_assert_eq!(patched, target);
        }
    }

    #[test]
    fn no_json_makes_reading_a_schema_panic(value in value()) {
        if let Ok(schema) = Schema::from_crd(&value) {
            let _ = publish_schema(&schema);
        }
    }
}
