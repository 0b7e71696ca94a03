//! A cluster connection against the embedded API server, with a network between them that can forge
//! answers and let others act at the worst moment.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "all/absent.rs"]
mod absent;
#[path = "all/drift.rs"]
mod drift;
#[path = "all/failures.rs"]
mod failures;
#[path = "all/faults.rs"]
mod faults;
#[path = "all/ignore.rs"]
mod ignore;
#[path = "all/inventory.rs"]
mod inventory;
#[path = "all/known.rs"]
mod known;
#[path = "all/large.rs"]
mod large;
#[path = "all/lease.rs"]
mod lease;
#[path = "all/network.rs"]
mod network;
#[path = "all/observe.rs"]
mod observe;
#[path = "all/prune.rs"]
mod prune;
#[path = "all/replace.rs"]
mod replace;
#[path = "all/served.rs"]
mod served;
#[path = "all/settled.rs"]
mod settled;
#[path = "all/takeover.rs"]
mod takeover;
#[path = "all/unit.rs"]
mod unit;
#[path = "all/watch.rs"]
mod watch;
#[path = "all/world.rs"]
mod world;
