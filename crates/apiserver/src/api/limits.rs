//! Limit ranges: what the containers of a namespace ask for when they say nothing, and what they and claims may ask
//! for; as the admission plugin LimitRanger of kube-apiserver 1.37.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Api, Target};
use crate::fields;
use crate::quantity::Quantity;
use crate::resource::{GroupResource, ResourceType};
use crate::status::Status;
use crate::store::Range;

/// Where a pod says what it was given.
const ANNOTATION: &str = "kubernetes.io/limit-ranger";

/// Amounts by resource.
pub(super) type Amounts = BTreeMap<String, Quantity>;

impl Api {
    /// Gives the containers of a new pod the requests and limits that they do not have.
    pub(super) fn give_limits(&self, namespace: &str, pod: &mut Value) {
        for range in self.limit_ranges(namespace) {
            let limits = fields::list(&range, "/spec/limits").iter();
            let of_containers = limits.filter(|it| it["type"] == "Container");
            let (mut requests, mut limits) = (Map::new(), Map::new());
            for limit in of_containers {
                requests.extend(pairs(limit, "/defaultRequest"));
                limits.extend(pairs(limit, "/default"));
            }
            complete(pod, &requests, &limits);
        }
    }

    /// Refuses a pod or a claim that asks for less or more than its namespace lets it.
    pub(super) fn check_limits(&self, target: &Target<'_>, object: &Value) -> Result<(), Status> {
        if !has_limits(target.resource) {
            return Ok(());
        }
        for range in self.limit_ranges(target.namespace) {
            let mut wrong = Vec::new();
            for limit in fields::list(&range, "/spec/limits") {
                match (
                    fields::text(limit, "/type"),
                    target.resource.plural.as_str(),
                ) {
                    ("Container", "pods") => {
                        for container in containers(object) {
                            let requests = amounts(container, "/resources/requests");
                            let limits = amounts(container, "/resources/limits");
                            check(limit, &requests, &limits, &mut wrong);
                        }
                    }
                    ("Pod", "pods") => {
                        let requests = total(object, "requests");
                        let limits = total(object, "limits");
                        check(limit, &requests, &limits, &mut wrong);
                    }
                    ("PersistentVolumeClaim", "persistentvolumeclaims") => {
                        check_claim(limit, object, &mut wrong);
                    }
                    _ => {}
                }
            }
            let why = match wrong.as_slice() {
                [] => continue,
                [one] => one.clone(),
                several => format!("[{}]", several.join(", ")),
            };
            return Err(Status::forbidden(target.resource, target.name, why));
        }
        Ok(())
    }

    fn limit_ranges(&self, namespace: &str) -> Vec<Arc<Value>> {
        let range = Range {
            namespace: Some(namespace),
            ..Range::default()
        };
        let ranges = GroupResource::new("", "limitranges");
        let listing = self.store.list(&ranges, &range);
        listing.items.iter().map(|it| it.value()).collect()
    }
}

fn has_limits(resource: &ResourceType) -> bool {
    let limited = ["pods", "persistentvolumeclaims"];
    resource.group.is_empty() && limited.contains(&resource.plural.as_str())
}

fn pairs(limit: &Value, pointer: &str) -> Map<String, Value> {
    fields::map(limit, pointer).cloned().unwrap_or_default()
}

fn complete(pod: &mut Value, requests: &Map<String, Value>, limits: &Map<String, Value>) {
    let mut notes = Vec::new();
    for (list, kind) in [
        ("containers", "container"),
        ("initContainers", "init container"),
    ] {
        let containers = pod["spec"].get_mut(list).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            let name = fields::text(container, "/name").to_owned();
            for (field, what, defaults) in [
                ("requests", "request", requests),
                ("limits", "limit", limits),
            ] {
                let set = fill(container, field, defaults);
                if !set.is_empty() {
                    notes.push(format!("{} {what} for {kind} {name}", set.join(", ")));
                }
            }
        }
    }
    if !notes.is_empty() {
        let note = format!("LimitRanger plugin set: {}", notes.join("; "));
        pod["metadata"]["annotations"][ANNOTATION] = note.into();
    }
}

/// Sets the amounts that are missing, and returns their resources.
fn fill(container: &mut Value, field: &str, defaults: &Map<String, Value>) -> Vec<String> {
    let mut set = Vec::new();
    for (resource, amount) in defaults {
        if container["resources"][field].get(resource).is_none() {
            container["resources"][field][resource] = amount.clone();
            set.push(resource.clone());
        }
    }
    set
}

pub(super) fn amounts(object: &Value, pointer: &str) -> Amounts {
    let pairs = fields::map(object, pointer).into_iter().flatten();
    let read = |(resource, amount): (&String, &Value)| {
        let amount = Quantity::parse(amount.as_str()?).ok()?;
        Some((resource.clone(), amount))
    };
    pairs.filter_map(read).collect()
}

pub(super) fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    let containers = fields::list(pod, "/spec/containers").iter();
    containers.chain(fields::list(pod, "/spec/initContainers"))
}

/// Returns what a pod asks for: its containers together, or the first ones that run before them if that is more.
pub(super) fn total(pod: &Value, field: &str) -> Amounts {
    let pointer = format!("/resources/{field}");
    let mut all = Amounts::new();
    for container in fields::list(pod, "/spec/containers") {
        add(&mut all, &amounts(container, &pointer));
    }
    let (mut staying, mut before) = (Amounts::new(), Amounts::new());
    for container in fields::list(pod, "/spec/initContainers") {
        let asked = amounts(container, &pointer);
        let mut now = staying.clone();
        add(&mut now, &asked);
        if container["restartPolicy"] == "Always" {
            add(&mut all, &asked);
            staying.clone_from(&now);
        }
        raise(&mut before, &now);
    }
    raise(&mut all, &before);
    for (resource, amount) in amounts(pod, &format!("/spec/resources/{field}")) {
        all.insert(resource, amount);
    }
    all
}

