//! The formats: text to tree and back.

mod dotenv;
mod flat;
mod ini;
mod json;
mod style;
mod yaml;

use std::fmt;

use crate::value::{Branch, Item, Scalar, Value, get};
use crate::{SecretBytes, Warning, locate};

pub(crate) use dotenv::flat_text;
pub(crate) use json::parse_value as parse_json_value;
pub use style::{Indent, Style};
pub(crate) use yaml::LIMITS as YAML_LIMITS;

/// The format of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Any bytes, in a JSON envelope `{"data": "ENC[…]", "sops": {…}}`.
    Binary,
    /// A JSON object.
    Json,
    /// One or more YAML mappings.
    Yaml,
    /// Lines `KEY=value`.
    Dotenv,
    /// Sections of `key = value`.
    Ini,
}

/// Why bytes are not of a format. Holds no part of the text, which may be a secret in clear.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {reason}")]
pub struct SyntaxError {
    /// The line, counted from 1.
    pub line: u32,
    /// The column, counted from 1.
    pub column: u32,
    /// What was expected.
    pub reason: String,
    /// Whether the text or what it says is at fault.
    pub fault: Fault,
}

/// What is at fault in a text that is not taken; sops 3.11 ends with another code for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not of its format.
    Form,
    /// It is, but has a key or a value that cannot be encrypted.
    Content,
}

/// Why a decrypted document cannot be written in a format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmitError {
    /// The binary format needs a text under the key `data`.
    #[error("the document has no text under the key data, so it is not of the binary format")]
    NoData,
    /// The format has no nested values.
    #[error("the value {key} is a mapping or a list, which this format cannot hold")]
    Nested {
        /// The key of the value.
        key: String,
    },
    /// JSON has no such number.
    #[error("the document has a number that is infinite or not a number, which JSON cannot hold")]
    NotANumber,
    /// The formats without nesting write a line feed as `\n`, and have no other way to write a backslash.
    #[error(
        "the field {field} of the sops metadata would be read as something else, so this format cannot hold it"
    )]
    Metadata {
        /// The field, as the format names it: `age__list_0__map_enc`.
        field: String,
    },
    /// JSON has no such text.
    #[error("the document has a value that is not UTF-8, which JSON cannot hold")]
    NotText,
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Binary => "binary",
            Self::Json => "JSON",
            Self::Yaml => "YAML",
            Self::Dotenv => "dotenv",
            Self::Ini => "ini",
        })
    }
}

impl Format {
    /// Returns the format that sops takes for a file of this name: by extension, binary by default.
    ///
    /// ```
    /// use windlass_sops::Format;
    /// assert_eq!(Format::of_file_name(".sops/DATABASE_URL.enc"), Format::Binary);
    /// assert_eq!(Format::of_file_name("secret.yml"), Format::Yaml);
    /// ```
    #[must_use]
    pub fn of_file_name(name: &str) -> Self {
        match name
            .rsplit('/')
            .next()
            .and_then(|name| name.rsplit_once('.'))
        {
            Some((_, "yaml" | "yml")) => Self::Yaml,
            Some((_, "json")) => Self::Json,
            Some((_, "env")) => Self::Dotenv,
            Some((_, "ini")) => Self::Ini,
            _ => Self::Binary,
        }
    }
}

/// What a text was read as.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    /// More than one only in YAML.
    pub(crate) documents: Vec<Branch>,
    /// What the tree does not have as the text has it.
    pub(crate) warnings: Vec<Warning>,
}

impl From<Branch> for Parsed {
    fn from(document: Branch) -> Self {
        Self {
            documents: vec![document],
            warnings: Vec::new(),
        }
    }
}

/// Reads the documents that `bytes` are, metadata included.
pub(crate) fn parse(bytes: &[u8], format: Format) -> Result<Parsed, SyntaxError> {
    match format {
        Format::Binary | Format::Json => {
            let document = json::parse(bytes)?;
            let changed = if json::has_large_number(&document) {
                locate::changed_numbers(bytes)
            } else {
                Vec::new()
            };
            let warnings = changed.into_iter().map(|at| Warning::NumberChanged { at });
            let warnings = warnings.collect();
            let documents = vec![document];
            Ok(Parsed {
                documents,
                warnings,
            })
        }
        Format::Yaml => Ok(Parsed {
            documents: yaml::parse(text(bytes)?)?,
            warnings: Vec::new(),
        }),
        Format::Dotenv => Ok(dotenv::parse(bytes)?.into()),
        Format::Ini => ini::parse(text(bytes)?),
    }
}

