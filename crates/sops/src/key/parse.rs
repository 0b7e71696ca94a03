//! Keys as flags, variables and creation rules name them.

use std::collections::BTreeMap;

use super::{AwsKmsKey, AzureKey, MasterKey, VaultKey};

/// A text that is not the name of a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not the name of {kind}; expected {expected}")]
pub struct KeyTextError {
    /// The text.
    pub text: String,
    /// The kind of key, with its article.
    pub kind: &'static str,
    /// What such a name looks like.
    pub expected: &'static str,
}

impl MasterKey {
    /// Returns the keys of an age list: recipients separated by commas.
    ///
    /// Whether a recipient is well formed is known when something is encrypted for it.
    pub fn age_list(text: &str) -> Vec<Self> {
        let recipients = list(text).map(str::to_owned);
        recipients
            .map(|recipient| Self::Age { recipient })
            .collect()
    }

    /// Returns the keys of a list of PGP fingerprints, separated by commas; spaces within one are left out.
    pub fn pgp_list(text: &str) -> Vec<Self> {
        let fingerprints = list(text).map(|text| text.replace(' ', ""));
        fingerprints
            .map(|fingerprint| Self::Pgp { fingerprint })
            .collect()
    }

    /// Returns the keys of a list of ARNs, separated by commas, each with `+ROLE-ARN` or without.
    pub fn kms_list(text: &str, context: &BTreeMap<String, String>, profile: &str) -> Vec<Self> {
        let key = |text: &str| {
            let (arn, role) = match text.find("+arn:aws") {
                Some(at) => (&text[..at], Some(text[at + 1..].to_owned())),
                None => (text, None),
            };
            Self::AwsKms(AwsKmsKey {
                arn: arn.replace(' ', ""),
                role: role.map(|role| role.replace(' ', "")),
                context: context.clone(),
                profile: profile.to_owned(),
            })
        };
        list(text).map(key).collect()
    }

    /// Returns the keys of a list of Google Cloud KMS resources, separated by commas.
    pub fn gcp_kms_list(text: &str) -> Vec<Self> {
        let resources = list(text).map(|text| text.replace(' ', ""));
        resources
            .map(|resource_id| Self::GcpKms { resource_id })
            .collect()
    }

    /// Returns the keys of a list of Huawei Cloud KMS keys, `region:uuid`, separated by commas.
    pub fn huawei_list(text: &str) -> Result<Vec<Self>, KeyTextError> {
        list(text)
            .map(|text| match text.split_once(':') {
                Some((region, id)) if !region.is_empty() && !id.is_empty() => {
                    let key_id = text.to_owned();
                    Ok(Self::HuaweiKms { key_id })
                }
                _ => Err(KeyTextError {
                    text: text.to_owned(),
                    kind: "a Huawei Cloud KMS key",
                    expected: "region:uuid",
                }),
            })
            .collect()
    }

    /// Returns the keys of a list of Azure Key Vault URLs, `https://VAULT/keys/NAME/VERSION`, separated
    /// by commas; the version may be left out.
    pub fn azure_list(text: &str) -> Result<Vec<Self>, KeyTextError> {
        list(text).map(azure_key).collect()
    }

    /// Returns the keys of a list of Vault URIs, `https://HOST/v1/ENGINE/keys/NAME`, separated by commas.
    pub fn vault_list(text: &str) -> Result<Vec<Self>, KeyTextError> {
        list(text).map(vault_key).collect()
    }
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

fn azure_key(text: &str) -> Result<MasterKey, KeyTextError> {
    let parsed = || {
        let (host, path) = text.strip_prefix("https://")?.split_once("/keys/")?;
        let (name, version) = path.split_once('/').unwrap_or((path, ""));
        let fits = !host.contains('/') && !name.is_empty() && !version.contains('/');
        fits.then(|| AzureKey {
            vault_url: format!("https://{host}"),
            name: name.to_owned(),
            version: version.to_owned(),
        })
    };
    let key = parsed().ok_or_else(|| KeyTextError {
        text: text.to_owned(),
        kind: "an Azure Key Vault key",
        expected: "https://VAULT.vault.azure.net/keys/NAME/VERSION",
    })?;
    Ok(MasterKey::AzureKeyVault(key))
}

fn vault_key(text: &str) -> Result<MasterKey, KeyTextError> {
    let parsed = || {
        let (scheme, rest) = text.split_once("://")?;
        let (host, path) = rest.split_once("/v1/")?;
        let (engine, name) = path.trim_end_matches('/').rsplit_once("/keys/")?;
        let fits = !scheme.is_empty() && !host.is_empty() && !engine.is_empty() && !name.is_empty();
        fits.then(|| VaultKey {
            address: format!("{scheme}://{host}"),
            engine_path: engine.to_owned(),
            key_name: name.to_owned(),
        })
    };
    let key = parsed().ok_or_else(|| KeyTextError {
        text: text.to_owned(),
        kind: "a HashiCorp Vault key",
        expected: "https://HOST/v1/ENGINE/keys/NAME",
    })?;
    Ok(MasterKey::HashicorpVault(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(keys: &[MasterKey]) -> Vec<String> {
        keys.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn lists_have_spaces_and_trailing_commas() {
        assert_eq!(
            names(&MasterKey::age_list("age1a, age1b,")),
            ["age1a", "age1b"]
        );
        assert_eq!(names(&MasterKey::pgp_list("85D7 7543,")), ["85D77543"]);
        assert_eq!(MasterKey::age_list(" "), []);
    }

    #[test]
    fn a_role_stands_behind_the_arn() {
        let text = "arn:aws:kms:us-east-1:1:key/x+arn:aws:iam::1:role/y";
        let keys = MasterKey::kms_list(text, &BTreeMap::new(), "");
        let MasterKey::AwsKms(key) = &keys[0] else {
            panic!("it is a KMS key");
        };
        assert_eq!(key.arn, "arn:aws:kms:us-east-1:1:key/x");
        assert_eq!(key.role.as_deref(), Some("arn:aws:iam::1:role/y"));
    }

    #[test]
    fn urls_are_taken_apart() {
        let vault = "http://127.0.0.1:18200/v1/a/b/keys/dev";
        let azure = "https://v.vault.azure.net/keys/k/0123";
        assert_eq!(names(&MasterKey::vault_list(vault).unwrap()), [vault]);
        assert_eq!(names(&MasterKey::azure_list(azure).unwrap()), [azure]);
        let error = MasterKey::vault_list("http://x/transit/dev").unwrap_err();
        insta::assert_snapshot!(error, @r#""http://x/transit/dev" is not the name of a HashiCorp Vault key; expected https://HOST/v1/ENGINE/keys/NAME"#);
    }
}
