//! Colours, where they are wanted.

use std::io::IsTerminal;

use crate::cli::Color;

/// Whether to colour what goes to standard output and to standard error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    stdout: bool,
    stderr: bool,
}

/// The sixteen colours of a terminal, as far as we use them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ink {
    Red,
    Green,
    Yellow,
    Blue,
    Dim,
}

impl Style {
    /// Decides from the option, the terminal and `NO_COLOR` (no-color.org).
    pub(crate) fn new(color: Color) -> Self {
        let allowed = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let decide = |is_terminal: bool| match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && allowed,
        };
        Self {
            stdout: decide(std::io::stdout().is_terminal()),
            stderr: decide(std::io::stderr().is_terminal()),
        }
    }

    /// Returns whether standard output is coloured.
    pub(crate) fn is_coloured(self) -> bool {
        self.stdout
    }

    /// Returns `text` for standard output.
    pub(crate) fn out(self, ink: Ink, text: &str) -> String {
        paint(self.stdout, ink, text)
    }

    /// Returns `text` for standard error.
    pub(crate) fn err(self, ink: Ink, text: &str) -> String {
        paint(self.stderr, ink, text)
    }
}

fn paint(is_coloured: bool, ink: Ink, text: &str) -> String {
    if !is_coloured {
        return text.to_owned();
    }
    let code = match ink {
        Ink::Red => 31,
        Ink::Green => 32,
        Ink::Yellow => 33,
        Ink::Blue => 34,
        Ink::Dim => 2,
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}
