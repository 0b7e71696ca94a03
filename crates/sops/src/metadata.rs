//! The `sops` block of a document: who can open it, what is encrypted, and the MAC.

mod recipient;

pub use recipient::{KeyType, Recipient};

use crate::selection::Rule;
use crate::time::Timestamp;
use crate::value::{Item, Scalar, Value, get};

/// The largest number of recipients that a document may have.
pub const MAX_RECIPIENTS: usize = 200;

/// The largest wrapped data key, in bytes; a PGP message for one key has about 1,000. An age file of
/// this size has a hundred stanzas, each of which costs an attempt for every identity.
const MAX_WRAPPED_KEY: usize = 16 * 1024;

/// What is wrong with the `sops` block of a document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// There is no such block.
    #[error("the document has no sops metadata, so it is not encrypted by sops")]
    Missing,
    /// The block is not a mapping.
    #[error("the sops metadata is not a mapping")]
    NotMapping,
    /// A field is missing or is not what it must be.
    #[error("the sops metadata is damaged: {field} {expected}")]
    Field {
        /// The field, such as `lastmodified` or `age[0].enc`.
        field: String,
        /// What the field must be: "must be …".
        expected: &'static str,
    },
    /// Two rules contradict each other.
    #[error("the sops metadata is damaged: {first} and {second} exclude each other")]
    TwoRules {
        /// One field.
        first: &'static str,
        /// The other field.
        second: &'static str,
    },
    /// There is no key at all.
    #[error("the sops metadata names no key, so nothing can open the document")]
    NoKeys,
    /// There are more than [`MAX_RECIPIENTS`].
    #[error("the document has {count} recipients; the limit is {MAX_RECIPIENTS}")]
    TooManyRecipients {
        /// How many there are.
        count: usize,
    },
}

/// The data key, wrapped for one recipient.
#[derive(Clone, Debug)]
pub(crate) struct WrappedKey {
    pub(crate) recipient: Recipient,
    pub(crate) wrapped: String,
}

/// The parsed `sops` block.
#[derive(Clone, Debug)]
pub(crate) struct Metadata {
    /// The keys: each group holds one share of the data key, or the whole when there is one group.
    pub(crate) groups: Vec<Vec<WrappedKey>>,
    /// How many groups are needed.
    pub(crate) threshold: usize,
    pub(crate) last_modified: Timestamp,
    pub(crate) mac: String,
    pub(crate) mac_only_encrypted: bool,
    pub(crate) rule: Rule,
}

/// For each type of key its field and the fields of its entries that name it.
const KEY_FIELDS: [(&str, KeyType, &[&str]); 7] = [
    ("age", KeyType::Age, &["recipient"]),
    ("pgp", KeyType::Pgp, &["fp"]),
    ("kms", KeyType::AwsKms, &["arn"]),
    ("gcp_kms", KeyType::GcpKms, &["resource_id"]),
    (
        "azure_kv",
        KeyType::AzureKeyVault,
        &["vault_url", "name", "version"],
    ),
    (
        "hc_vault",
        KeyType::HashicorpVault,
        &["vault_address", "engine_path", "key_name"],
    ),
    ("hckms", KeyType::HuaweiKms, &["key_id"]),
];

impl Metadata {
    /// Reads the block; `value` is what the document has under `sops`.
    pub(crate) fn parse(value: Option<&Value>) -> Result<Self, MetadataError> {
        let block = match value {
            None | Some(Value::Null) => return Err(MetadataError::Missing),
            Some(Value::Branch(block)) => block,
            Some(_) => return Err(MetadataError::NotMapping),
        };
        check_version(block)?;
        let groups = parse_groups(block)?;
        let threshold = parse_threshold(block, groups.len())?;
        Ok(Self {
            threshold,
            groups,
            last_modified: parse_last_modified(block)?,
            mac: text_field(block, "mac")?.unwrap_or_default().to_owned(),
            mac_only_encrypted: parse_flag(block, "mac_only_encrypted")?,
            rule: parse_rule(block)?,
        })
    }

    /// Returns all keys, group by group.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &WrappedKey> {
        self.groups.iter().flatten()
    }
}

fn field_error(field: impl Into<String>, expected: &'static str) -> MetadataError {
    let field = field.into();
    MetadataError::Field { field, expected }
}

