//! Quotas: what a namespace may hold, as the admission plugin and the controller of Kubernetes 1.37 keep it.
//!
//! `status.used` is what a new object is added to, in the same turn in which the object is stored; what goes is counted
//! anew by who follows events.

mod usage;

use std::collections::BTreeSet;
use std::sync::{Arc, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::limits::{Amounts, add, amounts};
use super::{Api, Target, WriteOptions};
use crate::fields;
use crate::quantity::Quantity;
use crate::resource::{GroupResource, Subresource};
use crate::status::Status;
use crate::store::{Key, Range};

/// What an object takes of quotas; nobody else takes of any until this is dropped.
#[derive(Default)]
pub(super) struct Charge<'a> {
    _turn: Option<MutexGuard<'a, ()>>,
    /// What is used with the object, by quota.
    used: Vec<(String, Amounts)>,
}

impl Api {
    /// Refuses an object that takes more than a quota of its namespace leaves; `live` is what it was.
    pub(super) fn charge(
        &self,
        target: &Target<'_>,
        live: Option<&Value>,
        object: &Value,
    ) -> Result<Charge<'_>, Status> {
        if live.is_some() && !may_grow(target) {
            return Ok(Charge::default());
        }
        if self.quotas(target.namespace).is_empty() {
            return Ok(Charge::default());
        }
        let turn = self.quota_turn();
        let of = &target.resource.storage;
        let mut all = Vec::new();
        for quota in self.quotas(target.namespace) {
            let used = checked(&quota, of, live, object)
                .map_err(|why| Status::forbidden(target.resource, target.name, why))?;
            let name = fields::name(&quota).to_owned();
            all.extend(used.map(|used| (name, used)));
        }
        Ok(Charge {
            _turn: Some(turn),
            used: all,
        })
    }

    /// Writes down what a stored object takes.
    pub(super) fn write_down(&self, target: &Target<'_>, charge: &Charge<'_>) {
        for (name, used) in &charge.used {
            self.modify_quota(target.namespace, name, "kube-apiserver", &mut |quota| {
                quota["status"]["used"] = shown(used);
            });
        }
    }

    /// Returns whether there are quotas where an object is.
    pub(crate) fn has_quotas(&self, key: &Key) -> bool {
        !self.quotas(&key.namespace).is_empty()
    }

    /// Counts anew what a namespace holds, for its quotas.
    pub(crate) fn count_for_quotas(&self, namespace: &str) {
        if self.quotas(namespace).is_empty() {
            return;
        }
        let _turn = self.quota_turn();
        for quota in self.quotas(namespace) {
            let used = shown(&self.used(&quota, namespace));
            let name = fields::name(&quota);
            if quota.pointer("/status/used") == Some(&used)
                && quota.pointer("/status/hard") == quota.pointer("/spec/hard")
            {
                continue;
            }
            self.modify_quota(namespace, name, "kube-controller-manager", &mut |quota| {
                quota["status"] = json!({"hard": quota["spec"]["hard"], "used": used});
            });
        }
    }

    /// Counts anew for all quotas that there are.
    pub(crate) fn count_for_all_quotas(&self) {
        let quotas = self.store.list(&kind(), &Range::default()).items;
        let namespaces = quotas
            .iter()
            .map(|it| fields::namespace(&it.value()).to_owned());
        for namespace in namespaces.collect::<BTreeSet<String>>() {
            self.count_for_quotas(&namespace);
        }
    }

    fn quota_turn(&self) -> MutexGuard<'_, ()> {
        self.quotas.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn quotas(&self, namespace: &str) -> Vec<Arc<Value>> {
        if namespace.is_empty() {
            return Vec::new();
        }
        let range = Range {
            namespace: Some(namespace),
            ..Range::default()
        };
        let listing = self.store.list(&kind(), &range);
        listing.items.iter().map(|it| it.value()).collect()
    }

    fn used(&self, quota: &Value, namespace: &str) -> Amounts {
        let hard = amounts(quota, "/spec/hard");
        let nothing = usage::count(0);
        let mut used: Amounts = hard.keys().map(|name| (name.clone(), nothing)).collect();
        for of in self.store.populated() {
            if !hard.keys().any(|name| usage::measures(&of, name)) {
                continue;
            }
            let range = Range {
                namespace: Some(namespace),
                ..Range::default()
            };
            for object in self.store.list(&of, &range).items {
                let object = object.value();
                if usage::is_in_scope(quota, &of, &object) {
                    let taken = usage::usage(&of, &object);
                    add_known(&mut used, taken);
                }
            }
        }
        used
    }

    fn modify_quota(
        &self,
        namespace: &str,
        name: &str,
        manager: &str,
        change: &mut dyn FnMut(&mut Value),
    ) {
        let types = self.registry.types();
        let Some(resource) = types.stored(&kind()) else {
            return;
        };
        let target = Target {
            resource,
            namespace,
            name,
            subresource: Some(Subresource::Status),
        };
        let options = WriteOptions {
            field_manager: manager.to_owned(),
            ..WriteOptions::default()
        };
        // A quota that is gone bounds nothing any longer.
        let _ = self.modify(target, &options, &mut |live| {
            let mut quota = live.clone();
            change(&mut quota);
            Ok(quota)
        });
    }
}

