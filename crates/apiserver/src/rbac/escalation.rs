//! Nobody gives more than he has: a role, or a binding to one, is written by who holds its rights already, or has the
//! verbs `escalate` or `bind`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Action, GROUP, Policy, User, rules};
use crate::fields::{list, text};
use crate::resource::ResourceType;
use crate::status::Status;
use crate::store::Store;

/// Returns whether objects of the type give rights.
pub(crate) fn gives_rights(resource: &ResourceType) -> bool {
    resource.group == GROUP
}

/// Refuses an object that gives what its writer does not have.
pub(crate) fn check_grant(
    store: &Store,
    user: &User,
    resource: &ResourceType,
    object: &Value,
) -> Result<(), Status> {
    if user.is_master() {
        return Ok(());
    }
    let namespace = text(object, "/metadata/namespace");
    let name = text(object, "/metadata/name");
    let policy = Policy::load(store, namespace);
    let (verb, plural, role) = match text(object, "/roleRef/kind") {
        "" => ("escalate", resource.plural.as_str(), name),
        "Role" => ("bind", "roles", text(object, "/roleRef/name")),
        _ => ("bind", "clusterroles", text(object, "/roleRef/name")),
    };
    let action = Action::Resource {
        verb,
        group: GROUP,
        resource: plural,
        subresource: "",
        namespace,
        name: role,
    };
    if policy.decide(user, &action).allowed {
        return Ok(());
    }
    let given = if verb == "escalate" {
        list(object, "/rules")
    } else {
        policy.referenced_rules(object).unwrap_or_default()
    };
    let missing = missing(&policy.rules(user), given);
    if missing.is_empty() {
        return Ok(());
    }
    let why = format!(
        "user {:?} (groups={}) is attempting to grant RBAC permissions not currently held:\n{}",
        user.name,
        texts(&user.groups),
        missing.join("\n")
    );
    Err(Status::forbidden(resource, name, why))
}

/// Returns the rights that are given and not held, a line for each resource.
fn missing(held: &[&Value], given: &[Value]) -> Vec<String> {
    let mut verbs: BTreeMap<(String, String, Vec<String>), Vec<String>> = BTreeMap::new();
    for right in given.iter().flat_map(single_rights) {
        if !held.iter().any(|rule| rules::covers(rule, &right)) {
            let one = |field: &str| text(&right, &format!("/{field}/0")).to_owned();
            let names = strings(&right, "/resourceNames");
            let place = match one("nonResourceURLs") {
                url if url.is_empty() => (one("apiGroups"), one("resources"), names),
                url => (String::new(), url, vec!["url".to_owned()]),
            };
            verbs.entry(place).or_default().push(one("verbs"));
        }
    }
    let mut lines: Vec<String> = verbs
        .iter()
        .map(|(place, verbs)| line(place, verbs))
        .collect();
    lines.sort();
    lines
}

fn line((group, resource, names): &(String, String, Vec<String>), verbs: &[String]) -> String {
    let verbs = texts(verbs);
    if names.first().is_some_and(|name| name == "url") {
        return format!("{{NonResourceURLs:[{resource:?}], Verbs:{verbs}}}");
    }
    let names = match names.as_slice() {
        [] => String::new(),
        names => format!(", ResourceNames:{}", texts(names)),
    };
    format!("{{APIGroups:[{group:?}], Resources:[{resource:?}]{names}, Verbs:{verbs}}}")
}

/// Returns texts as Go prints a list of them.
fn texts(list: &[String]) -> String {
    let quoted: Vec<String> = list.iter().map(|text| format!("{text:?}")).collect();
    format!("[{}]", quoted.join(" "))
}

fn strings(rule: &Value, at: &str) -> Vec<String> {
    let items = list(rule, at).iter().filter_map(Value::as_str);
    items.map(str::to_owned).collect()
}

/// Returns the rule as rules of one verb on one resource, or on one path.
fn single_rights(rule: &Value) -> Vec<Value> {
    let mut rights = Vec::new();
    let names = list(rule, "/resourceNames");
    for group in list(rule, "/apiGroups") {
        for resource in list(rule, "/resources") {
            for verb in list(rule, "/verbs") {
                rights.push(json!({
                    "apiGroups": [group], "resources": [resource], "verbs": [verb],
                    "resourceNames": names,
                }));
            }
        }
    }
    for url in list(rule, "/nonResourceURLs") {
        for verb in list(rule, "/verbs") {
            rights.push(json!({"nonResourceURLs": [url], "verbs": [verb]}));
        }
    }
    rights
}
