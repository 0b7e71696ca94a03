//! What an object takes of a quota, as the evaluators of kube-apiserver 1.37 measure.

use serde_json::Value;

use super::super::limits::{Amounts, amounts, containers, total};
use crate::fields;
use crate::quantity::Quantity;
use crate::resource::GroupResource;

/// What a pod takes while it is not at its end.
const OF_PODS: [&str; 10] = [
    "cpu",
    "ephemeral-storage",
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "memory",
    "pods",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

/// What every container must say when a quota bounds it.
const MUST: [&str; 6] = [
    "cpu",
    "limits.cpu",
    "limits.memory",
    "memory",
    "requests.cpu",
    "requests.memory",
];

/// In the names of what claims of one storage class take.
const OF_CLASS: &str = ".storageclass.storage.k8s.io/";

/// Returns whether objects of a type take something of this name.
pub(super) fn measures(of: &GroupResource, name: &str) -> bool {
    let is_core = of.group.is_empty();
    name == count_name(of)
        || match of.resource.as_str() {
            "pods" if is_core => OF_PODS.contains(&name) || is_special(name),
            "services" if is_core => {
                ["services", "services.loadbalancers", "services.nodeports"].contains(&name)
            }
            "persistentvolumeclaims" if is_core => {
                ["persistentvolumeclaims", "requests.storage"].contains(&name)
                    || name.contains(OF_CLASS)
            }
            plural if is_core && has_short_name(plural) => name == plural,
            _ => false,
        }
}

/// Whether objects are counted by their plural name alone, too.
fn has_short_name(plural: &str) -> bool {
    [
        "configmaps",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
    ]
    .contains(&plural)
}

fn count_name(of: &GroupResource) -> String {
    if of.group.is_empty() {
        return format!("count/{}", of.resource);
    }
    format!("count/{}.{}", of.resource, of.group)
}

/// Whether a name is that of huge pages, or of what a device gives.
fn is_special(name: &str) -> bool {
    let bare = name.strip_prefix("requests.");
    bare.unwrap_or(name).starts_with("hugepages-")
        || bare.is_some_and(|it| it.contains('/') && !it.contains("kubernetes.io/"))
}

/// Returns what an object takes.
pub(super) fn usage(of: &GroupResource, object: &Value) -> Amounts {
    let mut usage = Amounts::from([(count_name(of), count(1))]);
    match of.resource.as_str() {
        _ if !of.group.is_empty() => {}
        "pods" => of_pod(object, &mut usage),
        "services" => of_service(object, &mut usage),
        "persistentvolumeclaims" => of_claim(object, &mut usage),
        plural if has_short_name(plural) => {
            usage.insert(plural.to_owned(), count(1));
        }
        _ => {}
    }
    usage
}

pub(super) fn count(number: usize) -> Quantity {
    Quantity::parse(&number.to_string()).expect("a whole number is an amount")
}

fn of_pod(pod: &Value, usage: &mut Amounts) {
    if ["Succeeded", "Failed"].contains(&fields::text(pod, "/status/phase")) {
        return;
    }
    usage.insert("pods".to_owned(), count(1));
    for (resource, amount) in total(pod, "requests") {
        let is_extended = resource.contains('/');
        usage.insert(format!("requests.{resource}"), amount);
        if !is_extended {
            usage.insert(resource, amount);
        }
    }
    for (resource, amount) in total(pod, "limits") {
        usage.insert(format!("limits.{resource}"), amount);
    }
}

fn of_service(service: &Value, usage: &mut Amounts) {
    let ports = fields::list(service, "/spec/ports");
    let kind = fields::text(service, "/spec/type");
    let gives_none = service.pointer("/spec/allocateLoadBalancerNodePorts") == Some(&false.into());
    let has_node_port = |port: &&Value| fields::integer(port, "/nodePort") != 0;
    let node_ports = match kind {
        "LoadBalancer" if gives_none => ports.iter().filter(has_node_port).count(),
        "NodePort" | "LoadBalancer" => ports.len(),
        _ => 0,
    };
    let balancers = usize::from(kind == "LoadBalancer");
    for (name, number) in [
        ("services", 1),
        ("services.loadbalancers", balancers),
        ("services.nodeports", node_ports),
    ] {
        usage.insert(name.to_owned(), count(number));
    }
}

fn of_claim(claim: &Value, usage: &mut Amounts) {
    let class = fields::text(claim, "/spec/storageClassName");
    let size = amounts(claim, "/spec/resources/requests");
    let taken = [
        ("persistentvolumeclaims", Some(count(1))),
        ("requests.storage", size.get("storage").copied()),
    ];
    for (name, amount) in taken {
        if let Some(amount) = amount {
            usage.insert(name.to_owned(), amount);
            if !class.is_empty() {
                usage.insert(format!("{class}{OF_CLASS}{name}"), amount);
            }
        }
    }
}

/// Returns what the containers of a pod must say and do not, in a sentence.
pub(super) fn unsaid(pod: &Value, bounded: &[&str]) -> Option<String> {
    if fields::is_set(pod, "/spec/resources") {
        return None;
    }
    let mut parts = Vec::new();
    for name in MUST.iter().filter(|it| bounded.contains(it)) {
        let (field, resource) = name.split_once('.').unwrap_or(("requests", name));
        let silent = containers(pod).filter(|container| {
            let pointer = format!("/resources/{field}");
            !amounts(container, &pointer).contains_key(resource)
        });
        let mut silent: Vec<&str> = silent.map(|it| fields::text(it, "/name")).collect();
        silent.sort_unstable();
        if !silent.is_empty() {
            parts.push(format!("{name} for: {}", silent.join(",")));
        }
    }
    (!parts.is_empty()).then(|| format!("must specify {}", parts.join("; ")))
}

/// Returns whether a quota is about an object: one with scopes is about pods alone.
pub(super) fn is_in_scope(quota: &Value, of: &GroupResource, object: &Value) -> bool {
    let scopes = fields::list(quota, "/spec/scopes").iter();
    let scopes = scopes
        .filter_map(Value::as_str)
        .map(|it| (it, "Exists", None));
    let selected = fields::list(quota, "/spec/scopeSelector/matchExpressions").iter();
    let selected = selected.map(|it| {
        let text = |pointer| fields::text(it, pointer);
        (
            text("/scopeName"),
            text("/operator"),
            Some(fields::list(it, "/values")),
        )
    });
    let is_pod = of.group.is_empty() && of.resource == "pods";
    scopes.chain(selected).all(|(scope, operator, values)| {
        is_pod && pod_is_in(object, scope, operator, values.unwrap_or_default())
    })
}

fn pod_is_in(pod: &Value, scope: &str, operator: &str, values: &[Value]) -> bool {
    let ends = fields::is_set(pod, "/spec/activeDeadlineSeconds");
    let asks = containers(pod).any(|it| {
        let asked = ["/resources/requests", "/resources/limits"].map(|at| amounts(it, at));
        let mut asked = asked.iter().flatten();
        asked.any(|(name, amount)| ["cpu", "memory"].contains(&name.as_str()) && !amount.is_zero())
    });
    let class = fields::text(pod, "/spec/priorityClassName");
    match (scope, operator) {
        ("Terminating", _) => ends,
        ("NotTerminating", _) => !ends,
        ("BestEffort", _) => !asks,
        ("NotBestEffort", _) => asks,
        ("PriorityClass", "In") => values.iter().any(|it| it == class),
        ("PriorityClass", "NotIn") => !values.iter().any(|it| it == class),
        ("PriorityClass", "DoesNotExist") => class.is_empty(),
        ("PriorityClass", _) => !class.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn taken(resource: &str, object: &Value) -> String {
        let usage = usage(&GroupResource::new("", resource), object);
        let pairs = usage.iter();
        let texts: Vec<String> = pairs
            .map(|(name, amount)| format!("{name}={}", amount.canonical()))
            .collect();
        texts.join(" ")
    }

    #[test]
    fn an_object_takes_what_it_asks_for_until_it_is_at_its_end() {
        let mut pod = json!({"spec": {"containers": [
            {"name": "a", "resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "1Gi"}}},
            {"name": "b", "resources": {"requests": {"cpu": "1", "example.com/gpu": "2"}}},
        ]}});
        insta::assert_snapshot!(taken("pods", &pod), @r#"
        count/pods=1 cpu=1100m limits.memory=1Gi pods=1 requests.cpu=1100m requests.example.com/gpu=2
        "#);
        pod["status"] = json!({"phase": "Succeeded"});
        assert_eq!(taken("pods", &pod), "count/pods=1");
        let service =
            json!({"spec": {"type": "LoadBalancer", "ports": [{"port": 1}, {"port": 2}]}});
        insta::assert_snapshot!(taken("services", &service), @r#"
        count/services=1 services=1 services.loadbalancers=1 services.nodeports=2
        "#);
        let claim = json!({"spec": {"storageClassName": "fast", "resources": {"requests": {"storage": "1Gi"}}}});
        insta::assert_snapshot!(taken("persistentvolumeclaims", &claim), @r#"
        count/persistentvolumeclaims=1 fast.storageclass.storage.k8s.io/persistentvolumeclaims=1 fast.storageclass.storage.k8s.io/requests.storage=1Gi persistentvolumeclaims=1 requests.storage=1Gi
        "#);
        assert_eq!(taken("secrets", &json!({})), "count/secrets=1 secrets=1");
    }

    #[test]
    fn containers_say_what_a_quota_bounds() {
        let pod = json!({"spec": {"containers": [{"name": "b"}, {"name": "a"}],
            "initContainers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}}]}});
        let said = unsaid(&pod, &["requests.cpu", "limits.memory", "pods"]);
        assert_eq!(
            said.unwrap(),
            "must specify limits.memory for: a,b,c; requests.cpu for: a,b"
        );
    }

    #[test]
    fn scopes_tell_pods_apart_and_leave_others_out() {
        let pods = GroupResource::new("", "pods");
        let quota = |scope: &str| json!({"spec": {"scopes": [scope]}});
        let pod = json!({"spec": {"activeDeadlineSeconds": 5, "containers": [{"name": "a"}]}});
        assert!(is_in_scope(&quota("Terminating"), &pods, &pod));
        assert!(is_in_scope(&quota("BestEffort"), &pods, &pod));
        assert!(!is_in_scope(&quota("NotTerminating"), &pods, &pod));
        assert!(!is_in_scope(
            &quota("Terminating"),
            &GroupResource::new("", "secrets"),
            &pod
        ));
        let selector = json!({"spec": {"scopeSelector": {"matchExpressions": [
            {"scopeName": "PriorityClass", "operator": "In", "values": ["high"]},
        ]}}});
        assert!(!is_in_scope(&selector, &pods, &pod));
    }
}
