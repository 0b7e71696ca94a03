//! How kustomize tells the way to a mistake: from the directory that is built down to the base or
//! component that has it.

use windlass_tree::TreePath;

use crate::error::{LoadProblem, Problem};
use crate::loader::{absolute, shown};
use crate::remote::redacted;

/// A base or component that is being built, and what is done with it.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// The entry of `resources` that led there; `None` for a component.
    pub(crate) entry: Option<String>,
    pub(crate) root: TreePath,
    pub(crate) stage: Stage,
}

/// What is done with a base or component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Reading,
    Checking,
    Building,
    Merging,
}

/// The most bytes of the original's message that are worth telling: its beginning and its end.
const MAX_WORDS: usize = 500;

/// Returns what kustomize says about a mistake at the end of a trail.
pub(crate) fn wrap(trail: &[Step], words: &str) -> String {
    let steps = trail.iter().rev();
    // At each step, since kustomize escapes quotes within quotes, and so doubles the text.
    steps.fold(shorten(words.to_owned()), |text, step| {
        shorten(step.wrap(&text))
    })
}

/// Takes the middle out of a long text.
fn shorten(text: String) -> String {
    if text.len() <= MAX_WORDS {
        return text;
    }
    let head = text.floor_char_boundary(MAX_WORDS / 2);
    let tail = text.ceil_char_boundary(text.len() - MAX_WORDS / 2);
    format!("{} … {}", &text[..head], &text[tail..])
}

impl Step {
    fn wrap(&self, inner: &str) -> String {
        let root = absolute(&self.root);
        let inner = match self.stage {
            Stage::Reading => format!("couldn't make target for path '{root}': {inner}"),
            Stage::Checking => inner.to_owned(),
            Stage::Building => format!("recursed accumulation of path '{root}': {inner}"),
            Stage::Merging => format!("recursed merging from path '{root}': {inner}"),
        };
        match self.entry.as_deref().map(redacted) {
            Some(entry) => format!(
                "accumulating resources: accumulation err='accumulating resources from '{entry}': '{root}' must \
                 resolve to a file': {inner}"
            ),
            None => format!("accumulating components: accumulateDirectory: {inner:?}"),
        }
    }
}

/// Returns what kustomize says about an entry of `resources` that leads nowhere, or must not be followed.
pub(crate) fn of_entry(entry: &str, root: &TreePath, problem: &Problem) -> String {
    let entry = &redacted(shown(entry));
    let first = |tried: &str, then: &str| {
        format!("accumulation err='accumulating resources from '{entry}': {tried}': {then}")
    };
    let not_a_file = |path: &str| format!("'{path}' must resolve to a file");
    match problem {
        Problem::Load(LoadProblem::MissingFile { .. }) => first(
            &problem.to_string(),
            &format!("must build at directory: not a valid directory: {problem}"),
        ),
        Problem::Load(LoadProblem::EmptyPath) => {
            first(&not_a_file(&absolute(root)), &problem.to_string())
        }
        Problem::Load(LoadProblem::OutsideRoot { file, .. }) if entry.starts_with('/') => first(
            &problem.to_string(),
            &format!("new root '{file}' cannot be absolute"),
        ),
        Problem::Load(LoadProblem::OutsideRoot { file, .. }) => {
            first(&problem.to_string(), &is_file(file))
        }
        Problem::Load(
            LoadProblem::Cycle {
                candidate: path, ..
            }
            | LoadProblem::AbsoluteBase { path },
        ) => first(&not_a_file(path), &problem.to_string()),
        _ => format!("accumulating resources from '{entry}': {problem}"),
    }
}

/// Returns what kustomize says about the content of a file of `resources`.
pub(crate) fn of_content(entry: &str, file: &TreePath, problem: &Problem) -> String {
    let entry = &redacted(entry);
    if let Problem::Yaml(error) = problem {
        let error = match error {
            windlass_yaml::ParseError::Syntax { at, problem, .. } => {
                format!("line {}: {problem}", at.line)
            }
            other => other.to_string(),
        };
        return format!(
            "accumulating resources from '{entry}': MalformedYAMLError: yaml: {error} in File: {entry}"
        );
    }
    let problem = match problem {
        Problem::Object(problem) => problem.in_go(),
        other => other.to_string(),
    };
    format!(
        "accumulation err='accumulating resources from '{entry}': {problem}': {}",
        is_file(&absolute(file))
    )
}

/// Returns what kustomize says about an object of a file that cannot be added.
pub(crate) fn of_addition(entry: &str, file: &TreePath, problem: &Problem) -> String {
    let entry = redacted(entry);
    format!(
        "accumulation err='merging resources from '{entry}': {problem}': {}",
        is_file(&absolute(file))
    )
}

fn is_file(path: &str) -> String {
    format!("must build at directory: '{path}': file is not directory")
}
