//! Which values of a document are encrypted.

mod pattern;

pub(crate) use pattern::Pattern;

/// The rule of a document that says which of its values are encrypted. It holds for whole subtrees: a
/// key that matches decides for all that is below it.
#[derive(Clone, Debug)]
pub(crate) enum Rule {
    UnencryptedSuffix(String),
    EncryptedSuffix(String),
    UnencryptedRegex(Pattern),
    EncryptedRegex(Pattern),
    UnencryptedCommentRegex(Pattern),
    EncryptedCommentRegex(Pattern),
}

/// What a rule looks at.
pub(crate) struct Place<'p> {
    /// The keys from the root to the value; list positions are not among them.
    pub(crate) keys: &'p [String],
    /// For each level of the document, what its comments before the value say.
    pub(crate) comments: &'p [ActiveComments],
    /// Whether the value is itself the last of these comments.
    pub(crate) is_comment: bool,
}

/// The comments before a value in one level: not their texts, only which of them match the rule, so that
/// many of them cost no more than few.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ActiveComments {
    earlier_matches: bool,
    last_matches: bool,
}

impl ActiveComments {
    /// Adds a comment behind the others.
    pub(crate) fn add(&mut self, rule: &Rule, comment: &str) {
        self.earlier_matches |= self.last_matches;
        self.last_matches = match rule {
            Rule::UnencryptedCommentRegex(pattern) | Rule::EncryptedCommentRegex(pattern) => {
                pattern.matches(comment)
            }
            _ => false,
        };
    }

    fn match_any(self) -> bool {
        self.earlier_matches || self.last_matches
    }
}

impl Default for Rule {
    /// Returns the rule of documents that name none.
    fn default() -> Self {
        Self::UnencryptedSuffix("_unencrypted".to_owned())
    }
}

type MakeRule = fn(&str) -> Rule;

impl Rule {
    /// The metadata fields, and the rule that each one is.
    pub(crate) const FIELDS: [(&'static str, MakeRule); 6] = [
        ("unencrypted_suffix", |text| {
            Self::UnencryptedSuffix(text.to_owned())
        }),
        ("encrypted_suffix", |text| {
            Self::EncryptedSuffix(text.to_owned())
        }),
        ("unencrypted_regex", |text| {
            Self::UnencryptedRegex(Pattern::new(text))
        }),
        ("encrypted_regex", |text| {
            Self::EncryptedRegex(Pattern::new(text))
        }),
        ("unencrypted_comment_regex", |text| {
            Self::UnencryptedCommentRegex(Pattern::new(text))
        }),
        ("encrypted_comment_regex", |text| {
            Self::EncryptedCommentRegex(Pattern::new(text))
        }),
    ];

    /// Returns whether the value at `place` is encrypted.
    pub(crate) fn encrypts(&self, place: &Place<'_>) -> bool {
        let any_key = |test: &dyn Fn(&str) -> bool| place.keys.iter().any(|key| test(key));
        match self {
            Self::UnencryptedSuffix(suffix) => !any_key(&|key| key.ends_with(suffix.as_str())),
            Self::EncryptedSuffix(suffix) => any_key(&|key| key.ends_with(suffix.as_str())),
            Self::UnencryptedRegex(pattern) => !any_key(&|key| pattern.matches(key)),
            Self::EncryptedRegex(pattern) => any_key(&|key| pattern.matches(key)),
            Self::UnencryptedCommentRegex(_) => !place.any_comment_matches(),
            Self::EncryptedCommentRegex(_) => {
                place.any_comment_matches() && !place.is_first_match()
            }
        }
    }

    /// Returns the regular expression that cannot be compiled, when the rule is one.
    pub(crate) fn invalid_pattern(&self) -> Option<&str> {
        match self {
            Self::UnencryptedSuffix(_) | Self::EncryptedSuffix(_) => None,
            Self::UnencryptedRegex(pattern)
            | Self::EncryptedRegex(pattern)
            | Self::UnencryptedCommentRegex(pattern)
            | Self::EncryptedCommentRegex(pattern) => pattern.invalid(),
        }
    }
}

impl Place<'_> {
    fn any_comment_matches(&self) -> bool {
        self.comments.iter().any(|level| level.match_any())
    }

    /// Returns whether the value is a comment, and the first one that matches.
    fn is_first_match(&self) -> bool {
        let Some((own, outer)) = self.comments.split_last() else {
            return false;
        };
        self.is_comment
            && own.last_matches
            && !own.earlier_matches
            && !outer.iter().any(|level| level.match_any())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn active(rule: &Rule, texts: &[&str]) -> ActiveComments {
        let mut comments = ActiveComments::default();
        for text in texts {
            comments.add(rule, text);
        }
        comments
    }

    fn encrypts(field: &str, text: &str, keys: &[&str], comments: &[&[&str]]) -> bool {
        let (_, make) = Rule::FIELDS
            .into_iter()
            .find(|(name, _)| *name == field)
            .unwrap();
        let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        let rule = make(text);
        let comments: Vec<_> = comments.iter().map(|level| active(&rule, level)).collect();
        rule.encrypts(&Place {
            keys: &owned(keys),
            comments: &comments,
            is_comment: false,
        })
    }

    #[test]
    fn a_key_decides_for_all_that_is_below_it() {
        assert!(!encrypts(
            "unencrypted_suffix",
            "_plain",
            &["a_plain", "b"],
            &[]
        ));
        assert!(encrypts(
            "encrypted_suffix",
            "_secret",
            &["a_secret", "b"],
            &[]
        ));
        assert!(encrypts("encrypted_regex", "^data$", &["data", "x"], &[]));
        assert!(!encrypts(
            "encrypted_regex",
            "^data$",
            &["metadata", "x"],
            &[]
        ));
        assert!(!encrypts("unencrypted_regex", "meta", &["metadata"], &[]));
    }

    #[test]
    fn comments_of_every_level_are_active() {
        let comments: &[&[&str]] = &[&["outer"], &["inner"]];
        assert!(encrypts(
            "encrypted_comment_regex",
            "outer",
            &["a", "b"],
            comments
        ));
        assert!(!encrypts(
            "encrypted_comment_regex",
            "none",
            &["a", "b"],
            comments
        ));
        assert!(!encrypts(
            "unencrypted_comment_regex",
            "inner",
            &["a", "b"],
            comments
        ));
    }

    #[test]
    fn the_comment_that_turns_encryption_on_stays_clear_itself() {
        let rule = Rule::EncryptedCommentRegex(Pattern::new("secret"));
        let encrypts = |texts: &[&str]| {
            rule.encrypts(&Place {
                keys: &[],
                comments: &[active(&rule, texts)],
                is_comment: true,
            })
        };
        assert!(!encrypts(&["secret"]));
        assert!(encrypts(&["secret", "more"]));
    }

    #[test]
    fn an_invalid_expression_matches_nothing_and_is_reported() {
        let rule = Rule::EncryptedRegex(Pattern::new("["));
        assert_eq!(rule.invalid_pattern(), Some("["));
        assert!(!encrypts("encrypted_regex", "[", &["["], &[]));
    }
}
