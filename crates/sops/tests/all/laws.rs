//! Laws of encrypting and editing, for any tree in any format under any rule.

use std::collections::HashSet;

use proptest::prelude::*;
use windlass_sops::{
    DataKey, Document, Format, Identity, KeyGroup, Keyring, MacCheck, MasterKey, PlainValue,
    Plaintext, Rules, Selection, SelectionKind, Style, Timestamp, WrappedKeys,
};

const MARKER: &str = "canary-77a0";

fn random(seed: u64) -> impl FnMut(&mut [u8]) {
    let mut state = seed;
    move |bytes: &mut [u8]| {
        for byte in bytes {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            *byte = state.to_be_bytes()[0];
        }
    }
}

fn now() -> Timestamp {
    Timestamp::from_unix(1_769_850_300)
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("\"\"".to_owned()),
        (-1000_i32..1000).prop_map(|number| number.to_string()),
        "[a-zA-Z0-9 _:#='-]{0,12}".prop_map(|text| format!("\"{MARKER} {text}\"")),
        Just(format!("\"{MARKER}\\nof two lines\\n\"")),
    ]
}

/// A JSON value; YAML reads it too.
fn value() -> impl Strategy<Value = String> {
    scalar().prop_recursive(3, 24, 4, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..4);
        let list = list.prop_map(|values| format!("[{}]", values.join(", ")));
        prop_oneof![list, mapping(inner)]
    })
}

fn mapping(values: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let keys = "[a-c]{1,2}(_plain|_secret)?";
    prop::collection::btree_map(keys, values, 0..4).prop_map(|pairs| {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(key, value)| format!("\"{key}\": {value}"))
            .collect();
        format!("{{{}}}", pairs.join(", "))
    })
}

fn lines() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        "[A-C]{1,3}(_plain)?=[a-z0-9 \\\\n]{0,10}",
        "#[ a-z]{0,8}",
        Just(format!("MARKED={MARKER}")),
    ];
    prop::collection::vec(line, 1..8).prop_map(|lines| lines.join("\n") + "\n")
}

fn sections() -> impl Strategy<Value = String> {
    prop::collection::btree_map("[d-f]{1,2}", "[a-z0-9]{1,8}", 0..4).prop_map(|keys| {
        let keys: Vec<_> = keys
            .iter()
            .map(|(key, value)| format!("{key} = {value}\n"))
            .collect();
        let keys = keys.concat();
        format!("; about a\n[a]\nmarked = {MARKER}\n{keys}[b]\n{keys}")
    })
}

fn document() -> impl Strategy<Value = (Format, String)> {
    let with_comments = |json: String| format!("# secret: first\n{json}\n# last\n");
    let blocks =
        mapping(value()).prop_map(|json| format!("# secret\na: {json}\n# plain\nb: [x, x]\n"));
    prop_oneof![
        mapping(value()).prop_map(|json| (Format::Json, json)),
        mapping(value()).prop_map(move |json| (Format::Yaml, with_comments(json))),
        blocks.prop_map(|text| (Format::Yaml, text)),
        lines().prop_map(|text| (Format::Dotenv, text)),
        sections().prop_map(|text| (Format::Ini, text)),
        ".{0,40}".prop_map(|text| (Format::Binary, text)),
    ]
}

fn rules() -> impl Strategy<Value = Rules> {
    let kinds = prop::sample::select(SelectionKind::ALL.to_vec());
    let texts = prop::sample::select(vec!["_plain", "_secret", "^a", "secret", "plain", "b$"]);
    (kinds, texts, any::<bool>()).prop_map(|(kind, text, mac_only_encrypted)| Rules {
        selection: Selection::new(kind, text).unwrap(),
        mac_only_encrypted,
    })
}

fn wrapped(key: &DataKey, groups: &[KeyGroup], threshold: usize) -> WrappedKeys {
    let wrapping = key
        .wrapping(groups, threshold, &now(), &mut random(5))
        .unwrap();
    wrapping.ask(&Keyring::new()).unwrap()
}

fn group(identity: &Identity) -> KeyGroup {
    let recipient = identity.recipient().to_owned();
    [MasterKey::Age { recipient }].into_iter().collect()
}

/// Encrypts, and returns the text with the data key; `None` when the rules cannot work for the document.
fn encrypted(format: Format, text: &str, rules: Rules) -> Option<(Vec<u8>, DataKey)> {
    let plaintext = Plaintext::parse(text.as_bytes(), format).unwrap();
    let key = DataKey::generate(&mut random(1));
    let keys = wrapped(&key, &[group(&Identity::generate())], 0);
    let document = plaintext
        .encrypt(&key, keys, rules, &now(), &mut random(2))
        .ok()?;
    Some((document.to_bytes(Style::default()).unwrap(), key))
}

