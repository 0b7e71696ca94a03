//! Fields of custom resources that hold names, labels or annotations, from the OpenAPI definitions that
//! `crds` lists.

use std::sync::Arc;

use windlass_yaml::{Mapping, Node};

use super::{Config, NameReference};
use crate::edit;
use crate::error::{LoadProblem, Problem};
use crate::fieldspec::{self, FieldSpec};
use crate::id::GvkSelector;

/// Definitions that refer to each other are followed no deeper than this.
const MAX_DEPTH: usize = 32;

/// Reads the definitions of one file, which is listed as `path`.
pub(crate) fn from_crds(path: &str, document: &Node) -> Result<Config, Problem> {
    let mut config = Config::default();
    let Some(definitions) = document.as_mapping() else {
        return Ok(config);
    };
    let is_definition = |(_, value): &(&Node, &Node)| value.is_mapping() || value.is_null();
    if let Some((key, _)) = definitions.iter().find(|entry| !is_definition(entry)) {
        let (path, key) = (path.to_owned(), edit::text(key).to_owned());
        return Err(LoadProblem::NotDefinitions { path, key }.into());
    }
    let mut names: Vec<&str> = definitions.keys().collect();
    names.sort_unstable();
    for name in names {
        let is_kind = properties(definitions, name).is_some_and(|properties| {
            ["kind", "apiVersion", "metadata"]
                .iter()
                .all(|field| properties.contains_key(field))
        });
        if is_kind {
            let kind = name.rsplit('.').next().unwrap_or_default();
            let reader = Reader { definitions, kind };
            reader.read(&mut config, name, &mut Vec::new())?;
        }
    }
    Ok(config)
}

/// Returns the properties of a definition, which stand in its `Schema`.
fn properties<'d>(definitions: &'d Mapping, name: &str) -> Option<&'d Mapping> {
    definitions
        .get(name)?
        .at(&["Schema", "properties"])?
        .as_mapping()
}

struct Reader<'d> {
    definitions: &'d Mapping,
    kind: &'d str,
}

impl Reader<'_> {
    fn read(&self, config: &mut Config, name: &str, path: &mut Vec<String>) -> Result<(), Problem> {
        let Some(properties) = properties(self.definitions, name) else {
            return Ok(());
        };
        for (key, property) in properties.iter() {
            path.push(key.text().unwrap_or_default().to_owned());
            self.property(config, property, path)?;
            let reference = property.get_text("$ref");
            if let Some(reference) = reference.filter(|_| path.len() < MAX_DEPTH) {
                self.read(config, reference, path)?;
            }
            path.pop();
        }
        Ok(())
    }

    fn property(
        &self,
        config: &mut Config,
        property: &Node,
        path: &[String],
    ) -> Result<(), Problem> {
        let spec = self.spec(path);
        if property.get("x-kubernetes-annotation").is_some() {
            fieldspec::merge_one(Arc::make_mut(&mut config.common_annotations), &spec)?;
        }
        if property.get("x-kubernetes-label-selector").is_some() {
            fieldspec::merge_one(Arc::make_mut(&mut config.common_labels), &spec)?;
        }
        if property.get("x-kubernetes-identity").is_some() {
            fieldspec::merge_one(Arc::make_mut(&mut config.name_prefix), &spec)?;
        }
        let version = property.get_text("x-kubernetes-object-ref-api-version");
        let kind = property.get_text("x-kubernetes-object-ref-kind");
        let (Some(version), Some(kind)) = (version, kind) else {
            return Ok(());
        };
        let name_key = property
            .get_text("x-kubernetes-object-ref-name-key")
            .unwrap_or("name");
        let mut path = path.to_vec();
        path.push(name_key.to_owned());
        config.add_reference(&NameReference {
            target: GvkSelector {
                group: String::new(),
                version: version.to_owned(),
                kind: kind.to_owned(),
            },
            referrers: vec![self.spec(&path)],
        })
    }

    fn spec(&self, path: &[String]) -> FieldSpec {
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
