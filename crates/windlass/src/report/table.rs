//! A live table on a terminal: a row a unit, and the news above it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use windlass_plan::clean;

use super::lines::{describe, paint};
use super::{Event, Report};
use crate::haul::{Haul, Standing, State};
use crate::style::{Ink, Style};
use crate::terminal::say;

/// How often the spinners turn.
const TICK: Duration = Duration::from_millis(120);

/// Shows a row for each unit.
pub(super) struct Table {
    style: Style,
    screen: MultiProgress,
    rows: Mutex<BTreeMap<String, (ProgressBar, Standing)>>,
}

impl Table {
    pub(super) fn new(style: Style) -> Self {
        Self {
            style,
            screen: MultiProgress::new(),
            rows: Mutex::default(),
        }
    }

    fn row(&self, name: &str) -> ProgressBar {
        let template = ProgressStyle::with_template("{prefix} {spinner} {wide_msg}");
        let bar = ProgressBar::new_spinner().with_prefix(format!("{name:<28}"));
        let bar = self.screen.add(bar);
        bar.set_style(
            template
                .expect("the template is a constant")
                .tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ "),
        );
        bar.enable_steady_tick(TICK);
        bar
    }

    fn message(&self, state: &State) -> String {
        let (word, details) = describe(state.standing());
        let ink = match state.standing() {
            Standing::Ready => Ink::Green,
            Standing::Failed(_) => Ink::Red,
            Standing::Blocked(_) => Ink::Yellow,
            Standing::Working | Standing::Waiting(_) | Standing::Awaiting(_) => Ink::Blue,
        };
        let word = self.style.out(ink, word);
        match details {
            [] => format!("{word}  {} objects", state.len()),
            [only] => format!("{word}  {}", clean(first_line(only))),
            [first, rest @ ..] => {
                format!(
                    "{word}  {} (and {} more)",
                    clean(first_line(first)),
                    rest.len()
                )
            }
        }
    }
}

impl Report for Table {
    fn event(&self, event: &Event) {
        // Single objects fly by in the rows; the rest stays readable above them.
        if !matches!(event, Event::Applied { .. } | Event::Waiting { .. }) {
            let line = paint(self.style, event);
            self.screen.suspend(|| say(&line));
        }
    }

    fn standing(&self, haul: &Haul) {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        rows.retain(|name, (bar, _)| {
            let is_there = haul.get(name).is_some();
            if !is_there {
                bar.finish_and_clear();
            }
            is_there
        });
        for (name, state) in haul.units() {
            let (bar, last) = rows
                .entry(name.to_owned())
                .or_insert_with(|| (self.row(name), Standing::Waiting(Vec::new())));
            if last != state.standing() {
                bar.set_message(self.message(state));
                *last = state.standing().clone();
                if *last == Standing::Ready {
                    bar.disable_steady_tick();
                } else {
                    bar.enable_steady_tick(TICK);
                }
            }
        }
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
