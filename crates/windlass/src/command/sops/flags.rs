//! The flags that several verbs share.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use windlass_sops::KeyType;

use super::words::truth;

/// Returns the parser of a path that may be empty, which is none.
pub(super) fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

/// Parses what switches something on or off; nothing is off, as in sops.
fn switch(text: &str) -> Result<bool, String> {
    let on = if text.is_empty() {
        Some(false)
    } else {
        truth(text)
    };
    on.ok_or_else(|| "it is true or false".to_owned())
}

/// How the document is read and written.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct TypeFlags {
    /// The format of the input: yaml, json, dotenv, ini or binary (default: by the name of the file)
    #[arg(long, value_name = "TYPE")]
    pub(super) input_type: Option<String>,
    /// The format of the output (default: by the name of the file)
    #[arg(long, value_name = "TYPE")]
    pub(super) output_type: Option<String>,
}

/// Where the result goes.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct OutputFlags {
    /// Write the result to the file itself instead of standard output
    #[arg(long, short)]
    pub(super) in_place: bool,
    /// Write the result to this file instead of standard output
    #[arg(long, value_name = "FILE", value_parser = path())]
    pub(super) output: Option<PathBuf>,
}

/// The name that counts instead of that of the file.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct NameFlags {
    /// The name by which the format and the rule of .sops.yaml are found, instead of that of the file
    #[arg(long, value_name = "NAME", value_parser = path())]
    pub(super) filename_override: Option<PathBuf>,
}

impl NameFlags {
    /// Returns the name, if there is one.
    pub(super) fn name(&self) -> Option<&Path> {
        let name = self.filename_override.as_deref();
        name.filter(|name| !name.as_os_str().is_empty())
    }
}

/// Who opens the document.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct ServiceFlags {
    /// Use the keys of this process; false leaves all to key services
    #[arg(
        long,
        value_name = "BOOL",
        env = "SOPS_ENABLE_LOCAL_KEYSERVICE",
        hide_env_values = true,
        default_value_t = true,
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true,
        value_parser = switch,
        action = clap::ArgAction::Set
    )]
    pub(super) enable_local_keyservice: bool,
    /// A key service to ask as well, tcp://HOST:PORT or unix:///PATH; may be given several times
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "SOPS_KEYSERVICE",
        hide_env_values = true
    )]
    pub(super) keyservice: Vec<String>,
}

/// In which order keys are tried, and whether the MAC must be right.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct OrderFlags {
    /// The types of keys to try first, with commas: age, pgp, kms, gcp_kms, azure_kv, hc_vault, hckms
    #[arg(
        long,
        value_name = "TYPES",
        env = "SOPS_DECRYPTION_ORDER",
        hide_env_values = true
    )]
    pub(super) decryption_order: Option<String>,
}

/// Whether a document opens that does not match its MAC.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(super) struct MacFlags {
    /// Open the document even when it does not match its MAC
    #[arg(long)]
    pub(super) ignore_mac: bool,
}

/// How many key groups are needed.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(super) struct ThresholdFlags {
    /// How many key groups are needed to open the document (default: all)
    #[arg(long, value_name = "NUMBER")]
    pub(super) shamir_secret_sharing_threshold: Option<usize>,
}

/// What keys of AWS KMS need besides their name.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct ContextFlags {
    /// The encryption context of AWS KMS keys: KEY:VALUE, with commas
    #[arg(long, value_name = "PAIRS")]
    pub(super) encryption_context: Option<String>,
}

/// The keys of a new document.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct KeyFlags {
    /// age recipients, with commas
    #[arg(
        long,
        short,
        value_name = "RECIPIENTS",
        env = "SOPS_AGE_RECIPIENTS",
        hide_env_values = true
    )]
    pub(super) age: Option<String>,
    /// PGP fingerprints, with commas
    #[arg(
        long,
        short,
        value_name = "FINGERPRINTS",
        env = "SOPS_PGP_FP",
        hide_env_values = true
    )]
    pub(super) pgp: Option<String>,
    /// ARNs of AWS KMS keys, with commas
    #[arg(
        long,
        short,
        value_name = "ARNS",
        env = "SOPS_KMS_ARN",
        hide_env_values = true
    )]
    pub(super) kms: Option<String>,
    /// The AWS profile with which the AWS KMS keys are asked
    #[arg(long, value_name = "NAME")]
    pub(super) aws_profile: Option<String>,
    /// Google Cloud KMS keys, with commas
    #[arg(
        long,
        value_name = "NAMES",
        env = "SOPS_GCP_KMS_IDS",
        hide_env_values = true
    )]
    pub(super) gcp_kms: Option<String>,
    /// URLs of Azure Key Vault keys, with commas
    #[arg(
        long,
        value_name = "URLS",
        env = "SOPS_AZURE_KEYVAULT_URLS",
        hide_env_values = true
    )]
    pub(super) azure_kv: Option<String>,
    /// URLs of keys of HashiCorp Vault's transit engine, with commas
    #[arg(
        long,
        value_name = "URLS",
        env = "SOPS_VAULT_URIS",
        hide_env_values = true
    )]
    pub(super) hc_vault_transit: Option<String>,
    /// Huawei Cloud KMS keys, with commas
    #[arg(
        long,
        value_name = "KEYS",
        env = "SOPS_HUAWEICLOUD_KMS_IDS",
        hide_env_values = true
    )]
    pub(super) hckms: Option<String>,
}

