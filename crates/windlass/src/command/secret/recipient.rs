//! Keys as people name them: one text, whatever the service.

use clap::Args;
use windlass_sops::MasterKey;

use crate::failure::Failure;

/// What is said of keys of AWS besides their names.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct AwsArgs {
    /// The AWS profile with which the AWS KMS keys of --to are asked; it is stored in the files
    #[arg(long, value_name = "NAME", requires = "to")]
    aws_profile: Option<String>,
    /// A pair of the encryption context of the AWS KMS keys of --to; may be given several times
    #[arg(long, value_name = "KEY:VALUE", requires = "to", conflicts_with = "update_config", value_parser = pair)]
    encryption_context: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once(':') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY:VALUE".to_owned()),
    }
}

impl AwsArgs {
    fn keys(&self, text: &str) -> Vec<MasterKey> {
        let context = self.encryption_context.iter().cloned().collect();
        let profile = self.aws_profile.as_deref().unwrap_or_default();
        MasterKey::kms_list(text, &context, profile)
    }
}

/// Returns the key that a text names.
pub(super) fn parse(text: &str, aws: &AwsArgs) -> Result<MasterKey, Failure> {
    let text = text.trim();
    if text.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-") {
        return Err(Failure::usage(
            "an age identity is secret; name its recipient instead, which begins with age1",
        )
        .hint("it was on a command line, where others can read it and shells remember it"));
    }
    let keys = match kind(text) {
        Some(Kind::Age) => MasterKey::age_list(text),
        Some(Kind::Pgp) => MasterKey::pgp_list(text),
        Some(Kind::AwsKms) => aws.keys(text),
        Some(Kind::GcpKms) => MasterKey::gcp_kms_list(text),
        Some(Kind::Vault) => MasterKey::vault_list(text).map_err(|error| unknown(&error))?,
        Some(Kind::Azure) => MasterKey::azure_list(text).map_err(|error| unknown(&error))?,
        None => return Err(unknown(&format!("{text:?} is not the name of a key"))),
    };
    match <[MasterKey; 1]>::try_from(keys) {
        Ok([key]) => Ok(key),
        Err(_) => Err(unknown(&format!(
            "{text:?} names several keys; give --to several times"
        ))),
    }
}

fn unknown(error: &dyn std::fmt::Display) -> Failure {
    Failure::usage(error.to_string()).hint(
        "a key is age1…, ssh-ed25519 …, a PGP fingerprint of 40 digits, arn:aws:kms:…, projects/…/cryptoKeys/…, https://VAULT.vault.azure.net/keys/NAME/VERSION or https://HOST/v1/ENGINE/keys/NAME",
    )
}

enum Kind {
    Age,
    Pgp,
    AwsKms,
    GcpKms,
    Vault,
    Azure,
}

fn kind(text: &str) -> Option<Kind> {
    let is_fingerprint = |text: &str| {
        let digits = text.replace(' ', "");
        digits.len() == 40 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let is_url = text.starts_with("https://") || text.starts_with("http://");
    match text {
        _ if text.starts_with("age1") || text.starts_with("ssh-") => Some(Kind::Age),
        _ if text.starts_with("arn:aws") => Some(Kind::AwsKms),
        _ if text.starts_with("projects/") => Some(Kind::GcpKms),
        _ if is_url && text.contains("/v1/") => Some(Kind::Vault),
        _ if is_url => Some(Kind::Azure),
        _ if is_fingerprint(text) => Some(Kind::Pgp),
        _ => None,
    }
}

/// Returns the field of a creation rule that names keys of this kind, and the name.
pub(super) fn field(key: &MasterKey) -> (&'static str, String) {
    let field = match key {
        MasterKey::Age { .. } => "age",
        MasterKey::Pgp { .. } => "pgp",
        MasterKey::AwsKms(_) => "kms",
        MasterKey::GcpKms { .. } => "gcp_kms",
        MasterKey::AzureKeyVault(_) => "azure_keyvault",
        MasterKey::HashicorpVault(_) => "hc_vault_transit_uri",
        MasterKey::HuaweiKms { .. } => "hckms",
    };
    (field, key.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_key_is_told_by_its_name() {
        for (text, wanted) in [
            ("age1abc", "age"),
            ("ssh-ed25519 AAAA me", "age"),
            ("85D7 7543 B3D6 24B6 3CEA 9E6D BC17 301B 491B 3F21", "pgp"),
            ("arn:aws-cn:kms:cn-north-1:1:key/a", "kms"),
            ("projects/p/locations/l/keyRings/r/cryptoKeys/k", "gcp_kms"),
            ("https://v.vault.azure.net/keys/k/0", "azure_keyvault"),
            (
                "http://127.0.0.1:8200/v1/transit/keys/k",
                "hc_vault_transit_uri",
            ),
        ] {
            assert_eq!(
                field(&parse(text, &AwsArgs::default()).unwrap()).0,
                wanted,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_key_is_refused_and_a_secret_is_not_repeated() {
        let refused = |text| {
            let failure = parse(text, &AwsArgs::default()).unwrap_err();
            failure.to_string()
        };
        assert_eq!(refused("dev"), r#""dev" is not the name of a key"#);
        assert_eq!(
            refused("age1a,age1b"),
            r#""age1a,age1b" names several keys; give --to several times"#
        );
        assert!(!refused("AGE-SECRET-KEY-1CANARY").contains("CANARY"));
    }
}