/// Returns whether a change of an object may leave more of a quota, or ask for it to be counted.
pub(crate) fn affects_quotas(key: &Key, before: Option<&Value>, now: Option<&Value>) -> bool {
    let (Some(before), Some(now)) = (before, now) else {
        return now.is_none() || key.resource == kind();
    };
    if key.resource == kind() {
        return now.pointer("/spec/hard") != now.pointer("/status/hard");
    }
    let may_differ = ["pods", "services", "persistentvolumeclaims"];
    key.resource.group.is_empty()
        && may_differ.contains(&key.resource.resource.as_str())
        && usage::usage(&key.resource, before) != usage::usage(&key.resource, now)
}

/// Whether an update may take more of a quota: a Service more ports, a claim more storage.
fn may_grow(target: &Target<'_>) -> bool {
    let resource = target.resource;
    let may = ["services", "persistentvolumeclaims"].contains(&resource.plural.as_str());
    may && resource.group.is_empty() && target.subresource.is_none()
}

/// Returns what of a quota is used together with an object; `None` where the quota is not about it.
fn checked(
    quota: &Value,
    of: &GroupResource,
    live: Option<&Value>,
    object: &Value,
) -> Result<Option<Amounts>, String> {
    let hard = amounts(quota, "/status/hard");
    let bounded = hard.keys().map(String::as_str);
    let bounded: Vec<&str> = bounded.filter(|it| usage::measures(of, it)).collect();
    if bounded.is_empty() || !usage::is_in_scope(quota, of, object) {
        return Ok(None);
    }
    let name = fields::name(quota);
    if of.group.is_empty()
        && of.resource == "pods"
        && let Some(unsaid) = usage::unsaid(object, &bounded)
    {
        return Err(format!("failed quota: {name}: {unsaid}"));
    }
    let before = amounts(quota, "/status/used");
    if bounded.iter().any(|it| !before.contains_key(*it)) {
        let bounded = bounded.join(",");
        return Err(format!(
            "status unknown for quota: {name}, resources: {bounded}"
        ));
    }
    let mut asked = usage::usage(of, object);
    for (name, amount) in live.map(|live| usage::usage(of, live)).unwrap_or_default() {
        if let Some(asked) = asked.get_mut(&name) {
            *asked = asked.beyond(amount);
        }
    }
    asked.retain(|name, amount| hard.contains_key(name) && !amount.is_zero());
    if asked.is_empty() {
        return Ok(None);
    }
    let mut used = before.clone();
    add_known(&mut used, asked.clone());
    let exceeded = asked.keys().filter(|it| used[*it].exceeds(hard[*it]));
    let exceeded: Vec<&String> = exceeded.collect();
    if exceeded.is_empty() {
        return Ok(Some(used));
    }
    let told = |amounts: &Amounts| {
        let pairs = exceeded
            .iter()
            .map(|it| format!("{it}={}", amounts[*it].canonical()));
        pairs.collect::<Vec<_>>().join(",")
    };
    let (asked, before, hard) = (told(&asked), told(&before), told(&hard));
    Err(format!(
        "exceeded quota: {name}, requested: {asked}, used: {before}, limited: {hard}"
    ))
}

/// Adds amounts to those that are counted.
fn add_known(used: &mut Amounts, mut more: Amounts) {
    more.retain(|name, _| used.contains_key(name));
    // Nothing has no form of its own: `0` and `1Gi` are `1Gi`.
    used.retain(|name, amount| !(amount.is_zero() && more.contains_key(name)));
    add(used, &more);
}

fn shown(amounts: &Amounts) -> Value {
    let pairs = amounts.iter();
    let pairs = pairs.map(|(name, amount)| (name.clone(), Quantity::canonical(*amount).into()));
    Value::Object(pairs.collect())
}

fn kind() -> GroupResource {
    GroupResource::new("", "resourcequotas")
}
