//! Labels and annotations.

use windlass_yaml::{Mapping, Node};

use super::fields::{get, pairs, set_text};
use super::{FileError, KustomizationFile, Pair, PairField};

/// Where a label goes beside the metadata of every object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelReach {
    /// To `commonLabels`: selectors and templates.
    Selectors,
    /// To `labels`: nowhere else.
    Metadata,
    /// To `labels` with `includeTemplates`: templates of pods.
    Templates,
}

impl PairField {
    fn name(self) -> &'static str {
        match self {
            Self::Labels => "commonLabels",
            Self::Annotations => "commonAnnotations",
        }
    }

    fn entry(self) -> &'static str {
        match self {
            Self::Labels => "label",
            Self::Annotations => "annotation",
        }
    }
}

impl KustomizationFile {
    /// Sets labels or annotations (`edit set label`, `annotation`).
    pub fn set_pairs(&mut self, field: PairField, new: &[Pair]) -> Result<(), FileError> {
        self.own(field.name())?;
        self.ensure(field.name(), Node::mapping::<&str>([]));
        let mapping = pairs(self.fields_mut(), field.name());
        for pair in new {
            set_text(mapping, &pair.key, &pair.value);
        }
        Ok(())
    }

    /// Adds labels or annotations (`edit add label`, `annotation`).
    ///
    /// # Errors
    ///
    /// One of them is there already, whatever its value.
    pub fn add_pairs(&mut self, field: PairField, new: &[Pair]) -> Result<(), FileError> {
        self.own(field.name())?;
        let there = self.field(field.name()).and_then(Node::as_mapping);
        self.refuse_present(there, field.entry(), new)?;
        self.set_pairs(field, new)
    }

    /// Adds labels to the first entry of `labels` with this reach, or a new one (`edit add label
    /// --without-selector`). Those that are there are overwritten when `overwrite` says so.
    pub fn add_labels(
        &mut self,
        reach: LabelReach,
        new: &[Pair],
        overwrite: bool,
    ) -> Result<(), FileError> {
        if reach == LabelReach::Selectors {
            return if overwrite {
                self.set_pairs(PairField::Labels, new)
            } else {
                self.add_pairs(PairField::Labels, new)
            };
        }
        self.own("labels")?;
        let at = self.items("labels").iter().position(|it| reach.is_of(it));
        if !overwrite {
            let there = at.and_then(|at| self.items("labels")[at].get("pairs"));
            self.refuse_present(there.and_then(Node::as_mapping), "label", new)?;
        }
        let items = self.items_mut("labels")?;
        let at = at.unwrap_or_else(|| {
            items.push(reach.entry());
            items.len() - 1
        });
        let mapping = pairs(items[at].make_mapping(), "pairs");
        for pair in new {
            set_text(mapping, &pair.key, &pair.value);
        }
        Ok(())
    }

    /// Removes labels or annotations (`edit remove label`, `annotation`).
    ///
    /// # Errors
    ///
    /// One of them is not there, unless `ignore_missing`.
    pub fn remove_pairs(
        &mut self,
        field: PairField,
        keys: &[String],
        ignore_missing: bool,
    ) -> Result<(), FileError> {
        self.own(field.name())?;
        let there = self.field(field.name()).and_then(Node::as_mapping);
        for key in keys {
            if !ignore_missing && !there.is_some_and(|there| there.contains_key(key)) {
                return Err(FileError::Absent {
                    file: self.name.clone(),
                    what: field.entry(),
                    name: key.clone(),
                    known: there
                        .into_iter()
                        .flat_map(Mapping::keys)
                        .map(str::to_owned)
                        .collect(),
                });
            }
        }
        if there.is_none() {
            return Ok(());
        }
        let mapping = pairs(self.fields_mut(), field.name());
        mapping.retain(|key, _| !keys.iter().any(|removed| key.text() == Some(removed)));
        if mapping.is_empty() {
            self.remove(field.name());
        }
        Ok(())
    }

    fn refuse_present(
        &self,
        there: Option<&Mapping>,
        what: &'static str,
        new: &[Pair],
    ) -> Result<(), FileError> {
        let is_there = |pair: &&Pair| there.is_some_and(|there| there.contains_key(&pair.key));
        match new.iter().find(is_there) {
            Some(pair) => Err(self.present(what, &pair.key, ": add --force to overwrite it")),
            None => Ok(()),
        }
    }
}

impl LabelReach {
    fn is_of(self, entry: &Node) -> bool {
        let is_on = |field: &str| {
            let value = entry.as_mapping().and_then(|entry| get(entry, field));
            value.and_then(Node::as_bool).unwrap_or(false)
        };
        !is_on("includeSelectors") && is_on("includeTemplates") == (self == Self::Templates)
    }

    fn entry(self) -> Node {
        match self {
            Self::Templates => Node::mapping([("includeTemplates", Node::bool(true))]),
            _ => Node::mapping::<&str>([]),
        }
    }
}
