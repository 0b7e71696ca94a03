//! The fields of the file: found whatever their capitals, as Go finds them, made when they are missing, and
//! dropped when nothing is left in them.

use windlass_yaml::{Entry, Limits, Mapping, Node, Position, Value};

use super::{FileError, KustomizationFile};

/// A field that is one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextField {
    /// `namespace`.
    Namespace,
    /// `namePrefix`.
    NamePrefix,
    /// `nameSuffix`.
    NameSuffix,
}

/// A field that is a list of paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathField {
    /// `resources`; what `bases` has is moved there first.
    Resources,
    /// `components`.
    Components,
    /// `generators`.
    Generators,
    /// `transformers`.
    Transformers,
}

/// A field that is a mapping of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairField {
    /// `commonLabels`.
    Labels,
    /// `commonAnnotations`.
    Annotations,
}

impl TextField {
    fn name(self) -> &'static str {
        match self {
            Self::Namespace => "namespace",
            Self::NamePrefix => "namePrefix",
            Self::NameSuffix => "nameSuffix",
        }
    }
}

impl KustomizationFile {
    /// Sets a text (`edit set namespace`, `nameprefix`, `namesuffix`); an empty one removes the field.
    ///
    /// # Errors
    ///
    /// A merge key would still give the field that is to be removed.
    pub fn set_text(&mut self, field: TextField, value: &str) -> Result<(), FileError> {
        let field = field.name();
        if value.is_empty() {
            self.remove(field);
            return self.refuse_merged(field);
        }
        self.ensure(field, Node::string(value));
        set_text(self.fields_mut(), field, value);
        Ok(())
    }

    /// Refuses to let a field go that a merge key gives.
    fn refuse_merged(&self, field: &str) -> Result<(), FileError> {
        let mut merged = self.root.clone();
        let is_expanded = merged.expand_aliases(&Limits::default()).is_ok();
        let is_merged = is_expanded && get(merged.make_mapping(), field).is_some();
        let merge_key = self.fields().get_entry("<<").filter(|_| is_merged);
        merge_key.map_or(Ok(()), |entry| {
            Err(FileError::Merged {
                file: self.name.clone(),
                at: entry.key.start,
                field: field.to_owned(),
            })
        })
    }

    /// Adds a field behind the others, unless it is there.
    pub(super) fn ensure(&mut self, field: &str, value: Node) {
        let fields = self.fields_mut();
        if position(fields, field).is_none() {
            fields.push(Node::string(field), value);
        }
    }

    pub(super) fn fields(&self) -> &Mapping {
        static EMPTY: std::sync::LazyLock<Mapping> = std::sync::LazyLock::new(Mapping::new);
        self.root.as_mapping().unwrap_or(&EMPTY)
    }

    pub(super) fn fields_mut(&mut self) -> &mut Mapping {
        self.root.make_mapping()
    }

    pub(super) fn field(&self, field: &str) -> Option<&Node> {
        get(self.fields(), field)
    }

    pub(super) fn remove(&mut self, field: &str) {
        remove(self.fields_mut(), field);
    }

    /// Refuses to edit a field of which a part is written somewhere else.
    pub(super) fn own(&self, field: &str) -> Result<(), FileError> {
        let alias = match self.field(field) {
            Some(value) => find_alias(value),
            None => get(self.fields(), "<<").map(|value| value.start),
        };
        match alias {
            None => Ok(()),
            Some(at) => Err(FileError::Alias {
                file: self.name.clone(),
                at,
                field: field.to_owned(),
            }),
        }
    }

    /// Returns the items of a list; none when the field is missing.
    pub(super) fn items(&self, field: &str) -> &[Node] {
        self.field(field)
            .and_then(Node::as_sequence)
            .unwrap_or_default()
    }

    /// Returns the items of a list, which is made when it is missing.
    pub(super) fn items_mut(&mut self, field: &str) -> Result<&mut Vec<Node>, FileError> {
        self.own(field)?;
        self.ensure(field, Node::sequence([]));
        Ok(list(self.fields_mut(), field))
    }

    /// Removes the items for which `keep` returns false, and the field when none are left.
    pub(super) fn retain(
        &mut self,
        field: &str,
        keep: impl FnMut(&Node) -> bool,
    ) -> Result<(), FileError> {
        let items = self.items_mut(field)?;
        items.retain(keep);
        if items.is_empty() {
            self.remove(field);
        }
        Ok(())
    }

    /// Moves what an old field has behind what the new one has, or renames it when there is no new one.
    pub(super) fn rename(&mut self, old: &str, new: &'static str) -> Result<(), FileError> {
        if self.field(old).is_none() {
            return Ok(());
        }
        self.own(old)?;
        self.own(new)?;
        if self.items(old).is_empty() || !self.items(new).is_empty() {
            let moved = self.items(old).to_vec();
            self.remove(old);
            if !moved.is_empty() {
                list(self.fields_mut(), new).extend(moved);
            }
        } else {
            self.remove(new);
            set_key(self.fields_mut(), old, new);
        }
        Ok(())
    }
}

