//! Parts of messages.

use std::fmt;

use windlass_tree::TreePath;

use super::{Place, Problem};

/// A path as kustomize's messages have it: from the root.
pub(super) struct Rooted<'p>(pub(super) &'p TreePath);

impl fmt::Display for Rooted<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "/{}", self.0.as_str())
    }
}

/// The word that was probably meant.
pub(super) struct DidYouMean<'w>(pub(super) Option<&'w str>);

impl fmt::Display for DidYouMean<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .map_or(Ok(()), |word| write!(formatter, "; did you mean {word:?}?"))
    }
}

/// What the build has.
pub(super) struct There<'t>(pub(super) &'t [String]);

impl fmt::Display for There<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => formatter.write_str("; the build has no such objects"),
            [only] => write!(formatter, "; the build has {only}"),
            [first @ .., last] => {
                write!(formatter, "; the build has {} and {last}", first.join(", "))
            }
        }
    }
}

/// Places, one behind the other.
pub(super) struct Listed<'p>(pub(super) &'p [Place]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, place) in self.0.iter().enumerate() {
            write!(formatter, "{}{place}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// The reason, if there is one.
pub(super) struct Because<'p>(pub(super) Option<&'p Problem>);

impl fmt::Display for Because<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .map_or(Ok(()), |problem| write!(formatter, ": {problem}"))
    }
}

/// Says what to do about the mistake that people make most.
pub(super) fn advice(found: &str, wanted: &str) -> &'static str {
    match (found, wanted) {
        ("number" | "bool", "string") => "; quote the value",
        _ => "",
    }
}

/// Returns a problem as it stands behind "invalid Kustomization".
pub(super) fn without_prefix(problem: &Problem) -> String {
    match problem {
        Problem::Yaml(error) => format!("yaml: {error}"),
        other => other.to_string(),
    }
}
