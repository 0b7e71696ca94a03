//! Quotas: of which resources, how much, and of which pods.

use serde_json::Value;

use super::FieldErrors;
use crate::fields;
use crate::quantity::Quantity;

/// What is counted in whole numbers.
const COUNTED: [&str; 9] = [
    "configmaps",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "services",
    "services.loadbalancers",
    "services.nodeports",
];

const MEASURED: [&str; 10] = [
    "cpu",
    "ephemeral-storage",
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
    "requests.storage",
];

const SCOPES: [&str; 7] = [
    "BestEffort",
    "CrossNamespacePodAffinity",
    "NotBestEffort",
    "NotTerminating",
    "PriorityClass",
    "Terminating",
    "VolumeAttributesClass",
];

pub(super) fn check(live: Option<&Value>, object: &Value, errors: &mut FieldErrors) {
    for (name, amount) in fields::map(object, "/spec/hard").into_iter().flatten() {
        bound(name, amount, &format!("spec.hard[{name}]"), errors);
    }
    let scopes = fields::list(object, "/spec/scopes");
    let listed = Value::from(scopes);
    let is_known = |scope: &Value| SCOPES.iter().any(|it| scope == it);
    for _ in scopes.iter().filter(|scope| !is_known(scope)) {
        errors.invalid("spec.scopes", &listed, "unsupported scope");
    }
    let were = |live: &Value| {
        let before = fields::list(live, "/spec/scopes");
        before.iter().all(|it| scopes.contains(it)) && scopes.iter().all(|it| before.contains(it))
    };
    if live.is_some_and(|live| !were(live)) {
        errors.invalid("spec.scopes", &listed, "field is immutable");
    }
}

fn bound(name: &str, amount: &Value, path: &str, errors: &mut FieldErrors) {
    let is_page = name
        .trim_start_matches("requests.")
        .starts_with("hugepages-");
    let is_known = COUNTED.contains(&name) || MEASURED.contains(&name) || is_page;
    if !name.contains('/') && !is_known {
        for what in ["type or fully qualified", "for quota"] {
            let detail = format!("must be a standard resource {what}");
            errors.invalid(path, &name.into(), &detail);
        }
    }
    let Some(read) = amount.as_str().and_then(|it| Quantity::parse(it).ok()) else {
        return;
    };
    if read.is_negative() {
        errors.invalid(path, amount, "must be greater than or equal to 0");
    }
    if COUNTED.contains(&name) && read.as_float().fract() != 0.0 {
        errors.invalid(path, amount, "must be an integer");
    }
}
