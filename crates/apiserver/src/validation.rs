//! What kube-apiserver 1.37 refuses, in its words.

mod decode;

pub(crate) use decode::{decode, duplicate_fields};
