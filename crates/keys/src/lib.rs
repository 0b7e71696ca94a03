//! Wraps and unwraps data keys of sops with keys that are elsewhere.
//!
//! - [`AwsKms`]: keys of the AWS Key Management Service.
//! - [`GcpKms`], [`GcpConfig`]: keys of Google Cloud KMS.
//! - [`AzureKeyVault`], [`AzureConfig`]: keys of Azure Key Vault.
//! - [`Vault`], [`VaultConfig`]: keys of HashiCorp Vault's transit engine.
//! - [`Gpg`]: the gpg program of a person at a terminal.
//! - [`RemoteKeys`], [`RemoteAddress`]: the keys of another process, through sops' key service.
//! - [`SecretKeys`]: all that a Secret holds, as Flux has it.
//! - [`Cached`]: any of them, which then asks once for each wrapped key.
//! - [`AnyOf`]: several, which are asked in turn until one succeeds.
//! - [`KeyServer`], [`LocalAddress`]: lends the keys of this process to others, as that key service.
//!
//! Each is a [`KeyService`](windlass_sops::KeyService), and says
//! [`NotServed`](windlass_sops::KeyFailure::NotServed) to keys of other types, so a list of them serves
//! all of theirs.
//!
//! ```
//! use windlass_aws::Config;
//! use windlass_http::Settings;
//! use windlass_keys::{AwsKms, CacheLimits, Cached, Vault, VaultConfig};
//! use windlass_sops::KeyService;
//!
//! let nothing = |_: &str| None;
//! let settings = Settings::default();
//! let aws = AwsKms::new(Config::from_env(nothing), &settings)?;
//! let vault = Vault::new(VaultConfig::from_env(nothing), &settings)?;
//! let services: Box<[Box<dyn KeyService>]> = Box::new([Box::new(aws), Box::new(vault)]);
//! let services = Cached::new(services, CacheLimits::default());
//! # let _ = services;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Where credentials come from is data, which a caller reads from its environment or elsewhere. What
//! a key wraps is checked for its length; that it is the right one is known when the document opens.

mod any_of;
mod assertion;
mod aws_kms;
mod azure;
mod bearer;
mod cached;
mod gcp_kms;
mod gpg;
mod remote;
mod secret_keys;
mod share;
mod vault;

pub use any_of::AnyOf;
pub use aws_kms::AwsKms;
pub use azure::{AzureConfig, AzureCredentials, AzureKeyVault};
pub use cached::{CacheLimits, Cached};
pub use gcp_kms::{GcpConfig, GcpCredentials, GcpKms};
pub use gpg::Gpg;
pub use remote::{
    AddressError, Approval, KeyServer, LocalAddress, RemoteAddress, RemoteKeys, ServeError,
};
pub use secret_keys::{SecretEntryError, SecretKeys};
pub use vault::{Addresses, Vault, VaultConfig, VaultConfigError};
