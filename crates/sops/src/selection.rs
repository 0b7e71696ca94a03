//! Which values of a document are encrypted.

use windlass_regexp::Regexp;

/// What the metadata of a document says about its values: which are encrypted, which the MAC covers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Which values are encrypted.
    pub selection: Selection,
    /// Whether the MAC covers only the values that are encrypted.
    pub mac_only_encrypted: bool,
}

/// The rule that says which values of a document are encrypted. It holds for whole subtrees: a key that
/// matches decides for all that is below it.
///
/// ```
/// use windlass_sops::{Selection, SelectionKind};
///
/// let rule = Selection::new(SelectionKind::EncryptedRegex, "^(data|stringData)$")?;
/// assert_eq!(rule.kind().field(), "encrypted_regex");
/// assert!(Selection::new(SelectionKind::EncryptedRegex, "[").is_err());
/// # Ok::<(), windlass_sops::InvalidPattern>(())
/// ```
#[derive(Clone, Debug)]
pub struct Selection {
    kind: SelectionKind,
    /// The suffix or the regular expression.
    text: String,
    /// The compiled expression; `None` for a suffix, and for an expression that is invalid.
    pattern: Option<Regexp>,
}

/// What a [`Selection`] looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SelectionKind {
    /// Everything is encrypted but what is below keys with this suffix.
    UnencryptedSuffix,
    /// What is below keys with this suffix is encrypted.
    EncryptedSuffix,
    /// Everything is encrypted but what is below keys that match.
    UnencryptedRegex,
    /// What is below keys that match is encrypted.
    EncryptedRegex,
    /// Everything is encrypted but what follows a comment that matches.
    UnencryptedCommentRegex,
    /// What follows a comment that matches is encrypted.
    EncryptedCommentRegex,
}

/// A rule is no regular expression of Go's. sops 3.11 takes it for one that matches nothing, and may
/// leave secrets in clear.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {pattern:?} is not a regular expression: {reason}")]
pub struct InvalidPattern {
    /// The field of the metadata or of the creation rule.
    pub field: &'static str,
    /// The expression.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: String,
}

/// What a rule looks at.
pub(crate) struct Surroundings<'p> {
    /// Whether one of the keys from the root to the value matches.
    pub(crate) key_matches: bool,
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
    /// Adds a comment behind the others: whether it matches.
    pub(crate) fn add(&mut self, matches: bool) {
        self.earlier_matches |= self.last_matches;
        self.last_matches = matches;
    }

    fn match_any(self) -> bool {
        self.earlier_matches || self.last_matches
    }
}

impl SelectionKind {
    /// All of them, in the order of the metadata.
    pub const ALL: [Self; 6] = [
        Self::UnencryptedSuffix,
        Self::EncryptedSuffix,
        Self::UnencryptedRegex,
        Self::EncryptedRegex,
        Self::UnencryptedCommentRegex,
        Self::EncryptedCommentRegex,
    ];

    /// Returns the field that documents and creation rules have for it: `encrypted_regex`. The flags of
    /// sops have hyphens instead.
    pub fn field(self) -> &'static str {
        match self {
            Self::UnencryptedSuffix => "unencrypted_suffix",
            Self::EncryptedSuffix => "encrypted_suffix",
            Self::UnencryptedRegex => "unencrypted_regex",
            Self::EncryptedRegex => "encrypted_regex",
            Self::UnencryptedCommentRegex => "unencrypted_comment_regex",
            Self::EncryptedCommentRegex => "encrypted_comment_regex",
        }
    }

    fn is_regex(self) -> bool {
        !matches!(self, Self::UnencryptedSuffix | Self::EncryptedSuffix)
    }

    fn is_of_comments(self) -> bool {
        matches!(
            self,
            Self::UnencryptedCommentRegex | Self::EncryptedCommentRegex
        )
    }
}

impl Default for Selection {
    /// Returns the rule of documents that name none: `unencrypted_suffix: _unencrypted`.
    fn default() -> Self {
        Self::of_document(SelectionKind::UnencryptedSuffix, "_unencrypted")
    }
}

