//! The form of a rule: what must be there, and on one line.

use super::Rule;
use crate::status::Cause;

const REASONS: [&str; 4] = [
    "FieldValueDuplicate",
    "FieldValueForbidden",
    "FieldValueInvalid",
    "FieldValueRequired",
];

/// Returns what is wrong with the form of the rule at `place`.
pub(super) fn mistakes(rule: &Rule, place: &str) -> Vec<Cause> {
    let is_blank = |text: &str| !text.is_empty() && text.trim().is_empty();
    let required = |field: &str, detail: &str| {
        let message = format!("Required value: {detail}");
        Cause::new("FieldValueRequired", format!("{place}.{field}"), message)
    };
    let invalid = |field: &str, text: &str, detail: &str| {
        let message = format!("Invalid value: {text:?}: {detail}");
        Cause::new("FieldValueInvalid", format!("{place}.{field}"), message)
    };
    let (blank, lines) = (
        "must be non-empty if specified",
        "must not contain line breaks",
    );
    let message = rule.message.as_str();
    let mut causes = Vec::new();
    if rule.text.trim().is_empty() {
        causes.push(required("rule", "rule is not specified"));
    } else if is_blank(message) {
        causes.push(invalid("message", message, blank));
    } else if has_lines(message.trim()) {
        causes.push(invalid("message", message, lines));
    } else if has_lines(rule.text.trim()) && message.is_empty() {
        let detail = "message must be specified if rule contains line breaks";
        causes.push(required("message", detail));
    }
    if is_blank(&rule.message_expression) {
        let detail = format!("messageExpression {blank}");
        causes.push(required("messageExpression", &detail));
    }
    if !rule.reason.is_empty() && !REASONS.contains(&rule.reason.as_str()) {
        let supported = REASONS.map(|it| format!("{it:?}")).join(", ");
        let reason = &rule.reason;
        let message = format!("Unsupported value: {reason:?}: supported values: {supported}");
        let place = format!("{place}.reason");
        causes.push(Cause::new("FieldValueNotSupported", place, message));
    }
    if is_blank(&rule.field_path) {
        causes.push(invalid("fieldPath", &rule.field_path, blank));
    }
    if has_lines(&rule.field_path) {
        causes.push(invalid("fieldPath", &rule.field_path, lines));
    }
    if is_blank(&rule.field_path) || has_lines(&rule.field_path) {
        causes.push(invalid(
            "fieldPath",
            &rule.field_path,
            "must be a valid path",
        ));
    }
    causes
}

fn has_lines(text: &str) -> bool {
    text.contains(['\n', '\r'])
}
