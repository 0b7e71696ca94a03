//! `windlass diff`: field by field, against a cluster or between two revisions.

mod revisions;
mod trial;

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};
use windlass_object::{FieldChange, FingerprintKey, Mask, Object, ObjectRef, Origin, diff};
use windlass_plan::{
    Action, Compared, Desired, Field, Group, MarkdownOptions, Op, Plan, Reason, Review, clean,
};

use crate::cli::{ChangeOutput, SurveyArgs};
use crate::failure::{Done, Failure};
use crate::style::{Ink, Style};
use crate::terminal::write_stdout;

use super::runtime;
use super::survey::{Survey, Surveyed, Terms};

/// Shows how the source differs from the cluster, or from another revision, field by field
///
/// Secret values are shown as fingerprints. Exit code 0: no difference, 3: there are some, 1: some are not known, or
/// an API server refuses them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  windlass diff --env dev                        the commit against the cluster
  windlass diff --env dev --from v1.4.0          two revisions, without a cluster
  windlass diff --env dev --from main --to topic -o markdown >comment.md")]
pub(crate) struct Diff {
    #[command(flatten)]
    survey: SurveyArgs,
    /// Compare --to with this revision, without a cluster
    #[arg(long, value_name = "REVISION", conflicts_with_all = ["kubeconfig", "context", "state", "worktree"])]
    from: Option<String>,
    /// With --from: the revision that is compared with it; the same as --revision
    #[arg(
        long,
        value_name = "REVISION",
        requires = "from",
        conflicts_with = "revision"
    )]
    to: Option<String>,
    /// How to print the differences
    #[arg(long, short, value_enum, default_value_t = ChangeOutput::Text)]
    output: ChangeOutput,
}

/// The differences of a unit, as a plan: also what is created has its fields in it.
struct UnitDiff {
    name: String,
    plan: Plan,
}

/// An object that differs.
#[derive(Serialize)]
struct ObjectDiff<'a> {
    unit: &'a str,
    id: &'a ObjectRef,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'a Origin>,
    change: Change,
    fields: Vec<&'a FieldChange>,
    /// Why it is not done, or not without an approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Change {
    Added,
    Changed,
    Removed,
    Refused,
}

impl Diff {
    pub(crate) fn run(self, style: Style) -> Result<Done, Failure> {
        let (done, units) = match &self.from {
            Some(from) => revisions::compare(&self.survey, from, self.to.as_deref(), style)?,
            None => runtime()?.block_on(self.against_cluster(style))?,
        };
        let all = || units.iter().flat_map(UnitDiff::objects).collect::<Vec<_>>();
        match self.output {
            ChangeOutput::Json => {
                write_stdout(&format!("{}\n", serde_json::to_string_pretty(&all())?))?;
            }
            ChangeOutput::Yaml => write_stdout(&super::to_yaml(&serde_json::to_value(all())?)?)?,
            ChangeOutput::Text => write_stdout(&text(&units, style))?,
            ChangeOutput::Markdown => write_stdout(&self.markdown(&units))?,
        }
        Ok(done)
    }

    async fn against_cluster(&self, style: Style) -> Result<(Done, Vec<UnitDiff>), Failure> {
        let survey = Survey::take(&self.survey, Terms::looking(self.survey.cluster.drift)).await?;
        survey.print_warnings(style);
        survey.print_problems(style);
        let units = survey.units.iter();
        let differences = units.map(|unit| of_cluster(unit, survey.key()));
        Ok((survey.done(), differences.collect()))
    }

    fn markdown(&self, units: &[UnitDiff]) -> String {
        let env = &self.survey.environment.env;
        let (title, compared) = match &self.from {
            Some(from) => {
                let to = &self.survey.environment.source.revision;
                let to = self.to.as_ref().unwrap_or(to);
                (format!("{env}: {from} to {to}"), Compared::Revision)
            }
            None => (format!("{env}: differences"), Compared::Cluster),
        };
        review(units).markdown(&MarkdownOptions {
            title: &title,
            compared,
            ..MarkdownOptions::default()
        })
    }
}

fn review(units: &[UnitDiff]) -> Review<'_> {
    Review::new(units.iter().map(|unit| (unit.name.as_str(), &unit.plan)))
}

