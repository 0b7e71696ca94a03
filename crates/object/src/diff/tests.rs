//! What the difference of two objects shows, and what it never does.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

fn key() -> FingerprintKey {
    FingerprintKey::new([7; 32])
}

fn lines(before: &Value, after: &Value) -> String {
    let changes = diff(before, after, &Mask::new(&key()));
    let lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

fn deployment(containers: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"template": {"spec": {"containers": containers}}},
    })
}

#[test]
fn list_elements_are_compared_by_name_and_their_order_is_a_change_of_its_own() {
    let before =
        deployment(&json!([{"name": "app", "image": "web:1"}, {"name": "log", "image": "l:1"}]));
    let after =
        deployment(&json!([{"name": "log", "image": "l:1"}, {"name": "app", "image": "web:2"}]));
    insta::assert_snapshot!(
        lines(&before, &after),
        @r#"
    spec.template.spec.containers[name=app].image: web:1 → web:2
    spec.template.spec.containers: ["app","log"] → ["log","app"]
    "#
    );
}

#[test]
fn an_element_that_comes_or_goes_is_one_change() {
    let before = deployment(&json!([{"name": "app", "image": "web:1"}]));
    let after =
        deployment(&json!([{"name": "app", "image": "web:1"}, {"name": "log", "args": ["-v"]}]));
    insta::assert_snapshot!(
        lines(&before, &after),
        @r#"spec.template.spec.containers[name=log]: + {"args":["-v"],"name":"log"}"#
    );
    insta::assert_snapshot!(
        lines(&after, &before),
        @r#"spec.template.spec.containers[name=log]: - {"args":["-v"],"name":"log"}"#
    );
}

#[test]
fn ports_without_a_name_are_compared_by_number_and_protocol() {
    let service = |node: u16| {
        json!({"kind": "Service", "spec": {"ports": [
            {"port": 53, "protocol": "UDP", "nodePort": node}, {"port": 53, "protocol": "TCP"},
        ]}})
    };
    insta::assert_snapshot!(
        lines(&service(30053), &service(30054)),
        @"spec.ports[port=53,protocol=UDP].nodePort: 30053 → 30054"
    );
}

#[test]
fn a_text_that_looks_like_a_number_is_quoted() {
    let with = |value: Value| json!({"kind": "ConfigMap", "data": {"a.b": value, "empty": ""}});
    insta::assert_snapshot!(lines(&with(json!(1)), &with(json!("1"))), @r#"data["a.b"]: 1 → "1""#);
}

#[test]
fn characters_that_steer_a_terminal_are_escaped() {
    let with = |text: &str| json!({"kind": "ConfigMap", "data": {"k": text}});
    insta::assert_snapshot!(
        lines(&with("a"), &with("\u{1b}[2J\u{202e}\u{9b}x")),
        @r#"data.k: a → "\u001b[2J\u202e\u009bx""#
    );
}

#[test]
fn what_the_server_writes_by_itself_is_no_change() {
    let before = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {}});
    let after = json!({"apiVersion": "v2", "kind": "Pod", "spec": {}, "status": {"phase": "Running"}, "metadata": {
        "name": "a", "uid": "1", "resourceVersion": "2", "generation": 3, "creationTimestamp": "now",
        "managedFields": [], "selfLink": "/a",
    }});
    assert_eq!(lines(&before, &after), "");
}

#[test]
fn secret_values_show_as_fingerprints_and_their_keys_as_they_are() {
    let before = json!({"kind": "Secret", "type": "Opaque", "data": {"PASSWORD": "aHVudGVyMg==", "GONE": "eA=="}});
    let after = json!({"kind": "Secret", "type": "Opaque", "data": {"PASSWORD": "aHVudGVyMw==", "NEW": "eQ=="}});
    insta::assert_snapshot!(lines(&before, &after), @r"
    data.GONE: - (fingerprint e0c5)
    data.NEW: + (fingerprint 4ec8)
    data.PASSWORD: (fingerprint fdc3 → 5ed7)
    ");
}

#[test]
fn a_hidden_pointer_is_masked_and_all_below_it() {
    let map =
        |value: &str| json!({"kind": "ConfigMap", "data": {"a": {"deep": value}}, "plain": value});
    let key = key();
    let mask = Mask::new(&key).hiding("/data");
    let changes = diff(&map("canary1"), &map("canary2"), &mask);
    assert!(matches!(changes[0].before, Some(FieldValue::Redacted(_))));
    assert_eq!(changes[1].to_string(), "plain: canary1 → canary2");
}

#[test]
fn the_same_value_has_the_same_fingerprint_under_both_keys() {
    let secret = json!({"kind": "Secret", "data": {"A": "c2FtZQ==", "B": "c2FtZQ=="}});
    let changes = diff(&json!({"kind": "Secret"}), &secret, &Mask::new(&key()));
    assert_eq!(changes[0].after, changes[1].after);
}

/// Any JSON whose texts, at whatever depth, are all the canary.
fn canaries(canary: &'static str) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(json!(canary)), Just(json!(1)), Just(Value::Null)];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let map = proptest::collection::btree_map("[a-z]{1,3}|name", inner.clone(), 0..4);
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(Value::from),
            map.prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn secret_of(data: &Value, string_data: &Value, last_applied: &Value) -> Value {
    json!({
        "kind": "Secret", "data": data, "stringData": string_data,
        "metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": last_applied}},
    })
}

proptest! {
    #[test]
    fn a_secret_value_never_shows_however_malformed_the_secret(
        before in (canaries("CANARY1"), canaries("CANARY1"), canaries("CANARY1")),
        after in (canaries("CANARY2"), canaries("CANARY2"), canaries("CANARY2")),
        hidden in canaries("CANARY3"),
    ) {
        let mut one = secret_of(&before.0, &before.1, &before.2);
        one["spec"] = json!({"hidden": hidden});
        let two = secret_of(&after.0, &after.1, &after.2);
        let key = key();
        let mask = Mask::new(&key).hiding("/spec/hidden");
        for (before, after) in [(&one, &two), (&one, &json!({"kind": "Secret"})), (&two, &one)] {
            let changes = diff(before, after, &mask);
            let mut shown = format!("{changes:?}{}{mask:?}", serde_json::to_string(&changes).unwrap());
            for change in &changes {
                shown.push_str(&change.to_string());
            }
            prop_assert!(!shown.contains("CANARY"), "{shown}");
        }
    }

    #[test]
    fn two_objects_differ_exactly_when_there_are_changes(one in canaries("a"), two in canaries("a")) {
        let (one, two) = (json!({"spec": one}), json!({"spec": two}));
        let key = key();
        let changes = diff(&one, &two, &Mask::new(&key));
        prop_assert_eq!(changes.is_empty(), one == two);
        let json = serde_json::to_string(&changes).unwrap();
        prop_assert_eq!(serde_json::from_str::<Vec<FieldChange>>(&json).unwrap(), changes);
    }
}

#[test]
fn a_precision_cuts_each_value() {
    let with = |text: &str| json!({"kind": "ConfigMap", "data": {"k": text}});
    let change = &diff(&with("ééééé"), &with("short"), &Mask::new(&key()))[0];
    assert_eq!(
        format!("{change:.3}"),
        "data.k: ééé… (5 characters) → sho… (5 characters)"
    );
    assert_eq!(format!("{change:.5}"), "data.k: ééééé → short");
}