fn text_field<'b>(block: &'b [Item], field: &str) -> Result<Option<&'b str>, MetadataError> {
    match get(block, field) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_text() {
            Some(text) => Ok(Some(text)),
            None => Err(field_error(field, "must be a text")),
        },
    }
}

/// The real program takes semantic versions and whatever begins with `1.`, newer ones included.
fn check_version(block: &[Item]) -> Result<(), MetadataError> {
    let version = text_field(block, "version")?.unwrap_or_default();
    let core = version.split(['-', '+']).next().unwrap_or_default();
    let number = |part: &str| {
        part.bytes().all(|byte| byte.is_ascii_digit())
            && !part.is_empty()
            && (part == "0" || !part.starts_with('0'))
    };
    let semantic = core.split('.').count() == 3 && core.split('.').all(number);
    if semantic || version.starts_with("1.") {
        Ok(())
    } else {
        Err(field_error("version", "must be a version such as 3.11.0"))
    }
}

fn parse_last_modified(block: &[Item]) -> Result<Timestamp, MetadataError> {
    let expected = "must be a timestamp such as 2026-01-31T09:05:00Z";
    match get(block, "lastmodified") {
        Some(Value::Scalar(Scalar::Time(time))) => Some(time.clone()),
        Some(value) => value.as_text().and_then(Timestamp::parse_rfc3339),
        None => None,
    }
    .ok_or_else(|| field_error("lastmodified", expected))
}

fn parse_flag(block: &[Item], field: &str) -> Result<bool, MetadataError> {
    match get(block, field) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Scalar(Scalar::Bool(flag))) => Ok(*flag),
        Some(value) => match value.as_text() {
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            _ => Err(field_error(field, "must be true or false")),
        },
    }
}

fn parse_threshold(block: &[Item], groups: usize) -> Result<usize, MetadataError> {
    let threshold = match get(block, "shamir_threshold") {
        None | Some(Value::Null) => Some(0),
        Some(Value::Scalar(Scalar::Int(number))) => usize::try_from(*number).ok(),
        // All numbers of JSON are floats to sops.
        Some(Value::Scalar(Scalar::Float(number))) => format!("{number}").parse().ok(),
        Some(value) => value.as_text().and_then(|text| text.parse().ok()),
    };
    match threshold.ok_or_else(|| field_error("shamir_threshold", "must be a whole number"))? {
        0 => Ok(groups),
        threshold => Ok(threshold),
    }
}

fn parse_rule(block: &[Item]) -> Result<Rule, MetadataError> {
    let mut found: Option<(&'static str, Rule)> = None;
    for (field, make) in Rule::FIELDS {
        let text = text_field(block, field)?.unwrap_or_default();
        if text.is_empty() {
            continue;
        }
        if let Some((first, _)) = found {
            let second = field;
            return Err(MetadataError::TwoRules { first, second });
        }
        found = Some((field, make(text)));
    }
    Ok(found.map_or_else(Rule::default, |(_, rule)| rule))
}

/// Reads the flat lists of keys or, when there are none, the key groups.
fn parse_groups(block: &[Item]) -> Result<Vec<Vec<WrappedKey>>, MetadataError> {
    let flat = parse_keys(block, "")?;
    let groups = if flat.is_empty() {
        parse_group_list(block)?
    } else {
        vec![flat]
    };
    let count = groups.iter().map(Vec::len).sum();
    match count {
        0 => Err(MetadataError::NoKeys),
        1..=MAX_RECIPIENTS => Ok(groups),
        _ => Err(MetadataError::TooManyRecipients { count }),
    }
}

fn parse_group_list(block: &[Item]) -> Result<Vec<Vec<WrappedKey>>, MetadataError> {
    let entries = list_field(block, "key_groups", "")?;
    let group = |(at, entry): (usize, &Value)| match entry {
        Value::Branch(group) => parse_keys(group, &format!("key_groups[{at}].")),
        _ => Err(field_error(
            format!("key_groups[{at}]"),
            "must be a mapping",
        )),
    };
    entries.iter().enumerate().map(group).collect()
}

/// Reads the keys of one group, age and PGP first as sops tries them.
fn parse_keys(group: &[Item], at: &str) -> Result<Vec<WrappedKey>, MetadataError> {
    let mut keys = Vec::new();
    for (field, key_type, names) in KEY_FIELDS {
        for (index, entry) in list_field(group, field, at)?.iter().enumerate() {
            let at = format!("{at}{field}[{index}]");
            keys.push(parse_key(entry, key_type, names, &at)?);
        }
    }
    Ok(keys)
}

fn list_field<'b>(block: &'b [Item], field: &str, at: &str) -> Result<&'b [Value], MetadataError> {
    match get(block, field) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::List(entries)) => Ok(entries),
        Some(_) => Err(field_error(format!("{at}{field}"), "must be a list")),
    }
}

