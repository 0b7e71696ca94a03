//! `kustomize edit remove`.

use clap::{Args, Subcommand};
use windlass_kustomize::{Generator, PairField, PathField};

use super::add::Patch;
use super::set::BuildMetadata;
use super::{Words, file};
use crate::failure::{Done, Failure};

/// Removes items
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Remove {
    #[command(subcommand)]
    item: Item,
}

#[derive(Debug, Subcommand)]
enum Item {
    /// Removes resources
    Resource(Paths),
    /// Removes components (kustomize has no such command)
    Component(Paths),
    /// Removes transformers
    Transformer(Paths),
    /// Removes the item of patches that has exactly these fields
    Patch(Box<Patch>),
    /// Removes configMapGenerator entries
    Configmap(Names),
    /// Removes secretGenerator entries
    Secret(Names),
    /// Removes commonLabels
    Label(Keys),
    /// Removes commonAnnotations
    Annotation(Keys),
    /// Removes options of buildMetadata
    Buildmetadata(BuildMetadata),
}

#[derive(Debug, Args)]
struct Paths {
    /// A path as it stands in the file, or a pattern
    #[arg(required = true, value_name = "PATH")]
    patterns: Vec<String>,
}

#[derive(Debug, Args)]
struct Names {
    /// Names, separated by commas
    #[arg(value_name = "NAMES")]
    names: Words,
    /// The namespace of the entries; none is the same as default
    #[arg(long, default_value = "", hide_default_value = true)]
    namespace: String,
}

#[derive(Debug, Args)]
struct Keys {
    /// Keys, separated by commas
    #[arg(value_name = "KEYS")]
    keys: Words,
    /// Say nothing about keys that are not there
    #[arg(long, short)]
    ignore_non_existence: bool,
}

impl Remove {
    pub(super) fn run(self) -> Result<Done, Failure> {
        match self.item {
            Item::Resource(paths) => paths.remove(PathField::Resources)?,
            Item::Component(paths) => paths.remove(PathField::Components)?,
            Item::Transformer(paths) => paths.remove(PathField::Transformers)?,
            Item::Patch(patch) => file::edit(|file| file.remove_patch(&patch.entry()))?,
            Item::Configmap(names) => names.remove(Generator::ConfigMap)?,
            Item::Secret(names) => names.remove(Generator::Secret)?,
            Item::Label(keys) => keys.remove(PairField::Labels)?,
            Item::Annotation(keys) => keys.remove(PairField::Annotations)?,
            Item::Buildmetadata(metadata) => {
                let options = metadata.options()?;
                file::edit(|file| file.remove_build_metadata(&options))?;
            }
        }
        Ok(Done::Well)
    }
}

impl Paths {
    fn remove(self, field: PathField) -> Result<(), Failure> {
        file::edit(|file| file.remove_paths(field, &self.patterns))
    }
}

impl Names {
    fn remove(self, generator: Generator) -> Result<(), Failure> {
        file::edit(|file| file.remove_generators(generator, &self.names.0, &self.namespace))
    }
}

impl Keys {
    fn remove(self, field: PairField) -> Result<(), Failure> {
        if self.keys.0.iter().any(String::is_empty) {
            return Err(Failure::usage("one of the keys is empty"));
        }
        file::edit(|file| file.remove_pairs(field, &self.keys.0, self.ignore_non_existence))
    }
}
