//! Edits of a tree: what changes in its text, and that nothing else does.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use windlass_yaml::{Mapping, Node, RewriteError, Value, parse, rewrite};

fn edited(text: &str, change: impl FnOnce(&mut Node)) -> Result<String, RewriteError> {
    let mut documents = parse(text).expect("the text is YAML");
    let mut root = match documents.len() {
        0 => Node::null(),
        _ => documents.remove(0).root,
    };
    change(&mut root);
    rewrite(text, &root)
}

fn push(root: &mut Node, key: &str, item: &str) {
    let list = root
        .make_mapping()
        .get_or_insert_with(key, || Node::sequence([]));
    list.make_sequence().push(item.into());
}

#[track_caller]
fn pushes(text: &str, wanted: &str) {
    assert_eq!(
        edited(text, |root| push(root, "l", "z")).as_deref(),
        Ok(wanted)
    );
}

#[test]
fn an_item_is_added_in_the_style_of_its_list() {
    pushes("l:\n- a # c\n# end\n", "l:\n- a # c\n- z\n# end\n");
    pushes("l:\n  - a\nm: 1\n", "l:\n  - a\n  - z\nm: 1\n");
    pushes("l: [a]\n", "l: [a, z]\n");
    pushes("l: [ a, ] # c\n", "l: [ a, z, ] # c\n");
    pushes("l: [\n  a,\n  b\n]\n", "l: [\n  a,\n  b,\n  z\n]\n");
    pushes("{l: [a], m: 1}", "{l: [a, z], m: 1}");
    pushes("{m: 1}\n", "{m: 1, l: [z]}\n");
    pushes("l:\r\n- a\r\nm: 1\r\n", "l:\r\n- a\r\n- z\r\nm: 1\r\n");
    pushes("l:\n- a", "l:\n- a\n- z\n");
    pushes("l: &x\n- a\n", "l: &x\n- a\n- z\n");
    pushes(
        "l:\n- k: v\n  # of k\n  m: 1\n  # of m\n# of l\n",
        "l:\n- k: v\n  # of k\n  m: 1\n  # of m\n- z\n# of l\n",
    );
}

#[test]
fn a_list_is_begun_where_there_is_none() {
    pushes("", "l:\n- z\n");
    pushes("# c\n", "# c\nl:\n- z\n");
    pushes("---\n", "---\nl:\n- z\n");
    pushes("{}\n", "l:\n- z\n");
    pushes("l:\nm: 1\n", "l:\n- z\nm: 1\n");
    pushes("l: [] # none\nm: 1\n", "l: # none\n- z\nm: 1\n");
    pushes("l: null\n", "l:\n- z\n");
    pushes("m: 1\n# end\n\n", "m: 1\n# end\nl:\n- z\n\n");
    pushes("m: 1", "m: 1\nl:\n- z\n");
    pushes("m: 1\r\n", "m: 1\r\nl:\r\n- z\r\n");
    pushes("m: 1\n...\n", "m: 1\nl:\n- z\n...\n");
    pushes("  m: 1\n", "  m: 1\n  l:\n  - z\n");
    pushes("m:\n    x: 1\n", "m:\n    x: 1\nl:\n- z\n");
    pushes("m:\n  - x\n", "m:\n  - x\nl:\n  - z\n");
    pushes("\u{feff}m: 1\n", "\u{feff}m: 1\nl:\n- z\n");
}

#[test]
fn an_item_goes_with_its_line_and_other_comments_stay() {
    let removes = |text: &str, index: usize, wanted: &str| {
        let done = edited(text, |root| {
            root.get_mut("l").unwrap().make_sequence().remove(index);
        });
        assert_eq!(done.as_deref(), Ok(wanted));
    };
    removes(
        "l:\n# a\n- a # a\n# b\n- b # b\n",
        0,
        "l:\n# a\n# b\n- b # b\n",
    );
    removes("l:\n- a\n- |\n  b\n\n- c\n", 1, "l:\n- a\n\n- c\n");
    removes("l:\n- a\n- {b: 1,\n  c: 2}\n", 1, "l:\n- a\n");
    removes("l: [a, b, c]\n", 0, "l: [b, c]\n");
    removes("l: [a, b, c]\n", 2, "l: [a, b]\n");
    removes("l: [a]\n", 0, "l: []\n");
    removes("l:\n- a\n", 0, "l: []\n");
    removes("l:\n- - a\n  - b\n", 0, "l: []\n");
}

