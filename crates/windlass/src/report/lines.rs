//! Plain lines, for logs and pipes.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Event, Report};
use crate::haul::{Haul, Standing};
use crate::style::{Ink, Style};
use crate::terminal::say;

/// Prints a line for each thing that happens.
pub(super) struct Lines {
    style: Style,
    standings: Standings,
}

/// How long a unit waits before it is said what for.
const PATIENCE: Duration = Duration::from_secs(3);

/// Tells which units stand differently from the last time.
#[derive(Default)]
pub(super) struct Standings(Mutex<BTreeMap<String, Last>>);

/// How a unit stood when it was last looked at.
struct Last {
    word: &'static str,
    since: Instant,
    details: Vec<String>,
    is_said: bool,
}

impl Standings {
    /// Returns an event for each unit whose standing is news.
    pub(super) fn changed(&self, haul: &Haul) -> Vec<Event> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let units = haul.units();
        let said = units.filter_map(|(name, state)| {
            let (word, details) = describe(state.standing());
            let last = last
                .entry(name.to_owned())
                .or_insert_with(|| Last::new(word));
            let is_said = last.look(state.standing(), word, details);
            is_said.then(|| Event::Unit {
                unit: name.to_owned(),
                standing: word,
                details: details.to_vec(),
            })
        });
        said.collect()
    }
}

impl Last {
    fn new(word: &'static str) -> Self {
        Self {
            word,
            since: Instant::now(),
            details: Vec::new(),
            is_said: false,
        }
    }

    /// Returns whether to say how the unit stands: at once when it has settled, and after a while when it
    /// still waits. What it waits for changes all the time, so that is said once.
    fn look(&mut self, standing: &Standing, word: &'static str, details: &[String]) -> bool {
        let is_new = self.word != word
            || (matches!(standing, Standing::Failed(_)) && self.details != details);
        if is_new {
            *self = Self::new(word);
        }
        self.details = details.to_vec();
        let is_due = match standing {
            Standing::Working => false,
            Standing::Waiting(_) | Standing::Awaiting(_) => self.since.elapsed() >= PATIENCE,
            Standing::Blocked(_) | Standing::Failed(_) | Standing::Ready => true,
        };
        let is_said = is_due && !self.is_said;
        self.is_said |= is_due;
        is_said
    }
}

/// Returns the word for a standing, and its details.
pub(super) fn describe(standing: &Standing) -> (&'static str, &[String]) {
    match standing {
        Standing::Working => ("working", &[]),
        Standing::Waiting(details) | Standing::Awaiting(details) => ("waiting", details),
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
        say(&paint(self.style, event));
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
        Event::Converged { .. } | Event::Finished { .. } => style.out(Ink::Green, &text),
        Event::Failed { .. }
        | Event::NotConverged { .. }
        | Event::SourceFailed { .. }
        | Event::Unit {
            standing: "failed", ..
        } => style.out(Ink::Red, &text),
        Event::Drift { .. }
        | Event::Stale { .. }
        | Event::Warning { .. }
        | Event::WatchFailing { .. }
        | Event::WaitingForTurn { .. }
        | Event::TurnLost { .. }
        | Event::Unit {
            standing: "blocked",
            ..
        } => style.out(Ink::Yellow, &text),
        Event::Applied { .. } => style.out(Ink::Dim, &text),
        _ => text,
    }
}
