//! Documents and configurations that somebody wrote to do harm: they are refused, within bounded time and
//! memory, and the message says why.

use std::time::{Duration, Instant};

use windlass_sops::{
    Config, DataKey, Document, Format, Identity, KeyGroup, KeyService as _, Keyring, LockedKeys,
    MAX_VALUES, MacCheck, MasterKey, Plaintext, Rules, Source, Style, Timestamp, UnlockError,
    WrappedKey,
};

/// Far more than anything here takes, on a machine that is busy: what is out of proportion takes minutes.
const PATIENCE: Duration = Duration::from_mins(1);

fn within_patience<T>(work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    assert!(start.elapsed() < PATIENCE, "it took {:?}", start.elapsed());
    done
}

fn refused(text: &str, format: Format) -> String {
    within_patience(|| {
        let error = Document::parse(text.as_bytes(), format).unwrap_err();
        Source::new(text.as_bytes(), format).message("f", &error)
    })
}

fn random() -> impl FnMut(&mut [u8]) {
    let mut next = 0_u8;
    move |bytes: &mut [u8]| {
        for byte in bytes {
            next = next.wrapping_mul(181).wrapping_add(7);
            *byte = next;
        }
    }
}

fn now() -> Timestamp {
    Timestamp::from_unix(1_769_850_300)
}

fn encrypted(text: &str, identity: &Identity) -> String {
    let recipient = identity.recipient().to_owned();
    let group: KeyGroup = [MasterKey::Age { recipient }].into_iter().collect();
    let key = DataKey::generate(&mut random());
    let wrapping = key.wrapping(&[group], 0, &now(), &mut random()).unwrap();
    let keys = wrapping.ask(&Keyring::new()).unwrap();
    let plaintext = Plaintext::parse(text.as_bytes(), Format::Yaml).unwrap();
    let sealed = plaintext.encrypt(&key, keys, Rules::default(), &now(), &mut random());
    let text = sealed.unwrap().to_bytes(Style::default()).unwrap();
    String::from_utf8(text).unwrap()
}

fn values(text: &str) -> Vec<&str> {
    let starts = text.match_indices("ENC[").map(|(at, _)| at);
    starts
        .map(|at| &text[at..=at + text[at..].find(']').unwrap()])
        .collect()
}

