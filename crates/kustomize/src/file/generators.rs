//! ConfigMaps and Secrets that are generated.

use windlass_yaml::{Mapping, Node};

use super::fields::{list, pairs, remove, set_plain, set_text, text, texts};
use super::{FileError, KustomizationFile, Note};

/// What is generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generator {
    /// `configMapGenerator`.
    ConfigMap,
    /// `secretGenerator`.
    Secret,
}

/// What `edit add configmap` and `edit add secret` add to an entry; empty texts add nothing.
///
/// It has no `Debug` form, because literals may be the values of a Secret.
#[derive(Clone, Default)]
pub struct NewSources {
    /// `key=value`.
    pub literals: Vec<String>,
    /// `[key=]path`.
    pub files: Vec<String>,
    /// The path of a file with lines `key=value`.
    pub env_file: String,
    /// `create`, `merge` or `replace`.
    pub behavior: String,
    /// Whether the name of the object gets no hash.
    pub no_hash: bool,
    /// The type of a Secret that is not there yet.
    pub secret_type: String,
}

impl Generator {
    fn field(self) -> &'static str {
        match self {
            Self::ConfigMap => "configMapGenerator",
            Self::Secret => "secretGenerator",
        }
    }

    fn entry(self) -> &'static str {
        match self {
            Self::ConfigMap => "configmap",
            Self::Secret => "secret",
        }
    }
}

impl KustomizationFile {
    /// Adds sources to the entry of this name and namespace, or a new entry (`edit add configmap`, `secret`).
    pub fn add_sources(
        &mut self,
        generator: Generator,
        name: &str,
        namespace: &str,
        new: &NewSources,
    ) -> Result<(), FileError> {
        self.own(generator.field())?;
        let found = self.find(generator, name, namespace);
        let items = self.items_mut(generator.field())?;
        let at = found.unwrap_or_else(|| {
            items.push(new_entry(generator, name, namespace, new));
            items.len() - 1
        });
        let entry = items[at].make_mapping();
        move_env(entry);
        let envs = (!new.env_file.is_empty()).then(|| new.env_file.clone());
        extend(entry, "literals", &new.literals);
        extend(entry, "files", &new.files);
        extend(entry, "envs", envs.as_slice());
        if !new.behavior.is_empty() {
            set_text(entry, "behavior", &new.behavior);
        }
        if new.no_hash {
            let options = pairs(entry, "options");
            set_plain(options, "disableNameSuffixHash", Node::bool(true));
        }
        Ok(())
    }

    /// Changes the values of literals, and the namespace unless it is empty (`edit set configmap`, `secret`).
    ///
    /// # Errors
    ///
    /// There is no such entry, or it has no such key, or a literal is not `key=value` with a single `=`:
    /// kustomize asks that of all literals of the entry.
    pub fn set_sources(
        &mut self,
        generator: Generator,
        name: &str,
        namespace: &str,
        literals: &[String],
        new_namespace: &str,
    ) -> Result<(), FileError> {
        self.own(generator.field())?;
        let Some(at) = self.find(generator, name, namespace) else {
            return Err(self.absent(generator, name));
        };
        let file = self.name.clone();
        let entry = self.items_mut(generator.field())?[at].make_mapping();
        if !literals.is_empty() {
            set_literals(list(entry, "literals"), literals, &file)?;
        }
        if !new_namespace.is_empty() {
            set_text(entry, "namespace", new_namespace);
        }
        Ok(())
    }

    /// Removes the entries of these names and this namespace (`edit remove configmap`, `secret`). A name without one
    /// becomes a note.
    ///
    /// # Errors
    ///
    /// None of them is there.
    pub fn remove_generators(
        &mut self,
        generator: Generator,
        names: &[String],
        namespace: &str,
    ) -> Result<(), FileError> {
        self.own(generator.field())?;
        let is_missing = |name: &&String| self.find(generator, name, namespace).is_none();
        let missing: Vec<&String> = names.iter().filter(is_missing).collect();
        if missing.len() == names.len() {
            return Err(self.absent(generator, &names.join(", ")));
        }
        let notes = missing.into_iter().map(|name| Note::Absent {
            what: generator.entry(),
            name: name.clone(),
        });
        self.notes.extend(notes.collect::<Vec<_>>());
        self.retain(generator.field(), |item| {
            let is_named = names.iter().any(|name| text(item, "name") == name);
            !is_named || !same_namespace(text(item, "namespace"), namespace)
        })
    }

