//! Where a walk over a document stands, and what the rules say there.

use crate::selection::{ActiveComments, Surroundings};
use crate::{Place, Selection, Step, ValuePath, Warning};

/// The way from the root to the current value.
pub(super) struct Trail<'d> {
    selection: &'d Selection,
    /// How many documents were entered.
    documents: usize,
    /// How many comments of the current document were passed.
    passed: usize,
    steps: Vec<Passed<'d>>,
    /// How many keys among the steps match the rule.
    matching_keys: usize,
    /// Whether anything matched the rule so far.
    matched: bool,
    /// The keys as sops authenticates them with each value: `a:b:`.
    authenticated: String,
    /// For each level, the comments before the current value.
    comments: Vec<ActiveComments>,
}

/// A step that was taken.
#[derive(Clone, Copy)]
enum Passed<'d> {
    Key(&'d str),
    Position(usize),
}

/// Where the trail was before a step to a key.
pub(super) struct Mark {
    authenticated: usize,
    matching_keys: usize,
}

impl<'d> Trail<'d> {
    pub(super) fn new(selection: &'d Selection) -> Self {
        Self {
            selection,
            documents: 0,
            passed: 0,
            steps: Vec::new(),
            matching_keys: 0,
            matched: false,
            authenticated: String::new(),
            comments: Vec::new(),
        }
    }

    /// Goes to the next document.
    pub(super) fn enter_document(&mut self) {
        self.documents += 1;
        self.passed = 0;
    }

    /// Goes into a mapping or a list.
    pub(super) fn enter(&mut self) {
        self.comments.push(ActiveComments::default());
    }

    pub(super) fn leave(&mut self) {
        self.comments.pop();
    }

    /// Goes to a key of the current mapping.
    pub(super) fn enter_key(&mut self, key: &'d str) -> Mark {
        let mark = Mark {
            authenticated: self.authenticated.len(),
            matching_keys: self.matching_keys,
        };
        self.authenticated.push_str(key);
        self.authenticated.push(':');
        if self.selection.matches_key(key) {
            self.matching_keys += 1;
            self.matched = true;
        }
        self.steps.push(Passed::Key(key));
        mark
    }

    /// Returns from a key, whose comments end here.
    pub(super) fn leave_key(&mut self, mark: &Mark) {
        self.steps.pop();
        self.authenticated.truncate(mark.authenticated);
        self.matching_keys = mark.matching_keys;
        self.forget_comments();
    }

    /// Goes to a position of the current list, which is no part of what is authenticated.
    pub(super) fn enter_position(&mut self, position: usize) {
        self.steps.push(Passed::Position(position));
    }

    /// Returns from a position. A comment does not end the comments before it.
    pub(super) fn leave_position(&mut self, is_comment: bool) {
        self.steps.pop();
        if !is_comment {
            self.forget_comments();
        }
    }

    /// Passes a comment, which has a text unless it is binary.
    pub(super) fn pass_comment(&mut self, line: Option<&str>) {
        self.passed += 1;
        if let (Some(level), Some(line)) = (self.comments.last_mut(), line) {
            let matches = self.selection.matches_comment(line);
            level.add(matches);
            self.matched |= matches;
        }
    }

    /// Returns whether the current value is encrypted; or the comment that was passed last.
    pub(super) fn encrypts(&self, is_comment: bool) -> bool {
        self.selection.encrypts(&Surroundings {
            key_matches: self.matching_keys > 0,
            comments: &self.comments,
            is_comment,
        })
    }

    /// Returns what is authenticated with the current value.
    pub(super) fn authenticated(&self) -> &str {
        if self.authenticated.is_empty() {
            ":"
        } else {
            &self.authenticated
        }
    }

    /// Returns which document the current value is in, counted from 0.
    pub(super) fn document(&self) -> usize {
        self.documents.saturating_sub(1)
    }

    /// Returns the way to the current value.
    pub(super) fn path(&self) -> ValuePath {
        let steps = self.steps.iter().map(|step| match step {
            Passed::Key(key) => Step::Key((*key).to_owned()),
            Passed::Position(position) => Step::Index(*position),
        });
        ValuePath {
            steps: steps.collect(),
        }
    }

    /// Returns the place of the comment that was passed last.
    pub(super) fn comment(&self) -> Place {
        Place::Comment {
            document: self.document(),
            number: self.passed.saturating_sub(1),
        }
    }

    /// Returns a warning when the walk is over and nothing matched a rule. That of documents without one is
    /// meant to match nothing.
    pub(super) fn unmatched_rule(&self) -> Option<Warning> {
        let is_meant = self.selection.check().is_ok() && *self.selection != Selection::default();
        (is_meant && !self.matched).then(|| Warning::NothingMatches {
            field: self.selection.kind().field(),
            pattern: self.selection.text().to_owned(),
        })
    }

    fn forget_comments(&mut self) {
        if let Some(level) = self.comments.last_mut() {
            *level = ActiveComments::default();
        }
    }
}
