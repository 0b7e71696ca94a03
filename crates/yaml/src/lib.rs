//! YAML with styles, comments and positions, printed as kustomize prints it.
//!
//! - [`parse`]: a text to its [`Document`]s, within [`Limits`].
//! - [`Node`]: a value with its tag, anchor, style, position and comments.
//! - [`Value`], [`Scalar`], [`Mapping`]: what a node holds.
//! - [`Resolved`]: what type a scalar has, by [`Node::resolve`].
//! - [`print_build`]: a node as `kustomize build` prints it.
//! - [`print_file`]: documents as go-yaml v3 prints them, with comments and styles.
//! - [`replace_scalar`]: an edit of one scalar that leaves the rest of a text as it is.
//! - [`rewrite`]: an edit of anything in a tree that leaves the rest of its text as it is.
//! - [`Node::to_json`]: a node as a JSON value.
//!
//! ```
//! let documents = windlass_yaml::parse("kind: Service\nspec: {ports: [{port: 80}]}\n")?;
//! let mut service = documents[0].root.clone();
//! service.set("apiVersion", "v1".into());
//! assert_eq!(
//!     windlass_yaml::print_build(&service)?,
//!     "apiVersion: v1\nkind: Service\nspec:\n  ports:\n  - port: 80\n"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What the values mean to Kubernetes is the business of the crates above.

mod access;
mod alias;
mod edit;
mod error;
mod json;
mod mapping;
mod node;
mod number;
mod parse;
mod print;
mod resolve;
mod rewrite;

pub use edit::{EditError, replace_scalar};
pub use error::{LimitKind, ParseError};
pub use mapping::{Entry, Mapping};
pub use node::{Comments, Document, Layout, Node, Position, Scalar, ScalarStyle, Value};
pub use parse::{DuplicateKeys, Limits, ParseOptions, parse, parse_first, parse_with};
pub use print::{
    FileStyle, PrintError, SequenceIndent, print_build, print_build_into, print_build_json,
    print_file,
};
pub use resolve::Resolved;
pub use rewrite::{RewriteError, rewrite};
