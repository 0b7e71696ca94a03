//! `kustomize edit add`.

use std::fs;

use clap::{Args, Subcommand, ValueEnum};
use windlass_kustomize::{
    Generator, LabelReach, NewPatch, NewSources, Pair, PairField, PatchTarget, PathField,
};

use super::set::BuildMetadata;
use super::{Words, check, file, glob, refuse_words};
use crate::failure::{Done, Failure};

/// Adds an item
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Add {
    #[command(subcommand)]
    item: Item,
}

#[derive(Debug, Subcommand)]
enum Item {
    /// Adds files, directories or addresses to resources
    Resource {
        /// A path, a pattern, or the address of a repository
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<String>,
        /// Do not look whether it is there
        #[arg(long)]
        no_verify: bool,
    },
    /// Adds components
    Component {
        /// A path, a pattern, or the address of a repository
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<String>,
    },
    /// Adds directories to resources
    Base {
        /// Directories, separated by commas
        #[arg(value_name = "DIRS")]
        directories: Words,
    },
    /// Adds an item to patches
    Patch(Box<Patch>),
    /// Adds sources to a configMapGenerator entry, which is made when there is none
    Configmap {
        #[command(flatten)]
        sources: Sources,
        /// Whether the ConfigMap is a new one, or changes one of a base
        #[arg(long, value_enum)]
        behavior: Option<Behavior>,
    },
    /// Adds sources to a secretGenerator entry, which is made when there is none
    Secret {
        #[command(flatten)]
        sources: Sources,
        /// The type of a new Secret
        #[arg(long = "type", default_value = "Opaque")]
        secret_type: String,
    },
    /// Adds files with configs of generators
    Generator {
        /// A path or pattern
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<String>,
    },
    /// Adds files with configs of transformers
    Transformer {
        /// A path or pattern
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<String>,
    },
    /// Adds commonLabels, or labels
    Label {
        /// KEY:VALUE
        #[arg(required = true, value_name = "LABEL")]
        labels: Vec<Pair>,
        /// Overwrite labels that are there
        #[arg(long, short)]
        force: bool,
        /// Add to labels instead, which leaves selectors alone
        #[arg(long)]
        without_selector: bool,
        /// Label the templates of pods too
        #[arg(long, requires = "without_selector")]
        include_templates: bool,
    },
    /// Adds commonAnnotations
    Annotation {
        /// KEY:VALUE
        #[arg(required = true, value_name = "ANNOTATION")]
        annotations: Vec<Pair>,
        /// Overwrite annotations that are there
        #[arg(long, short)]
        force: bool,
    },
    /// Adds options to buildMetadata
    Buildmetadata(BuildMetadata),
}

/// Which patch, for `add` and `remove`.
#[derive(Debug, Args)]
pub(super) struct Patch {
    /// The file with the patch
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        conflicts_with = "content"
    )]
    path: String,
    /// The patch itself
    #[arg(
        long = "patch",
        default_value = "",
        hide_default_value = true,
        allow_hyphen_values = true
    )]
    content: String,
    /// The API group of the target
    #[arg(long, default_value = "", hide_default_value = true)]
    group: String,
    /// The API version of the target
    #[arg(long = "version", default_value = "", hide_default_value = true)]
    api_version: String,
    /// The kind of the target
    #[arg(long, default_value = "", hide_default_value = true)]
    kind: String,
    /// The name of the target
    #[arg(long, default_value = "", hide_default_value = true)]
    name: String,
    /// The namespace of the target
    #[arg(long, default_value = "", hide_default_value = true)]
    namespace: String,
    /// The annotations of the target
    #[arg(long, default_value = "", hide_default_value = true)]
    annotation_selector: String,
    /// The labels of the target
    #[arg(long, default_value = "", hide_default_value = true)]
    label_selector: String,
}

#[derive(Args)]
struct Sources {
    /// The name of the entry
    name: String,
    /// KEY=VALUE; may be given several times
    #[arg(long, value_name = "LITERAL", allow_hyphen_values = true)]
    from_literal: Vec<String>,
    /// [KEY=]PATH, or a pattern; separated by commas or given several times
    #[arg(long, value_delimiter = ',', value_name = "FILE")]
    from_file: Vec<String>,
    /// A file with lines KEY=VALUE
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        value_name = "FILE",
        conflicts_with_all = ["from_literal", "from_file"]
    )]
    from_env_file: String,
    /// The namespace of the object; none is the same as default
    #[arg(long, default_value = "", hide_default_value = true)]
    namespace: String,
    /// Do not add a hash to the name
    #[arg(long = "disableNameSuffixHash")]
    no_hash: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Behavior {
    Create,
    Merge,
    Replace,
}

