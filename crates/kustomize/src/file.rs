//! A kustomization file that is edited: the verbs of `kustomize edit`, on the text that people own.
//!
//! `argument` reads the words of the command line, `fields` finds and makes fields; the verbs stand in
//! files by what they change. Bytes that an edit does not mean stay as they are.

mod argument;
mod error;
mod fields;
mod fix;
mod generators;
mod helm;
mod images;
mod labels;
mod patches;
mod paths;
mod pattern;
mod vars;

use windlass_tree::TreePath;
use windlass_yaml::{Limits, Node, ParseOptions, parse_with, rewrite};

pub use argument::{ArgumentError, NewImage, NewReplica, Pair, build_metadata};
pub use error::{FileError, Note};
pub use fields::{PairField, PathField, TextField};
pub use generators::{Generator, NewSources};
pub use labels::LabelReach;
pub use patches::{NewPatch, PatchTarget};
pub use pattern::{PatternError, matches};

use crate::error::{BuildErrors, KustomizationProblem, Problem};
use crate::kustomization;

/// A kustomization file and the edits made to it so far.
///
/// Every edit does what the verb of `kustomize edit` 5.8.1 does to the value of the file; the text
/// around it stays: comments, quotes, order, indentation, line ends. That program adds `apiVersion` and
/// `kind` with every edit, and renames old fields; here an edit renames only the old spelling of what it
/// changes, and [`KustomizationFile::fix`] does all of it. Fields are added behind the others.
///
/// A file with several documents is refused, and so is an edit of what is written as an alias or repeated by one.
///
/// ```
/// use windlass_kustomize::{KustomizationFile, TextField};
///
/// let text = "resources: [a.yaml] # ours\nnamespace:   'dev'\n";
/// let mut file = KustomizationFile::read("kustomization.yaml", text)?;
/// file.set_text(TextField::Namespace, "staging")?;
/// file.set_images(&["nginx:1.27".parse()?])?;
/// assert_eq!(
///     file.finish()?,
///     "resources: [a.yaml] # ours\nnamespace:   'staging'\nimages:\n- name: nginx\n  newTag: \"1.27\"\n"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct KustomizationFile {
    name: String,
    text: String,
    root: Node,
    notes: Vec<Note>,
}

impl KustomizationFile {
    /// Reads a kustomization. `name` is what messages call the file, and the entry of `resources` that would be
    /// the file itself.
    ///
    /// # Errors
    ///
    /// What is not YAML, what has several documents, and what has fields that no kustomization has.
    /// Unlike for a build, an empty file will do.
    pub fn read(name: &str, text: &str) -> Result<Self, FileError> {
        let yaml = |error| FileError::Yaml {
            file: name.to_owned(),
            error,
        };
        let documents = parse_with(text, &ParseOptions::default()).map_err(yaml)?;
        let root = documents.into_iter().next();
        let mut root = root.map_or_else(Node::null, |document| document.root);
        if root.is_null() {
            root.make_mapping();
        }
        let mut expanded = root.clone();
        expanded.expand_aliases(&Limits::default()).map_err(yaml)?;
        check(name, &expanded)?;
        let file = Self {
            name: name.to_owned(),
            text: text.to_owned(),
            root,
            notes: Vec::new(),
        };
        // Several documents are refused before anything is done about them.
        file.clone().finish()?;
        Ok(file)
    }

    /// Returns a kustomization that says nothing but what it is.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut root = Node::default();
        root.set("apiVersion", "kustomize.config.k8s.io/v1beta1".into());
        root.set("kind", "Kustomization".into());
        Self {
            name: name.to_owned(),
            text: String::new(),
            root,
            notes: Vec::new(),
        }
    }

    /// Returns what was asked for and not done, in the order of the edits.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Returns the text with all edits.
    pub fn finish(self) -> Result<String, FileError> {
        rewrite(&self.text, &self.root).map_err(|error| FileError::Rewrite {
            file: self.name,
            error,
        })
    }
}

/// Refuses what `kustomize edit` does: it reads the fields and checks nothing else.
fn check(name: &str, root: &Node) -> Result<(), FileError> {
    let path = TreePath::new(name).unwrap_or_default();
    let mut errors = kustomization::read(&path, root).errors;
    errors.retain(|error| {
        !matches!(
            *error.problem,
            Problem::Refused(_)
                | Problem::Kustomization(
                    KustomizationProblem::Empty
                        | KustomizationProblem::WrongKind { .. }
                        | KustomizationProblem::WrongApiVersion { .. }
                )
        )
    });
    BuildErrors::from_list(errors).map_err(FileError::Invalid)
}
