//! `edit fix`: the old fields become the new ones.

use windlass_yaml::{Entry, Mapping, Node, Value};

use super::fields::{get, list, set_key};
use super::generators::move_env;
use super::patches::block_text;
use super::{FileError, KustomizationFile};

impl KustomizationFile {
    /// Does what `edit fix` does: `bases` to `resources`, `imageTags` to `images`, `env` to `envs`,
    /// `patchesJson6902` and `patchesStrategicMerge` to `patches`, `commonLabels` to `labels`, and `apiVersion` and
    /// `kind` added, at the top. A strategic merge patch is a path when `is_file` says that there is such a file.
    ///
    /// `helmChartInflationGenerator` becomes `helmCharts` and `helmGlobals`; a field of it that has no new name becomes a
    /// note. An old field without a new one keeps its place.
    ///
    /// # Errors
    ///
    /// A label is in `commonLabels` and in `labels`.
    pub fn fix(&mut self, is_file: impl Fn(&str) -> bool) -> Result<(), FileError> {
        self.add_type();
        self.rename("bases", "resources")?;
        self.rename("imageTags", "images")?;
        for field in ["configMapGenerator", "secretGenerator"] {
            self.fix_envs(field)?;
        }
        self.rename("patchesJson6902", "patches")?;
        self.fix_strategic_patches(is_file)?;
        self.fix_helm()?;
        self.fix_labels()
    }

    fn add_type(&mut self) {
        let is_there = |field: &str| self.field(field).is_some_and(|value| !value.is_null());
        let has_version = is_there("apiVersion");
        let has_kind = is_there("kind");
        let is_component = self.field("kind").and_then(Node::text) == Some("Component");
        let version = if is_component { "v1alpha1" } else { "v1beta1" };
        let fields = [
            (
                has_version,
                "apiVersion",
                format!("kustomize.config.k8s.io/{version}"),
            ),
            (has_kind, "kind", "Kustomization".to_owned()),
        ];
        for (index, (is_there, field, value)) in fields.into_iter().enumerate() {
            if !is_there {
                self.remove(field);
                let (key, value) = (Node::string(field), Node::string(value));
                let entries = self.fields_mut().entries_mut();
                entries.insert(index.min(entries.len()), Entry { key, value });
            }
        }
    }

    fn fix_envs(&mut self, field: &str) -> Result<(), FileError> {
        let has_env = |item: &Node| {
            let entry = item.as_mapping();
            entry.is_some_and(|entry| get(entry, "env").is_some())
        };
        if !self.items(field).iter().any(has_env) {
            return Ok(());
        }
        for item in self.items_mut(field)? {
            if let Value::Mapping(entry) = &mut item.value {
                move_env(entry);
            }
        }
        Ok(())
    }

    fn fix_strategic_patches(&mut self, is_file: impl Fn(&str) -> bool) -> Result<(), FileError> {
        const OLD: &str = "patchesStrategicMerge";
        if self.field(OLD).is_none() {
            return Ok(());
        }
        for item in self.items_mut(OLD)? {
            let text = item.text().unwrap_or_default();
            *item = if is_file(text) {
                Node::mapping([("path", Node::string(text))])
            } else {
                Node::mapping([("patch", block_text(text))])
            };
        }
        self.rename(OLD, "patches")
    }

    fn fix_labels(&mut self) -> Result<(), FileError> {
        const OLD: &str = "commonLabels";
        let Some(common) = self.field(OLD) else {
            return Ok(());
        };
        let pairs = common.as_mapping().cloned().unwrap_or_default();
        if pairs.is_empty() {
            self.remove(OLD);
            return Ok(());
        }
        self.own(OLD)?;
        self.own("labels")?;
        self.refuse_label_twice(&pairs)?;
        let entry = Node::mapping([
            ("includeSelectors", Node::bool(true)),
            ("pairs", Node::new(Value::Mapping(pairs))),
        ]);
        if self.items("labels").is_empty() {
            self.remove("labels");
            set_key(self.fields_mut(), OLD, "labels");
            if let Some(value) = self.fields_mut().get_mut("labels") {
                *value = Node::sequence([entry]);
            }
        } else {
            self.remove(OLD);
            list(self.fields_mut(), "labels").push(entry);
        }
        Ok(())
    }

    fn refuse_label_twice(&self, common: &Mapping) -> Result<(), FileError> {
        let entries = self.items("labels").iter();
        let pairs = entries.filter_map(|entry| get(entry.as_mapping()?, "pairs")?.as_mapping());
        let mut names = pairs.flat_map(Mapping::keys);
        match names.find(|name| common.contains_key(name)) {
            None => Ok(()),
            Some(name) => Err(FileError::LabelTwice {
                file: self.name.clone(),
                name: name.to_owned(),
            }),
        }
    }
}
