//! Where the transformers write: the built-in fields and those of `configurations` and `crds`.

mod crds;
mod defaults;
mod file;

use std::collections::HashMap;
use std::sync::Arc;

use windlass_object::Gvk;

use crate::error::Problem;
use crate::fieldspec::{self, FieldSpec};
use crate::id::GvkSelector;

pub(crate) use crds::from_crds;
pub(crate) use defaults::{built_in, none};
pub(crate) use file::from_file;

/// A kind that is referred to by name, and the fields that do so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NameReference {
    pub(crate) target: GvkSelector,
    pub(crate) referrers: Vec<FieldSpec>,
}

/// Fields that a transformer changes. They are shared, since each kustomization has its own transformers.
pub(crate) type Fields = Arc<Vec<FieldSpec>>;

/// The fields that each transformer changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) name_prefix: Fields,
    pub(crate) name_suffix: Fields,
    pub(crate) namespace: Fields,
    pub(crate) common_labels: Fields,
    pub(crate) labels: Fields,
    pub(crate) template_labels: Fields,
    pub(crate) common_annotations: Fields,
    pub(crate) var_reference: Fields,
    pub(crate) images: Fields,
    pub(crate) replicas: Fields,
    pub(crate) name_reference: Vec<NameReference>,
}

impl Config {
    /// Returns both together. The same config twice, which is what nearly every base brings, costs
    /// nothing.
    pub(crate) fn merge(this: &Arc<Self>, other: &Arc<Self>) -> Result<Arc<Self>, Problem> {
        if Arc::ptr_eq(this, other) || *other == none() {
            return Ok(Arc::clone(this));
        }
        // A spec of all kinds goes away behind one of a single kind, so even a merge into nothing changes
        // a config; but not the built-in one.
        if *this == none() && Arc::ptr_eq(other, &built_in()) {
            return Ok(Arc::clone(other));
        }
        let mut merged = Self::clone(this);
        merged.add(other)?;
        merged.sort();
        Ok(Arc::new(merged))
    }

    fn add(&mut self, other: &Self) -> Result<(), Problem> {
        for (mine, theirs) in self.lists_mut().into_iter().zip(other.lists()) {
            fieldspec::merge_all(mine, theirs)?;
        }
        self.add_references(&other.name_reference)
    }

    /// Adds fields that refer to kinds.
    fn add_references(&mut self, references: &[NameReference]) -> Result<(), Problem> {
        let all = self.name_reference.iter().enumerate();
        let mut places: HashMap<GvkSelector, usize> = all
            .rev()
            .map(|(index, there)| (there.target.clone(), index))
            .collect();
        for reference in references {
            if let Some(index) = places.get(&reference.target) {
                let there = &mut self.name_reference[*index];
                fieldspec::merge_all(&mut there.referrers, &reference.referrers)?;
            } else {
                places.insert(reference.target.clone(), self.name_reference.len());
                self.name_reference.push(reference.clone());
            }
        }
        Ok(())
    }

    fn lists(&self) -> [&[FieldSpec]; 10] {
        [
            &self.name_prefix,
            &self.name_suffix,
            &self.namespace,
            &self.common_labels,
            &self.labels,
            &self.template_labels,
            &self.common_annotations,
            &self.var_reference,
            &self.images,
            &self.replicas,
        ]
    }

    fn lists_mut(&mut self) -> [&mut Vec<FieldSpec>; 10] {
        [
            Arc::make_mut(&mut self.name_prefix),
            Arc::make_mut(&mut self.name_suffix),
            Arc::make_mut(&mut self.namespace),
            Arc::make_mut(&mut self.common_labels),
            Arc::make_mut(&mut self.labels),
            Arc::make_mut(&mut self.template_labels),
            Arc::make_mut(&mut self.common_annotations),
            Arc::make_mut(&mut self.var_reference),
            Arc::make_mut(&mut self.images),
            Arc::make_mut(&mut self.replicas),
        ]
    }

    /// Sorts by kind, as kustomize does before it uses a config.
    fn sort(&mut self) {
        for list in self.lists_mut() {
            list.sort_by_cached_key(|spec| sort_key(&spec.gvk));
        }
        self.name_reference
            .sort_by_cached_key(|reference| sort_key(&reference.target));
    }

    /// Returns the list that a section of a configuration file or of the table fills.
    fn section_mut(&mut self, name: &str) -> Option<&mut Vec<FieldSpec>> {
        let index = SECTIONS
            .iter()
            .position(|section| section.eq_ignore_ascii_case(name))?;
        self.lists_mut().into_iter().nth(index)
    }
}

/// The sections in the order of [`Config::lists`].
const SECTIONS: [&str; 10] = [
    "namePrefix",
    "nameSuffix",
    "namespace",
    "commonLabels",
    "labels",
    "templateLabels",
    "commonAnnotations",
    "varReference",
    "images",
    "replicas",
];

fn sort_key(gvk: &GvkSelector) -> (i32, String) {
    let gvk = Gvk {
        group: gvk.group.as_str().into(),
        version: gvk.version.as_str().into(),
        kind: gvk.kind.as_str().into(),
    };
    (crate::order::rank(&gvk.kind), crate::order::gvk_text(&gvk))
}
