//! The reviews: objects that are questions, answered and not stored.

use serde_json::{Value, json};

use super::{Action, Policy, User};
use crate::fields::{is_set, list, optional_text, text};
use crate::resource::ResourceType;
use crate::status::{Cause, Status};
use crate::store::Store;

const AUTHORIZATION: &str = "authorization.k8s.io";

/// Returns whether the type is that of a review about access or identity.
pub(crate) fn is_review(resource: &ResourceType) -> bool {
    matches!(
        (resource.group.as_str(), resource.kind.as_str()),
        (
            AUTHORIZATION,
            "SelfSubjectAccessReview"
                | "SubjectAccessReview"
                | "LocalSubjectAccessReview"
                | "SelfSubjectRulesReview"
        ) | ("authentication.k8s.io", "SelfSubjectReview")
    )
}

/// Returns the review that `user` has sent, with its `status`.
pub(crate) fn answer(
    store: &Store,
    user: &User,
    resource: &ResourceType,
    namespace: &str,
    mut review: Value,
) -> Result<Value, Status> {
    let status = match resource.kind.as_str() {
        "SelfSubjectReview" => json!({ "userInfo": user_info(user) }),
        "SelfSubjectRulesReview" => rules(store, user, &mut review)?,
        "SelfSubjectAccessReview" => access(store, user, resource, &review)?,
        kind => {
            if kind == "LocalSubjectAccessReview" {
                check_namespace(resource, namespace, &review)?;
            }
            access(store, &subject(resource, &review)?, resource, &review)?
        }
    };
    review["status"] = status;
    Ok(review)
}

fn user_info(user: &User) -> Value {
    let mut info = json!({"username": user.name, "groups": user.groups});
    if !user.uid.is_empty() {
        info["uid"] = user.uid.clone().into();
    }
    info
}

fn rules(store: &Store, user: &User, review: &mut Value) -> Result<Value, Status> {
    let namespace = text(review, "/spec/namespace").to_owned();
    if namespace.is_empty() {
        return Err(Status::bad_request("no namespace on request"));
    }
    review["spec"] = json!({});
    let policy = Policy::load(store, &namespace);
    let rules = policy.rules(user);
    let with = |key: &str, keys: &[&str]| -> Vec<Value> {
        let rules = rules.iter().filter(|rule| is_set(rule, &format!("/{key}")));
        rules.map(|rule| part(rule, keys)).collect()
    };
    Ok(json!({
        "resourceRules": with("resources", &["verbs", "apiGroups", "resources", "resourceNames"]),
        "nonResourceRules": with("nonResourceURLs", &["verbs", "nonResourceURLs"]),
        "incomplete": false,
    }))
}

fn part(rule: &Value, keys: &[&str]) -> Value {
    let fields = keys.iter().filter_map(|key| {
        let value = rule.get(*key).filter(|value| !value.is_null())?;
        Some(((*key).to_owned(), value.clone()))
    });
    Value::Object(fields.collect())
}

fn access(
    store: &Store,
    user: &User,
    resource: &ResourceType,
    review: &Value,
) -> Result<Value, Status> {
    let action = action(resource, review)?;
    let namespace = text(review, "/spec/resourceAttributes/namespace");
    let decision = super::decide(store, namespace, user, &action);
    let mut status = json!({ "allowed": decision.allowed });
    if !decision.reason.is_empty() {
        status["reason"] = decision.reason.into();
    }
    Ok(status)
}

fn action<'a>(resource: &ResourceType, review: &'a Value) -> Result<Action<'a>, Status> {
    let attributes = |field: &str| text(review, &format!("/spec/resourceAttributes/{field}"));
    let of_objects = is_set(review, "/spec/resourceAttributes");
    match (of_objects, is_set(review, "/spec/nonResourceAttributes")) {
        (true, false) => Ok(Action::Resource {
            verb: attributes("verb"),
            group: attributes("group"),
            resource: attributes("resource"),
            subresource: attributes("subresource"),
            namespace: attributes("namespace"),
            name: attributes("name"),
        }),
        (false, true) => Ok(Action::Path {
            verb: text(review, "/spec/nonResourceAttributes/verb"),
            path: text(review, "/spec/nonResourceAttributes/path"),
        }),
        (true, true) => Err(invalid(
            resource,
            "spec.nonResourceAttributes",
            "Invalid value: cannot be specified in combination with resourceAttributes",
        )),
        (false, false) => Err(unnamed(invalid(
            resource,
            "spec",
            "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be \
             specified",
        ))),
    }
}

fn subject(resource: &ResourceType, review: &Value) -> Result<User, Status> {
    let groups = list(review, "/spec/groups");
    let user = User {
        name: text(review, "/spec/user").to_owned(),
        uid: text(review, "/spec/uid").to_owned(),
        groups: groups
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
    };
    if user.name.is_empty() && user.groups.is_empty() {
        let why = "Invalid value: \"\": at least one of user or group must be specified";
        return Err(invalid(resource, "spec.user", why));
    }
    Ok(user)
}

fn check_namespace(resource: &ResourceType, namespace: &str, review: &Value) -> Result<(), Status> {
    match optional_text(review, "/spec/resourceAttributes/namespace") {
        Some(asked) if asked == namespace => Ok(()),
        asked => {
            let asked = asked.unwrap_or_default();
            let why = format!("Invalid value: \"{asked}\": must match metadata.namespace");
            Err(invalid(resource, "spec.resourceAttributes.namespace", &why))
        }
    }
}

/// The real server does not know the kind of a review any more when it says this.
fn unnamed(mut status: Status) -> Status {
    if let Some(at) = status.message.find('.') {
        status.message.drain(..at);
    }
    if let Some(details) = &mut status.details {
        details.kind.clear();
    }
    status
}

fn invalid(resource: &ResourceType, field: &str, why: &str) -> Status {
    Status::invalid(
        resource,
        "",
        vec![Cause::new("FieldValueInvalid", field, why)],
    )
}
