//! The rules of a definition that is written: what does not compile, or selects a field that is not there, is
//! refused.

use serde_json::Value;
use windlass_cel::{CompileError, Program};

use super::budget::Budget;
use super::{Rule, RuleTree, selected, shape};
use crate::fields;
use crate::status::Cause;

/// Returns what is wrong with the rules of a schema; `place` is where that is.
pub(crate) fn check(schema: &Value, place: &str) -> Vec<Cause> {
    let Some(tree) = RuleTree::of(schema) else {
        return Vec::new();
    };
    let mut check = Check::default();
    let root = Part {
        tree: &tree,
        is_root: true,
        count: Some(1),
    };
    check.visit(root, place);
    check.budget.total(place, &mut check.causes);
    check.causes
}

/// The mistakes so far, and what the rules cost.
#[derive(Default)]
struct Check {
    causes: Vec<Cause>,
    budget: Budget,
}

/// A part of a schema with rules.
#[derive(Clone, Copy)]
struct Part<'t> {
    tree: &'t RuleTree,
    is_root: bool,
    /// How many values of it an object can have, where the schema says so.
    count: Option<u64>,
}

impl Check {
    fn visit(&mut self, part: Part<'_>, place: &str) {
        let Part { tree, is_root, .. } = part;
        let shape = (!tree.rules.is_empty()).then(|| {
            let is_object =
                is_root || fields::flag(&tree.schema, "/x-kubernetes-embedded-resource");
            shape::shape(&tree.schema, is_object)
        });
        for (index, rule) in tree.rules.iter().enumerate() {
            let place = format!("{place}.x-kubernetes-validations[{index}]");
            let known = self.causes.len();
            check_rule(rule, tree, &place, is_root, &mut self.causes);
            if let Some(Some(shape)) = shape.as_ref().filter(|_| self.causes.len() == known) {
                let costs = &mut self.causes;
                self.budget.rule(rule, shape, part.count, &place, costs);
            }
        }
        let below = |tree, count| Part {
            tree,
            is_root: false,
            count,
        };
        for (name, property) in &tree.properties {
            let place = format!("{place}.properties[{name}]");
            self.visit(below(property, part.count), &place);
        }
        let several = |key: &str| {
            let most = fields::optional_integer(&tree.schema, key)?;
            Some(part.count?.saturating_mul(u64::try_from(most).unwrap_or(0)))
        };
        if let Some(items) = &tree.items {
            self.visit(
                below(items, several("/maxItems")),
                &format!("{place}.items"),
            );
        }
        if let Some(values) = &tree.additional {
            let place = format!("{place}.additionalProperties");
            self.visit(below(values, several("/maxProperties")), &place);
        }
    }
}

fn check_rule(rule: &Rule, tree: &RuleTree, place: &str, is_root: bool, causes: &mut Vec<Cause>) {
    if rule.text.trim().is_empty() {
        let message = "Required value: rule is not specified";
        causes.push(Cause::new(
            "FieldValueRequired",
            format!("{place}.rule"),
            message,
        ));
        return;
    }
    let lines = |text: &str| text.trim().contains('\n');
    if lines(&rule.text) && rule.message.trim().is_empty() {
        let message = "Required value: message must be specified if rule contains line breaks";
        causes.push(Cause::new(
            "FieldValueRequired",
            format!("{place}.message"),
            message,
        ));
    }
    let wrong = wrong(rule.program(), &rule.text, tree, is_root);
    causes.extend(wrong.map(|detail| refused(rule, &format!("{place}.rule"), &detail)));
    if let Some(program) = rule.message_program() {
        let wrong = self::wrong(program, &rule.message_expression, tree, is_root);
        let place = format!("{place}.messageExpression");
        causes.extend(wrong.map(|detail| {
            let detail = format!("messageExpression {detail}");
            refused(rule, &place, &detail)
        }));
    }
}

/// Returns what the compiler says to a program.
fn wrong(
    program: &Result<Program, CompileError>,
    text: &str,
    tree: &RuleTree,
    is_root: bool,
) -> Option<String> {
    match program {
        Ok(program) => undefined(program, text, tree, is_root),
        Err(
            error @ (CompileError::Syntax { line, column, .. }
            | CompileError::Undeclared { line, column, .. }),
        ) => Some(located(&error.to_string(), text, *line, *column)),
        // What only this server does not evaluate is said when an object needs it.
        Err(_) => None,
    }
}

fn undefined(program: &Program, text: &str, tree: &RuleTree, is_root: bool) -> Option<String> {
    let paths = ["self", "oldSelf"].map(|name| (name, program.paths(name)));
    let mut paths = paths
        .iter()
        .flat_map(|(name, paths)| paths.iter().map(move |path| (*name, path)));
    let (variable, known, field) = paths.find_map(|(variable, path)| {
        let known = first_unknown(path, &tree.schema, is_root)?;
        Some((variable, &path[..known], &path[known]))
    })?;
    let before = known
        .iter()
        .fold(variable.to_owned(), |text, field| format!("{text}.{field}"));
    let at = text
        .find(&format!("{before}.{field}"))
        .map_or(0, |at| at + before.len());
    let what = format!("1:{}: undefined field '{field}'", at + 1);
    Some(located(&what, text, 1, at + 1))
}

/// Returns a mistake of the compiler with the line that it is in.
fn located(what: &str, text: &str, line: usize, column: usize) -> String {
    let line = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let dots = ".".repeat(column.saturating_sub(1));
    format!("compilation failed: ERROR: <input>:{what}\n | {line}\n | {dots}^")
}

/// Returns the index of the first name that the schema does not have.
fn first_unknown(path: &[String], schema: &Value, is_root: bool) -> Option<usize> {
    let mut schema = schema;
    let mut is_object = is_root;
    for (index, name) in path.iter().enumerate() {
        is_object |= fields::flag(schema, "/x-kubernetes-embedded-resource");
        if is_object && ["apiVersion", "kind"].contains(&&**name) {
            return None;
        }
        if is_object && name == "metadata" {
            let below = path.get(index + 1)?;
            return (!["name", "generateName"].contains(&&**below)).then_some(index + 1);
        }
        is_object = false;
        if fields::text(schema, "/type") != "object" {
            return None;
        }
        schema = match fields::map(schema, "/properties") {
            _ if schema["additionalProperties"].is_object() => &schema["additionalProperties"],
            Some(properties) => match selected(properties, name) {
                Some(below) => below,
                None => return Some(index),
            },
            None => return Some(index),
        };
    }
    None
}

fn refused(rule: &Rule, place: &str, detail: &str) -> Cause {
    let message = format!("Invalid value: {}: {detail}", rule.printed());
    Cause::new("FieldValueInvalid", place, message)
}
