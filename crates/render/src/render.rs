//! One directory rendered: the build over the tree with its secrets, and the objects that come of it.

mod copies;
mod object;

use std::fmt;

use windlass_kustomize::{Build, BuildErrors, BuildOptions, Problem, Resource, build_opening};
use windlass_object::{ObjectError, ObjectRef, Origin, PackedObject};
use windlass_sops::SecretBytes;
use windlass_tree::{Tree, TreeError, TreePath};

use crate::inputs::RecordingTree;
use crate::secrets::{self, SecretsOutcome, SecretsTree, Suspects};
use crate::{Decryption, Inputs, SecretError, SecretWarning, Unit};

/// What a unit comes to.
///
/// Its `Debug` form has the names of the objects only, because some of them are Secrets.
pub struct Rendered {
    objects: Vec<PackedObject>,
    warnings: Vec<Warning>,
    inputs: Inputs,
}

/// The text of a unit. It has no `Debug` form, because some of it is Secrets.
pub struct RenderedText {
    text: String,
    warnings: Vec<Warning>,
}

/// All independent mistakes that kept a unit from being rendered, and what was read until then.
#[derive(Clone, Debug)]
pub struct RenderErrors {
    errors: Vec<RenderError>,
    inputs: Inputs,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RenderError {
    /// A kustomization cannot be built.
    #[error(transparent)]
    Build(#[from] windlass_kustomize::BuildError),
    /// A Secret cannot be put together.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// What was built is no object.
    #[error("{origin}: {error}")]
    Object {
        /// Where it was written.
        origin: Origin,
        /// What it lacks.
        error: ObjectError,
    },
    /// Two objects of a unit have the same identity.
    #[error("{second}: {id} is already defined at {first}; a unit has each object once")]
    Duplicate {
        /// The identity.
        id: Box<ObjectRef>,
        /// Where the first one was written.
        first: Origin,
        /// Where the second one was written.
        second: Origin,
    },
    /// The tree did not answer, so something may be missing.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The result cannot be printed.
    #[error("{0}")]
    Print(windlass_yaml::PrintError),
}

/// Something that works and should be changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Warning {
    /// About a kustomization.
    Build(windlass_kustomize::Warning),
    /// About a Secret.
    Secret(SecretWarning),
}

/// Renders a unit: builds its kustomization with its secrets opened as `decryption` says.
///
/// Nothing that fails makes the result smaller: there is a result with every object, or an error.
pub fn render(
    tree: &dyn Tree,
    unit: &Unit,
    decryption: Decryption<'_>,
) -> Result<Rendered, RenderErrors> {
    render_directory(tree, &unit.directory, decryption)
}

/// Renders the kustomization in `directory` as [`render`] does.
pub fn render_directory(
    tree: &dyn Tree,
    directory: &TreePath,
    decryption: Decryption<'_>,
) -> Result<Rendered, RenderErrors> {
    let (finished, inputs) = complete(tree, directory, decryption, finish)?;
    let (objects, warnings) = finished;
    Ok(Rendered {
        objects,
        warnings,
        inputs,
    })
}

/// Renders the kustomization in `directory` to its text, and fails exactly when [`render_directory`] does.
pub fn render_text(
    tree: &dyn Tree,
    directory: &TreePath,
    decryption: Decryption<'_>,
) -> Result<RenderedText, RenderErrors> {
    let (finished, _) = complete(tree, directory, decryption, finish_text)?;
    Ok(finished)
}

/// Builds a directory, and lets `finish` make what is wanted of it when nothing went wrong.
fn complete<T>(
    tree: &dyn Tree,
    directory: &TreePath,
    decryption: Decryption<'_>,
    finish: fn(Build, SecretsOutcome, Decryption<'_>) -> Result<T, Vec<RenderError>>,
) -> Result<(T, Inputs), RenderErrors> {
    let recording = RecordingTree::new(tree);
    let secrets = SecretsTree::new(&recording, decryption);
    let built = build_opening(&secrets, directory, &BuildOptions::default(), &secrets);
    let secrets = secrets.into_outcome(directory);
    let (inputs, unanswered) = recording.into_inputs(decryption.unverified());
    let failures = failures(built.as_ref().err(), &secrets, unanswered);
    let result = match built {
        Ok(built) if failures.is_empty() => finish(built, secrets, decryption),
        _ => Err(failures),
    };
    match result {
        Ok(finished) => Ok((finished, inputs)),
        Err(errors) => Err(RenderErrors { errors, inputs }),
    }
}

/// Gathers what went wrong: each cause once, nothing that only follows from another.
fn failures(
    built: Option<&BuildErrors>,
    secrets: &SecretsOutcome,
    unanswered: Vec<TreeError>,
) -> Vec<RenderError> {
    let mut errors: Vec<RenderError> = secrets.errors.iter().cloned().map(Into::into).collect();
    let follows = |error: &&windlass_kustomize::BuildError| match &*error.problem {
        Problem::Tree(error) => secrets.failed.contains(error.path()),
        _ => false,
    };
    let build_errors = built.into_iter().flat_map(BuildErrors::iter);
    errors.extend(
        build_errors
            .filter(|error| !follows(error))
            .cloned()
            .map(RenderError::Build),
    );
    // A build that went on without an answer could lack objects.
    if errors.is_empty() {
        errors.extend(unanswered.into_iter().map(RenderError::Tree));
    }
    errors
}

type Finished = (Vec<PackedObject>, Vec<Warning>);

fn finish(
    mut built: Build,
    outcome: SecretsOutcome,
    decryption: Decryption<'_>,
) -> Result<Finished, Vec<RenderError>> {
    let (text, hidden, warnings) =
        open(&mut built, outcome.warnings, &outcome.suspects, decryption)?;
    // Nobody needs it here, and of many objects it is much.
    let printed = text.map(|text| drop(SecretBytes::from(text)));
    let objects = object::objects(built.resources, &hidden, &outcome.origins)?;
    let objects = copies::hide_copies(objects);
    printed.map_err(unprintable)?;
    Ok((objects, warnings))
}

fn finish_text(
    mut built: Build,
    outcome: SecretsOutcome,
    decryption: Decryption<'_>,
) -> Result<RenderedText, Vec<RenderError>> {
    let (text, _, warnings) = open(&mut built, outcome.warnings, &outcome.suspects, decryption)?;
    object::check(built.resources, &outcome.origins)?;
    let text = text.map_err(unprintable)?;
    Ok(RenderedText { text, warnings })
}

fn unprintable(error: windlass_yaml::PrintError) -> Vec<RenderError> {
    vec![RenderError::Print(error)]
}

/// What a build comes to once its secrets are opened: its text, the places of decrypted values in each resource, and
/// all warnings.
type Opened = (
    Result<String, windlass_yaml::PrintError>,
    Vec<Vec<String>>,
    Vec<Warning>,
);

fn open(
    built: &mut Build,
    warnings: Vec<SecretWarning>,
    suspects: &Suspects,
    decryption: Decryption<'_>,
) -> Result<Opened, Vec<RenderError>> {
    let unsealed = secrets::unseal(&mut built.resources, suspects, decryption);
    if !unsealed.errors.is_empty() {
        let errors = unsealed.errors.into_iter();
        return Err(errors.map(RenderError::Secret).collect());
    }
    let text = if unsealed.is_changed {
        print(&built.resources)
    } else {
        Ok(built.take_yaml())
    };
    let build_warnings = std::mem::take(&mut built.warnings);
    let build_warnings = build_warnings.into_iter().map(Warning::Build);
    let secret_warnings = warnings.into_iter().chain(unsealed.warnings);
    let warnings = build_warnings.chain(secret_warnings.map(Warning::Secret));
    Ok((text, unsealed.hidden, warnings.collect()))
}

/// Prints the objects as `kustomize build` does.
fn print(resources: &[Resource]) -> Result<String, windlass_yaml::PrintError> {
    let mut text = String::new();
    for (index, resource) in resources.iter().enumerate() {
        text.push_str(if index == 0 { "" } else { "---\n" });
        windlass_yaml::print_build_into(&resource.node, &mut text)?;
    }
    Ok(text)
}

impl Rendered {
    /// Returns the objects in the order in which they were built, lists taken apart.
    #[must_use]
    pub fn objects(&self) -> &[PackedObject] {
        &self.objects
    }

    /// Returns the objects themselves.
    #[must_use]
    pub fn into_objects(self) -> Vec<PackedObject> {
        self.objects
    }

    /// Returns what works and should be changed.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Returns what the result depends on.
    #[must_use]
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }
}

impl RenderedText {
    /// Returns the YAML text that `kustomize build` prints. It holds the secrets in the clear.
    #[must_use]
    pub fn into_yaml(self) -> String {
        self.text
    }

    /// Returns what works and should be changed.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

impl RenderErrors {
    /// Returns the mistakes; there is at least one.
    #[must_use]
    pub fn errors(&self) -> &[RenderError] {
        &self.errors
    }

    /// Returns whether another try may succeed with the same tree and keys: a key service did not answer.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        let is_transient = |error: &RenderError| match error {
            RenderError::Secret(error) => error.problem.is_transient(),
            _ => false,
        };
        self.errors.iter().any(is_transient)
    }

    /// Returns what was read until then. As long as it stays the same, and so do the identities, the
    /// mistakes do too.
    #[must_use]
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }
}

impl fmt::Debug for Rendered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Rendered")
            .field("objects", &self.objects)
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for RenderErrors {
    /// Writes one line for each mistake.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n")?;
            }
            write!(formatter, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for RenderErrors {}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Build(warning) => warning.fmt(formatter),
            Self::Secret(warning) => warning.fmt(formatter),
        }
    }
}
