//! The plan between two revisions: the objects of the one are what is there, those of the other what is wanted.

use std::collections::{BTreeMap, BTreeSet};

use windlass_cluster::temporary_key;
use windlass_object::{FingerprintKey, Mask, ObjectRef, PackedObject, diff};
use windlass_plan::{
    Action, Approvals, Desired, DesiredSet, DryRun, Entry, Field, Guards, Held, Inputs, Live,
    Observed, Op, Others, Phase, Plan, Unit, Wave, plan,
};

use crate::cli::SurveyArgs;
use crate::command::unrendered;
use crate::desired::{self, Selection};
use crate::failure::{Done, Failure};
use crate::keys::Together;
use crate::scene::{Scene, Snapshot};
use crate::style::{Ink, Style};
use crate::terminal::{complain, shown};

use super::trial::Trial;
use super::{UnitDiff, fill, whole};

/// The objects of each unit.
type Units = BTreeMap<String, Vec<PackedObject>>;

/// Returns what changes from one revision to another, unit by unit.
pub(super) fn compare(
    survey: &SurveyArgs,
    from: &str,
    to: Option<&str>,
    style: Style,
) -> Result<(Done, Vec<UnitDiff>), Failure> {
    let scene = Scene::open(&survey.repo, &survey.environment.source)?;
    let to = to.unwrap_or(&survey.environment.source.revision);
    let (from, to) = (scene.snapshot_at(from)?, scene.snapshot_at(to)?);
    let before = units_at(survey, &scene, &from, style)?;
    let after = units_at(survey, &scene, &to, style)?;
    let key = temporary_key()?;
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let env = &survey.environment.env;
    let mut trial = Trial::new(before.values().chain(after.values()).flatten());
    let units = names.into_iter().map(|name| {
        let objects = |units: &Units| units.get(name).cloned().unwrap_or_default();
        let unit = desired::identity(env, name);
        let (before, after) = (objects(&before), objects(&after));
        let plan = between(&unit, &to.revision, before, after, &mut trial, &key)?;
        let name = name.clone();
        Ok(UnitDiff { name, plan })
    });
    let units: Vec<UnitDiff> = units.collect::<Result<_, Failure>>()?;
    let is_same = units.iter().all(|unit| unit.objects().next().is_none());
    let is_refused = units.iter().any(|unit| unit.plan.counts().failed > 0);
    let done = match (is_refused, is_same) {
        (true, _) => Done::Badly,
        (_, true) => Done::Well,
        _ => Done::Differs,
    };
    Ok((done, units))
}

fn units_at(
    survey: &SurveyArgs,
    scene: &Scene,
    snapshot: &Snapshot,
    style: Style,
) -> Result<Units, Failure> {
    let keys = scene.keys(snapshot)?;
    let selection = Selection {
        services: &survey.services,
        addons: true,
    };
    let units = desired::units(&*snapshot.tree, &survey.environment.env, selection)?;
    let together = Together(&keys);
    let decryption = scene.decryption(&together);
    let mut objects = Units::new();
    let mut errors = Vec::new();
    for rendered in desired::render_all(&*snapshot.tree, &units, decryption, Vec::new()) {
        for warning in rendered.secret_warnings() {
            let text = format!("{}: {warning}", rendered.unit.name);
            complain(&style.err(Ink::Yellow, &shown(&text)));
        }
        match rendered.result {
            Ok(result) => drop(objects.insert(rendered.unit.name, result.into_objects())),
            Err(failed) => errors.extend(failed),
        }
    }
    if errors.is_empty() {
        Ok(objects)
    } else {
        Err(unrendered(errors, &keys))
    }
}

