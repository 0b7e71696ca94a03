//! Services: cluster addresses and node ports.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::{Api, Target};
use crate::fields;
use crate::identity;
use crate::resource::{GroupResource, ResourceType};
use crate::status::{Cause, Status};
use crate::store::Range;

/// The address of the `kubernetes` Service: the first of 10.96.0.0/16.
pub(super) const FIRST_ADDRESS: &str = "10.96.0.1";

/// The node ports that a Kubernetes API server hands out by default.
const NODE_PORTS: std::ops::RangeInclusive<u16> = 30_000..=32_767;

/// Returns whether objects of the type are given addresses.
pub(super) fn needs_allocation(resource: &ResourceType) -> bool {
    resource.group.is_empty() && resource.plural == "services"
}

/// Addresses and node ports that other Services have.
#[derive(Default)]
struct Taken {
    addresses: BTreeSet<String>,
    ports: BTreeSet<(String, u16)>,
}

impl Api {
    /// Gives a Service the addresses and ports that its type calls for; does nothing to others.
    pub(super) fn allocate(
        &self,
        target: &Target<'_>,
        live: Option<&Value>,
        object: &mut Value,
    ) -> Result<(), Status> {
        if !needs_allocation(target.resource) || !object["spec"].is_object() {
            return Ok(());
        }
        let kind = match fields::text(object, "/spec/type") {
            "" => "ClusterIP".to_owned(),
            kind => kind.to_owned(),
        };
        if kind == "ExternalName" {
            return Ok(());
        }
        if let Some(live) = live {
            keep_address(live, object);
        }
        let taken = self.taken(target);
        allocate_address(target, &taken, object)?;
        choose_families(object);
        if kind == "NodePort" || kind == "LoadBalancer" {
            allocate_ports(target, live, &taken, object)?;
        }
        Ok(())
    }

    fn taken(&self, target: &Target<'_>) -> Taken {
        let mut taken = Taken::default();
        let services = GroupResource::new("", "services");
        for service in self.store.list(&services, &Range::default()).items {
            let name = fields::text(&service, "/metadata/name");
            let namespace = fields::text(&service, "/metadata/namespace");
            if (namespace, name) == (target.namespace, target.name) {
                continue;
            }
            taken
                .addresses
                .insert(fields::text(&service, "/spec/clusterIP").to_owned());
            for port in fields::list(&service, "/spec/ports") {
                if let Some(number) = node_port(port) {
                    taken.ports.insert((protocol(port), number));
                }
            }
        }
        taken
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
    let choices = [
        ("ipFamilies", json!(["IPv4"])),
        ("ipFamilyPolicy", json!("SingleStack")),
    ];
    for (field, value) in choices {
        if object["spec"].get(field).is_none() {
            object["spec"][field] = value;
        }
    }
}

fn allocate_address(target: &Target<'_>, taken: &Taken, object: &mut Value) -> Result<(), Status> {
    let address = match fields::text(object, "/spec/clusterIP") {
        "" => free_address(target, taken)?,
        given if given != "None" && taken.addresses.contains(given) => {
            let message = format!(
                "Invalid value: [\"{given}\"]: failed to allocate IP {given}: provided IP is \
                 already allocated"
            );
            return Err(invalid(target, "spec.clusterIPs", message));
        }
        given => given.to_owned(),
    };
    object["spec"]["clusterIPs"] = json!([address]);
    object["spec"]["clusterIP"] = Value::String(address);
    Ok(())
}

fn free_address(target: &Target<'_>, taken: &Taken) -> Result<String, Status> {
    let start = u16::from_be_bytes(identity::random());
    let hosts = (0..=u16::MAX).map(|step| start.wrapping_add(step));
    hosts
        .filter(|host| *host > 1 && *host < u16::MAX)
        .map(|host| {
            let [high, low] = host.to_be_bytes();
            Ipv4Addr::new(10, 96, high, low).to_string()
        })
        .find(|address| !taken.addresses.contains(address))
        .ok_or_else(|| Status::forbidden(target.resource, target.name, "range is full"))
}

fn allocate_ports(
    target: &Target<'_>,
    live: Option<&Value>,
    taken: &Taken,
    object: &mut Value,
) -> Result<(), Status> {
    let mut used = taken.ports.clone();
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
        let kept = node_port(port).or_else(|| live.and_then(|live| live_port(live, port)));
        let number = match kept {
            Some(number) if used.contains(&(protocol.clone(), number)) => {
                let field = format!("spec.ports[{index}].nodePort");
                let message =
                    format!("Invalid value: {number}: provided port is already allocated");
                return Err(invalid(target, field, message));
            }
            Some(number) => number,
            None => NODE_PORTS
                .filter(|number| !used.contains(&(protocol.clone(), *number)))
                .nth(usize::from(identity::random::<1>()[0]))
                .ok_or_else(|| Status::forbidden(target.resource, target.name, "range is full"))?,
        };
        used.insert((protocol, number));
        port["nodePort"] = number.into();
    }
    Ok(())
}

/// Returns the node port that the same port of the live Service has.
fn live_port(live: &Value, port: &Value) -> Option<u16> {
    let same = |other: &&Value| other["port"] == port["port"] && protocol(other) == protocol(port);
    node_port(fields::list(live, "/spec/ports").iter().find(same)?)
}

fn node_port(port: &Value) -> Option<u16> {
    let number = port.get("nodePort")?.as_u64()?;
    u16::try_from(number).ok().filter(|number| *number > 0)
}

fn protocol(port: &Value) -> String {
    let protocol = port.get("protocol").and_then(Value::as_str);
    protocol.unwrap_or("TCP").to_owned()
}

fn invalid(target: &Target<'_>, field: impl Into<String>, message: String) -> Status {
    let cause = Cause::new("FieldValueInvalid", field, message);
    Status::invalid(target.resource, target.name, vec![cause])
}
