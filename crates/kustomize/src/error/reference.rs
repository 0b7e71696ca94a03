//! Names, namespaces, and the references and vars that follow them.

use thiserror::Error;

use super::Place;
use super::show::Listed;

/// What is wrong with a name, or with what refers to it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ReferenceProblem {
    /// Two objects that get the same identity.
    #[error(
        "namespace transformation produces ID conflict: {id}: {}",
        Listed(places)
    )]
    NamespaceConflict {
        /// The identity.
        id: String,
        /// Where the objects were read.
        places: Vec<Place>,
    },
    /// A role binding whose subject has an empty namespace.
    #[error("Invalid Input: namespace is blank for resource {id:?} (line {line})")]
    BlankNamespace {
        /// The identity of the role binding.
        id: String,
        /// The line of the namespace.
        line: u32,
    },
    /// A reference that does not name anything.
    #[error("path config error; no 'name' field in node")]
    Nameless,
    /// A name that could be that of several objects.
    #[error("found multiple possible referrals for {name}: {}", found.join(", "))]
    Ambiguous {
        /// The name.
        name: String,
        /// The identities of the objects.
        found: Vec<String>,
    },
    /// A var of the same name.
    #[error("var '{name}' already encountered")]
    RepeatedVar {
        /// The name.
        name: String,
    },
    /// A var that could be of several objects.
    #[error("found {count} resId matches for var {var} (unable to disambiguate)")]
    AmbiguousVar {
        /// How many.
        count: usize,
        /// The var.
        var: String,
    },
    /// A var whose object is not there.
    #[error("var '{var}' cannot be mapped to a field in the set of known resources")]
    VarObject {
        /// The var.
        var: String,
    },
    /// A var whose object lacks the field.
    #[error("field specified in var '{var}' not found in corresponding resource")]
    VarField {
        /// The var.
        var: String,
    },
    /// A key that is no text, where vars are replaced.
    #[error("invalid map key: value='{key}'; quote it")]
    VarKey {
        /// The key.
        key: String,
    },
    /// An element that is no text, where vars are replaced.
    #[error("invalid value type expect a string")]
    VarElement,
}
