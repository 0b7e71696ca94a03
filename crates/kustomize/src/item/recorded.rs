//! What kustomize records in annotations while it builds. An object that was written out in the middle of
//! a build still has them, and then they count.

use windlass_yaml::{Mapping, Node};

use super::{Behavior, Item, Previous};
use crate::edit;
use crate::origin::{self, ORIGIN, TRANSFORMATIONS};

const DOMAIN: &str = "internal.config.kubernetes.io/";

/// Takes over what the annotations of an object say.
pub(super) fn adopt(item: &mut Item) {
    let annotations = item.node.at(&["metadata", "annotations"]);
    let Some(annotations) = annotations.and_then(Node::as_mapping) else {
        return;
    };
    if !annotations.keys().any(|key| key.starts_with(DOMAIN)) {
        return;
    }
    let list = |name| list(annotations, name);
    let (names, namespaces, kinds) = (
        list("previousNames"),
        list("previousNamespaces"),
        list("previousKinds"),
    );
    let previous: Vec<Previous> = names
        .into_iter()
        .zip(namespaces)
        .zip(kinds)
        .map(|((name, namespace), kind)| Previous {
            kind,
            name,
            namespace,
        })
        .collect();
    let (prefixes, suffixes) = (list("prefixes"), list("suffixes"));
    let behavior = list("generatorBehavior")
        .first()
        .map(|word| Behavior::from_word(word));
    let needs_hash = list("needsHashSuffix") == ["enabled"];
    item.previous = previous;
    (item.prefixes, item.suffixes) = (prefixes, suffixes);
    item.is_generated = behavior.is_some();
    item.behavior = behavior.unwrap_or_default();
    item.needs_hash = needs_hash;
}

impl Item {
    /// Lets `change` work on the object with its records among the annotations, where kustomize has them,
    /// and takes over what is left of them. For changes of all annotations at once: what replaces or
    /// copies them, replaces or copies the records too.
    pub(crate) fn with_records<T>(&mut self, change: impl FnOnce(&mut Self) -> T) -> T {
        let records = self.records();
        if records.is_empty() {
            return change(self);
        }
        let mut annotations = edit::metadata_map(&self.node, "annotations");
        annotations.retain(|(key, _)| records.iter().all(|(record, _)| record != key));
        annotations.extend(records.iter().cloned());
        edit::set_metadata_map(&mut self.node, "annotations", annotations);
        let result = change(self);
        self.take_back(&records);
        result
    }

    /// The same for a change after which kustomize puts back what it needs itself: only what `buildMetadata`
    /// asks for can get lost.
    pub(crate) fn with_lasting_records<T>(&mut self, change: impl FnOnce(&mut Self) -> T) -> T {
        let before = Self {
            node: Node::null(),
            ..self.clone()
        };
        let result = self.with_records(change);
        self.previous = before.previous;
        (self.prefixes, self.suffixes) = (before.prefixes, before.suffixes);
        (self.behavior, self.is_generated) = (before.behavior, before.is_generated);
        self.needs_hash = before.needs_hash;
        result
    }

    /// Returns the object as kustomize has it: with its records among the annotations.
    pub(crate) fn node_with_records(&self) -> Node {
        let mut copy = self.clone();
        copy.with_records(|item| item.node.clone())
    }

    /// Returns whether kustomize remembers the same of both objects.
    pub(crate) fn has_records_of(&self, other: &Self) -> bool {
        self.records() == other.records()
    }

    fn records(&self) -> Vec<(String, String)> {
        let mut records = Vec::new();
        let mut push = |name: &str, texts: Vec<&str>| {
            if !texts.is_empty() {
                records.push((format!("{DOMAIN}{name}"), texts.join(",")));
            }
        };
        let previous = |field: fn(&Previous) -> &str| self.previous.iter().map(field).collect();
        push("previousNames", previous(|it| &it.name));
        push("previousNamespaces", previous(|it| &it.namespace));
        push("previousKinds", previous(|it| &it.kind));
        push(
            "prefixes",
            self.prefixes.iter().map(String::as_str).collect(),
        );
        push(
            "suffixes",
            self.suffixes.iter().map(String::as_str).collect(),
        );
        if self.is_generated {
            push("generatorBehavior", vec![self.behavior.word()]);
        }
        if self.needs_hash {
            push("needsHashSuffix", vec!["enabled"]);
        }
        if let Some(note) = &self.origin {
            records.push((ORIGIN.to_owned(), origin::origin_text(note)));
        }
        if !self.transformations.is_empty() {
            let text = origin::transformations_text(&self.transformations);
            records.push((TRANSFORMATIONS.to_owned(), text));
        }
        records
    }

    /// Takes the records out of the annotations again, and forgets those that are gone.
    fn take_back(&mut self, records: &[(String, String)]) {
        let mut annotations = edit::metadata_map(&self.node, "annotations");
        let has = |key: &str| annotations.iter().any(|(there, _)| there == key);
        if !has(ORIGIN) {
            self.origin = None;
        }
        if !has(TRANSFORMATIONS) {
            self.transformations.clear();
        }
        forget(self);
        adopt(self);
        let before = annotations.len();
        annotations.retain(|(key, _)| records.iter().all(|(record, _)| record != key));
        if annotations.len() < before {
            edit::set_metadata_map(&mut self.node, "annotations", annotations);
        }
    }
}

fn forget(item: &mut Item) {
    item.previous.clear();
    item.prefixes.clear();
    item.suffixes.clear();
    item.behavior = Behavior::default();
    (item.is_generated, item.needs_hash) = (false, false);
}

fn list(annotations: &Mapping, name: &str) -> Vec<String> {
    let text = annotations.get(&format!("{DOMAIN}{name}")).map(edit::text);
    text.into_iter()
        .flat_map(|text| text.split(','))
        .map(str::to_owned)
        .collect()
}
