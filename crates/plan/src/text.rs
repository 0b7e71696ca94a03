//! The plan for people: danger on top, then what is done, then what is held.

mod fit;
mod held;
mod lines;
mod markdown;
mod review;

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use windlass_object::ObjectRef;

use crate::review::Danger;
use crate::{Action, Cause, Counts, Field, Op, Phase, Plan, Reason, Until, Wait};

use fit::{cut, folded};

pub use fit::clean;
pub use markdown::MarkdownOptions;

/// How a plan is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextOptions<'a> {
    /// What the unit is called in the heading. Default: its identity in the cluster.
    pub title: Option<&'a str>,
    /// Default off.
    pub color: Color,
    /// Whether objects that are as they should be, or are skipped, are listed, too. Default no.
    pub quiet_objects: bool,
    /// The number of characters after which a value is cut off. Default 160.
    pub value_width: usize,
    /// The number of columns that lines are fitted to, if any. Default none.
    pub columns: Option<usize>,
}

/// What the desired objects are compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compared {
    /// A cluster: the plan can be run.
    #[default]
    Cluster,
    /// An earlier revision: the plan only shows what changes.
    Revision,
}

/// Whether text carries the colours of a terminal (ECMA-48).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    /// It does not.
    #[default]
    Off,
    /// It does.
    On,
}

impl Default for TextOptions<'_> {
    fn default() -> Self {
        Self {
            title: None,
            color: Color::Off,
            quiet_objects: false,
            value_width: 160,
            columns: None,
        }
    }
}

impl Plan {
    /// Returns the plan for people. No character of it but those of the colours can steer a terminal.
    pub fn text<'a>(&'a self, options: &'a TextOptions<'a>) -> impl fmt::Display + 'a {
        fmt::from_fn(move |formatter| {
            let same = &BTreeMap::new();
            Writer::new(options, formatter, self, same).plan(self)
        })
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text(&TextOptions::default()).fmt(formatter)
    }
}

impl fmt::Display for Counts {
    /// Writes `2 to create, 1 to delete, 3 unchanged`; `nothing to do` when there is no object at all.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (self.create, "to create"),
            (self.update, "to update"),
            (self.adopt, "to adopt"),
            (self.replace, "to replace"),
            (self.prune, "to delete"),
            (self.later, "later"),
            (self.blocked, "blocked"),
            (self.conflict, "in conflict"),
            (self.failed, "failed"),
            (self.skip, "skipped"),
            (self.unchanged, "unchanged"),
        ];
        let present = parts.into_iter().filter(|(count, _)| *count > 0);
        let parts: Vec<String> = present
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        match parts.as_slice() {
            [] => formatter.write_str("nothing to do"),
            parts => formatter.write_str(&parts.join(", ")),
        }
    }
}

impl fmt::Display for Op {
    /// Writes the word, padded as the caller asks.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Adopt => "adopt",
            Self::Replace => "replace",
            Self::Unchanged => "unchanged",
            Self::Prune => "prune",
            Self::Skip => "skip",
            Self::Blocked => "blocked",
            Self::Conflict => "conflict",
            Self::Failed => "failed",
        })
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.until {
            Until::Applied => write!(formatter, "{} is applied", self.id),
            Until::Current => write!(formatter, "{} is ready", self.id),
        }
    }
}

/// How many characters of a value are shown in any case.
const LEAST_VALUE: usize = 12;

struct Writer<'a> {
    options: &'a TextOptions<'a>,
    out: &'a mut dyn Write,
    width: usize,
    /// The groups that tell the fields of objects, by their numbers.
    same: &'a BTreeMap<&'a ObjectRef, usize>,
}

/// The width of the column of objects; longer names move their own line only.
fn width(plan: &Plan, columns: Option<usize>) -> usize {
    /// What the other columns take, at least.
    const OTHERS: usize = 32;
    let most = columns.map_or(60, |columns| columns.saturating_sub(OTHERS).min(60));
    let lengths = plan
        .actions()
        .map(|action| action.id.to_string().chars().count());
    lengths.filter(|&length| length <= most).max().unwrap_or(0)
}

impl<'a> Writer<'a> {
    fn new(
        options: &'a TextOptions<'a>,
        out: &'a mut dyn Write,
        plan: &Plan,
        same: &'a BTreeMap<&'a ObjectRef, usize>,
    ) -> Self {
        Self {
            options,
            out,
            width: width(plan, options.columns),
            same,
        }
    }

