//! Renders the services of an environment: kustomize, secret stubs and decryption.
//!
//! - [`units`]: the [`Unit`]s of an environment, one for each of its services and addons.
//! - [`render`]: a unit to its [`Rendered`] objects, or to all [`RenderErrors`].
//! - [`render_text`]: the directory of a unit to the text that `kustomize build` prints, without its objects.
//! - [`Decryption`]: how its secrets are opened.
//! - [`identity()`]: what a cluster calls a unit of an environment.
//! - [`Stub`], [`reached_directories`]: where the secrets of a unit are, and edits of a `secret-stub.yaml`.
//! - [`Inputs`], [`Fingerprint`]: what a result depends on, so that a unit whose inputs are the same in
//!   another tree need not be rendered again.
//!
//! ```
//! use windlass_render::{Decryption, render, units};
//! use windlass_sops::Keyring;
//! use windlass_tree::MemoryTree;
//!
//! let tree = MemoryTree::from_iter([
//!     ("kustomize/web/base/kustomization.yaml", "resources: [service.yaml]\n"),
//!     ("kustomize/web/base/service.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"),
//!     ("kustomize/web/overlays/dev/kustomization.yaml", "namespace: dev\nresources: [../../base]\n"),
//! ]);
//! let units = units(&tree, "dev")?;
//! let rendered = render(&tree, &units[0], Decryption::new(&Keyring::new()))?;
//! assert_eq!(rendered.objects()[0].id().to_string(), "Service/dev/web");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Wherever a directory has a `secret-stub.yaml` and encrypted values in `.sops/`, the build finds a
//! `secret.yaml` with the values opened. It exists in memory only. Everything is opened that Flux opens, too:
//! encrypted manifests and patches, files of secret generators, and values of Secrets that are encrypted
//! files; the MAC of each is verified. Where trees and identities come from,
//! and what becomes of the objects, is the business of others.

mod decryption;
mod identity;
mod inputs;
mod reach;
mod render;
mod secrets;
mod unit;

pub use decryption::{DataKeys, Decryption, PathPattern, PathPatternError};
pub use identity::identity;
pub use inputs::{Fingerprint, Inputs};
pub use reach::{ReachError, reached_directories};
pub use render::{
    RenderError, RenderErrors, Rendered, RenderedText, Warning, render, render_directory,
    render_text,
};
pub use secrets::{
    SecretError, SecretProblem, SecretWarning, Spread, Stub, StubKey, is_placeholder,
    is_secret_key, stub_path, value_file, value_key, values_path,
};
pub use unit::{EnvironmentError, Unit, UnitKind, environments, units};
