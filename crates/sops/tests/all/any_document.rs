//! What holds for any document: laws that the programs in `fuzz/` try to break, and that tests check on real
//! files.

use windlass_sops::{
    Config, DataKey, Document, Format, KeyFailure, KeyGroup, KeyService, Located, MacCheck,
    MasterKey, NoDestination, Place, Plaintext, Rules, SecretBytes, Source, Step, Style, Timestamp,
    ValuePath, WrappedKey, WrappedKeys, locate,
};

pub(crate) const FORMATS: [Format; 5] = [
    Format::Yaml,
    Format::Json,
    Format::Dotenv,
    Format::Ini,
    Format::Binary,
];

/// Reads a text as a document in clear and as an encrypted one.
pub(crate) fn reads_and_prints(bytes: &[u8], format: Format) {
    match Plaintext::parse(bytes, format) {
        Ok(plaintext) => {
            warnings_are_in(bytes, format, &plaintext);
            values_are_found(bytes, format, &plaintext);
            prints_as_it_was_printed(&plaintext);
            opens_as_it_was(&plaintext);
        }
        Err(error) => is_in(bytes, format, &error),
    }
    match Document::parse(bytes, format) {
        Ok(document) => encrypted_prints_as_it_was_printed(bytes, &document),
        Err(error) => is_in(bytes, format, &error),
    }
}

/// Reads a text, in JSON, as the metadata of a document.
pub(crate) fn reads_metadata(text: &str) {
    let text = format!("{{\"data\": \"\", \"sops\": {text}}}");
    match Document::parse(text.as_bytes(), Format::Json) {
        Ok(document) => encrypted_prints_as_it_was_printed(text.as_bytes(), &document),
        Err(error) => is_in(text.as_bytes(), Format::Json, &error),
    }
}

/// Reads a text as a `.sops.yaml`.
pub(crate) fn reads_config(text: &str) {
    match Config::parse(text) {
        Ok(config) => {
            for path in ["secret.yaml", "a/b/.sops/DATABASE_URL.enc", ""] {
                if let Err(missed) = config.creation_rule(path) {
                    assert!(!missed.to_string().is_empty());
                }
                match config.destination_rule(path) {
                    Err(NoDestination::Malformed(error)) => {
                        is_in(text.as_bytes(), Format::Yaml, &error);
                    }
                    Err(missed) => assert!(!missed.to_string().is_empty()),
                    Ok(rule) => assert!(rule.path.matches(path)),
                }
            }
        }
        Err(error) => is_in(text.as_bytes(), Format::Yaml, &error),
    }
}

/// Reads a text as a path to a value.
pub(crate) fn reads_path(text: &str) {
    let Ok(path) = text.parse::<ValuePath>() else {
        return;
    };
    let is_control = |step: &Step| match step {
        Step::Key(key) => key.contains(char::is_control),
        Step::Index(_) => false,
    };
    if !path.steps.iter().any(is_control) {
        assert_eq!(path.to_string().parse(), Ok(path));
    }
}

/// Alters an encrypted document as the bytes say: it is refused, or has the values that it had.
pub(crate) fn refuses_or_opens_as_it_was(edits: &[u8]) {
    let Some((format, edits)) = edits.split_first() else {
        return;
    };
    let format = FORMATS[usize::from(*format) % FORMATS.len()];
    let original = encrypted(&example(format))
        .to_bytes(Style::default())
        .unwrap();
    let mut altered = original.clone();
    for edit in edits.chunks_exact(6).take(8) {
        alter(&mut altered, edit);
    }
    let opened = |bytes: &[u8]| {
        let document = Document::parse(bytes, format).ok()?;
        document.decrypt_with(&key(), MacCheck::Verify).ok()
    };
    let before = opened(&original).expect("what was not altered opens");
    if let Some(after) = opened(&altered) {
        // Two documents have the MAC of one; the format cannot tell.
        if after.lost_in(Format::Dotenv).is_empty() {
            assert_eq!(authenticated(&after), authenticated(&before));
        }
    }
}

/// Returns what the format promises of a document: values with the keys that lead to them, in order. Empty
/// texts, positions in lists, the names of clear keys and where a key ends that has a colon are not among
/// it, nor is the sign of a zero: YAML writes the float as a whole number.
fn authenticated(plaintext: &Plaintext) -> Vec<(String, Vec<u8>)> {
    let leaves = plaintext.leaves().into_iter();
    let leaves = leaves.filter(|(_, value)| !value.is_empty());
    leaves
        .map(|(path, value)| {
            let keys = path.steps.iter().filter_map(|step| match step {
                Step::Key(key) => Some(format!("{key}:")),
                Step::Index(_) => None,
            });
            let keys: String = keys.collect();
            let is_clear = keys.contains("_unencrypted:");
            let bytes = value.expose();
            (
                if is_clear { String::new() } else { keys },
                if bytes == b"-0" { b"0" } else { bytes }.to_vec(),
            )
        })
        .collect()
}

