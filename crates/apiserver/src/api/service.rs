//! Services: cluster addresses and node ports.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::{MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::allocation::{node_port, protocol};
use super::{Allocations, Api, Target};
use crate::fields;
use crate::identity;
use crate::resource::ResourceType;
use crate::status::{Cause, Status};

/// The address of the `kubernetes` Service: the first of 10.96.0.0/16.
pub(super) const FIRST_ADDRESS: &str = "10.96.0.1";

/// The node ports that a Kubernetes API server hands out by default.
const NODE_PORTS: std::ops::RangeInclusive<u16> = 30_000..=32_767;

impl Api {
    /// Gives a Service the addresses and ports that its type calls for; does nothing to others. Nobody else is
    /// given any for as long as the guard is held.
    pub(super) fn allocate(
        &self,
        target: &Target<'_>,
        live: Option<&Value>,
        object: &mut Value,
    ) -> Result<Option<MutexGuard<'_, Allocations>>, Status> {
        if !is_service(target.resource) || !object["spec"].is_object() {
            return Ok(None);
        }
        let kind = match fields::text(object, "/spec/type") {
            "" => "ClusterIP".to_owned(),
            kind => kind.to_owned(),
        };
        let mut taken = self
            .allocations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if kind == "ExternalName" {
            if let Some(live) = live {
                drop_address(live, object);
                drop_ports(live, &kind, object);
            }
            return Ok(Some(taken));
        }
        if let Some(live) = live {
            keep_address(live, object);
            drop_ports(live, &kind, object);
        }
        taken.follow(&self.store);
        allocate_address(target, &taken, object)?;
        choose_families(object);
        if kind == "NodePort" || kind == "LoadBalancer" {
            allocate_ports(target, live, &taken, object)?;
        }
        allocate_health_port(live, &taken, object);
        Ok(Some(taken))
    }
}

fn is_service(resource: &ResourceType) -> bool {
    resource.group.is_empty() && resource.plural == "services"
}

fn owner<'a>(target: &Target<'a>) -> (&'a str, &'a str) {
    (target.namespace, target.name)
}

/// A Service that becomes a name loses the address that it had, unless it was given another one.
fn drop_address(live: &Value, object: &mut Value) {
    let is_kept = live.pointer("/spec/clusterIP") != object.pointer("/spec/clusterIP");
    let Some(spec) = object["spec"].as_object_mut().filter(|_| !is_kept) else {
        return;
    };
    let fields = [
        "clusterIP",
        "clusterIPs",
        "ipFamilies",
        "ipFamilyPolicy",
        "internalTrafficPolicy",
    ];
    for field in fields {
        spec.remove(field);
    }
}

/// A Service that is no longer reached from outside loses what it needed for that.
fn drop_ports(live: &Value, kind: &str, object: &mut Value) {
    let is_external = |kind: &str| kind == "NodePort" || kind == "LoadBalancer";
    if !is_external(fields::text(live, "/spec/type")) || is_external(kind) {
        return;
    }
    if live.pointer("/spec/externalTrafficPolicy") == object.pointer("/spec/externalTrafficPolicy")
        && let Some(spec) = object["spec"].as_object_mut()
    {
        spec.remove("externalTrafficPolicy");
    }
    let ports = object
        .pointer_mut("/spec/ports")
        .and_then(Value::as_array_mut);
    for port in ports.into_iter().flatten() {
        if node_port(port).is_some() && node_port(port) == live_port(live, port) {
            port.as_object_mut().map(|port| port.remove("nodePort"));
        }
    }
}

fn keep_address(live: &Value, object: &mut Value) {
    for field in ["clusterIP", "clusterIPs"] {
        if object["spec"].get(field).is_none()
            && let Some(value) = live["spec"].get(field)
        {
            object["spec"][field] = value.clone();
        }
    }
}

/// There is IPv4 and nothing else. Nobody owns these fields, so they are no defaults.
fn choose_families(object: &mut Value) {
    // A headless Service without a selector may have any endpoints.
    let is_free = fields::text(object, "/spec/clusterIP") == "None"
        && fields::map_len(object, "/spec/selector") == 0;
    let choices = if is_free {
        [
            ("ipFamilies", json!(["IPv4", "IPv6"])),
            ("ipFamilyPolicy", json!("RequireDualStack")),
        ]
    } else {
        [
            ("ipFamilies", json!(["IPv4"])),
            ("ipFamilyPolicy", json!("SingleStack")),
        ]
    };
    for (field, value) in choices {
        if object["spec"].get(field).is_none() {
            object["spec"][field] = value;
        }
    }
}

