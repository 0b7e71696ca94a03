//! Asks AWS, with the credentials that a caller has.
//!
//! - [`Config`]: where credentials come from and where requests go, as plain data; [`Config::from_env`]
//!   reads the variables of the AWS programs through a function of the caller's.
//! - [`Aws`]: holds what was found and asks; [`Who`] says as whom.
//! - [`KeyArn`]: the name of a key, checked.
//! - [`Aws::encrypt`], [`Aws::decrypt`]: two calls to the Key Management Service.
//! - [`Aws::object`], [`Aws::put_object`]: two calls to the Simple Storage Service.
//! - [`AwsError`], [`CredentialsError`]: who asked, what was refused, what is missing.
//!
//! ```
//! use windlass_aws::{Config, KeyArn};
//!
//! let config = Config::from_env(|name| (name == "AWS_PROFILE").then(|| "prod".to_owned()));
//! assert_eq!(config.profile.as_deref(), Some("prod"));
//! let arn: KeyArn = "arn:aws:kms:eu-west-1:111122223333:alias/sops".parse()?;
//! assert_eq!(arn.region(), "eu-west-1");
//! # Ok::<(), windlass_aws::ArnError>(())
//! ```
//!
//! Credentials are looked for as the AWS SDK for Go v2 does, which sops 3.11 uses: a profile that the
//! caller names; keys in the environment; a web identity; the profile of the configuration; the
//! container; the instance. What needs another program (`credential_process`) or a browser (SSO) is
//! refused, with what to do instead.

mod arn;
mod call;
mod config;
mod credentials;
mod error;
mod instance;
mod kms;
mod profile;
mod s3;
mod sts;

pub use arn::{ArnError, KeyArn};
pub use call::{Aws, Who};
pub use config::{Config, Container, Keys, WebIdentity};
pub use error::{AwsError, CredentialsError};