/// Carries out one of a few alterations that somebody may try; six bytes say which and where.
fn alter(text: &mut Vec<u8>, edit: &[u8]) {
    let at = |high: u8, low: u8| (usize::from(high) << 8 | usize::from(low)) % text.len().max(1);
    let (first, second) = (at(edit[1], edit[2]), at(edit[3], edit[4]));
    let lines: Vec<Vec<u8>> = text
        .split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    let line = |number: usize| number % lines.len().max(1);
    match edit[0] % 8 {
        0 if first < text.len() => text[first] = edit[5],
        1 => text.truncate(first),
        2 if !lines.is_empty() => {
            let mut lines = lines.clone();
            lines.swap(line(first), line(second));
            *text = lines.concat();
        }
        3 if !lines.is_empty() => {
            let mut lines = lines.clone();
            let copy = lines[line(first)].clone();
            lines.insert(line(second), copy);
            *text = lines.concat();
        }
        4 if !lines.is_empty() => {
            let mut lines = lines.clone();
            lines.remove(line(first));
            *text = lines.concat();
        }
        5 => swap_values(text, first, second),
        6 => replace_word(text, first, edit[5]),
        _ if first < text.len() => text.insert(first, edit[5]),
        _ => {}
    }
}

/// Exchanges two encrypted values.
fn swap_values(text: &mut Vec<u8>, first: usize, second: usize) {
    let source = String::from_utf8_lossy(text).into_owned();
    let values: Vec<&str> = source
        .match_indices("ENC[")
        .filter_map(|(at, _)| Some(&source[at..=at + source[at..].find(']')?]))
        .collect();
    if !values.is_empty() {
        let (first, second) = (values[first % values.len()], values[second % values.len()]);
        let swapped = source
            .replace(first, "\0")
            .replace(second, first)
            .replace('\0', second);
        *text = swapped.into_bytes();
    }
}

/// Replaces one of the words that mean something by another.
fn replace_word(text: &mut Vec<u8>, from: usize, to: u8) {
    const WORDS: [&str; 17] = [
        "type:str",
        "type:int",
        "type:bool",
        "type:float",
        "type:comment",
        "type:bytes",
        "data",
        "tag",
        "iv",
        "unencrypted_suffix",
        "encrypted_suffix",
        "unencrypted_regex",
        "encrypted_regex",
        "encrypted_comment_regex",
        "mac",
        "_unencrypted",
        "null",
    ];
    let source = String::from_utf8_lossy(text).into_owned();
    let (from, to) = (
        WORDS[from % WORDS.len()],
        WORDS[usize::from(to) % WORDS.len()],
    );
    *text = source.replacen(from, to, 1).into_bytes();
}

fn example(format: Format) -> Plaintext {
    let text: &[u8] = match format {
        Format::Yaml => b"# first\nuser: hydra\nlist:\n    - a\n    # between\n    - a\n    - 5\nnested:\n    on: true\n    none: null\n    half: 0.5\n    empty: \"\"\nclear_unencrypted: shown\n",
        Format::Json => br#"{"user": "hydra", "list": ["a", "a", 5], "nested": {"on": true, "none": null}, "clear_unencrypted": "shown"}"#,
        Format::Dotenv => b"# first\nUSER=hydra\nPASSWORD=5\nEMPTY=\nCLEAR_unencrypted=shown\n",
        Format::Ini => b"[s]\n; first\nuser = hydra\npassword = 5\n[t]\nuser = hydra\n",
        Format::Binary => b"\0hydra\n",
    };
    Plaintext::parse(text, format).unwrap()
}

/// What was printed is read as the same values, which print as the same bytes.
fn prints_as_it_was_printed(plaintext: &Plaintext) {
    let Ok(printed) = plaintext.to_bytes() else {
        return;
    };
    let Ok(again) = Plaintext::parse(printed.expose(), plaintext.format()) else {
        // A name that its format cannot write: sops writes it, too.
        assert!(matches!(plaintext.format(), Format::Dotenv | Format::Ini));
        return;
    };
    if matches!(
        plaintext.format(),
        Format::Json | Format::Binary | Format::Dotenv
    ) {
        assert_eq!(again.to_bytes().unwrap().expose(), printed.expose());
    }
    if plaintext.format() != Format::Ini {
        assert_eq!(authenticated(&again), authenticated(plaintext));
    }
}

