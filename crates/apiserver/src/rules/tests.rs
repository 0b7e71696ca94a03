use serde_json::json;

use super::*;
use crate::status::join_causes;

fn broken(schema: &Value, live: Option<&Value>, object: &Value) -> String {
    let tree = RuleTree::of(schema).unwrap();
    join_causes(&validate(&tree, live, object).causes)
}

fn schema(rules: &Value, spec: &Value) -> Value {
    let spec = json!({"type": "object", "x-kubernetes-validations": rules, "properties": spec});
    json!({"type": "object", "properties": {"spec": spec}})
}

#[test]
fn names_of_fields_are_escaped() {
    let names = ["plain", "namespace", "a-b", "a.b/c", "a__b", "a_b"].map(escaped);
    let wanted = [
        "plain",
        "__namespace__",
        "a__dash__b",
        "a__dot__b__slash__c",
        "a__underscores__b",
        "a_b",
    ];
    assert_eq!(names, wanted);
}

#[test]
fn the_old_value_is_optional_where_the_rule_says_so() {
    let rule = json!([{"rule": "!oldSelf.hasValue() || oldSelf.value().n <= self.n", "optionalOldSelf": true,
        "messageExpression": "'n was larger than ' + string(self.n)"}]);
    let schema = schema(&rule, &json!({"n": {"type": "integer"}}));
    let object = |n: i64| json!({"spec": {"n": n}});
    assert_eq!(broken(&schema, None, &object(1)), "[]");
    assert_eq!(broken(&schema, Some(&object(1)), &object(2)), "[]");
    insta::assert_snapshot!(broken(&schema, Some(&object(3)), &object(2)), @"spec: Invalid value: n was larger than 2");
}

#[test]
fn items_are_compared_by_their_keys_and_what_was_wrong_may_stay() {
    let item = json!({"type": "object", "properties": {"id": {"type": "string"}, "n": {"type": "integer"}},
        "x-kubernetes-validations": [{"rule": "self.n >= oldSelf.n"}, {"rule": "self.n < 10", "message": "many"}]});
    let list = json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"],
        "items": item});
    let schema = schema(&json!([]), &json!({"items": list}));
    let object = |items: Value| json!({"spec": {"items": items}});
    let live = object(json!([{"id": "a", "n": 1}, {"id": "b", "n": 11}]));
    let swapped = object(json!([{"id": "b", "n": 11}, {"id": "a", "n": 0}]));
    insta::assert_snapshot!(broken(&schema, Some(&live), &swapped), @"spec.items[1]: Invalid value: failed rule: self.n >= oldSelf.n");
}

#[test]
fn a_hostile_rule_ends_the_validation() {
    let rule = json!([{"rule": "self.l.all(a, self.l.all(b, self.l.all(c, a + b + c > 0)))"}, {"rule": "false"}]);
    let schema = schema(
        &rule,
        &json!({"l": {"type": "array", "items": {"type": "integer"}}}),
    );
    let object = json!({"spec": {"l": vec![1; 5000]}});
    insta::assert_snapshot!(broken(&schema, None, &object), @r#"spec: Invalid value: "object": validation failed due to running out of cost budget, no further validation rules will be run"#);
}

#[test]
fn rules_that_do_not_compile_are_refused_with_their_place() {
    let rules = json!([{"rule": "self.none > 1"}, {"rule": "self.n >"}, {"rule": "self.n > x"},
        {"rule": "self.n > 1 && 'a' + self.n == ''"}, {"rule": "self.n"},
        {"rule": "self.n > 1", "messageExpression": "self.n"}]);
    let schema = schema(&rules, &json!({"n": {"type": "integer"}}));
    let causes = check(&schema, "schema");
    let lines: Vec<String> = causes
        .iter()
        .map(|it| format!("{}: {}", it.field, it.message))
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    schema.properties[spec].x-kubernetes-validations[0].rule: Invalid value: {"Rule":"self.none \u003e 1","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:5: undefined field 'none'
     | self.none > 1
     | ....^
    schema.properties[spec].x-kubernetes-validations[1].rule: Invalid value: {"Rule":"self.n \u003e","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:9: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}
     | self.n >
     | ........^
    schema.properties[spec].x-kubernetes-validations[2].rule: Invalid value: {"Rule":"self.n \u003e x","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:10: undeclared reference to 'x' (in container '')
     | self.n > x
     | .........^
    schema.properties[spec].x-kubernetes-validations[3].rule: Invalid value: {"Rule":"self.n \u003e 1 \u0026\u0026 'a' + self.n == ''","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:19: found no matching overload for '_+_' applied to '(string, int)'
     | self.n > 1 && 'a' + self.n == ''
     | ..................^
    schema.properties[spec].x-kubernetes-validations[4].rule: Invalid value: {"Rule":"self.n","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: cel expression must evaluate to a bool
    schema.properties[spec].x-kubernetes-validations[5].messageExpression: Invalid value: {"Rule":"self.n \u003e 1","Message":"","MessageExpression":"self.n","Reason":null,"FieldPath":"","OptionalOldSelf":null}: messageExpression must evaluate to a string
    "#);
    let rules = json!([{"rule": " "}, {"rule": "self.n > 'a'"}, {"rule": "self\n.n > 1"}]);
    let causes = check(
        &self::schema(&rules, &json!({"n": {"type": "integer"}})),
        "schema",
    );
    let fields: Vec<&str> = causes.iter().map(|it| &*it.field).collect();
    let place = "schema.properties[spec].x-kubernetes-validations";
    assert_eq!(
        fields,
        [format!("{place}[0].rule"), format!("{place}[2].message")]
    );
}

#[test]
fn what_was_wrong_before_is_warned_of_also_in_lists_without_keys() {
    let item = json!({"type": "integer", "x-kubernetes-validations": [{"rule": "self < 10"}]});
    let list = json!({"type": "array", "items": item});
    let schema = schema(&json!([]), &json!({"list": list, "n": {"type": "integer"}}));
    let tree = RuleTree::of(&schema).unwrap();
    let object = |list: Value, n: i64| json!({"spec": {"list": list, "n": n}});
    let (live, same) = (object(json!([11, 1]), 1), object(json!([11, 1]), 2));
    let verdict = validate(&tree, Some(&live), &same);
    insta::assert_debug_snapshot!((verdict.causes, verdict.warnings), @r#"
    (
        [],
        [
            "spec.list[0]: Invalid value: 11: failed rule: self < 10",
        ],
    )
    "#);
    let changed = broken(&schema, Some(&live), &object(json!([11, 2]), 1));
    insta::assert_snapshot!(changed, @"spec.list[0]: Invalid value: 11: failed rule: self < 10");
}
