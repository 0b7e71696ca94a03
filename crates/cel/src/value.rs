//! What a program is about: JSON, and the instants and durations that a schema makes of texts.

use std::collections::HashMap;
use std::sync::Arc;

use kube_cel::cel::objects::Key;
use kube_cel::cel::{self, Context, Program};
use serde_json::Value as Json;

/// A value that a program can see.
#[derive(Clone)]
pub struct Value(pub(crate) cel::Value);

/// The variables of an evaluation.
#[derive(Clone, Default)]
pub struct Variables(pub(crate) Vec<(String, Value)>);

impl Value {
    /// Returns the value of a JSON value: whole numbers are ints, others doubles.
    pub fn from_json(json: &Json) -> Self {
        Self(match json {
            Json::Null => cel::Value::Null,
            Json::Bool(flag) => cel::Value::Bool(*flag),
            Json::Number(number) => number.as_i64().map_or_else(
                || cel::Value::Float(number.as_f64().unwrap_or_default()),
                cel::Value::Int,
            ),
            Json::String(text) => cel::Value::String(Arc::new(text.clone())),
            Json::Array(items) => return Self::list(items.iter().map(Self::from_json)),
            Json::Object(map) => {
                let pairs = map.iter();
                return Self::map(pairs.map(|(key, value)| (key.clone(), Self::from_json(value))));
            }
        })
    }

    /// Returns a double, also of a whole number.
    pub fn double(number: f64) -> Self {
        Self(cel::Value::Float(number))
    }

    /// Returns a list.
    pub fn list(items: impl IntoIterator<Item = Self>) -> Self {
        let items = items.into_iter().map(|item| item.0).collect();
        Self(cel::Value::List(Arc::new(items)))
    }

    /// Returns a map, or an object by the names of its fields.
    pub fn map(pairs: impl IntoIterator<Item = (String, Self)>) -> Self {
        let pairs = pairs.into_iter();
        let pairs = pairs.map(|(key, value)| (Key::String(Arc::new(key)), value.0));
        let map = Arc::new(pairs.collect::<HashMap<_, _>>());
        Self(cel::Value::Map(cel::objects::Map { map }))
    }

    /// Returns an instant, from a text as in RFC 3339.
    pub fn timestamp(text: &str) -> Option<Self> {
        converted("timestamp(value)", text)
    }

    /// Returns a duration, from a text such as `1h30m`.
    pub fn duration(text: &str) -> Option<Self> {
        converted("duration(value)", text)
    }

    /// Returns an optional value, which a program asks by `hasValue()` and `value()`.
    pub fn optional(value: Option<Self>) -> Self {
        let made = match value {
            Some(value) => computed("optional.of(value)", value.0),
            None => computed("optional.none()", cel::Value::Null),
        };
        made.expect("optional.of and optional.none take every value")
    }
}

fn converted(program: &str, text: &str) -> Option<Value> {
    computed(program, cel::Value::String(Arc::new(text.to_owned())))
}

fn computed(program: &str, value: cel::Value) -> Option<Value> {
    let mut context = Context::default();
    context.add_variable_from_value("value", value);
    let value = Program::compile(program).ok()?.execute(&context).ok()?;
    Some(Value(value))
}

impl Variables {
    /// Returns no variables.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.0.push((name.to_owned(), value));
        self
    }
}