/// What is encrypted opens to the same values.
fn opens_as_it_was(plaintext: &Plaintext) {
    let encrypted = encrypted(plaintext);
    let Ok(text) = encrypted.to_bytes(Style::default()) else {
        return;
    };
    let Ok(document) = Document::parse(&text, plaintext.format()) else {
        assert!(matches!(plaintext.format(), Format::Dotenv | Format::Ini));
        return;
    };
    let opened = document.decrypt_with(&key(), MacCheck::Verify);
    if let Ok(opened) = &opened {
        assert_eq!(authenticated(opened), authenticated(plaintext));
    }
    assert!(
        opened.is_ok() || plaintext.format() == Format::Ini,
        "{opened:?}"
    );
}

/// The key groups; without nesting there is no way to write an empty one.
fn groups_with_keys(document: &Document) -> WrappedKeys {
    let mut keys = document.keys().clone();
    if matches!(document.format(), Format::Dotenv | Format::Ini) {
        keys.groups.retain(|group| !group.is_empty());
    }
    keys
}

fn encrypted_prints_as_it_was_printed(bytes: &[u8], document: &Document) {
    if let Err(error) = document.decrypt_with(&key(), MacCheck::Verify) {
        is_in(bytes, document.format(), &error);
    }
    let Ok(printed) = document.to_bytes(Style::default()) else {
        return;
    };
    match Document::parse(&printed, document.format()) {
        Ok(again) => {
            assert_eq!(groups_with_keys(&again), groups_with_keys(document));
            assert_eq!(
                again.last_modified().as_str()[..19],
                document.last_modified().as_str()[..19]
            );
        }
        Err(error) => assert!(
            matches!(document.format(), Format::Dotenv | Format::Ini),
            "{error}"
        ),
    }
}

/// Every single value is found in the text.
fn values_are_found(bytes: &[u8], format: Format, plaintext: &Plaintext) {
    let nested = matches!(format, Format::Yaml | Format::Json);
    if nested && !String::from_utf8_lossy(bytes).contains(['*', '#']) {
        for (path, _) in plaintext.leaves().iter().take(4) {
            assert!(locate(bytes, format, path).is_some(), "{path}");
        }
    }
}

fn warnings_are_in(bytes: &[u8], format: Format, plaintext: &Plaintext) {
    for warning in plaintext.warnings() {
        is_in(bytes, format, warning);
    }
    for target in FORMATS {
        for warning in plaintext.lost_in(target).iter().take(4) {
            is_in(bytes, format, warning);
        }
    }
}

/// The message has a text, and its position is one of the document.
fn is_in(bytes: &[u8], format: Format, finding: &dyn Located) {
    let source = Source::new(bytes, format);
    assert!(source.message("file", finding).len() > "file: ".len());
    let place = finding.place();
    if let Some(position) = place.as_ref().and_then(|place| source.position(place)) {
        let lines = bytes.split(|byte| *byte == b'\n' || *byte == b'\r').count();
        let breaks = String::from_utf8_lossy(bytes)
            .matches(['\u{85}', '\u{2028}', '\u{2029}'])
            .count();
        assert!(position.line as usize <= lines + breaks + 1, "{position}");
        assert!(position.line > 0 && position.column > 0 || matches!(place, Some(Place::Text(_))));
    }
}

fn encrypted(plaintext: &Plaintext) -> Document {
    let now = Timestamp::from_unix(1_769_850_300);
    let sealed = plaintext.encrypt(&key(), wrapped(), Rules::default(), &now, &mut random());
    sealed.expect("the default rule can always be encrypted by")
}

fn wrapped() -> WrappedKeys {
    let recipient = "age1".to_owned();
    let group: KeyGroup = [MasterKey::Age { recipient }].into_iter().collect();
    let now = Timestamp::from_unix(1_769_850_300);
    let wrapping = key().wrapping(&[group], 0, &now, &mut random());
    wrapping.unwrap().ask(&Wrapped).unwrap()
}

/// Wraps a key as a word.
struct Wrapped;

impl KeyService for Wrapped {
    fn unwrap(&self, _: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        Err(KeyFailure::Damaged)
    }

    fn wrap(&self, _: &MasterKey, _: &SecretBytes) -> Result<String, KeyFailure> {
        Ok("wrapped".to_owned())
    }
}

fn key() -> DataKey {
    DataKey::generate(&mut |bytes: &mut [u8]| bytes.fill(7))
}

fn random() -> impl FnMut(&mut [u8]) {
    let mut next = 0_u64;
    move |bytes: &mut [u8]| {
        for byte in bytes {
            next = next
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            *byte = next.to_be_bytes()[0];
        }
    }
}
