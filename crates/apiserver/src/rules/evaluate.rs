//! The rules, on an object.

use serde_json::Value;
use windlass_cel::{EvaluationError, MAX_COST, Program, Variables};

use super::{Rule, RuleTree, typed};
use crate::fields;
use crate::status::Cause;

/// What all rules together may cost for one object: a second or two.
const MAX_OBJECT_COST: u64 = 3 * MAX_COST;

/// What is validated at a place: the value, what it was, and whether it has the fields of every object.
#[derive(Clone, Copy)]
struct Place<'v> {
    value: &'v Value,
    old: Option<&'v Value>,
    /// Whether nothing has changed here, or in the part of the object around it whose parts cannot be told apart.
    is_same: bool,
    is_object: bool,
}

/// What rules say of an object.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// The rules that it breaks.
    pub(crate) causes: Vec<Cause>,
    /// Warnings of those that it broke before, where nothing has changed.
    pub(crate) warnings: Vec<String>,
}

/// How an evaluation went on.
struct Run {
    causes: Vec<Cause>,
    warnings: Vec<String>,
    left: u64,
}

/// Returns which rules the object breaks; `live` is what it was.
pub(crate) fn validate(tree: &RuleTree, live: Option<&Value>, object: &Value) -> Verdict {
    let mut run = Run {
        causes: Vec::new(),
        warnings: Vec::new(),
        left: MAX_OBJECT_COST,
    };
    let place = Place {
        value: object,
        old: live,
        is_same: live == Some(object),
        is_object: true,
    };
    // What is left out when the budget is spent has been refused already.
    let _: Option<()> = run.visit(tree, place, "");
    Verdict {
        causes: run.causes,
        warnings: run.warnings,
    }
}

impl Run {
    /// Returns `None` when nothing more may be evaluated.
    fn visit(&mut self, tree: &RuleTree, place: Place<'_>, path: &str) -> Option<()> {
        if place.value.is_null() {
            return Some(());
        }
        if !tree.rules.is_empty() {
            let variables = variables(tree, place);
            for rule in &tree.rules {
                self.evaluate(rule, tree, place, path, &variables)?;
            }
        }
        match place.value {
            Value::Object(map) => {
                for (name, value) in map {
                    self.field(tree, place, path, name, value)?;
                }
            }
            Value::Array(items) => self.items(tree, place, items, path)?,
            _ => {}
        }
        Some(())
    }

    fn field(
        &mut self,
        tree: &RuleTree,
        place: Place<'_>,
        path: &str,
        name: &str,
        value: &Value,
    ) -> Option<()> {
        let is_whole = fields::text(&tree.schema, "/x-kubernetes-map-type") == "atomic";
        let before = place.old.filter(|_| !is_whole);
        let old = before.and_then(|old| old.get(name));
        let below = |tree: &RuleTree| Place {
            value,
            old,
            is_same: before.map_or(place.is_same, |_| old == Some(value)),
            is_object: is_embedded(tree),
        };
        if place.is_object && ["apiVersion", "kind", "metadata"].contains(&name) {
            return Some(());
        }
        if let Some((_, tree)) = tree.properties.iter().find(|(known, _)| known == name) {
            let dot = if path.is_empty() { "" } else { "." };
            return self.visit(tree, below(tree), &format!("{path}{dot}{name}"));
        }
        let Some(tree) = &tree.additional else {
            return Some(());
        };
        self.visit(tree, below(tree), &format!("{path}[{name}]"))
    }

    fn items(
        &mut self,
        tree: &RuleTree,
        place: Place<'_>,
        items: &[Value],
        path: &str,
    ) -> Option<()> {
        let Some(below) = &tree.items else {
            return Some(());
        };
        let has_keys = fields::text(&tree.schema, "/x-kubernetes-list-type") == "map";
        for (index, value) in items.iter().enumerate() {
            let old = place.old.filter(|_| has_keys);
            let old = old.and_then(|old| counterpart(tree, old, value));
            let place = Place {
                value,
                old,
                is_same: if has_keys && place.old.is_some() {
                    old == Some(value)
                } else {
                    place.is_same
                },
                is_object: is_embedded(below),
            };
            self.visit(below, place, &format!("{path}[{index}]"))?;
        }
        Some(())
    }

