//! How much a build may hold and do: what all its parts count together.

use windlass_yaml::Node;

use crate::edit::{self, MAX_COPIED};
use crate::error::{Problem, Refusal};

/// The most values that the objects of one build may have.
pub(crate) const MAX_VALUES: usize = 5_000_000;

/// How many fields and elements the transformers of one build may look at where an object alone can make
/// that many: in patches, and among labels.
pub(crate) const MAX_VISITS: usize = 500_000_000;

/// What a build has done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Work {
    values: usize,
    copied: usize,
    visits: usize,
}

impl Work {
    /// Returns that this much is done already.
    #[cfg(test)]
    pub(crate) fn done(values: usize, visits: usize) -> Self {
        Self {
            values,
            visits,
            ..Self::default()
        }
    }

    /// Counts values that an object gets.
    pub(crate) fn add(&mut self, values: usize) -> Result<(), Problem> {
        self.values = self.values.saturating_add(values);
        if self.values > MAX_VALUES {
            return Err(Refusal::Values { limit: MAX_VALUES }.into());
        }
        Ok(())
    }

    /// Counts what a change adds to an object of this size.
    pub(crate) fn add_growth(&mut self, before: usize, after: &Node) -> Result<(), Problem> {
        self.add(edit::size(after).saturating_sub(before))
    }

    /// Counts values that are copied from one field to another.
    pub(crate) fn copy(&mut self, value: &Node) -> Result<(), Problem> {
        self.copied = self.copied.saturating_add(edit::size(value));
        if self.copied > MAX_COPIED {
            return Err(Refusal::Size { limit: MAX_COPIED }.into());
        }
        Ok(())
    }

    /// Counts fields and elements that are looked at.
    pub(crate) fn visit(&mut self, count: usize) -> Result<(), Problem> {
        self.visits = self.visits.saturating_add(count);
        if self.visits > MAX_VISITS {
            return Err(Refusal::Visits { limit: MAX_VISITS }.into());
        }
        Ok(())
    }

    /// Returns whether a limit was passed, so that the build need not go on.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.values > MAX_VALUES || self.copied > MAX_COPIED || self.visits > MAX_VISITS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_does_as_much_as_the_limits_and_no_more() {
        let mut work = Work::done(MAX_VALUES - 1, MAX_VISITS - 1);
        assert!(work.add(1).is_ok() && work.visit(1).is_ok() && !work.is_exhausted());
        assert!(work.add(1).is_err() && work.is_exhausted());
        assert!(work.visit(1).is_err());
    }

    #[test]
    fn only_what_a_change_adds_counts() {
        let mut work = Work::done(MAX_VALUES - 1, 0);
        let list = Node::sequence(["a".into(), "b".into()]);
        assert!(work.add_growth(2, &list).is_ok());
        assert!(work.add_growth(2, &list).is_err());
    }
}
