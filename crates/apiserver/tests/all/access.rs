//! Who may do what.

use super::kubectl::{Cluster, normal};

fn cluster() -> Cluster {
    let cluster = Cluster::start();
    cluster.ok("create namespace shop");
    cluster.ok("create role reader --verb=get,list --resource=pods -n shop");
    cluster.ok("create rolebinding jane --role=reader --user=jane -n shop");
    cluster.ok("create clusterrolebinding eve --clusterrole=view --user=eve");
    cluster
}

#[test]
fn can_i_answers_for_the_administrator_and_for_others() {
    let cluster = cluster();
    assert_eq!(cluster.ok("auth can-i delete namespaces"), "yes\n");
    assert_eq!(
        cluster.ok("auth can-i list pods -n shop --as=jane"),
        "yes\n"
    );
    let no = cluster.run("auth can-i delete pods -n shop --as=jane");
    assert_eq!((no.code, no.out.as_str()), (1, "no\n"));
    assert_eq!(
        cluster
            .run("auth can-i list pods -n default --as=jane")
            .code,
        1
    );
}

#[test]
fn view_shows_what_its_parts_show_and_no_secrets() {
    let cluster = cluster();
    assert_eq!(
        cluster.ok("auth can-i list deployments.apps -A --as=eve"),
        "yes\n"
    );
    assert_eq!(cluster.run("auth can-i get secrets --as=eve").out, "no\n");
    cluster.ok("get deployments --as=eve");
}

#[test]
fn a_request_without_the_right_is_refused() {
    let cluster = cluster();
    cluster.ok("get pods -n shop --as=jane");
    let refused = cluster.run("get pods --as=jane").failed();
    insta::assert_snapshot!(refused.trim_end(), @r#"Error from server (Forbidden): pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default""#);
    let refused = cluster.run("delete pod x -n shop --as=jane").failed();
    insta::assert_snapshot!(refused.trim_end(), @r#"Error from server (Forbidden): pods "x" is forbidden: User "jane" cannot delete resource "pods" in API group "" in the namespace "shop""#);
}

#[test]
fn a_service_account_has_the_rights_of_its_binding() {
    let cluster = cluster();
    cluster.ok("create rolebinding ci --clusterrole=edit --serviceaccount=shop:ci -n shop");
    let account = "--as=system:serviceaccount:shop:ci";
    cluster.ok(&format!("create configmap made -n shop {account}"));
    let refused = cluster.run(&format!("create configmap made -n default {account}"));
    assert_eq!(refused.code, 1);
}

#[test]
fn whoami_and_the_list_of_rights_tell_about_oneself() {
    let cluster = cluster();
    insta::assert_snapshot!(normal(&cluster.ok("auth whoami")), @"
    ATTRIBUTE  VALUE
    Username  windlass-admin
    Groups  [system:masters system:authenticated]
    ");
    insta::assert_snapshot!(normal(&cluster.ok("auth can-i --list -n shop --as=jane")), @"
    Resources  Non-Resource URLs  Resource Names  Verbs
    selfsubjectreviews.authentication.k8s.io  []  []  [create]
    selfsubjectaccessreviews.authorization.k8s.io  []  []  [create]
    selfsubjectrulesreviews.authorization.k8s.io  []  []  [create]
    pods  []  []  [get list]
      [/api/*]  []  [get]
      [/api]  []  [get]
      [/apis/*]  []  [get]
      [/apis]  []  [get]
      [/healthz]  []  [get]
      [/healthz]  []  [get]
      [/livez]  []  [get]
      [/livez]  []  [get]
      [/openapi/*]  []  [get]
      [/openapi]  []  [get]
      [/readyz]  []  [get]
      [/readyz]  []  [get]
      [/version/]  []  [get]
      [/version/]  []  [get]
      [/version]  []  [get]
      [/version]  []  [get]
    ");
}

#[test]
fn access_reviews_are_answered_for_anybody() {
    let cluster = cluster();
    let review = |kind: &str, namespace: &str, verb: &str| {
        let manifest = format!(
            "
apiVersion: authorization.k8s.io/v1
kind: {kind}
metadata: {{{namespace}}}
spec:
  user: jane
  resourceAttributes: {{namespace: shop, verb: {verb}, resource: pods}}
"
        );
        cluster.file("review.yaml", &manifest);
        cluster.ok_with(&["create", "-f", "review.yaml", "-o", "jsonpath={.status}"])
    };
    let allowed = r#"{"allowed":true,"reason":"RBAC: allowed by RoleBinding \"jane/shop\" of Role \"reader\" to User \"jane\""}"#;
    assert_eq!(review("SubjectAccessReview", "", "get"), allowed);
    assert_eq!(
        review("LocalSubjectAccessReview", "namespace: shop", "get"),
        allowed
    );
    assert_eq!(
        review("SubjectAccessReview", "", "delete"),
        r#"{"allowed":false}"#
    );
    let masters = "--as=joe --as-group=system:masters";
    assert_eq!(
        cluster.ok(&format!("auth can-i delete nodes {masters}")),
        "yes\n"
    );
}
