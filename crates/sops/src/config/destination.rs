//! Where `sops publish` puts documents.

use windlass_yaml::Node;

use super::read::{Fields, error};
use super::{ConfigError, CreationRule, PathRule};

/// A rule that says where `sops publish` puts documents.
#[derive(Clone, Debug)]
pub struct DestinationRule {
    /// The line of the file where the rule begins.
    pub line: u32,
    /// Which documents it is for.
    pub path: PathRule,
    /// Where they go.
    pub destination: Destination,
    /// The keys to encrypt them with there, when others than their own.
    pub recreation: Option<CreationRule>,
    /// Whether the extension is left out of the name.
    pub omit_extensions: bool,
}

/// Where `sops publish` puts a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// An S3 bucket, encrypted.
    S3 {
        /// The bucket.
        bucket: String,
        /// What stands before the name.
        prefix: String,
    },
    /// A Google Cloud Storage bucket, encrypted.
    Gcs {
        /// The bucket.
        bucket: String,
        /// What stands before the name.
        prefix: String,
    },
    /// HashiCorp Vault, in clear.
    Vault {
        /// The address; `None` for that of the environment.
        address: Option<String>,
        /// What stands before the name.
        path: String,
        /// Where the engine is mounted; `secret/` unless set.
        mount: String,
        /// The version of the engine, 1 or 2; 2 unless set.
        version: u8,
    },
}

pub(super) fn rule(node: &Node) -> Result<DestinationRule, ConfigError> {
    let fields = Fields::of(node)?;
    let recreation = match fields.get("recreation_rule") {
        Some(rule) => Some(super::read::creation_rule(rule)?),
        None => None,
    };
    Ok(DestinationRule {
        line: node.start.line,
        path: fields.path_rule()?,
        destination: destination(&fields)?,
        recreation: recreation
            .filter(|rule| rule.groups.iter().any(|group| !group.keys.is_empty())),
        omit_extensions: fields.flag("omit_extensions")?,
    })
}

fn destination(fields: &Fields<'_>) -> Result<Destination, ConfigError> {
    let text = |field: &str| Ok::<_, ConfigError>(fields.text(field)?.unwrap_or_default());
    let mut found = Vec::new();
    if let Some(bucket) = fields.text("s3_bucket")? {
        let prefix = text("s3_prefix")?;
        found.push(Destination::S3 { bucket, prefix });
    }
    if let Some(bucket) = fields.text("gcs_bucket")? {
        let prefix = text("gcs_prefix")?;
        found.push(Destination::Gcs { bucket, prefix });
    }
    if let Some(path) = fields.text("vault_path")? {
        found.push(Destination::Vault {
            address: fields.text("vault_address")?,
            path,
            mount: fields
                .text("vault_kv_mount_name")?
                .unwrap_or("secret/".to_owned()),
            version: vault_version(fields)?,
        });
    }
    match found.pop() {
        Some(destination) if found.is_empty() => Ok(destination),
        _ => Err(error(
            fields.node(),
            "a destination rule names one of s3_bucket, gcs_bucket and vault_path",
        )),
    }
}

fn vault_version(fields: &Fields<'_>) -> Result<u8, ConfigError> {
    match fields.number("vault_kv_version")? {
        None | Some(2) => Ok(2),
        Some(1) => Ok(1),
        Some(_) => Err(error(fields.node(), "vault_kv_version must be 1 or 2")),
    }
}
