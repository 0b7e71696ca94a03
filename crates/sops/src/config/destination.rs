//! Where `sops publish` puts documents.

use std::fmt;

use windlass_yaml::Node;

use super::read::{Fields, error};
use super::{ConfigError, CreationRule, NoMatchingRule, PathRule, RuleMiss};

const MISSING: &str = "a destination rule names one of s3_bucket, gcs_bucket and vault_path";
const TEXTS: [&str; 8] = [
    "path_regex",
    "s3_bucket",
    "s3_prefix",
    "gcs_bucket",
    "gcs_prefix",
    "vault_path",
    "vault_address",
    "vault_kv_mount_name",
];

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

/// A rule as it was written. What is wrong with it matters to who needs it only; sops looks at rules one by one
/// until one matches.
#[derive(Clone, Debug)]
pub(super) struct WrittenRule {
    line: u32,
    path: Result<PathRule, ConfigError>,
    rule: Result<DestinationRule, ConfigError>,
}

/// Why a document has no destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoDestination {
    /// No rule matches its path.
    NoMatch(NoMatchingRule),
    /// The rule for it, or one before that, is wrong.
    Malformed(ConfigError),
}

impl fmt::Display for NoDestination {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMatch(missed) => missed.describe("destination", formatter),
            Self::Malformed(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for NoDestination {}

/// Returns the first rule that matches `path`.
pub(super) fn first_match<'r>(
    rules: &'r [WrittenRule],
    path: &str,
) -> Result<&'r DestinationRule, NoDestination> {
    let malformed = |error: &ConfigError| NoDestination::Malformed(error.clone());
    let mut misses = Vec::new();
    for rule in rules {
        let wanted = rule.path.as_ref().map_err(malformed)?;
        if wanted.matches(path) {
            return rule.rule.as_ref().map_err(malformed);
        }
        misses.push(RuleMiss {
            line: rule.line,
            path_regex: wanted.regex().unwrap_or_default().to_owned(),
        });
    }
    let path = path.to_owned();
    Err(NoDestination::NoMatch(NoMatchingRule { path, misses }))
}

/// Reads a rule. Only what is of a wrong type is an error, as in sops 3.11, which reads the whole file for every
/// document that it makes.
pub(super) fn written(node: &Node) -> Result<WrittenRule, ConfigError> {
    let (line, wrong) = (node.start.line, || error(node, MISSING));
    if node.is_null() {
        let (path, rule) = (Ok(PathRule::default()), Err(wrong()));
        return Ok(WrittenRule { line, path, rule });
    }
    let fields = Fields::of(node)?;
    fields.check(&TEXTS, &["vault_kv_version"], &["omit_extensions"])?;
    let rule = match rule(node) {
        Err(error) if error.is_mistyped => return Err(error),
        rule => rule,
    };
    let path = fields.path_rule();
    Ok(WrittenRule { line, path, rule })
}

fn rule(node: &Node) -> Result<DestinationRule, ConfigError> {
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
        _ => Err(error(fields.node(), MISSING)),
    }
}

fn vault_version(fields: &Fields<'_>) -> Result<u8, ConfigError> {
    match fields.number("vault_kv_version")? {
        None | Some(2) => Ok(2),
        Some(1) => Ok(1),
        Some(_) => Err(error(fields.node(), "vault_kv_version must be 1 or 2")),
    }
}
