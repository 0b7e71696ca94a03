//! What kube-apiserver 1.37 refuses, in its words.

mod decode;
mod errors;

pub(crate) use decode::{decode, decode_field, duplicate_fields};
pub(crate) use errors::FieldErrors;
