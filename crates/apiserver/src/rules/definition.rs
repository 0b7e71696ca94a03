//! The rules of a definition that is written: what does not compile, or has types that do not fit, is refused.

mod form;

use serde_json::Value;
use windlass_cel::{CompileError, Program, Shape, check_types};

use super::budget::Budget;
use super::{Rule, RuleTree, shape};
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
    /// Returns whether the rules of this part, and of those below it, have a form that can be compiled.
    fn visit(&mut self, part: Part<'_>, place: &str) -> bool {
        let Part { tree, is_root, .. } = part;
        let mut is_formed = self.visit_below(part, place);
        let rules = || {
            let rules = tree.rules.iter().enumerate();
            rules.map(|(at, rule)| (rule, format!("{place}.x-kubernetes-validations[{at}]")))
        };
        for (rule, place) in rules() {
            let mistakes = form::mistakes(rule, &place);
            is_formed &= mistakes.is_empty();
            self.causes.extend(mistakes);
        }
        if tree.rules.is_empty() || !is_formed {
            return is_formed;
        }
        let is_object = is_root || fields::flag(&tree.schema, "/x-kubernetes-embedded-resource");
        let shape = shape::shape(&tree.schema, is_object);
        for (rule, place) in rules() {
            let known = self.causes.len();
            check_rule(rule, shape.as_ref(), &place, &mut self.causes);
            if let Some(shape) = shape.as_ref().filter(|_| self.causes.len() == known) {
                let costs = &mut self.causes;
                self.budget.rule(rule, shape, part.count, &place, costs);
            }
        }
        true
    }

    fn visit_below(&mut self, part: Part<'_>, place: &str) -> bool {
        let tree = part.tree;
        let below = |tree, count| Part {
            tree,
            is_root: false,
            count,
        };
        let several = |key: &str| {
            let most = fields::optional_integer(&tree.schema, key)?;
            Some(part.count?.saturating_mul(u64::try_from(most).unwrap_or(0)))
        };
        let mut is_formed = true;
        for (name, property) in &tree.properties {
            let place = format!("{place}.properties[{name}]");
            is_formed &= self.visit(below(property, part.count), &place);
        }
        if let Some(items) = &tree.items {
            let place = format!("{place}.items");
            is_formed &= self.visit(below(items, several("/maxItems")), &place);
        }
        if let Some(values) = &tree.additional {
            let place = format!("{place}.additionalProperties");
            is_formed &= self.visit(below(values, several("/maxProperties")), &place);
        }
        is_formed
    }
}

fn check_rule(rule: &Rule, shape: Option<&Shape>, place: &str, causes: &mut Vec<Cause>) {
    let known = causes.len();
    let rule_text = Text {
        program: rule.program(),
        source: &rule.text,
        wanted: "bool",
    };
    let wrong = wrong(&rule_text, rule, shape).map(|it| match it {
        Wrong::Text(detail) => format!("compilation failed: {detail}"),
        Wrong::Result => "cel expression must evaluate to a bool".to_owned(),
    });
    causes.extend(wrong.map(|detail| refused(rule, &format!("{place}.rule"), &detail)));
    let Some(program) = rule.message_program().filter(|_| causes.len() == known) else {
        return;
    };
    let message_text = Text {
        program,
        source: &rule.message_expression,
        wanted: "string",
    };
    let wrong = self::wrong(&message_text, rule, shape).map(|it| match it {
        Wrong::Text(detail) => format!("messageExpression compilation failed: {detail}"),
        Wrong::Result => "messageExpression must evaluate to a string".to_owned(),
    });
    let place = format!("{place}.messageExpression");
    causes.extend(wrong.map(|detail| refused(rule, &place, &detail)));
}

/// A text that is compiled, and the type that it is to give.
struct Text<'r> {
    program: &'r Result<Program, CompileError>,
    source: &'r str,
    wanted: &'static str,
}

/// What is wrong with a text.
enum Wrong {
    /// It does not compile.
    Text(String),
    /// It gives something else.
    Result,
}

/// Returns what the compiler says to a program.
fn wrong(of: &Text<'_>, rule: &Rule, shape: Option<&Shape>) -> Option<Wrong> {
    let text = of.source;
    let at = |line, column, message: &str| located(message, text, line, column);
    let types = shape.map(|shape| check_types(text, shape, rule.old_self_is_optional));
    match (types, of.program) {
        (Some(Ok(types)), _) if types.mistakes.is_empty() => {
            (types.result != of.wanted).then_some(Wrong::Result)
        }
        (Some(Ok(types)), _) => {
            let mistakes = types.mistakes.iter();
            let mistakes: Vec<String> = mistakes
                .map(|it| at(it.line, it.column, &it.message))
                .collect();
            Some(Wrong::Text(mistakes.join("\n")))
        }
        (
            _,
            Err(
                error @ (CompileError::Syntax { line, column, .. }
                | CompileError::Undeclared { line, column, .. }),
            ),
        ) => Some(Wrong::Text(at(*line, *column, &error.message()))),
        // What only this server does not evaluate is said when an object needs it.
        _ => None,
    }
}

/// Returns a mistake of the compiler with the line that it is in.
fn located(message: &str, text: &str, line: usize, column: usize) -> String {
    let shown = text.split('\n').nth(line.saturating_sub(1));
    let shown = shown.unwrap_or_default().replace('\t', " ");
    let dots = ".".repeat(column.saturating_sub(1));
    format!("ERROR: <input>:{line}:{column}: {message}\n | {shown}\n | {dots}^")
}

fn refused(rule: &Rule, place: &str, detail: &str) -> Cause {
    let message = format!("Invalid value: {}: {detail}", rule.printed());
    Cause::new("FieldValueInvalid", place, message)
}
