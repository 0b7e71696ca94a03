//! `windlass diff`: field by field, against a cluster or between two revisions.

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};
use windlass_cluster::temporary_key;
use windlass_object::{FieldChange, FingerprintKey, Mask, Object, ObjectRef, Origin, diff};
use windlass_plan::{Desired, Op, clean};

use crate::cli::{Output, SurveyArgs};
use crate::desired::{self, Selection};
use crate::failure::{Done, Failure};
use crate::keys::Together;
use crate::scene::Scene;
use crate::style::{Ink, Style};
use crate::terminal::{complain, shown, write_stdout};

use super::runtime;
use super::survey::{Survey, Surveyed};

/// Shows how the source differs from the cluster, or from another revision, field by field
///
/// Secret values are shown as fingerprints. Exit code 0: no difference, 3: there are some, 1: not known.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  windlass diff --env dev                        the commit against the cluster
  windlass diff --env dev --from v1.4.0          two revisions, without a cluster")]
pub(crate) struct Diff {
    #[command(flatten)]
    survey: SurveyArgs,
    /// Compare this revision with --revision, without a cluster
    #[arg(long, value_name = "REVISION", conflicts_with_all = ["kubeconfig", "context", "state", "worktree"])]
    from: Option<String>,
    /// How to print the differences
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// An object that differs.
#[derive(Serialize)]
struct ObjectDiff {
    unit: String,
    id: ObjectRef,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<Origin>,
    change: Change,
    fields: Vec<FieldChange>,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Change {
    Added,
    Changed,
    Removed,
}

impl Diff {
    pub(crate) fn run(self, style: Style) -> Result<Done, Failure> {
        let (done, differences) = match &self.from {
            Some(from) => self.between_revisions(from, style)?,
            None => runtime()?.block_on(self.against_cluster(style))?,
        };
        match self.output {
            Output::Json => {
                write_stdout(&format!(
                    "{}\n",
                    serde_json::to_string_pretty(&differences)?
                ))?;
            }
            Output::Yaml => write_stdout(&super::to_yaml(&serde_json::to_value(&differences)?)?)?,
            Output::Text => write_stdout(&text(&differences, style))?,
        }
        Ok(done)
    }

    async fn against_cluster(&self, style: Style) -> Result<(Done, Vec<ObjectDiff>), Failure> {
        let survey = Survey::take(&self.survey).await?;
        survey.print_warnings(style);
        survey.print_problems(style);
        let differences = survey
            .units
            .iter()
            .flat_map(|unit| of_plan(unit, &survey.key));
        Ok((survey.done(), differences.collect()))
    }

    fn between_revisions(
        &self,
        from: &str,
        style: Style,
    ) -> Result<(Done, Vec<ObjectDiff>), Failure> {
        let source = &self.survey.environment.source;
        let scene = Scene::open(&self.survey.repo, source)?;
        let before = self.objects_at(&scene, from, style)?;
        let after = self.objects_at(&scene, &source.revision, style)?;
        let key = temporary_key()?;
        let ids: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
        let differences: Vec<ObjectDiff> = ids
            .into_iter()
            .filter_map(|place| between(place, before.get(place), after.get(place), &key))
            .collect();
        let done = if differences.is_empty() {
            Done::Well
        } else {
            Done::Differs
        };
        Ok((done, differences))
    }

