//! Laws that hold for every text and every value.

use proptest::prelude::*;
use serde_json::Value as Json;
use windlass_yaml::{
    Document, FileStyle, Limits, Node, Scalar, ScalarStyle, Value, parse, print_build,
    print_build_json, print_file, replace_scalar,
};

/// Texts made of what YAML is about.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "a",
        "b",
        "key",
        ":",
        ": ",
        "- ",
        "\n",
        "\n  ",
        "\n\n",
        " ",
        "#",
        " # c",
        "'",
        "\"",
        "[",
        "]",
        "{",
        "}",
        ",",
        "&a ",
        "*a",
        "!",
        "!!str ",
        "|",
        ">",
        "|-",
        "2",
        "?",
        "? ",
        "---\n",
        "...\n",
        "%YAML 1.1\n",
        "<<",
        "\t",
        "\r\n",
        "\\",
        "\\n",
        "yes",
        "1",
        "0x1F",
        "~",
        "é",
        "😀",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "@",
        "`",
        "%",
        "2020-01-01",
    ]);
    prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

/// Strings that people and machines put into values.
fn string() -> impl Strategy<Value = String> {
    prop_oneof![
        text(),
        "[ -~]{0,40}",
        "[a-z ]{60,200}",
        "(line\n|  deeper\n|\n|#x\n){0,5}",
        any::<String>(),
    ]
}

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        string().prop_map(Json::from),
    ];
    let key = prop_oneof!["[a-z0-9./-]{0,12}", string()];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
            prop::collection::btree_map(key.clone(), inner, 0..5)
                .prop_map(|pairs| Json::Object(pairs.into_iter().collect())),
        ]
    })
}

/// go-yaml prints a key `<<` without quotes, and so it becomes a merge key.
fn json_without_merge_keys() -> impl Strategy<Value = Json> {
    json().prop_filter("a merge key", |value| {
        !value.to_string().contains("\"<<\":")
    })
}

fn style() -> impl Strategy<Value = ScalarStyle> {
    prop::sample::select(vec![
        ScalarStyle::SingleQuoted,
        ScalarStyle::DoubleQuoted,
        ScalarStyle::Literal,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn reading_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(bytes);
    }

    #[test]
    fn reading_and_printing_never_panic(text in text()) {
        if let Ok(documents) = parse(&text) {
            print_file(&documents, &FileStyle::default());
            for mut document in documents {
                let _ = document.root.expand_aliases(&Limits::default());
                let _ = print_build(&document.root);
                let _ = document.root.to_json();
            }
        }
    }

    #[test]
    fn what_build_prints_reads_back_as_the_same_value(value in json_without_merge_keys()) {
        if let Ok(printed) = print_build_json(&value) {
            let read = parse(&printed).expect("what was printed can be read");
            let next_lines_fold = printed.contains('\u{85}') || value.to_string().contains('\u{85}');
            if !next_lines_fold {
                let back = read[0].root.to_json();
                prop_assert_eq!(back.ok(), Some(value));
            }
        }
    }

    #[test]
    fn what_build_prints_is_a_fixpoint(value in json_without_merge_keys()) {
        if let Ok(printed) = print_build_json(&value) {
            let read = parse(&printed).expect("what was printed can be read");
            prop_assert_eq!(print_build(&read[0].root), Ok(printed));
        }
    }

    #[test]
    fn what_a_file_prints_reads_back_as_the_same_value(value in json()) {
        let documents = [Document { root: Node::from(&value), ..Document::default() }];
        let printed = print_file(&documents, &FileStyle::default());
        let read = parse(&printed).expect("what was printed can be read");
        prop_assert!(read[0].root.same_value(&documents[0].root), "{}", printed);
    }

    #[test]
    fn what_a_file_prints_is_a_fixpoint(text in "(a: 1\n|b: # c\n  - x # d\n|c: [x, y]\n|d: [|]\n  t\n|e: 'q'\n){1,12}") {
        if let Ok(documents) = parse(&text) {
            let once = print_file(&documents, &FileStyle::default());
            let read = parse(&once).expect("it can be read");
            prop_assert_eq!(print_file(&read, &FileStyle::default()), once);
            prop_assert_eq!(read.len(), documents.len());
            for (read, document) in read.iter().zip(&documents) {
                prop_assert!(read.root.same_value(&document.root));
            }
        }
    }

    #[test]
    fn a_scalar_keeps_its_text_in_every_style(text in "[ -~é\n]{0,60}", style in style()) {
        let scalar = Scalar { text: text.as_str().into(), style };
        let root = Node::mapping([("key", Node::new(Value::Scalar(scalar)))]);
        let printed = print_file(&[Document { root, ..Document::default() }], &FileStyle::default());
        let read = parse(&printed).expect("it can be read");
        prop_assert_eq!(read[0].root.get_text("key"), Some(&*text), "{}", printed);
    }

    #[test]
    fn an_edit_changes_the_scalar_and_nothing_else(
        before in "(x: 1 # one\n|y: [a, b]\r\n|\n|# z\n){0,4}",
        old in prop::sample::select(vec!["v1", "'v 1'", "\"v1\"", "&anchor v1", "!!str 1"]),
        new in "[ -~é]{0,20}",
    ) {
        let text = format!("{before}key:   {old}   # kept\nlist:\n    - key\n");
        let Ok(documents) = parse(&text) else {
            return Ok(());
        };
        let node = documents[0].root.get("key").expect("it is there");
        let edited = replace_scalar(&text, node, &new).expect("one line can be replaced");
        let after = parse(&edited).expect("it can be read");
        prop_assert_eq!(after[0].root.get_text("key"), Some(&*new));
        let start = node.start.offset as usize;
        prop_assert_eq!(&edited[..start], &text[..start]);
        prop_assert!(edited.ends_with("   # kept\nlist:\n    - key\n"));
    }

    #[test]
    fn an_indexed_mapping_finds_what_a_list_of_pairs_finds(
        actions in prop::collection::vec((0u8..3, 0u16..80), 0..200),
    ) {
        let mut node = Node::mapping::<&str>([]);
        let mut model: Vec<(String, i64)> = Vec::new();
        for (number, (action, key)) in (0i64..).zip(actions) {
            let key = format!("key-{key}");
            let at = model.iter().position(|(known, _)| *known == key);
            match (action, at) {
                (0, _) => {
                    let found = at.map(|at| model.remove(at).1);
                    prop_assert_eq!(node.remove(&key).and_then(|node| node.as_i64()), found);
                }
                (_, at) => {
                    node.set(&key, Node::int(number));
                    match at {
                        Some(at) => model[at].1 = number,
                        None => model.push((key, number)),
                    }
                }
            }
        }
        let mapping = node.as_mapping().expect("it is one");
        let pairs: Vec<_> = mapping
            .iter()
            .map(|(key, value)| (key.text().unwrap_or_default().to_owned(), value.as_i64().unwrap_or(-1)))
            .collect();
        prop_assert_eq!(&pairs, &model);
        for (key, value) in &model {
            prop_assert_eq!(mapping.get(key).and_then(Node::as_i64), Some(*value));
        }
    }
}
