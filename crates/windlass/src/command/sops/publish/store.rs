//! Where copies are written.

use std::env;
use std::time::Duration;

use windlass_aws::{Aws, AwsError, Config, Who};
use windlass_http::Settings;
use windlass_keys::{Vault, VaultConfig};
use windlass_sops::{Destination, MAX_SIZE};

use super::super::exit::Exit;
use super::bucket::Bucket;
use super::copy::Copy;
use super::vault::Secret;
use crate::failure::Failure;

/// The region that is asked where none is set: S3 says which one a bucket is in.
const FIRST_REGION: &str = "us-east-1";

/// What came of writing a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// It was written.
    New,
    /// It was there already.
    Same,
}

/// Writes a copy, unless the same is there.
pub(super) fn write(copy: &Copy) -> Result<Written, Failure> {
    let failed = |error: String| Exit::Generic.because(format!("{}: {error}", copy.place));
    let (name, content) = (&copy.name, &copy.content);
    match &copy.destination {
        Destination::S3 { bucket, prefix } => {
            let written = write_to_s3(bucket, &format!("{prefix}{name}"), content.expose());
            written.map_err(|error| failed(error.to_string()))
        }
        Destination::Gcs { bucket, prefix } => {
            let service = Bucket::open(&settings(), variable)?;
            let written = service.write(bucket, &format!("{prefix}{name}"), content.expose());
            written.map_err(failed)
        }
        Destination::Vault {
            address,
            path,
            mount,
            version,
        } => {
            let vault = Vault::new(VaultConfig::from_env(variable), &settings());
            let vault = vault.map_err(|error| Exit::Generic.with(error))?;
            Secret::new(address.as_deref(), mount, path, *version, name).write(&vault, content)
        }
    }
}

fn write_to_s3(bucket: &str, key: &str, content: &[u8]) -> Result<Written, AwsError> {
    let config = Config::from_env(variable);
    let region = config.region.clone();
    let who = Who {
        region: region.unwrap_or_else(|| FIRST_REGION.to_owned()),
        ..Who::default()
    };
    let aws = Aws::new(config, &settings())?;
    // Who may write need not be allowed to read.
    if let Ok(Some(there)) = aws.object(&who, bucket, key)
        && there == content
    {
        return Ok(Written::Same);
    }
    aws.put_object(&who, bucket, key, content)?;
    Ok(Written::New)
}

/// Answers may be as large as a document.
fn settings() -> Settings {
    Settings {
        timeout: Duration::from_mins(1),
        max_answer: MAX_SIZE,
        ..Settings::default()
    }
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok()
}
