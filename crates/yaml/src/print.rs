//! Printing: as `kustomize build` does, and as go-yaml v3 does with comments and styles.

use serde_json::Value as Json;

use crate::node::Node;

mod analysis;
mod build;
mod error;
mod file;
mod keys;
mod writer;

pub(crate) use build::{
    Place, duplicate_key, float_text, key_text, read_back, resolve_again, tag_mismatch, text_again,
};
pub use error::PrintError;
pub use file::{FileStyle, SequenceIndent, print_file};
pub(crate) use keys::is_old_word_or_base60;

/// Returns whether this text can stand without quotes, in brackets as well.
pub(crate) fn is_plain_anywhere(text: &str) -> bool {
    !text.is_empty() && analysis::analyse(text, analysis::Version::V3).flow_plain_text(text)
}

/// Returns the text that `kustomize build` 5.8.1 prints for this object.
///
/// That program turns an object into JSON, reads the JSON with go.yaml.in/yaml/v2 2.4.2 and prints it
/// with the same library. So comments, styles and tags are lost, keys are sorted in natural order
/// (`a2` before `a10`), lists stand at the column of their key, and texts are folded at 80 columns.
/// Quirks of both steps are kept: U+0085 is folded to a space, times get a zone, floats that are whole
/// become integers, nothing within brackets (`[a, , b]` or `{a, b: }`) is an empty string, not null.
///
/// Keys that go-yaml's natural order does not order consistently (`a1`, `a01`, `a1b`) come out in an
/// order that depends on the input there; here it depends on their order in the node.
///
/// # Errors
///
/// What JSON or go-yaml v2 cannot hold: infinities and NaN, keys that are not strings, control
/// characters from U+007F on, aliases and merge keys that were not expanded, the same key twice.
///
/// ```
/// let documents = windlass_yaml::parse("b: 'yes'\na: {y: 0x10, list: [1.0, text]} # gone\n")?;
/// let printed = windlass_yaml::print_build(&documents[0].root)?;
/// assert_eq!(printed, "a:\n  list:\n  - 1\n  - text\n  \"y\": 16\nb: \"yes\"\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn print_build(node: &Node) -> Result<String, PrintError> {
    let mut out = String::new();
    print_build_into(node, &mut out)?;
    Ok(out)
}

/// Appends what [`print_build`] returns; after an error `out` holds a part of it.
///
/// ```
/// let mut out = String::new();
/// for document in windlass_yaml::parse("b: 1\n---\na: 2\n")? {
///     if !out.is_empty() {
///         out.push_str("---\n");
///     }
///     windlass_yaml::print_build_into(&document.into_root(), &mut out)?;
/// }
/// assert_eq!(out, "b: 1\n---\na: 2\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// As [`print_build`].
pub fn print_build_into(node: &Node, out: &mut String) -> Result<(), PrintError> {
    build::print(node, out)
}

/// Returns the text that `kustomize build` prints for this JSON value (sigs.k8s.io/yaml's
/// `JSONToYAML`).
///
/// ```
/// let value = serde_json::json!({"replicas": 2.0, "name": "no"});
/// assert_eq!(windlass_yaml::print_build_json(&value)?, "name: \"no\"\nreplicas: 2\n");
/// # Ok::<(), windlass_yaml::PrintError>(())
/// ```
///
/// # Errors
///
/// As [`print_build`].
pub fn print_build_json(value: &Json) -> Result<String, PrintError> {
    print_build(&Node::from(value))
}
