//! Builds a kustomization to objects, over a tree, as `kustomize build` 5.8.1 does.
//!
//! - [`build`]: the whole way from a directory to objects; [`BuildOptions`] say what it may read.
//! - [`Build`]: the objects, the warnings, and the files that were read. [`Build::to_yaml`] prints what
//!   `kustomize build` prints.
//! - [`Resource`]: an object with its place: the file and line it was read from.
//! - [`KustomizationFile`]: a kustomization file and the edits that `kustomize edit` makes to it, which
//!   leave all other bytes as they are.
//! - [`BuildErrors`]: everything that is wrong, each mistake with its [`Place`] and [`Problem`].
//! - [`build_with`], [`build_remote`]: the same with bases and files from elsewhere, which a [`Remotes`] has.
//! - [`build_opening`]: the same with the files of secret generators opened by a [`SecretFiles`].
//!
//! ```
//! use windlass_kustomize::{BuildOptions, build};
//! use windlass_tree::{MemoryTree, TreePath};
//!
//! let tree = MemoryTree::from_iter([
//!     ("base/kustomization.yaml", "resources: [service.yaml]\n"),
//!     ("base/service.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"),
//!     ("overlays/dev/kustomization.yaml", "resources: [../../base]\nnamePrefix: dev-\n"),
//! ]);
//! let built = build(&tree, &TreePath::new("overlays/dev")?, &BuildOptions::default())?;
//! assert_eq!(built.to_yaml(), "apiVersion: v1\nkind: Service\nmetadata:\n  name: dev-web\n");
//! assert_eq!(built.resources[0].place.to_string(), "base/service.yaml:1:1");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Helm charts and programs as plugins are refused with the reason: a build reads nothing but what it is
//! given, and runs nothing. Secrets and clusters are the business of other crates.
//!
//! # Mistakes
//!
//! A build that fails has no result, and reports every independent mistake: where it stands, what is wrong
//! in the words that kustomize has for it, and what to do. No message holds a value of an object.
//!
//! ```
//! use windlass_kustomize::{BuildOptions, Problem, build};
//! use windlass_tree::{MemoryTree, TreePath};
//!
//! let tree = MemoryTree::from_iter([(
//!     "kustomization.yaml",
//!     "resources: [web.yaml]\nimages:\n- name: web\n  newTga: v2\n",
//! )]);
//! let errors = build(&tree, &TreePath::root(), &BuildOptions::default()).unwrap_err();
//! let places: Vec<_> = errors.iter().map(|error| error.place.to_string()).collect();
//! assert_eq!(places, ["kustomization.yaml:4:3", "kustomization.yaml:1:13"]);
//! let missing = errors.iter().find_map(|error| error.problem.missing_file());
//! assert_eq!(missing, Some(TreePath::new("web.yaml")?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Problem`] says what is wrong as data, by area; [`Problem::advice`] what to do; [`BuildError::original`]
//! is kustomize's own sentence where that is longer.
//!
//! # Bases elsewhere
//!
//! [`build_with`] and [`build_remote`] take a [`Remotes`], which has repositories and files at addresses.
//! Without one, every address is a mistake. What a [`Remotes`] cannot have is one too, never nothing.
//!
//! ```
//! use std::sync::Arc;
//! use windlass_kustomize::{BuildOptions, RemoteError, Remotes, Repository, build_remote};
//! use windlass_tree::{MemoryTree, Tree};
//!
//! struct Mirror;
//!
//! impl Remotes for Mirror {
//!     fn repository(&self, repository: &Repository) -> Result<Arc<dyn Tree>, RemoteError> {
//!         assert_eq!(repository.revision.as_deref(), Some("v1"));
//!         Ok(Arc::new(MemoryTree::from_iter([
//!             ("app/kustomization.yaml", "configMapGenerator: [{name: app, literals: [a=b]}]\n"),
//!         ])))
//!     }
//!
//!     fn file(&self, url: &str) -> Result<Arc<[u8]>, RemoteError> {
//!         Err(RemoteError::Failed { reason: format!("{url} is not mirrored") })
//!     }
//! }
//!
//! let address = "https://example.org/org/apps//app?ref=v1";
//! let built = build_remote(address, &BuildOptions::default(), &Mirror)?;
//! assert_eq!(built.resources[0].gvk.kind, "ConfigMap");
//! # Ok::<(), windlass_kustomize::BuildErrors>(())
//! ```
//!
//! # Sameness and limits
//!
//! The same files give the same bytes, in any number of threads. Input of any kind ends in a result or in
//! messages: sizes, depths, copies and work have limits far above what real builds need, each with a
//! [`Refusal`] that names it. The text of a build is that of kustomize 5.8.1 as `kubectl` 1.37 has it; the
//! page `docs/src/reference/compatibility.md` lists what differs.

