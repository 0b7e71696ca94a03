//! What is wrong with a text, where, and what to do.

use windlass_yaml::{
    FileStyle, Limits, ParseOptions, Position, parse, parse_with, print_build, print_file,
};

fn error(text: &str) -> String {
    match parse(text) {
        Ok(documents) => format!("no error: {documents:?}"),
        Err(error) => error.in_file("a.yaml"),
    }
}

fn error_with(text: &str, limits: Limits) -> String {
    let options = ParseOptions {
        limits,
        ..ParseOptions::default()
    };
    match parse_with(text, &options) {
        Ok(documents) => format!("no error: {documents:?}"),
        Err(error) => error.in_file("a.yaml"),
    }
}

#[test]
fn mistakes_in_the_structure_say_where_and_what_to_do() {
    insta::assert_snapshot!(error("a: b: c\n"), @"a.yaml:1:5: line 1: mapping values are not allowed in this context: quote a text that contains a colon and a space, or correct the indentation");
    insta::assert_snapshot!(error("a:\n\t- b\n"), @"a.yaml:2:1: line 2: found character that cannot start any token while scanning for the next token at line 2: indent with spaces, not tabs, and quote texts that begin with @, ` or %");
    insta::assert_snapshot!(error("a: 'x\nb: c\n"), @"a.yaml:3:1: line 3: found unexpected end of stream while scanning a quoted scalar at line 1: close the quote");
    insta::assert_snapshot!(error("a: 1\n b: 2\n"), @"a.yaml:2:3: line 2: mapping values are not allowed in this context: quote a text that contains a colon and a space, or correct the indentation");
    insta::assert_snapshot!(error("a: [1\nb: 2\n"), @"a.yaml:2:2: line 2: did not find expected ',' or ']' while parsing a flow sequence at line 1");
    insta::assert_snapshot!(error("- a\nb: c\n"), @"a.yaml:2:1: line 2: did not find expected '-' indicator while parsing a block collection at line 1: correct the indentation");
    insta::assert_snapshot!(error("a: *x\n"), @"a.yaml:1:4: line 1: unknown anchor referenced: define the anchor before this alias, or quote a text that begins with *");
}

#[test]
fn the_same_key_twice_is_refused_with_both_places() {
    insta::assert_snapshot!(error("a:\n  b: 1\n  c: 2\n  'b': 3\n"), @r#"a.yaml:4:3: line 4: mapping key "b" already defined at line 2"#);
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let invalid = parse(b"a: b\nc: \xff\n").expect_err("the byte is not UTF-8");
    assert_eq!(
        invalid.position(),
        Position {
            line: 2,
            column: 4,
            offset: 8
        }
    );
    insta::assert_snapshot!(error("a: b\u{7}\n"), @r"a.yaml:1:5: line 1: control characters are not allowed: remove '\u{7}' or write it as an escape in double quotes");
}

#[test]
fn limits_end_the_reading() {
    let limits = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        limits
    };
    insta::assert_snapshot!(error_with("[[[[1]]]]", limits(|l| l.depth = 3)), @"a.yaml:1:4: line 1: exceeded max depth: nesting over the limit of 3");
    insta::assert_snapshot!(error_with("[1, 2, 3]", limits(|l| l.nodes = 3)), @"a.yaml:1:8: line 1: number of nodes over the limit of 3");
    insta::assert_snapshot!(error_with("abcdef", limits(|l| l.bytes = 3)), @"a.yaml:1:1: line 1: number of bytes over the limit of 3");
}

#[test]
fn aliases_that_multiply_are_stopped() {
    use std::fmt::Write;
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let before = level - 1;
        writeln!(
            bomb,
            "a{level}: &a{level} [*a{before}, *a{before}, *a{before}, *a{before}]"
        )
        .expect("writing to a string does not fail");
    }
    let mut root = parse(&bomb).expect("it is well formed").remove(0).root;
    let limits = Limits {
        expansion: 10_000,
        ..Limits::default()
    };
    let error = root.expand_aliases(&limits).expect_err("it is too large");
    insta::assert_snapshot!(error, @"line 6: document contains excessive aliasing: number of nodes over the limit of 10000");
}