impl UnitDiff {
    fn objects(&self) -> impl Iterator<Item = ObjectDiff<'_>> {
        self.plan.actions().filter_map(|action| {
            Some(ObjectDiff {
                unit: &self.name,
                id: &action.id,
                origin: action.origin.as_ref(),
                change: change(action)?,
                fields: action.fields.iter().map(|field| &field.change).collect(),
                reason: held(action).map(ToString::to_string),
            })
        })
    }
}

/// Returns how an object differs, if it does.
fn change(action: &Action) -> Option<Change> {
    match action.op {
        Op::Create => Some(Change::Added),
        Op::Update | Op::Adopt | Op::Replace => Some(Change::Changed),
        Op::Prune => Some(Change::Removed),
        Op::Failed => Some(Change::Refused),
        Op::Unchanged | Op::Skip | Op::Blocked | Op::Conflict => None,
    }
}

/// Returns why a difference stays, if it does.
fn held(action: &Action) -> Option<&Reason> {
    let is_held = action.op == Op::Failed
        || action.reason.is_approvable()
        || matches!(action.reason, Reason::OptedOut { .. });
    is_held.then_some(&action.reason)
}

/// Returns what a plan would change, with the fields of what it creates.
fn of_cluster(unit: &Surveyed, key: &FingerprintKey) -> UnitDiff {
    let mut plan = unit.plan.clone();
    if let Desired::Complete(set) = unit.desired() {
        fill(&mut plan, |id| {
            set.get(id).map(|object| whole(&object.open(), key))
        });
    }
    let name = unit.name.clone();
    UnitDiff { name, plan }
}

/// Gives the actions that create something the fields of it.
fn fill(plan: &mut Plan, fields_of: impl Fn(&ObjectRef) -> Option<Vec<FieldChange>>) {
    let actions = plan.waves.iter_mut().flat_map(|wave| &mut wave.actions);
    for action in actions.filter(|action| action.op == Op::Create) {
        let fields = fields_of(&action.id).unwrap_or_default().into_iter();
        let field = |change| Field {
            change,
            written_by: None,
        };
        action.fields = fields.map(field).collect();
    }
}

/// Returns all fields of an object, as additions.
fn whole(object: &Object, key: &FingerprintKey) -> Vec<FieldChange> {
    let nothing: Value =
        json!({"kind": object.gvk().kind, "apiVersion": object.gvk().api_version()});
    diff(&nothing, object.value(), &mask(object, key))
}

/// Returns the mask that hides what the object has to hide.
fn mask<'k>(object: &Object, key: &'k FingerprintKey) -> Mask<'k> {
    let pointers = object.hidden().iter();
    pointers.fold(Mask::new(key), |mask, pointer| mask.hiding(pointer))
}

/// Returns the differences for people: what is the same in several units once.
fn text(units: &[UnitDiff], style: Style) -> String {
    let review = review(units);
    let groups = review.groups().iter();
    let groups = groups.map(|group| group_text(group, style));
    let own = units.iter().flat_map(|unit| {
        let actions = unit.plan.actions();
        let own = actions.filter(|action| !review.is_grouped(&unit.name, &action.id));
        own.filter_map(|action| object_text(&unit.name, action, style))
    });
    groups.chain(own).collect()
}

fn group_text(group: &Group<'_>, style: Style) -> String {
    let title = format!("{} units", group.units.len());
    let text = object_text(&title, &group.action, style).unwrap_or_default();
    let units = clean(&group.units.join(", "));
    format!("{text}    the same in {units}\n")
}

fn object_text(title: &str, action: &Action, style: Style) -> Option<String> {
    let place = action
        .origin
        .as_ref()
        .map(|origin| format!("  {}", clean(&origin.to_string())))
        .unwrap_or_default();
    let (sign, ink) = match change(action)? {
        Change::Added => ('+', Ink::Green),
        Change::Changed => ('~', Ink::Yellow),
        Change::Removed => ('-', Ink::Red),
        Change::Refused => ('!', Ink::Red),
    };
    let id = clean(&action.id.to_string());
    let head = style.out(ink, &format!("{sign} {title}: {id}"));
    let fields = action
        .fields
        .iter()
        .map(|field| format!("    {}\n", clean(&format!("{:.160}", field.change))));
    let fields: String = fields.collect();
    let held = held(action).map(|reason| format!("    {}\n", clean(&reason.to_string())));
    Some(format!(
        "{head}{}\n{fields}{}",
        style.out(Ink::Dim, &place),
        held.unwrap_or_default()
    ))
}
