//! YAML with styles, comments and positions, printed as kustomize prints it.
//!
//! - [`Node`]: a value with its tag, anchor, style, position and comments.
//! - [`Value`], [`Scalar`], [`Mapping`]: what a node holds.
//! - [`Position`]: where it stood in the text.

mod node;

pub use node::{Comments, Entry, Mapping, Node, Position, Scalar, ScalarStyle, Value};