/// Which values of a new document are encrypted; at most one of them.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct RuleFlags {
    /// Leave values in clear below keys with this suffix
    #[arg(long, value_name = "SUFFIX")]
    pub(super) unencrypted_suffix: Option<String>,
    /// Encrypt only values below keys with this suffix
    #[arg(long, value_name = "SUFFIX")]
    pub(super) encrypted_suffix: Option<String>,
    /// Leave values in clear below keys that match
    #[arg(long, value_name = "REGEX")]
    pub(super) unencrypted_regex: Option<String>,
    /// Encrypt only values below keys that match
    #[arg(long, value_name = "REGEX")]
    pub(super) encrypted_regex: Option<String>,
    /// Leave values in clear that follow a comment that matches
    #[arg(long, value_name = "REGEX")]
    pub(super) unencrypted_comment_regex: Option<String>,
    /// Encrypt only values that follow a comment that matches
    #[arg(long, value_name = "REGEX")]
    pub(super) encrypted_comment_regex: Option<String>,
    /// Compute the MAC over the values that are encrypted only
    #[arg(long)]
    pub(super) mac_only_encrypted: bool,
}

/// The keys that `rotate` adds to a document and takes from it.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct ChangeFlags {
    /// Add these age recipients to the first group
    #[arg(long, value_name = "RECIPIENTS")]
    pub(super) add_age: Option<String>,
    /// Remove these age recipients from all groups
    #[arg(long, value_name = "RECIPIENTS")]
    pub(super) rm_age: Option<String>,
    /// Add these PGP fingerprints
    #[arg(long, value_name = "FINGERPRINTS")]
    pub(super) add_pgp: Option<String>,
    /// Remove these PGP fingerprints
    #[arg(long, value_name = "FINGERPRINTS")]
    pub(super) rm_pgp: Option<String>,
    /// Add these AWS KMS keys
    #[arg(long, value_name = "ARNS")]
    pub(super) add_kms: Option<String>,
    /// Remove these AWS KMS keys
    #[arg(long, value_name = "ARNS")]
    pub(super) rm_kms: Option<String>,
    /// Add these Google Cloud KMS keys
    #[arg(long, value_name = "NAMES")]
    pub(super) add_gcp_kms: Option<String>,
    /// Remove these Google Cloud KMS keys
    #[arg(long, value_name = "NAMES")]
    pub(super) rm_gcp_kms: Option<String>,
    /// Add these Azure Key Vault keys
    #[arg(long, value_name = "URLS")]
    pub(super) add_azure_kv: Option<String>,
    /// Remove these Azure Key Vault keys
    #[arg(long, value_name = "URLS")]
    pub(super) rm_azure_kv: Option<String>,
    /// Add these HashiCorp Vault keys
    #[arg(long, value_name = "URLS")]
    pub(super) add_hc_vault_transit: Option<String>,
    /// Remove these HashiCorp Vault keys
    #[arg(long, value_name = "URLS")]
    pub(super) rm_hc_vault_transit: Option<String>,
    /// Add these Huawei Cloud KMS keys
    #[arg(long, value_name = "KEYS")]
    pub(super) add_hckms: Option<String>,
    /// Remove these Huawei Cloud KMS keys
    #[arg(long, value_name = "KEYS")]
    pub(super) rm_hckms: Option<String>,
}

impl ChangeFlags {
    /// Returns whether any key is added or removed.
    pub(super) fn is_given(&self) -> bool {
        let mut kinds = self.kinds().into_iter();
        kinds.any(|(_, _, add, rm)| [add, rm].into_iter().flatten().any(|text| !text.is_empty()))
    }

    /// Returns what is added and removed of each type of key, with the name that its flags have for it.
    pub(super) fn kinds(&self) -> [(KeyType, &'static str, Option<&str>, Option<&str>); 7] {
        let pairs = [
            (KeyType::AwsKms, "kms", &self.add_kms, &self.rm_kms),
            (KeyType::Pgp, "pgp", &self.add_pgp, &self.rm_pgp),
            (KeyType::Age, "age", &self.add_age, &self.rm_age),
            (
                KeyType::GcpKms,
                "gcp-kms",
                &self.add_gcp_kms,
                &self.rm_gcp_kms,
            ),
            (
                KeyType::AzureKeyVault,
                "azure-kv",
                &self.add_azure_kv,
                &self.rm_azure_kv,
            ),
            (
                KeyType::HashicorpVault,
                "hc-vault-transit",
                &self.add_hc_vault_transit,
                &self.rm_hc_vault_transit,
            ),
            (KeyType::HuaweiKms, "hckms", &self.add_hckms, &self.rm_hckms),
        ];
        pairs.map(|(key_type, name, add, rm)| (key_type, name, add.as_deref(), rm.as_deref()))
    }
}
