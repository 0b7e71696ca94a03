//! Shows what happens: a live table, plain lines, or JSON.

mod event;
mod json;
mod lines;
mod table;

use std::io::IsTerminal;

use crate::cli::Output;
use crate::haul::Haul;
use crate::style::Style;

pub(crate) use event::Event;

/// Somewhere to show what happens.
pub(crate) trait Report: Sync {
    /// Shows something that happened.
    fn event(&self, event: &Event);
    /// Shows how the units stand, when that has changed.
    fn standing(&self, haul: &Haul);
}

/// Returns what suits the output: JSON lines, a table on a terminal, plain lines elsewhere.
pub(crate) fn new(output: Output, style: Style) -> Box<dyn Report> {
    match output {
        Output::Json => Box::new(json::Json::default()),
        _ if std::io::stdout().is_terminal() => Box::new(table::Table::new(style)),
        _ => Box::new(lines::Lines::new(style)),
    }
}
