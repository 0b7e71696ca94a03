//! What was there instead of what was looked for: nearest first, the rest only counted.

use std::fmt;

/// How many names a message lists.
const SHOWN: usize = 5;

/// How many names are compared with the one that was looked for; the others are only counted.
const COMPARED: usize = 1_000;

/// What there is instead of what was looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct There {
    /// The names that are most like the one that was looked for, nearest first.
    pub nearest: Vec<String>,
    /// How many others there are.
    pub more: usize,
}

impl There {
    /// Returns the nearest of some things by their distance and name.
    pub(crate) fn nearest<T>(
        mut things: impl Iterator<Item = T>,
        likeness: impl Fn(T) -> (usize, String),
    ) -> Self {
        let mut names: Vec<_> = things.by_ref().take(COMPARED).map(likeness).collect();
        // Stable: what is equally far away keeps its order.
        names.sort_by_key(|(distance, _)| *distance);
        let more = names.len().saturating_sub(SHOWN) + things.count();
        let nearest = names.into_iter().take(SHOWN).map(|(_, name)| name);
        Self {
            nearest: nearest.collect(),
            more,
        }
    }

    /// Returns the names that are most like `wanted`.
    pub(crate) fn like<'n>(wanted: &str, names: impl Iterator<Item = &'n str>) -> Self {
        Self::nearest(names, |name| {
            (crate::nearest::distance(wanted, name), name.to_owned())
        })
    }

    /// Returns whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nearest.is_empty()
    }
}

impl fmt::Display for There {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let others = format!("{} more", self.more);
        let mut words: Vec<&str> = self.nearest.iter().map(String::as_str).collect();
        if self.more > 0 {
            words.push(&others);
        }
        match words[..] {
            [] => formatter.write_str("nothing"),
            [only] => formatter.write_str(only),
            [ref first @ .., last] => write!(formatter, "{} and {last}", first.join(", ")),
        }
    }
}

/// How far a path into an object leads, and what is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// The part of the path that exists, as it was written; empty when not even its first part does.
    pub path: String,
    /// What the path leads to.
    pub end: End,
}

/// What the existing part of a path leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// A mapping with these fields.
    Fields(There),
    /// A list of so many elements.
    Elements(usize),
    /// A plain value, which has no parts. It is not shown, since it may be a secret.
    #[default]
    Value,
}

impl fmt::Display for Reached {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() {
            "the object"
        } else {
            &self.path
        };
        match &self.end {
            End::Fields(fields) if fields.is_empty() => write!(formatter, "{path} is empty"),
            End::Fields(fields) => write!(formatter, "{path} has {fields}"),
            End::Elements(1) => write!(formatter, "{path} is a list of 1 element"),
            End::Elements(count) => write!(formatter, "{path} is a list of {count} elements"),
            End::Value => write!(formatter, "{path} is a plain value, which has no parts"),
        }
    }
}
