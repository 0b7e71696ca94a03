//! The plans of several units as a comment on a pull request.

use std::fmt::Write as _;

use super::{Compared, clean, lines, op_text, wait_to, why};
use crate::review::{Danger, Reviewed};
use crate::{Action, Counts, Field, Group, Plan, Review};

/// How plans are written in Markdown, as GitHub shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkdownOptions<'a> {
    /// The heading.
    pub title: &'a str,
    /// What the desired objects are compared with.
    pub compared: Compared,
    /// The number of bytes that the text may have. Default 65,536: as many characters a comment on GitHub may have.
    /// Details are left out to keep it, then units.
    pub limit: usize,
    /// The number of characters after which a value is cut off. Default 160.
    pub value_width: usize,
}

impl Default for MarkdownOptions<'_> {
    fn default() -> Self {
        Self {
            title: "Plan",
            compared: Compared::default(),
            limit: 65_536,
            value_width: 160,
        }
    }
}

/// How many dangers, and how many held objects, are listed before the units.
const LISTED: usize = 20;
/// What is kept free for the line that says what was left out.
const RESERVE: usize = 200;

/// A part of the text that can be told in one line, too.
struct Block {
    full: String,
    short: String,
}

impl Review<'_> {
    /// Returns the plans as a comment on a pull request: counts and dangers first, details folded.
    #[must_use]
    pub fn markdown(&self, options: &MarkdownOptions<'_>) -> String {
        let head = self.head(options);
        let groups = self.groups().iter().enumerate();
        let groups = groups.map(|(index, group)| of_group(index, group, options));
        let is_told = |unit: &&Reviewed<'_>| !is_quiet(unit.plan) && !unit.is_as_others();
        let units = self.units().iter().filter(is_told);
        let units = units.map(|unit| of_unit(unit, options));
        let blocks: Vec<Block> = groups.chain(units).collect();
        fitted(head, &blocks, options.limit)
    }

    fn head(&self, options: &MarkdownOptions<'_>) -> String {
        let units = self.units();
        let changed = units.iter().filter(|unit| !is_quiet(unit.plan)).count();
        let title = escaped(options.title);
        let counts = said(&self.counts());
        let mut head = format!(
            "### {title}\n\n**{counts}** in {changed} of {} units\n",
            units.len()
        );
        let dangers = units.iter().flat_map(|unit| {
            let dangers = unit.plan.dangers().into_iter();
            dangers.map(|danger| format!("{}: {}", code(unit.name), of_danger(&danger, options)))
        });
        alert(&mut head, "CAUTION", &dangers.collect::<Vec<_>>());
        let problems = units.iter().filter_map(|unit| {
            let problem = unit.plan.problem.as_ref()?;
            Some(format!("{}: {}", code(unit.name), escaped(&cut(problem))))
        });
        let held = units.iter().filter(|unit| unit.plan.problem.is_none());
        let held = held.flat_map(|unit| {
            let held = unit.plan.rest.iter();
            let held = held.filter(|action| {
                (action.is_held() && !action.reason.is_awaited()) || action.reason.is_drift()
            });
            held.map(|action| {
                let why = escaped(&cut(&action.reason));
                format!(
                    "{}: {} {}: {why}",
                    code(unit.name),
                    action.op,
                    code(&action.id)
                )
            })
        });
        alert(
            &mut head,
            "WARNING",
            &problems.chain(held).collect::<Vec<_>>(),
        );
        head
    }
}

/// Whether there is nothing to say about a unit.
fn is_quiet(plan: &Plan) -> bool {
    plan.is_converged()
}

fn said(counts: &Counts) -> String {
    let changes = Counts {
        unchanged: 0,
        skip: 0,
        ..*counts
    };
    changes.to_string()
}

/// Adds a box with a line each, if there is any.
fn alert(text: &mut String, kind: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let more = lines.len().saturating_sub(LISTED);
    write(text, format_args!("\n> [!{kind}]\n"));
    for line in lines.iter().take(LISTED) {
        write(text, format_args!("> - {line}\n"));
    }
    if more > 0 {
        write(text, format_args!("> - and {more} more\n"));
    }
}

fn of_danger(danger: &Danger<'_>, options: &MarkdownOptions<'_>) -> String {
    match danger {
        Danger::Action(action) => {
            let why = escaped(&why(action, options.compared));
            format!("**{}** {}: {why}", action.op, code(&action.id))
        }
        Danger::Shrink(gone, there) => format!("**{gone} of {there}** objects are deleted"),
    }
}

fn of_group(index: usize, group: &Group<'_>, options: &MarkdownOptions<'_>) -> Block {
    let action = &group.action;
    let summary = format!(
        "[{}] the same change in <b>{} units</b>: {} {}",
        index + 1,
        group.units.len(),
        escaped(&op_text(action)),
        code(&action.id),
    );
    let units: Vec<String> = group.units.iter().map(code).collect();
    let mut body = format!("{}\n\n", units.join(", "));
    if let Some(origin) = &action.origin {
        write(&mut body, format_args!("{}\n\n", code(origin)));
    }
    body.push_str(&fenced(&fields(action, options)));
    folded(&summary, &body)
}

