//! Services and Ingresses.

use std::collections::HashSet;

use serde_json::Value;

use super::semantic::Unique;
use super::{FieldErrors, metadata, names, pod};
use crate::fields::{list, text};

/// The types of Services that are reached from outside.
const EXTERNAL: [&str; 2] = ["LoadBalancer", "NodePort"];

/// The node ports that a Kubernetes API server hands out by default.
const NODE_PORTS: std::ops::RangeInclusive<i64> = 30_000..=32_767;

pub(super) fn service(live: Option<&Value>, object: &Value, errors: &mut FieldErrors) {
    let kind = text(object, "/spec/type");
    let types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    if !types.contains(&kind) {
        errors.unsupported("spec.type", &kind.into(), &types);
    }
    let address = text(object, "/spec/clusterIP");
    if kind == "ExternalName" {
        if text(object, "/spec/externalName").is_empty() {
            errors.required("spec.externalName", "");
        }
    } else if list(object, "/spec/ports").is_empty() && address != "None" {
        errors.required("spec.ports", "");
    }
    metadata::labels(object.pointer("/spec/selector"), "spec.selector", errors);
    ports(object, kind, errors);
    affinity(object, errors);
    let policy = text(object, "/spec/externalTrafficPolicy");
    if !policy.is_empty() && !EXTERNAL.contains(&kind) {
        let why = "may only be set for externally-accessible services";
        errors.invalid("spec.externalTrafficPolicy", &policy.into(), why);
    }
    if let Some(live) = live {
        address_is_kept(live, object, errors);
    }
}

fn affinity(object: &Value, errors: &mut FieldErrors) {
    let affinity = text(object, "/spec/sessionAffinity");
    let affinities = ["ClientIP", "None"];
    if !affinities.contains(&affinity) {
        errors.unsupported("spec.sessionAffinity", &affinity.into(), &affinities);
    }
}

fn address_is_kept(live: &Value, object: &Value, errors: &mut FieldErrors) {
    let (old, new) = (
        text(live, "/spec/clusterIP"),
        text(object, "/spec/clusterIP"),
    );
    let is_external = |object| text(object, "/spec/type") == "ExternalName";
    if !old.is_empty() && old != new && !is_external(live) && !is_external(object) {
        let value = Value::Array(list(object, "/spec/clusterIPs").to_vec());
        errors.invalid("spec.clusterIPs[0]", &value, "may not change once set");
    }
}

fn ports(object: &Value, kind: &str, errors: &mut FieldErrors) {
    let ports = list(object, "/spec/ports");
    let mut seen = Unique::new();
    let mut numbers = HashSet::new();
    for (index, port) in ports.iter().enumerate() {
        let path = format!("spec.ports[{index}]");
        let name = text(port, "/name");
        if name.is_empty() && ports.len() > 1 {
            errors.required(&format!("{path}.name"), "");
        } else if !name.is_empty() {
            for why in names::label(name) {
                errors.invalid(&format!("{path}.name"), &name.into(), &why);
            }
            seen.check(name, &format!("{path}.name"), errors);
        }
        let number = port.get("port").and_then(Value::as_i64).unwrap_or(0);
        pod::port_number(number, &format!("{path}.port"), errors);
        target(port, &path, errors);
        node_port(port, kind, &path, errors);
        let protocol = text(port, "/protocol");
        if !["TCP", "UDP", "SCTP"].contains(&protocol) {
            let path = format!("{path}.protocol");
            errors.unsupported(&path, &protocol.into(), &["SCTP", "TCP", "UDP"]);
        }
        if !numbers.insert((protocol, number)) {
            errors.duplicate_printed(
                &path,
                &format!(
                    "{{\"Name\":\"\",\"Protocol\":\"{protocol}\",\"AppProtocol\":null,\"Port\":{number},\
                     \"TargetPort\":0,\"NodePort\":0}}"
                ),
            );
        }
    }
}

fn node_port(port: &Value, kind: &str, path: &str, errors: &mut FieldErrors) {
    let number = port.get("nodePort").and_then(Value::as_i64).unwrap_or(0);
    let path = format!("{path}.nodePort");
    if number == 0 {
        return;
    }
    if !EXTERNAL.contains(&kind) {
        errors.forbidden(&path, &format!("may not be used when `type` is '{kind}'"));
    } else if !NODE_PORTS.contains(&number) {
        let (first, last) = (NODE_PORTS.start(), NODE_PORTS.end());
        let why = format!(
            "provided port is not in the valid range. The range of valid ports is {first}-{last}"
        );
        errors.invalid(&path, &number.into(), &why);
    }
}

