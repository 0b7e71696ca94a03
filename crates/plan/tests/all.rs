//! The laws of a plan, and what people read of it.

#[path = "all/laws.rs"]
mod laws;
#[path = "all/situations.rs"]
mod situations;
#[path = "all/world.rs"]
mod world;
