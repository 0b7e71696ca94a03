//! Documents that the real program made for these tests (`tests/data`).

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde_json::json;
use windlass_sops::{DecryptError, Document, Format, Keyring, Style};

use crate::any_document;

const CANARY: &str = "canary-c2b1";
const VALUE: &str = "postgres://hydra:canary-c2b1@db/hydra";

fn data(name: &str) -> Vec<u8> {
    fs::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data")).join(name)).unwrap()
}

fn keyring(names: &[&str]) -> Keyring {
    let mut keyring = Keyring::new();
    for name in names {
        let text = String::from_utf8(data(name)).unwrap();
        keyring.extend(Keyring::parse(&text).unwrap());
    }
    keyring
}

fn document(name: &str) -> Document {
    Document::parse(&data(name), Format::of_file_name(name)).unwrap()
}

fn decrypt(name: &str) -> String {
    let plaintext = document(name).decrypt(&keyring(&["first.agekey"])).unwrap();
    assert_eq!(plaintext.warnings(), []);
    let bytes = plaintext.to_bytes().unwrap();
    bytes.expose_text().unwrap().to_owned()
}

#[test]
fn every_format_opens_to_what_sops_prints() {
    assert_eq!(decrypt("value.enc"), VALUE);
    insta::assert_snapshot!(decrypt("secret.json"), @r#"
    {
    	"b": {
    		"password": "canary-c2b1",
    		"port": 5432,
    		"on": true,
    		"none": null,
    		"list": [
    			"x",
    			"x"
    		]
    	},
    	"a_unencrypted": 1.5,
    	"empty": ""
    }
    "#);
    insta::assert_snapshot!(decrypt("secret.yaml"), @r#"
    # who may read this
    apiVersion: v1
    kind: Secret
    metadata:
        name: hydra
        labels:
            since: 2020-01-02T00:00:00Z
    stringData:
        password: canary-c2b1
        # the port
        port: "5432"
    "#);
    insta::assert_snapshot!(decrypt("secret.env"), @r#"
    # c
    PASSWORD=canary-c2b1
    EMPTY=
    KEY=a\nb
    "#);
    insta::assert_snapshot!(decrypt("secret.ini"), @r"
    ; top
    [db]
    password = canary-c2b1
    port     = 5432

    [empty]
    ");
}

#[test]
fn any_one_of_the_recipients_opens_a_document() {
    for key in ["first.agekey", "second.agekey"] {
        let plaintext = document("value.enc").decrypt(&keyring(&[key])).unwrap();
        assert_eq!(plaintext.into_data().unwrap().expose(), VALUE.as_bytes());
    }
}

#[test]
fn key_groups_need_as_many_keys_as_their_threshold() {
    let both = keyring(&["second.agekey", "first.agekey"]);
    let plaintext = document("shared.enc").decrypt(&both).unwrap();
    assert_eq!(plaintext.into_data().unwrap().expose(), VALUE.as_bytes());
    let error = document("shared.enc").decrypt(&keyring(&["second.agekey"]));
    insta::assert_snapshot!(error.unwrap_err(), @"2 of the 2 key groups are needed, and 1 could be opened; the age identity of age1qh28wujlgl4grzkqhrszud7hexeu8lucjtd2mfxxw5559y4n0qxsf4m0pr would do");
}

#[test]
fn without_an_identity_the_recipients_are_listed() {
    let error = document("value.enc").decrypt(&Keyring::new()).unwrap_err();
    insta::assert_snapshot!(error, @"no identity was given; the age identity of age1qh28wujlgl4grzkqhrszud7hexeu8lucjtd2mfxxw5559y4n0qxsf4m0pr or age1zchnrd6keprms345rky5k2kkqry5etydlxeq2sa8an8xhu59m4aqva7zl6 would do");
    let error = document("secret.yaml")
        .decrypt(&keyring(&["second.agekey"]))
        .unwrap_err();
    insta::assert_snapshot!(error, @"no identity that was given opens it; the age identity of age1qh28wujlgl4grzkqhrszud7hexeu8lucjtd2mfxxw5559y4n0qxsf4m0pr would do");
}

/// Returns the document after `from` was replaced by `to`.
fn altered(name: &str, from: &str, to: &str) -> Result<String, DecryptError> {
    let text = String::from_utf8(data(name)).unwrap();
    assert!(text.contains(from), "{name} has no {from}");
    let text = text.replacen(from, to, 1);
    let document = Document::parse(text.as_bytes(), Format::of_file_name(name)).unwrap();
    let plaintext = document.decrypt(&keyring(&["first.agekey"]))?;
    let bytes = plaintext.to_bytes().unwrap();
    Ok(bytes.expose_text().unwrap().to_owned())
}

#[test]
fn alterations_are_refused_and_say_what_was_altered() {
    let refused = |name, from, to| altered(name, from, to).unwrap_err().to_string();
    insta::assert_snapshot!(refused("secret.json", "\"password\"", "\"passwort\""), @r#"the value ["b"]["passwort"] was altered, or moved here from another place"#);
    insta::assert_snapshot!(refused("secret.yaml", "kind: Secret", "kind: ConfigMap"), @"the MAC does not match: values were altered, added, removed or reordered after encryption");
    insta::assert_snapshot!(refused("secret.yaml", "    mac: ", "    mack: "), @"the MAC is missing, so the document may have been altered; encrypt it again from its source");
    insta::assert_snapshot!(refused("secret.yaml", "lastmodified: \"2026", "lastmodified: \"2027"), @"the MAC was altered, or moved here from another place, so the document may have been altered");
    insta::assert_snapshot!(refused("secret.yaml", ",type:str]", ",type:int]"), @r#"the value ["stringData"]["password"] is marked as int, and its content is not"#);
    insta::assert_snapshot!(refused("secret.json", "\"a_unencrypted\": 1.5", "\"a\": 1.5"), @r#"the value ["a"] is not encrypted, although the document's rules say that it is"#);
    insta::assert_snapshot!(refused("secret.env", "EMPTY=", "EMPTY=clear"), @r#"the value ["EMPTY"] is not encrypted, although the document's rules say that it is"#);
}

#[test]
fn what_the_mac_does_not_cover_may_change() {
    let opened = altered("mac-only.json", "\"text\"", "\"other\"").unwrap();
    assert!(opened.contains("\"other\"") && opened.contains(CANARY));
    assert!(
        altered(
            "mac-only.json",
            "mac_only_encrypted\": true",
            "mac_only_encrypted\": false"
        )
        .is_err()
    );
}

#[test]
fn an_unverified_document_opens_without_its_mac() {
    let text = String::from_utf8(data("secret.yaml")).unwrap();
    let text = text.replace("    mac: ", "    mack: ");
    let document = Document::parse(text.as_bytes(), Format::Yaml).unwrap();
    let keyring = keyring(&["first.agekey"]);
    assert_eq!(
        document.decrypt(&keyring).unwrap_err(),
        DecryptError::MissingMac
    );
    assert!(document.decrypt_unverified(&keyring).is_ok());
}

#[test]
fn nothing_that_can_be_printed_shows_a_secret() {
    let keyring = keyring(&["first.agekey", "second.agekey"]);
    for name in [
        "value.enc",
        "secret.json",
        "secret.yaml",
        "secret.env",
        "secret.ini",
        "shared.enc",
    ] {
        let document = document(name);
        let plaintext = document.decrypt(&keyring).unwrap();
        let bytes = plaintext.to_bytes().unwrap();
        assert!(bytes.expose_text().unwrap().contains(CANARY));
        let shown = format!("{document:?} {plaintext:#?} {bytes:?} {keyring:?}");
        assert!(
            !shown.contains(CANARY) && !shown.contains("AGE-SECRET"),
            "{shown}"
        );
    }
}

const NAMES: [&str; 5] = [
    "value.enc",
    "secret.json",
    "secret.yaml",
    "secret.env",
    "secret.ini",
];

#[test]
fn a_clear_key_that_was_renamed_is_not_a_broken_law() {
    any_document::refuses_or_opens_as_it_was(&[27, 87, 11, 107, 195, 66, 8]);
    any_document::reads_and_prints(b"m: -0.0\n", Format::Yaml);
}

#[test]
fn laws_hold_for_every_document_here() {
    for name in NAMES {
        let format = Format::of_file_name(name);
        any_document::reads_and_prints(&data(name), format);
        let plain = decrypt(name);
        any_document::reads_and_prints(plain.as_bytes(), format);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// One altered byte is refused, or it is one that no value depends on (white space, a label).
    #[test]
    fn one_altered_byte_never_changes_a_value(file in 0..NAMES.len(), at in any::<prop::sample::Index>(), byte: u8) {
        let name = NAMES[file];
        let mut bytes = data(name);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(document) = Document::parse(&bytes, Format::of_file_name(name))
            && let Ok(plaintext) = document.decrypt(&keyring(&["first.agekey", "second.agekey"]))
            && let Ok(opened) = plaintext.to_json()
        {
            prop_assert!(opened.expose_text().unwrap().contains(CANARY));
        }
    }

    /// What is cut off is refused, or it was white space at the end.
    #[test]
    fn a_truncated_document_is_refused(file in 0..NAMES.len(), at in any::<prop::sample::Index>()) {
        let name = NAMES[file];
        let bytes = data(name);
        let at = at.index(bytes.len());
        let opened = Document::parse(&bytes[..at], Format::of_file_name(name))
            .is_ok_and(|document| document.decrypt(&keyring(&["first.agekey"])).is_ok());
        prop_assert!(!opened || bytes[at..].trim_ascii().is_empty() || name.ends_with("ini") || name.ends_with("env"));
    }

    /// Values that were swapped, copied, removed or marked as another type, too.
    #[test]
    fn an_alteration_is_refused_or_changes_no_value(edits in prop::collection::vec(any::<u8>(), 7..32)) {
        any_document::refuses_or_opens_as_it_was(&edits);
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in "[a-z:=\\[\\]{}\"'|>#;\\\\\n -]{0,60}") {
        for format in any_document::FORMATS {
            prop_assert!(Document::parse(text.as_bytes(), format).is_err());
            any_document::reads_and_prints(text.as_bytes(), format);
        }
        any_document::reads_metadata(&text);
        any_document::reads_config(&text);
        any_document::reads_path(&text);
    }
}

/// go-yaml writes some of these texts within a list so that it cannot read them again.
#[test]
fn a_wrapped_key_of_any_shape_is_read_again() {
    const LINES: [&str; 9] = ["", " ", "  a", "\ta", "a ", "- b", "a: b", "#d", "---"];
    for (one, two) in LINES.iter().flat_map(|one| LINES.map(|two| (one, two))) {
        for end in ["", "\n", "\n\n"] {
            let wrapped = format!("{one}\n{two}{end}");
            let document = json!({
                "data": "ENC[AES256_GCM,data:QQ==,iv:QQ==,tag:QQ==,type:str]",
                "sops": {
                    "age": [{"recipient": "age1friend", "enc": wrapped}],
                    "lastmodified": "2026-01-31T09:05:00Z", "mac": "ENC[]", "version": "3.11.0"
                }
            });
            let document = Document::parse(document.to_string().as_bytes(), Format::Json).unwrap();
            for format in [Format::Yaml, Format::Json, Format::Dotenv] {
                let text = document.to_bytes_as(format, Style::default()).unwrap();
                let again = Document::parse(&text, format).unwrap();
                let again = again.recipients().next().unwrap();
                assert_eq!(again.wrapped, wrapped, "{}", String::from_utf8_lossy(&text));
            }
        }
    }
}

#[test]
fn a_date_that_no_key_of_age_has_is_no_part_of_one() {
    let document = json!({
        "data": "ENC[AES256_GCM,data:QQ==,iv:QQ==,tag:QQ==,type:str]",
        "sops": {
            "age": [{"recipient": "age1friend", "enc": "x", "created_at": "2026-01-31T09:05:00Z"}],
            "lastmodified": "2026-01-31T09:05:00Z", "mac": "ENC[]", "version": "3.11.0"
        }
    });
    let document = Document::parse(document.to_string().as_bytes(), Format::Json).unwrap();
    let printed = document.to_bytes(Style::default()).unwrap();
    let again = Document::parse(&printed, Format::Json).unwrap();
    assert_eq!(again.keys(), document.keys());
}
