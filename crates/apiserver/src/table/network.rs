//! The rows of what connects pods: Services, their endpoints, Ingresses, policies.

use serde_json::Value;

use super::cells::{Scene, join, join_some, load_balancer, name, text_or};
use super::column::{AGE, Column, NAME, text as column};
use super::selector::{labels, selector};
use crate::fields::{annotation, integer, is_set, list, optional_integer, optional_text, text};

/// How many addresses, ports or hosts one cell shows.
const SHOWN: usize = 3;

pub(super) const SERVICE: &[Column] = &[
    NAME,
    column("Type"),
    column("Cluster-IP"),
    column("External-IP"),
    column("Port(s)"),
    AGE,
    column("Selector").wide(),
];

pub(super) fn service(object: &Value, scene: &Scene) -> Vec<Value> {
    let address = list(object, "/spec/clusterIPs").first();
    vec![
        name(object),
        text(object, "/spec/type").into(),
        address.and_then(Value::as_str).unwrap_or("<none>").into(),
        external_address(object).into(),
        service_ports(object).into(),
        scene.age(object),
        labels(object, "/spec/selector").into(),
    ]
}

fn external_address(service: &Value) -> String {
    let external = list(service, "/spec/externalIPs").iter();
    let external = external.filter_map(Value::as_str);
    let balancer = load_balancer(service);
    let balancers = Some(balancer.as_str()).filter(|addresses| !addresses.is_empty());
    let (addresses, absent) = match text(service, "/spec/type") {
        "ExternalName" => return text(service, "/spec/externalName").to_owned(),
        "ClusterIP" | "NodePort" => (join(external), "<none>"),
        "LoadBalancer" => (join(balancers.into_iter().chain(external)), "<pending>"),
        _ => return "<unknown>".to_owned(),
    };
    if addresses.is_empty() {
        absent.to_owned()
    } else {
        addresses
    }
}

fn service_ports(service: &Value) -> String {
    let ports: Vec<String> = list(service, "/spec/ports")
        .iter()
        .map(|port| {
            let (number, protocol) = (integer(port, "/port"), text(port, "/protocol"));
            match integer(port, "/nodePort") {
                0 => format!("{number}/{protocol}"),
                node_port => format!("{number}:{node_port}/{protocol}"),
            }
        })
        .collect();
    match ports.as_slice() {
        [] => "<none>".to_owned(),
        ports => ports.join(","),
    }
}

pub(super) const ENDPOINTS: &[Column] = &[NAME, column("Endpoints"), AGE];

pub(super) fn endpoints(object: &Value, scene: &Scene) -> Vec<Value> {
    let addresses: Vec<String> = list(object, "/subsets")
        .iter()
        .flat_map(subset_addresses)
        .collect();
    let cell = match addresses.as_slice() {
        [] if list(object, "/subsets").is_empty() => "<none>".to_owned(),
        addresses => join_some(addresses, SHOWN, ","),
    };
    vec![name(object), cell.into(), scene.age(object)]
}

fn subset_addresses(subset: &Value) -> Vec<String> {
    let ips = || list(subset, "/addresses").iter().map(|it| text(it, "/ip"));
    match list(subset, "/ports") {
        [] => ips().map(str::to_owned).collect(),
        ports => ports
            .iter()
            .flat_map(|port| ips().map(move |ip| host_port(ip, integer(port, "/port"))))
            .collect(),
    }
}

fn host_port(ip: &str, port: i64) -> String {
    if ip.contains(':') {
        format!("[{ip}]:{port}")
    } else {
        format!("{ip}:{port}")
    }
}

pub(super) const ENDPOINT_SLICE: &[Column] = &[
    NAME,
    column("AddressType"),
    column("Ports"),
    column("Endpoints"),
    AGE,
];

pub(super) fn endpoint_slice(object: &Value, scene: &Scene) -> Vec<Value> {
    let ports: Vec<String> = list(object, "/ports")
        .iter()
        .map(|port| match optional_integer(port, "/port") {
            Some(number) => number.to_string(),
            None => optional_text(port, "/name").unwrap_or("*").to_owned(),
        })
        .collect();
    let addresses: Vec<String> = list(object, "/endpoints")
        .iter()
        .flat_map(|endpoint| list(endpoint, "/addresses"))
        .map(|address| address.as_str().unwrap_or_default().to_owned())
        .collect();
    vec![
        name(object),
        text(object, "/addressType").into(),
        some_or_unset(&ports).into(),
        some_or_unset(&addresses).into(),
        scene.age(object),
    ]
}

fn some_or_unset(texts: &[String]) -> String {
    match join_some(texts, SHOWN, ",") {
        joined if joined.is_empty() => "<unset>".to_owned(),
        joined => joined,
    }
}

pub(super) const INGRESS: &[Column] = &[
    NAME,
    column("Class"),
    column("Hosts"),
    column("Address"),
    column("Ports"),
    AGE,
];

pub(super) fn ingress(object: &Value, scene: &Scene) -> Vec<Value> {
    let ports = match list(object, "/spec/tls") {
        [] => "80",
        _ => "80, 443",
    };
    vec![
        name(object),
        text_or(object, "/spec/ingressClassName", "<none>").into(),
        hosts(list(object, "/spec/rules")).into(),
        load_balancer(object).into(),
        ports.into(),
        scene.age(object),
    ]
}

/// Rules without a host are not shown, but counted among those left out, as kube-apiserver does.
fn hosts(rules: &[Value]) -> String {
    let named = rules.iter().map(|rule| text(rule, "/host"));
    let shown: Vec<&str> = named.filter(|host| !host.is_empty()).take(SHOWN).collect();
    let joined = match shown.as_slice() {
        [] => return "*".to_owned(),
        hosts => hosts.join(","),
    };
    match rules.len().saturating_sub(SHOWN) {
        more if more > 0 && shown.len() == SHOWN => format!("{joined} + {more} more..."),
        _ => joined,
    }
}

pub(super) const INGRESS_CLASS: &[Column] =
    &[NAME, column("Controller"), column("Parameters"), AGE];

pub(super) fn ingress_class(object: &Value, scene: &Scene) -> Vec<Value> {
    let mut shown = crate::fields::name(object).to_owned();
    if annotation(object, "ingressclass.kubernetes.io/is-default-class") == Some("true") {
        shown.push_str(" (default)");
    }
    vec![
        shown.into(),
        text(object, "/spec/controller").into(),
        parameters(object).into(),
        scene.age(object),
    ]
}

fn parameters(class: &Value) -> String {
    if !is_set(class, "/spec/parameters") {
        return "<none>".to_owned();
    }
    let kind = text(class, "/spec/parameters/kind");
    let name = text(class, "/spec/parameters/name");
    match optional_text(class, "/spec/parameters/apiGroup") {
        Some(group) => format!("{kind}.{group}/{name}"),
        None => format!("{kind}/{name}"),
    }
}

pub(super) const NETWORK_POLICY: &[Column] = &[NAME, column("Pod-Selector"), AGE];

pub(super) fn network_policy(object: &Value, scene: &Scene) -> Vec<Value> {
    let pods = selector(object, "/spec/podSelector");
    vec![name(object), pods.into(), scene.age(object)]
}

pub(super) const SERVICE_CIDR: &[Column] = &[NAME, column("CIDRs"), AGE];

pub(super) fn service_cidr(object: &Value, scene: &Scene) -> Vec<Value> {
    let cidrs = join(list(object, "/spec/cidrs").iter().filter_map(Value::as_str));
    vec![name(object), cidrs.into(), scene.age(object)]
}
