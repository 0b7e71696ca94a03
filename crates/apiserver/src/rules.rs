//! The rules of a CustomResourceDefinition in CEL (`x-kubernetes-validations`): compiled when the first object is
//! validated, checked when the definition is written; in the words of kube-apiserver 1.37.

mod budget;
mod definition;
mod evaluate;
mod shape;
mod typed;

use std::sync::OnceLock;

use serde_json::Value;
use windlass_cel::{CompileError, Program, compile};

use crate::fields;

pub(crate) use definition::check;
pub(crate) use evaluate::{Verdict, validate};

/// The rules of a part of a schema, and of what is below it; parts without any are left out.
#[derive(Debug)]
pub(crate) struct RuleTree {
    /// This part, as written.
    schema: Value,
    rules: Vec<Rule>,
    properties: Vec<(String, RuleTree)>,
    items: Option<Box<RuleTree>>,
    additional: Option<Box<RuleTree>>,
}

/// A rule, as written, and its programs once they are needed.
#[derive(Debug)]
struct Rule {
    text: String,
    message: String,
    message_expression: String,
    reason: String,
    field_path: String,
    old_self_is_optional: bool,
    program: OnceLock<Result<Program, CompileError>>,
    message_program: OnceLock<Result<Program, CompileError>>,
}

impl RuleTree {
    /// Returns the rules of a schema; `None` where there are none.
    pub(crate) fn of(schema: &Value) -> Option<Self> {
        let below = |key: &str| Self::of(schema.get(key)?).map(Box::new);
        let rules = fields::list(schema, "/x-kubernetes-validations").iter();
        let properties = fields::map(schema, "/properties").into_iter().flatten();
        let properties = properties.filter_map(|(name, it)| Some((name.clone(), Self::of(it)?)));
        let tree = Self {
            rules: rules.map(Rule::read).collect(),
            properties: properties.collect(),
            items: below("items"),
            additional: below("additionalProperties"),
            schema: schema.clone(),
        };
        let is_empty = tree.rules.is_empty()
            && tree.properties.is_empty()
            && tree.items.is_none()
            && tree.additional.is_none();
        (!is_empty).then_some(tree)
    }
}

impl Rule {
    fn read(rule: &Value) -> Self {
        let text = |pointer: &str| fields::text(rule, pointer).to_owned();
        Self {
            text: text("/rule"),
            message: text("/message"),
            message_expression: text("/messageExpression"),
            reason: text("/reason"),
            field_path: text("/fieldPath"),
            old_self_is_optional: fields::flag(rule, "/optionalOldSelf"),
            program: OnceLock::new(),
            message_program: OnceLock::new(),
        }
    }

    fn program(&self) -> &Result<Program, CompileError> {
        let names = &["self", "oldSelf"];
        self.program.get_or_init(|| compile(&self.text, names))
    }

    fn message_program(&self) -> Option<&Result<Program, CompileError>> {
        let (text, names) = (&self.message_expression, &["self", "oldSelf"]);
        let program = || compile(text, names);
        (!text.is_empty()).then(|| self.message_program.get_or_init(program))
    }

    /// Returns the rule as Go prints it.
    fn printed(&self) -> String {
        let go = |text: &str| {
            let json = Value::from(text).to_string();
            let json = json.replace('<', "\\u003c").replace('>', "\\u003e");
            json.replace('&', "\\u0026")
        };
        let reason = Some(&self.reason).filter(|reason| !reason.is_empty());
        format!(
            "{{\"Rule\":{},\"Message\":{},\"MessageExpression\":{},\"Reason\":{},\"FieldPath\":{},\
             \"OptionalOldSelf\":{}}}",
            go(&self.text),
            go(&self.message),
            go(&self.message_expression),
            reason.map_or_else(|| "null".to_owned(), |reason| go(reason)),
            go(&self.field_path),
            if self.old_self_is_optional {
                "true"
            } else {
                "null"
            },
        )
    }

    /// Returns what to say when the rule does not hold.
    fn message_or_default(&self) -> String {
        if self.message.is_empty() {
            return format!("failed rule: {}", self.text.trim());
        }
        self.message.trim().to_owned()
    }

    /// Returns what to call the rule when it cannot be evaluated.
    fn name(&self) -> &str {
        let named = if self.message.is_empty() {
            &self.text
        } else {
            &self.message
        };
        named.trim()
    }
}

/// Returns the name by which a program selects a field (kube-apiserver's `cel.Escape`).
fn escaped(name: &str) -> String {
    const RESERVED: [&str; 21] = [
        "true",
        "false",
        "null",
        "in",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    ];
    if RESERVED.contains(&name) {
        return format!("__{name}__");
    }
    let name = name.replace("__", "__underscores__");
    let name = name.replace('.', "__dot__").replace('-', "__dash__");
    name.replace('/', "__slash__")
}

#[cfg(test)]
mod tests;