#[test]
fn an_entry_is_removed_renamed_and_replaced_in_its_place() {
    let text = "a: 1 # one\nb:\n# of b\n- x: 1\n  y: 2\nc: {d: 1, e: 2}\n";
    let changed = |change: fn(&mut Node)| edited(text, change).unwrap();
    assert_eq!(
        changed(|root| drop(root.remove("a"))),
        text.replace("a: 1 # one\n", "")
    );
    assert_eq!(
        changed(|root| drop(root.remove("b"))),
        "a: 1 # one\nc: {d: 1, e: 2}\n"
    );
    assert_eq!(
        changed(|root| drop(root.set("a", "x".into()))),
        text.replace("a: 1", "a: x")
    );
    assert_eq!(
        changed(|root| drop(root.set("a", "x\ny\n".into()))),
        text.replace("a: 1 # one\n", "a: | # one\n  x\n  y\n")
    );
    assert_eq!(
        changed(|root| drop(root.get_mut("b").unwrap().make_sequence()[0].remove("x"))),
        text.replace("- x: 1\n  y: 2", "- y: 2")
    );
    assert_eq!(
        changed(|root| drop(root.get_mut("c").unwrap().remove("e"))),
        text.replace(", e: 2", "")
    );
    assert_eq!(
        changed(|root| root.make_mapping().entries_mut()[1].key.set_string("bb")),
        text.replace("\nb:", "\nbb:")
    );
}

#[test]
fn what_shows_elsewhere_and_what_is_not_alone_is_refused() {
    let repeated = edited("l: &x\n- a\nm: *x\n", |root| push(root, "l", "z"));
    assert_eq!(
        repeated.unwrap_err().to_string(),
        "1:4: &x is used again as *x: write the values out before the edit"
    );
    let several = edited("a: 1\n---\nb: 1\n", |root| push(root, "l", "z"));
    assert_eq!(
        several.unwrap_err().to_string(),
        "3:1: the text has several documents: keep one of them in a file"
    );
    let alias = edited("l: &x [a]\nm: *x\n", |root| {
        drop(root.set("m", Node::sequence(["b".into()])));
    });
    assert_eq!(alias.as_deref(), Ok("l: &x [a]\nm:\n- b\n"));
}

/// Texts as people write them; `EOL` stands for the line break.
fn text() -> impl Strategy<Value = String> {
    let part = select(vec![
        "# head\n",
        "\n",
        "KEY: plain\n",
        "KEY: 'it''s' # line\n",
        "KEY: \"a\\tb\"\n",
        "KEY:\n",
        "KEY: [] # none\n",
        "KEY: {}\n",
        "KEY: [ a,b ,\"c\" ]\n",
        "KEY: [\n  a, # one\n  {b: 1},\n  c,\n]\n",
        "KEY: {a: 1,   b: [x, y], c}\n",
        "KEY:\n- a\n# between\n- b # behind\n- c\n",
        "KEY:\n  - a\n  -   b\n\n  - c\n  # deep\n",
        "KEY:\n- name: x # line\n  value: 'y'\n- # odd\n  name: z\n\n  list: [1]\n",
        "KEY:\n- - a\n  - b\n- - c\n-\n",
        "KEY:\n  sub:\n    deep: 1 # line\n    # inner\n    more:\n    - a\n  other: x\n",
        "KEY: |\n  text\n   more\n\n",
        "KEY: |+\n  text\n\n",
        "KEY: >-\n  folded\n  text\n",
        "KEY: &KEY\n- a\n",
        "KEY: !custom tagged\n",
    ]);
    let parts = prop::collection::vec(part, 0..8);
    (parts, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(parts, crlf, start, end)| {
        let named = parts.iter().enumerate();
        let mut text: String = named
            .map(|(number, part)| part.replace("KEY", &format!("k{number}")))
            .collect();
        if start {
            text.insert_str(0, "---\n");
        }
        if !end {
            text.truncate(text.trim_end().len());
        }
        if crlf {
            text.replace('\n', "\r\n")
        } else {
            text
        }
    })
}

fn fresh() -> impl Strategy<Value = Node> {
    select(vec![
        Node::string("new"),
        Node::string("true"),
        Node::string("- # \"'"),
        Node::string("two\nlines\n"),
        Node::string("two\n  lines"),
        Node::null(),
        Node::sequence([]),
        Node::sequence(["a".into(), Node::mapping([("b", Node::int(1))])]),
        Node::mapping([
            ("x", Node::sequence(["y".into()])),
            ("z", Node::string("z")),
        ]),
    ])
}

#[derive(Clone, Debug)]
enum Change {
    Add(Index, Node),
    Remove(Index),
    Replace(Index, Node),
    Rename(Index),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (any::<Index>(), fresh()).prop_map(|(at, node)| Change::Add(at, node)),
        any::<Index>().prop_map(Change::Remove),
        (any::<Index>(), fresh()).prop_map(|(at, node)| Change::Replace(at, node)),
        any::<Index>().prop_map(Change::Rename),
    ]
}

/// Makes the change in one of the collections.
fn make(change: &Change, root: &mut Node, which: Index) {
    let mut found = Vec::new();
    collections(root, &mut Vec::new(), &mut found);
    if found.is_empty() {
        if let Change::Add(_, node) = change {
            root.set("added", node.clone());
        }
        return;
    }
    let collection = follow(root, &found[which.index(found.len())]);
    match &mut collection.value {
        Value::Sequence(items) => make_in_list(change, items),
        _ => make_in_mapping(change, collection.make_mapping().entries_mut()),
    }
}

