//! From desired objects, an inventory and the live ones to a plan.
//!
//! - [`Unit`]: who applies: one service in one environment, or one Flux Kustomization.
//! - [`Desired`], [`DesiredSet`]: what the source says, complete or not known.
//! - [`Inventory`], [`Held`]: what the unit has applied, in Flux's entry format.
//! - [`Observed`]: what the cluster has for one object, and what a dry run made of it.
//! - [`Guards`], [`Approvals`]: what must not be deleted, and what a person has allowed.
//! - [`Inputs`] and [`plan`]: all of this together, and the function.
//! - [`Plan`]: waves of [`Action`]s with reason, cause and field changes; text, JSON and a hash.
//! - [`inventory_before`], [`inventory_after`]: what to store before the first write and after the last.
//!
//! Whoever runs a plan looks the objects up in the [`DesiredSet`]: a plan holds no object and no secret value.
//! This crate does not talk to a cluster, does not judge health and does not apply anything.

mod blame;
mod decide;
mod desired;
mod guard;
mod hash;
mod inputs;
mod inventory;
mod make;
mod observed;
mod order;
mod plan;
mod reason;
mod result;
mod text;
mod unit;

pub use desired::{Desired, DesiredError, DesiredSet};
pub use guard::{Approvals, Guards};
pub use inputs::Inputs;
pub use inventory::{Entry, EntryError, Held, Inventory};
pub use make::plan;
pub use observed::{Claim, ClaimState, Conflict, DryRun, Live, Observed};
pub use plan::{
    Action, Counts, Field, Op, Phase, Plan, PlanFileError, PlanHash, Until, Wait, Wave, Writer,
};
pub use reason::{Cause, Reason};
pub use result::{Outcome, inventory_after, inventory_before};
pub use text::{Color, TextOptions};
pub use unit::{NAME_LABEL, NAMESPACE_LABEL, Unit};