mod config;
mod context;
mod decode;
mod document;
mod edit;
mod error;
mod fieldspec;
mod file;
mod finish;
mod generate;
mod go_json;
mod id;
mod ids;
mod item;
mod items;
mod json_patch;
mod kustomization;
mod loader;
mod merge;
mod merge_data;
mod nearest;
mod order;
mod origin;
mod plugin;
mod prepare;
mod reach;
mod reference;
mod remote;
mod schema;
mod secret_files;
mod selector;
mod shared;
mod target;
mod trail;
mod transform;
mod vars;
mod work;
mod yaml11;

use std::collections::BTreeSet;
use std::fmt;

use windlass_object::Gvk;
use windlass_tree::{MemoryTree, Tree, TreePath};
use windlass_yaml::{Node, PrintError};

pub use error::{
    BuildError, BuildErrors, End, FieldProblem, GeneratorProblem, KustomizationProblem,
    LoadProblem, ObjectProblem, PatchProblem, Place, PluginProblem, Problem, Reached,
    ReferenceProblem, Refusal, ReplacementProblem, SelectionProblem, There, Warning,
};
pub use file::{
    ArgumentError, FileError, Generator, KustomizationFile, LabelReach, NewImage, NewPatch,
    NewReplica, NewSources, Note, Pair, PairField, PatchTarget, PathField, PatternError, TextField,
    build_metadata, matches,
};
pub use kustomization::FILE_NAMES;
pub use remote::{NoRemotes, RemoteBase, RemoteError, Remotes, Repository, Scheme};
pub use schema::SchemaError;
pub use secret_files::{SecretFiles, SecretSource};

use context::Context;
use item::Item;
use loader::{Entry, Loader};
use target::{Gathered, Target};

/// What a build may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildOptions {
    /// Whether a kustomization may read files from outside its own directory, anywhere in the tree
    /// (`--load-restrictor LoadRestrictionsNone`). False unless set; bases may be anywhere regardless.
    pub files_from_anywhere: bool,
    /// The order of the output where the kustomization has no `sortOptions` (`--reorder`).
    pub reorder: Reorder,
    /// Whether every object gets the label `app.kubernetes.io/managed-by`, as with `buildMetadata:
    /// [managedByLabel]` (`--enable-managedby-label`). False unless set.
    pub managed_by_label: bool,
    /// When set, the tree is a whole file system: absolute paths of files lead into it, and messages name
    /// files as seen from this directory, those outside it with their absolute path. Unless set, absolute
    /// paths are refused, and messages name files as seen from the root of the tree.
    pub working_directory: Option<TreePath>,
}

/// The order of the output where the kustomization has no `sortOptions`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reorder {
    /// The legacy order, as kustomize 5.8.1 has it without the flag.
    #[default]
    Unspecified,
    /// The legacy order: namespaces first, webhooks last.
    Legacy,
    /// The order in which the objects were read.
    None,
}

/// The result of a build.
#[derive(Clone)]
pub struct Build {
    /// The objects, in the order of the output.
    pub resources: Vec<Resource>,
    /// What should be changed although it works, in the order it was met.
    pub warnings: Vec<Warning>,
    /// The files that were read. What they hold decides the result, together with which of the files
    /// that could be a kustomization there are in their directories.
    pub read: BTreeSet<TreePath>,
    text: String,
}

/// An object of a build.
///
/// Its `Debug` form is its identity only, because the value of a Secret must never be printed.
#[derive(Clone)]
pub struct Resource {
    /// The object.
    pub node: Node,
    /// Group, version and kind.
    pub gvk: Gvk,
    /// The name.
    pub name: String,
    /// The namespace, if the object names one.
    pub namespace: Option<String>,
    /// Whether objects of the kind are in no namespace. A kind that no schema knows is taken to be in one.
    pub is_cluster_scoped: bool,
    /// Where the object was read; of a generated one, where its generator is configured.
    pub place: Place,
}

impl Resource {
    fn new(item: Item) -> Self {
        let namespace = item.namespace();
        Self {
            gvk: item.gvk(),
            name: item.name().to_owned(),
            namespace: (!namespace.is_empty()).then(|| namespace.to_owned()),
            is_cluster_scoped: item.is_cluster_scoped(),
            place: item.place,
            node: item.node,
        }
    }
}

/// Builds the kustomization in a directory.
///
/// # Errors
///
/// Every independent mistake at once. A transformer runs only when everything that it works on could be
/// read, so that one mistake is not reported as many.
pub fn build(
    tree: &dyn Tree,
    directory: &TreePath,
    options: &BuildOptions,
) -> Result<Build, BuildErrors> {
    build_with(tree, directory, options, &NoRemotes)
}

/// Builds the kustomization in a directory, with bases and files from elsewhere that `remotes` has.
///
/// # Errors
///
/// As for [`build`]. What `remotes` does not have is a mistake at the line that names it.
pub fn build_with(
    tree: &dyn Tree,
    directory: &TreePath,
    options: &BuildOptions,
    remotes: &dyn Remotes,
) -> Result<Build, BuildErrors> {
    build_in(Context::new(tree, remotes, options), directory)
}

