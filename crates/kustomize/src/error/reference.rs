//! Names, namespaces, and the references and vars that follow them.

use thiserror::Error;

use super::show::Listed;
use super::{Place, Reached, There};

/// What is wrong with a name, or with what refers to it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ReferenceProblem {
    /// Two objects that get the same identity.
    #[error("namespace transformation produces ID conflict: {id}")]
    NamespaceConflict {
        /// The identity.
        id: String,
        /// Where the objects were read.
        places: Vec<Place>,
    },
    /// A role binding whose subject has an empty namespace.
    #[error("Invalid Input: namespace is blank for resource {id:?}")]
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
    #[error("found multiple possible referrals: {}", found.join(", "))]
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
        /// What the build has.
        there: There,
    },
    /// A var whose object lacks the field.
    #[error("field specified in var '{var}' not found in corresponding resource")]
    VarField {
        /// The var.
        var: String,
        /// Which part of the path exists.
        reached: Option<Box<Reached>>,
    },
    /// A key that is no text, where vars are replaced.
    #[error("invalid map key: value='{key}'")]
    VarKey {
        /// The key.
        key: String,
    },
    /// An element that is no text, where vars are replaced.
    #[error("invalid value type expect a string")]
    VarElement,
}

impl ReferenceProblem {
    pub(super) fn advice(&self) -> String {
        match self {
            Self::NamespaceConflict { places, .. } => format!(
                "these would be the same object: {}; rename one of them",
                Listed(places)
            ),
            Self::BlankNamespace { line, .. } => {
                format!("give the subject in line {line} a namespace, or remove the field")
            }
            Self::Nameless => "a reference names its object in `name`".to_owned(),
            Self::Ambiguous { name, .. } => {
                format!("{name:?} is the name of all of them; give them different names")
            }
            Self::RepeatedVar { .. } => "give one of the vars another name".to_owned(),
            Self::AmbiguousVar { .. } => "add `namespace` to its objref".to_owned(),
            Self::VarObject { there, .. } => format!("the build has {there}"),
            Self::VarField { reached, .. } => reached
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            Self::VarKey { .. } | Self::VarElement => "quote it".to_owned(),
        }
    }
}
