//! What is said of objects in the states that clusters bring them into.

use proptest::prelude::*;
use serde_json::{Value, json};
use windlass_health::{Health, Status, assess};

fn object(api_version: &str, kind: &str, spec: &Value, status: &Value) -> Value {
    json!({
        "apiVersion": api_version, "kind": kind,
        "metadata": {"name": "web", "namespace": "shop", "generation": 2},
        "spec": spec, "status": status,
    })
}

fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({"type": kind, "status": status, "reason": reason, "message": message})
}

/// Says one line for each status: what is read by the person on call.
fn said(api_version: &str, kind: &str, cases: &[(Value, Value)]) -> String {
    let line = |(spec, status): &(Value, Value)| {
        assess(&object(api_version, kind, spec, status)).to_string()
    };
    cases.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_deployment_says_which_step_of_its_rollout_it_is_at() {
    let spec = json!({"replicas": 3, "progressDeadlineSeconds": 600});
    let progress =
        |reason: &str, status: &str| json!([condition("Progressing", status, reason, "")]);
    let done = json!([
        condition("Progressing", "True", "NewReplicaSetAvailable", ""),
        condition(
            "Available",
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability."
        ),
    ]);
    let counts = |replicas: u8, updated: u8, ready: u8, available: u8, conditions: &Value| {
        let status = json!({"observedGeneration": 2, "replicas": replicas, "updatedReplicas": updated,
            "readyReplicas": ready, "availableReplicas": available, "conditions": conditions});
        (spec.clone(), status)
    };
    let said = said(
        "apps/v1",
        "Deployment",
        &[
            (spec.clone(), json!({})),
            (spec.clone(), json!({"observedGeneration": 1})),
            counts(3, 1, 3, 3, &json!([])),
            counts(4, 3, 3, 3, &json!([])),
            counts(3, 3, 1, 1, &json!([])),
            counts(3, 3, 3, 2, &json!([])),
            counts(3, 3, 3, 3, &progress("ReplicaSetUpdated", "True")),
            counts(3, 3, 3, 3, &done),
            counts(3, 3, 3, 3, &progress("NewReplicaSetAvailable", "True")),
            counts(4, 1, 3, 3, &progress("ProgressDeadlineExceeded", "False")),
        ],
    );
    insta::assert_snapshot!(said, @r"
    InProgress: 0 of 3 replicas created
    InProgress: its controller has not seen generation 2 yet
    InProgress: 1 of 3 replicas updated
    InProgress: 1 of 4 replicas still to end
    InProgress: 1 of 3 replicas ready
    InProgress: 2 of 3 replicas available
    InProgress: the new replica set is not complete
    InProgress: Deployment does not have minimum availability.
    Current: 3 of 3 replicas ready
    Failed: no progress for 600 s: 1 of 3 updated replicas ready
    ");
}

#[test]
fn a_stateful_set_waits_for_the_pods_above_its_partition_only() {
    let spec = |partition: u8| json!({"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": partition}}});
    let status = |replicas: u8, ready: u8, updated: u8| json!({"replicas": replicas, "readyReplicas": ready, "updatedReplicas": updated});
    let plain = json!({"replicas": 1});
    let said = said(
        "apps/v1",
        "StatefulSet",
        &[
            (spec(0), status(1, 1, 1)),
            (spec(0), status(3, 2, 3)),
            (spec(0), status(3, 3, 2)),
            (spec(2), status(3, 3, 1)),
            (
                plain.clone(),
                json!({"replicas": 1, "readyReplicas": 1, "currentReplicas": 1, "currentRevision": "a", "updateRevision": "b"}),
            ),
            (
                plain,
                json!({"replicas": 1, "readyReplicas": 1, "currentReplicas": 1, "currentRevision": "b", "updateRevision": "b"}),
            ),
            (json!({"updateStrategy": {"type": "OnDelete"}}), json!({})),
        ],
    );
    insta::assert_snapshot!(said, @r"
    InProgress: 1 of 3 replicas created
    InProgress: 2 of 3 replicas ready
    InProgress: 2 of 3 replicas updated
    Current: 3 of 3 replicas ready
    InProgress: the update is not complete
    Current: 1 of 1 replicas ready
    Current: updated when its pods are deleted
    ");
}

#[test]
fn daemon_sets_and_replica_sets_count_their_pods() {
    let status = |current: u8, updated: u8, ready: u8, available: u8| {
        let status = json!({"observedGeneration": 2, "desiredNumberScheduled": 2, "currentNumberScheduled": current,
            "updatedNumberScheduled": updated, "numberReady": ready, "numberAvailable": available});
        (json!({}), status)
    };
    let daemons = said(
        "apps/v1",
        "DaemonSet",
        &[
            (json!({}), json!({})),
            (json!({}), json!({"observedGeneration": 2})),
            status(1, 0, 0, 0),
            status(2, 1, 2, 2),
            status(2, 2, 0, 0),
            status(2, 2, 2, 1),
            status(2, 2, 2, 2),
        ],
    );
    insta::assert_snapshot!(daemons, @r"
    InProgress: not yet seen by its controller
    InProgress: not yet seen by its controller
    InProgress: 1 of 2 pods scheduled
    InProgress: 1 of 2 pods updated
    InProgress: 0 of 2 pods ready
    InProgress: 1 of 2 pods available
    Current: 2 of 2 pods ready
    ");
    let status = |labelled: u8, ready: u8| {
        (
            json!({}),
            json!({"replicas": 1, "fullyLabeledReplicas": labelled, "readyReplicas": ready, "availableReplicas": ready}),
        )
    };
    let failure = json!({"conditions": [condition("ReplicaFailure", "True", "FailedCreate", "exceeded quota: small")]});
    let sets = said(
        "apps/v1",
        "ReplicaSet",
        &[
            (json!({}), failure),
            status(0, 0),
            status(1, 0),
            status(1, 1),
        ],
    );
    insta::assert_snapshot!(sets, @r"
    InProgress: exceeded quota: small
    InProgress: 0 of 1 replicas created
    InProgress: 0 of 1 replicas ready
    Current: 1 of 1 replicas ready
    ");
}

#[test]
fn a_job_is_in_progress_until_it_completes_or_fails() {
    let said = said(
        "batch/v1",
        "Job",
        &[
            (json!({}), json!({})),
            (
                json!({"completions": 2}),
                json!({"startTime": "2026-11-22T10:00:00Z", "succeeded": 1, "failed": 3}),
            ),
            (
                json!({"completions": 2}),
                json!({"succeeded": 2, "conditions": [condition("Complete", "True", "", "")]}),
            ),
            (
                json!({}),
                json!({"conditions": [condition("Failed", "True", "BackoffLimitExceeded", "Job has reached the specified backoff limit")]}),
            ),
            (
                json!({"suspend": true}),
                json!({"conditions": [condition("Suspended", "True", "JobSuspended", "")]}),
            ),
        ],
    );
    insta::assert_snapshot!(said, @r"
    InProgress: not yet started
    InProgress: 1 of 2 pods succeeded, 3 failed
    Current: completed: 2 of 2 pods succeeded
    Failed: Job has reached the specified backoff limit
    Current: suspended
    ");
}

#[test]
fn kinds_that_run_nothing_follow_their_own_rules() {
    let conditions = |list: Value| (json!({}), json!({"conditions": list}));
    let definitions = said(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        &[
            conditions(json!([])),
            conditions(json!([condition("Established", "False", "Installing", "")])),
            conditions(json!([condition(
                "NamesAccepted",
                "False",
                "PluralConflict",
                "plural widgets is taken"
            )])),
            conditions(json!([condition(
                "Established",
                "True",
                "InitialNamesAccepted",
                ""
            )])),
        ],
    );
    insta::assert_snapshot!(definitions, @r"
    InProgress: not yet established
    InProgress: not yet established
    Failed: plural widgets is taken
    Current: established
    ");
    let phase = |phase: &str| (json!({}), json!({"phase": phase}));
    let claims = said(
        "v1",
        "PersistentVolumeClaim",
        &[phase("Pending"), phase("Bound"), phase("Lost")],
    );
    insta::assert_snapshot!(claims, @r"
    InProgress: not bound to a volume
    Current: bound
    Failed: its volume is lost
    ");
    let namespaces = said("v1", "Namespace", &[phase("Active"), phase("Terminating")]);
    insta::assert_snapshot!(namespaces, @r"
    Current: active
    Terminating: being deleted
    ");
    let services = said(
        "v1",
        "Service",
        &[
            (json!({"type": "LoadBalancer"}), json!({"loadBalancer": {}})),
            (
                json!({"type": "LoadBalancer", "clusterIP": "10.0.0.1"}),
                json!({"loadBalancer": {}}),
            ),
        ],
    );
    insta::assert_snapshot!(services, @r"
    InProgress: no cluster IP assigned
    Current: exists
    ");
    let services = said(
        "apiregistration.k8s.io/v1",
        "APIService",
        &[
            (json!({}), json!({})),
            conditions(json!([condition(
                "Available",
                "False",
                "MissingEndpoints",
                "no endpoints for metrics-server"
            )])),
            conditions(json!([condition("Available", "True", "Passed", "")])),
        ],
    );
    insta::assert_snapshot!(services, @r"
    InProgress: not yet available
    InProgress: no endpoints for metrics-server
    Current: available
    ");
    let quiet = said(
        "policy/v1",
        "PodDisruptionBudget",
        &[(json!({}), json!({"currentHealthy": 0, "desiredHealthy": 1}))],
    );
    insta::assert_snapshot!(quiet, @"Current: exists");
}

#[test]
fn other_kinds_are_judged_by_the_common_conditions() {
    let conditions = |list: Value| {
        (
            json!({}),
            json!({"observedGeneration": 2, "conditions": list}),
        )
    };
    let said = said(
        "kustomize.toolkit.fluxcd.io/v1",
        "Kustomization",
        &[
            (json!({}), json!({})),
            (json!({}), json!({"observedGeneration": -1})),
            conditions(json!([condition(
                "Ready",
                "Unknown",
                "Progressing",
                "building"
            )])),
            conditions(json!([
                condition("Ready", "False", "BuildFailed", "no such file"),
                condition("Stalled", "True", "BuildFailed", "no such file")
            ])),
            conditions(json!([condition(
                "Ready",
                "False",
                "HealthCheckFailed",
                "timeout"
            )])),
            conditions(json!([
                condition(
                    "Ready",
                    "True",
                    "ReconciliationSucceeded",
                    "Applied revision: main@sha1:0a1b"
                ),
                condition("Reconciling", "True", "Progressing", "new revision")
            ])),
            conditions(json!([condition(
                "Ready",
                "True",
                "ReconciliationSucceeded",
                "Applied revision: main@sha1:0a1b"
            )])),
        ],
    );
    insta::assert_snapshot!(said, @r"
    Current: exists
    InProgress: its controller has not seen generation 2 yet
    InProgress: building
    Failed: no such file
    InProgress: timeout
    InProgress: new revision
    Current: Applied revision: main@sha1:0a1b
    ");
}

#[test]
fn an_object_being_deleted_names_what_holds_it() {
    let mut object = object("v1", "ConfigMap", &json!({}), &json!({}));
    object["metadata"]["deletionTimestamp"] = json!("2026-11-22T10:00:00Z");
    object["metadata"]["finalizers"] = json!(["example.com/backup"]);
    assert_eq!(
        assess(&object).to_string(),
        "Terminating: being deleted; waits for example.com/backup"
    );
}

fn pod(name: &str, phase: &str, container: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "labels": {"app": "web"}},
        "status": {"phase": phase, "containerStatuses": [container]},
    })
}

fn crashing() -> Value {
    json!({
        "name": "app",
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}},
        "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
    })
}

fn pulling() -> Value {
    let message = "Back-off pulling image \"web:nope\"";
    json!({"name": "app", "state": {"waiting": {"reason": "ImagePullBackOff", "message": message}}})
}

#[test]
fn pods_say_what_keeps_them() {
    let starting = json!({"name": "app", "state": {"waiting": {"reason": "ContainerCreating"}}});
    let ended = json!({"name": "app", "state": {"terminated": {"exitCode": 2, "reason": "Error"}}});
    let mut unscheduled = pod("d", "Pending", &json!({}));
    let message = "0/3 nodes are available: 3 Insufficient memory.";
    unscheduled["status"]["conditions"] =
        json!([condition("PodScheduled", "False", "Unschedulable", message)]);
    let mut ready = pod("e", "Running", &json!({}));
    ready["status"]["conditions"] = json!([condition("Ready", "True", "", "")]);
    let pods = [
        pod("a", "Pending", &starting),
        pod("b", "Pending", &pulling()),
        pod("c", "Running", &crashing()),
        unscheduled,
        ready,
        pod("f", "Succeeded", &json!({})),
        pod("g", "Failed", &ended),
    ];
    let said: Vec<String> = pods.iter().map(|pod| assess(pod).to_string()).collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    InProgress: starting
    InProgress: starting; container app: ImagePullBackOff: Back-off pulling image "web:nope"
    Failed: a container crashes again and again; container app: CrashLoopBackOff: exit code 137, OOMKilled
    InProgress: not scheduled; Unschedulable: 0/3 nodes are available: 3 Insufficient memory.
    Current: ready
    Current: completed
    Failed: ended with an error; container app: exit code 2
    "#);
}

fn half_ready() -> Value {
    object(
        "apps/v1",
        "Deployment",
        &json!({"replicas": 3, "selector": {"matchLabels": {"app": "web"}}}),
        &json!({"replicas": 3, "updatedReplicas": 3, "readyReplicas": 1}),
    )
}

#[test]
fn a_workload_names_each_trouble_of_its_pods_once() {
    let mut stranger = pod("z", "Pending", &crashing());
    stranger["metadata"]["labels"] = json!({"app": "api"});
    let pods = [
        pod("a", "Pending", &pulling()),
        pod("b", "Pending", &pulling()),
        stranger,
    ];
    let health = assess(&half_ready()).with_pods(&half_ready(), &pods);
    insta::assert_snapshot!(health, @r#"InProgress: 1 of 3 replicas ready; container app: ImagePullBackOff: Back-off pulling image "web:nope""#);
}

#[test]
fn a_current_workload_has_no_causes() {
    let done = object(
        "apps/v1",
        "Deployment",
        &json!({"replicas": 0, "selector": {"matchLabels": {"app": "web"}}}),
        &json!({}),
    );
    let health = assess(&done).with_pods(&done, &[pod("a", "Pending", &pulling())]);
    assert_eq!(health.status, Status::Current);
    assert_eq!(health.causes, Vec::<String>::new());
}

#[test]
fn health_survives_its_json_form() {
    let health = assess(&half_ready()).with_pods(&half_ready(), &[pod("a", "Pending", &pulling())]);
    let json = serde_json::to_string(&health).unwrap();
    assert_eq!(serde_json::from_str::<Health>(&json).unwrap(), health);
    assert_eq!(
        Health::not_found().to_string(),
        "NotFound: not in the cluster"
    );
}

/// Objects of the kinds that have rules, with any values where the rules look.
fn malformed() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        "[a-zA-Z]{0,4}|True|False|Ready|Running".prop_map(Value::from),
    ];
    let key = "conditions|type|status|replicas|spec|metadata|state|waiting|containerStatuses|phase|selector";
    let value = leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(key, inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    });
    let kinds = prop_oneof![
        Just(("apps/v1", "Deployment")),
        Just(("apps/v1", "StatefulSet")),
        Just(("apps/v1", "DaemonSet")),
        Just(("apps/v1", "ReplicaSet")),
        Just(("batch/v1", "Job")),
        Just(("v1", "Pod")),
        Just(("apiextensions.k8s.io/v1", "CustomResourceDefinition")),
        Just(("example.com/v1", "Widget")),
    ];
    (kinds, value.clone(), value.clone(), value).prop_map(|((version, kind), metadata, spec, status)| {
        json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec, "status": status})
    })
}

proptest! {
    #[test]
    fn every_object_has_a_health_with_a_message(object in malformed(), pod in malformed()) {
        let health = assess(&object).with_pods(&object, [&pod]);
        prop_assert!(!health.message.is_empty(), "{object}");
        prop_assert!(!health.reason.is_empty(), "{object}");
    }
}