#[test]
fn values_that_were_moved_copied_or_removed_are_refused() {
    let identity = Identity::generate();
    let text = encrypted("a: one\nb: two\nl:\n    - x\n    - y\n", &identity);
    let keyring: Keyring = {
        let mut keyring = Keyring::new();
        keyring.add(identity);
        keyring
    };
    let error = |text: &str| {
        let document = Document::parse(text.as_bytes(), Format::Yaml).unwrap();
        let error = document.decrypt(&keyring).unwrap_err();
        Source::new(text.as_bytes(), Format::Yaml).message("f", &error)
    };
    let values = values(&text);
    let swap = |first: &str, second: &str| {
        let marked = text.replace(first, "\u{1}").replace(second, first);
        marked.replace('\u{1}', second)
    };
    insta::assert_snapshot!(error(&swap(values[0], values[1])), @r#"f:1:4: the value ["a"] was altered, or moved here from another place"#);
    let mismatch =
        "the MAC does not match: values were altered, added, removed or reordered after encryption";
    let removed = text.lines().filter(|line| !line.starts_with("b: "));
    let removed = removed.collect::<Vec<_>>().join("\n");
    let copied = text.replace(values[3], values[2]);
    for altered in [swap(values[2], values[3]), copied, removed] {
        assert!(error(&altered).ends_with(mismatch), "{}", error(&altered));
    }
}

#[test]
fn equal_elements_of_a_list_have_ciphertexts_of_their_own_before_and_after_an_edit() {
    let identity = Identity::generate();
    let text = encrypted("l:\n    - x\n    - x\n    - x\nother: a\n", &identity);
    let mut keyring = Keyring::new();
    keyring.add(identity);
    let document = Document::parse(text.as_bytes(), Format::Yaml).unwrap();
    let key = document.data_key(&keyring).unwrap();
    let mut open = document.open(&key, MacCheck::Verify).unwrap();
    let path = r#"["other"]"#.parse().unwrap();
    let value = windlass_sops::PlainValue::text("b");
    assert!(open.plaintext.set(&path, value).unwrap());
    let edited = open.seal(&now(), &mut |bytes: &mut [u8]| bytes.fill(9));
    let edited = edited.unwrap().to_bytes(Style::default()).unwrap();
    let edited = String::from_utf8(edited).unwrap();
    for text in [&text, &edited] {
        let values = values(text);
        assert!(values[0] != values[1] && values[0] != values[2] && values[1] != values[2]);
    }
    assert_eq!(values(&text)[..3], values(&edited)[..3]);
}

#[test]
fn metadata_of_absurd_size_is_refused() {
    let key = r#"{"recipient": "age1x", "enc": "x"}"#;
    let metadata = |age: &str| {
        format!(
            "{{\"data\": \"\", \"sops\": {{\"age\": [{age}], \"lastmodified\": \"2026-01-31T09:05:00Z\", \"mac\": \"x\", \"version\": \"3.11.0\"}}}}"
        )
    };
    let many = metadata(&vec![key; 100_000].join(", "));
    insta::assert_snapshot!(refused(&many, Format::Json), @"f:1:22: the document has 100000 recipients; the limit is 200");
    let long = metadata(&key.replace(
        "\"enc\": \"x\"",
        &format!("\"enc\": \"{}\"", "x".repeat(4 << 20)),
    ));
    insta::assert_snapshot!(refused(&long, Format::Json), @"f:1:61: the sops metadata is damaged: age[0].enc must not be larger than 16 KiB");
    let full = key.replace(
        "\"enc\": \"x\"",
        &format!("\"enc\": \"{}\"", "x".repeat(16 << 10)),
    );
    let full = metadata(&vec![full.as_str(); 200].join(", "));
    insta::assert_snapshot!(refused(&full, Format::Json), @"f:1:22: the wrapped data keys have 3276800 bytes together; the limit is 524288");
    let env = "A=1\nsops_age__list_999999999__map_enc=x\nsops_version=3.11.0\n";
    insta::assert_snapshot!(refused(env, Format::Dotenv), @"f:2:1: this field of the sops metadata contradicts one above, or its name is none of a field");
    let ini = "[a]\nb = 1\n[sops]\nage__list_999999999__map_enc = x\n";
    insta::assert_snapshot!(refused(ini, Format::Ini), @"f:4:1: this field of the sops metadata contradicts one above, or its name is none of a field");
}

#[test]
fn a_file_of_a_million_lines_is_refused() {
    let lines = |line: &dyn Fn(usize) -> String| (0..1_000_000).map(line).collect::<String>();
    let too_many = format!("f: the document has more than {MAX_VALUES} values");
    let env = lines(&|number| format!("K{number}=1\n"));
    assert_eq!(refused(&env, Format::Dotenv), too_many);
    let yaml = lines(&|number| format!("k{number}: 1\n"));
    let error = refused(&yaml, Format::Yaml);
    assert!(error.contains("number of nodes"), "{error}");
    let json = format!(
        "{{{}\"z\":1}}",
        lines(&|number| format!("\"k{number}\":1,\n"))
    );
    assert_eq!(refused(&json, Format::Json), too_many);
    let ini = format!("[a]\n{}", lines(&|number| format!("k{number} = 1\n")));
    assert_eq!(refused(&ini, Format::Ini), too_many);
    let sections = lines(&|number| format!("[s{number}]\n"));
    assert_eq!(refused(&sections, Format::Ini), too_many);
}

#[test]
fn a_text_of_a_million_lines_is_encrypted_and_opened_in_every_format() {
    let identity = Identity::generate();
    let recipient = identity.recipient().to_owned();
    let mut keyring = Keyring::new();
    keyring.add(identity);
    let lines = "line\n".repeat(1_000_000);
    let block = lines.replace("line", "  line");
    for (text, format) in [
        (format!("a: |\n{block}b: 1\n"), Format::Yaml),
        (
            format!("{{\"a\": \"{}\"}}", lines.replace('\n', "\\n")),
            Format::Json,
        ),
        (lines.clone(), Format::Binary),
        (
            format!("A={}\n", lines.replace('\n', "\\n")),
            Format::Dotenv,
        ),
    ] {
        within_patience(|| {
            let group: KeyGroup = [MasterKey::Age {
                recipient: recipient.clone(),
            }]
            .into_iter()
            .collect();
            let key = DataKey::generate(&mut random());
            let wrapping = key.wrapping(&[group], 0, &now(), &mut random()).unwrap();
            let keys = wrapping.ask(&Keyring::new()).unwrap();
            let plaintext = Plaintext::parse(text.as_bytes(), format).unwrap();
            let sealed = plaintext.encrypt(&key, keys, Rules::default(), &now(), &mut random());
            let bytes = sealed.unwrap().to_bytes(Style::default()).unwrap();
            let document = Document::parse(&bytes, format).unwrap();
            let opened = document.decrypt(&keyring).unwrap();
            let opened = opened.to_bytes().unwrap();
            let count = |text: &[u8]| text.windows(4).filter(|four| four == b"line").count();
            assert_eq!(count(opened.expose()), 1_000_000, "{format}");
        });
    }
}

#[test]
fn deep_nesting_is_refused() {
    for (text, format) in [
        ("{\"a\":".repeat(1 << 20), Format::Json),
        ("[".repeat(1 << 20), Format::Json),
        ("[".repeat(1 << 20), Format::Yaml),
        ("- ".repeat(1 << 20), Format::Yaml),
        ("{a: ".repeat(1 << 20), Format::Yaml),
        (format!("a: &a [{}", "[".repeat(200)), Format::Yaml),
    ] {
        assert!(refused(&text, format).starts_with("f:1:"), "{format}");
    }
}

#[test]
fn aliases_that_grow_are_refused() {
    let level = |level: usize| {
        let before = format!("*a{}", level - 1);
        let elements = [before.as_str(); 10].join(", ");
        format!("a{level}: &a{level} [{elements}]\n")
    };
    let first = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    let text = first + &(1..9).map(level).collect::<String>();
    let error = refused(&text, Format::Yaml);
    assert!(error.contains("alias"), "{error}");
    let error = within_patience(|| Config::parse(&text).unwrap_err().to_string());
    assert!(error.contains("alias"), "{error}");
}

#[test]
fn a_configuration_that_is_too_large_or_costs_too_much_is_refused() {
    let parse = |text: String| within_patience(move || Config::parse(&text).map(|_| ()));
    let long = "# a comment\n".repeat(900_000);
    let error = parse(long).unwrap_err().to_string();
    assert!(error.contains("number of bytes"), "{error}");
    let bomb = |regex: &str| format!("creation_rules: [{{path_regex: '{regex}'}}]");
    for regex in [
        "(((a{1000}){1000}){1000})",
        r"(\pL{1000}){1000}",
        "(x+x+)+y(((a{999}){999}))",
    ] {
        let error = parse(bomb(regex)).unwrap_err();
        assert!(error.to_string().starts_with("line 1, column "), "{error}");
    }
    let rules = "  - path_regex: \\pL{20}\n".repeat(20_000);
    let error = parse(format!("creation_rules:\n{rules}")).unwrap_err();
    insta::assert_snapshot!(error, @"line 1002, column 5: there are more than 1000 rules");
}

fn unwrap(armored: &str) -> String {
    let mut keyring = Keyring::new();
    keyring.add(Identity::generate());
    let recipient = "age1x".to_owned();
    let wrapped = WrappedKey {
        key: MasterKey::Age { recipient },
        wrapped: armored.to_owned(),
        created_at: None,
    };
    within_patience(|| keyring.unwrap(&wrapped).unwrap_err().to_string())
}

fn age_file(stanzas: &str) -> String {
    use base64::Engine as _;
    let mac = "A".repeat(43);
    let file = format!("age-encryption.org/v1\n{stanzas}--- {mac}\n");
    let mut bytes = file.into_bytes();
    bytes.extend([7; 64]);
    let text = base64::engine::general_purpose::STANDARD.encode(bytes);
    let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy);
    let lines = lines.collect::<Vec<_>>().join("\n");
    format!("-----BEGIN AGE ENCRYPTED FILE-----\n{lines}\n-----END AGE ENCRYPTED FILE-----\n")
}

