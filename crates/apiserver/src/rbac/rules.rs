//! Whether one `PolicyRule` allows one action.

use serde_json::Value;

use super::Action;
use crate::fields::list;

/// Returns whether `rule` allows `action`.
pub(super) fn allows(rule: &Value, action: &Action<'_>) -> bool {
    match *action {
        Action::Path { verb, path } => {
            has(rule, "/verbs", verb)
                && texts(rule, "/nonResourceURLs").any(|pattern| path_matches(pattern, path))
        }
        Action::Resource {
            verb,
            group,
            subresource,
            name,
            ..
        } => {
            has(rule, "/verbs", verb)
                && has(rule, "/apiGroups", group)
                && names_resource(rule, &combined(action), subresource)
                && names_object(rule, name)
        }
    }
}

/// Returns whether a rule gives a right, which is a rule with one verb and one resource or path.
pub(super) fn covers(rule: &Value, right: &Value) -> bool {
    let one = |field: &str| {
        let values = right.pointer(&format!("/{field}/0"));
        values.and_then(Value::as_str).unwrap_or_default()
    };
    if !has(rule, "/verbs", one("verbs")) {
        return false;
    }
    let url = one("nonResourceURLs");
    if !url.is_empty() {
        return texts(rule, "/nonResourceURLs").any(|pattern| path_matches(pattern, url));
    }
    let resource = one("resources");
    let subresource = resource.split_once('/').map_or("", |(_, name)| name);
    let mut names = texts(right, "/resourceNames").peekable();
    let named = if names.peek().is_none() {
        texts(rule, "/resourceNames").next().is_none()
    } else {
        names.all(|name| names_object(rule, name))
    };
    named
        && has(rule, "/apiGroups", one("apiGroups"))
        && names_resource(rule, resource, subresource)
}

/// Returns the resource with its subresource, as rules write it: `pods/log`.
pub(super) fn combined(action: &Action<'_>) -> String {
    match *action {
        Action::Path { path, .. } => path.to_owned(),
        Action::Resource {
            resource,
            subresource: "",
            ..
        } => resource.to_owned(),
        Action::Resource {
            resource,
            subresource,
            ..
        } => format!("{resource}/{subresource}"),
    }
}

fn names_resource(rule: &Value, combined: &str, subresource: &str) -> bool {
    texts(rule, "/resources").any(|known| {
        let is_any_of_subresource =
            !subresource.is_empty() && known.strip_prefix("*/") == Some(subresource);
        known == "*" || known == combined || is_any_of_subresource
    })
}

fn names_object(rule: &Value, name: &str) -> bool {
    let mut names = texts(rule, "/resourceNames").peekable();
    names.peek().is_none() || names.any(|known| known == name)
}

fn path_matches(pattern: &str, path: &str) -> bool {
    let prefix = pattern.trim_end_matches('*');
    pattern == path || (prefix.len() < pattern.len() && path.starts_with(prefix))
}

fn has(rule: &Value, pointer: &str, wanted: &str) -> bool {
    texts(rule, pointer).any(|known| known == "*" || known == wanted)
}

fn texts<'a>(rule: &'a Value, pointer: &str) -> impl Iterator<Item = &'a str> {
    list(rule, pointer).iter().filter_map(Value::as_str)
}
