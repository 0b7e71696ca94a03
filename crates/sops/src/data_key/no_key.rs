//! What is said when no key opens a document.

use std::fmt;

use crate::{KeyFailure, MasterKey};

/// No key that could be used opens a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoKey {
    /// The keys that did not open it, and why, in the order in which they were tried.
    pub keys: Vec<(MasterKey, KeyFailure)>,
    /// How many key groups the document has.
    pub groups: usize,
    /// How many of them are needed.
    pub threshold: usize,
    /// How many could be opened.
    pub opened: usize,
}

impl NoKey {
    /// Returns whether it may work when tried again: a service did not answer.
    pub fn is_transient(&self) -> bool {
        self.keys.iter().any(|(_, failure)| failure.is_transient())
    }

    /// Returns the keys that an identity of the caller's would have opened, and what kind of identity.
    fn wanted(&self) -> impl Iterator<Item = (&MasterKey, &'static str)> {
        self.keys.iter().filter_map(|(key, failure)| match failure {
            KeyFailure::NoIdentity { identity, .. } => Some((key, *identity)),
            _ => None,
        })
    }

    fn write_start(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.keys.iter().map(|(_, failure)| match failure {
            KeyFailure::NoIdentity { held, .. } => *held,
            _ => 0,
        });
        match self.groups {
            2.. => write!(
                formatter,
                "{} of the {} key groups are needed, and {} could be opened",
                self.threshold, self.groups, self.opened
            ),
            _ if self.wanted().next().is_none() => formatter.write_str("no key opens the document"),
            _ if held.sum::<usize>() == 0 => formatter.write_str("no identity was given"),
            _ => formatter.write_str("no identity that was given opens it"),
        }
    }
}

impl fmt::Display for NoKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.opened >= self.threshold {
            return formatter.write_str("the data key is damaged");
        }
        self.write_start(formatter)?;
        let mut kinds: Vec<&str> = self.wanted().map(|(_, kind)| kind).collect();
        kinds.dedup();
        for kind in kinds {
            let keys = self.wanted().filter(|(_, wanted)| *wanted == kind);
            let names: Vec<_> = keys.map(|(key, _)| key.to_string()).collect();
            let names = names.join(" or ");
            write!(formatter, "; the {kind} of {names} would do")?;
        }
        for (key, failure) in &self.keys {
            if !matches!(failure, KeyFailure::NoIdentity { .. }) {
                write!(formatter, "; {key} {failure}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for NoKey {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KeyType;

    fn age(name: &str) -> (MasterKey, KeyFailure) {
        let recipient = name.to_owned();
        let identity = "age identity";
        let failure = KeyFailure::NoIdentity { identity, held: 1 };
        (MasterKey::Age { recipient }, failure)
    }

    #[test]
    fn the_message_lists_the_recipients_and_what_is_not_supported() {
        let fingerprint = "85D77543B3D6".to_owned();
        let key_type = KeyType::Pgp;
        let error = NoKey {
            keys: vec![
                age("age1abc"),
                age("age1def"),
                (
                    MasterKey::Pgp { fingerprint },
                    KeyFailure::NotServed { key_type },
                ),
            ],
            groups: 1,
            threshold: 1,
            opened: 0,
        };
        insta::assert_snapshot!(error, @"no identity that was given opens it; the age identity of age1abc or age1def would do; 85D77543B3D6 is a PGP key, which is not supported here");
    }

    #[test]
    fn missing_groups_are_counted() {
        let error = NoKey {
            keys: vec![age("age1abc")],
            groups: 3,
            threshold: 2,
            opened: 1,
        };
        insta::assert_snapshot!(error, @"2 of the 3 key groups are needed, and 1 could be opened; the age identity of age1abc would do");
    }
}
