//! The program from end to end: the real binary, `git` and `kubectl`, in an empty directory with an empty
//! environment.
#![expect(clippy::disallowed_methods, reason = "these tests run programs")]
#![expect(
    clippy::unwrap_used,
    reason = "a failed step of the arrangement is a failed test"
)]

#[path = "all/apply.rs"]
mod apply;
#[path = "all/bad_input.rs"]
mod bad_input;
#[path = "all/build.rs"]
mod build;
#[path = "all/changes.rs"]
mod changes;
#[path = "all/cluster.rs"]
mod cluster;
#[path = "all/docs.rs"]
mod docs;
#[path = "all/drift.rs"]
mod drift;
#[path = "all/edit.rs"]
mod edit;
#[path = "all/follow.rs"]
mod follow;
#[path = "all/kustomize.rs"]
mod kustomize;
#[path = "all/plan_file.rs"]
mod plan_file;
#[path = "all/real.rs"]
mod real;
#[path = "all/refused.rs"]
mod refused;
#[path = "all/remote.rs"]
mod remote;
#[path = "all/replacement.rs"]
mod replacement;
#[path = "all/restart.rs"]
mod restart;
#[path = "all/scene.rs"]
mod scene;
#[path = "all/secret_verbs.rs"]
mod secret_verbs;
#[path = "all/secrets.rs"]
mod secrets;
#[path = "all/settings.rs"]
mod settings;
#[path = "all/sops.rs"]
mod sops;
#[path = "all/sops_kms.rs"]
mod sops_kms;
#[path = "all/sops_recorded.rs"]
mod sops_recorded;
#[path = "all/sops_turns.rs"]
mod sops_turns;
#[path = "../../http/tests/support/stand_in.rs"]
mod stand_in;
#[path = "all/up.rs"]
mod up;
