//! The keys of a creation rule.

use std::collections::BTreeMap;

use windlass_yaml::Node;

use super::ConfigError;
use super::read::{Fields, error, items, mistyped};
use crate::{AwsKmsKey, AzureKey, KeyGroup, KeyTextError, MasterKey};

/// How deep groups may be merged into each other.
const MAX_MERGES: usize = 20;

/// Returns the groups of a rule: its `key_groups` or, when it has none, one of its own keys.
pub(super) fn groups(fields: &Fields<'_>) -> Result<Vec<KeyGroup>, ConfigError> {
    let groups = items(fields.get("key_groups"), "key_groups")?;
    if groups.is_empty() {
        return Ok(vec![flat_group(fields)?]);
    }
    groups.iter().map(merged_group).collect()
}

/// The keys of a rule, in the order of sops 3.11.
fn flat_group(fields: &Fields<'_>) -> Result<KeyGroup, ConfigError> {
    let profile = fields.text("aws_profile")?.unwrap_or_default();
    let none = BTreeMap::new();
    let mut keys = Vec::new();
    for (field, parse) in [
        (
            "age",
            &(|text: &str| Ok(MasterKey::age_list(text))) as Parse<'_>,
        ),
        ("pgp", &|text| Ok(MasterKey::pgp_list(text))),
        ("kms", &|text| {
            Ok(MasterKey::kms_list(text, &none, &profile))
        }),
        ("gcp_kms", &|text| Ok(MasterKey::gcp_kms_list(text))),
        ("hckms", &MasterKey::huawei_list),
        ("azure_keyvault", &MasterKey::azure_list),
        ("hc_vault_transit_uri", &MasterKey::vault_list),
    ] {
        keys.extend(listed(fields, field, parse, error)?);
    }
    Ok(KeyGroup { keys })
}

type Parse<'p> = &'p dyn Fn(&str) -> Result<Vec<MasterKey>, KeyTextError>;

/// Returns the keys of a field that is a text with commas, or a list of texts.
fn listed(
    fields: &Fields<'_>,
    field: &str,
    parse: Parse<'_>,
    no_text: fn(&Node, &str) -> ConfigError,
) -> Result<Vec<MasterKey>, ConfigError> {
    let Some(node) = fields.get(field) else {
        return Ok(Vec::new());
    };
    let texts = node.as_sequence().unwrap_or(std::slice::from_ref(node));
    let mut keys = Vec::new();
    for node in texts {
        let reason = || no_text(node, &format!("{field} must be a text or a list of texts"));
        let text = node.text().ok_or_else(reason)?;
        keys.extend(parse(text).map_err(|wrong| error(node, &wrong.to_string()))?);
    }
    Ok(keys)
}

/// Returns a group with those that it merges; each key once.
fn merged_group(node: &Node) -> Result<KeyGroup, ConfigError> {
    let mut keys = Vec::new();
    add_group(node, MAX_MERGES, &mut keys)?;
    let mut seen = std::collections::HashSet::new();
    keys.retain(|key: &MasterKey| seen.insert(key.to_string()));
    Ok(KeyGroup { keys })
}

fn add_group(node: &Node, depth: usize, keys: &mut Vec<MasterKey>) -> Result<(), ConfigError> {
    let too_deep = || error(node, "key groups are merged too deeply");
    let depth = depth.checked_sub(1).ok_or_else(too_deep)?;
    let fields = Fields::of(node)?;
    for merged in items(fields.get("merge"), "merge")? {
        add_group(merged, depth, keys)?;
    }
    keys.extend(listed(
        &fields,
        "age",
        &|text| Ok(MasterKey::age_list(text)),
        mistyped,
    )?);
    keys.extend(listed(
        &fields,
        "pgp",
        &|text| Ok(MasterKey::pgp_list(text)),
        mistyped,
    )?);
    for entry in items(fields.get("kms"), "kms")? {
        keys.push(aws_kms(entry)?);
    }
    for entry in items(fields.get("gcp_kms"), "gcp_kms")? {
        let resource_id = Fields::of(entry)?.required("resource_id")?;
        keys.push(MasterKey::GcpKms { resource_id });
    }
    for entry in items(fields.get("hckms"), "hckms")? {
        let key_id = Fields::of(entry)?.required("key_id")?;
        keys.push(MasterKey::HuaweiKms { key_id });
    }
    for entry in items(fields.get("azure_keyvault"), "azure_keyvault")? {
        keys.push(azure(entry)?);
    }
    keys.extend(listed(
        &fields,
        "hc_vault",
        &MasterKey::vault_list,
        mistyped,
    )?);
    Ok(())
}

fn aws_kms(node: &Node) -> Result<MasterKey, ConfigError> {
    let fields = Fields::of(node)?;
    Ok(MasterKey::AwsKms(AwsKmsKey {
        arn: fields.required("arn")?,
        role: fields.text("role")?,
        context: fields.texts("context")?,
        profile: fields.text("aws_profile")?.unwrap_or_default(),
    }))
}

fn azure(node: &Node) -> Result<MasterKey, ConfigError> {
    let fields = Fields::of(node)?;
    Ok(MasterKey::AzureKeyVault(AzureKey {
        vault_url: fields.required("vaultUrl")?,
        name: fields.required("key")?,
        version: fields.text("version")?.unwrap_or_default(),
    }))
}
