//! Parts of messages.

use std::fmt;

use super::{Place, Problem};

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

/// Asks whether another word was meant.
pub(super) fn did_you_mean(word: Option<&str>) -> String {
    word.map(|word| format!("did you mean {word:?}?"))
        .unwrap_or_default()
}

/// Returns a problem as it stands behind "invalid Kustomization".
pub(super) fn without_prefix(problem: &Problem) -> String {
    match problem {
        Problem::Yaml(error) => format!("yaml: {error}"),
        other => other.to_string(),
    }
}