fn parse_key(
    entry: &Value,
    key_type: KeyType,
    names: &[&str],
    at: &str,
) -> Result<WrappedKey, MetadataError> {
    let Value::Branch(entry) = entry else {
        return Err(field_error(at, "must be a mapping"));
    };
    let text = |field: &str| {
        let text = text_field(entry, field).map_err(|_| ());
        text.map_err(|()| field_error(format!("{at}.{field}"), "must be a text"))
    };
    let parts: Vec<&str> = names
        .iter()
        .map(|name| text(name).map(Option::unwrap_or_default))
        .collect::<Result<_, _>>()?;
    let wrapped = text("enc")?.unwrap_or_default().to_owned();
    if wrapped.len() > MAX_WRAPPED_KEY {
        return Err(field_error(
            format!("{at}.enc"),
            "must not be larger than 16 KiB",
        ));
    }
    let name = parts.join("/");
    Ok(WrappedKey {
        recipient: Recipient { key_type, name },
        wrapped,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(key: &str, value: &str) -> Item {
        Item::Pair(key.to_owned(), Value::Scalar(Scalar::Text(value.into())))
    }

    fn age_key(recipient: &str) -> Value {
        Value::Branch(vec![pair("recipient", recipient), pair("enc", "wrapped")])
    }

    fn block(change: impl FnOnce(&mut Vec<Item>)) -> Result<Metadata, MetadataError> {
        let mut block = vec![
            Item::Pair("age".to_owned(), Value::List(vec![age_key("age1abc")])),
            Item::Pair("kms".to_owned(), Value::List(Vec::new())),
            Item::Pair("pgp".to_owned(), Value::Null),
            pair("lastmodified", "2026-01-31T09:05:00Z"),
            pair("mac", "ENC[…]"),
            pair("version", "3.11.0"),
        ];
        change(&mut block);
        Metadata::parse(Some(&Value::Branch(block)))
    }

    fn without(field: &'static str) -> impl FnOnce(&mut Vec<Item>) {
        move |block| block.retain(|item| !matches!(item, Item::Pair(key, _) if key == field))
    }

    #[test]
    fn empty_lists_of_older_programs_are_accepted() {
        let metadata = block(|_| ()).unwrap();
        assert_eq!(metadata.keys().count(), 1);
        assert_eq!(metadata.threshold, 1);
    }

    #[test]
    fn a_version_is_required() {
        assert!(block(without("version")).is_err());
        for (version, accepted) in [
            ("3.7", false),
            ("foo", false),
            ("1.14", true),
            ("99.0.0-rc1", true),
        ] {
            let metadata = block(|block| {
                without("version")(block);
                block.push(pair("version", version));
            });
            assert_eq!(metadata.is_ok(), accepted, "{version}");
        }
    }

    #[test]
    fn each_mistake_names_its_field() {
        let message = |result: Result<Metadata, MetadataError>| result.unwrap_err().to_string();
        insta::assert_snapshot!(message(block(without("lastmodified"))), @"the sops metadata is damaged: lastmodified must be a timestamp such as 2026-01-31T09:05:00Z");
        insta::assert_snapshot!(message(block(without("age"))), @"the sops metadata names no key, so nothing can open the document");
        insta::assert_snapshot!(message(block(|block| {
            block.push(pair("encrypted_suffix", "_x"));
            block.push(pair("encrypted_regex", "^data$"));
        })), @"the sops metadata is damaged: encrypted_suffix and encrypted_regex exclude each other");
        insta::assert_snapshot!(message(block(|block| block[0] = pair("age", "age1abc"))), @"the sops metadata is damaged: age must be a list");
    }

    #[test]
    fn too_many_recipients_are_refused() {
        let many = vec![age_key("age1abc"); MAX_RECIPIENTS + 1];
        let error = block(|block| block[0] = Item::Pair("age".to_owned(), Value::List(many)));
        let count = MAX_RECIPIENTS + 1;
        assert_eq!(
            error.unwrap_err(),
            MetadataError::TooManyRecipients { count }
        );
    }
}
