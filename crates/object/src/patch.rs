//! The three patches of the Kubernetes API: JSON patch, JSON merge patch and strategic merge patch.

mod json;
mod merge;

pub use json::{JsonPatchError, MAX_OPERATIONS, json_patch};
pub use merge::merge_patch;

pub use crate::strategic::{StrategicError, strategic_merge_patch};

#[cfg(test)]
mod laws;
