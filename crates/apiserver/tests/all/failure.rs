//! What fails on purpose or by mistake, and how that looks.

use super::kubectl::{Cluster, normal};
use super::read::WEB;

#[test]
fn an_image_that_cannot_be_pulled_shows_in_get_describe_and_rollout() {
    let cluster = Cluster::start();
    let annotated =
        "metadata: {labels: {app: web}, annotations: {windlass.dev/fail: ImagePullBackOff}}";
    let broken = WEB
        .replacen("metadata: {labels: {app: web}}", annotated, 1)
        .replace("replicas: 2", "replicas: 1\n  progressDeadlineSeconds: 2");
    cluster.apply(&broken);
    cluster.wait_for("deployment/web", ".status.replicas", "1");
    insta::assert_snapshot!(normal(&cluster.ok("get pods")), @"
    NAME  READY  STATUS  RESTARTS  AGE
    web-HASH-ENDING  0/1  ImagePullBackOff  0  AGE
    ");
    let described = cluster.ok("describe pods");
    assert!(
        described.contains("Failed to pull image \"registry.example/web:1\""),
        "{described}"
    );
    let rollout = cluster.run("rollout status deployment/web --timeout=30s");
    assert_eq!(rollout.code, 1);
    insta::assert_snapshot!(rollout.err.trim_end(), @r#"error: deployment "web" exceeded its progress deadline"#);
}

#[test]
fn a_missing_secret_holds_the_pod_until_it_is_there() {
    let cluster = Cluster::start();
    let wanting = WEB.replace(
        "image: registry",
        "envFrom: [{secretRef: {name: database}}]\n        image: registry",
    );
    cluster.apply(&wanting);
    cluster.wait_for("deployment/web", ".status.replicas", "2");
    insta::assert_snapshot!(normal(&cluster.ok("get pods")), @"
    NAME  READY  STATUS  RESTARTS  AGE
    web-HASH-ENDING  0/1  CreateContainerConfigError  0  AGE
    web-HASH-ENDING  0/1  CreateContainerConfigError  0  AGE
    ");
    let events = cluster.ok("get events --field-selector=type=Warning");
    assert!(
        events.contains("Error: secret \"database\" not found"),
        "{events}"
    );
    cluster.ok("create secret generic database --from-literal=URL=x");
    cluster.ok("rollout status deployment/web --timeout=30s");
}

#[test]
fn a_job_that_fails_says_why() {
    let cluster = Cluster::start();
    cluster.apply(
        "
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, annotations: {windlass.dev/fail: BackoffLimitExceeded}}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{name: migrate, image: registry.example/migrate:1}]
",
    );
    cluster.ok("wait job/migrate --for=condition=Failed --timeout=30s");
    insta::assert_snapshot!(normal(&cluster.ok("get jobs")), @"
    NAME  STATUS  COMPLETIONS  DURATION  AGE
    migrate  Failed  0/1  AGE  AGE
    ");
    let events = cluster.ok("get events --field-selector=involvedObject.name=migrate");
    assert!(
        events.contains("Job has reached the specified backoff limit"),
        "{events}"
    );
}
