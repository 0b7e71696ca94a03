//! Plain lines, for logs and pipes.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::{Event, Report};
use crate::haul::{Haul, Standing};
use crate::style::{Ink, Style};

/// Prints a line for each thing that happens.
pub(super) struct Lines {
    style: Style,
    standings: Standings,
}

/// Tells which units stand differently from the last time.
#[derive(Default)]
pub(super) struct Standings(Mutex<BTreeMap<String, Standing>>);

impl Standings {
    /// Returns an event for each unit whose standing has changed and settled.
    pub(super) fn changed(&self, haul: &Haul) -> Vec<Event> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut events = Vec::new();
        for (name, state) in haul.units() {
            let standing = state.standing();
            if last.get(name) == Some(standing) {
                continue;
            }
            let (word, details) = describe(standing);
            let was = last.insert(name.to_owned(), standing.clone());
            // What a unit waits for changes all the time; that it waits is said once.
            let is_news = was.is_none_or(|was| {
                describe(&was).0 != word || matches!(standing, Standing::Failed(_))
            });
            if is_news && !matches!(standing, Standing::Working) {
                events.push(Event::Unit {
                    unit: name.to_owned(),
                    standing: word,
                    details: details.to_vec(),
                });
            }
        }
        events
    }
}

/// Returns the word for a standing, and its details.
pub(super) fn describe(standing: &Standing) -> (&'static str, &[String]) {
    match standing {
        Standing::Working => ("working", &[]),
        Standing::Waiting(details) => ("waiting", details),
        Standing::Blocked(details) => ("blocked", details),
        Standing::Failed(details) => ("failed", details),
        Standing::Ready => ("ready", &[]),
    }
}

impl Lines {
    pub(super) fn new(style: Style) -> Self {
        Self {
            style,
            standings: Standings::default(),
        }
    }
}

impl Report for Lines {
    fn event(&self, event: &Event) {
        println!("{}", paint(self.style, event));
    }

    fn standing(&self, haul: &Haul) {
        self.standings
            .changed(haul)
            .iter()
            .for_each(|event| self.event(event));
    }
}

/// Returns the line of an event, in its colour.
pub(super) fn paint(style: Style, event: &Event) -> String {
    let text = event.to_string();
    match event {
        Event::Converged { .. } => style.out(Ink::Green, &text),
        Event::Failed { .. }
        | Event::SourceFailed { .. }
        | Event::Unit {
            standing: "failed", ..
        } => style.out(Ink::Red, &text),
        Event::Drift { .. }
        | Event::Warning { .. }
        | Event::Unit {
            standing: "blocked",
            ..
        } => style.out(Ink::Yellow, &text),
        Event::Applied { .. } => style.out(Ink::Dim, &text),
        _ => text,
    }
}
