//! Column definitions and the layout of a kind.

use serde_json::{Value, json};

use super::cells::Scene;

/// The columns of a kind and the function that fills them.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    pub(super) columns: &'static [Column],
    pub(super) cells: fn(&Value, &Scene) -> Vec<Value>,
}

/// A column. Those of priority 1 are shown by `-o wide` only.
#[derive(Clone, Copy)]
pub(super) struct Column {
    name: &'static str,
    kind: &'static str,
    format: &'static str,
    priority: u8,
}

/// The first column of nearly every kind.
pub(super) const NAME: Column = text("Name").named();
/// How long ago the object was created.
pub(super) const AGE: Column = text("Age");

/// Returns a column of texts.
pub(super) const fn text(name: &'static str) -> Column {
    Column {
        name,
        kind: "string",
        format: "",
        priority: 0,
    }
}

/// Returns a column of integers.
pub(super) const fn integer(name: &'static str) -> Column {
    Column {
        kind: "integer",
        ..text(name)
    }
}

/// Returns a column of booleans.
pub(super) const fn boolean(name: &'static str) -> Column {
    Column {
        kind: "boolean",
        ..text(name)
    }
}

/// Returns a column of times.
pub(super) const fn date(name: &'static str) -> Column {
    Column {
        kind: "date",
        ..text(name)
    }
}

impl Column {
    /// Returns the column as one that `-o wide` shows.
    pub(super) const fn wide(self) -> Self {
        Self {
            priority: 1,
            ..self
        }
    }

    /// Returns the column as one that holds the objects' names.
    pub(super) const fn named(self) -> Self {
        Self {
            format: "name",
            ..self
        }
    }

    /// Returns the `TableColumnDefinition`.
    pub(super) fn definition(&self) -> Value {
        json!({
            "name": self.name,
            "type": self.kind,
            "format": self.format,
            "description": "",
            "priority": self.priority,
        })
    }
}