fn build_in(mut context: Context<'_>, directory: &TreePath) -> Result<Build, BuildErrors> {
    let loader = Loader::new(&context, directory);
    let loader = context.note(&Place::file(directory.clone()), loader);
    let objects = loader
        .map(|loader| run(&mut context, loader))
        .unwrap_or_default();
    complete(context, objects)
}

/// Builds the kustomization in a directory, with the files of secret generators opened by `secret_files`.
///
/// # Errors
///
/// As for [`build`]. A file that cannot be opened is a mistake at the line that names it.
pub fn build_opening(
    tree: &dyn Tree,
    directory: &TreePath,
    options: &BuildOptions,
    secret_files: &dyn SecretFiles,
) -> Result<Build, BuildErrors> {
    let mut context = Context::new(tree, &NoRemotes, options);
    context.secret_files = secret_files;
    build_in(context, directory)
}

/// Builds the kustomization at the address of a repository, such as `https://github.com/org/repo//dir?ref=v1`.
///
/// # Errors
///
/// As for [`build_with`]; the place of a mistake in the address itself is `.`.
pub fn build_remote(
    address: &str,
    options: &BuildOptions,
    remotes: &dyn Remotes,
) -> Result<Build, BuildErrors> {
    let nothing = MemoryTree::new();
    let mut context = Context::new(&nothing, remotes, options);
    let entry =
        Loader::new(&context, &TreePath::root()).and_then(|loader| loader.entry(&context, address));
    let objects = match context.note(&Place::default(), entry) {
        Some(Entry::Directory(loader)) => run(&mut context, loader),
        Some(Entry::File(path)) => {
            let path = loader::absolute(&path);
            context.fail(&Place::default(), LoadProblem::ComponentIsFile { path });
            Vec::new()
        }
        None => Vec::new(),
    };
    complete(context, objects)
}

fn run(context: &mut Context<'_>, loader: Loader) -> Vec<Resource> {
    let Some(mut target) = Target::root(context, loader) else {
        return Vec::new();
    };
    let gathered = target.gather(context, Gathered::default());
    if context.error_count() > 0 {
        return Vec::new();
    }
    let items = finish::finish(context, &target, gathered);
    items.into_vec().into_iter().map(Resource::new).collect()
}

fn complete(mut context: Context<'_>, resources: Vec<Resource>) -> Result<Build, BuildErrors> {
    let text = print(&mut context, &resources);
    let (read, warnings, errors) = context.finish();
    BuildErrors::from_list(errors)?;
    Ok(Build {
        resources,
        warnings,
        read,
        text,
    })
}

/// Returns whether kustomize can read these bytes as objects, as `kustomize create --autodetect` asks. So it can
/// if there are none: an empty file, or one with comments only.
#[must_use]
pub fn is_manifest(bytes: &[u8]) -> bool {
    document::objects(bytes).is_ok()
}

/// Prints the objects. kustomize fails on what it cannot print, and so does a build.
fn print(context: &mut Context<'_>, resources: &[Resource]) -> String {
    // As much as was read is what it mostly comes to.
    let mut text = String::with_capacity(context.bytes + context.bytes / 8);
    for (index, resource) in resources.iter().enumerate() {
        if index > 0 {
            text.push_str("---\n");
        }
        if let Err(error) = windlass_yaml::print_build_into(&resource.node, &mut text) {
            let place = place_of(context, resource, &error);
            let reason = error.to_string();
            let reason = reason
                .split_once(": ")
                .map_or(&*reason, |(_line, rest)| rest);
            let reason = reason.to_owned();
            context.fail(&place, ObjectProblem::Unprintable { reason });
        }
    }
    text
}

/// Returns where the value stands that cannot be printed, if that is in the file of its object: it may as well
/// come from a patch.
fn place_of(context: &Context<'_>, resource: &Resource, error: &PrintError) -> Place {
    let place = &resource.place;
    let bytes = context.tree.read(&place.path).unwrap_or_default();
    let there = document::objects(&bytes).unwrap_or_default();
    let has_it = |node: &Node| {
        node.start.line == place.line && windlass_yaml::print_build(node).as_ref() == Err(error)
    };
    if there.iter().any(has_it) {
        Place::at(&place.path, error.position())
    } else {
        place.clone()
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Resource({}/{} at {})",
            self.gvk.kind, self.name, self.place
        )
    }
}

impl fmt::Debug for Build {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Build")
            .field("resources", &self.resources)
            .field("warnings", &self.warnings)
            .field("read", &self.read)
            .finish_non_exhaustive()
    }
}

impl Build {
    /// Returns what `kustomize build` prints: the objects as YAML, separated by `---`.
    #[must_use]
    pub fn to_yaml(&self) -> &str {
        &self.text
    }

    /// Returns what `kustomize build` prints, and keeps none of it: of a large build it is much.
    #[must_use]
    pub fn take_yaml(&mut self) -> String {
        std::mem::take(&mut self.text)
    }
}