pub(super) fn add(sum: &mut Amounts, more: &Amounts) {
    for (resource, amount) in more {
        let known = sum.get(resource).copied();
        let amount = known.map_or(*amount, |known| known.plus(*amount));
        sum.insert(resource.clone(), amount);
    }
}

fn raise(most: &mut Amounts, others: &Amounts) {
    for (resource, amount) in others {
        if most
            .get(resource)
            .is_none_or(|known| amount.exceeds(*known))
        {
            most.insert(resource.clone(), *amount);
        }
    }
}

fn check(limit: &Value, requests: &Amounts, limits: &Amounts, wrong: &mut Vec<String>) {
    let kind = fields::text(limit, "/type");
    for (resource, least) in amounts(limit, "/min") {
        let least_of = |name, amount: Option<&Quantity>| {
            let amount = amount.filter(|amount| least.exceeds(**amount))?;
            Some(format!("but {name} is {}", amount.canonical()))
        };
        let why = match requests.get(&resource) {
            None => Some("No request is specified".to_owned()),
            request => {
                least_of("request", request).or_else(|| least_of("limit", limits.get(&resource)))
            }
        };
        wrong.extend(why.map(|why| worded("minimum", &resource, kind, least, &why)));
    }
    for (resource, most) in amounts(limit, "/max") {
        let most_of = |name, amount: Option<&Quantity>| {
            let amount = amount.filter(|amount| amount.exceeds(most))?;
            Some(format!("but {name} is {}", amount.canonical()))
        };
        let why = match limits.get(&resource) {
            None => Some("No limit is specified".to_owned()),
            limit => {
                most_of("limit", limit).or_else(|| most_of("request", requests.get(&resource)))
            }
        };
        wrong.extend(why.map(|why| worded("maximum", &resource, kind, most, &why)));
    }
    for (resource, most) in amounts(limit, "/maxLimitRequestRatio") {
        let pair = (requests.get(&resource), limits.get(&resource));
        let why = excess(most, pair.0, pair.1);
        let head = format!(
            "{resource} max limit to request ratio per {kind} is {}",
            most.canonical()
        );
        wrong.extend(why.map(|why| format!("{head}, but {why}")));
    }
}

fn check_claim(limit: &Value, claim: &Value, wrong: &mut Vec<String>) {
    let kind = fields::text(limit, "/type");
    let requests = amounts(claim, "/spec/resources/requests");
    for (what, pointer) in [("minimum", "/min"), ("maximum", "/max")] {
        for (resource, bound) in amounts(limit, pointer) {
            let why = match requests.get(&resource) {
                None => "No request is specified".to_owned(),
                Some(request) => {
                    let breaks = match what {
                        "minimum" => bound.exceeds(*request),
                        _ => request.exceeds(bound),
                    };
                    if !breaks {
                        continue;
                    }
                    format!("but request is {}", request.canonical())
                }
            };
            wrong.push(worded(what, &resource, kind, bound, &why));
        }
    }
}

fn worded(what: &str, resource: &str, kind: &str, bound: Quantity, why: &str) -> String {
    let bound = bound.canonical();
    let join = if why.starts_with("but") { ", " } else { ".  " };
    format!("{what} {resource} usage per {kind} is {bound}{join}{why}")
}

/// Returns in which way a limit is too large for its request.
fn excess(most: Quantity, request: Option<&Quantity>, limit: Option<&Quantity>) -> Option<String> {
    let Some(request) = request.filter(|it| !it.is_zero()) else {
        return Some("no request is specified or request is 0".to_owned());
    };
    let Some(limit) = limit.filter(|it| !it.is_zero()) else {
        return Some("no limit is specified or limit is 0".to_owned());
    };
    let ratio = limit.ratio(*request);
    (ratio > most.as_float()).then(|| format!("provided ratio is {ratio:.6}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn limit() -> Value {
        json!({
            "type": "Container",
            "min": {"memory": "16Mi"}, "max": {"cpu": "1"}, "maxLimitRequestRatio": {"cpu": "4"},
        })
    }

    fn wrong(resources: &Value) -> Vec<String> {
        let container = json!({"resources": resources});
        let requests = amounts(&container, "/resources/requests");
        let limits = amounts(&container, "/resources/limits");
        let mut wrong = Vec::new();
        check(&limit(), &requests, &limits, &mut wrong);
        wrong
    }

    #[test]
    fn a_container_within_its_limits_may_run() {
        let resources = json!({
            "requests": {"memory": "16Mi", "cpu": "250m"}, "limits": {"cpu": "1"},
        });
        assert!(wrong(&resources).is_empty());
    }

    #[test]
    fn too_little_too_much_and_too_far_apart_are_refused() {
        let resources = json!({
            "requests": {"memory": "1Mi", "cpu": "100m"}, "limits": {"cpu": "2"},
        });
        insta::assert_snapshot!(wrong(&resources).join("\n"), @r"
        minimum memory usage per Container is 16Mi, but request is 1Mi
        maximum cpu usage per Container is 1, but limit is 2
        cpu max limit to request ratio per Container is 4, but provided ratio is 20.000000
        ");
    }

    #[test]
    fn a_pod_asks_for_the_most_that_it_needs_at_one_time() {
        let cpu = |amount: &str| json!({"resources": {"requests": {"cpu": amount}}});
        let pod = json!({"spec": {
            "containers": [cpu("100m"), cpu("200m")],
            "initContainers": [cpu("1"), cpu("2")],
        }});
        assert_eq!(total(&pod, "requests")["cpu"].canonical(), "2");
    }
}
