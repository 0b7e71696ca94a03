//! The rules of a structural schema, in the words of kube-openapi's validation.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use regex::Regex;
use serde_json::Value;
use windlass_object::schema::{ListType, Rules, Schema, Type};

use crate::status::Cause;
use crate::validation::FieldErrors;

/// The largest whole number that a floating-point number tells from its neighbours.
const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

/// How many compiled patterns are kept.
const MAX_PATTERNS: usize = 1000;

/// Returns what is wrong with a custom resource. What was wrong before and has not changed may stay.
pub(crate) fn validate(object: &Value, live: Option<&Value>, schema: &Schema) -> Vec<Cause> {
    let mut errors = FieldErrors::default();
    check_map(object, live, schema, "", &mut errors);
    errors.into_causes()
}

/// Returns what is wrong with the status of a custom resource, where nothing else is written.
pub(crate) fn validate_status(object: &Value, live: Option<&Value>, schema: &Schema) -> Vec<Cause> {
    let causes = validate(object, live, schema);
    let in_status = causes.into_iter().filter_map(|mut cause| {
        // The words are those of a status that stands alone.
        let rest = cause.field.strip_prefix("status")?;
        let rest = rest.strip_prefix('.').unwrap_or(rest);
        let whole = format!("{} in body", cause.field);
        cause.message = cause.message.replace(&whole, &format!("{rest} in body"));
        Some(cause)
    });
    in_status.collect()
}

/// Returns what is wrong with a default, which stands at `path` in a definition.
pub(crate) fn validate_default(default: &Value, schema: &Schema, path: &str) -> Vec<Cause> {
    let mut errors = FieldErrors::default();
    check(default, None, schema, "", &mut errors);
    let mut causes = errors.into_causes();
    for cause in &mut causes {
        let below = std::mem::take(&mut cause.field);
        let below = if below == "<nil>" {
            String::new()
        } else {
            below
        };
        let dot = if below.is_empty() || below.starts_with('[') {
            ""
        } else {
            "."
        };
        cause.field = format!("{path}{dot}{below}");
    }
    causes
}

fn check(
    value: &Value,
    live: Option<&Value>,
    schema: &Schema,
    path: &str,
    errors: &mut FieldErrors,
) {
    let known = errors.len();
    check_value(value, live, schema, path, errors);
    if errors.len() > known && live == Some(value) {
        errors.truncate(known);
    }
}

fn check_value(
    value: &Value,
    live: Option<&Value>,
    schema: &Schema,
    path: &str,
    errors: &mut FieldErrors,
) {
    if value.is_null() && schema.is_nullable() {
        return;
    }
    check_range(value, schema, path, errors);
    if !is_of_type(value, schema.kind()) {
        let (found, wanted) = match schema.format() {
            Some(format) if value.is_number() && !format.is_empty() => ("float64", format),
            _ => (type_name(value), wanted_name(schema.kind())),
        };
        let detail = format!("{path} in body must be of type {wanted}: {found:?}");
        errors.type_invalid(path, &found.into(), &detail);
        return;
    }
    if !schema.enumeration().is_empty() && !schema.enumeration().contains(value) {
        unsupported(value, schema, path, errors);
    }
    check_format(value, schema, path, errors);
    if let Some(rules) = schema.rules() {
        check_rules(value, rules, path, errors);
    }
    match value {
        Value::Object(_) => check_map(value, live, schema, path, errors),
        Value::Array(items) => check_items(items, live, schema, path, errors),
        _ => {}
    }
}

fn is_of_type(value: &Value, wanted: Type) -> bool {
    match (wanted, value) {
        (Type::Any, _)
        | (Type::Object, Value::Object(_))
        | (Type::Array, Value::Array(_))
        | (Type::String, Value::String(_))
        | (Type::Number, Value::Number(_))
        | (Type::Boolean, Value::Bool(_))
        | (Type::Quantity, Value::Number(_) | Value::String(_)) => true,
        (Type::Integer, Value::Number(_)) => is_integer(value),
        (Type::IntOrString, value) => value.is_string() || is_integer(value),
        _ => false,
    }
}

fn is_integer(value: &Value) -> bool {
    let float = value.as_f64().unwrap_or(f64::NAN);
    value.is_i64() || (float.fract() == 0.0 && float.abs() <= MAX_SAFE)
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) if is_integer(value) => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn wanted_name(kind: Type) -> &'static str {
    match kind {
        Type::Object => "object",
        Type::Array => "array",
        Type::String => "string",
        Type::Integer => "integer",
        Type::Number => "number",
        Type::Boolean => "boolean",
        Type::IntOrString | Type::Quantity => "integer,string",
        Type::Any => "any",
    }
}

