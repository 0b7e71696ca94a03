//! Strategic merge patches and JSON patches.

use thiserror::Error;

use super::Problem;

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
    #[error("must specify one of patch and path in a patch")]
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
    #[error("unable to parse SM or JSON patch from {source_name}: line {line}: {problem}")]
    Unreadable {
        /// The patch or its file.
        source_name: String,
        /// The line in the file.
        line: u32,
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
    #[error("patch appears to be empty")]
    JsonEmpty,
    /// A text that is no JSON patch.
    #[error("a JSON patch is a list of operations, each with `op` and `path`")]
    NotJson,
    /// A `PatchStrategicMergeTransformer` without patches.
    #[error("empty file path and empty patch content")]
    StrategicMissing,
    /// Strategic merge patches that say nothing.
    #[error("patch appears to be empty; it has no object")]
    StrategicEmpty,
    /// A `$patch` directive that there is not.
    #[error("unknown patch strategy '{directive}'; $patch is merge, replace or delete")]
    UnknownDirective {
        /// The directive.
        directive: String,
    },
    /// A patch that puts one kind of value in the place of another.
    #[error(
        "wrong node kind: expected {wanted} but got {found} (line {line} of the patch or object)"
    )]
    WrongKind {
        /// The kind that is there.
        wanted: &'static str,
        /// The kind that the patch has.
        found: &'static str,
        /// The line of the one that does not fit.
        line: u32,
    },
    /// An operation without a field that it needs.
    #[error("{op} operation failed to decode {field}: the field is missing")]
    Field {
        /// The operation.
        op: String,
        /// The field.
        field: &'static str,
    },
    /// An operation that there is not.
    #[error("Unexpected kind: {op}; op is add, remove, replace, move, copy or test")]
    Operation {
        /// The operation.
        op: String,
    },
    /// A path that leads nowhere.
    #[error("{op} operation does not apply: doc is missing path: {path}: missing value")]
    Path {
        /// The operation.
        op: &'static str,
        /// The path.
        path: String,
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
    },
    /// An array index that is out of bounds.
    #[error("Unable to access invalid index in path '{path}': the list has {length} elements")]
    Index {
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
