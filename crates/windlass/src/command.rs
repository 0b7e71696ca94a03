//! A file a command.

pub(crate) mod apiserver;
pub(crate) mod build;
pub(crate) mod completion;
pub(crate) mod diff;
pub(crate) mod plan;
pub(crate) mod status;
mod survey;
pub(crate) mod up;

use tokio::runtime::{Builder, Runtime};

use crate::failure::Failure;

/// Returns the runtime that a command's asynchronous part runs on.
fn runtime() -> Result<Runtime, Failure> {
    // kube and our API server use the same provider; the second call would find it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?)
}

/// Returns a value as YAML, printed as `kustomize build` prints objects.
fn to_yaml(value: &serde_json::Value) -> Result<String, Failure> {
    Ok(windlass_yaml::print_build_json(value)?)
}
