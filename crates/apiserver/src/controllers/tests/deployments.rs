//! Deployments: rollouts, failures, history.

use super::*;

#[test]
fn a_deployment_comes_to_rest_with_all_pods_ready() {
    let mut cluster = Cluster::new();
    cluster.create(&workload("Deployment", json!({"replicas": 3})));
    assert_eq!(cluster.pods(), ["Running", "Running", "Running"]);
    let deployment = cluster.get("Deployment", "web");
    assert_eq!(
        annotation(&deployment, "deployment.kubernetes.io/revision"),
        Some("1")
    );
    insta::assert_snapshot!(serde_json::to_string_pretty(&deployment["status"]).unwrap(), @r#"
    {
      "availableReplicas": 3,
      "conditions": [
        {
          "lastTransitionTime": "2026-01-01T00:00:00Z",
          "lastUpdateTime": "2026-01-01T00:00:00Z",
          "message": "Deployment has minimum availability.",
          "reason": "MinimumReplicasAvailable",
          "status": "True",
          "type": "Available"
        },
        {
          "lastTransitionTime": "2026-01-01T00:00:00Z",
          "lastUpdateTime": "2026-01-01T00:00:00Z",
          "message": "ReplicaSet \"web-c8664f88d\" has successfully progressed.",
          "reason": "NewReplicaSetAvailable",
          "status": "True",
          "type": "Progressing"
        }
      ],
      "observedGeneration": 1,
      "readyReplicas": 3,
      "replicas": 3,
      "terminatingReplicas": 0,
      "updatedReplicas": 3
    }
    "#);
}

#[test]
fn a_new_template_replaces_the_pods_and_keeps_the_old_set() {
    let mut cluster = Cluster::new();
    cluster.create(&workload("Deployment", json!({"replicas": 3})));
    let image = "/spec/template/spec/containers/0/image";
    cluster.change("Deployment", "web", image, &json!("web:2"));
    let sizes = |cluster: &Cluster| {
        let mut sizes: Vec<(String, i64)> = cluster
            .list("ReplicaSet")
            .iter()
            .map(|set| (text(set, image).to_owned(), integer(set, "/spec/replicas")))
            .collect();
        sizes.sort();
        sizes
    };
    let pair = |image: &str, size| (image.to_owned(), size);
    assert_eq!(sizes(&cluster), [pair("web:1", 0), pair("web:2", 3)]);
    cluster.change("Deployment", "web", image, &json!("web:1"));
    assert_eq!(sizes(&cluster), [pair("web:1", 3), pair("web:2", 0)]);
    let deployment = cluster.get("Deployment", "web");
    let revision = annotation(&deployment, "deployment.kubernetes.io/revision");
    assert_eq!(
        revision,
        Some("3"),
        "going back is a new revision of the old set"
    );
}

#[test]
fn a_pod_that_is_deleted_is_replaced() {
    let mut cluster = Cluster::new();
    cluster.create(&workload("Deployment", json!({"replicas": 2})));
    let gone = cluster.list("Pod")[0].clone();
    cluster.delete("Pod", fields::name(&gone));
    assert_eq!(cluster.pods(), ["Running", "Running"]);
    let pods = cluster.list("Pod");
    assert!(
        pods.iter()
            .all(|pod| fields::name(pod) != fields::name(&gone))
    );
}

#[test]
fn a_deployment_that_comes_back_adopts_what_it_left_behind() {
    let mut cluster = Cluster::new();
    cluster.create(&workload("Deployment", json!({"replicas": 2})));
    let set = fields::name(&cluster.list("ReplicaSet")[0]).to_owned();
    cluster.delete("Deployment", "web");
    cluster.change("ReplicaSet", &set, "/metadata/ownerReferences", &json!([]));
    cluster.create(&workload("Deployment", json!({"replicas": 3})));
    let sets = cluster.list("ReplicaSet");
    assert_eq!(sets.len(), 1);
    assert_eq!(
        text(&sets[0], "/metadata/ownerReferences/0/kind"),
        "Deployment"
    );
    assert_eq!(cluster.pods().len(), 3);
}

#[test]
fn a_deployment_waits_until_the_set_of_its_predecessor_is_gone() {
    let mut cluster = Cluster::new();
    cluster.create(&workload("Deployment", json!({})));
    let set = fields::name(&cluster.list("ReplicaSet")[0]).to_owned();
    cluster.delete("Deployment", "web");
    cluster.create(&workload("Deployment", json!({})));
    cluster.delete("ReplicaSet", &set);
    assert_eq!(cluster.list("ReplicaSet").len(), 1);
    let deployment = cluster.get("Deployment", "web");
    assert_eq!(integer(&deployment, "/status/readyReplicas"), 1);
}

#[test]
fn old_replica_sets_are_kept_up_to_the_history_limit() {
    let mut cluster = Cluster::new();
    cluster.create(&workload("Deployment", json!({"revisionHistoryLimit": 1})));
    for image in ["web:2", "web:3", "web:4"] {
        let pointer = "/spec/template/spec/containers/0/image";
        cluster.change("Deployment", "web", pointer, &json!(image));
    }
    assert_eq!(cluster.list("ReplicaSet").len(), 2);
}

#[test]
fn a_failed_pull_keeps_the_old_pods_and_runs_into_the_deadline() {
    let mut cluster = Cluster::new();
    cluster.create(&workload(
        "Deployment",
        json!({"replicas": 2, "progressDeadlineSeconds": 60}),
    ));
    let mut broken = template("web:2");
    broken["metadata"]["annotations"] = json!({"windlass.dev/fail": "ImagePullBackOff"});
    cluster.change("Deployment", "web", "/spec/template", &broken);
    let mut pods = cluster.pods();
    pods.sort();
    assert_eq!(pods, ["ImagePullBackOff", "Running", "Running"]);
    assert_eq!(
        condition(&cluster.get("Deployment", "web"), "Progressing"),
        Some("True")
    );
    cluster.advance(61);
    let deployment = cluster.get("Deployment", "web");
    assert_eq!(condition(&deployment, "Progressing"), Some("False"));
    assert_eq!(condition(&deployment, "Available"), Some("True"));
    insta::assert_snapshot!(cluster.events("Warning").join("\n"), @r#"
    Failed Pod: Error: ErrImagePull (1)
    Failed Pod: Error: ImagePullBackOff (1)
    Failed Pod: Failed to pull image "web:2": rpc error: code = NotFound desc = failed to pull and unpack image "web:2": failed to resolve reference "web:2": web:2: not found (1)
    "#);
    cluster.change("Deployment", "web", "/spec/template", &template("web:3"));
    assert_eq!(cluster.pods(), ["Running", "Running"]);
}

#[test]
fn the_switch_on_a_workload_can_be_thrown_and_thrown_back() {
    let mut cluster = Cluster::new();
    cluster.create(&workload("Deployment", json!({})));
    let annotations = "/metadata/annotations";
    let crash = json!({"windlass.dev/fail": "CrashLoopBackOff"});
    cluster.change("Deployment", "web", annotations, &crash);
    assert_eq!(cluster.pods(), ["CrashLoopBackOff"]);
    assert_eq!(
        condition(&cluster.get("Deployment", "web"), "Available"),
        Some("False")
    );
    cluster.change("Deployment", "web", annotations, &json!({}));
    assert_eq!(cluster.pods(), ["Running"]);
}

#[test]
fn a_pod_becomes_ready_after_the_time_it_asks_for() {
    let mut cluster = Cluster::new();
    let mut deployment = workload("Deployment", json!({}));
    deployment["metadata"]["annotations"] = json!({"windlass.dev/ready-after": "5s"});
    cluster.create(&deployment);
    assert_eq!(
        integer(&cluster.get("Deployment", "web"), "/status/readyReplicas"),
        0
    );
    cluster.advance(5);
    assert_eq!(
        integer(&cluster.get("Deployment", "web"), "/status/readyReplicas"),
        1
    );
}

#[test]
fn a_deployment_that_was_created_failing_recovers_when_the_switch_goes() {
    let mut cluster = Cluster::new();
    cluster.create(&failing("Deployment", "ImagePullBackOff"));
    assert_eq!(cluster.pods(), ["ImagePullBackOff"]);
    cluster.change("Deployment", "web", "/metadata/annotations", &json!({}));
    assert_eq!(cluster.pods(), ["Running"]);
}
