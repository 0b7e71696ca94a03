//! What people say of the health of kinds that nobody else knows: expressions in CEL.

use serde_json::Value;
use windlass_cel::{CompileError, Program, Variables, compile};

use crate::field::{api_group, condition, text};
use crate::{Health, Status, assess, generic};

/// The fields that objects have at the top, as far as expressions may name them; `self` is all of the object.
const VARIABLES: [&str; 14] = [
    "self",
    "apiVersion",
    "kind",
    "metadata",
    "spec",
    "status",
    "data",
    "type",
    "immutable",
    "rules",
    "subjects",
    "roleRef",
    "webhooks",
    "provisioner",
];

/// Rules for kinds of objects. They come before all that is known of a kind; of several, the first counts.
#[derive(Clone, Debug, Default)]
pub struct Rules(Vec<Rule>);

/// How the objects of a group or kind are, by expressions over their fields: those of `healthCheckExprs` of a Flux
/// Kustomization.
///
/// They are asked in the order in progress, failed, current; where none holds, or one cannot be evaluated, the object is
/// in progress. What is being deleted, or has a generation that its controller has not seen, is not asked about.
#[derive(Clone, Debug)]
pub struct Rule {
    group: String,
    kind: Option<String>,
    in_progress: Option<Expression>,
    failed: Option<Expression>,
    current: Expression,
}

#[derive(Clone, Debug)]
struct Expression {
    source: String,
    program: Program,
}

impl Expression {
    fn new(source: &str) -> Result<Self, CompileError> {
        let program = compile(source, &VARIABLES)?;
        let source = source.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(Self { source, program })
    }
}

impl Rule {
    /// Returns a rule for the kind of a group, or for all of it. Of `api_version` only the group counts, as for Flux.
    ///
    /// # Errors
    ///
    /// An expression that is none, or names what no object has at its top.
    pub fn new(api_version: &str, kind: Option<&str>, current: &str) -> Result<Self, CompileError> {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        Ok(Self {
            group: group.to_owned(),
            kind: kind.map(str::to_owned),
            in_progress: None,
            failed: None,
            current: Expression::new(current)?,
        })
    }

    /// Says when an object is on its way.
    ///
    /// # Errors
    ///
    /// As [`Rule::new`].
    pub fn in_progress(mut self, source: &str) -> Result<Self, CompileError> {
        self.in_progress = Some(Expression::new(source)?);
        Ok(self)
    }

    /// Says when an object has failed.
    ///
    /// # Errors
    ///
    /// As [`Rule::new`].
    pub fn failed(mut self, source: &str) -> Result<Self, CompileError> {
        self.failed = Some(Expression::new(source)?);
        Ok(self)
    }

    fn is_about(&self, object: &Value) -> bool {
        let kind = text(object, "/kind").unwrap_or_default();
        api_group(object) == self.group && self.kind.as_ref().is_none_or(|own| own == kind)
    }

    fn assess(&self, object: &Value) -> Health {
        let variables = variables(object);
        let asked = [
            (self.in_progress.as_ref(), Status::InProgress),
            (self.failed.as_ref(), Status::Failed),
            (Some(&self.current), Status::Current),
        ];
        for (expression, status) in asked {
            let Some(expression) = expression else {
                continue;
            };
            let source = &expression.source;
            match expression.program.holds(&variables) {
                Ok(false) => {}
                Ok(true) => return Health::new(status, "Expression", told(object, source)),
                Err(error) => {
                    let message = format!("cannot evaluate {source}: {error}");
                    return Health::in_progress("Expression", message);
                }
            }
        }
        let message = format!("waits for {}", self.current.source);
        Health::in_progress("Expression", told(object, &message))
    }
}

impl Rules {
    /// Returns the rules in their order.
    #[must_use]
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        Self(rules.into_iter().collect())
    }

    /// Returns the health of an object as the API server has it: by the first rule that is about it, or else as
    /// [`assess`] does.
    #[must_use]
    pub fn assess(&self, object: &Value) -> Health {
        let rule = self.0.iter().find(|rule| rule.is_about(object));
        match rule {
            None => assess(object),
            Some(rule) => generic::unready(object).unwrap_or_else(|| rule.assess(object)),
        }
    }
}

