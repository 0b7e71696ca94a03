//! What a container asks for, how it is probed, and what it may do.

use serde_json::Value;

use super::pod::port_number;
use super::{FieldErrors, go_print};
use crate::fields::{flag, list, text};
use crate::quantity::Quantity;

/// What a container can ask for, beside huge pages and what has a domain before its name.
const STANDARD: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

const NOT_NEGATIVE: &str = "must be greater than or equal to 0";

/// The largest number of a user or a group.
const MAX_ID: i64 = 2_147_483_647;

/// Checks requests and limits.
pub(super) fn resources(container: &Value, path: &str, errors: &mut FieldErrors) {
    let amounts = |kind: &str| container.pointer(&format!("/resources/{kind}"));
    let amount = |kind: &str, name: &str| {
        let value = amounts(kind)?.get(name)?;
        Quantity::parse(value.as_str()?).ok()
    };
    for kind in ["limits", "requests"] {
        let given = amounts(kind).and_then(Value::as_object);
        for (name, value) in given.into_iter().flatten() {
            let path = format!("{path}.resources.{kind}[{name}]");
            known_resource(name, &path, errors);
            if amount(kind, name).is_some_and(Quantity::is_negative) {
                errors.invalid(&path, value, NOT_NEGATIVE);
            }
        }
    }
    let requests = amounts("requests").and_then(Value::as_object);
    for (name, value) in requests.into_iter().flatten() {
        if let (Some(request), Some(limit)) = (amount("requests", name), amount("limits", name))
            && request.exceeds(limit)
        {
            let limit = limit.canonical();
            let detail = format!("must be less than or equal to {name} limit of {limit}");
            errors.invalid(&format!("{path}.resources.requests"), value, &detail);
        }
    }
}

fn known_resource(name: &str, path: &str, errors: &mut FieldErrors) {
    if name.contains('/') || STANDARD.contains(&name) || name.starts_with("hugepages-") {
        return;
    }
    for why in [
        "must be a standard resource type or fully qualified",
        "must be a standard resource for containers",
    ] {
        errors.invalid(path, &name.into(), why);
    }
}

/// Checks a probe; only a readiness probe may want to succeed more than once.
pub(super) fn probe(probe: &Value, is_readiness: bool, path: &str, errors: &mut FieldErrors) {
    let handlers = ["exec", "httpGet", "tcpSocket", "grpc"];
    let given = handlers.iter().filter(|kind| probe.get(**kind).is_some());
    let given: Vec<&str> = given.copied().collect();
    if given.is_empty() {
        errors.required(path, "must specify a handler type");
    }
    for (index, kind) in given.iter().enumerate() {
        if index == 0 {
            handler(&probe[*kind], kind, &format!("{path}.{kind}"), errors);
        } else {
            let detail = "may not specify more than 1 handler type";
            errors.forbidden(&format!("{path}.{kind}"), detail);
        }
    }
    let number = |field: &str| probe.get(field).and_then(Value::as_i64);
    for field in [
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
    ] {
        if let Some(number) = number(field).filter(|number| *number < 0) {
            errors.invalid(&format!("{path}.{field}"), &number.into(), NOT_NEGATIVE);
        }
    }
    if let Some(wanted) = number("successThreshold").filter(|wanted| !is_readiness && *wanted != 1)
    {
        let path = format!("{path}.successThreshold");
        errors.invalid(&path, &wanted.into(), "must be 1");
    }
}

fn handler(handler: &Value, kind: &str, path: &str, errors: &mut FieldErrors) {
    if kind == "exec" && list(handler, "/command").is_empty() {
        errors.required(&format!("{path}.command"), "");
    }
    if let Some(port) = handler.get("port").and_then(Value::as_i64) {
        port_number(port, &format!("{path}.port"), errors);
    }
}

/// Checks a container that ends before the others begin.
pub(super) fn initial(container: &Value, path: &str, errors: &mut FieldErrors) {
    if text(container, "/restartPolicy") == "Always" {
        return;
    }
    for field in [
        "lifecycle",
        "livenessProbe",
        "readinessProbe",
        "startupProbe",
    ] {
        if container.get(field).is_some() {
            let why = "may not be set for init containers without restartPolicy=Always";
            errors.forbidden(&format!("{path}.{field}"), why);
        }
    }
}

/// Checks what a container may do.
pub(super) fn security(container: &Value, path: &str, errors: &mut FieldErrors) {
    let path = format!("{path}.securityContext");
    let Some(context) = container.get("securityContext") else {
        return;
    };
    for field in ["runAsUser", "runAsGroup"] {
        let id = context.get(field).and_then(Value::as_i64);
        if let Some(id) = id.filter(|id| !(0..=MAX_ID).contains(id)) {
            let why = format!("must be between 0 and {MAX_ID}, inclusive");
            errors.invalid(&format!("{path}.{field}"), &id.into(), &why);
        }
    }
    if context.get("allowPrivilegeEscalation") != Some(&Value::Bool(false)) {
        return;
    }
    let added = list(context, "/capabilities/add");
    let printed = go_print::line(context, go_print::SECURITY_CONTEXT);
    if flag(context, "/privileged") {
        let why = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
        errors.invalid_printed(&path, &printed, why);
    }
    if added.iter().any(|name| name == "CAP_SYS_ADMIN") {
        let why =
            "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
        errors.invalid_printed(&path, &printed, why);
    }
}