fn unsupported(value: &Value, schema: &Schema, path: &str, errors: &mut FieldErrors) {
    let texts: Vec<String> = schema.enumeration().iter().map(plain).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    errors.unsupported(path, value, &texts);
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn check_format(value: &Value, schema: &Schema, path: &str, errors: &mut FieldErrors) {
    let fits = match (schema.format(), value) {
        (Some("date-time"), Value::String(text)) => text.parse::<jiff::Timestamp>().is_ok(),
        (Some("date"), Value::String(text)) => text.parse::<jiff::civil::Date>().is_ok(),
        (Some("ipv4"), Value::String(text)) => text.parse::<std::net::Ipv4Addr>().is_ok(),
        (Some("ipv6"), Value::String(text)) => text.parse::<std::net::Ipv6Addr>().is_ok(),
        _ => true,
    };
    if !fits {
        let format = schema.format().unwrap_or_default();
        let detail = format!("{path} in body must be of type {format}: {value}");
        errors.type_invalid(path, value, &detail);
    }
}

/// Refuses numbers, and bounds of them, that the type and format cannot hold.
fn check_range(value: &Value, schema: &Schema, path: &str, errors: &mut FieldErrors) {
    let Some(number) = value.as_f64() else {
        return;
    };
    let name = match schema.kind() {
        Type::Integer => "integer",
        Type::Number => "number",
        _ => return,
    };
    let rules = schema.rules();
    let bound = |bound: Option<(f64, bool)>| bound.map(|(bound, _)| bound);
    let format = schema.format().unwrap_or_default();
    let wanted = if format.is_empty() {
        format!("{name} (default format)")
    } else {
        format!("{name} with format {format}")
    };
    let fits = |number: f64| fits(number, schema.kind(), format);
    let is_checked = if value.is_i64() && format != "int32" {
        true
    } else {
        fits(number)
    };
    let parts = [
        ("Checked", (!is_checked).then_some(number)),
        ("MultipleOf", rules.and_then(|it| it.multiple_of)),
        ("Minimum boundary", rules.and_then(|it| bound(it.minimum))),
        ("Maximum boundary", rules.and_then(|it| bound(it.maximum))),
    ];
    for (what, number) in parts {
        if number.is_some_and(|number| what == "Checked" || !fits(number)) {
            let detail = format!("{what} value must be of type {wanted} in {path}");
            errors.invalid("<nil>", &"".into(), &detail);
        }
    }
}

/// Returns whether a type can hold a number: whole numbers of 32 or 64 bits, or floating-point numbers.
fn fits(number: f64, kind: Type, format: &str) -> bool {
    const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;
    let within = |least: f64, end: f64| number.fract() == 0.0 && number >= least && number < end;
    match (kind, format) {
        (Type::Integer, "int32") => within(f64::from(i32::MIN), f64::from(i32::MAX) + 1.0),
        (Type::Integer, _) => within(-TWO_TO_63, TWO_TO_63),
        (_, "float" | "float32") => number.abs() <= f64::from(f32::MAX),
        _ => true,
    }
}

fn check_map(
    value: &Value,
    live: Option<&Value>,
    schema: &Schema,
    path: &str,
    errors: &mut FieldErrors,
) {
    let Value::Object(map) = value else {
        return;
    };
    let dot = if path.is_empty() { "" } else { "." };
    for name in schema.required() {
        if !map.contains_key(name) {
            errors.required(&format!("{path}{dot}{name}"), "");
        }
    }
    // Metadata is validated as that of every object.
    let is_object = path.is_empty() || schema.is_embedded_resource();
    for (name, child) in map {
        if is_object && name == "metadata" {
            continue;
        }
        if let Some(below) = schema.field(name) {
            let live = live.and_then(|live| live.get(name));
            check(child, live, below, &format!("{path}{dot}{name}"), errors);
        }
    }
}

fn check_items(
    items: &[Value],
    live: Option<&Value>,
    schema: &Schema,
    path: &str,
    errors: &mut FieldErrors,
) {
    let mut seen = HashSet::new();
    for (index, item) in items.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let name = name_of(item, schema);
        // Items of lists without keys have nothing to be told by.
        let live = match schema.list_type() {
            ListType::Map => live
                .and_then(Value::as_array)
                .and_then(|live| live.iter().find(|live| name_of(live, schema) == name)),
            _ => None,
        };
        check(item, live, schema.items(), &path, errors);
        let Some(name) = name else {
            continue;
        };
        if !seen.insert(name.clone()) {
            errors.duplicate(&path, &name);
        }
    }
}

/// Returns what must be unique in a set or map: the item, or its keys.
fn name_of(item: &Value, schema: &Schema) -> Option<Value> {
    match schema.list_type() {
        ListType::Atomic => None,
        ListType::Set => Some(item.clone()),
        ListType::Map => {
            let keys = schema.list_keys().iter();
            let pairs = keys.filter_map(|key| {
                let value = item.get(&**key)?;
                Some((key.to_string(), value.clone()))
            });
            Some(Value::Object(pairs.collect()))
        }
    }
}