    fn plan(&mut self, plan: &Plan) -> fmt::Result {
        let title = self
            .options
            .title
            .map_or_else(|| plan.unit.to_string(), str::to_owned);
        writeln!(self.out, "{} at {}", clean(&title), clean(&plan.revision))?;
        if let Some(problem) = &plan.problem {
            writeln!(
                self.out,
                "{}",
                self.painted(Op::Failed, &clean(&problem.to_string()))
            )?;
        } else {
            self.heading(plan)?;
        }
        self.danger(plan)?;
        for (index, wave) in plan.waves.iter().enumerate() {
            let what = match wave.phase {
                Phase::Apply => "apply",
                Phase::Prune => "delete",
            };
            writeln!(self.out, "wave {} ({what})", index + 1)?;
            wave.actions
                .iter()
                .try_for_each(|action| self.action(action))?;
        }
        self.rest(plan)?;
        writeln!(self.out, "{}; plan {}", plan.counts(), plan.hash.short())
    }

    /// Writes what the columns are.
    fn heading(&mut self, plan: &Plan) -> fmt::Result {
        let is_listed = |action: &Action| !action.is_quiet();
        if !self.options.quiet_objects && !plan.actions().any(is_listed) {
            return Ok(());
        }
        let width = self.width;
        let line = format!("  {:<11} {:<width$}  Wait to  Why", "Op", "Object");
        writeln!(self.out, "{}", self.painted(Op::Skip, &line))
    }

    /// What a person must look at: what cannot be had back, what is held, and how to allow it.
    fn danger(&mut self, plan: &Plan) -> fmt::Result {
        let dangers = plan.dangers();
        if !dangers.is_empty() {
            writeln!(self.out, "danger")?;
        }
        for danger in dangers {
            match danger {
                Danger::Action(action) => self.action(action)?,
                Danger::Shrink(..) => {
                    writeln!(
                        self.out,
                        "  {}",
                        self.painted(Op::Prune, &danger.to_string())
                    )?;
                }
            }
        }
        if plan.problem.is_some() {
            return Ok(());
        }
        self.held(plan)?;
        if plan.rest.iter().any(|action| action.reason.is_approvable()) {
            writeln!(
                self.out,
                "  to allow it, approve the object, or the plan {}",
                plan.hash
            )?;
        }
        Ok(())
    }

    /// Writes a heading and the actions, or nothing when there are none.
    fn section<'p>(
        &mut self,
        heading: &str,
        actions: impl Iterator<Item = &'p Action>,
    ) -> fmt::Result {
        let mut actions = actions.peekable();
        if actions.peek().is_some() {
            writeln!(self.out, "{heading}")?;
        }
        actions.try_for_each(|action| self.action(action))
    }

    fn rest(&mut self, plan: &Plan) -> fmt::Result {
        let drifted = |action: &&Action| action.reason.is_drift();
        self.section("drift, not corrected", plan.rest.iter().filter(drifted))?;
        let quiet = |action: &&Action| action.is_quiet();
        if self.options.quiet_objects {
            self.section("left as they are", plan.rest.iter().filter(quiet))?;
        }
        let awaited = |action: &&Action| action.reason.is_awaited();
        self.section(
            "later, when other units are done",
            plan.rest.iter().filter(awaited),
        )
    }

    fn action(&mut self, action: &Action) -> fmt::Result {
        let origin = action.origin.as_ref().map(ToString::to_string);
        self.line(action, &action.id.to_string(), origin.as_deref())?;
        if self.same.contains_key(&action.id) {
            return Ok(());
        }
        for wait in &action.wait_for {
            writeln!(self.out, "      after {}", clean(&wait.to_string()))?;
        }
        if !action.taken_from.is_empty() {
            let from = clean(&action.taken_from.join(", "));
            writeln!(self.out, "      fields taken over from {from}")?;
        }
        let tells_since = action.reason.is_drift();
        let mut fields = action.fields.iter();
        fields.try_for_each(|field| self.field(field, tells_since))
    }

    /// Writes what is done to what, and why; what does not fit goes on in the next line.
    fn line(&mut self, action: &Action, object: &str, origin: Option<&str>) -> fmt::Result {
        let op = format!("{:<11}", op_text(action));
        let (object, width) = (clean(object), self.width);
        let head = format!("{object:<width$}  {:<7}", wait_to(action));
        let mut why = clean(&why(action, Compared::Cluster));
        if let Some(origin) = origin {
            why = format!("{why}  {}", clean(origin));
        }
        if let Some(group) = self.same.get(&action.id) {
            why = format!("{why}  as [{}]", group + 1);
        }
        let length = |text: &str| text.chars().count();
        let columns = self.options.columns.unwrap_or(usize::MAX);
        let fits = 3 + length(&op) + length(&head) + 2 + length(&why) <= columns;
        let op = self.painted(action.shown_op(), &op);
        if fits {
            return writeln!(self.out, "  {op} {head}  {why}");
        }
        writeln!(self.out, "  {op} {}", head.trim_end())?;
        folded(&why, columns.saturating_sub(6))
            .try_for_each(|line| writeln!(self.out, "      {line}"))
    }

    /// Returns how many characters of a value are shown behind the path of its field.
    fn value_width(&self, path: &str) -> usize {
        let Some(columns) = self.options.columns else {
            return self.options.value_width;
        };
        // Two values, an arrow, and who wrote it.
        let left = columns.saturating_sub(6 + path.chars().count() + 5) / 2;
        left.clamp(LEAST_VALUE, self.options.value_width.max(LEAST_VALUE))
    }

    fn field(&mut self, field: &Field, tells_since: bool) -> fmt::Result {
        let lines = lines::changed(&field.change);
        let path = field.change.path.to_string();
        if lines.is_some() {
            write!(self.out, "      {path}:")?;
        } else {
            let width = self.value_width(&path);
            write!(self.out, "      {:.*}", width, field.change)?;
        }
        if let Some(writer) = &field.written_by {
            let written = if tells_since {
                writer.to_string()
            } else {
                format!("written by {}", writer.manager)
            };
            write!(self.out, "  ({})", clean(&written))?;
        }
        writeln!(self.out)?;
        for line in lines.into_iter().flatten() {
            writeln!(
                self.out,
                "        {}",
                cut(&clean(&line), self.value_width(""))
            )?;
        }
        Ok(())
    }

    fn painted(&self, op: Op, text: &str) -> String {
        let color = match op {
            Op::Create => 32,
            Op::Update | Op::Adopt => 33,
            Op::Replace | Op::Prune | Op::Blocked | Op::Conflict | Op::Failed => 31,
            Op::Unchanged | Op::Skip => 2,
        };
        match self.options.color {
            Color::On => format!("\u{1b}[{color}m{text}\u{1b}[0m"),
            Color::Off => text.to_owned(),
        }
    }
}