fn allocate_address(
    target: &Target<'_>,
    taken: &Allocations,
    object: &mut Value,
) -> Result<(), Status> {
    let address = match fields::text(object, "/spec/clusterIP") {
        "" => free_address(target, taken)?,
        given if taken.has_address(given, owner(target)) => {
            let message = format!(
                "Invalid value: [\"{given}\"]: failed to allocate IP {given}: provided IP is \
                 already allocated"
            );
            return Err(invalid(target, "spec.clusterIPs", message));
        }
        given => {
            check_range(target, given)?;
            given.to_owned()
        }
    };
    object["spec"]["clusterIPs"] = json!([address]);
    object["spec"]["clusterIP"] = Value::String(address);
    Ok(())
}

/// Refuses an address that is none, or none of those that Services have.
fn check_range(target: &Target<'_>, given: &str) -> Result<(), Status> {
    if given == "None" {
        return Ok(());
    }
    match given.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(address)) if address.octets()[..2] == [10, 96] => Ok(()),
        Ok(_) => {
            let message = format!(
                "Invalid value: [{given:?}]: failed to allocate IP {given}: the provided network does not \
                 match the current range"
            );
            Err(invalid(target, "spec.clusterIPs", message))
        }
        Err(_) => {
            let message = format!(
                "Invalid value: {given:?}: must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
            );
            Err(invalid(target, "spec.clusterIPs[0]", message))
        }
    }
}

fn free_address(target: &Target<'_>, taken: &Allocations) -> Result<String, Status> {
    let start = u16::from_be_bytes(identity::random());
    let hosts = (0..=u16::MAX).map(|step| start.wrapping_add(step));
    hosts
        .filter(|host| *host > 1 && *host < u16::MAX)
        .map(|host| {
            let [high, low] = host.to_be_bytes();
            Ipv4Addr::new(10, 96, high, low).to_string()
        })
        .find(|address| !taken.has_address(address, owner(target)))
        .ok_or_else(|| Status::forbidden(target.resource, target.name, "range is full"))
}

fn allocate_ports(
    target: &Target<'_>,
    live: Option<&Value>,
    taken: &Allocations,
    object: &mut Value,
) -> Result<(), Status> {
    let mut own = BTreeSet::new();
    let Some(ports) = object
        .pointer_mut("/spec/ports")
        .and_then(Value::as_array_mut)
    else {
        return Ok(());
    };
    for (index, port) in ports
        .iter_mut()
        .enumerate()
        .filter(|(_, port)| port.is_object())
    {
        let protocol = protocol(port);
        let is_used = |own: &BTreeSet<_>, number| {
            let port = (protocol.clone(), number);
            own.contains(&port) || taken.has_port(&port, owner(target))
        };
        let kept = node_port(port).or_else(|| live.and_then(|live| live_port(live, port)));
        let number = match kept {
            Some(number) if is_used(&own, number) => {
                let field = format!("spec.ports[{index}].nodePort");
                let message =
                    format!("Invalid value: {number}: provided port is already allocated");
                return Err(invalid(target, field, message));
            }
            Some(number) => number,
            None => NODE_PORTS
                .filter(|number| !is_used(&own, *number))
                .nth(usize::from(identity::random::<1>()[0]))
                .ok_or_else(|| Status::forbidden(target.resource, target.name, "range is full"))?,
        };
        own.insert((protocol, number));
        port["nodePort"] = number.into();
    }
    Ok(())
}

/// A load balancer asks each node whether it has endpoints, where it is not to go on to other nodes.
fn allocate_health_port(live: Option<&Value>, taken: &Allocations, service: &mut Value) {
    const FIELD: &str = "healthCheckNodePort";
    let needs = |service: &Value| {
        fields::text(service, "/spec/type") == "LoadBalancer"
            && fields::text(service, "/spec/externalTrafficPolicy") == "Local"
    };
    let of = |service: &Value| fields::optional_integer(service, "/spec/healthCheckNodePort");
    let kept = live.filter(|live| needs(live)).and_then(of);
    if !needs(service) {
        if of(service).is_some()
            && of(service) == kept
            && let Some(spec) = service["spec"].as_object_mut()
        {
            spec.remove(FIELD);
        }
        return;
    }
    if of(service).is_none_or(|port| port == 0) {
        let free = |number: &u16| !taken.has_port(&("TCP".to_owned(), *number), ("", ""));
        let mut found = NODE_PORTS.filter(free);
        let chosen = found.nth(usize::from(identity::random::<1>()[0]));
        if let Some(port) = kept.or(chosen.map(i64::from)) {
            service["spec"][FIELD] = port.into();
        }
    }
}

/// Returns the node port that the same port of the live Service has.
fn live_port(live: &Value, port: &Value) -> Option<u16> {
    let same = |other: &&Value| other["port"] == port["port"] && protocol(other) == protocol(port);
    node_port(fields::list(live, "/spec/ports").iter().find(same)?)
}

fn invalid(target: &Target<'_>, field: impl Into<String>, message: String) -> Status {
    let cause = Cause::new("FieldValueInvalid", field, message);
    Status::invalid(target.resource, target.name, vec![cause])
}