    fn objects_at(
        &self,
        scene: &Scene,
        revision: &str,
        style: Style,
    ) -> Result<BTreeMap<Place, Object>, Failure> {
        let snapshot = scene.snapshot_at(revision)?;
        let keys = scene.keys(&snapshot)?;
        let selection = Selection {
            services: &self.survey.services,
            addons: true,
        };
        let units = desired::units(&*snapshot.tree, &self.survey.environment.env, selection)?;
        let mut objects = BTreeMap::new();
        let mut errors = Vec::new();
        for rendered in desired::render_all(
            &*snapshot.tree,
            &units,
            scene.decryption(&Together(&keys)),
            Vec::new(),
        ) {
            for warning in rendered.secret_warnings() {
                let text = format!("{}: {warning}", rendered.unit.name);
                complain(&style.err(Ink::Yellow, &shown(&text)));
            }
            match rendered.result {
                Ok(result) => objects.extend(result.into_objects().into_iter().map(|object| {
                    let unit = rendered.unit.name.clone();
                    (
                        Place {
                            unit,
                            id: object.id().clone(),
                        },
                        object,
                    )
                })),
                Err(failed) => errors.extend(failed),
            }
        }
        if errors.is_empty() {
            Ok(objects)
        } else {
            Err(super::unrendered(errors, &keys))
        }
    }
}

/// Where an object belongs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    unit: String,
    id: ObjectRef,
}

/// Returns what a plan would change, object by object.
fn of_plan<'a>(
    unit: &'a Surveyed,
    key: &'a FingerprintKey,
) -> impl Iterator<Item = ObjectDiff> + 'a {
    unit.plan.actions().filter_map(move |action| {
        let change = match action.op {
            Op::Create => Change::Added,
            Op::Update | Op::Adopt | Op::Replace => Change::Changed,
            Op::Prune => Change::Removed,
            Op::Unchanged | Op::Skip | Op::Blocked | Op::Conflict | Op::Failed => return None,
        };
        let fields = match (change, &unit.desired) {
            (Change::Added, Desired::Complete(set)) => set
                .get(&action.id)
                .map(|object| whole(object, key))
                .unwrap_or_default(),
            _ => action
                .fields
                .iter()
                .map(|field| field.change.clone())
                .collect(),
        };
        let origin = action.origin.clone();
        Some(ObjectDiff {
            unit: unit.name.clone(),
            id: action.id.clone(),
            origin,
            change,
            fields,
        })
    })
}

fn between(
    place: &Place,
    before: Option<&Object>,
    after: Option<&Object>,
    key: &FingerprintKey,
) -> Option<ObjectDiff> {
    let (change, fields) = match (before, after) {
        (None, Some(after)) => (Change::Added, whole(after, key)),
        (Some(_), None) => (Change::Removed, Vec::new()),
        (Some(before), Some(after)) => (
            Change::Changed,
            diff(before.value(), after.value(), &mask(&[before, after], key)),
        ),
        (None, None) => return None,
    };
    let is_same = matches!(change, Change::Changed) && fields.is_empty();
    let origin = after.or(before).and_then(Object::origin).cloned();
    let Place { unit, id } = place.clone();
    (!is_same).then_some(ObjectDiff {
        unit,
        id,
        origin,
        change,
        fields,
    })
}

/// Returns all fields of an object, as additions.
fn whole(object: &Object, key: &FingerprintKey) -> Vec<FieldChange> {
    let nothing: Value =
        json!({"kind": object.gvk().kind, "apiVersion": object.gvk().api_version()});
    diff(&nothing, object.value(), &mask(&[object], key))
}

/// Returns the mask that hides what any of the objects has to hide.
fn mask<'k>(objects: &[&Object], key: &'k FingerprintKey) -> Mask<'k> {
    let pointers = objects.iter().flat_map(|object| object.hidden());
    pointers.fold(Mask::new(key), |mask, pointer| mask.hiding(pointer))
}

fn text(differences: &[ObjectDiff], style: Style) -> String {
    differences
        .iter()
        .map(|difference| object_text(difference, style))
        .collect()
}

fn object_text(difference: &ObjectDiff, style: Style) -> String {
    let place = difference
        .origin
        .as_ref()
        .map(|origin| format!("  {}", clean(&origin.to_string())))
        .unwrap_or_default();
    let (sign, ink) = match difference.change {
        Change::Added => ('+', Ink::Green),
        Change::Changed => ('~', Ink::Yellow),
        Change::Removed => ('-', Ink::Red),
    };
    let head = style.out(
        ink,
        &format!(
            "{sign} {}: {}",
            difference.unit,
            clean(&difference.id.to_string())
        ),
    );
    let fields = difference
        .fields
        .iter()
        .map(|field| format!("    {}\n", clean(&format!("{field:.160}"))));
    format!(
        "{head}{}\n{}",
        style.out(Ink::Dim, &place),
        fields.collect::<String>()
    )
}
