//! What the cluster has, and what it would make of a desired object.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use windlass_object::{FieldPath, ObjectRef};

/// What was found out about one object: desired, or in the inventory, or both.
#[derive(Clone, Debug)]
pub struct Observed {
    /// What is in the cluster.
    pub live: Live,
    /// What a server-side dry run of the apply gave. [`DryRun::None`] where there is nothing to apply.
    pub dry_run: DryRun,
}

/// The live object. Its `Debug` form does not show it.
#[derive(Clone)]
pub enum Live {
    /// The API server says that it does not exist.
    Absent,
    /// It exists.
    Present(Value),
    /// It exists, and is one of many: its JSON text, which takes a fifth of the memory. See [`Live::settled`].
    Text(Box<str>),
    /// It could not be read.
    Unknown {
        /// Why.
        reason: String,
    },
}

/// The answer to a server-side apply with `dryRun=All`. Its `Debug` form does not show the object, nor the
/// server's words, which may quote a value.
#[derive(Clone)]
pub enum DryRun {
    /// None was made. That is right for an object that is not desired; a desired one is blocked by it.
    None,
    /// The object as it would be.
    Merged(Value),
    /// None was needed: an apply would leave the live object as it is ([`crate::is_settled`]).
    Settled,
    /// The object as it would be after fields of other managers were taken over. No dry run of the server shows that
    /// in one request: [`Takeover::foresee`](crate::Takeover::foresee).
    TakenOver {
        /// Those managers.
        from: Vec<String>,
        /// The object.
        merged: Value,
    },
    /// The server refuses the object.
    Rejected {
        /// The `reason` of its Status, such as `Invalid` or `Forbidden`.
        reason: String,
        /// The `message` of its Status. For a Secret it is not passed on, since it may quote a value.
        message: String,
    },
    /// The server refuses the object because it exists and has fields that cannot be changed, and for nothing else:
    /// see [`immutable_fields`](crate::immutable_fields).
    Immutable {
        /// Those fields, such as `spec.selector`; empty when the server does not name them.
        fields: Vec<String>,
        /// What a dry run of creating it anew, under a name that is free, gave: [`DryRun::Merged`], with the name of
        /// the object in it, or [`DryRun::Rejected`].
        anew: Box<DryRun>,
    },
    /// Other field managers own fields that we want to set, and the apply was not forced.
    Conflict(Vec<Conflict>),
    /// It cannot be tried before other objects exist: the namespace, or the definition of the kind.
    Deferred {
        /// Those objects. When none of them is to be created by this plan, the object is blocked.
        until: Vec<ObjectRef>,
    },
}

/// A field that another manager owns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// The field.
    pub path: FieldPath,
    /// The manager that owns it.
    pub manager: String,
}

impl Observed {
    /// Returns what is known of an object that is only to be looked at, such as one to delete.
    #[must_use]
    pub fn live(live: Live) -> Self {
        Self {
            live,
            dry_run: DryRun::None,
        }
    }
}

impl Live {
    /// Returns an object to which nothing is done, as text.
    #[must_use]
    pub fn settled(object: &Value) -> Self {
        Self::Text(object.to_string().into())
    }

    /// Returns the object, `None` if there is none, or why that is not known.
    pub fn into_object(self) -> Result<Option<Value>, String> {
        match self {
            Self::Unknown { reason } => Err(reason),
            Self::Present(live) => Ok(Some(live)),
            live => Ok(live.object().map(Cow::into_owned)),
        }
    }

    /// Returns the object, if it is known to exist.
    #[must_use]
    pub fn object(&self) -> Option<Cow<'_, Value>> {
        match self {
            Self::Present(live) => Some(Cow::Borrowed(live)),
            Self::Text(text) => {
                let live = serde_json::from_str(text);
                Some(Cow::Owned(
                    live.expect("it was written from an object of a server"),
                ))
            }
            Self::Absent | Self::Unknown { .. } => None,
        }
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => formatter.write_str("Absent"),
            Self::Present(_) | Self::Text(_) => formatter.write_str("Present"),
            Self::Unknown { reason } => write!(formatter, "Unknown({reason})"),
        }
    }
}

impl fmt::Debug for DryRun {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => formatter.write_str("None"),
            Self::Merged(_) => formatter.write_str("Merged"),
            Self::TakenOver { from, .. } => write!(formatter, "TakenOver({from:?})"),
            Self::Settled => formatter.write_str("Settled"),
            Self::Rejected { reason, .. } => write!(formatter, "Rejected({reason})"),
            Self::Immutable { fields, anew } => {
                write!(formatter, "Immutable({fields:?}, {anew:?})")
            }
            Self::Conflict(conflicts) => write!(formatter, "Conflict({conflicts:?})"),
            Self::Deferred { until } => write!(formatter, "Deferred({until:?})"),
        }
    }
}
