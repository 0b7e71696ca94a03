//! Services: their Endpoints and EndpointSlice, and the address of a load balancer.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::pod::NODE;
use super::step::{Step, Write, map_at, owner_reference, with};
use super::template;
use super::world::{Id, Kind, World};
use crate::fields::{self, flag, integer, list, map, text};
use crate::label_selector::has_labels;

const SLICE_LABEL: &str = "kubernetes.io/service-name";
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const SLICE_CONTROLLER: &str = "endpointslice-controller.k8s.io";

/// A pod behind a Service, with the numbers that the ports of the Service have in it.
struct Backend<'a> {
    pod: &'a Arc<Value>,
    address: &'a str,
    is_ready: bool,
    ports: Vec<Value>,
}

/// The backends that have the same ports.
#[derive(Default)]
struct Subset {
    ready: Vec<Value>,
    unready: Vec<Value>,
    ports: Vec<Value>,
}

/// Decides what belongs to a Service.
pub(super) fn step(world: &World, service: &Value) -> Step {
    let mut step = Step::default();
    if fields::is_terminating(service) {
        return step;
    }
    if text(service, "/spec/type") == "LoadBalancer" {
        let status = json!({"loadBalancer": {"ingress": [{"ip": "127.0.0.1", "ipMode": "VIP"}]}});
        let known = service.get("status").cloned().unwrap_or_else(|| json!({}));
        step.set_status(Kind::Service, service, with(known, status));
    }
    let has_selector = fields::map_len(service, "/spec/selector") > 0;
    if has_selector && text(service, "/spec/type") != "ExternalName" {
        let backends = backends(world, service);
        put(
            world,
            Kind::Endpoints,
            endpoints(service, &backends),
            &mut step,
        );
        put_slice(world, service, &backends, &mut step);
    }
    step
}

/// Removes the Endpoints of a Service that is gone. Its EndpointSlice goes with its owner.
pub(super) fn removed(world: &World, id: &Id) -> Step {
    let mut step = Step::default();
    if let Some(endpoints) = world.get(Kind::Endpoints, &id.namespace, &id.name)
        && fields::map(endpoints, "/metadata/labels")
            .is_some_and(|labels| labels.contains_key("endpoints.kubernetes.io/managed-by"))
    {
        step.write(Write::Delete(Id::of(Kind::Endpoints, endpoints)));
    }
    step
}

/// Returns the Services that send to a pod.
pub(super) fn of_pod<'a>(
    world: &'a World,
    pod: &'a Value,
) -> impl Iterator<Item = &'a Arc<Value>> + use<'a> {
    let labels = map(pod, "/metadata/labels").into_iter().flatten();
    let namespace = fields::namespace(pod);
    labels
        .flat_map(move |(key, value)| {
            let value = value.as_str().unwrap_or_default();
            world.labelled(Kind::Service, namespace, key, value)
        })
        .filter(|service| selects(service, pod))
}

/// Returns whether a Service sends to a pod.
fn selects(service: &Value, pod: &Value) -> bool {
    let selector = map(service, "/spec/selector");
    selector.is_some_and(|it| !it.is_empty()) && has_labels(selector, map(pod, "/metadata/labels"))
}

fn first_label(labels: Option<&Map<String, Value>>) -> Option<(&str, &str)> {
    let (key, value) = labels?.iter().next()?;
    Some((key, value.as_str().unwrap_or_default()))
}

fn backends<'a>(world: &'a World, service: &'a Value) -> Vec<Backend<'a>> {
    let publishes_all = flag(service, "/spec/publishNotReadyAddresses");
    let Some((key, value)) = first_label(map(service, "/spec/selector")) else {
        return Vec::new();
    };
    world
        .labelled(Kind::Pod, fields::namespace(service), key, value)
        .filter(|pod| selects(service, pod) && template::is_active(pod))
        .filter_map(|pod| {
            let address = fields::optional_text(pod, "/status/podIP")?;
            Some(Backend {
                pod,
                address,
                is_ready: publishes_all || template::is_ready(pod),
                ports: ports(service, pod)?,
            })
        })
        .collect()
}

/// Returns the ports of a Service in a pod; `None` when the pod has no port of a name that is meant.
fn ports(service: &Value, pod: &Value) -> Option<Vec<Value>> {
    let ports = list(service, "/spec/ports").iter();
    ports
        .map(|port| {
            let number = match port.get("targetPort") {
                Some(Value::String(name)) => named_port(pod, name)?,
                Some(Value::Number(number)) => number.as_i64().filter(|it| *it != 0)?,
                _ => integer(port, "/port"),
            };
            Some(with(
                json!({"port": number, "protocol": port.get("protocol")}),
                json!({"name": port.get("name"), "appProtocol": port.get("appProtocol")}),
            ))
        })
        .collect()
}

