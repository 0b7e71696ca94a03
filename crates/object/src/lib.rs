//! A Kubernetes object with identity and origin, its merge rules and its differences.
//!
//! - [`Gvk`], [`ObjectRef`]: what an object is called.
//! - [`diff`]: the fields in which two objects differ ([`FieldChange`]), secret values hidden by a [`Mask`].
//! - [`patch`]: JSON patch, merge patch and strategic merge patch.
//! - [`schema`]: what is known about the fields of built-in kinds and of CRDs.
//! - [`Object`]: its JSON value, its identity, and where it was written ([`Origin`]); [`PackedObject`] while it waits.
//!
//! ```
//! use windlass_object::{Object, ObjectRef};
//!
//! let object = Object::new(serde_json::json!({
//!     "apiVersion": "apps/v1", "kind": "Deployment",
//!     "metadata": {"name": "web", "namespace": "shop"},
//! }))?;
//! assert_eq!(object.id().to_string(), "Deployment/shop/web");
//! # Ok::<(), windlass_object::ObjectError>(())
//! ```

mod diff;
mod id;
mod object;
mod packed;
pub mod patch;
pub mod schema;
mod strategic;

pub use diff::{
    FieldChange, FieldPath, FieldValue, Fingerprint, FingerprintKey, KeyedDigest, Mask,
    PathSegment, diff,
};
pub use id::{Gvk, ObjectRef};
pub use object::{Object, ObjectError, Origin};
pub use packed::PackedObject;
