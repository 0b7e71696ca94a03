//! From desired objects, an inventory and the live ones to a plan.
//!
//! - [`Unit`]: who applies: one service in one environment, or one Flux Kustomization.
//! - [`Desired`], [`DesiredSet`]: what the source says, complete or not known.
//! - [`Inventory`], [`Held`]: what the unit has applied, in Flux's entry format.
//! - [`Observed`]: what the cluster has for one object, and what a dry run made of it.
//! - [`immutable_fields`]: which refusals of a dry run mean that an object must be replaced ([`Complaint`]).
//! - [`is_settled()`]: whether an apply would surely leave an object as it is, so that none need be tried.
//! - [`Taker`], [`Takeover`]: fields of kubectl and of older programs, made ours.
//! - [`Others`], [`Claim`]: what other units have to do with these objects.
//! - [`Guards`], [`Replacing`], [`Approvals`]: what must not be deleted, and what a person has allowed.
//! - [`Drifting`]: whether drift is corrected, told or left alone.
//! - [`IgnoreRule`], [`Target`], [`Ignored`], [`Pointer`]: fields that are left to others while an object exists.
//! - [`KNOWN`]: differences that are none, and need no rule.
//! - [`Inputs`] and [`plan()`]: all of this together, and the function.
//! - [`Plan`]: waves of [`Action`]s with reason, cause and field changes; text, JSON and a hash.
//! - [`Review`]: the plans of several units for people, as text and as Markdown; what is the same in many is said once.
//! - [`SavedPlans`]: plans in a file, to be run later and nothing else.
//! - [`reason_to_keep`]: asked again of each object just before it is deleted.
//! - [`inventory_before`], [`inventory_after`]: what to store before the first write and after the last.
//!
//! ```
//! use std::collections::BTreeMap;
//! use serde_json::json;
//! use windlass_object::{FingerprintKey, Object};
//! use windlass_plan::{
//!     Approvals, Desired, DesiredSet, DryRun, Guards, Held, Inputs, Inventory, Live, Observed, Op, Others, Unit, plan,
//! };
//!
//! let unit = Unit::new("flux-system", "hydra");
//! let object = Object::new(json!({
//!     "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "shop"},
//! }))?;
//! let desired = DesiredSet::new(&unit, [object]).expect("the object is there once");
//! let mut observed = BTreeMap::new();
//! for object in desired.objects() {
//!     let dry_run = DryRun::Merged(object.open().into_value());
//!     observed.insert(object.id().clone(), Observed { live: Live::Absent, dry_run });
//! }
//! let plan = plan(&Inputs {
//!     unit: &unit,
//!     revision: "main@sha1:0a1b2c3d",
//!     desired: &Desired::Complete(desired),
//!     inventory: &Held::Known(Inventory::default()),
//!     observed: &observed,
//!     others: &Others::default(),
//!     approvals: &Approvals::default(),
//!     guards: &Guards::default(),
//!     manager: "kustomize-controller",
//!     key: &FingerprintKey::new([7; 32]),
//! });
//! assert_eq!(plan.waves[0].actions[0].op, Op::Create);
//! # Ok::<(), windlass_object::ObjectError>(())
//! ```
//!
//! Whoever runs a plan looks the objects up in the [`DesiredSet`]: a plan holds no object and no secret value.
//! This crate does not talk to a cluster, does not judge health and does not apply anything.

mod blame;
mod decide;
mod desired;
mod guard;
mod hash;
mod ignore;
mod immutable;
mod inputs;
mod inventory;
mod make;
mod observed;
mod order;
mod others;
mod plan;
mod reason;
mod rendition;
mod result;
mod review;
mod saved;
mod settled;
mod takeover;
mod text;
mod unit;

pub use decide::reason_to_keep;
pub use desired::{Desired, DesiredError, DesiredSet};
pub use guard::{Approvals, Drifting, Guards, Replacing};
pub use ignore::{
    Harmless, IgnoreRule, Ignored, KNOWN, Known, NotAPointer, Pointer, Target, TargetError,
};
pub use immutable::{Complaint, immutable_fields};
pub use inputs::Inputs;
pub use inventory::{Entry, EntryError, Held, Inventory};
pub use make::plan;
pub use observed::{Conflict, DryRun, Live, Observed};
pub use others::{Claim, ClaimState, Dependents, Others};
pub use plan::{
    Action, Counts, Field, Op, Phase, Plan, PlanFileError, PlanHash, Until, Wait, Wave, Writer,
};
pub use reason::{Cause, Reason};
pub use rendition::Rendition;
pub use result::{Outcome, inventory_after, inventory_before, is_carried_out};
pub use review::{Group, Review};
pub use saved::{SavedCluster, SavedPlans, SavedPlansError, SavedUnit};
pub use settled::is_settled;
pub use takeover::{Takeover, Taker};
pub use text::{Color, Compared, MarkdownOptions, TextOptions, clean};
pub use unit::{NAME_LABEL, NAMESPACE_LABEL, Unit};