/// Reads a document in clear.
pub(crate) fn parse_plain(bytes: &[u8], format: Format) -> Result<Parsed, SyntaxError> {
    if format != Format::Binary {
        return parse(bytes, format);
    }
    let data = Scalar::Text(SecretBytes::new(bytes.to_vec()));
    let pair = Item::Pair("data".to_owned(), Value::Scalar(data));
    Ok(vec![pair].into())
}

/// Writes documents in clear.
pub(crate) fn emit(
    documents: &[Branch],
    format: Format,
    style: Style,
) -> Result<SecretBytes, EmitError> {
    let first = documents.first().map(Vec::as_slice).unwrap_or_default();
    match format {
        Format::Binary => match get(first, "data") {
            Some(Value::Scalar(Scalar::Text(data))) => Ok(data.clone()),
            _ => Err(EmitError::NoData),
        },
        Format::Json => json::emit(first, style.json),
        Format::Yaml => yaml::emit(documents, style.yaml),
        Format::Dotenv => dotenv::emit(first),
        Format::Ini => ini::emit(first),
    }
}

/// Writes encrypted documents with their metadata.
pub(crate) fn emit_encrypted(
    documents: &[Branch],
    block: Branch,
    format: Format,
    style: Style,
) -> Result<SecretBytes, EmitError> {
    let first = documents.first().map(Vec::as_slice).unwrap_or_default();
    match format {
        Format::Dotenv => return dotenv::emit_encrypted(first, &block),
        Format::Ini => return ini::emit_encrypted(first, &block),
        Format::Binary | Format::Json | Format::Yaml => {}
    }
    let metadata = Item::Pair("sops".to_owned(), Value::Branch(block));
    let with_metadata = |document: &[Item]| {
        let items = document.iter().chain(std::iter::once(&metadata));
        items.cloned().collect::<Branch>()
    };
    match format {
        Format::Yaml => {
            let documents: Vec<_> = documents
                .iter()
                .map(|document| with_metadata(document))
                .collect();
            yaml::emit(&documents, style.yaml)
        }
        Format::Binary => json::emit(&with_metadata(first), style.binary),
        _ => json::emit(&with_metadata(first), style.json),
    }
}

/// Writes a single value as `sops decrypt --extract` does.
pub(crate) fn emit_value(
    value: &Value,
    format: Format,
    style: Style,
) -> Result<SecretBytes, EmitError> {
    match (value, format) {
        (Value::Scalar(Scalar::Text(text)), _) => Ok(text.clone()),
        (Value::Branch(branch), _) => emit(std::slice::from_ref(branch), format, style),
        (_, Format::Yaml) => yaml::emit_value(value, style.yaml),
        (_, Format::Json | Format::Binary) => json::emit_value(value, style.json),
        (_, Format::Dotenv | Format::Ini) => flat_text("", value),
    }
}

/// Returns a text as it is after it was read and written.
#[cfg(test)]
fn round_trip(format: Format, text: &str) -> String {
    let parsed = parse(text.as_bytes(), format).unwrap();
    let emitted = emit(&parsed.documents, format, Style::default()).unwrap();
    emitted.expose_text().unwrap().to_owned()
}

fn text(bytes: &[u8]) -> Result<&str, SyntaxError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        SyntaxError::at(before, "the text is not UTF-8")
    })
}

impl SyntaxError {
    /// Returns the error at the end of `before`.
    fn at(before: &[u8], reason: &str) -> Self {
        let (mut lines, mut column) = (0, 0);
        for byte in before {
            (lines, column) = match byte {
                b'\n' => (lines + 1, 0),
                _ => (lines, column + 1),
            };
        }
        Self {
            line: lines + 1,
            column: column + 1,
            reason: reason.to_owned(),
            fault: Fault::Form,
        }
    }

    /// Returns the error in the line with this index.
    fn in_line(index: usize, reason: &str) -> Self {
        Self {
            line: u32::try_from(index + 1).unwrap_or(u32::MAX),
            column: 1,
            reason: reason.to_owned(),
            fault: Fault::Form,
        }
    }
}
