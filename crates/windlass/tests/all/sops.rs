//! `windlass sops` beside the real sops 3.11.0: what one writes the other reads, and scripts do not notice.

#[path = "sops/beside.rs"]
mod beside;
#[path = "sops/edit.rs"]
mod edit;
#[path = "sops/exec.rs"]
mod exec;
#[path = "sops/files.rs"]
mod files;
#[path = "sops/keys.rs"]
mod keys;
#[path = "sops/keyservice.rs"]
mod keyservice;
#[path = "sops/lab.rs"]
pub(crate) mod lab;
#[path = "sops/lies.rs"]
mod lies;
#[path = "sops/messages.rs"]
mod messages;
#[path = "sops/publish.rs"]
mod publish;
