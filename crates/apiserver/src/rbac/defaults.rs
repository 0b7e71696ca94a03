//! The roles and bindings that a cluster has from the start, as far as people use them.
//!
//! Those of Kubernetes' own components are left out: no component logs in here.

use serde_json::{Value, json};

const READ: [&str; 3] = ["get", "list", "watch"];
const WRITE: [&str; 5] = ["create", "delete", "deletecollection", "patch", "update"];
const ALL: [&str; 8] = [
    "get",
    "list",
    "watch",
    "create",
    "delete",
    "deletecollection",
    "patch",
    "update",
];

/// Returns the ClusterRoles: the four for people, the parts that they gather, and what everybody may do.
pub(crate) fn default_roles() -> Vec<Value> {
    vec![
        role(
            "cluster-admin",
            &json!([
                {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
                {"verbs": ["*"], "nonResourceURLs": ["*"]},
            ]),
        ),
        gathering("admin", None),
        gathering("edit", Some("admin")),
        gathering("view", Some("edit")),
        part("admin", &admin_rules()),
        part("edit", &edit_rules()),
        part("view", &view_rules()),
        role("system:basic-user", &basic_rules()),
        role(
            "system:discovery",
            &paths(&[
                "/api",
                "/api/*",
                "/apis",
                "/apis/*",
                "/healthz",
                "/livez",
                "/openapi",
                "/openapi/*",
                "/readyz",
                "/version",
                "/version/",
            ]),
        ),
        role(
            "system:public-info-viewer",
            &paths(&["/healthz", "/livez", "/readyz", "/version", "/version/"]),
        ),
    ]
}

/// Returns the ClusterRoleBindings.
pub(crate) fn default_bindings() -> Vec<Value> {
    let authenticated = "system:authenticated";
    vec![
        binding("cluster-admin", &["system:masters"]),
        binding("system:basic-user", &[authenticated]),
        binding("system:discovery", &[authenticated]),
        binding(
            "system:public-info-viewer",
            &[authenticated, "system:unauthenticated"],
        ),
    ]
}

fn metadata(name: &str) -> Value {
    json!({
        "name": name,
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
        "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
    })
}

fn role(name: &str, rules: &Value) -> Value {
    json!({"metadata": metadata(name), "rules": rules})
}

fn aggregate_label(to: &str) -> String {
    format!("rbac.authorization.k8s.io/aggregate-to-{to}")
}

fn gathering(name: &str, into: Option<&str>) -> Value {
    let mut role = role(name, &json!([]));
    let mut selector = json!({"matchLabels": {}});
    selector["matchLabels"][aggregate_label(name)] = "true".into();
    role["aggregationRule"] = json!({"clusterRoleSelectors": [selector]});
    if let Some(into) = into {
        role["metadata"]["labels"][aggregate_label(into)] = "true".into();
    }
    role
}

fn part(of: &str, rules: &Value) -> Value {
    let mut role = role(&format!("system:aggregate-to-{of}"), rules);
    role["metadata"]["labels"][aggregate_label(of)] = "true".into();
    role
}

fn binding(role: &str, groups: &[&str]) -> Value {
    let subject = |group: &&str| json!({"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": group});
    json!({
        "metadata": metadata(role),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": groups.iter().map(subject).collect::<Vec<_>>(),
    })
}

fn paths(paths: &[&str]) -> Value {
    json!([{"verbs": ["get"], "nonResourceURLs": paths}])
}

fn rule(verbs: &[&str], groups: &[&str], resources: &[&str]) -> Value {
    json!({"verbs": verbs, "apiGroups": groups, "resources": resources})
}

fn basic_rules() -> Value {
    let create = &["create"];
    let reviews = ["selfsubjectaccessreviews", "selfsubjectrulesreviews"];
    json!([
        rule(create, &["authorization.k8s.io"], &reviews),
        rule(create, &["authentication.k8s.io"], &["selfsubjectreviews"]),
    ])
}

fn view_rules() -> Value {
    json!([
        rule(
            &READ,
            &[""],
            &[
                "bindings",
                "configmaps",
                "endpoints",
                "limitranges",
                "namespaces",
                "namespaces/status",
                "persistentvolumeclaims",
                "persistentvolumeclaims/status",
                "pods",
                "pods/log",
                "pods/status",
                "replicationcontrollers",
                "replicationcontrollers/scale",
                "replicationcontrollers/status",
                "resourcequotas",
                "resourcequotas/status",
                "serviceaccounts",
                "services",
                "services/status",
            ]
        ),
        rule(&READ, &["", "events.k8s.io"], &["events"]),
        rule(&READ, &["discovery.k8s.io"], &["endpointslices"]),
        rule(
            &READ,
            &["apps"],
            &[
                "controllerrevisions",
                "daemonsets",
                "daemonsets/status",
                "deployments",
                "deployments/scale",
                "deployments/status",
                "replicasets",
                "replicasets/scale",
                "replicasets/status",
                "statefulsets",
                "statefulsets/scale",
                "statefulsets/status",
            ]
        ),
        rule(
            &READ,
            &["autoscaling"],
            &[
                "horizontalpodautoscalers",
                "horizontalpodautoscalers/status",
            ]
        ),
        rule(
            &READ,
            &["batch"],
            &["cronjobs", "cronjobs/status", "jobs", "jobs/status"]
        ),
        rule(
            &READ,
            &["policy"],
            &["poddisruptionbudgets", "poddisruptionbudgets/status"]
        ),
        rule(
            &READ,
            &["networking.k8s.io"],
            &["ingresses", "ingresses/status", "networkpolicies",]
        ),
    ])
}

fn edit_rules() -> Value {
    json!([
        rule(
            &READ,
            &[""],
            &[
                "pods/attach",
                "pods/exec",
                "pods/portforward",
                "pods/proxy",
                "secrets",
                "services/proxy",
            ]
        ),
        rule(&["impersonate"], &[""], &["serviceaccounts"]),
        rule(
            &WRITE,
            &[""],
            &[
                "configmaps",
                "persistentvolumeclaims",
                "pods",
                "pods/attach",
                "pods/exec",
                "pods/portforward",
                "pods/proxy",
                "replicationcontrollers",
                "replicationcontrollers/scale",
                "secrets",
                "serviceaccounts",
                "services",
                "services/proxy",
            ]
        ),
        rule(
            &["create"],
            &[""],
            &["pods/eviction", "serviceaccounts/token"]
        ),
        rule(&WRITE, &["", "events.k8s.io"], &["events"]),
        rule(
            &WRITE,
            &["apps"],
            &[
                "daemonsets",
                "deployments",
                "deployments/rollback",
                "deployments/scale",
                "replicasets",
                "replicasets/scale",
                "statefulsets",
                "statefulsets/scale",
            ]
        ),
        rule(&WRITE, &["autoscaling"], &["horizontalpodautoscalers"]),
        rule(&WRITE, &["batch"], &["cronjobs", "jobs"]),
        rule(&WRITE, &["policy"], &["poddisruptionbudgets"]),
        rule(
            &WRITE,
            &["networking.k8s.io"],
            &["ingresses", "networkpolicies"]
        ),
        rule(&ALL, &["coordination.k8s.io"], &["leases"]),
    ])
}

fn admin_rules() -> Value {
    json!([
        rule(
            &["create"],
            &["authorization.k8s.io"],
            &["localsubjectaccessreviews"]
        ),
        rule(
            &ALL,
            &["rbac.authorization.k8s.io"],
            &["rolebindings", "roles"]
        ),
    ])
}
