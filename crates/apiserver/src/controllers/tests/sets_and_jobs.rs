//! StatefulSets, DaemonSets and Jobs.

use super::*;

#[test]
fn a_stateful_set_starts_its_pods_in_order_with_claims_of_their_own() {
    let mut cluster = Cluster::new();
    let claim = json!({"metadata": {"name": "data"}, "spec": {
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
    }});
    let mut set = workload(
        "StatefulSet",
        json!({"replicas": 2, "serviceName": "web", "volumeClaimTemplates": [claim]}),
    );
    set["spec"]["template"]["metadata"]["annotations"] = json!({"windlass.dev/ready-after": "3s"});
    cluster.create(&set);
    assert_eq!(
        cluster.list("Pod").len(),
        1,
        "the second waits for the first"
    );
    cluster.advance(3);
    cluster.advance(3);
    let claims = cluster.list("PersistentVolumeClaim");
    let claims: Vec<_> = claims
        .iter()
        .map(|it| (fields::name(it), text(it, "/status/phase")))
        .collect();
    assert_eq!(claims, [("data-web-0", "Bound"), ("data-web-1", "Bound")]);
    let status = &cluster.get("StatefulSet", "web")["status"];
    assert_eq!(status["readyReplicas"], 2);
    assert_eq!(status["currentRevision"], status["updateRevision"]);
    cluster.change("StatefulSet", "web", "/spec/replicas", &json!(1));
    assert_eq!(cluster.list("Pod").len(), 1);
}

#[test]
fn a_stateful_set_replaces_its_pods_when_the_template_changes() {
    let mut cluster = Cluster::new();
    cluster.create(&workload(
        "StatefulSet",
        json!({"replicas": 2, "serviceName": "web"}),
    ));
    let image = "/spec/template/spec/containers/0/image";
    cluster.change("StatefulSet", "web", image, &json!("web:2"));
    let pods = cluster.list("Pod");
    assert!(
        pods.iter()
            .all(|pod| text(pod, "/spec/containers/0/image") == "web:2")
    );
    let set = cluster.get("StatefulSet", "web");
    assert_eq!(integer(&set, "/status/updatedReplicas"), 2);
    assert_eq!(
        text(&set, "/status/currentRevision"),
        text(&set, "/status/updateRevision")
    );
    assert_eq!(cluster.list("ControllerRevision").len(), 2);
}

#[test]
fn a_daemon_set_has_one_pod_of_the_present_template() {
    let mut cluster = Cluster::new();
    cluster.create(&workload("DaemonSet", json!({})));
    let image = "/spec/template/spec/containers/0/image";
    cluster.change("DaemonSet", "web", image, &json!("web:2"));
    let pods = cluster.list("Pod");
    assert_eq!(pods.len(), 1);
    assert_eq!(text(&pods[0], "/spec/containers/0/image"), "web:2");
    let set = cluster.get("DaemonSet", "web");
    assert_eq!(integer(&set, "/status/numberReady"), 1);
    assert_eq!(integer(&set, "/status/updatedNumberScheduled"), 1);
}

fn job(spec: Value) -> Value {
    let mut job = workload("Job", spec);
    job["spec"]["template"]["spec"]["restartPolicy"] = json!("Never");
    job
}

#[test]
fn a_job_completes_and_goes_when_its_time_is_over() {
    let mut cluster = Cluster::new();
    cluster.create(&job(json!({
        "completions": 3, "parallelism": 2, "ttlSecondsAfterFinished": 10,
    })));
    assert_eq!(cluster.pods(), ["Succeeded", "Succeeded", "Succeeded"]);
    let complete = cluster.get("Job", "web");
    assert_eq!(condition(&complete, "Complete"), Some("True"));
    assert_eq!(integer(&complete, "/status/succeeded"), 3);
    cluster.advance(11);
    assert!(cluster.list("Job").is_empty());
}

#[test]
fn a_queue_of_work_is_done_when_all_its_pods_have_ended() {
    let mut cluster = Cluster::new();
    cluster.create(&job(json!({"parallelism": 3})));
    assert_eq!(cluster.pods(), ["Succeeded", "Succeeded", "Succeeded"]);
    let complete = cluster.get("Job", "web");
    assert_eq!(condition(&complete, "Complete"), Some("True"));
    assert_eq!(integer(&complete, "/status/succeeded"), 3);
}

#[test]
fn a_suspended_job_has_no_pods_until_it_goes_on() {
    let mut cluster = Cluster::new();
    cluster.create(&job(json!({"suspend": true})));
    assert!(cluster.pods().is_empty());
    assert_eq!(
        condition(&cluster.get("Job", "web"), "Suspended"),
        Some("True")
    );
    cluster.change("Job", "web", "/spec/suspend", &json!(false));
    assert_eq!(cluster.pods(), ["Succeeded"]);
}

#[test]
fn a_job_fails_when_its_pods_do() {
    let mut cluster = Cluster::new();
    let mut failing = job(json!({"backoffLimit": 1}));
    failing["metadata"]["annotations"] = json!({"windlass.dev/fail": "BackoffLimitExceeded"});
    cluster.create(&failing);
    assert_eq!(cluster.pods(), ["Failed", "Failed"]);
    let conditions = &cluster.get("Job", "web")["status"]["conditions"];
    assert_eq!(conditions[1]["reason"], "BackoffLimitExceeded");
}

#[test]
fn a_job_that_hangs_fails_at_its_deadline() {
    let mut cluster = Cluster::new();
    let mut hanging = job(json!({"activeDeadlineSeconds": 30}));
    hanging["metadata"]["annotations"] = json!({"windlass.dev/fail": "ImagePullBackOff"});
    cluster.create(&hanging);
    cluster.advance(31);
    let conditions = &cluster.get("Job", "web")["status"]["conditions"];
    assert_eq!(conditions[1]["reason"], "DeadlineExceeded");
    assert!(cluster.pods().is_empty());
}