    /// Returns a kustomization with nothing but this entry, as a build can check it: whether its files are
    /// there and its keys are keys.
    #[must_use]
    pub fn with_only(&self, generator: Generator, name: &str, namespace: &str) -> Option<String> {
        let at = self.find(generator, name, namespace)?;
        let mut entry = self.items(generator.field())[at].clone();
        // There is nothing to merge with or to replace.
        remove(entry.make_mapping(), "behavior");
        let root = Node::mapping([(generator.field(), Node::sequence([entry]))]);
        windlass_yaml::rewrite("", &root).ok()
    }

    fn find(&self, generator: Generator, name: &str, namespace: &str) -> Option<usize> {
        self.items(generator.field()).iter().position(|item| {
            text(item, "name") == name && same_namespace(text(item, "namespace"), namespace)
        })
    }

    fn absent(&self, generator: Generator, name: &str) -> FileError {
        let items = self.items(generator.field()).iter();
        FileError::Absent {
            file: self.name.clone(),
            what: generator.entry(),
            name: name.to_owned(),
            known: items.map(|item| text(item, "name").to_owned()).collect(),
        }
    }
}

/// Returns an entry with its keys in the order in which kustomize prints them.
fn new_entry(generator: Generator, name: &str, namespace: &str, new: &NewSources) -> Node {
    let secret_type = match generator {
        Generator::ConfigMap => "",
        Generator::Secret => &new.secret_type,
    };
    texts([
        ("name", name),
        ("namespace", namespace),
        ("type", secret_type),
    ])
}

/// Moves the old `env` to `envs`.
pub(super) fn move_env(entry: &mut Mapping) {
    let Some(env) = entry.get("env").and_then(Node::text).map(str::to_owned) else {
        return;
    };
    remove(entry, "env");
    extend(entry, "envs", &[env]);
}

fn extend(entry: &mut Mapping, field: &str, items: &[String]) {
    if !items.is_empty() {
        let new = items.iter().map(|item| Node::string(&**item));
        list(entry, field).extend(new);
    }
}

fn set_literals(items: &mut [Node], literals: &[String], file: &str) -> Result<(), FileError> {
    for item in items.iter() {
        split_literal(item.text().unwrap_or_default(), file)?;
    }
    for literal in literals {
        let (key, _) = split_literal(literal, file)?;
        let is_it = |item: &&mut Node| {
            let text = item.text().unwrap_or_default();
            text.split_once('=').is_some_and(|(other, _)| other == key)
        };
        let keys = items.iter().filter_map(Node::text);
        let keys = keys.filter_map(|text| text.split_once('='));
        let known = keys.map(|(key, _)| key.to_owned()).collect();
        let mut found = items.iter_mut().filter(is_it).peekable();
        if found.peek().is_none() {
            return Err(FileError::Absent {
                file: file.to_owned(),
                what: "key",
                name: key.to_owned(),
                known,
            });
        }
        found.for_each(|item| item.set_string(&**literal));
    }
    Ok(())
}

fn split_literal<'l>(literal: &'l str, file: &str) -> Result<(&'l str, &'l str), FileError> {
    let (key, value) = literal.split_once('=').unwrap_or((literal, "="));
    if value.contains('=') {
        let (file, key) = (file.to_owned(), key.to_owned());
        return Err(FileError::Literal { file, key });
    }
    Ok((key, value))
}

/// Returns whether two namespaces are the same; none is `default`.
fn same_namespace(a: &str, b: &str) -> bool {
    let a = if a.is_empty() { "default" } else { a };
    let b = if b.is_empty() { "default" } else { b };
    a == b
}
