//! A Kubernetes object with identity and origin, its merge rules and its differences.
//!
//! - [`Gvk`], [`ObjectRef`]: what an object is called.
//! - [`Object`]: its JSON value, its identity, and where it was written ([`Origin`]).
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

mod id;
mod object;

pub use id::{Gvk, ObjectRef};
pub use object::{Object, ObjectError, Origin};