fn values_of(text: &[u8]) -> HashSet<String> {
    let text = String::from_utf8_lossy(text);
    let values = text
        .split("ENC[")
        .skip(1)
        .map(|rest| rest.split(']').next().unwrap().to_owned());
    values.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn what_was_encrypted_opens_to_the_same_text((format, text) in document(), rules in rules()) {
        let plain = Plaintext::parse(text.as_bytes(), format).unwrap().to_bytes().unwrap();
        if let Some((bytes, key)) = encrypted(format, &text, rules) {
            let document = Document::parse(&bytes, format).unwrap();
            let opened = document.decrypt_with(&key, MacCheck::Verify).unwrap();
            let opened = opened.to_bytes().unwrap();
            prop_assert_eq!(opened.expose_text(), plain.expose_text());
        }
    }

    #[test]
    fn sealing_again_keeps_every_ciphertext_but_the_mac((format, text) in document(), rules in rules()) {
        if let Some((bytes, key)) = encrypted(format, &text, rules) {
            let document = Document::parse(&bytes, format).unwrap();
            let open = document.open(&key, MacCheck::Verify).unwrap();
            let later = Timestamp::from_unix(1_800_000_000);
            let again = open.seal(&later, &mut random(9)).unwrap();
            let again = again.to_bytes(Style::default()).unwrap();
            let (before, after) = (values_of(&bytes), values_of(&again));
            prop_assert_eq!(before.difference(&after).count(), 1);
            prop_assert_eq!(before.len(), after.len());
        }
    }

    #[test]
    fn a_value_that_is_set_changes_no_other(json in mapping(value())) {
        let (bytes, key) = encrypted(Format::Json, &json, Rules::default()).unwrap();
        let document = Document::parse(&bytes, Format::Json).unwrap();
        let mut open = document.open(&key, MacCheck::Verify).unwrap();
        let path = r#"["new"]["key"]"#.parse().unwrap();
        prop_assert!(open.plaintext.set(&path, PlainValue::text(MARKER)).unwrap());
        let edited = open.seal(&now(), &mut random(9)).unwrap().to_bytes(Style::default()).unwrap();
        let (before, after) = (values_of(&bytes), values_of(&edited));
        prop_assert_eq!(before.difference(&after).count(), 1);
        prop_assert_eq!(after.len(), before.len() + 1);
        let reread = Document::parse(&edited, Format::Json).unwrap();
        let opened = reread.decrypt_with(&key, MacCheck::Verify).unwrap();
        let value = opened.get(&path).unwrap();
        prop_assert_eq!(value.as_text().unwrap().expose(), MARKER.as_bytes());
    }

    #[test]
    fn nothing_that_is_printed_holds_a_value((format, text) in document(), rules in rules()) {
        if let Some((bytes, key)) = encrypted(format, &text, rules) {
            let document = Document::parse(&bytes, format).unwrap();
            let open = document.open(&key, MacCheck::Verify).unwrap();
            let value = open.plaintext.get(&"".parse().unwrap());
            let shown = format!("{document:?} {open:?} {:?} {key:?} {value:?}", open.plaintext);
            prop_assert!(!shown.contains(MARKER), "{}", shown);
            let wrong = DataKey::generate(&mut random(77));
            if let Err(error) = document.decrypt_with(&wrong, MacCheck::Verify) {
                let shown = format!("{error} {error:?}");
                prop_assert!(!shown.contains(MARKER), "{}", shown);
            }
        }
    }
}

#[test]
fn any_two_of_three_groups_open_what_was_shared_among_them() {
    let identities = [(); 3].map(|()| Identity::generate());
    let key = DataKey::generate(&mut random(1));
    let keys = wrapped(&key, &identities.each_ref().map(group), 2);
    let plaintext = Plaintext::parse(MARKER.as_bytes(), Format::Binary).unwrap();
    let document = plaintext
        .encrypt(&key, keys, Rules::default(), &now(), &mut random(2))
        .unwrap();
    let opens = |held: &[usize]| {
        let mut keyring = Keyring::new();
        for at in held {
            keyring.add(identities[*at].clone());
        }
        document.decrypt(&keyring).is_ok()
    };
    assert!(opens(&[0, 1]) && opens(&[0, 2]) && opens(&[1, 2]) && opens(&[0, 1, 2]));
    assert!(!opens(&[0]) && !opens(&[2]) && !opens(&[]));
}
