//! What Go programs printed, recorded in `tests/data` (see the README there).

use serde_json::Value as Json;
use windlass_yaml::{
    DuplicateKeys, FileStyle, Limits, ParseOptions, SequenceIndent, parse_first, parse_with,
    print_build, print_build_json, print_file,
};

type Outcome = Result<String, String>;

/// Compares our answer with the recorded one for every line of a file, and lists the differences.
fn compare(records: &str, ours: impl Fn(&str) -> Outcome) {
    let mut compared = 0;
    let mut different = Vec::new();
    for line in records.lines() {
        let record: Json = serde_json::from_str(line).expect("each line is JSON");
        let input = record["in"].as_str().expect("each record has an input");
        let same = match (ours(input), record["out"].as_str()) {
            (Ok(ours), Some(theirs)) => ours == theirs || ours == without_numbers(theirs),
            (Err(_), None) => true,
            _ => false,
        };
        compared += 1;
        if !same {
            different.push(format!("{line}\n  ours: {:?}", ours(input)));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(compared > 50, "only {compared} records");
}

fn options() -> ParseOptions {
    ParseOptions {
        duplicate_keys: DuplicateKeys::Keep,
        ..ParseOptions::default()
    }
}

fn build(text: &str) -> Outcome {
    let document = parse_first(text, &options()).map_err(|error| error.to_string())?;
    let mut root = document.ok_or("no document")?.into_root();
    root.expand_aliases(&Limits::default())
        .map_err(|error| error.to_string())?;
    // An object is a mapping.
    root.as_mapping().ok_or("no mapping")?;
    let printed = print_build(&root).map_err(|error| error.to_string())?;
    let json = root.to_json().map_err(|error| error.to_string())?;
    assert_eq!(
        Ok(&printed),
        print_build_json(&json).as_ref(),
        "for {text:?}"
    );
    Ok(printed)
}

fn file(text: &str, style: FileStyle) -> Outcome {
    let documents = parse_with(text, &options()).map_err(|error| error.to_string())?;
    let printed = print_file(&documents, &style);
    Ok(without_numbers(&printed))
}

/// Leaves out the digit of `|2` and `>2`. Where go-yaml cannot read its own digit, or the lack of one, ours differs.
fn without_numbers(text: &str) -> String {
    let mut before = ' ';
    let mut kept = text.to_owned();
    kept.retain(|character| {
        let is_number = matches!(before, '|' | '>') && character.is_ascii_digit();
        before = character;
        !is_number
    });
    kept
}

#[test]
fn yaml_becomes_what_kustomize_makes_of_it() {
    compare(include_str!("../data/build-yaml.jsonl"), build);
}

#[test]
fn json_becomes_what_kustomize_makes_of_it() {
    compare(include_str!("../data/build-json.jsonl"), |text| {
        let value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        print_build_json(&value).map_err(|error| error.to_string())
    });
}

#[test]
fn files_with_comments_come_back_as_from_go_yaml_with_compact_lists() {
    compare(include_str!("../data/file-compact.jsonl"), |text| {
        file(text, FileStyle::default())
    });
}

#[test]
fn files_with_comments_come_back_as_from_go_yaml_with_wide_lists() {
    let style = FileStyle {
        indent: 4,
        sequences: SequenceIndent::Wide,
    };
    compare(include_str!("../data/file-wide.jsonl"), |text| {
        file(text, style)
    });
}