fn make_in_list(change: &Change, items: &mut Vec<Node>) {
    match change {
        Change::Add(at, node) => items.insert(at.index(items.len() + 1), node.clone()),
        Change::Remove(at) if !items.is_empty() => drop(items.remove(at.index(items.len()))),
        Change::Replace(at, node) if !items.is_empty() => {
            let at = at.index(items.len());
            items[at] = node.clone();
        }
        _ => {}
    }
}

fn make_in_mapping(change: &Change, entries: &mut Vec<windlass_yaml::Entry>) {
    let count = entries.len();
    match change {
        Change::Add(at, node) if is_free(entries, "added") => {
            let entry = windlass_yaml::Entry {
                key: "added".into(),
                value: node.clone(),
            };
            entries.insert(at.index(count + 1), entry);
        }
        Change::Remove(at) if count > 0 => drop(entries.remove(at.index(count))),
        Change::Replace(at, node) if count > 0 => entries[at.index(count)].value = node.clone(),
        Change::Rename(at) if count > 0 && is_free(entries, "true") => {
            entries[at.index(count)].key.set_string("true");
        }
        _ => {}
    }
}

fn is_free(entries: &[windlass_yaml::Entry], key: &str) -> bool {
    entries.iter().all(|entry| entry.key.text() != Some(key))
}

/// Returns the ways to all collections, as indexes of items and entries.
fn collections(node: &Node, way: &mut Vec<usize>, found: &mut Vec<Vec<usize>>) {
    let children: Vec<&Node> = match &node.value {
        Value::Sequence(items) => items.iter().collect(),
        Value::Mapping(mapping) => mapping.values().collect(),
        Value::Scalar(_) | Value::Alias(_) => return,
    };
    found.push(way.clone());
    for (index, child) in children.into_iter().enumerate() {
        way.push(index);
        collections(child, way, found);
        way.pop();
    }
}

fn follow<'n>(node: &'n mut Node, way: &[usize]) -> &'n mut Node {
    let Some((index, rest)) = way.split_first() else {
        return node;
    };
    let child = match &mut node.value {
        Value::Sequence(items) => &mut items[*index],
        Value::Mapping(mapping) => &mut mapping.entries_mut()[*index].value,
        Value::Scalar(_) | Value::Alias(_) => unreachable!("the way leads through collections"),
    };
    follow(child, rest)
}

/// Returns the text of an entry of the root that the changes have left alone.
fn untouched<'t>(text: &'t str, key: &Node, value: &Node) -> Option<&'t str> {
    let documents = parse(text).expect("the text is YAML");
    let entry = documents
        .first()?
        .root
        .as_mapping()?
        .get_entry(key.text()?)?;
    let is_same = entry.key.start == key.start
        && entry.value.same_value(value)
        && entry.value.anchor() == value.anchor();
    let end = entry.key.end().max(entry.value.end());
    // A block scalar that the text ends in says so when something follows.
    let is_whole = end < text.len() || text.ends_with('\n');
    (is_same && is_whole).then(|| text[key.start.offset as usize..end].trim_end())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn no_change_changes_no_byte(text in text()) {
        let same = edited(&text, |_| {});
        prop_assert_eq!(same.as_deref(), Ok(&*text));
        let reordered = edited(&text, |root| {
            if let Some(mapping) = root.as_mapping_mut() {
                mapping.entries_mut().reverse();
            }
        });
        prop_assert_eq!(reordered.as_deref(), Ok(&*text));
    }

    #[test]
    fn a_changed_tree_reads_back_and_its_other_lines_stay(
        text in text(),
        changes in prop::collection::vec((change(), any::<Index>()), 1..4),
    ) {
        let mut wanted = Node::null();
        let done = edited(&text, |root| {
            for (change, which) in &changes {
                make(change, root, *which);
            }
            wanted = root.clone();
        });
        if text.contains("|+") && matches!(done, Err(RewriteError::ChangesMore { .. })) {
            // Empty lines that stay behind would belong to such a scalar.
            return Ok(());
        }
        let done = done.expect("every change of such a text can be written");
        let back = parse(&done).unwrap();
        let back = back.first().map_or_else(Node::null, |document| document.root.clone());
        let is_empty = |node: &Node| node.is_null() || node.as_mapping().is_some_and(Mapping::is_empty);
        prop_assert!(back.same_value(&wanted) || is_empty(&back) && is_empty(&wanted), "{done}");
        for (key, value) in wanted.as_mapping().into_iter().flat_map(Mapping::iter) {
            if let Some(there) = untouched(&text, key, value) {
                prop_assert!(done.contains(there), "{there:?} is gone: {done}");
            }
        }
    }
}
