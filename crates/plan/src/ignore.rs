//! Fields of objects that are someone else's business: an autoscaler's, a webhook's, a person's.
//!
//! What is ignored of an object that exists is applied just as far as we own it, with the value that it has. So it is
//! never changed, and never lost, either: a field that an apply leaves out goes away when nobody else owns it. What
//! somebody else applies, too, is left to them, as Flux does (`spec.ignore` of a Kustomization, 2.9).

mod fields;
mod known;
mod labels;
mod target;

use std::fmt;

use serde_json::Value;
use windlass_object::Object;

use crate::Unit;

pub(crate) use fields::{Paths, left};
pub use known::{Harmless, KNOWN, Known};
pub(crate) use known::{is_counted, known_in, known_of, turned_off, without_server_fields};
pub use target::{Target, TargetError};

/// The annotation with the pointers that an object ignores.
const POINTERS: &str = "windlass.dev/drift-ignore";
/// The annotation with the field managers whose fields an object ignores.
const MANAGERS: &str = "windlass.dev/drift-ignore-managers";

/// What is ignored of which objects.
#[derive(Clone, Debug, Default)]
pub struct IgnoreRule {
    /// Of which objects. The default is all.
    pub target: Target,
    /// What of them.
    pub ignored: Ignored,
}

/// What is ignored of an object: each of these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignored {
    /// The values at these places.
    pub pointers: Vec<Pointer>,
    /// The fields that these field managers own.
    pub managers: Vec<String>,
}

/// The place of a value in an object: a JSON pointer (RFC 6901). A position in a list is that in the source, and `*`
/// means all of a list or mapping.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pointer(Vec<String>);

/// Why a text does not say what is to be ignored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAPointer {
    /// It is no JSON pointer.
    #[error("{0:?} is no JSON pointer; write one such as /spec/replicas")]
    Syntax(String),
    /// It names what makes the object itself.
    #[error("{0} cannot be ignored: it says which object it is")]
    Identity(String),
    /// It names no difference that is left to others.
    #[error("{0:?} is no known difference; name one that the manual calls ignored, or all")]
    Known(String),
}

impl Pointer {
    /// Returns the place that `text` names.
    pub fn parse(text: &str) -> Result<Self, NotAPointer> {
        let wrong = || NotAPointer::Syntax(text.to_owned());
        let tokens = text.strip_prefix('/').ok_or_else(wrong)?.split('/');
        let tokens: Option<Vec<String>> = tokens.map(unescaped).collect();
        let tokens = tokens.ok_or_else(wrong)?;
        let is_identity = match tokens.first().map(String::as_str) {
            Some("apiVersion" | "kind" | "" | "*") => true,
            Some("metadata") => tokens
                .get(1)
                .is_none_or(|field| ["name", "namespace", "*"].contains(&field.as_str())),
            _ => false,
        };
        match is_identity {
            true if tokens == [""] => Err(wrong()),
            true => Err(NotAPointer::Identity(text.to_owned())),
            false => Ok(Self(tokens)),
        }
    }
}

/// Returns the key that a token stands for.
fn unescaped(token: &str) -> Option<String> {
    let mut parts = token.split('~');
    let mut key = parts.next()?.to_owned();
    for part in parts {
        let escape = part.chars().next()?;
        key.push(match escape {
            '0' => '~',
            '1' => '/',
            _ => return None,
        });
        key.push_str(&part[1..]);
    }
    Some(key)
}

impl fmt::Display for Pointer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|token| {
            let token = token.replace('~', "~0").replace('/', "~1");
            write!(formatter, "/{token}")
        })
    }
}

impl Ignored {
    /// Returns what an object of the source says of itself.
    pub(crate) fn of(object: &Object) -> Result<Self, NotAPointer> {
        let pointers: Result<_, _> = words(object, POINTERS).map(Pointer::parse).collect();
        Ok(Self {
            pointers: pointers?,
            managers: words(object, MANAGERS).map(str::to_owned).collect(),
        })
    }

    pub(crate) fn add(&mut self, more: &Self) {
        self.pointers.extend(more.pointers.iter().cloned());
        self.managers.extend(more.managers.iter().cloned());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pointers.is_empty() && self.managers.is_empty()
    }
}

/// Returns the words of an annotation, which commas or spaces part.
fn words<'a>(object: &'a Object, key: &str) -> impl Iterator<Item = &'a str> {
    let text = object.annotation(key).unwrap_or_default();
    let words = text.split([',', ' ', '\t', '\n', '\r']);
    words.filter(|word| !word.is_empty())
}

/// Returns the object as it is to be applied to the live one, by `manager`.
pub(crate) fn to_apply(
    unit: &Unit,
    object: &Object,
    live: &Value,
    ignored: &Ignored,
    manager: &str,
) -> Option<Object> {
    let value = left(object.value(), live, ignored, manager)?;
    // What makes an object is not ignored, so that it stays one.
    let made = Object::new(value).ok()?;
    let made = made.hiding(object.hidden().to_vec());
    Some(unit.labelled(match object.origin() {
        Some(origin) => made.with_origin(origin.clone()),
        None => made,
    }))
}

#[cfg(test)]
mod tests;