fn named_port(pod: &Value, name: &str) -> Option<i64> {
    let containers = list(pod, "/spec/containers").iter();
    let mut ports = containers.flat_map(|it| list(it, "/ports"));
    let port = ports.find(|port| text(port, "/name") == name)?;
    Some(integer(port, "/containerPort"))
}

fn target(backend: &Backend<'_>) -> Value {
    json!({
        "kind": "Pod",
        "name": fields::name(backend.pod),
        "namespace": fields::namespace(backend.pod),
        "uid": fields::uid(backend.pod),
    })
}

fn endpoints(service: &Value, backends: &[Backend<'_>]) -> Value {
    let mut subsets: BTreeMap<String, Subset> = BTreeMap::new();
    for backend in backends {
        let ports = Value::from(backend.ports.clone());
        let subset = subsets.entry(ports.to_string()).or_default();
        let target = target(backend);
        let address = json!({"ip": backend.address, "nodeName": NODE, "targetRef": target});
        if backend.is_ready {
            subset.ready.push(address);
        } else {
            subset.unready.push(address);
        }
        subset.ports.clone_from(&backend.ports);
    }
    let some = |items: Vec<Value>| (!items.is_empty()).then_some(items);
    let subsets: Vec<Value> = subsets
        .into_values()
        .map(|subset| {
            let fields = json!({
                "addresses": some(subset.ready),
                "notReadyAddresses": some(subset.unready),
                "ports": some(subset.ports),
            });
            with(json!({}), fields)
        })
        .collect();
    let mut labels = map_at(service, "/metadata/labels");
    labels.insert(
        "endpoints.kubernetes.io/managed-by".to_owned(),
        "endpoint-controller".into(),
    );
    let endpoints = json!({
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {
            "name": fields::name(service),
            "namespace": fields::namespace(service),
            "labels": labels,
        },
    });
    with(endpoints, json!({"subsets": some(subsets)}))
}

/// Creates an object, or updates what differs of the one that is there.
fn put(world: &World, kind: Kind, wanted: Value, step: &mut Step) {
    let found = world.get(kind, fields::namespace(&wanted), fields::name(&wanted));
    let Some(found) = found else {
        step.write(Write::Create(kind, wanted));
        return;
    };
    let mut next = Value::clone(found);
    next["metadata"]["labels"] = wanted["metadata"]["labels"].clone();
    for field in ["subsets", "endpoints", "ports"] {
        next = with(next, json!({ field: wanted.get(field) }));
    }
    if next != **found {
        step.write(Write::Update(kind, next));
    }
}

fn put_slice(world: &World, service: &Value, backends: &[Backend<'_>], step: &mut Step) {
    let mut wanted = slice(service, backends);
    if let Some(found) = world.owned(service, Kind::EndpointSlice).next() {
        wanted["metadata"]["name"] = fields::name(found).into();
    }
    put(world, Kind::EndpointSlice, wanted, step);
}

fn slice(service: &Value, backends: &[Backend<'_>]) -> Value {
    let mut labels = map_at(service, "/metadata/labels");
    labels.insert(SLICE_LABEL.to_owned(), fields::name(service).into());
    labels.insert(MANAGED_BY.to_owned(), SLICE_CONTROLLER.into());
    if text(service, "/spec/clusterIP") == "None" {
        labels.insert("service.kubernetes.io/headless".to_owned(), "".into());
    }
    let endpoints: Vec<Value> = backends
        .iter()
        .map(|backend| {
            json!({
                "addresses": [backend.address],
                "conditions": {
                    "ready": backend.is_ready, "serving": backend.is_ready, "terminating": false,
                },
                "nodeName": NODE,
                "targetRef": target(backend),
            })
        })
        .collect();
    let ports = backends
        .first()
        .map_or_else(Vec::new, |it| it.ports.clone());
    let ports: Vec<Value> = ports
        .into_iter()
        .map(|port| with(json!({"name": ""}), port))
        .collect();
    json!({
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "generateName": format!("{}-", fields::name(service)),
            "namespace": fields::namespace(service),
            "labels": labels,
            "ownerReferences": [owner_reference(Kind::Service, service)],
        },
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": ports,
    })
}
