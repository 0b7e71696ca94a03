//! What is said of a document, and the line that it is said of.

use windlass_sops::{
    DataKey, Document, Format, KeyFailure, KeyGroup, KeyService, Located, MacCheck, MasterKey,
    Plaintext, Rules, SecretBytes, Selection, SelectionKind, Source, Style, Timestamp, Warning,
    WrappedKey,
};

fn random() -> impl FnMut(&mut [u8]) {
    let mut next = 0_u8;
    move |bytes: &mut [u8]| {
        for byte in bytes {
            next = next.wrapping_mul(181).wrapping_add(7);
            *byte = next;
        }
    }
}

/// Wraps every key as the same two lines: an age file has a different length every time.
struct TwoLines;

impl KeyService for TwoLines {
    fn unwrap(&self, _: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        Err(KeyFailure::Damaged)
    }

    fn wrap(&self, _: &MasterKey, _: &SecretBytes) -> Result<String, KeyFailure> {
        Ok("two\nlines\n".to_owned())
    }
}

fn key() -> DataKey {
    DataKey::generate(&mut random())
}

fn now() -> Timestamp {
    Timestamp::from_unix(1_769_850_300)
}

fn rules(kind: SelectionKind, pattern: &str) -> Rules {
    Rules {
        selection: Selection::new(kind, pattern).unwrap(),
        mac_only_encrypted: false,
    }
}

fn document(text: &str, format: Format, rules: Rules) -> Document {
    let recipient = "age1".to_owned();
    let group: KeyGroup = [MasterKey::Age { recipient }].into_iter().collect();
    let wrapping = key().wrapping(&[group], 0, &now(), &mut random()).unwrap();
    let keys = wrapping.ask(&TwoLines).unwrap();
    let plaintext = Plaintext::parse(text.as_bytes(), format).unwrap();
    let sealed = plaintext.encrypt(&key(), keys, rules, &now(), &mut random());
    sealed.unwrap()
}

fn encrypted(text: &str, format: Format) -> String {
    let document = document(text, format, Rules::default());
    String::from_utf8(document.to_bytes(Style::default()).unwrap()).unwrap()
}

fn opened(text: &str, format: Format) -> Result<Plaintext, String> {
    let source = Source::new(text.as_bytes(), format);
    let message = |error: &dyn Located| source.message("f", error);
    let document = Document::parse(text.as_bytes(), format).map_err(|error| message(&error))?;
    let plaintext = document.decrypt_with(&key(), MacCheck::Verify);
    plaintext.map_err(|error| message(&error))
}

/// Returns the error after `from` was replaced by `to`.
fn refused(text: &str, format: Format, from: &str, to: &str) -> String {
    let encrypted = encrypted(text, format);
    assert!(encrypted.contains(from), "{encrypted}");
    opened(&encrypted.replacen(from, to, 1), format).unwrap_err()
}

