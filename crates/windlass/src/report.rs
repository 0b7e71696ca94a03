//! Shows what happens: a live table, plain lines, or JSON.

mod event;
mod json;
mod lines;
mod table;

use std::io::IsTerminal;

use crate::cli::EventOutput;
use crate::haul::{Haul, Standing};
use crate::style::Style;

pub(crate) use event::{Event, Unready};

/// Somewhere to show what happens.
pub(crate) trait Report: Sync {
    /// Shows something that happened.
    fn event(&self, event: &Event);
    /// Shows how the units stand, when that has changed.
    fn standing(&self, haul: &Haul);
}

/// Returns the units that are not ready, and why.
pub(crate) fn unready(haul: &Haul) -> Vec<Unready> {
    let unready = haul
        .units()
        .filter(|(_, state)| *state.standing() != Standing::Ready);
    let unready = unready.map(|(name, state)| {
        let (standing, details) = lines::describe(state.standing());
        Unready {
            unit: name.to_owned(),
            standing,
            details: details.to_vec(),
        }
    });
    unready.collect()
}

/// Returns what suits the output of a command that shows no table: JSON lines, or plain ones.
pub(crate) fn lines(output: EventOutput, style: Style) -> Box<dyn Report> {
    match output {
        EventOutput::Json => Box::new(json::Json::default()),
        EventOutput::Text => Box::new(lines::Lines::new(style)),
    }
}

/// Returns the word for a standing, and its details.
pub(crate) fn describe(standing: &Standing) -> (&'static str, &[String]) {
    lines::describe(standing)
}

/// Returns what suits the output: JSON lines, a table on a terminal, plain lines elsewhere.
pub(crate) fn new(output: EventOutput, style: Style) -> Box<dyn Report> {
    if output == EventOutput::Text && std::io::stdout().is_terminal() {
        Box::new(table::Table::new(style))
    } else {
        lines(output, style)
    }
}
