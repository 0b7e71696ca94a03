//! What pods refer to, what refers to pods, and rest.

use super::*;

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

#[test]
fn what_the_api_refuses_is_told_and_tried_again_ever_later() {
    let mut cluster = Cluster::new();
    let mut set = workload("StatefulSet", json!({"serviceName": "web"}));
    set["metadata"]["name"] = "x".repeat(63).into();
    cluster.create(&set);
    assert!(
        cluster.pods().is_empty(),
        "with its number, the name is too long for a label"
    );
    for _ in 0..600 {
        cluster.advance(1);
    }
    let events = cluster.list("Event");
    let mut refusals = events
        .iter()
        .filter(|it| text(it, "/reason") == "FailedCreate");
    let count = integer(refusals.next().unwrap(), "/count");
    assert!((10..30).contains(&count), "{count} tries in ten minutes");
    assert!(refusals.next().is_none(), "one event counts them all");
}

#[test]
fn a_namespace_that_a_kill_left_bare_has_its_account_and_authority_after_the_next_start() {
    let Cluster { api, clock, .. } = Cluster::new();
    let key = |resource: &str, namespace: &str, name: &str| Key {
        resource: GroupResource::new("", resource),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    };
    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}, "status": {"phase": "Active"},
    });
    api.store
        .create(&key("namespaces", "", "shop"), namespace)
        .unwrap();
    let store = Arc::clone(&Cluster::start(api, clock).api.store);
    let account = key("serviceaccounts", "shop", "default");
    let authority = key("configmaps", "shop", "kube-root-ca.crt");
    assert!(store.get(&account).is_some() && store.get(&authority).is_some());
}