fn between(
    unit: &Unit,
    revision: &str,
    before: Vec<PackedObject>,
    after: Vec<PackedObject>,
    trial: &mut Trial,
    key: &FingerprintKey,
) -> Result<Plan, Failure> {
    let before = set(unit, before)?;
    // What was to be hidden is, whatever becomes of it.
    let after = before.objects().fold(set(unit, after)?, |after, object| {
        let pointers = object.hidden().iter();
        pointers.fold(after, |after, pointer| after.hiding(object.id(), pointer))
    });
    let observed = observed(&before, &after, trial);
    let entry = |object: &PackedObject| Entry {
        applied: Some(key.digest_object(object)),
        ..Entry::of(&object.open())
    };
    let desired = Desired::Complete(after);
    let mut plan = plan(&Inputs {
        unit,
        revision,
        desired: &desired,
        inventory: &Held::Known(before.objects().map(entry).collect()),
        observed: &observed,
        others: &Others::default(),
        approvals: &Approvals::default(),
        guards: &Guards::default(),
        manager: "",
        key,
    });
    if let Desired::Complete(after) = &desired {
        show_kept(&mut plan, &before, after, key);
        fill(&mut plan, |id| {
            after.get(id).map(|object| whole(&object.open(), key))
        });
    }
    Ok(plan)
}

fn set(unit: &Unit, objects: Vec<PackedObject>) -> Result<DesiredSet, Failure> {
    let set = DesiredSet::new(unit, objects.into_iter().map(|object| object.open()));
    set.map_err(|errors| Failure::of(errors.iter().map(ToString::to_string)))
}

/// Returns what a cluster with the objects of `before` would say: what is there, and what comes of applying `after`.
fn observed(
    before: &DesiredSet,
    after: &DesiredSet,
    trial: &mut Trial,
) -> BTreeMap<ObjectRef, Observed> {
    let ids = before
        .objects()
        .chain(after.objects())
        .map(PackedObject::id);
    let ids: BTreeSet<&ObjectRef> = ids.collect();
    let observed = ids.into_iter().map(|id| {
        let (before, after) = (before.get(id), after.get(id));
        let live = before.map(|object| object.open().into_value());
        let dry_run = match (before, after) {
            (_, None) => DryRun::None,
            (Some(before), Some(after)) if is_same(before, after) => {
                DryRun::Merged(after.open().into_value())
            }
            (before, Some(after)) => trial.of(before, after),
        };
        let observed = Observed {
            live: live.map_or(Live::Absent, Live::Present),
            dry_run,
        };
        (id.clone(), observed)
    });
    observed.collect()
}

/// Whether nothing changes, as far as it can be told without opening the objects.
fn is_same(before: &PackedObject, after: &PackedObject) -> bool {
    before.text().is_some_and(|text| after.text() == Some(text))
}

/// Has the plan show what changes in the source, also where it would not be done: what waits for an approval, and
/// what an annotation keeps as it is. The reasons stay. What is refused stays refused.
fn show_kept(plan: &mut Plan, before: &DesiredSet, after: &DesiredSet, key: &FingerprintKey) {
    let mut kept: BTreeMap<bool, Vec<Action>> = BTreeMap::new();
    plan.rest.retain_mut(|action| {
        let (before, after) = (before.get(&action.id), after.get(&action.id));
        let Some((op, fields)) = changed(before, after, key) else {
            return true;
        };
        if action.op == Op::Failed {
            action.fields = fields;
            return true;
        }
        let shown = Action {
            op,
            fields,
            ..action.clone()
        };
        kept.entry(op == Op::Prune).or_default().push(shown);
        false
    });
    plan.waves
        .extend(kept.into_iter().map(|(is_prune, actions)| Wave {
            phase: if is_prune { Phase::Prune } else { Phase::Apply },
            actions,
        }));
}

/// Returns what the source does to an object, whoever keeps it from being done.
fn changed(
    before: Option<&PackedObject>,
    after: Option<&PackedObject>,
    key: &FingerprintKey,
) -> Option<(Op, Vec<Field>)> {
    let (before, after) = match (before, after) {
        (Some(_), None) => return Some((Op::Prune, Vec::new())),
        (None, Some(_)) => return Some((Op::Create, Vec::new())),
        (before, after) => (before?, after?),
    };
    let hidden = before.hidden().iter().chain(after.hidden());
    let mask = hidden.fold(Mask::new(key), |mask, pointer| mask.hiding(pointer));
    let changes = diff(before.open().value(), after.open().value(), &mask).into_iter();
    let fields: Vec<Field> = changes
        .map(|change| Field {
            change,
            written_by: None,
        })
        .collect();
    (!fields.is_empty()).then_some((Op::Update, fields))
}
