//! The laws of a plan, and what people read of it.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot make its inputs fails"
)]

#[path = "all/cases.rs"]
mod cases;
#[path = "all/drift.rs"]
mod drift;
#[path = "all/laws.rs"]
mod laws;
#[path = "all/order.rs"]
mod order;
#[path = "all/replacements.rs"]
mod replacements;
#[path = "all/review.rs"]
mod review;
#[path = "all/safety.rs"]
mod safety;
#[path = "all/saved.rs"]
mod saved;
#[path = "all/situations.rs"]
mod situations;
#[path = "all/world.rs"]
mod world;