fn variables(object: &Value) -> Variables {
    let all = Variables::new().with("self", windlass_cel::Value::from_json(object));
    let fields = object.as_object().into_iter().flatten();
    let fields = fields.filter(|(name, _)| VARIABLES.contains(&name.as_str()) && *name != "self");
    fields.fold(all, |all, (name, value)| {
        all.with(name, windlass_cel::Value::from_json(value))
    })
}

/// Adds what the object says of itself.
fn told(object: &Value, text: &str) -> String {
    match condition(object, "Ready").map(|ready| ready.message().to_owned()) {
        Some(message) if !message.is_empty() => format!("{text} (Ready: {message})"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn widget(status: Value) -> Value {
        let mut widget = json!({"apiVersion": "example.dev/v1beta1", "kind": "Widget",
            "metadata": {"name": "a", "generation": 2}});
        if !status.is_null() {
            widget["status"] = status;
        }
        widget
    }

    fn rules() -> Rules {
        let rule = Rule::new(
            "example.dev/v1",
            Some("Widget"),
            "status.phase == 'Running'",
        );
        let rule = rule.unwrap().failed("status.phase == 'Broken'").unwrap();
        Rules::new([rule
            .in_progress("has(status.busy)  &&\n status.busy")
            .unwrap()])
    }

    fn of(status: Value) -> String {
        rules().assess(&widget(status)).to_string()
    }

    #[test]
    fn expressions_say_how_an_object_is_in_their_order() {
        assert_eq!(
            of(json!({"phase": "Running"})),
            "Current: status.phase == 'Running'"
        );
        assert_eq!(
            of(json!({"phase": "Broken"})),
            "Failed: status.phase == 'Broken'"
        );
        assert_eq!(
            of(json!({"phase": "Broken", "busy": true})),
            "InProgress: has(status.busy) && status.busy"
        );
        let ready = json!([{"type": "Ready", "status": "False", "message": "no disk"}]);
        assert_eq!(
            of(json!({"phase": "Starting", "conditions": ready})),
            "InProgress: waits for status.phase == 'Running' (Ready: no disk)"
        );
    }

    #[test]
    fn what_cannot_be_evaluated_is_in_progress_and_says_why() {
        let told = of(Value::Null);
        assert!(
            told.starts_with("InProgress: cannot evaluate has(status.busy)"),
            "{told}"
        );
        let told = of(json!({"busy": false}));
        assert!(
            told.ends_with("status.phase == 'Broken': no such key: phase"),
            "{told}"
        );
        let list: Vec<u32> = (0..3000).collect();
        let current = "status.a.all(x, status.a.all(y, status.a.all(z, x + y + z >= 0)))";
        let rules = Rules::new([Rule::new("example.dev/v1", None, current).unwrap()]);
        let told = rules.assess(&widget(json!({"a": list}))).to_string();
        assert!(told.contains("may cost"), "{told}");
    }

    #[test]
    fn a_rule_is_about_its_group_and_kind_and_not_about_what_is_being_deleted() {
        let mut other = widget(json!({"phase": "Broken"}));
        other["kind"] = "Gadget".into();
        assert!(rules().assess(&other).is_current());
        let mut leaving = widget(json!({"phase": "Running"}));
        leaving["metadata"]["deletionTimestamp"] = "2026-11-22T10:00:00Z".into();
        assert_eq!(rules().assess(&leaving).status, Status::Terminating);
        let unseen = widget(json!({"phase": "Running", "observedGeneration": 1}));
        assert_eq!(
            rules().assess(&unseen).reason,
            "LatestGenerationNotObserved"
        );
    }

    #[test]
    fn a_name_that_no_object_has_is_refused_with_its_place() {
        let error = Rule::new("a/v1", None, "statsu.phase == 'a'").unwrap_err();
        assert_eq!(
            error.to_string(),
            "1:1: undeclared reference to 'statsu' (in container '')"
        );
    }
}
