use std::sync::Mutex;

use serde_json::json;

use super::*;
use crate::api::{Target, WriteOptions, create_system_objects};
use crate::builtin;
use crate::clock::Clock;
use crate::fields::{self, annotation, condition, integer, list, text};
use crate::resource::GroupResource;
use crate::store::Store;

struct FakeClock(Mutex<Timestamp>);

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// An API with the controllers, run by hand at a time that the test chooses.
struct Cluster {
    api: Api,
    clock: Arc<FakeClock>,
    controllers: Controllers,
    watch: Watch,
}

impl Cluster {
    fn new() -> Self {
        let clock = Arc::new(FakeClock(Mutex::new(
            "2026-01-01T00:00:00Z".parse().unwrap(),
        )));
        let api = Api {
            store: Arc::new(Store::new()),
            registry: builtin::resource_types().collect(),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            authority: String::new(),
            allocation: Mutex::default(),
        };
        create_system_objects(&api);
        let watch = api.store.watch(Scope::All, None).unwrap();
        let mut controllers = Controllers::default();
        controllers.reset(&api);
        let mut cluster = Self {
            api,
            clock,
            controllers,
            watch,
        };
        cluster.settle();
        cluster
    }

    /// Runs the controllers until nothing is left to do now.
    fn settle(&mut self) {
        for _ in 0..1000 {
            for event in self.watch.take().unwrap() {
                self.controllers.observe(&event);
            }
            self.controllers.work(&self.api);
            let is_idle = self.controllers.queue.is_empty();
            if is_idle && self.watch.position() == self.api.store.revision() {
                return;
            }
        }
        panic!("the controllers do not come to rest");
    }

    fn advance(&mut self, seconds: i64) {
        *self.clock.0.lock().unwrap() += SignedDuration::from_secs(seconds);
        self.settle();
    }

    fn with<T>(&self, kind: &str, action: impl FnOnce(&crate::resource::ResourceType) -> T) -> T {
        let types = self.api.registry.types();
        let resource = types.iter().find(|it| it.kind == kind).unwrap();
        action(resource)
    }

    fn create(&mut self, object: &Value) {
        self.with(text(object, "/kind"), |resource| {
            let target = Target {
                resource,
                namespace: if resource.namespaced { "default" } else { "" },
                name: "",
                subresource: None,
            };
            self.api
                .create(target, object.clone(), &WriteOptions::default())
                .unwrap()
        });
        self.settle();
    }

    fn change(&mut self, kind: &str, name: &str, pointer: &str, value: &Value) {
        self.with(kind, |resource| {
            let target = Target {
                resource,
                namespace: "default",
                name,
                subresource: None,
            };
            self.api
                .modify(target, &WriteOptions::default(), &mut |live| {
                    let mut object = live.clone();
                    let (parent, key) = pointer.rsplit_once('/').unwrap();
                    object.pointer_mut(parent).unwrap()[key] = value.clone();
                    Ok(object)
                })
                .unwrap()
        });
        self.settle();
    }

    fn delete(&mut self, kind: &str, name: &str) {
        self.with(kind, |resource| {
            let target = Target {
                resource,
                namespace: "default",
                name,
                subresource: None,
            };
            self.api
                .delete(target, &crate::api::DeleteOptions::default())
                .unwrap()
        });
        self.settle();
    }

    fn list(&self, kind: &str) -> Vec<Arc<Value>> {
        let storage: GroupResource = self.with(kind, |resource| resource.storage.clone());
        let range = Range {
            namespace: Some("default"),
            ..Range::default()
        };
        self.api.store.list(&storage, &range).items
    }

    fn get(&self, kind: &str, name: &str) -> Arc<Value> {
        let found = self
            .list(kind)
            .into_iter()
            .find(|it| fields::name(it) == name);
        found.unwrap_or_else(|| panic!("there is no {kind} {name}"))
    }

