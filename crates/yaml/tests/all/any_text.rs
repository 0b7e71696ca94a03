//! What holds for any text: laws that the programs in `fuzz/` try to break, and that tests check on real files.

use windlass_yaml::{
    Document, DuplicateKeys, EditError, Entry, FileStyle, Layout, Limits, Mapping, Node,
    ParseError, ParseOptions, Position, Resolved, ScalarStyle, Value, parse, parse_with,
    print_build, print_build_json, print_file, replace_scalar, rewrite,
};

/// Reads a text and prints it both ways.
pub(crate) fn reads_and_prints(bytes: &[u8]) {
    let documents = match parse_with(bytes, &keeping_duplicates()) {
        Ok(documents) => documents,
        Err(error) => return error_is_in(bytes, &error),
    };
    if let Ok(text) = std::str::from_utf8(bytes) {
        let lines = Lines::of(text);
        for document in &documents {
            walk(&document.root, &mut |node| lines.check(node));
        }
    }
    prints_as_a_file(&documents);
    for document in documents {
        prints_as_an_object(document.root);
    }
}

/// Replaces scalars of a text, one at a time.
pub(crate) fn edits(text: &str, new: &str) {
    let Ok(documents) = parse_with(text, &keeping_duplicates()) else {
        return;
    };
    let mut scalars = Vec::new();
    for document in &documents {
        walk(&document.root, &mut |node| {
            scalars.extend(node.as_scalar().is_some().then_some(node));
        });
    }
    for scalar in scalars.into_iter().take(4) {
        match replace_scalar(text, scalar, new) {
            Ok(edited) => edit_is_exact(text, scalar, new, &edited),
            Err(EditError::NotHere { at }) => panic!("{at}: a scalar of the text is not found"),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

/// Changes an entry of a text's root, adds one and removes one, each alone.
pub(crate) fn rewrites(text: &str, new: &str) {
    let Ok(documents) = parse(text) else { return };
    let Some(Document { root, .. }) = documents.into_iter().next() else {
        return;
    };
    assert!(rewrite(text, &root).map_or(true, |same| same == text));
    let Some(mapping) = root.as_mapping() else {
        return;
    };
    let keys: Vec<String> = mapping.keys().map(str::to_owned).collect();
    for key in keys.iter().map(String::as_str).chain([new]).take(8) {
        rewrite_is_exact(text, &root, key, |root| {
            root.set(key, new.into());
        });
        rewrite_is_exact(text, &root, key, |root| drop(root.remove(key)));
        rewrite_is_exact(text, &root, key, |root| {
            if let Some(list) = root.get_mut(key).and_then(Node::as_sequence_mut) {
                list.push(Node::mapping([("name", Node::string(new))]));
                list.swap_remove(0);
            }
        });
    }
}

/// What is read back is the change, and the entries of other keys stand as they stood.
fn rewrite_is_exact(text: &str, root: &Node, key: &str, change: impl Fn(&mut Node)) {
    let mut changed = root.clone();
    change(&mut changed);
    let Ok(edited) = rewrite(text, &changed) else {
        return;
    };
    let read = parse(&edited).unwrap_or_else(|error| panic!("{error} in {edited:?}"));
    let read = read.into_iter().next().map(|document| document.root);
    let is_nothing =
        |node: &Node| node.is_null() || node.as_mapping().is_some_and(Mapping::is_empty);
    match &read {
        Some(read) => assert!(
            read.same_value(&changed) || is_nothing(read) && is_nothing(&changed),
            "{edited:?}"
        ),
        None => assert!(is_nothing(&changed), "{edited:?}"),
    }
    for (name, value) in root.as_mapping().into_iter().flat_map(Mapping::iter) {
        let range = value.start.offset as usize..value.end();
        if name.text() != Some(key) && value.is_scalar() {
            assert!(edited.contains(&text[range]), "{edited:?}");
        }
    }
}

fn keeping_duplicates() -> ParseOptions {
    ParseOptions {
        duplicate_keys: DuplicateKeys::Keep,
        ..ParseOptions::default()
    }
}

fn error_is_in(bytes: &[u8], error: &ParseError) {
    let Position { line, offset, .. } = error.position();
    // Each byte can end a line, and the end of the text is one line further.
    assert!(line as usize <= bytes.len() + 2, "{error}");
    // Of UTF-16 the offset is that in UTF-8, which can be longer.
    assert!(offset as usize <= bytes.len() * 2, "{error}");
}

fn walk<'n>(node: &'n Node, visit: &mut dyn FnMut(&'n Node)) {
    visit(node);
    match &node.value {
        Value::Sequence(items) => items.iter().for_each(|item| walk(item, visit)),
        Value::Mapping(mapping) => mapping.iter().for_each(|(key, value)| {
            walk(key, visit);
            walk(value, visit);
        }),
        Value::Scalar(_) | Value::Alias(_) => {}
    }
}

/// Where the lines of a text begin.
struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        let mark = text.len() - text.trim_start_matches('\u{feff}').len();
        let mut starts = vec![mark.min('\u{feff}'.len_utf8())];
        for (at, character) in text.char_indices() {
            let end = at + character.len_utf8();
            let ends_line = match character {
                '\n' | '\u{85}' | '\u{2028}' | '\u{2029}' => true,
                '\r' => !text[end..].starts_with('\n'),
                _ => false,
            };
            starts.extend(ends_line.then_some(end));
        }
        Self { text, starts }
    }

    fn check(&self, node: &Node) {
        let (start, end) = (node.start, node.end());
        let range = start.offset as usize..end;
        assert!(self.text.get(range).is_some(), "from {start:?} to {end:?}");
        if let Value::Scalar(_) = &node.value {
            let Some(&line) = self.starts.get(start.line as usize - 1) else {
                // Behind a last line without an end, nothing stands in a line of its own.
                assert_eq!((node.text(), start.column), (Some(""), 1), "{start:?}");
                return;
            };
            let before = self.text.get(line..start.offset as usize);
            let column = before.map(|before| before.chars().count() + 1);
            assert_eq!(column, Some(start.column as usize), "{start:?}");
        }
    }
}

/// A document without comments comes back from its text, and is printed as it was. Of nothing, go-yaml
/// prints nothing.
fn prints_as_a_file(documents: &[Document]) {
    print_file(documents, &FileStyle::default());
    for document in documents
        .iter()
        .filter(|document| document.root.text() != Some(""))
    {
        let mut root = document.root.clone();
        simplify(&mut root);
        let printed = print_alone(&root);
        let read = match parse_with(&printed, &keeping_duplicates()) {
            Ok(read) => read,
            Err(error) => panic!("{error} in {printed:?}"),
        };
        assert_eq!(read.len(), 1, "{printed:?}");
        assert!(is_same(&read[0].root, &root, false), "{printed:?}");
        assert_eq!(print_alone(&read[0].root), printed);
    }
}

fn print_alone(root: &Node) -> String {
    let root = root.clone();
    print_file(
        &[Document {
            root,
            ..Document::default()
        }],
        &FileStyle::default(),
    )
}

/// Returns whether two trees differ in nothing but styles and positions. go-yaml v3 makes a text of nothing
/// in some places, and within brackets of times too.
fn is_same(a: &Node, b: &Node, in_flow: bool) -> bool {
    let flow = in_flow || a.layout() == Layout::Flow;
    let same = match (&a.value, &b.value) {
        (Value::Sequence(a), Value::Sequence(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b, flow))
        }
        (Value::Mapping(a), Value::Mapping(b)) => {
            let same = |a: &Entry, b: &Entry| {
                is_same(&a.key, &b.key, flow) && is_same(&a.value, &b.value, flow)
            };
            let mut pairs = a.entries().iter().zip(b.entries());
            a.len() == b.len() && pairs.all(|(a, b)| same(a, b))
        }
        // As texts, since NaN is not equal to itself.
        _ => {
            let same_type = || format!("{:?}", a.resolve()) == format!("{:?}", b.resolve());
            let may_become_text = in_flow || a.text() == Some("");
            a.text() == b.text() && (may_become_text || same_type())
        }
    };
    // go-yaml v3 writes the tag of merge keys.
    let same_tag = a.tag() == b.tag() || a.resolve() == Resolved::Merge;
    same && same_tag && a.anchor() == b.anchor()
}