    fn evaluate(
        &mut self,
        rule: &Rule,
        tree: &RuleTree,
        place: Place<'_>,
        path: &str,
        variables: &Variables,
    ) -> Option<()> {
        let kind = format!("{:?}", fields::text(&tree.schema, "/type"));
        let program = match rule.program() {
            Ok(program) => program,
            Err(error) => {
                let detail = format!("rule compile error: {error}");
                self.causes.push(invalid(path, &kind, &detail));
                return Some(());
            }
        };
        let compares = program.uses("oldSelf");
        if compares && place.old.is_none() && !rule.old_self_is_optional {
            return Some(());
        }
        let variables = if rule.old_self_is_optional {
            &optional(tree, place)
        } else {
            variables
        };
        if self.spend(program, variables).is_none() {
            let detail = "validation failed due to running out of cost budget, no further validation \
                          rules will be run";
            self.causes.push(invalid(path, &kind, detail));
            return None;
        }
        match program.holds(variables) {
            Ok(true) => {}
            Ok(false) => {
                let message = self.message(rule, variables);
                let cause = broken(rule, path, &shown(place.value), &message);
                // What was wrong before, and is not touched, may stay.
                if place.is_same && !compares {
                    self.warnings
                        .push(format!("{}: {}", cause.field, cause.message));
                } else {
                    self.causes.push(cause);
                }
            }
            Err(error) => {
                let detail = failed(rule, &error);
                self.causes.push(invalid(path, &kind, &detail));
            }
        }
        Some(())
    }

    fn spend(&mut self, program: &Program, variables: &Variables) -> Option<()> {
        let cost = program.cost(variables);
        self.left = self.left.checked_sub(cost)?;
        (cost <= MAX_COST).then_some(())
    }

    /// Returns what the author says to this object; a message that cannot be made, or would take lines, is left.
    fn message(&mut self, rule: &Rule, variables: &Variables) -> String {
        let made = rule.message_program().and_then(|program| {
            let program = program.as_ref().ok()?;
            self.spend(program, variables)?;
            program.text(variables).ok()
        });
        made.map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty() && !text.contains('\n') && text.len() <= 5 * 1024)
            .unwrap_or_else(|| rule.message_or_default())
    }
}

fn is_embedded(tree: &RuleTree) -> bool {
    fields::flag(&tree.schema, "/x-kubernetes-embedded-resource")
}

fn variables(tree: &RuleTree, place: Place<'_>) -> Variables {
    let typed = |value| typed::value(value, &tree.schema, place.is_object);
    let variables = Variables::new().with("self", typed(place.value));
    match place.old {
        Some(old) => variables.with("oldSelf", typed(old)),
        None => variables,
    }
}

/// Returns the variables of a rule whose `oldSelf` may be missing.
fn optional(tree: &RuleTree, place: Place<'_>) -> Variables {
    let typed = |value| typed::value(value, &tree.schema, place.is_object);
    let old = windlass_cel::Value::optional(place.old.map(typed));
    Variables::new()
        .with("self", typed(place.value))
        .with("oldSelf", old)
}

/// Returns what an item of a list with keys was.
fn counterpart<'v>(tree: &RuleTree, old: &'v Value, item: &Value) -> Option<&'v Value> {
    let keys = fields::list(&tree.schema, "/x-kubernetes-list-map-keys");
    let is_same = |other: &&Value| {
        let mut keys = keys.iter().filter_map(Value::as_str);
        keys.all(|key| other.get(key) == item.get(key))
    };
    old.as_array()?.iter().find(is_same)
}

/// Returns the value as a message shows it, before a colon; objects and lists are not shown.
fn shown(value: &Value) -> String {
    if value.is_object() || value.is_array() {
        return String::new();
    }
    value.to_string()
}

fn failed(rule: &Rule, error: &EvaluationError) -> String {
    let name = rule.name();
    let error = error.to_string();
    if error.starts_with("no such overload") {
        return format!(
            "'{error}': call arguments did not match a supported operator, function or macro signature for \
             rule: {name}"
        );
    }
    format!("{error} evaluating rule: {name}")
}

fn invalid(path: &str, shown: &str, detail: &str) -> Cause {
    let colon = if shown.is_empty() { "" } else { ": " };
    let message = format!("Invalid value: {shown}{colon}{detail}");
    Cause::new("FieldValueInvalid", place_name(path), message)
}

/// The object itself has no path.
fn place_name(path: &str) -> &str {
    if path.is_empty() { "<nil>" } else { path }
}

fn broken(rule: &Rule, path: &str, shown: &str, message: &str) -> Cause {
    let path = &format!("{path}{}", rule.field_path);
    let path = path.trim_start_matches('.');
    match rule.reason.as_str() {
        "FieldValueRequired" => {
            let message = format!("Required value: {message}");
            Cause::new("FieldValueRequired", path, message)
        }
        "FieldValueForbidden" => {
            let message = format!("Forbidden: {message}");
            Cause::new("FieldValueForbidden", path, message)
        }
        "FieldValueDuplicate" => {
            let message = format!("Duplicate value: {shown}");
            Cause::new("FieldValueDuplicate", path, message)
        }
        _ => invalid(path, shown, message),
    }
}