    /// Returns a table of the pods as `kubectl get pods` shows their state.
    fn pods(&self) -> Vec<String> {
        let states = self.list("Pod").into_iter().map(|pod| {
            let container = &pod["status"]["containerStatuses"][0];
            let state = match text(container, "/state/waiting/reason") {
                "" => text(&pod, "/status/phase"),
                reason => reason,
            };
            state.to_owned()
        });
        states.collect()
    }

    /// Returns the events as `TYPE REASON KIND: MESSAGE (COUNT)`, without names that are random.
    fn events(&self, level: &str) -> Vec<String> {
        let events = self.list("Event").into_iter();
        let mut events: Vec<String> = events
            .filter(|event| text(event, "/type") == level)
            .map(|event| {
                let (reason, message) = (text(&event, "/reason"), text(&event, "/message"));
                let kind = text(&event, "/involvedObject/kind");
                format!("{reason} {kind}: {message} ({})", integer(&event, "/count"))
            })
            .collect();
        events.sort();
        events
    }
}

fn template(image: &str) -> Value {
    json!({
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "app", "image": image, "ports": [
            {"name": "http", "containerPort": 8080},
        ]}]},
    })
}

fn workload(kind: &str, spec: Value) -> Value {
    let group = if kind == "Job" { "batch/v1" } else { "apps/v1" };
    let mut object = json!({
        "apiVersion": group, "kind": kind, "metadata": {"name": "web"},
        "spec": {"template": template("web:1")},
    });
    if kind != "Job" {
        object["spec"]["selector"] = json!({"matchLabels": {"app": "web"}});
    }
    object["spec"] = step::with(object["spec"].clone(), spec);
    object
}

fn failing(kind: &str, reason: &str) -> Value {
    let mut object = workload(kind, json!({}));
    object["metadata"]["annotations"] = json!({"windlass.dev/fail": reason});
    object
}

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
fn pods_wait_for_the_secrets_and_config_maps_that_they_refer_to() {
    let mut cluster = Cluster::new();
    let mut deployment = workload("Deployment", json!({}));
    let pod = &mut deployment["spec"]["template"]["spec"];
    pod["volumes"] = json!([{"name": "config", "configMap": {"name": "settings"}}]);
    pod["containers"][0]["env"] = json!([{"name": "PASSWORD", "valueFrom": {
        "secretKeyRef": {"name": "database", "key": "password"},
    }}]);
    cluster.create(&deployment);
    assert_eq!(cluster.pods(), ["ContainerCreating"]);
    cluster.create(
        &json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}),
    );
    assert_eq!(cluster.pods(), ["CreateContainerConfigError"]);
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "database"}});
    cluster.create(&secret);
    assert_eq!(
        cluster.pods(),
        ["CreateContainerConfigError"],
        "the key is missing"
    );
    cluster.change("Secret", "database", "/data", &json!({"password": "eA=="}));
    assert_eq!(cluster.pods(), ["Running"]);
    insta::assert_snapshot!(cluster.events("Warning").join("\n"), @r#"
    Failed Pod: Error: couldn't find key password in Secret default/database (1)
    Failed Pod: Error: secret "database" not found (1)
    FailedMount Pod: MountVolume.SetUp failed for volume "config" : configmap "settings" not found (1)
    "#);
}

#[test]
fn a_missing_service_account_keeps_pods_from_being_created() {
    let mut cluster = Cluster::new();
    let mut deployment = workload("Deployment", json!({}));
    deployment["spec"]["template"]["spec"]["serviceAccountName"] = json!("web");
    cluster.create(&deployment);
    assert!(cluster.pods().is_empty());
    insta::assert_snapshot!(cluster.events("Warning").join("\n"), @r#"FailedCreate ReplicaSet: Error creating: pods "web-68d7d45ccf-" is forbidden: error looking up service account default/web: serviceaccount "web" not found (1)"#);
    let account =
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "web"}});
    cluster.create(&account);
    assert_eq!(cluster.pods(), ["Running"]);
}

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

