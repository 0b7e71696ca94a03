//! NetworkPolicies.

use std::net::IpAddr;

use serde_json::Value;

use super::{FieldErrors, names, pod, workload};
use crate::fields::{list, text};

/// Checks a NetworkPolicy.
pub(super) fn check(object: &Value, errors: &mut FieldErrors) {
    if let Some(selector) = object.pointer("/spec/podSelector") {
        workload::check_selector(selector, "spec.podSelector", errors);
    }
    for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
        let rules = list(object, &format!("/spec/{direction}")).iter();
        for (index, rule) in rules.enumerate() {
            let path = format!("spec.{direction}[{index}]");
            for (index, port) in list(rule, "/ports").iter().enumerate() {
                policy_port(port, &format!("{path}.ports[{index}]"), errors);
            }
            for (index, peer) in list(rule, &format!("/{peers}")).iter().enumerate() {
                policy_peer(peer, &format!("{path}.{peers}[{index}]"), errors);
            }
        }
    }
    for (index, kind) in list(object, "/spec/policyTypes").iter().enumerate() {
        let kinds = ["Ingress", "Egress"];
        if !kind.as_str().is_some_and(|kind| kinds.contains(&kind)) {
            errors.unsupported(&format!("spec.policyTypes[{index}]"), kind, &kinds);
        }
    }
}

fn policy_port(port: &Value, path: &str, errors: &mut FieldErrors) {
    let protocols = ["TCP", "UDP", "SCTP"];
    if let Some(protocol) = port.get("protocol").and_then(Value::as_str)
        && !protocols.contains(&protocol)
    {
        errors.unsupported(&format!("{path}.protocol"), &protocol.into(), &protocols);
    }
    let last = port.get("endPort").and_then(Value::as_i64);
    let at = format!("{path}.endPort");
    match (port.get("port"), last) {
        (Some(Value::String(name)), last) => {
            if let Some(last) = last {
                errors.invalid(
                    &at,
                    &last.into(),
                    "may not be specified when `port` is non-numeric",
                );
            }
            for why in names::port_name(name) {
                errors.invalid(&format!("{path}.port"), &name.as_str().into(), &why);
            }
        }
        (Some(number), last) => {
            let number = number.as_i64().unwrap_or_default();
            pod::port_number(number, &format!("{path}.port"), errors);
            if let Some(last) = last {
                if last < number {
                    errors.invalid(&at, &last.into(), "must be greater than or equal to `port`");
                }
                pod::port_number(last, &at, errors);
            }
        }
        (None, Some(last)) => {
            errors.invalid(
                &at,
                &last.into(),
                "may not be specified when `port` is not specified",
            );
        }
        (None, None) => {}
    }
}

fn policy_peer(peer: &Value, path: &str, errors: &mut FieldErrors) {
    let mut selectors = 0;
    for name in ["podSelector", "namespaceSelector"] {
        if let Some(selector) = peer.get(name) {
            selectors += 1;
            workload::check_selector(selector, &format!("{path}.{name}"), errors);
        }
    }
    match (peer.get("ipBlock"), selectors) {
        (None, 0) => errors.required(path, "must specify a peer"),
        (None, _) => {}
        (Some(block), selectors) => {
            address_block(block, &format!("{path}.ipBlock"), errors);
            if selectors > 0 {
                errors.forbidden(path, "may not specify both ipBlock and another peer");
            }
        }
    }
}

fn address_block(block: &Value, path: &str, errors: &mut FieldErrors) {
    let whole = text(block, "/cidr");
    if whole.is_empty() {
        return errors.required(&format!("{path}.cidr"), "");
    }
    let why = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
    let Some(network) = Network::parse(whole) else {
        return errors.invalid(&format!("{path}.cidr"), &whole.into(), why);
    };
    for (index, part) in list(block, "/except").iter().enumerate() {
        let at = format!("{path}.except[{index}]");
        match part.as_str().and_then(Network::parse) {
            None => errors.invalid(&at, part, why),
            Some(inner) if !network.strictly_holds(&inner) => {
                errors.invalid(&at, part, "must be a strict subset of `cidr`");
            }
            Some(_) => {}
        }
    }
}

/// A range of addresses, such as 10.0.0.0/8.
struct Network {
    address: IpAddr,
    length: u32,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let length = length.parse().ok().filter(|length| *length <= most)?;
        Some(Self { address, length })
    }

    /// Returns the bits of the network, behind those that count.
    fn bits(address: IpAddr, length: u32) -> u128 {
        let (bits, most) = match address {
            IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
            IpAddr::V6(address) => (u128::from(address), 128),
        };
        bits.checked_shr(most - length).unwrap_or(0)
    }

    fn strictly_holds(&self, inner: &Self) -> bool {
        self.address.is_ipv4() == inner.address.is_ipv4()
            && self.length < inner.length
            && Self::bits(self.address, self.length) == Self::bits(inner.address, self.length)
    }
}