/// Returns where an entry is: the key as it is, or with other capitals.
fn position(mapping: &Mapping, field: &str) -> Option<usize> {
    let other_capitals = || {
        mapping.entries().iter().position(|entry| {
            let key = entry.key.text();
            key.is_some_and(|key| key.eq_ignore_ascii_case(field))
        })
    };
    mapping.position(field).or_else(other_capitals)
}

pub(super) fn get<'m>(mapping: &'m Mapping, field: &str) -> Option<&'m Node> {
    position(mapping, field).map(|at| &mapping.entries()[at].value)
}

/// Returns the text of a field of an item; empty when it is missing.
pub(super) fn text<'n>(item: &'n Node, field: &str) -> &'n str {
    let value = item.as_mapping().and_then(|mapping| get(mapping, field));
    value
        .filter(|value| !value.is_null())
        .and_then(Node::text)
        .unwrap_or_default()
}

/// Returns a mapping of those texts that are not empty.
pub(super) fn texts<'t>(fields: impl IntoIterator<Item = (&'t str, &'t str)>) -> Node {
    let fields = fields.into_iter().filter(|(_, text)| !text.is_empty());
    Node::mapping(fields.map(|(field, text)| (field, Node::string(text))))
}

pub(super) fn remove(mapping: &mut Mapping, field: &str) {
    if let Some(at) = position(mapping, field) {
        mapping.entries_mut().remove(at);
    }
}

/// Gives an entry another key.
pub(super) fn set_key(mapping: &mut Mapping, old: &str, new: &str) {
    if let Some(at) = position(mapping, old) {
        mapping.entries_mut()[at].key.set_string(new);
    }
}

/// Sets a text, which keeps its quotes.
pub(super) fn set_text(mapping: &mut Mapping, field: &str, text: &str) {
    match position(mapping, field) {
        Some(at) => {
            let value = &mut mapping.entries_mut()[at].value;
            if matches!(value.value, Value::Alias(_)) {
                *value = Node::string(text);
            } else if value.as_str() != Some(text) {
                value.set_string(text);
            }
        }
        None => insert(mapping, field, Node::string(text)),
    }
}

/// Sets a value that is no text.
pub(super) fn set_plain(mapping: &mut Mapping, field: &str, value: Node) {
    match position(mapping, field) {
        Some(at) if mapping.entries()[at].value.same_value(&value) => {}
        Some(at) => mapping.entries_mut()[at].value = value,
        None => insert(mapping, field, value),
    }
}

/// Inserts an entry in its place where the keys are sorted, else at the end. What begins with a name still
/// does.
fn insert(mapping: &mut Mapping, field: &str, value: Node) {
    let key = Node::string(field);
    let before = |entry: &Entry| entry.key.text().is_some_and(|key| key > field);
    let at = match mapping.entries().iter().position(before) {
        Some(0) if mapping.contains_key("name") => 1,
        Some(at) if mapping.keys().is_sorted() => at,
        _ => mapping.len(),
    };
    mapping.entries_mut().insert(at, Entry { key, value });
}

/// Returns the items of a list, which is made when it is missing or null.
pub(super) fn list<'m>(mapping: &'m mut Mapping, field: &str) -> &'m mut Vec<Node> {
    child(mapping, field, || Node::sequence([])).make_sequence()
}

/// Returns the pairs of a mapping, which is made when it is missing or null.
pub(super) fn pairs<'m>(mapping: &'m mut Mapping, field: &str) -> &'m mut Mapping {
    child(mapping, field, || Node::new(Value::Mapping(Mapping::new()))).make_mapping()
}

fn child<'m>(mapping: &'m mut Mapping, field: &str, make: impl FnOnce() -> Node) -> &'m mut Node {
    let at = position(mapping, field).unwrap_or_else(|| {
        insert(mapping, field, make());
        position(mapping, field).expect("it was just inserted")
    });
    &mut mapping.entries_mut()[at].value
}

/// Inserts an item before the first one with a greater name when the names are sorted, else at the end.
pub(super) fn insert_by_name(items: &mut Vec<Node>, item: Node) {
    let name = text(&item, "name");
    let is_sorted = items.iter().map(|item| text(item, "name")).is_sorted();
    let after = items.iter().position(|other| text(other, "name") > name);
    let at = after.filter(|_| is_sorted).unwrap_or(items.len());
    items.insert(at, item);
}

fn find_alias(node: &Node) -> Option<Position> {
    match &node.value {
        Value::Alias(_) => Some(node.start),
        Value::Sequence(items) => items.iter().find_map(find_alias),
        Value::Mapping(mapping) => mapping.iter().find_map(|(key, value)| {
            let is_merge = key.resolve() == windlass_yaml::Resolved::Merge;
            is_merge.then_some(key.start).or_else(|| find_alias(value))
        }),
        Value::Scalar(_) => None,
    }
}
