//! The public interface of `windlass-yaml`, and what the programs that it follows have printed.

#[path = "all/any_text.rs"]
mod any_text;
#[path = "all/cases.rs"]
mod cases;
#[path = "all/errors.rs"]
mod errors;
#[path = "all/golden.rs"]
mod golden;
#[path = "all/laws.rs"]
mod laws;
#[path = "all/rewrite.rs"]
mod rewrite;
#[path = "all/trees.rs"]
mod trees;
