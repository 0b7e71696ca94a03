//! `windlass secret list`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use windlass_object::Fingerprint;
use windlass_render::{Unit, UnitKind, environments};

use super::checkout::Checkout;
use super::place::{self, Slot};
use super::sealed::{self, OpenValue};
use super::{Keys, RepositoryArgs, print};
use crate::cli::Output;
use crate::failure::{Done, Failure};
use crate::style::Style;

/// Lists the values of all services: how large, how old, for which keys, and where one is missing
///
/// No key is needed, and none is asked for, but for --fingerprints.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  windlass secret list                           all environments side by side
  windlass secret list hydra --env dev --fingerprints
  windlass secret list -o json")]
pub(crate) struct List {
    /// The services, or addons as bootstrap/NAME (default: all)
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// One environment (default: all)
    #[arg(long, short, value_name = "ENV")]
    env: Option<String>,
    /// Open the values, and show what tells one from another
    #[arg(long)]
    fingerprints: bool,
    #[command(flatten)]
    repository: RepositoryArgs,
    /// How to print the list
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// The values of the services.
#[derive(Serialize)]
struct Report {
    environments: Vec<String>,
    values: Vec<Row>,
}

/// A value in each environment of its service.
#[derive(Serialize)]
struct Row {
    service: String,
    name: String,
    environments: BTreeMap<String, Cell>,
}

/// A value in an environment.
#[derive(Serialize)]
#[serde(
    tag = "state",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
enum Cell {
    /// It is there.
    Set {
        file: String,
        bytes: usize,
        last_modified: String,
        recipients: Vec<String>,
        /// Whether other environments use the same file.
        shared: bool,
        /// What stands for the value; none when it was not opened.
        #[serde(skip_serializing_if = "Option::is_none")]
        fingerprint: Option<Fingerprint>,
    },
    /// It is not, while the stub or another environment has its name.
    Missing,
    /// The file cannot be read.
    Damaged { file: String, problem: String },
}

impl List {
    pub(super) fn run(self, _: Style) -> Result<Done, Failure> {
        let checkout = Checkout::open(&self.repository.repo)?;
        let environments = match &self.env {
            Some(env) => vec![env.clone()],
            None => environments(&checkout.tree)?,
        };
        let keys = self.fingerprints.then(|| checkout.keys(&self.repository));
        let keys = keys.transpose()?;
        let mut rows = Rows::default();
        let mut known = BTreeSet::new();
        for env in &environments {
            for unit in self.units(&checkout, env)? {
                known.insert(unit.name.clone());
                let slots = place::slots(&checkout.tree, &unit)?;
                rows.add(&checkout, env, &unit, &slots, keys.as_ref());
            }
        }
        if let Some(unknown) = self.services.iter().find(|name| !known.contains(*name)) {
            return Err(Failure::of([format!(
                "there is no service {unknown} in {}",
                environments.join(", ")
            )]));
        }
        let report = Report {
            environments,
            values: rows.finish(),
        };
        print(&report, self.output, |report| self.text(report))?;
        Ok(Done::Well)
    }

    /// Returns the units of an environment that are asked for. One that it lacks may be in another.
    fn units(&self, checkout: &Checkout, env: &str) -> Result<Vec<Unit>, Failure> {
        let mut units = checkout.units(env, &[])?;
        units.retain(|unit| self.services.is_empty() || self.services.contains(&unit.name));
        Ok(units)
    }

    fn text(&self, report: &Report) -> String {
        if report.values.is_empty() {
            return "no service has a secret value\n".to_owned();
        }
        let mut legend = Legend::default();
        let mut lines = vec![Self::head(report)];
        for row in &report.values {
            let mut line = vec![row.service.clone(), row.name.clone()];
            for env in &report.environments {
                let cell = row.environments.get(env);
                line.push(cell.map_or("-".to_owned(), |cell| self.cell(cell, &mut legend)));
            }
            lines.push(line);
        }
        format!("{}{}", columns(&lines), legend.text())
    }

    fn head(report: &Report) -> Vec<String> {
        let mut head = vec!["SERVICE".to_owned(), "NAME".to_owned()];
        head.extend(report.environments.iter().map(|env| env.to_uppercase()));
        head
    }

