//! The block as documents have it.

use super::{MAX_RECIPIENTS, MAX_WRAPPED, Metadata, MetadataError, keys};
use crate::selection::{Rules, Selection, SelectionKind};
use crate::time::Timestamp;
use crate::value::{Item, Scalar, Value, get};
use crate::{WrappedKey, WrappedKeys};

impl Metadata {
    /// Reads the block; `value` is what the document has under `sops`.
    pub(crate) fn parse(value: Option<&Value>) -> Result<Self, MetadataError> {
        let block = match value {
            None | Some(Value::Null) => return Err(MetadataError::Missing),
            Some(Value::Branch(block)) => block,
            Some(_) => return Err(MetadataError::NotMapping),
        };
        let version = parse_version(block)?;
        let groups = parse_groups(block)?;
        Ok(Self {
            keys: WrappedKeys {
                threshold: parse_threshold(block)?,
                groups,
            },
            last_modified: parse_last_modified(block)?,
            mac: text_field(block, "mac")?.unwrap_or_default().to_owned(),
            rules: Rules {
                selection: parse_selection(block)?,
                mac_only_encrypted: parse_flag(block, "mac_only_encrypted")?,
            },
            version,
        })
    }
}

pub(super) fn field_error(field: impl Into<String>, expected: &'static str) -> MetadataError {
    let field = field.into();
    MetadataError::Field { field, expected }
}

pub(super) fn text_field<'b>(
    block: &'b [Item],
    field: &str,
) -> Result<Option<&'b str>, MetadataError> {
    match get(block, field) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_text() {
            Some(text) => Ok(Some(text)),
            None => Err(field_error(field, "must be a text")),
        },
    }
}

/// The real program takes semantic versions and whatever begins with `1.`, newer ones included.
fn parse_version(block: &[Item]) -> Result<String, MetadataError> {
    let version = text_field(block, "version")?.unwrap_or_default();
    let core = version.split(['-', '+']).next().unwrap_or_default();
    let number = |part: &str| {
        part.bytes().all(|byte| byte.is_ascii_digit())
            && !part.is_empty()
            && (part == "0" || !part.starts_with('0'))
    };
    let semantic = core.split('.').count() == 3 && core.split('.').all(number);
    if semantic || version.starts_with("1.") {
        Ok(version.to_owned())
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

fn parse_threshold(block: &[Item]) -> Result<usize, MetadataError> {
    let threshold = match get(block, "shamir_threshold") {
        None | Some(Value::Null) => Some(0),
        Some(Value::Scalar(Scalar::Int(number))) => usize::try_from(*number).ok(),
        // All numbers of JSON are floats to sops.
        Some(Value::Scalar(Scalar::Float(number))) => format!("{number}").parse().ok(),
        Some(value) => value.as_text().and_then(|text| text.parse().ok()),
    };
    threshold.ok_or_else(|| field_error("shamir_threshold", "must be a whole number"))
}

fn parse_selection(block: &[Item]) -> Result<Selection, MetadataError> {
    let mut found: Option<(&'static str, Selection)> = None;
    for kind in SelectionKind::ALL {
        let field = kind.field();
        let text = text_field(block, field)?.unwrap_or_default();
        if text.is_empty() {
            continue;
        }
        if let Some((first, _)) = found {
            let second = field;
            return Err(MetadataError::TwoRules { first, second });
        }
        found = Some((field, Selection::of_document(kind, text)));
    }
    Ok(found.map_or_else(Selection::default, |(_, selection)| selection))
}

/// Reads the flat lists of keys or, when there are none, the key groups.
fn parse_groups(block: &[Item]) -> Result<Vec<Vec<WrappedKey>>, MetadataError> {
    let flat = keys::parse(block, "")?;
    let groups = if flat.is_empty() {
        parse_group_list(block)?
    } else {
        vec![flat]
    };
    let count = groups.iter().map(Vec::len).sum();
    let size = groups.iter().flatten().map(|key| key.wrapped.len()).sum();
    match count {
        0 => Err(MetadataError::NoKeys),
        1..=MAX_RECIPIENTS if size > MAX_WRAPPED => Err(MetadataError::TooMuchWrapped { size }),
        1..=MAX_RECIPIENTS => Ok(groups),
        _ => Err(MetadataError::TooManyRecipients { count }),
    }
}

fn parse_group_list(block: &[Item]) -> Result<Vec<Vec<WrappedKey>>, MetadataError> {
    let entries = keys::list_field(block, "key_groups", "")?;
    let group = |(at, entry): (usize, &Value)| match entry {
        Value::Branch(group) => keys::parse(group, &format!("key_groups[{at}].")),
        _ => Err(field_error(
            format!("key_groups[{at}]"),
            "must be a mapping",
        )),
    };
    entries.iter().enumerate().map(group).collect()
}
