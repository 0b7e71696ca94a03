//! The plans of several units for people.

use std::fmt::{self, Write};

use super::{Color, Compared, TextOptions, Writer, clean, op_text, why};
use crate::review::Reviewed;
use crate::{Group, Plan, Review};

impl Review<'_> {
    /// Returns the plans for people: what is dangerous, what is the same in several units, then each unit by itself;
    /// in one line where there is nothing else to say. The last line has the sum.
    pub fn text<'a>(&'a self, options: &'a TextOptions<'a>) -> impl fmt::Display + 'a {
        fmt::from_fn(move |formatter| {
            Page {
                review: self,
                options,
                out: formatter,
            }
            .write()
        })
    }
}

struct Page<'a> {
    review: &'a Review<'a>,
    options: &'a TextOptions<'a>,
    out: &'a mut dyn Write,
}

impl Page<'_> {
    fn write(&mut self) -> fmt::Result {
        let review = self.review;
        self.dangers()?;
        for (index, group) in review.groups().iter().enumerate() {
            self.group(index, group)?;
        }
        let names = review.units().iter().map(|unit| unit.name.chars().count());
        let width = names.max().unwrap_or(0);
        for unit in review.units() {
            self.unit(unit, width)?;
        }
        let count = review.units().len();
        let many = if count == 1 { "unit" } else { "units" };
        writeln!(self.out, "{count} {many}: {}", review.counts())
    }

    /// With one unit, its plan begins with them.
    fn dangers(&mut self) -> fmt::Result {
        if self.review.units().len() < 2 {
            return Ok(());
        }
        let mut is_first = true;
        for unit in self.review.units() {
            for danger in unit.plan.dangers() {
                if std::mem::take(&mut is_first) {
                    writeln!(self.out, "danger")?;
                }
                let line = clean(&format!("{}: {danger}", unit.name));
                writeln!(self.out, "  {}", painted(self.options.color, 31, &line))?;
            }
        }
        Ok(())
    }

    fn group(&mut self, index: usize, group: &Group<'_>) -> fmt::Result {
        let (action, units) = (&group.action, &group.units);
        let number = index + 1;
        writeln!(
            self.out,
            "[{number}] the same change in {} units: {}",
            units.len(),
            clean(&units.join(", "))
        )?;
        let place = action.origin.as_ref().map(|origin| format!("  {origin}"));
        let id = &action.id;
        let why = why(action, Compared::Cluster);
        let line = format!(
            "{} {id}  {why}{}",
            op_text(action),
            place.unwrap_or_default()
        );
        writeln!(self.out, "  {}", clean(&line))?;
        let same = &std::collections::BTreeMap::new();
        let mut writer = Writer {
            options: self.options,
            out: self.out,
            width: 0,
            same,
        };
        action
            .fields
            .iter()
            .try_for_each(|field| writer.field(field, false))
    }

    fn unit(&mut self, unit: &Reviewed<'_>, width: usize) -> fmt::Result {
        let counts = unit.plan.counts();
        let name = clean(unit.name);
        if unit.is_as_others() {
            let mut numbers: Vec<usize> = unit.same.values().map(|group| group + 1).collect();
            numbers.sort_unstable();
            numbers.dedup();
            let numbers: Vec<String> = numbers.iter().map(|number| format!("[{number}]")).collect();
            let numbers = numbers.join(", ");
            let hash = unit.plan.hash.short();
            return writeln!(
                self.out,
                "{name:<width$}  {counts}; as {numbers}; plan {hash}"
            );
        }
        if unit.plan.is_converged() && !self.options.quiet_objects {
            return writeln!(self.out, "{name:<width$}  {counts}");
        }
        let options = TextOptions {
            title: Some(unit.name),
            ..*self.options
        };
        let plan: &Plan = unit.plan;
        Writer::new(&options, self.out, plan, &unit.same).plan(plan)
    }
}

fn painted(color: Color, code: u8, text: &str) -> String {
    match color {
        Color::On => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        Color::Off => text.to_owned(),
    }
}
