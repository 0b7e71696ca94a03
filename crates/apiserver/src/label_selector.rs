//! Label selectors as objects carry them: `matchLabels` and `matchExpressions`.

use serde_json::{Map, Value};

use crate::fields::{list, map, text};

/// Returns whether `selector` (a `metav1.LabelSelector`) selects `object` by its labels.
///
/// An empty selector selects everything; an operator that does not exist selects nothing.
pub(crate) fn selects(selector: &Value, object: &Value) -> bool {
    let labels = map(object, "/metadata/labels");
    has_labels(map(selector, "/matchLabels"), labels)
        && list(selector, "/matchExpressions")
            .iter()
            .all(|expression| holds(expression, labels))
}

/// Returns whether `labels` has all that `wanted` has, with the same values.
pub(crate) fn has_labels(
    wanted: Option<&Map<String, Value>>,
    labels: Option<&Map<String, Value>>,
) -> bool {
    let mut wanted = wanted.into_iter().flatten();
    wanted.all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value))
}

fn holds(expression: &Value, labels: Option<&Map<String, Value>>) -> bool {
    let value = labels.and_then(|labels| labels.get(text(expression, "/key")));
    let listed = value.is_some_and(|value| list(expression, "/values").contains(value));
    match text(expression, "/operator") {
        "In" => listed,
        "NotIn" => !listed,
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::selects;

    #[test]
    fn a_selector_selects_by_labels_and_expressions() {
        let object = json!({"metadata": {"labels": {"app": "web", "env": "dev"}}});
        let expression = |key: &str, operator: &str, values: &[&str]| json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]});
        let cases = [
            (json!({}), true),
            (json!({"matchLabels": {"app": "web"}}), true),
            (json!({"matchLabels": {"app": "api"}}), false),
            (expression("env", "In", &["dev", "prod"]), true),
            (expression("env", "NotIn", &["dev"]), false),
            (expression("zone", "NotIn", &["a"]), true),
            (expression("env", "Exists", &[]), true),
            (expression("env", "DoesNotExist", &[]), false),
            (expression("env", "Like", &["dev"]), false),
        ];
        for (selector, expected) in cases {
            assert_eq!(selects(&selector, &object), expected, "{selector}");
        }
    }
}
