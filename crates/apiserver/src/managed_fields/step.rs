//! One step of a field path.

use std::cmp::Ordering;
use std::fmt::{self, Write};

use serde_json::{Number, Value};

/// A step: into a field, to an item of a list by its keys or its value, or to a position.
///
/// Ordered as structured-merge-diff orders path elements: fields, keys, values, positions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// The field of a mapping.
    Field(Box<str>),
    /// The item of a list that has these values in its key fields, sorted by name.
    Key(Box<[(Box<str>, Value)]>),
    /// The item of a set.
    Value(Value),
    /// The item at a position.
    Index(i64),
}

impl Step {
    fn rank(&self) -> u8 {
        match self {
            Self::Field(_) => 0,
            Self::Key(_) => 1,
            Self::Value(_) => 2,
            Self::Index(_) => 3,
        }
    }
}

impl Eq for Step {}

impl Ord for Step {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Field(a), Self::Field(b)) => a.cmp(b),
            (Self::Key(a), Self::Key(b)) => compare_keys(a, b),
            (Self::Value(a), Self::Value(b)) => compare_values(a, b),
            (Self::Index(a), Self::Index(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Step {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(formatter, ".{name}"),
            Self::Key(keys) => {
                formatter.write_char('[')?;
                for (index, (name, value)) in keys.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(formatter, "{comma}{name}={value}")?;
                }
                formatter.write_char(']')
            }
            Self::Value(value) => write!(formatter, "[={value}]"),
            Self::Index(index) => write!(formatter, "[{index}]"),
        }
    }
}

/// Returns a path as kube-apiserver prints it: `.spec.containers[name="web"].image`.
pub(crate) fn write_steps<'a>(steps: impl IntoIterator<Item = &'a Step>) -> String {
    steps.into_iter().map(Step::to_string).collect()
}

fn compare_keys(a: &[(Box<str>, Value)], b: &[(Box<str>, Value)]) -> Ordering {
    for ((name, value), (other_name, other)) in a.iter().zip(b) {
        let order = name
            .cmp(other_name)
            .then_with(|| compare_values(value, other));
        if order.is_ne() {
            return order;
        }
    }
    a.len().cmp(&b.len())
}

/// Numbers, texts, booleans, lists, mappings, null; each kind among itself.
fn compare_values(a: &Value, b: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Number(_) => 0,
        Value::String(_) => 1,
        Value::Bool(_) => 2,
        Value::Array(_) => 3,
        Value::Object(_) => 4,
        Value::Null => 5,
    };
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => compare_numbers(a, b),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) => {
            compare_all(a.iter(), b.iter(), |a, b| compare_values(a, b))
        }
        (Value::Object(a), Value::Object(b)) => compare_all(a.iter(), b.iter(), |a, b| {
            a.0.cmp(b.0).then_with(|| compare_values(a.1, b.1))
        }),
        _ => rank(a).cmp(&rank(b)),
    }
}

fn compare_all<T>(
    a: impl Iterator<Item = T>,
    b: impl Iterator<Item = T>,
    compare: impl Fn(&T, &T) -> Ordering,
) -> Ordering {
    let (a, b): (Vec<T>, Vec<T>) = (a.collect(), b.collect());
    let differ = a.iter().zip(&b).map(|(a, b)| compare(a, b));
    let first = differ.into_iter().find(|order| order.is_ne());
    first.unwrap_or_else(|| a.len().cmp(&b.len()))
}

/// Equal numbers of different kinds (`1` and `1.0`) stay apart, so that the order agrees with equality.
fn compare_numbers(a: &Number, b: &Number) -> Ordering {
    if let (Some(a), Some(b)) = (a.as_i64(), b.as_i64()) {
        return a.cmp(&b);
    }
    if let (Some(a), Some(b)) = (a.as_u64(), b.as_u64()) {
        return a.cmp(&b);
    }
    let float = |number: &Number| number.as_f64().unwrap_or(f64::NAN);
    let order = float(a).total_cmp(&float(b));
    order.then_with(|| {
        a.is_f64()
            .cmp(&b.is_f64())
            .then_with(|| a.to_string().cmp(&b.to_string()))
    })
}