fn of_unit(unit: &Reviewed<'_>, options: &MarkdownOptions<'_>) -> Block {
    let summary = format!(
        "<b>{}</b>: {}",
        escaped(unit.name),
        said(&unit.plan.counts())
    );
    let shown: Vec<&Action> = unit
        .plan
        .actions()
        .filter(|action| !action.is_quiet())
        .collect();
    let mut body = "| Op | Object | Wait to | Why |\n|---|---|---|---|\n".to_owned();
    for action in &shown {
        write(&mut body, format_args!("{}\n", row(unit, action, options)));
    }
    let fields: Vec<String> = shown
        .iter()
        .filter(|action| !unit.same.contains_key(&action.id))
        .flat_map(|action| fields(action, options))
        .collect();
    if !fields.is_empty() {
        write(&mut body, format_args!("\n{}", fenced(&fields)));
    }
    if options.compared == Compared::Cluster {
        write(
            &mut body,
            format_args!("\nplan <code>{}</code>\n", unit.plan.hash),
        );
    }
    folded(&summary, &body)
}

fn row(unit: &Reviewed<'_>, action: &Action, options: &MarkdownOptions<'_>) -> String {
    let mut why = escaped(&cut(&why(action, options.compared)));
    for wait in &action.wait_for {
        write(
            &mut why,
            format_args!("; after {}", escaped(&wait.to_string())),
        );
    }
    if let Some(group) = unit.same.get(&action.id) {
        write(&mut why, format_args!("; as [{}]", group + 1));
    }
    if let Some(origin) = &action.origin {
        write(&mut why, format_args!(" {}", code(origin)));
    }
    let op = escaped(&op_text(action));
    format!(
        "| {op} | {} | {} | {why} |",
        code(&action.id),
        wait_to(action)
    )
}

/// Returns the fields of an action as lines of a difference.
fn fields(action: &Action, options: &MarkdownOptions<'_>) -> Vec<String> {
    let mut all = Vec::new();
    if !action.fields.is_empty() {
        all.push(clean(&format!("@@ {} @@", action.id)));
    }
    for field in &action.fields {
        all.extend(of_field(field, options.value_width));
    }
    all
}

fn of_field(field: &Field, width: usize) -> Vec<String> {
    let path = clean(&field.change.path.to_string());
    let writer = field.written_by.as_ref();
    let writer = writer.map(|writer| clean(&format!("  (written by {})", writer.manager)));
    let writer = writer.unwrap_or_default();
    if let Some(lines) = lines::changed(&field.change) {
        let lines = lines.iter().map(|line| super::cut(&clean(line), width));
        let head = format!("  {path}:{writer}");
        return std::iter::once(head).chain(lines).collect();
    }
    let change = &field.change;
    let before = change.before.as_ref();
    let before = before.map(|value| format!("- {path}: {value:.width$}{writer}"));
    let after = change.after.as_ref();
    let after = after.map(|value| format!("+ {path}: {value:.width$}"));
    before.into_iter().chain(after).collect()
}

/// Returns lines in a fence that none of them can end.
fn fenced(lines: &[String]) -> String {
    let body = lines.join("\n");
    let longest = body.split(|character| character != '`').map(str::len).max();
    let fence = "`".repeat(longest.unwrap_or(0).max(2) + 1);
    format!("{fence}diff\n{body}\n{fence}\n")
}

fn folded(summary: &str, body: &str) -> Block {
    Block {
        full: format!("\n<details><summary>{summary}</summary>\n\n{body}\n</details>\n"),
        short: format!("\n{summary}\n"),
    }
}

/// Joins as much as the limit allows: every block in one line, then as many as fit in full, in their order.
fn fitted(head: String, blocks: &[Block], limit: usize) -> String {
    let limit = limit.saturating_sub(RESERVE);
    let mut left = limit.saturating_sub(head.len());
    let mut shown = 0;
    for block in blocks {
        match left.checked_sub(block.short.len()) {
            Some(rest) => left = rest,
            None => break,
        }
        shown += 1;
    }
    let mut text = head;
    let mut folded = 0;
    for block in &blocks[..shown] {
        let more = block.full.len() - block.short.len();
        if let Some(rest) = left.checked_sub(more) {
            left = rest;
            text.push_str(&block.full);
        } else {
            folded += 1;
            text.push_str(&block.short);
        }
    }
    let gone = blocks.len() - shown;
    if folded + gone > 0 {
        write(
            &mut text,
            format_args!(
                "\nToo long for a comment: the details of {folded} are left out, and {gone} more altogether.\n"
            ),
        );
    }
    text
}

/// Returns a text as code that nothing in it can end, and that fits into a cell of a table.
fn code(text: impl std::fmt::Display) -> String {
    format!("<code>{}</code>", escaped(&text.to_string()))
}

/// Escapes what HTML and Markdown would take for their own, and what makes a line or steers a reader.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in clean(text).chars() {
        match character {
            '&' | '<' | '>' | '|' | '`' | '*' | '_' | '~' | '[' | ']' | '\\' | '#' | '@' | '!' => {
                write(&mut escaped, format_args!("&#{};", u32::from(character)));
            }
            other => escaped.push(other),
        }
    }
    escaped
}

/// A server may quote a whole object.
fn cut(text: &impl std::fmt::Display) -> String {
    super::cut(&text.to_string(), 300)
}

fn write(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments)
        .expect("writing to a String cannot fail");
}
