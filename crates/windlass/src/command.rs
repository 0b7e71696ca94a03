//! A file a command.

pub(crate) mod apiserver;
pub(crate) mod apply;
pub(crate) mod build;
pub(crate) mod completion;
pub(crate) mod diff;
pub(crate) mod kubeconfig;
pub(crate) mod kustomize;
pub(crate) mod plan;
pub(crate) mod secret;
pub(crate) mod sops;
pub(crate) mod status;
mod survey;
pub(crate) mod up;

use tokio::runtime::{Builder, Runtime};

use crate::failure::Failure;
use crate::keys::Keys;

/// Returns the runtime that a command's asynchronous part runs on.
fn runtime() -> Result<Runtime, Failure> {
    // kube and our API server use the same provider; the second call would find it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?)
}

/// Returns why units cannot be rendered, what is wrong with the keys, and what to do when there was none to
/// open secrets with.
pub(crate) fn unrendered(errors: Vec<String>, keys: &Keys) -> Failure {
    let problems = keys.problems().iter();
    let failure = problems.fold(Failure::of(errors), |failure, problem| {
        failure.hint(problem.clone())
    });
    if keys.is_empty() {
        failure.hint("no age key was found; add --age-key-file FILE or set SOPS_AGE_KEY_FILE")
    } else {
        failure
    }
}

/// Returns a value as YAML, printed as `kustomize build` prints objects.
fn to_yaml(value: &serde_json::Value) -> Result<String, Failure> {
    Ok(windlass_yaml::print_build_json(value)?)
}