fn warnings(text: &str, format: Format, warnings: &[Warning]) -> String {
    let source = Source::new(text.as_bytes(), format);
    let lines = warnings.iter().map(|warning| source.message("f", warning));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn errors_name_the_line_of_the_value() {
    let yaml = "a: 1\nb:\n    - x\n    # c\n    - d: y\n---\nsecond: z\n";
    insta::assert_snapshot!(refused(yaml, Format::Yaml, " d: ENC", " e: ENC"), @r#"f:5:10: the value ["b"][2]["e"] was altered, or moved here from another place"#);
    insta::assert_snapshot!(refused(yaml, Format::Yaml, "second: ENC", "second: enc"), @r#"f:17:9: the value ["second"] is not encrypted, although the document's rules say that it is"#);
    insta::assert_snapshot!(refused(yaml, Format::Yaml, "    mac: ENC", "    mac: enc"), @"f:13:10: the MAC is not of the form ENC[AES256_GCM,data:…,iv:…,tag:…,type:…], so the document may have been altered");
    insta::assert_snapshot!(refused(yaml, Format::Yaml, "    mac: ", "    mack: "), @"f:7:5: the MAC is missing, so the document may have been altered; encrypt it again from its source");
    insta::assert_snapshot!(refused(yaml, Format::Yaml, "          enc: |", "          enc: [x]\n          no: |"), @"f:9:16: the sops metadata is damaged: age[0].enc must be a text");
    let json = "{\"a\": {\"b\": [\"x\"]}}";
    insta::assert_snapshot!(refused(json, Format::Json, "type:str", "type:int"), @r#"f:4:4: the value ["a"]["b"][0] is marked as int, and its content is not"#);
    insta::assert_snapshot!(refused(json, Format::Json, "\"version\"", "\"revision\""), @"f:7:10: the sops metadata is damaged: version must be a version such as 3.11.0");
    insta::assert_snapshot!(refused("\0", Format::Binary, "\"data\"", "\"date\""), @r#"f:2:10: the value ["date"] was altered, or moved here from another place"#);
    insta::assert_snapshot!(refused("A=1\nB=2\n", Format::Dotenv, "B=ENC", "C=ENC"), @r#"f:2:3: the value ["C"] was altered, or moved here from another place"#);
    insta::assert_snapshot!(refused("A=1\n", Format::Dotenv, "sops_lastmodified=2", "sops_lastmodified=x"), @"f:4:19: the sops metadata is damaged: lastmodified must be a timestamp such as 2026-01-31T09:05:00Z");
    insta::assert_snapshot!(refused("A=1\n", Format::Dotenv, "sops_mac=", "sops_age__list_0="), @"f:5:1: this field of the sops metadata contradicts one above, or its name is none of a field");
    insta::assert_snapshot!(refused("[s]\na = 1\n", Format::Ini, "a = ENC", "b = ENC"), @r#"f:2:5: the value ["s"]["b"] was altered, or moved here from another place"#);
    insta::assert_snapshot!(refused("[s]\na = 1\n", Format::Ini, "age__list_0__map_recipient", "age"), @"f:5:1: this field of the sops metadata contradicts one above, or its name is none of a field");
}

#[test]
fn a_rule_that_matches_nothing_is_warned_of() {
    let regex = rules(SelectionKind::EncryptedRegex, "^dat$");
    let sealed = document("data: x\n", Format::Yaml, regex);
    let text = sealed.to_bytes(Style::default()).unwrap();
    let text = String::from_utf8(text).unwrap();
    insta::assert_snapshot!(warnings("data: x\n", Format::Yaml, sealed.warnings()), @r#"f: encrypted_regex "^dat$" matches nothing in the document, so no value is encrypted"#);
    let plaintext = opened(&text, Format::Yaml).unwrap();
    insta::assert_snapshot!(warnings(&text, Format::Yaml, plaintext.warnings()), @r#"f:10:22: encrypted_regex "^dat$" matches nothing in the document, so no value is encrypted"#);
    let invalid = text.replace("encrypted_regex: ^dat$", "encrypted_regex: '['");
    let plaintext = opened(&invalid, Format::Yaml).unwrap();
    insta::assert_snapshot!(warnings(&invalid, Format::Yaml, plaintext.warnings()), @r#"f:10:22: the regular expression "[" in the sops metadata is invalid, so nothing matches it; correct it and encrypt the document again"#);
    let comments = rules(SelectionKind::UnencryptedCommentRegex, "clear");
    let matched = document("# clear\na: 1\n", Format::Yaml, comments.clone());
    assert_eq!(matched.warnings(), []);
    let missed = document("# secret\na: 1\n", Format::Yaml, comments);
    insta::assert_snapshot!(missed.warnings()[0], @r#"unencrypted_comment_regex "clear" matches nothing in the document, so every value is encrypted"#);
}

#[test]
fn what_a_format_does_not_keep_is_warned_of() {
    let parsed = |text: &str, format| {
        let plaintext = Plaintext::parse(text.as_bytes(), format).unwrap();
        warnings(text, format, plaintext.warnings())
    };
    let json = "{\"a\": [1,\n 9007199254740993], \"b\": 1e100, \"c\": 123456789012345678901}";
    insta::assert_snapshot!(parsed(json, Format::Json), @r#"
    f:2:2: the number ["a"][1] is changed: sops keeps numbers of JSON as floats, which are not exact beyond 2^53; put it into quotes
    f:2:38: the number ["c"] is changed: sops keeps numbers of JSON as floats, which are not exact beyond 2^53; put it into quotes
    "#);
    let ini = "[s]\na = x#y\nb = `x#y`\nc = x ; y\n";
    insta::assert_snapshot!(parsed(ini, Format::Ini), @r#"
    f:2:5: the value ["s"]["a"] ends before # or ;, which begins a comment; put the value into backquotes if it is meant as a whole
    f:4:5: the value ["s"]["c"] ends before # or ;, which begins a comment; put the value into backquotes if it is meant as a whole
    "#);
}

#[test]
fn a_comment_that_stays_encrypted_is_named_with_its_line() {
    let text = encrypted("a: 1\nb:\n    # c\n    d: x\n# e\n", Format::Yaml);
    let comment = text.lines().find(|line| line.contains("#ENC")).unwrap();
    let damaged = text.replace(comment, &comment.replace("data:", "data:AA"));
    let plaintext = opened(&damaged, Format::Yaml).unwrap();
    insta::assert_snapshot!(warnings(&damaged, Format::Yaml, plaintext.warnings()), @r#"f:3:5: a comment below ["b"] cannot be decrypted and was left as it is"#);
}
