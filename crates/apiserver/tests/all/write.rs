//! Writing: create, change, scale, label, patch, delete, wait.

use std::time::{Duration, Instant};

use super::kubectl::Cluster;
use super::read::WEB;

#[test]
fn create_makes_objects_once() {
    let cluster = Cluster::start();
    let made = cluster.ok("create configmap settings --from-literal=color=blue");
    assert_eq!(made, "configmap/settings created\n");
    let again = cluster.run("create configmap settings");
    assert_eq!(again.code, 1);
    let expected = "error: failed to create configmap: configmaps \"settings\" already exists\n";
    assert_eq!(again.err, expected);
    cluster.ok("create deployment api --image=registry.example/api:1 --replicas=2");
    cluster.ok("rollout status deployment/api --timeout=30s");
    cluster.ok("create namespace shop");
    cluster.ok("create secret generic database --from-literal=password=x -n shop");
    assert_eq!(cluster.field("ns/shop", ".status.phase"), "Active");
}

#[test]
fn a_dry_run_on_the_server_changes_nothing() {
    let cluster = Cluster::start();
    let said = cluster.ok("create configmap ghost --dry-run=server");
    assert_eq!(said, "configmap/ghost created (server dry run)\n");
    assert_eq!(cluster.run("get configmap ghost").code, 1);
}

#[test]
fn scale_changes_the_number_of_pods() {
    let cluster = Cluster::start();
    cluster.apply(WEB);
    assert_eq!(
        cluster.ok("scale deployment/web --replicas=4"),
        "deployment.apps/web scaled\n"
    );
    cluster.wait_for("deployment/web", ".status.readyReplicas", "4");
    cluster.ok("scale deployment/web --replicas=0");
    cluster.ok("wait --for=delete pod -l app=web --timeout=30s");
    assert_eq!(cluster.ok("get pods -o name"), "");
}

#[test]
fn labels_and_annotations_are_set_and_removed() {
    let cluster = Cluster::start();
    cluster.apply(WEB);
    cluster.ok("label service web team=shop");
    cluster.ok("annotate service web note=hello");
    assert_eq!(
        cluster.field("service/web", ".metadata.labels.team"),
        "shop"
    );
    assert_eq!(
        cluster.field("service/web", ".metadata.annotations.note"),
        "hello"
    );
    let refused = cluster.run("label service web team=other").failed();
    assert!(
        refused.contains("'team' already has a value (shop)"),
        "{refused}"
    );
    cluster.ok("label service web team-");
    assert_eq!(cluster.field("service/web", ".metadata.labels.team"), "");
}

#[test]
fn patches_of_all_three_kinds_are_applied() {
    let cluster = Cluster::start();
    cluster.apply(WEB);
    let patch = |kind: &str, patch: &str| {
        cluster.ok_with(&["patch", "deployment", "web", "--type", kind, "-p", patch])
    };
    let containers = r#"{"spec":{"template":{"spec":{"containers":[{"name":"app","image":"registry.example/web:7"}]}}}}"#;
    patch("strategic", containers);
    let port = ".spec.template.spec.containers[0].ports[0].containerPort";
    assert_eq!(
        cluster.field("deployment/web", port),
        "8080",
        "merged by name"
    );
    patch(
        "merge",
        r#"{"metadata":{"labels":{"app":null,"tier":"web"}}}"#,
    );
    assert_eq!(
        cluster.field("deployment/web", ".metadata.labels"),
        r#"{"tier":"web"}"#
    );
    patch(
        "json",
        r#"[{"op":"replace","path":"/spec/replicas","value":3}]"#,
    );
    assert_eq!(cluster.field("deployment/web", ".spec.replicas"), "3");
    let test = r#"[{"op":"test","path":"/spec/replicas","value":9}]"#;
    let refused = cluster.run_with(&["patch", "deployment", "web", "--type=json", "-p", test]);
    assert_eq!(refused.code, 1);
}