impl PartialEq for Selection {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.text == other.text
    }
}

impl Eq for Selection {}

impl Selection {
    /// Returns the rule with this suffix or regular expression.
    pub fn new(kind: SelectionKind, text: &str) -> Result<Self, InvalidPattern> {
        let selection = Self::of_document(kind, text);
        selection.check().map(|()| selection)
    }

    /// Returns the rule of a document; an invalid expression matches nothing, as in sops.
    pub(crate) fn of_document(kind: SelectionKind, text: &str) -> Self {
        let compiled = kind.is_regex().then(|| Regexp::new(text).ok()).flatten();
        Self {
            kind,
            text: text.to_owned(),
            pattern: compiled,
        }
    }

    /// Returns an error when this is an invalid expression.
    pub fn check(&self) -> Result<(), InvalidPattern> {
        if !self.kind.is_regex() || self.pattern.is_some() {
            return Ok(());
        }
        let reason = Regexp::new(&self.text).map_err(|invalid| invalid.reason);
        Err(InvalidPattern {
            field: self.kind.field(),
            pattern: self.text.clone(),
            reason: reason.err().unwrap_or_default(),
        })
    }

    /// Returns what the rule looks at.
    pub fn kind(&self) -> SelectionKind {
        self.kind
    }

    /// Returns the suffix or the regular expression.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns whether the value is encrypted that has these surroundings.
    pub(crate) fn encrypts(&self, around: &Surroundings<'_>) -> bool {
        match self.kind {
            SelectionKind::UnencryptedSuffix | SelectionKind::UnencryptedRegex => {
                !around.key_matches
            }
            SelectionKind::EncryptedSuffix | SelectionKind::EncryptedRegex => around.key_matches,
            SelectionKind::UnencryptedCommentRegex => !around.any_comment_matches(),
            SelectionKind::EncryptedCommentRegex => {
                around.any_comment_matches() && !around.is_first_match()
            }
        }
    }

    /// Returns whether the rule is about keys, and this one matches.
    pub(crate) fn matches_key(&self, key: &str) -> bool {
        if self.kind.is_of_comments() {
            return false;
        }
        match &self.pattern {
            Some(pattern) => pattern.is_match(key),
            None => !self.kind.is_regex() && key.ends_with(self.text.as_str()),
        }
    }

    /// Returns whether the rule is about comments, and this one matches.
    pub(crate) fn matches_comment(&self, comment: &str) -> bool {
        let pattern = self.pattern.as_ref().filter(|_| self.kind.is_of_comments());
        pattern.is_some_and(|pattern| pattern.is_match(comment))
    }
}

impl Surroundings<'_> {
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

    fn active(rule: &Selection, texts: &[&str]) -> ActiveComments {
        let mut comments = ActiveComments::default();
        for text in texts {
            comments.add(rule.matches_comment(text));
        }
        comments
    }

    fn encrypts(field: &str, text: &str, keys: &[&str], comments: &[&[&str]]) -> bool {
        let mut kinds = SelectionKind::ALL.into_iter();
        let kind = kinds.find(|kind| kind.field() == field).unwrap();
        let rule = Selection::of_document(kind, text);
        let comments: Vec<_> = comments.iter().map(|level| active(&rule, level)).collect();
        rule.encrypts(&Surroundings {
            key_matches: keys.iter().any(|key| rule.matches_key(key)),
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
        let rule = Selection::of_document(SelectionKind::EncryptedCommentRegex, "secret");
        let encrypts = |texts: &[&str]| {
            rule.encrypts(&Surroundings {
                key_matches: false,
                comments: &[active(&rule, texts)],
                is_comment: true,
            })
        };
        assert!(!encrypts(&["secret"]));
        assert!(encrypts(&["secret", "more"]));
    }

    #[test]
    fn an_invalid_expression_matches_nothing_and_is_reported() {
        let rule = Selection::of_document(SelectionKind::EncryptedRegex, "[");
        assert_eq!(rule.check().unwrap_err().pattern, "[");
        assert!(!encrypts("encrypted_regex", "[", &["["], &[]));
    }
}