#[test]
fn a_service_has_the_ready_pods_as_its_endpoints() {
    let mut cluster = Cluster::new();
    cluster.create(&json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {
            "type": "LoadBalancer", "selector": {"app": "web"},
            "ports": [{"port": 80, "targetPort": "http"}],
        },
    }));
    assert_eq!(cluster.get("Endpoints", "web").get("subsets"), None);
    cluster.create(&workload("Deployment", json!({"replicas": 2})));
    let endpoints = cluster.get("Endpoints", "web");
    assert_eq!(list(&endpoints, "/subsets/0/addresses").len(), 2);
    assert_eq!(integer(&endpoints, "/subsets/0/ports/0/port"), 8080);
    let slices = cluster.list("EndpointSlice");
    let slice = slices
        .iter()
        .find(|it| fields::name(it).starts_with("web-"))
        .unwrap();
    assert_eq!(list(slice, "/endpoints").len(), 2);
    let service = cluster.get("Service", "web");
    assert_eq!(
        text(&service, "/status/loadBalancer/ingress/0/ip"),
        "127.0.0.1"
    );
    let crash = json!({"windlass.dev/fail": "CrashLoopBackOff"});
    cluster.change("Deployment", "web", "/metadata/annotations", &crash);
    let endpoints = cluster.get("Endpoints", "web");
    assert_eq!(list(&endpoints, "/subsets/0/notReadyAddresses").len(), 2);
}

#[test]
fn no_two_pods_have_the_same_address() {
    let mut cluster = Cluster::new();
    cluster.create(&workload("Deployment", json!({"replicas": 600})));
    let pods = cluster.list("Pod");
    let addresses: BTreeSet<&str> = pods.iter().map(|pod| text(pod, "/status/podIP")).collect();
    assert_eq!(addresses.len(), 600);
}

#[test]
fn an_autoscaler_keeps_its_target_within_bounds_and_a_budget_counts_pods() {
    let mut cluster = Cluster::new();
    cluster.create(&workload("Deployment", json!({"replicas": 1})));
    cluster.create(&json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "minReplicas": 2, "maxReplicas": 4,
        },
    }));
    cluster.create(&json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"},
        "spec": {"minAvailable": "50%", "selector": {"matchLabels": {"app": "web"}}},
    }));
    assert_eq!(cluster.pods(), ["Running", "Running"]);
    let budget = cluster.get("PodDisruptionBudget", "web");
    assert_eq!(integer(&budget, "/status/disruptionsAllowed"), 1);
}

#[test]
fn what_repeats_is_counted_in_one_event_and_events_go_after_an_hour() {
    let mut cluster = Cluster::new();
    cluster.create(&failing("Deployment", "FailedScheduling"));
    assert_eq!(cluster.events("Warning").len(), 1);
    cluster.advance(3700);
    cluster.create(&json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "late"},
        "spec": {"containers": [{"name": "app", "image": "late"}]},
    }));
    assert!(cluster.events("Warning").is_empty(), "old events are gone");
}

#[test]
fn nothing_is_written_when_everything_is_at_rest() {
    let mut cluster = Cluster::new();
    cluster.create(&workload("Deployment", json!({"replicas": 2})));
    cluster.create(&failing_named("broken"));
    cluster.advance(1000);
    let before = cluster.api.store.revision();
    let objects = ["Deployment", "ReplicaSet", "Pod", "Job"];
    for kind in objects {
        for object in cluster.list(kind) {
            let id = Id::of(Kind::all().find(|it| it.name() == kind).unwrap(), &object);
            cluster.controllers.enqueue(vec![id]);
        }
    }
    cluster.settle();
    cluster.advance(1000);
    assert_eq!(cluster.api.store.revision(), before);
}

fn failing_named(name: &str) -> Value {
    let mut object = failing("Deployment", "CrashLoopBackOff");
    object["metadata"]["name"] = name.into();
    object
}
