use proptest::prelude::*;
use serde_json::json;

use super::*;

fn schema() -> Schema {
    Schema::from_crd(&json!({"type": "object", "required": ["spec"], "properties": {
        "spec": {"type": "object", "required": ["size"], "properties": {
            "size": {"type": "integer", "minimum": 1, "maximum": 5},
            "mode": {"type": "string", "enum": ["fast", "slow"], "default": "fast"},
            "name": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 4},
            "port": {"x-kubernetes-int-or-string": true},
            "tags": {"type": "array", "x-kubernetes-list-type": "set", "maxItems": 2, "items": {"type": "string"}},
            "rules": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                "items": {"type": "object", "properties": {"name": {"type": "string"},
                    "weight": {"type": "integer", "default": 1}}}},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            "maybe": {"type": "string", "nullable": true},
            "one": {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
        }},
    }}))
    .unwrap()
}

#[test]
fn unknown_fields_are_pruned_and_named_except_where_they_are_kept() {
    let mut object = json!({"apiVersion": "x/v1", "kind": "X", "metadata": {"name": "x", "foo": 1},
        "spec": {"size": 1, "bar": 2, "free": {"any": 1}, "rules": [{"name": "a", "extra": 1}]}});
    let unknown = prune(&mut object, &schema(), "X").unwrap();
    assert_eq!(unknown, ["metadata.foo", "spec.bar", "spec.rules[0].extra"]);
    assert_eq!(
        object,
        json!({"apiVersion": "x/v1", "kind": "X", "metadata": {"name": "x"},
            "spec": {"size": 1, "free": {"any": 1}, "rules": [{"name": "a"}]}})
    );
}

#[test]
fn metadata_of_a_wrong_type_is_refused() {
    let mut object = json!({"metadata": {"labels": {"a": 1}}});
    let error = prune(&mut object, &schema(), "X").unwrap_err();
    assert_eq!(
        error,
        "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string"
    );
}

#[test]
fn defaults_are_set_and_nulls_give_way_to_them() {
    let mut object =
        json!({"spec": {"size": 1, "mode": null, "maybe": null, "rules": [{"name": "a"}]}});
    fill(&mut object, &schema());
    assert_eq!(
        object,
        json!({"spec": {"size": 1, "mode": "fast", "maybe": null, "rules": [{"name": "a", "weight": 1}]}})
    );
}

#[test]
fn every_broken_rule_is_named() {
    let object = json!({"metadata": {"name": "x"}, "spec": {
        "mode": "warp", "name": "TOOLONG", "port": true, "tags": ["a", "b", "a"], "maybe": null,
        "rules": [{"name": "a"}, {"name": "a"}], "one": {}, "size": "two"}});
    let causes = validate(&object, None, &schema());
    let lines: Vec<String> = causes
        .iter()
        .map(|c| format!("{}: {}", c.field, c.message))
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    spec.mode: Unsupported value: "warp": supported values: "fast", "slow"
    spec.name: Too long: may not be more than 4 bytes
    spec.one: Invalid value: "": "spec.one" must validate one and only one schema (oneOf). Found none valid
    spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"
    spec.rules[1]: Duplicate value: {"name":"a"}
    spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"
    spec.tags: Too many: 3: must have at most 2 items
    spec.tags[2]: Duplicate value: "a"
    "#);
    let causes = validate(&json!({"spec": {"maybe": null}}), None, &schema());
    assert_eq!(causes[0].field, "spec.size");
    assert_eq!(causes[0].message, "Required value");
}

#[test]
fn numbers_fit_their_type_and_format_and_so_do_their_bounds() {
    let definition = json!({"type": "object", "properties": {
        "whole": {"type": "integer"}, "half": {"type": "integer", "format": "int32", "maximum": 4_294_967_296_u64},
        "short": {"type": "number", "format": "float"}, "long": {"type": "integer", "format": "int64"},
    }});
    let schema = Schema::from_crd(&definition).unwrap();
    let causes = |object: Value| {
        let lines = validate(&object, None, &schema).into_iter();
        lines.map(|it| it.message).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        causes(json!({"whole": i64::MAX, "short": 1e38, "long": 3.0})),
        ""
    );
    insta::assert_snapshot!(causes(json!({"whole": u64::MAX, "half": 1, "short": 1e39, "long": 1.5})), @r#"
    Invalid value: "": Maximum boundary value must be of type integer with format int32 in half
    Invalid value: "": Checked value must be of type integer with format int64 in long
    Invalid value: "float64": long in body must be of type int64: "float64"
    Invalid value: "": Checked value must be of type number with format float in short
    Invalid value: "": Checked value must be of type integer (default format) in whole
    Invalid value: "number": whole in body must be of type integer: "number"
    "#);
    let mut object = json!({"whole": 3.0, "short": 1.5});
    prune(&mut object, &schema, "X").unwrap();
    assert_eq!(object["whole"].to_string(), "3");
    assert_eq!(object["short"].to_string(), "1.5");
}

fn resource() -> impl Strategy<Value = Value> {
    let names = vec![
        "spec", "size", "mode", "name", "port", "tags", "rules", "free", "maybe", "one", "a",
        "metadata",
    ];
    let name = prop::sample::select(names).prop_map(str::to_owned);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i8>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z]{0,5}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn pruning_and_defaulting_twice_is_doing_it_once(resource in resource()) {
        let schema = schema();
        let mut once = resource;
        let _ = validate(&once, None, &schema);
        if prune(&mut once, &schema, "X").is_ok() {
            fill(&mut once, &schema);
            let mut twice = once.clone();
            prop_assert_eq!(prune(&mut twice, &schema, "X"), Ok(Vec::new()));
            fill(&mut twice, &schema);
            prop_assert_eq!(once, twice);
        }
    }
}
