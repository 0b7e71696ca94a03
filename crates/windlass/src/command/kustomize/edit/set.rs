//! `kustomize edit set`.

use clap::{Args, Subcommand};
use windlass_kustomize::{
    Generator, NewImage, NewReplica, Pair, PairField, TextField, build_metadata,
};

use super::{Words, check, file, refuse_words};
use crate::failure::{Done, Failure};

/// Sets the value of a field
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Set {
    #[command(subcommand)]
    field: Field,
}

#[derive(Debug, Subcommand)]
enum Field {
    /// Sets images and their new names, tags or digests; * keeps what is there
    Image {
        /// NAME=NEWNAME, NAME:TAG, NAME@DIGEST, or NAME=NEWNAME:TAG@DIGEST
        #[arg(required = true, value_name = "IMAGE")]
        images: Vec<NewImage>,
    },
    /// Sets the namespace
    Namespace {
        /// The namespace; an empty one removes the field
        namespace: String,
    },
    /// Sets namePrefix
    Nameprefix {
        /// The prefix; one that begins with a dash stands behind --
        prefix: String,
    },
    /// Sets nameSuffix
    Namesuffix {
        /// The suffix; one that begins with a dash stands behind --
        suffix: String,
    },
    /// Sets counts of replicas
    Replicas {
        /// NAME=COUNT
        #[arg(required = true, value_name = "REPLICA")]
        replicas: Vec<NewReplica>,
    },
    /// Sets commonLabels
    Label {
        /// KEY:VALUE
        #[arg(required = true, value_name = "LABEL")]
        labels: Vec<Pair>,
    },
    /// Sets commonAnnotations
    Annotation {
        /// KEY:VALUE
        #[arg(required = true, value_name = "ANNOTATION")]
        annotations: Vec<Pair>,
    },
    /// Sets the options of buildMetadata, instead of those that are there
    Buildmetadata(BuildMetadata),
    /// Changes values of a configMapGenerator entry, or its namespace
    Configmap(Sources),
    /// Changes values of a secretGenerator entry, or its namespace
    Secret(Sources),
}

/// Options of a build, for `set`, `add` and `remove`.
#[derive(Debug, Args)]
pub(super) struct BuildMetadata {
    /// originAnnotations, transformerAnnotations, managedByLabel; separated by commas
    options: Words,
}

impl BuildMetadata {
    /// Returns the options, which are known ones.
    pub(super) fn options(self) -> Result<Vec<String>, Failure> {
        let options = self.options.0.iter().map(|word| build_metadata(word));
        let options: Result<_, _> = options.collect();
        options.map_err(|error| Failure::usage(error.to_string()))
    }
}

#[derive(Args)]
struct Sources {
    /// The name of the entry
    name: String,
    /// A key that is there, and its new value, as KEY=VALUE
    #[arg(
        long,
        value_name = "LITERAL",
        allow_hyphen_values = true,
        required_unless_present = "new_namespace"
    )]
    from_literal: Vec<String>,
    /// The namespace of the entry; none is the same as default
    #[arg(long, default_value = "", hide_default_value = true)]
    namespace: String,
    /// The namespace that it is to have
    #[arg(long, default_value = "", hide_default_value = true)]
    new_namespace: String,
}

impl Set {
    pub(super) fn run(self) -> Result<Done, Failure> {
        match self.field {
            Field::Image { images } => file::edit(|file| file.set_images(&images))?,
            Field::Namespace { namespace } => set_text(TextField::Namespace, &namespace)?,
            Field::Nameprefix { prefix } => set_text(TextField::NamePrefix, &prefix)?,
            Field::Namesuffix { suffix } => set_text(TextField::NameSuffix, &suffix)?,
            Field::Replicas { replicas } => file::edit(|file| file.set_replicas(&replicas))?,
            Field::Label { labels } => {
                refuse_words(&labels)?;
                file::edit(|file| file.set_pairs(PairField::Labels, &labels))?;
            }
            Field::Annotation { annotations } => {
                refuse_words(&annotations)?;
                refuse_keys(&annotations)?;
                file::edit(|file| file.set_pairs(PairField::Annotations, &annotations))?;
            }
            Field::Buildmetadata(metadata) => {
                let options = metadata.options()?;
                file::edit(|file| file.set_build_metadata(&options))?;
            }
            Field::Configmap(sources) => sources.set(Generator::ConfigMap)?,
            Field::Secret(sources) => sources.set(Generator::Secret)?,
        }
        Ok(Done::Well)
    }
}

fn set_text(field: TextField, value: &str) -> Result<(), Failure> {
    file::edit(|file| file.set_text(field, value))
}

fn refuse_keys(annotations: &[Pair]) -> Result<(), Failure> {
    match annotations.iter().find(|pair| !pair.has_annotation_key()) {
        None => Ok(()),
        Some(pair) => Err(Failure::usage(format!(
            "{:?} cannot be the key of an annotation: it has letters, digits, dashes, dots and underscores, \
             and may have a domain and a slash before it",
            pair.key
        ))),
    }
}

impl Sources {
    fn set(self, generator: Generator) -> Result<(), Failure> {
        let namespace = if self.new_namespace.is_empty() {
            &self.namespace
        } else {
            &self.new_namespace
        };
        let entry = check::Entry {
            generator,
            name: &self.name,
            namespace,
        };
        check::edit(&entry, |file| {
            let literals = &self.from_literal;
            let new_namespace = &self.new_namespace;
            file.set_sources(
                generator,
                &self.name,
                &self.namespace,
                literals,
                new_namespace,
            )
        })
    }
}

impl std::fmt::Debug for Sources {
    /// Shows no literals: they may be the values of a Secret.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Sources")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_debug_form_of_sources_has_no_literals() {
        let sources = Sources {
            name: "s".to_owned(),
            from_literal: vec!["password=canary".to_owned()],
            namespace: String::new(),
            new_namespace: String::new(),
        };
        assert_eq!(format!("{sources:?}"), r#"Sources { name: "s", .. }"#);
    }
}
