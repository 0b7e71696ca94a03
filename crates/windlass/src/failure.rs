//! Where errors become texts, hints and exit codes.

use std::error::Error;
use std::process::ExitCode;

use crate::style::{Ink, Style};
use crate::terminal::{complain, shown};

/// How a command ended that did its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// All is well: 0.
    Well,
    /// The work was done and something is wrong: 1. It has been printed already.
    Badly,
    /// What was compared differs: 3.
    Differs,
    /// As a program ended that was run: with its code.
    As(u8),
}

impl From<Done> for ExitCode {
    fn from(done: Done) -> Self {
        Self::from(match done {
            Done::Well => 0,
            Done::Badly => 1,
            Done::Differs => 3,
            Done::As(code) => code,
        })
    }
}

/// Why a command did not do its work: one or more mistakes, and what to do.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    errors: Vec<String>,
    hints: Vec<String>,
}

impl Failure {
    /// Returns a failure with one cause.
    pub(crate) fn new(error: &(dyn Error + 'static)) -> Self {
        Self::of([chain(error)])
    }

    /// Returns a failure with several independent causes.
    pub(crate) fn of(errors: impl IntoIterator<Item = String>) -> Self {
        Self {
            code: 1,
            errors: errors.into_iter().collect(),
            hints: Vec::new(),
        }
    }

    /// Returns a mistake in the use of the command line: exit code 2.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self {
            code: 2,
            ..Self::of([text.into()])
        }
    }

    /// Ends with another exit code, where a program that we stand in for has its own.
    #[must_use]
    pub(crate) fn with_code(self, code: u8) -> Self {
        Self { code, ..self }
    }

    /// Adds what to do.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Prints the failure to standard error and returns its exit code.
    pub(crate) fn report(&self, style: Style) -> ExitCode {
        for error in &self.errors {
            complain(&format!(
                "{} {}",
                style.err(Ink::Red, "error:"),
                shown(error)
            ));
        }
        if self.errors.len() > 1 {
            complain(&format!("{} errors", self.errors.len()));
        }
        for hint in &self.hints {
            complain(&format!("{} {hint}", style.err(Ink::Blue, "hint:")));
        }
        ExitCode::from(self.code)
    }
}

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(&error)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.errors.join("; "))
    }
}

/// Returns an error with its sources, each said once.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let part = source.to_string();
        if !text.contains(&part) {
            text = format!("{text}: {part}");
        }
        next = source.source();
    }
    text
}
