//! What kube-apiserver 1.37 refuses, in its words: bodies that are not what their kind is ([`decode`]),
//! and objects that break the rules of their kind ([`validate`]).
//!
//! The rules are those that manifests break most; a real kube-apiserver knows more of them. Admission
//! policies and webhooks are not evaluated.

mod config;
mod container;
mod decode;
mod duplicates;
mod errors;
mod go_print;
mod metadata;
pub(crate) mod names;
mod network;
mod pod;
mod policy;
mod quota;
mod semantic;
mod warnings;
mod workload;

pub(crate) use decode::{decode, decode_field};
pub(crate) use duplicates::duplicate_fields;
pub(crate) use errors::FieldErrors;
pub(crate) use go_print::version_list;
pub(crate) use metadata::check as check_metadata;
pub(crate) use semantic::validate;
pub(crate) use warnings::warnings;

#[cfg(test)]
mod tests;
