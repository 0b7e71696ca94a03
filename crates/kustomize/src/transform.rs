//! The transformers: each changes all objects of a build.

mod affix;
mod entries;
mod hash;
mod images;
mod namespace;
mod patch;
mod replacement;
mod replicas;
mod sort;
mod value_add;

use crate::config::Fields;
use crate::error::{Place, Problem};
use crate::items::Items;
use crate::kustomization::{Image, Pairs, Replacement, Replica};
use crate::schema::Schemas;
use crate::work::Work;

pub(crate) use hash::add_hashes;
pub(crate) use namespace::SubjectMode;
pub(crate) use patch::{Body, JsonPatching, Patching, StrategicPatching};
pub(crate) use replacement::{lookup, smart_split};
pub(crate) use sort::sort;
pub(crate) use value_add::{ValueAdd, ValueTarget};

/// What a transformer says about its mistakes: where, if that is not the transformer's own place.
pub(crate) type Report<'r> = dyn FnMut(Option<&Place>, Problem) + 'r;

/// What a transformer works with besides the objects.
pub(crate) struct Tools<'t, 'r> {
    pub(crate) schemas: &'t Schemas,
    pub(crate) work: &'t mut Work,
    pub(crate) report: &'t mut Report<'r>,
}

/// A configured transformer.
#[derive(Clone)]
pub(crate) enum Transformer {
    StrategicPatches(StrategicPatching),
    Patch(Patching),
    JsonPatch(JsonPatching),
    Namespace {
        namespace: String,
        fields: Fields,
        unset_only: bool,
        subjects: SubjectMode,
    },
    Prefix {
        prefix: String,
        fields: Fields,
    },
    Suffix {
        suffix: String,
        fields: Fields,
    },
    /// Labels or annotations.
    Entries {
        pairs: Pairs,
        fields: Fields,
    },
    Replicas {
        replica: Replica,
        fields: Fields,
    },
    /// Each with its place.
    Images {
        images: Vec<(Place, Image)>,
        fields: Fields,
    },
    /// Each with its place.
    Replacements(Vec<(Place, Replacement)>),
    ValueAdd(ValueAdd),
    Hash,
}

impl Transformer {
    /// Returns whether there is nothing to change.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(self, Self::Entries { pairs, .. } if pairs.is_empty())
    }

    /// Returns as how many transformers kustomize counts this one.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Images { images, .. } => images.len(),
            _ => 1,
        }
    }

    /// Changes the objects, and reports what is wrong.
    pub(crate) fn run(&self, items: &mut Items, mut tools: Tools<'_, '_>) {
        let result = match self {
            Self::StrategicPatches(patching) => return patching.run(items, &mut tools),
            Self::Patch(patching) => return patching.run(items, &mut tools),
            Self::Replacements(replacements) => {
                return replacement::run(items, replacements, &mut tools);
            }
            Self::Images { images, fields } => {
                return images::run(items, images, fields, &mut tools);
            }
            Self::JsonPatch(patching) => patching.run(items, &mut tools),
            Self::Namespace {
                namespace,
                fields,
                unset_only,
                subjects,
            } => namespace::run(items, namespace, fields, *unset_only, *subjects),
            Self::Prefix { prefix, fields } => affix::add_prefix(items, prefix, fields),
            Self::Suffix { suffix, fields } => affix::add_suffix(items, suffix, fields),
            Self::Entries { pairs, fields } => entries::run(items, pairs, fields, tools.work),
            Self::Replicas { replica, fields } => replicas::run(items, replica, fields),
            Self::ValueAdd(value_add) => value_add.run(items),
            Self::Hash => {
                add_hashes(items);
                Ok(())
            }
        };
        if let Err(problem) = result {
            (tools.report)(None, problem);
        }
    }
}
