//! Services, policies and endpoints.

use serde_json::{Map, Value, json};

use super::{child, each, given, is_missing, set, set_unless_given, text};

type Object = Map<String, Value>;

pub(super) fn service(service: &mut Object) {
    let Some(spec) = child(service, "spec") else {
        return;
    };
    set(spec, "sessionAffinity", "None");
    match text(spec, "sessionAffinity") {
        "ClientIP" => {
            let config = child(spec, "sessionAffinityConfig");
            let client = config.and_then(|config| child(config, "clientIP"));
            if let Some(client) = client {
                set_unless_given(client, "timeoutSeconds", 10_800);
            }
        }
        "None" => {
            spec.remove("sessionAffinityConfig");
        }
        _ => {}
    }
    set(spec, "type", "ClusterIP");
    for port in each(spec, "ports") {
        service_port(port);
    }
    let kind = text(spec, "type").to_owned();
    if kind == "NodePort" || kind == "LoadBalancer" {
        set(spec, "externalTrafficPolicy", "Cluster");
    }
    if kind != "ExternalName" {
        set_unless_given(spec, "internalTrafficPolicy", "Cluster");
    }
    if kind == "LoadBalancer" {
        set_unless_given(spec, "allocateLoadBalancerNodePorts", true);
    }
}

fn service_port(port: &mut Object) {
    set(port, "protocol", "TCP");
    if let Some(number) = port.get("port").cloned() {
        set(port, "targetPort", number);
    }
}

pub(super) fn endpoints(endpoints: &mut Object) {
    for subset in each(endpoints, "subsets") {
        for port in each(subset, "ports") {
            set(port, "protocol", "TCP");
        }
    }
}

pub(super) fn endpoint_slice(slice: &mut Object) {
    for port in each(slice, "ports") {
        set_unless_given(port, "name", "");
        set_unless_given(port, "protocol", "TCP");
    }
}

pub(super) fn network_policy(policy: &mut Object) {
    let Some(spec) = child(policy, "spec") else {
        return;
    };
    for list in ["ingress", "egress"] {
        for rule in each(spec, list) {
            for port in each(rule, "ports") {
                set_unless_given(port, "protocol", "TCP");
            }
        }
    }
    let types = if is_missing(spec, "egress") {
        json!(["Ingress"])
    } else {
        json!(["Ingress", "Egress"])
    };
    set(spec, "policyTypes", types);
}

pub(super) fn ingress_class(class: &mut Object) {
    let parameters = given(class, "spec").and_then(|spec| given(spec, "parameters"));
    if let Some(parameters) = parameters {
        set_unless_given(parameters, "scope", "Cluster");
    }
}
