//! `windlass sops` beside the real sops 3.11.0: what one writes the other reads, and scripts do not notice.

#[path = "sops/beside.rs"]
mod beside;
#[path = "sops/files.rs"]
mod files;
#[path = "sops/lab.rs"]
pub(crate) mod lab;
#[path = "sops/messages.rs"]
mod messages;