fn simplify(node: &mut Node) {
    node.forget_comments();
    match &mut node.value {
        Value::Sequence(items) => items.iter_mut().for_each(simplify),
        Value::Mapping(mapping) => {
            for entry in mapping.entries_mut() {
                simplify(&mut entry.key);
                simplify(&mut entry.value);
            }
        }
        // go-yaml v3 gives folded texts more line breaks than they had.
        Value::Scalar(scalar) if scalar.style == ScalarStyle::Folded => {
            scalar.style = ScalarStyle::Literal;
        }
        Value::Scalar(_) | Value::Alias(_) => {}
    }
}

/// What `kustomize build` prints reads back as the same value, and is printed as it was.
fn prints_as_an_object(mut root: Node) {
    if root.expand_aliases(&Limits::default()).is_err() || !root.is_mapping() {
        return;
    }
    let json = root.to_json();
    let Ok(printed) = print_build(&root) else {
        return;
    };
    let read = match parse(&printed) {
        Ok(read) => read,
        Err(error) => panic!("{error} in {printed:?}"),
    };
    // A next-line character is a line break to YAML, and folds once more each time.
    if printed.contains('\u{85}') || format!("{json:?}").contains("\\u{85}") {
        return;
    }
    assert_eq!(read.len(), 1, "{printed:?}");
    assert_eq!(print_build(&read[0].root).as_ref(), Ok(&printed));
    let json = json.expect("what is printed as YAML is JSON");
    assert_eq!(read[0].root.to_json().as_ref(), Ok(&json), "{printed:?}");
    // go-yaml's order of keys is not transitive, so that the order of some depends on where they stood.
    let from_json = print_build_json(&json).expect("what is printed as YAML is printed as JSON");
    assert_eq!(sorted_lines(&from_json), sorted_lines(&printed));
}

fn sorted_lines(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

fn edit_is_exact(text: &str, scalar: &Node, new: &str, edited: &str) {
    let (start, end) = (scalar.start.offset as usize, scalar.end());
    assert!(edited.starts_with(&text[..start]), "{edited:?}");
    assert!(edited.ends_with(&text[end..]), "{edited:?}");
    let documents = parse_with(edited, &keeping_duplicates()).expect("an edit can be read");
    let mut texts = Vec::new();
    for document in &documents {
        walk(&document.root, &mut |node| {
            texts.extend((node.start == scalar.start).then(|| node.text()).flatten());
        });
    }
    assert!(texts.contains(&new), "{edited:?}");
}
