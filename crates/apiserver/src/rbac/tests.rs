use serde_json::json;

use super::*;

fn arcs(objects: &[Value]) -> Vec<Arc<Value>> {
    objects.iter().cloned().map(Arc::new).collect()
}

/// A policy in the namespace `shop`: jane reads pods, the account `ci` edits deployments by a ClusterRole,
/// and operators look at the health of the server.
fn policy() -> Policy {
    let role = json!({
        "metadata": {"name": "reader", "namespace": "shop"},
        "rules": [
            {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods", "*/log"]},
            {"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a"]},
        ],
    });
    let cluster_role = json!({
        "metadata": {"name": "deployer"},
        "rules": [
            {"verbs": ["*"], "apiGroups": ["apps"], "resources": ["deployments"]},
            {"verbs": ["get"], "nonResourceURLs": ["/healthz", "/livez/*"]},
        ],
    });
    let binding = |name: &str, kind: &str, role: &str, subject: Value| {
        json!({
            "metadata": {"name": name, "namespace": "shop"},
            "roleRef": {"kind": kind, "name": role}, "subjects": [subject],
        })
    };
    let mut global = binding(
        "ops",
        "ClusterRole",
        "deployer",
        json!({"kind": "Group", "name": "ops"}),
    );
    global["metadata"] = json!({"name": "ops"});
    Policy {
        roles: arcs(&[role]),
        cluster_roles: arcs(&[cluster_role]),
        role_bindings: arcs(&[
            binding(
                "read",
                "Role",
                "reader",
                json!({"kind": "User", "name": "jane"}),
            ),
            binding(
                "ci",
                "ClusterRole",
                "deployer",
                json!({"kind": "ServiceAccount", "name": "ci"}),
            ),
            binding(
                "lost",
                "Role",
                "gone",
                json!({"kind": "User", "name": "joe"}),
            ),
        ]),
        cluster_role_bindings: arcs(&[global]),
    }
}

fn action<'a>(verb: &'a str, group: &'a str, resource: &'a str, name: &'a str) -> Action<'a> {
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    Action::Resource {
        verb,
        group,
        resource,
        subresource,
        namespace: "shop",
        name,
    }
}

#[test]
fn a_user_may_do_what_a_bound_role_says_and_nothing_else() {
    let jane = User::impersonated("jane", "", Vec::new());
    let cases = [
        (action("get", "", "pods", "x"), true),
        (action("list", "", "pods", ""), true),
        (action("get", "", "pods/log", "x"), true),
        (action("get", "", "pods/exec", "x"), false),
        (action("delete", "", "pods", "x"), false),
        (action("get", "", "secrets", "a"), true),
        (action("get", "", "secrets", "b"), false),
        (action("list", "", "secrets", ""), false),
        (action("get", "apps", "pods", "x"), false),
    ];
    for (action, allowed) in cases {
        assert_eq!(
            policy().decide(&jane, &action).allowed,
            allowed,
            "{action:?}"
        );
    }
}

#[test]
fn a_service_account_without_a_namespace_is_one_of_the_bindings() {
    let delete = action("delete", "apps", "deployments", "x");
    let ci = User::impersonated("system:serviceaccount:shop:ci", "", Vec::new());
    let decision = policy().decide(&ci, &delete);
    insta::assert_snapshot!(decision.reason, @r#"RBAC: allowed by RoleBinding "ci/shop" of ClusterRole "deployer" to ServiceAccount "ci/shop""#);
    let other = User::impersonated("system:serviceaccount:other:ci", "", Vec::new());
    assert!(!policy().decide(&other, &delete).allowed);
}

#[test]
fn a_group_may_reach_paths_by_prefix() {
    let ops = User::impersonated("joe", "", vec!["ops".to_owned()]);
    let may = |path| {
        let action = Action::Path { verb: "get", path };
        policy().decide(&ops, &action).allowed
    };
    assert!(may("/healthz") && may("/livez/etcd"));
    assert!(!may("/healthz/etcd") && !may("/metrics"));
}

#[test]
fn the_group_of_masters_may_do_everything() {
    let decision = decide(
        &Store::new(),
        "shop",
        &User::admin(),
        &action("delete", "x", "y", "z"),
    );
    assert!(decision.allowed);
}

#[test]
fn a_refusal_is_worded_as_kubernetes_does() {
    let joe = User::impersonated("joe", "", Vec::new());
    let refusal = |action: &Action<'_>| {
        let decision = policy().decide(&joe, action);
        forbidden(&joe, action, &decision).message
    };
    insta::assert_snapshot!(refusal(&action("list", "", "pods", "")), @r#"pods is forbidden: User "joe" cannot list resource "pods" in API group "" in the namespace "shop": RBAC: role.rbac.authorization.k8s.io "gone" not found"#);
    let plain = User::impersonated("ann", "", Vec::new());
    let get = Action::Resource {
        verb: "get",
        group: "apps",
        resource: "deployments",
        subresource: "scale",
        namespace: "",
        name: "web",
    };
    let message = forbidden(&plain, &get, &Decision::default()).message;
    insta::assert_snapshot!(message, @r#"deployments.apps "web" is forbidden: User "ann" cannot get resource "deployments/scale" in API group "apps" at the cluster scope"#);
    let path = Action::Path {
        verb: "get",
        path: "/metrics",
    };
    let message = forbidden(&plain, &path, &Decision::default()).message;
    insta::assert_snapshot!(message, @r#"forbidden: User "ann" cannot get path "/metrics""#);
}

#[test]
fn view_gathers_the_rules_of_the_roles_that_name_it() {
    let roles = arcs(&default_roles());
    let view = roles
        .iter()
        .find(|role| fields::name(role) == "view")
        .unwrap();
    let rules = aggregated(view, &roles).unwrap();
    let reads = |resource: &str| {
        let action = action("list", "", resource, "");
        rules.iter().any(|rule| rules::allows(rule, &action))
    };
    assert!(reads("pods") && reads("configmaps"));
    assert!(!reads("secrets"), "view must not show secrets");
}

#[test]
fn an_impersonated_service_account_has_the_groups_of_its_kind() {
    let account = User::impersonated("system:serviceaccount:shop:ci", "", Vec::new());
    let groups = [
        "system:serviceaccounts",
        "system:serviceaccounts:shop",
        "system:authenticated",
    ];
    assert_eq!(account.groups, groups);
}
