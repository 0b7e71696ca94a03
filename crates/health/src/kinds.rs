//! Kinds that run nothing themselves.

use serde_json::Value;

use crate::field::{condition, text};
use crate::{Health, Status};

/// Does not wait for a load balancer: whether there is one to come, only the cluster knows.
pub(crate) fn service(object: &Value) -> Health {
    let is_balancer = text(object, "/spec/type") == Some("LoadBalancer");
    if is_balancer && text(object, "/spec/clusterIP").is_none() {
        return Health::in_progress("NoIPAssigned", "no cluster IP assigned");
    }
    Health::current("exists")
}

pub(crate) fn volume_claim(object: &Value) -> Health {
    match text(object, "/status/phase") {
        Some("Bound") => Health::current("bound"),
        Some("Lost") => Health::failed("Lost", "its volume is lost"),
        _ => Health::in_progress("NotBound", "not bound to a volume"),
    }
}

pub(crate) fn volume(object: &Value) -> Health {
    match text(object, "/status/phase") {
        Some("Failed") => Health::failed(
            "Failed",
            text(object, "/status/message").unwrap_or("failed"),
        ),
        _ => Health::current("exists"),
    }
}

pub(crate) fn namespace(object: &Value) -> Health {
    match text(object, "/status/phase") {
        Some("Terminating") => Health::new(Status::Terminating, "Terminating", "being deleted"),
        _ => Health::current("active"),
    }
}

pub(crate) fn definition(object: &Value) -> Health {
    if let Some(names) = condition(object, "NamesAccepted").filter(|names| names.is_false()) {
        return Health::failed(names.reason(), names.message());
    }
    match condition(object, "Established") {
        Some(established) if established.is_true() => Health::current("established"),
        Some(established) if established.is_false() && established.reason() != "Installing" => {
            Health::failed(established.reason(), established.message())
        }
        _ => Health::in_progress("Installing", "not yet established"),
    }
}

pub(crate) fn api_service(object: &Value) -> Health {
    match condition(object, "Available") {
        Some(available) if available.is_true() => Health::current("available"),
        Some(available) => Health::in_progress(available.reason(), available.message()),
        None => Health::in_progress("NotAvailable", "not yet available"),
    }
}