fn symbol(op: Op) -> char {
    match op {
        Op::Create => '+',
        Op::Update => '~',
        Op::Adopt => '*',
        Op::Replace => '±',
        Op::Unchanged => '=',
        Op::Prune => '-',
        Op::Skip => '.',
        Op::Blocked | Op::Conflict | Op::Failed => '!',
    }
}

/// Returns the symbol of what is done, and its name.
fn op_text(action: &Action) -> String {
    if action.reason.is_awaited() {
        ". later".to_owned()
    } else {
        format!("{} {}", symbol(action.op), action.op)
    }
}

/// Returns what is waited for when the action is done.
fn wait_to(action: &Action) -> &'static str {
    match action.op {
        Op::Create | Op::Update | Op::Adopt | Op::Replace => "ready",
        Op::Prune => "gone",
        Op::Unchanged | Op::Skip | Op::Blocked | Op::Conflict | Op::Failed => "-",
    }
}

impl Action {
    /// Returns whether there is nothing to say of the object.
    pub(crate) fn is_quiet(&self) -> bool {
        matches!(self.op, Op::Unchanged | Op::Skip) && !self.reason.is_drift()
    }

    /// Returns whether something keeps it from being done.
    pub(crate) fn is_held(&self) -> bool {
        matches!(self.op, Op::Blocked | Op::Conflict | Op::Failed)
    }

    /// What another unit is about to make possible is nothing to worry about.
    fn shown_op(&self) -> Op {
        if self.reason.is_awaited() {
            Op::Skip
        } else {
            self.op
        }
    }
}

impl fmt::Display for Danger<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Action(action) => {
                let why = why(action, Compared::Cluster);
                write!(formatter, "{} {}: {why}", op_text(action), action.id)
            }
            Self::Shrink(gone, there) => {
                write!(formatter, "- {gone} of {there} objects are deleted")
            }
        }
    }
}

/// The reason; where the cause says more, the cause.
fn why(action: &Action, compared: Compared) -> String {
    match (&action.reason, action.cause) {
        (Reason::Missing, _) if compared == Compared::Revision => "new".to_owned(),
        (Reason::Differs, _) if compared == Compared::Revision => "changed".to_owned(),
        (Reason::NotDesired, _) if compared == Compared::Revision => "removed".to_owned(),
        (Reason::Missing, Some(Cause::Drift)) => "deleted behind our back".to_owned(),
        (Reason::Missing, Some(Cause::Both)) => {
            "deleted behind our back; the source changed, too".to_owned()
        }
        (Reason::Differs, Some(Cause::Source)) => "the source changed".to_owned(),
        (Reason::Differs, Some(Cause::Image)) => "the source has another image".to_owned(),
        (Reason::Differs, Some(Cause::Renderer)) => {
            "this version of Windlass renders it differently".to_owned()
        }
        (Reason::Differs, Some(Cause::Default)) => {
            "the server sets other values by itself".to_owned()
        }
        (Reason::Differs, Some(Cause::Drift)) => "drift".to_owned(),
        (Reason::Differs, Some(Cause::Both)) => "the source changed, and drift".to_owned(),
        (reason, _) => reason.to_string(),
    }
}
