//! Strategic merge patches and JSON patches.

use thiserror::Error;

use super::{Problem, Reached};

/// What is wrong with a patch.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PatchProblem {
    /// A text that is not JSON.
    #[error("not JSON: {reason}")]
    JsonSyntax {
        /// What the JSON parser says.
        reason: String,
    },
    /// An entry of `patches` without a patch.
    #[error("must specify one of patch and path in")]
    Missing,
    /// An entry of `patches` with two patches.
    #[error("patch and path can't be set at the same time")]
    Twice,
    /// A patch file that cannot be read.
    #[error("failed to get the patch file from path({path}): {problem}")]
    File {
        /// The file.
        path: String,
        /// Why.
        problem: Box<Problem>,
    },
    /// A patch that is neither.
    #[error("unable to parse SM or JSON patch from {source_name}: {problem}")]
    Unreadable {
        /// The patch or its file.
        source_name: String,
        /// Why it is not the kind of patch that it looks like.
        problem: Box<Problem>,
    },
    /// Several patches for a selector.
    #[error("Multiple Strategic-Merge Patches in one `patches` entry is not allowed to set `patches.target` field: {source_name}", source_name = name)]
    SeveralForTarget {
        /// The patch or its file.
        name: String,
    },
    /// A JSON patch without a target.
    #[error("must specify a target for JSON patch {source_name}", source_name = name)]
    JsonTarget {
        /// The patch or its file.
        name: String,
    },
    /// A JSON patch whose target has no name.
    #[error("must specify the target name")]
    JsonName,
    /// An entry of `patchesJson6902` without a patch.
    #[error("empty file path and empty jsonOp")]
    JsonMissing,
    /// An entry of `patchesJson6902` with two patches.
    #[error("must specify a file path or jsonOp, not both")]
    JsonTwice,
    /// A JSON patch without operations.
    #[error("patch {}appears to be empty", named(name))]
    JsonEmpty {
        /// The file; empty when the patch stands inline.
        name: String,
    },
    /// A text that looks like the path of a file.
    #[error("missing Resource metadata")]
    PathAsText,
    /// A text that is no JSON patch.
    #[error("json: cannot unmarshal {found} into Go value of type jsonpatch.{wanted}")]
    NotJson {
        /// What it is.
        found: &'static str,
        /// `Patch` for the whole, `Operation` for an element of it.
        wanted: &'static str,
    },
    /// A `PatchStrategicMergeTransformer` without patches.
    #[error("empty file path and empty patch content")]
    StrategicMissing,
    /// Strategic merge patches that say nothing.
    #[error("patch appears to be empty")]
    StrategicEmpty,
    /// A `$patch` directive that there is not.
    #[error("unknown patch strategy '{directive}'")]
    UnknownDirective {
        /// The directive.
        directive: String,
    },
    /// A patch that puts one kind of value in the place of another.
    #[error("wrong node kind: expected {wanted} but got {found}")]
    WrongKind {
        /// The kind that is there.
        wanted: &'static str,
        /// The kind that the patch has.
        found: &'static str,
        /// The line of the one that does not fit.
        line: u32,
    },
    /// An operation without a field that it needs.
    #[error("{op} operation failed to decode {field}: missing value")]
    Field {
        /// The operation.
        op: String,
        /// The field.
        field: &'static str,
    },
    /// An operation that there is not.
    #[error("Unexpected kind: {op}")]
    Operation {
        /// The operation.
        op: String,
    },
    /// A path that leads nowhere.
    #[error(
        "{op} operation does not apply: {}: missing value",
        missing_path(op, path)
    )]
    Path {
        /// The operation.
        op: &'static str,
        /// The path.
        path: String,
        /// Which part of the path exists.
        reached: Box<Reached>,
    },
    /// An array index that is out of bounds, where an element is to be replaced or read.
    #[error("{op} operation does not apply: doc is missing key: {path}: missing value")]
    Key {
        /// The operation.
        op: &'static str,
        /// The path.
        path: String,
        /// Which part of the path exists.
        reached: Box<Reached>,
    },
    /// A field that cannot be removed, since it is not there.
    #[error(
        "error in remove for path: '{path}': Unable to remove nonexistent key: {key}: missing value"
    )]
    Remove {
        /// The path.
        path: String,
        /// Its last part.
        key: String,
        /// Which part of the path exists.
        reached: Box<Reached>,
    },
    /// An array index that is out of bounds.
    #[error(
        "error in {op} for path: '{path}': Unable to access invalid index: {index}: invalid index referenced"
    )]
    Index {
        /// The operation.
        op: &'static str,
        /// The index.
        index: String,
        /// The path.
        path: String,
        /// The length of the array.
        length: usize,
    },
    /// A test that failed.
    #[error("testing value {path} failed: test failed")]
    Test {
        /// The path.
        path: String,
    },
}

fn named(file: &str) -> String {
    if file.is_empty() {
        String::new()
    } else {
        format!("file '{file}' empty seems to be empty: it ")
    }
}

/// Returns the words of evanphx/json-patch, which differ from operation to operation.
fn missing_path(op: &str, path: &str) -> String {
    match op {
        "add" | "remove" => format!("doc is missing path: {path:?}"),
        "test" => format!("is missing path: {path}"),
        "copy" | "move" => format!("doc is missing from path: {path}"),
        _ => format!("doc is missing path: {path}"),
    }
}

impl PatchProblem {
    pub(super) fn advice(&self) -> String {
        match self {
            Self::Missing | Self::JsonMissing => {
                "add the text in `patch`, or a file in `path`".to_owned()
            }
            Self::Twice => "remove one of them".to_owned(),
            Self::SeveralForTarget { .. } => {
                "make an entry of each, or name the objects in the patches".to_owned()
            }
            Self::JsonTarget { .. } | Self::JsonName => {
                "add `target`, with `kind` and `name`".to_owned()
            }
            Self::JsonTwice => "remove `path` or the text".to_owned(),
            Self::NotJson { .. } => {
                "a JSON patch is a list of operations, each with `op` and `path`".to_owned()
            }
            Self::StrategicMissing => "list `paths`, or write `patches`".to_owned(),
            Self::StrategicEmpty => "it has no object".to_owned(),
            Self::UnknownDirective { .. } => "$patch is merge, replace or delete".to_owned(),
            Self::WrongKind { line, .. } => {
                format!("it stands in line {line} of the patch or object")
            }
            Self::Field { field, .. } => format!("add `{field}`"),
            Self::Operation { .. } => "op is add, remove, replace, move, copy or test".to_owned(),
            Self::Path { reached, .. }
            | Self::Key { reached, .. }
            | Self::Remove { reached, .. } => reached.to_string(),
            Self::Index { length, .. } => format!("the list has {length} elements, from 0 on"),
            Self::Test { .. } => "the object has another value there, or none".to_owned(),
            Self::JsonSyntax { .. } => {
                "a patch that begins with `[` is read as JSON: quote its keys and texts, or write a list with dashes"
                    .to_owned()
            }
            Self::PathAsText => {
                "`patch` holds the patch itself; name a file in `path`, if there is one".to_owned()
            }
            Self::File { .. }
            | Self::Unreadable { .. }
            | Self::JsonEmpty { .. } => String::new(),
        }
    }
}