impl Add {
    pub(super) fn run(self) -> Result<Done, Failure> {
        match self.item {
            Item::Resource { paths, no_verify } => {
                let paths = if no_verify {
                    paths
                } else {
                    let hint = "--no-verify adds a resource that is not there yet";
                    glob::resources(&paths).map_err(|failure| failure.hint(hint))?
                };
                file::edit(|file| file.add_paths(PathField::Resources, &paths))?;
            }
            Item::Component { paths } => {
                let paths = glob::resources(&paths)?;
                file::edit(|file| file.add_paths(PathField::Components, &paths))?;
            }
            Item::Base { directories } => add_bases(&directories.0)?,
            Item::Patch(patch) => add_patch(&patch)?,
            Item::Configmap { sources, behavior } => {
                let behavior = behavior.map_or("", Behavior::word).to_owned();
                let new = NewSources {
                    behavior,
                    ..NewSources::default()
                };
                sources.add(Generator::ConfigMap, new)?;
            }
            Item::Secret {
                sources,
                secret_type,
            } => {
                let new = NewSources {
                    secret_type,
                    ..NewSources::default()
                };
                sources.add(Generator::Secret, new)?;
            }
            Item::Generator { paths } => add_files(PathField::Generators, &paths)?,
            Item::Transformer { paths } => add_files(PathField::Transformers, &paths)?,
            Item::Label {
                labels,
                force,
                without_selector,
                include_templates,
            } => {
                let reach = match (without_selector, include_templates) {
                    (false, _) => LabelReach::Selectors,
                    (true, false) => LabelReach::Metadata,
                    (true, true) => LabelReach::Templates,
                };
                refuse_words(&labels)?;
                file::edit(|file| file.add_labels(reach, &labels, force))?;
            }
            Item::Annotation { annotations, force } => {
                refuse_words(&annotations)?;
                let field = PairField::Annotations;
                file::edit(|file| {
                    if force {
                        file.set_pairs(field, &annotations)
                    } else {
                        file.add_pairs(field, &annotations)
                    }
                })?;
            }
            Item::Buildmetadata(metadata) => {
                let options = metadata.options()?;
                file::edit(|file| file.add_build_metadata(&options))?;
            }
        }
        Ok(Done::Well)
    }
}

fn add_bases(directories: &[String]) -> Result<(), Failure> {
    let is_missing = |path: &&String| fs::metadata(path).is_err();
    let missing = directories.iter().filter(is_missing);
    let errors: Vec<String> = missing
        .map(|path| format!("{path} does not exist"))
        .collect();
    if !errors.is_empty() {
        return Err(Failure::of(errors));
    }
    file::edit(|file| file.add_bases(directories))
}

fn add_files(field: PathField, patterns: &[String]) -> Result<(), Failure> {
    let paths = glob::files(patterns)?;
    if paths.is_empty() {
        return Ok(());
    }
    file::edit(|file| file.add_paths(field, &paths))
}

fn add_patch(patch: &Patch) -> Result<(), Failure> {
    if patch.path.is_empty() && patch.content.is_empty() {
        return Err(Failure::usage(
            "add --path FILE, or --patch with the patch itself",
        ));
    }
    file::edit(|file| file.add_patch(&patch.entry()))
}

impl Patch {
    pub(super) fn entry(&self) -> NewPatch {
        NewPatch {
            path: self.path.clone(),
            patch: self.content.clone(),
            target: PatchTarget {
                annotation_selector: self.annotation_selector.clone(),
                group: self.group.clone(),
                kind: self.kind.clone(),
                label_selector: self.label_selector.clone(),
                name: self.name.clone(),
                namespace: self.namespace.clone(),
                version: self.api_version.clone(),
            },
        }
    }
}

impl Sources {
    fn add(self, generator: Generator, new: NewSources) -> Result<(), Failure> {
        let new = NewSources {
            files: expand(&self.from_file)?,
            literals: self.from_literal,
            env_file: self.from_env_file,
            no_hash: self.no_hash,
            ..new
        };
        if new.files.is_empty() && new.literals.is_empty() && new.env_file.is_empty() {
            return Err(Failure::usage(
                "nothing to add: give --from-literal, --from-file or --from-env-file",
            ));
        }
        let entry = check::Entry {
            generator,
            name: &self.name,
            namespace: &self.namespace,
        };
        check::edit(&entry, |file| {
            file.add_sources(generator, entry.name, entry.namespace, &new)
        })
    }
}

/// Returns the files for `[KEY=]PATTERN`. Behind a key there may be one file only.
fn expand(patterns: &[String]) -> Result<Vec<String>, Failure> {
    let mut files = Vec::new();
    for pattern in patterns {
        let (key, path) = pattern.split_once('=').unwrap_or(("", pattern));
        let found = glob::files(&[path.to_owned()])?;
        match (key, found.as_slice()) {
            ("", _) => files.extend(found),
            (_, [file]) => files.push(format!("{key}={file}")),
            _ => {
                return Err(Failure::of([format!(
                    "{pattern} stands for {} files: behind a key there has to be one",
                    found.len()
                )]));
            }
        }
    }
    Ok(files)
}

impl Behavior {
    fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Merge => "merge",
            Self::Replace => "replace",
        }
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
