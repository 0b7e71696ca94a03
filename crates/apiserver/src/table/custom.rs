//! The columns that a CustomResourceDefinition asks for with `additionalPrinterColumns`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::duration;
use super::path::Path;
use crate::fields::{self, integer, text};

/// A column beside the name.
pub(super) struct CustomColumn {
    name: String,
    kind: String,
    format: String,
    description: String,
    priority: i64,
    path: Path,
}

impl CustomColumn {
    /// Returns the columns that `written` asks for, or the age when it asks for none.
    ///
    /// A path that cannot be read ends the columns before it, as in apiextensions-apiserver 0.37.
    pub(super) fn parse(written: &[Value]) -> Vec<Self> {
        if written.is_empty() {
            let age = json!({
                "name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp",
            });
            return Self::parse_one(&age).into_iter().collect();
        }
        written.iter().map_while(Self::parse_one).collect()
    }

    fn parse_one(written: &Value) -> Option<Self> {
        let path = text(written, "/jsonPath");
        let description = match text(written, "/description") {
            "" => format!("Custom resource definition column (in JSONPath format): {path}"),
            given => given.to_owned(),
        };
        Some(Self {
            name: text(written, "/name").to_owned(),
            kind: text(written, "/type").to_owned(),
            format: text(written, "/format").to_owned(),
            description,
            priority: integer(written, "/priority"),
            path: Path::parse(path)?,
        })
    }

    /// Returns the `TableColumnDefinition`.
    pub(super) fn definition(&self) -> Value {
        json!({
            "name": self.name,
            "type": self.kind,
            "format": self.format,
            "description": self.description,
            "priority": self.priority,
        })
    }

    fn cell(&self, object: &Value, now: Timestamp) -> Value {
        let Some(value) = self.path.first(object) else {
            return Value::Null;
        };
        match (self.kind.as_str(), value) {
            ("string", Value::String(text)) => text.clone().into(),
            ("string", other) => other.to_string().into(),
            ("integer", Value::Number(number)) => truncated(number),
            ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) => value.clone(),
            ("date", Value::String(time)) => match time.parse::<Timestamp>() {
                Ok(_) => duration::age(time, now).into(),
                Err(_) => "<invalid>".into(),
            },
            _ => Value::Null,
        }
    }
}

/// Returns the cells of a row, the name first.
pub(super) fn cells(object: &Value, columns: &[CustomColumn], now: Timestamp) -> Vec<Value> {
    let others = columns.iter().map(|column| column.cell(object, now));
    std::iter::once(fields::name(object).into())
        .chain(others)
        .collect()
}

fn truncated(number: &serde_json::Number) -> Value {
    match (number.as_i64(), number.as_f64()) {
        (Some(whole), _) => whole.into(),
        (None, Some(float)) => (float as i64).into(),
        (None, None) => Value::Null,
    }
}