    fn cell(&self, cell: &Cell, legend: &mut Legend) -> String {
        match cell {
            Cell::Missing => "missing".to_owned(),
            Cell::Damaged { .. } => "damaged".to_owned(),
            Cell::Set {
                bytes,
                last_modified,
                recipients,
                shared,
                fingerprint,
                ..
            } => {
                let age = ago(last_modified).unwrap_or_else(|| "?".to_owned());
                let mut text = format!("{bytes} B, {age} old, for {}", legend.letter(recipients));
                if self.fingerprints {
                    let fingerprint = fingerprint.map(|fingerprint| fingerprint.to_string());
                    let fingerprint = fingerprint.as_deref().unwrap_or("unknown");
                    write!(text, ", {fingerprint}").expect("a String takes all");
                }
                text + if *shared { " (shared)" } else { "" }
            }
        }
    }
}

/// Rows by service and name.
#[derive(Default)]
struct Rows {
    rows: BTreeMap<(UnitKind, String, String), BTreeMap<String, Cell>>,
    /// The environments of each service.
    homes: BTreeMap<String, BTreeSet<String>>,
}

impl Rows {
    fn add(
        &mut self,
        checkout: &Checkout,
        env: &str,
        unit: &Unit,
        slots: &[Slot],
        keys: Option<&Keys>,
    ) {
        let homes = self.homes.entry(unit.name.clone()).or_default();
        homes.insert(env.to_owned());
        for slot in slots {
            for name in &slot.values {
                let cell = cell(checkout, slot, name, keys);
                self.row(unit, name).insert(env.to_owned(), cell);
            }
            for name in slot.stub.iter().flatten() {
                self.row(unit, name);
            }
        }
    }

    fn row(&mut self, unit: &Unit, name: &str) -> &mut BTreeMap<String, Cell> {
        let key = (unit.kind, unit.name.clone(), name.to_owned());
        self.rows.entry(key).or_default()
    }

    /// Returns the rows; what an environment of the service lacks is missing.
    fn finish(self) -> Vec<Row> {
        let rows = self
            .rows
            .into_iter()
            .map(|((_, service, name), mut cells)| {
                for env in self.homes.get(&service).into_iter().flatten() {
                    cells.entry(env.clone()).or_insert(Cell::Missing);
                }
                Row {
                    service,
                    name,
                    environments: cells,
                }
            });
        rows.collect()
    }
}

fn cell(checkout: &Checkout, slot: &Slot, name: &str, keys: Option<&Keys>) -> Cell {
    let path = match slot.value(name) {
        Ok(path) => path,
        Err(failure) => {
            let (file, problem) = (name.to_owned(), failure.to_string());
            return Cell::Damaged { file, problem };
        }
    };
    let file = checkout.shown(&path);
    match sealed::read(&checkout.tree, &path) {
        Err(failure) => Cell::Damaged {
            file,
            problem: failure.to_string(),
        },
        Ok(document) => {
            let opened = keys.and_then(|keys| OpenValue::open(&document, keys).ok());
            Cell::Set {
                file,
                bytes: document.plain_size(),
                last_modified: document.last_modified().as_str().to_owned(),
                recipients: sealed::recipients(&document),
                shared: slot.is_shared,
                fingerprint: opened.map(|opened| opened.fingerprint()),
            }
        }
    }
}

/// Letters that stand for lists of recipients.
#[derive(Default)]
struct Legend(Vec<Vec<String>>);

impl Legend {
    fn letter(&mut self, recipients: &[String]) -> String {
        let at = self.0.iter().position(|known| known == recipients);
        let at = at.unwrap_or_else(|| {
            self.0.push(recipients.to_vec());
            self.0.len() - 1
        });
        let letter = char::from(b'a' + u8::try_from(at % 26).unwrap_or_default());
        match at / 26 {
            0 => letter.to_string(),
            round => format!("{letter}{round}"),
        }
    }

    fn text(&self) -> String {
        let mut numbered = Self::default();
        let lines = self.0.iter().map(|recipients| {
            let letter = numbered.letter(recipients);
            format!("{letter}  {}\n", recipients.join(", "))
        });
        let lines: String = lines.collect();
        format!("\nfor:\n{lines}")
    }
}

/// Returns lines whose columns are as wide as their widest cell.
pub(super) fn columns(lines: &[Vec<String>]) -> String {
    let count = lines.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let lines = lines.iter().map(|line| {
        let cells = line.iter().zip(&widths);
        let cells: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        format!("{}\n", cells.join("  ").trim_end())
    });
    lines.collect()
}

/// Returns how long ago a time was, in the largest unit that fits.
pub(super) fn ago(time: &str) -> Option<String> {
    let time: Timestamp = time.parse().ok()?;
    Some(age(Timestamp::now().as_second() - time.as_second()))
}

fn age(seconds: i64) -> String {
    const UNITS: [(i64, &str); 4] = [(31_557_600, "y"), (86_400, "d"), (3600, "h"), (60, "min")];
    let unit = UNITS.iter().find(|(size, _)| seconds >= *size);
    unit.map_or_else(
        || format!("{} s", seconds.max(0)),
        |(size, name)| format!("{} {name}", seconds / size),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_one_unit() {
        let shown: Vec<_> = [-5, 0, 59, 60, 7200, 86_399, 900_000, 70_000_000]
            .into_iter()
            .map(age)
            .collect();
        assert_eq!(
            shown,
            ["0 s", "0 s", "59 s", "1 min", "2 h", "23 h", "10 d", "2 y"]
        );
    }

    #[test]
    fn columns_are_aligned() {
        let line = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect();
        let text = columns(&[line(&["A", "BB", "C"]), line(&["aaa", "é", ""])]);
        assert_eq!(text, "A    BB  C\naaa  é\n");
    }
}