fn check_rules(value: &Value, rules: &Rules, path: &str, errors: &mut FieldErrors) {
    match value {
        Value::String(text) => check_text(text, rules, path, errors),
        Value::Number(_) => check_number(value, rules, path, errors),
        Value::Array(items) => check_count(items.len(), "items", rules.items, path, errors),
        Value::Object(map) => {
            check_count(map.len(), "properties", rules.properties, path, errors);
        }
        _ => {}
    }
    if rules.unique_items
        && let Value::Array(items) = value
        && items.iter().collect::<HashSet<_>>().len() < items.len()
    {
        let detail = format!("{path} in body shouldn't contain duplicates");
        errors.invalid(path, &"".into(), &detail);
    }
    check_combinations(value, rules, path, errors);
}

fn check_text(text: &str, rules: &Rules, path: &str, errors: &mut FieldErrors) {
    let length = text.chars().count() as u64;
    let value = Value::from(text);
    if let Some(most) = rules.length.1.filter(|most| length > *most) {
        errors.too_long(path, most);
        return;
    }
    if let Some(least) = rules.length.0.filter(|least| length < *least) {
        let detail = format!("{path} in body should be at least {least} chars long");
        errors.invalid(path, &value, &detail);
        return;
    }
    if let Some(pattern) = &rules.pattern
        && compiled(pattern).is_some_and(|regex| !regex.is_match(text))
    {
        let detail = format!("{path} in body should match '{pattern}'");
        errors.invalid(path, &value, &detail);
    }
}

/// Returns the compiled pattern; `None` for one that is no regular expression, which holds for nothing.
fn compiled(pattern: &str) -> Option<Arc<Regex>> {
    static PATTERNS: LazyLock<Mutex<HashMap<String, Option<Arc<Regex>>>>> =
        LazyLock::new(Mutex::default);
    let mut patterns = PATTERNS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = patterns.get(pattern) {
        return found.clone();
    }
    if patterns.len() >= MAX_PATTERNS {
        patterns.clear();
    }
    let regex = Regex::new(pattern).ok().map(Arc::new);
    patterns.insert(pattern.to_owned(), regex.clone());
    regex
}

fn check_number(value: &Value, rules: &Rules, path: &str, errors: &mut FieldErrors) {
    let number = value.as_f64().unwrap_or_default();
    let mut wrong = |rule: String| {
        errors.invalid(path, value, &format!("{path} in body should be {rule}"));
    };
    match rules.minimum {
        Some((least, true)) if number <= least => wrong(format!("greater than {least}")),
        Some((least, false)) if number < least => {
            wrong(format!("greater than or equal to {least}"));
        }
        _ => {}
    }
    match rules.maximum {
        Some((most, true)) if number >= most => wrong(format!("less than {most}")),
        Some((most, false)) if number > most => wrong(format!("less than or equal to {most}")),
        _ => {}
    }
    if let Some(factor) = rules.multiple_of.filter(|factor| *factor > 0.0) {
        let times = number / factor;
        if (times - times.round()).abs() > 1e-9 {
            wrong(format!("a multiple of {factor}"));
        }
    }
}

fn check_count(
    count: usize,
    what: &str,
    (least, most): (Option<u64>, Option<u64>),
    path: &str,
    errors: &mut FieldErrors,
) {
    if let Some(least) = least.filter(|least| (count as u64) < *least) {
        let detail = format!("{path} in body should have at least {least} {what}");
        errors.invalid(path, &count.into(), &detail);
    }
    if let Some(most) = most.filter(|most| count as u64 > *most) {
        errors.too_many(path, count, most);
    }
}

fn check_combinations(value: &Value, rules: &Rules, path: &str, errors: &mut FieldErrors) {
    let holds = |schema: &Schema| {
        let mut errors = FieldErrors::default();
        check(value, None, schema, path, &mut errors);
        errors.is_empty()
    };
    let mut wrong = |detail: String| errors.invalid(path, &"".into(), &detail);
    if !rules.any_of.is_empty() && !rules.any_of.iter().any(holds) {
        wrong(format!(
            "{path:?} must validate at least one schema (anyOf)"
        ));
    }
    let valid = rules.one_of.iter().filter(|schema| holds(schema)).count();
    if !rules.one_of.is_empty() && valid != 1 {
        let found = if valid == 0 {
            "Found none valid".to_owned()
        } else {
            format!("Found {valid} valid alternatives")
        };
        wrong(format!(
            "{path:?} must validate one and only one schema (oneOf). {found}"
        ));
    }
    if rules.not.as_ref().is_some_and(holds) {
        wrong(format!("{path:?} must not validate the schema (not)"));
    }
    for schema in &rules.all_of {
        check(value, None, schema, path, errors);
    }
}
