//! What must not be deleted, and what a person has allowed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use windlass_object::ObjectRef;

use crate::decide::Grant;
use crate::{Action, DesiredSet, Inputs, Inventory, Op, PlanHash, Reason, Unit, reason};

/// The limits of what a plan deletes by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guards {
    /// The share of the inventory, in percent, above which deletions wait for approval. Default 50.
    pub shrink_percent: usize,
    /// The number of deletions up to which the share does not matter. Default 5.
    pub shrink_free: usize,
    /// Namespaces in which each deletion waits for approval. Default `kube-system`, `kube-public` and
    /// `kube-node-lease`; the operator adds its own.
    pub protected_namespaces: BTreeSet<String>,
    /// Which objects may be deleted and created anew. Default those that say so.
    pub replace: Replacing,
    /// What is done about drift. Default that it is corrected.
    #[serde(default)]
    pub drift: Drifting,
}

/// Which objects may be deleted and created anew when a field differs that cannot be changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Replacing {
    /// Those with the annotation or label `kustomize.toolkit.fluxcd.io/force: enabled` in the source.
    #[default]
    Marked,
    /// All of the unit, as with `force` of a Flux Kustomization.
    All,
}

/// What is done where live objects were changed or deleted behind our back, while the source is as it was applied.
///
/// An object says so of itself with the annotation [`Drifting::ANNOTATION`] in the source. The modes are those of
/// `driftDetection.mode` of a Flux `HelmRelease` (`enabled`, `warn`, `disabled`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Drifting {
    /// It is changed back.
    #[default]
    Correct,
    /// It is told, and nothing is written until the source changes.
    Warn,
    /// It is not told either.
    Off,
}

impl Drifting {
    /// The annotation by which an object has a mode of its own.
    pub const ANNOTATION: &str = "windlass.dev/drift";

    /// Returns the mode that `text` names: `correct`, `warn` or `off`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "correct" => Some(Self::Correct),
            "warn" => Some(Self::Warn),
            "off" => Some(Self::Off),
            _ => None,
        }
    }

    /// Returns the mode that an object of the source names for itself.
    pub(crate) fn of(object: &Value) -> Option<Self> {
        annotation(object)
            .and_then(Value::as_str)
            .and_then(Self::parse)
    }

    /// Returns the annotation of an object when it names no mode.
    pub(crate) fn mistake(object: &Value) -> Option<&Value> {
        annotation(object).filter(|_| Self::of(object).is_none())
    }
}

fn annotation(object: &Value) -> Option<&Value> {
    object
        .get("metadata")?
        .get("annotations")?
        .get(Drifting::ANNOTATION)
}

/// What a person has allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approvals {
    /// Everything in the plans with these hashes.
    pub plans: BTreeSet<PlanHash>,
    /// The deletion of these objects, replacing them, or taking them over from another owner.
    pub objects: BTreeSet<ObjectRef>,
}

impl Default for Guards {
    fn default() -> Self {
        let protected = ["kube-system", "kube-public", "kube-node-lease"];
        Self {
            shrink_percent: 50,
            shrink_free: 5,
            protected_namespaces: protected.map(str::to_owned).into(),
            replace: Replacing::default(),
            drift: Drifting::default(),
        }
    }
}

/// Returns why deleting the object needs an approval, if it does.
pub(crate) fn protection(id: &ObjectRef, guards: &Guards) -> Option<String> {
    let namespace = id.namespace.as_deref().unwrap_or_default();
    let why = match (id.group.as_str(), id.kind.as_str()) {
        ("", "Namespace") => "a Namespace takes everything in it along",
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            "a CustomResourceDefinition takes all objects of its kind along"
        }
        ("", "PersistentVolumeClaim") => "a PersistentVolumeClaim may take its data along",
        ("", "PersistentVolume") => "a PersistentVolume may take its data along",
        _ if guards.protected_namespaces.contains(namespace) => {
            return Some(format!("the namespace {namespace} is protected"));
        }
        _ => return None,
    };
    Some(why.to_owned())
}

/// Blocks replacements that are each allowed but not all together.
pub(crate) fn hold_replacements(
    applies: &mut BTreeMap<ObjectRef, Action>,
    many: Option<&Reason>,
    grant: Grant<'_>,
) {
    let Some(reason) = many else { return };
    for action in applies
        .values_mut()
        .filter(|action| action.op == Op::Replace)
    {
        if !grant.covers(&action.id) {
            action.hold(reason.clone());
        }
    }
}

/// Blocks deletions that are each allowed but not all together, or not now.
pub(crate) fn hold_prunes(
    prunes: &mut [Action],
    applies: &BTreeMap<ObjectRef, Action>,
    many: Option<&Reason>,
    inputs: &Inputs<'_>,
    grant: Grant<'_>,
) {
    let is_held = |action: &&Action| matches!(action.op, Op::Blocked | Op::Conflict | Op::Failed);
    let failing = applies.values().filter(is_held).count();
    let incomplete = (failing > 0).then_some(Reason::Incomplete { failing });
    let unknown = inputs.others.unknown.iter();
    let unknown: Vec<Unit> = unknown
        .filter(|unit| *unit != inputs.unit)
        .cloned()
        .collect();
    let is_unknown = !unknown.is_empty();
    for action in prunes.iter_mut().filter(|action| action.op == Op::Prune) {
        if let Some(reason) = &incomplete {
            action.hold(reason.clone());
        } else if grant.covers(&action.id) {
            if is_unknown {
                action.approve(reason::may_want(&unknown));
            }
        } else if is_unknown {
            let units = unknown.clone();
            action.hold(Reason::OthersUnknown { units });
        } else if let Some(reason) = many {
            action.hold(reason.clone());
        }
    }
}

impl Action {
    fn hold(&mut self, reason: Reason) {
        self.op = Op::Blocked;
        self.reason = reason;
    }

    /// Notes what a deletion needed its approval for, so that the approval is for that alone: it is in the
    /// hash of the plan.
    fn approve(&mut self, also: String) {
        let why = match &self.reason {
            Reason::Approved { why } => format!("{why}; {also}"),
            _ => also,
        };
        self.reason = Reason::Approved { why };
    }
}

/// Returns why so many deletions wait for approval, if they do. A replacement is a deletion, too.
pub(crate) fn too_many(
    prunes: &[Action],
    applies: &BTreeMap<ObjectRef, Action>,
    desired: &DesiredSet,
    inventory: &Inventory,
    inputs: &Inputs<'_>,
) -> Option<Reason> {
    let held = inventory.len();
    let deletions = prunes.iter().chain(applies.values());
    let prunes = deletions.filter(|action| is_deletion(action)).count();
    if desired.is_empty() {
        return Some(Reason::EmptySource { held });
    }
    is_shrink(prunes, held, inputs.guards).then_some(Reason::Shrink { prunes, held })
}

/// A deletion that waits for its own approval counts towards the share, too.
fn is_deletion(action: &Action) -> bool {
    matches!(action.op, Op::Prune | Op::Replace)
        || matches!(
            action.reason,
            Reason::Protected { .. } | Reason::ReplaceProtected { .. }
        )
}

fn is_shrink(prunes: usize, held: usize, guards: &Guards) -> bool {
    let share = held.saturating_mul(guards.shrink_percent) / 100;
    prunes > guards.shrink_free && prunes > share
}