fn target(port: &Value, path: &str, errors: &mut FieldErrors) {
    let path = format!("{path}.targetPort");
    match port.get("targetPort") {
        Some(Value::String(name)) => {
            for why in names::port_name(name) {
                errors.invalid(&path, &name.as_str().into(), &why);
            }
        }
        Some(value) => {
            let number = value.as_i64().unwrap_or_default();
            pod::port_number(number, &path, errors);
        }
        None => {}
    }
}

pub(super) fn ingress(object: &Value, errors: &mut FieldErrors) {
    let default = object.pointer("/spec/defaultBackend");
    let rules = list(object, "/spec/rules");
    if rules.is_empty() && default.is_none() {
        let detail = "either `defaultBackend` or `rules` must be specified";
        errors.invalid("spec", &Value::Null, detail);
    }
    if let Some(class) = object
        .pointer("/spec/ingressClassName")
        .and_then(Value::as_str)
    {
        for why in names::subdomain(class) {
            errors.invalid("spec.ingressClassName", &class.into(), &why);
        }
    }
    for (index, tls) in list(object, "/spec/tls").iter().enumerate() {
        for (number, name) in list(tls, "/hosts")
            .iter()
            .filter_map(Value::as_str)
            .enumerate()
        {
            host(name, &format!("spec.tls[{index}].hosts[{number}]"), errors);
        }
    }
    if let Some(default) = default {
        backend(default, "spec.defaultBackend", errors);
    }
    for (index, rule) in rules.iter().enumerate() {
        let path = format!("spec.rules[{index}]");
        host(text(rule, "/host"), &format!("{path}.host"), errors);
        let Some(http) = rule.get("http") else {
            continue;
        };
        let paths = list(http, "/paths");
        if paths.is_empty() {
            errors.required(&format!("{path}.http.paths"), "");
        }
        for (index, entry) in paths.iter().enumerate() {
            ingress_path(entry, &format!("{path}.http.paths[{index}]"), errors);
        }
    }
}

fn host(host: &str, path: &str, errors: &mut FieldErrors) {
    if host.is_empty() {
        return;
    }
    let whys = match host.strip_prefix('*') {
        Some(rest) => names::wildcard(rest),
        None => names::subdomain(host),
    };
    for why in whys {
        errors.invalid(path, &host.into(), &why);
    }
}

fn ingress_path(entry: &Value, path: &str, errors: &mut FieldErrors) {
    let kind = entry.get("pathType").and_then(Value::as_str);
    let value = text(entry, "/path");
    match kind {
        None => {
            errors.required(&format!("{path}.pathType"), "pathType must be specified");
            return;
        }
        Some("Exact" | "Prefix") => {
            if !value.starts_with('/') {
                let detail = "must be an absolute path";
                errors.invalid(&format!("{path}.path"), &value.into(), detail);
            }
            for bad in ["//", "/./", "/../", "%2f", "%2F"] {
                if value.contains(bad) {
                    let detail = format!("must not contain '{bad}'");
                    errors.invalid(&format!("{path}.path"), &value.into(), &detail);
                }
            }
        }
        Some("ImplementationSpecific") => {
            if !value.is_empty() && !value.starts_with('/') {
                let detail = "must be an absolute path";
                errors.invalid(&format!("{path}.path"), &value.into(), detail);
            }
        }
        Some(other) => errors.unsupported(
            &format!("{path}.pathType"),
            &other.into(),
            &["Exact", "ImplementationSpecific", "Prefix"],
        ),
    }
    match entry.get("backend") {
        Some(found) => backend(found, &format!("{path}.backend"), errors),
        None => errors.required(&format!("{path}.backend"), ""),
    }
}

fn backend(backend: &Value, path: &str, errors: &mut FieldErrors) {
    match (backend.get("service"), backend.get("resource")) {
        (None, None) => {
            errors.invalid(path, &"".into(), "resource or service backend is required");
        }
        (Some(_), Some(_)) => {
            let detail = "cannot set both resource and service backends";
            errors.invalid(path, &"".into(), detail);
        }
        (None, Some(_)) => {}
        (Some(service), None) => {
            let name = text(service, "/name");
            if name.is_empty() {
                errors.required(&format!("{path}.service.name"), "");
            } else {
                for why in names::label(name) {
                    errors.invalid(&format!("{path}.service.name"), &name.into(), &why);
                }
            }
            let number = service.pointer("/port/number").and_then(Value::as_i64);
            let name = text(service, "/port/name");
            match (number, name) {
                (None, "") => {
                    let detail = "port name or number is required";
                    errors.required(path, detail);
                }
                (Some(_), name) if !name.is_empty() => {
                    errors.invalid(path, &"".into(), "cannot set both port name & port number");
                }
                (Some(number), _) => {
                    pod::port_number(number, &format!("{path}.service.port.number"), errors);
                }
                _ => {}
            }
        }
    }
}
