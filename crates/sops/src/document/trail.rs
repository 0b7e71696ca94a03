//! Where a walk over a document stands, and what the rules say there.

use std::fmt::{self, Write};

use crate::Selection;
use crate::selection::{ActiveComments, Place};

/// The way from the root to the current value.
pub(super) struct Trail<'r> {
    selection: &'r Selection,
    /// The keys from the root to the current value.
    keys: Vec<String>,
    /// The same, as sops authenticates it with each value: `a:b:`.
    authenticated: String,
    /// The same with list positions, as it is shown: `["a"]["b"][0]`.
    shown: String,
    /// For each level, the comments before the current value.
    comments: Vec<ActiveComments>,
}

/// Where the trail was before a step.
pub(super) struct Mark {
    authenticated: usize,
    shown: usize,
}

impl<'r> Trail<'r> {
    pub(super) fn new(selection: &'r Selection) -> Self {
        Self {
            selection,
            keys: Vec::new(),
            authenticated: String::new(),
            shown: String::new(),
            comments: Vec::new(),
        }
    }

    /// Goes into a mapping or a list.
    pub(super) fn enter(&mut self) {
        self.comments.push(ActiveComments::default());
    }

    pub(super) fn leave(&mut self) {
        self.comments.pop();
    }

    /// Goes to a key of the current mapping.
    pub(super) fn enter_key(&mut self, key: &str) -> Mark {
        let mark = self.mark();
        self.authenticated.push_str(key);
        self.authenticated.push(':');
        self.show(format_args!("[{key:?}]"));
        self.keys.push(key.to_owned());
        mark
    }

    /// Returns from a key, whose comments end here.
    pub(super) fn leave_key(&mut self, mark: &Mark) {
        self.keys.pop();
        self.authenticated.truncate(mark.authenticated);
        self.shown.truncate(mark.shown);
        self.forget_comments();
    }

    /// Goes to a position of the current list, which is no part of what is authenticated.
    pub(super) fn enter_position(&mut self, position: usize) -> Mark {
        let mark = self.mark();
        self.show(format_args!("[{position}]"));
        mark
    }

    /// Returns from a position. A comment does not end the comments before it.
    pub(super) fn leave_position(&mut self, mark: &Mark, is_comment: bool) {
        self.shown.truncate(mark.shown);
        if !is_comment {
            self.forget_comments();
        }
    }

    pub(super) fn add_comment(&mut self, line: &str) {
        if let Some(level) = self.comments.last_mut() {
            level.add(self.selection, line);
        }
    }

    /// Returns whether the current value is encrypted; or the comment that was added last.
    pub(super) fn encrypts(&self, is_comment: bool) -> bool {
        self.selection.encrypts(&Place {
            keys: &self.keys,
            comments: &self.comments,
            is_comment,
        })
    }

    /// Returns what is authenticated with the current value.
    pub(super) fn place(&self) -> &str {
        if self.authenticated.is_empty() {
            ":"
        } else {
            &self.authenticated
        }
    }

    /// Returns the way as `sops --extract` takes it.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    fn mark(&self) -> Mark {
        Mark {
            authenticated: self.authenticated.len(),
            shown: self.shown.len(),
        }
    }

    fn show(&mut self, step: fmt::Arguments<'_>) {
        self.shown
            .write_fmt(step)
            .expect("writing to a String cannot fail");
    }

    fn forget_comments(&mut self) {
        if let Some(level) = self.comments.last_mut() {
            *level = ActiveComments::default();
        }
    }
}