#[test]
fn an_age_file_costs_no_more_than_its_stanzas() {
    let body = "A".repeat(43);
    let password = format!("-> scrypt {} 9223372036854775808\n{body}\n", "A".repeat(22));
    assert!(!unwrap(&age_file(&password)).is_empty());
    let slow = password.replace("9223372036854775808", "63");
    assert!(!unwrap(&age_file(&slow)).is_empty());
    let one = format!("-> X25519 {}\n{body}\n", "B".repeat(42) + "A");
    assert!(!unwrap(&age_file(&one.repeat(110))).is_empty());
    assert!(!unwrap(&age_file(&one.repeat(10_000))).is_empty());
    let metadata = |wrapped: &str| {
        let wrapped = wrapped.replace('\n', "\\n");
        format!(
            "{{\"data\": \"\", \"sops\": {{\"age\": [{{\"recipient\": \"age1x\", \"enc\": \"{wrapped}\"}}], \"lastmodified\": \"2026-01-31T09:05:00Z\", \"mac\": \"x\", \"version\": \"3.11.0\"}}}}"
        )
    };
    let many = metadata(&age_file(&one.repeat(10_000)));
    insta::assert_snapshot!(refused(&many, Format::Json), @"f:1:61: the sops metadata is damaged: age[0].enc must not be larger than 16 KiB");
}

#[test]
fn a_key_file_whose_passphrase_would_take_hours_is_refused_at_once() {
    let body = "A".repeat(43);
    for factor in 21..64 {
        let salt = "A".repeat(22);
        let file = age_file(&format!("-> scrypt {salt} {factor}\n{body}\n"));
        let locked = LockedKeys::read(file.as_bytes()).unwrap();
        let start = Instant::now();
        let refused = locked.unlock(&"passphrase".into()).unwrap_err();
        assert_eq!(refused, UnlockError::Work, "{factor}");
        assert!(start.elapsed() < Duration::from_secs(10), "{factor}");
    }
}