#[test]
fn an_alias_within_its_own_anchor_is_refused() {
    let mut root = parse("a: &a [*a]\n")
        .expect("it is well formed")
        .remove(0)
        .root;
    let error = root.expand_aliases(&Limits::default());
    insta::assert_snapshot!(error.expect_err("it never ends"), @"line 1: anchor 'a' value contains itself");
}

#[test]
fn a_byte_order_mark_counts_in_offsets_only() {
    let documents = parse("\u{feff}a: b\n").expect("it is well formed");
    let value = documents[0]
        .root
        .get("a")
        .expect("the mark is not part of the key");
    assert_eq!(
        value.start,
        Position {
            line: 1,
            column: 4,
            offset: 6
        }
    );
}

#[test]
fn utf_16_is_read() {
    let text = "\u{feff}a: ü\n";
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let documents = parse(bytes).expect("it is well formed");
    assert_eq!(documents[0].root.get_text("a"), Some("ü"));
}

#[test]
fn trees_as_deep_as_the_limit_need_no_large_stack() {
    let depth = Limits::default().depth;
    let text = format!(
        "a: &a {}1{}\nb: *a\n",
        "[".repeat(depth - 1),
        "]".repeat(depth - 1)
    );
    let run = move || {
        let mut document = parse(&text).expect("it is within the limit").remove(0);
        document
            .root
            .expand_aliases(&Limits::default())
            .expect("it is within the limit");
        let copy = document.clone();
        assert!(copy.root.same_value(&document.root));
        print_build(&document.root).expect("it can be printed");
        print_file(&[copy], &FileStyle::default());
        document.root.to_json().expect("it is JSON");
    };
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(run);
    thread
        .expect("a thread can be started")
        .join()
        .expect("it does not overflow a stack of 1 MiB");
}

#[test]
fn anchors_within_anchors_are_counted() {
    let text = format!(
        "a: {}[x, x, x, x]{}\nb: [*a0, *a1, *a2]\n",
        (0..90)
            .map(|n| format!("&a{n} ["))
            .collect::<Vec<_>>()
            .concat(),
        "]".repeat(90)
    );
    let mut root = parse(&text).expect("it is well formed").remove(0).root;
    let limits = Limits {
        expansion: 250,
        ..Limits::default()
    };
    let error = root
        .expand_aliases(&limits)
        .expect_err("three copies are kept");
    insta::assert_snapshot!(error, @"line 1: document contains excessive aliasing: number of nodes over the limit of 250");
}

#[test]
fn a_long_text_that_is_aliased_often_is_stopped() {
    let text = format!(
        "a: &a {}\nb: [{}]\n",
        "x".repeat(100_000),
        "*a,".repeat(1000)
    );
    let mut root = parse(&text).expect("it is well formed").remove(0).root;
    let error = root.expand_aliases(&Limits::default());
    insta::assert_snapshot!(error.expect_err("it is too large"), @"line 2: document contains excessive aliasing: number of nodes over the limit of 500000");
}

#[test]
fn a_comment_counts_in_what_aliases_copy() {
    let comment = "x".repeat(100_000);
    let text = format!("a: &a [x] # {comment}\nb: [{}]\n", "*a,".repeat(1000));
    let mut root = parse(&text).expect("it is well formed").remove(0).root;
    assert!(root.expand_aliases(&Limits::default()).is_err());
}

#[test]
fn directives_that_repeat_or_declare_too_much_are_stopped() {
    use std::fmt::Write;
    let mut many = String::new();
    for number in 0..101 {
        writeln!(many, "%TAG !a{number}! tag:x").expect("writing to a string does not fail");
    }
    insta::assert_snapshot!(error(&format!("{many}---\na: b\n")), @"a.yaml:101:1: line 101: number of %TAG directives over the limit of 100");
    let long = format!("%TAG !a! {}\n---\na: !a!x b\n", "t".repeat(257));
    insta::assert_snapshot!(error(&long), @"a.yaml:1:1: line 1: bytes of the prefix of a %TAG directive over the limit of 256");
}

#[test]
fn nothing_behind_a_comment_stands_where_the_comment_begins() {
    let documents = parse("a: 1\n? b\n# c\n").expect("it is well formed");
    let nothing = documents[0].root.get("b").expect("the key is there");
    assert_eq!((nothing.start.line, nothing.start.column), (3, 1));
}
