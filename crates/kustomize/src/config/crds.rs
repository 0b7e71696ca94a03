//! Fields of custom resources that hold names, labels or annotations, from the OpenAPI definitions that
//! `crds` lists.

use std::sync::Arc;

use windlass_yaml::{Mapping, Node};

use super::{Config, NameReference};
use crate::edit;
use crate::error::{LoadProblem, Problem, Refusal};
use crate::fieldspec::{self, FieldSpec};
use crate::id::GvkSelector;

/// Definitions that refer to each other are followed no deeper than this.
const MAX_DEPTH: usize = 32;

/// The most properties of one file, those of a definition counted wherever something refers to it.
const MAX_PROPERTIES: usize = 100_000;

/// Reads the definitions of one file, which is listed as `path`.
pub(crate) fn from_crds(path: &str, document: &Node) -> Result<Config, Problem> {
    let Some(definitions) = document.as_mapping() else {
        return Ok(Config::default());
    };
    let is_definition = |(_, value): &(&Node, &Node)| value.is_mapping() || value.is_null();
    if let Some((key, _)) = definitions.iter().find(|entry| !is_definition(entry)) {
        let (path, key) = (path.to_owned(), edit::text(key).to_owned());
        return Err(LoadProblem::NotDefinitions { path, key }.into());
    }
    let mut names: Vec<&str> = definitions.keys().collect();
    names.sort_unstable();
    let mut found = Found::default();
    for name in names {
        let is_kind = properties(definitions, name).is_some_and(|properties| {
            ["kind", "apiVersion", "metadata"]
                .iter()
                .all(|field| properties.contains_key(field))
        });
        if is_kind {
            let kind = name.rsplit('.').next().unwrap_or_default();
            let reader = Reader { definitions, kind };
            reader.read(&mut found, &mut Trail::default(), name)?;
        }
    }
    found.into_config()
}

/// The fields that were found so far.
#[derive(Default)]
struct Found {
    annotations: Vec<FieldSpec>,
    labels: Vec<FieldSpec>,
    names: Vec<FieldSpec>,
    references: Vec<NameReference>,
    /// How many properties were looked at.
    properties: usize,
}

impl Found {
    fn into_config(self) -> Result<Config, Problem> {
        let mut config = Config::default();
        for (list, specs) in [
            (&mut config.common_annotations, &self.annotations),
            (&mut config.common_labels, &self.labels),
            (&mut config.name_prefix, &self.names),
        ] {
            fieldspec::merge_all(Arc::make_mut(list), specs)?;
        }
        config.add_references(&self.references)?;
        Ok(config)
    }

    fn count(&mut self) -> Result<(), Problem> {
        self.properties += 1;
        if self.properties > MAX_PROPERTIES {
            let limit = MAX_PROPERTIES;
            return Err(Refusal::Definitions { limit }.into());
        }
        Ok(())
    }
}

/// The way to a property.
#[derive(Default)]
struct Trail<'d> {
    fields: Vec<&'d str>,
    /// The definitions that it leads through.
    definitions: Vec<&'d str>,
}

/// Returns the properties of a definition, which stand in its `Schema`.
fn properties<'d>(definitions: &'d Mapping, name: &str) -> Option<&'d Mapping> {
    definitions
        .get(name)?
        .at(&["Schema", "properties"])?
        .as_mapping()
}

/// Returns whether an extension says something. kustomize only listens to a text, such as `""`, and not to `true`.
fn is_marked(property: &Node, extension: &str) -> bool {
    property.get(extension).is_some_and(Node::is_string)
}

struct Reader<'d> {
    definitions: &'d Mapping,
    kind: &'d str,
}

impl<'d> Reader<'d> {
    /// Reads a definition, unless that is within itself: kustomize 5.8.1 would not return from there.
    fn read(&self, found: &mut Found, trail: &mut Trail<'d>, name: &'d str) -> Result<(), Problem> {
        let is_within = trail.definitions.contains(&name) || trail.definitions.len() >= MAX_DEPTH;
        let Some(properties) = properties(self.definitions, name).filter(|_| !is_within) else {
            return Ok(());
        };
        trail.definitions.push(name);
        for (key, property) in properties.iter() {
            found.count()?;
            trail.fields.push(key.text().unwrap_or_default());
            self.property(found, property, &trail.fields);
            if let Some(reference) = property.get_text("$ref") {
                self.read(found, trail, reference)?;
            }
            trail.fields.pop();
        }
        trail.definitions.pop();
        Ok(())
    }

    fn property(&self, found: &mut Found, property: &Node, path: &[&str]) {
        for (extension, list) in [
            ("x-kubernetes-annotation", &mut found.annotations),
            ("x-kubernetes-label-selector", &mut found.labels),
            ("x-kubernetes-identity", &mut found.names),
        ] {
            list.extend(is_marked(property, extension).then(|| self.spec(path)));
        }
        let version = property.get_text("x-kubernetes-object-ref-api-version");
        let kind = property.get_text("x-kubernetes-object-ref-kind");
        let (Some(version), Some(kind)) = (version, kind) else {
            return;
        };
        let name_key = property.get_text("x-kubernetes-object-ref-name-key");
        found.references.push(NameReference {
            target: GvkSelector {
                group: String::new(),
                version: version.to_owned(),
                kind: kind.to_owned(),
            },
            referrers: vec![self.spec(&[path, &[name_key.unwrap_or("name")]].concat())],
        });
    }

    fn spec(&self, path: &[&str]) -> FieldSpec {
        FieldSpec {
            gvk: GvkSelector {
                kind: self.kind.to_owned(),
                ..GvkSelector::default()
            },
            path: path.join("/"),
            create: false,
        }
    }
}
