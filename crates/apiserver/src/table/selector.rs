//! Labels and label selectors as text.

use serde_json::Value;

use super::cells::join;
use crate::fields::{list, map, text};

const NONE: &str = "<none>";

/// Returns the labels at `pointer` as `a=1,b=2`, or `<none>`.
pub(super) fn labels(object: &Value, pointer: &str) -> String {
    let pairs: Vec<String> = map(object, pointer)
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    or_none(sorted(pairs))
}

/// Returns the label selector at `pointer` as `kubectl -l` takes it, or `<none>`.
pub(super) fn selector(object: &Value, pointer: &str) -> String {
    or_none(plain_selector(object, pointer))
}

/// Returns the label selector at `pointer`, empty when it selects everything.
pub(super) fn plain_selector(object: &Value, pointer: &str) -> String {
    let Some(selector) = object.pointer(pointer) else {
        return String::new();
    };
    let mut terms: Vec<(&str, String)> = map(selector, "/matchLabels")
        .into_iter()
        .flatten()
        .map(|(key, value)| {
            (
                key.as_str(),
                format!("{key}={}", value.as_str().unwrap_or_default()),
            )
        })
        .collect();
    terms.extend(list(selector, "/matchExpressions").iter().map(expression));
    terms.sort_by_key(|(key, _)| *key);
    join(terms.iter().map(|(_, term)| term.as_str()))
}

fn expression(expression: &Value) -> (&str, String) {
    let key = text(expression, "/key");
    let mut values: Vec<&str> = list(expression, "/values")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    values.sort_unstable();
    let term = match text(expression, "/operator") {
        "In" => format!("{key} in ({})", values.join(",")),
        "NotIn" => format!("{key} notin ({})", values.join(",")),
        "DoesNotExist" => format!("!{key}"),
        _ => key.to_owned(),
    };
    (key, term)
}

fn sorted(mut texts: Vec<String>) -> String {
    texts.sort_unstable();
    texts.join(",")
}

fn or_none(text: String) -> String {
    if text.is_empty() {
        NONE.to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{labels, selector};

    #[test]
    fn a_selector_is_written_as_kubectl_takes_it() {
        let object = json!({"selector": {
            "matchLabels": {"tier": "web", "app": "shop"},
            "matchExpressions": [
                {"key": "env", "operator": "In", "values": ["prod", "dev"]},
                {"key": "old", "operator": "DoesNotExist"},
                {"key": "zone", "operator": "Exists"},
            ],
        }});
        let text = selector(&object, "/selector");
        assert_eq!(text, "app=shop,env in (dev,prod),!old,tier=web,zone");
    }

    #[test]
    fn no_labels_and_no_selector_are_none() {
        assert_eq!(labels(&json!({}), "/metadata/labels"), "<none>");
        assert_eq!(selector(&json!({"s": {}}), "/s"), "<none>");
    }
}
