//! One JSON object a line, for programs.

use super::lines::Standings;
use super::{Event, Report};
use crate::haul::Haul;
use crate::terminal::say;

/// Prints each event as a line of JSON.
#[derive(Default)]
pub(super) struct Json {
    standings: Standings,
}

impl Report for Json {
    fn event(&self, event: &Event) {
        say(&serde_json::to_string(event).expect("an event always prints"));
    }

    fn standing(&self, haul: &Haul) {
        self.standings
            .changed(haul)
            .iter()
            .for_each(|event| self.event(event));
    }
}
