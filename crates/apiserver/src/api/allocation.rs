//! Which cluster addresses and node ports Services have.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use crate::fields;
use crate::resource::GroupResource;
use crate::store::{Change, Event, Range, Scope, Store, Watch};

/// Namespace and name of a Service.
type Owner = (String, String);

/// The addresses and node ports that Services have, and whose they are. It follows the store, so that a
/// Service does not cost a look at all others.
#[derive(Default)]
pub(crate) struct Allocations {
    watch: Option<Watch>,
    addresses: HashMap<String, Owner>,
    /// By protocol and number.
    ports: HashMap<(String, u16), Owner>,
}

impl Allocations {
    /// Takes note of what has happened since the last time.
    pub(super) fn follow(&mut self, store: &Arc<Store>) {
        let revision = store.revision();
        while self
            .watch
            .as_ref()
            .is_none_or(|watch| watch.position() < revision)
        {
            match self.watch.as_mut().map(Watch::take) {
                Some(Ok(events)) => events.iter().for_each(|event| self.apply(event)),
                // There is no watch yet, or so much has happened that events are missing.
                Some(Err(_)) | None => self.reset(store),
            }
        }
    }

    /// Returns whether another Service than `owner` has the address.
    pub(super) fn has_address(&self, address: &str, owner: (&str, &str)) -> bool {
        self.addresses.get(address).is_some_and(|it| !is(it, owner))
    }

    /// Returns whether another Service than `owner` has the node port.
    pub(super) fn has_port(&self, port: &(String, u16), owner: (&str, &str)) -> bool {
        self.ports.get(port).is_some_and(|it| !is(it, owner))
    }

    fn reset(&mut self, store: &Arc<Store>) {
        let services = GroupResource::new("", "services");
        *self = Self::default();
        let listing = store.list(&services, &Range::default());
        for service in &listing.items {
            self.add(&service.value());
        }
        self.watch = store
            .watch(Scope::Type(services), Some(listing.revision))
            .ok();
    }

    fn apply(&mut self, event: &Event) {
        if let Some(previous) = &event.previous {
            self.remove(&previous.value());
        }
        if event.change != Change::Deleted {
            self.add(&event.object.value());
        }
    }

    fn add(&mut self, service: &Value) {
        let owner = owner(service);
        if let Some(address) = address(service) {
            self.addresses.insert(address.to_owned(), owner.clone());
        }
        for port in node_ports(service) {
            self.ports.insert(port, owner.clone());
        }
    }

    fn remove(&mut self, service: &Value) {
        if let Some(address) = address(service) {
            self.addresses.remove(address);
        }
        for port in node_ports(service) {
            self.ports.remove(&port);
        }
    }
}

fn is(it: &Owner, (namespace, name): (&str, &str)) -> bool {
    (it.0.as_str(), it.1.as_str()) == (namespace, name)
}

fn owner(service: &Value) -> Owner {
    let text = |pointer| fields::text(service, pointer).to_owned();
    (text("/metadata/namespace"), text("/metadata/name"))
}

fn address(service: &Value) -> Option<&str> {
    let address = fields::text(service, "/spec/clusterIP");
    Some(address).filter(|address| !matches!(*address, "" | "None"))
}

fn node_ports(service: &Value) -> impl Iterator<Item = (String, u16)> {
    let ports = fields::list(service, "/spec/ports").iter();
    ports.filter_map(|port| Some((protocol(port), node_port(port)?)))
}

/// Returns the node port of a port that has one.
pub(super) fn node_port(port: &Value) -> Option<u16> {
    let number = port.get("nodePort")?.as_u64()?;
    u16::try_from(number).ok().filter(|number| *number > 0)
}

/// Returns the protocol of a port, by default TCP.
pub(super) fn protocol(port: &Value) -> String {
    let protocol = port.get("protocol").and_then(Value::as_str);
    protocol.unwrap_or("TCP").to_owned()
}