#[test]
fn what_is_deleted_goes_with_all_that_belongs_to_it() {
    let cluster = Cluster::start();
    cluster.apply(WEB);
    cluster.ok("rollout status deployment/web --timeout=30s");
    cluster.ok("delete deployment web --timeout=30s");
    cluster.ok("wait --for=delete pod -l app=web --timeout=30s");
    assert_eq!(cluster.ok("get replicasets,pods -o name"), "");
    cluster.ok("delete service web");
    assert_eq!(cluster.run("get service web").code, 1);
}

#[test]
fn a_namespace_takes_its_content_with_it() {
    let cluster = Cluster::start();
    cluster.ok("create namespace shop");
    cluster.ok("create deployment api --image=api -n shop");
    cluster.ok("delete namespace shop --timeout=30s");
    assert_eq!(
        cluster.ok("get deployments,pods,configmaps -n shop -o name"),
        ""
    );
    let refused = cluster.run("create configmap late -n shop").failed();
    assert!(
        refused.contains("namespaces \"shop\" not found"),
        "{refused}"
    );
}

#[test]
fn what_every_namespace_has_comes_back() {
    let cluster = Cluster::start();
    let uid = |object: &str| cluster.field(object, ".metadata.uid");
    let account = uid("sa/default");
    cluster.ok("delete sa/default cm/kube-root-ca.crt");
    cluster.ok("wait --for=create sa/default cm/kube-root-ca.crt --timeout=30s");
    assert_ne!(uid("sa/default"), account);
    let certificate = cluster.field("cm/kube-root-ca.crt", ".data");
    cluster.ok("patch cm kube-root-ca.crt --type=merge -p {\"data\":{\"ca.crt\":\"x\"}}");
    let end = Instant::now() + Duration::from_secs(30);
    while cluster.field("cm/kube-root-ca.crt", ".data") != certificate {
        assert!(Instant::now() < end, "the certificate is not restored");
    }
}

#[test]
fn wait_sees_conditions_and_times_out() {
    let cluster = Cluster::start();
    cluster.apply(WEB);
    let met = cluster.ok("wait deployment/web --for=condition=Available --timeout=30s");
    assert_eq!(met, "deployment.apps/web condition met\n");
    let late = cluster
        .run("wait deployment/web --for=condition=Never --timeout=1s")
        .failed();
    assert!(
        late.contains("timed out waiting for the condition on deployments/web"),
        "{late}"
    );
}

#[test]
fn jobs_complete_and_stateful_sets_roll_out() {
    let cluster = Cluster::start();
    cluster.apply(
        "
apiVersion: batch/v1
kind: Job
metadata: {name: migrate}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: migrate, image: registry.example/migrate:1}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store}
spec:
  serviceName: store
  replicas: 2
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec: {containers: [{name: store, image: registry.example/store:1}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: agent, image: registry.example/agent:1}]}
",
    );
    cluster.ok("wait job/migrate --for=condition=Complete --timeout=30s");
    cluster.ok("rollout status statefulset/store --timeout=30s");
    cluster.ok("rollout status daemonset/agent --timeout=30s");
    let claims = cluster.ok("get pvc --no-headers -o custom-columns=:metadata.name,:status.phase");
    assert_eq!(claims, "data-store-0   Bound\ndata-store-1   Bound\n");
}

#[test]
fn a_restart_keeps_everything_and_writes_nothing() {
    let mut cluster = Cluster::start();
    cluster.restart();
    cluster.apply(WEB);
    cluster.ok("rollout status deployment/web --timeout=30s");
    cluster.wait_for("endpoints/web", ".subsets[0].ports[0].port", "8080");
    let state = |cluster: &Cluster| cluster.ok("get all -A -o yaml --show-managed-fields");
    let before = state(&cluster);
    cluster.restart();
    assert_eq!(state(&cluster), before);
    cluster.ok("scale deployment/web --replicas=3");
    cluster.wait_for("deployment/web", ".status.readyReplicas", "3");
}
