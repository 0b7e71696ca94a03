use serde_json::json;

use super::*;

const NOW: &str = "2026-01-02T00:00:00Z";

/// Prints objects of one kind as `kubectl get -o wide` lays them out.
fn print(group: &str, objects: &[Value]) -> String {
    let kind = fields::text(&objects[0], "/kind");
    print_with(&Printer(Kind::Builtin(layouts::of(group, kind))), objects)
}

fn print_with(printer: &Printer, objects: &[Value]) -> String {
    let objects: Vec<Arc<Value>> = objects.iter().cloned().map(Arc::new).collect();
    let options = Options {
        include: Include::None,
        headers: true,
        list: true,
        now: NOW.parse().unwrap(),
    };
    let table = printer.table(&objects, &json!({}), &options);
    let headers = fields::list(&table, "/columnDefinitions")
        .iter()
        .map(|column| fields::text(column, "/name").to_uppercase());
    let mut lines = vec![headers.collect::<Vec<_>>().join(" | ")];
    for row in fields::list(&table, "/rows") {
        let cells = fields::list(row, "/cells").iter().map(|cell| match cell {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        lines.push(cells.collect::<Vec<_>>().join(" | "));
    }
    lines.join("\n")
}

fn metadata(name: &str) -> Value {
    json!({"name": name, "namespace": "shop", "creationTimestamp": "2026-01-01T23:57:00Z"})
}

fn pod(name: &str, status: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": metadata(name),
        "spec": {"nodeName": "node", "containers": [{"name": "app"}]},
        "status": status,
    })
}

fn container(state: &Value) -> Value {
    json!({"name": "app", "ready": state.get("running").is_some(), "restartCount": 0, "state": state})
}

#[test]
fn the_status_of_a_pod_sums_up_its_containers() {
    let waiting = |reason: &str| container(&json!({"waiting": {"reason": reason}}));
    let running = container(&json!({"running": {}}));
    let mut terminating = pod("leaving", &json!({"phase": "Running"}));
    terminating["metadata"]["deletionTimestamp"] = NOW.into();
    let mut restarted = waiting("CrashLoopBackOff");
    restarted["restartCount"] = 3.into();
    restarted["lastState"] = json!({"terminated": {"finishedAt": "2026-01-01T23:59:30Z"}});
    let pods = [
        pod("pending", &json!({"phase": "Pending"})),
        pod(
            "up",
            &json!({"phase": "Running", "podIPs": [{"ip": "10.1.0.4"}], "containerStatuses": [running]}),
        ),
        pod(
            "no-image",
            &json!({"phase": "Pending", "containerStatuses": [waiting("ImagePullBackOff")]}),
        ),
        pod(
            "crashing",
            &json!({"phase": "Running", "containerStatuses": [restarted]}),
        ),
        pod(
            "done",
            &json!({"phase": "Succeeded", "containerStatuses": [container(
                &json!({"terminated": {"exitCode": 0, "reason": "Completed"}}))]}),
        ),
        pod(
            "failed",
            &json!({"phase": "Failed", "containerStatuses": [container(
                &json!({"terminated": {"exitCode": 3}}))]}),
        ),
        terminating,
    ];
    insta::assert_snapshot!(print("", &pods), @"
    NAME | READY | STATUS | RESTARTS | AGE | IP | NODE | NOMINATED NODE | READINESS GATES
    pending | 0/1 | Pending | 0 | 3m | <none> | node | <none> | <none>
    up | 1/1 | Running | 0 | 3m | 10.1.0.4 | node | <none> | <none>
    no-image | 0/1 | ImagePullBackOff | 0 | 3m | <none> | node | <none> | <none>
    crashing | 0/1 | CrashLoopBackOff | 3 (30s ago) | 3m | <none> | node | <none> | <none>
    done | 0/1 | Completed | 0 | 3m | <none> | node | <none> | <none>
    failed | 0/1 | ExitCode:3 | 0 | 3m | <none> | node | <none> | <none>
    leaving | 0/1 | Terminating | 0 | 3m | <none> | node | <none> | <none>
    ");
}

#[test]
fn a_pod_in_initialization_says_how_far_it_is() {
    let mut initializing = pod(
        "init",
        &json!({"phase": "Pending", "initContainerStatuses": [
            {"name": "a", "state": {"terminated": {"exitCode": 0}}},
            {"name": "b", "restartCount": 1, "state": {"running": {}}},
        ]}),
    );
    initializing["spec"]["initContainers"] = json!([{"name": "a"}, {"name": "b"}]);
    insta::assert_snapshot!(print("", &[initializing]), @"
    NAME | READY | STATUS | RESTARTS | AGE | IP | NODE | NOMINATED NODE | READINESS GATES
    init | 0/1 | Init:1/2 | 1 | 3m | <none> | node | <none> | <none>
    ");
}

#[test]
fn workloads_show_how_many_pods_are_ready() {
    let template = json!({"spec": {"containers": [
        {"name": "app", "image": "shop/api:1"}, {"name": "log", "image": "fluent"},
    ]}});
    let deployment = json!({
        "kind": "Deployment", "metadata": metadata("api"),
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "api"}}, "template": template},
        "status": {"readyReplicas": 2, "updatedReplicas": 3, "availableReplicas": 2},
    });
    insta::assert_snapshot!(print("apps", &[deployment]), @"
    NAME | READY | UP-TO-DATE | AVAILABLE | AGE | CONTAINERS | IMAGES | SELECTOR
    api | 2/3 | 3 | 2 | 3m | app,log | shop/api:1,fluent | app=api
    ");
    let job = json!({
        "kind": "Job", "metadata": metadata("migrate"),
        "spec": {"completions": 1, "parallelism": 1, "template": template},
        "status": {
            "succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}],
            "startTime": "2026-01-01T23:57:00Z", "completionTime": "2026-01-01T23:57:05Z",
        },
    });
    insta::assert_snapshot!(print("batch", &[job]), @"
    NAME | STATUS | COMPLETIONS | DURATION | AGE | CONTAINERS | IMAGES | SELECTOR
    migrate | Complete | 1/1 | 5s | 3m | app,log | shop/api:1,fluent | <none>
    ");
    let cron_job = json!({
        "kind": "CronJob", "metadata": metadata("nightly"),
        "spec": {"schedule": "0 3 * * *", "suspend": false, "jobTemplate": {"spec": {"template": template}}},
    });
    insta::assert_snapshot!(print("batch", &[cron_job]), @"
    NAME | SCHEDULE | TIMEZONE | SUSPEND | ACTIVE | LAST SCHEDULE | AGE | CONTAINERS | IMAGES | SELECTOR
    nightly | 0 3 * * * | <none> | False | 0 | <none> | 3m | app,log | shop/api:1,fluent | <none>
    ");
}

#[test]
fn services_show_addresses_and_ports() {
    let service = |name: &str, spec: Value, status: Value| {
        let metadata = metadata(name);
        json!({"kind": "Service", "metadata": metadata, "spec": spec, "status": status})
    };
    let ports = json!([{"port": 80, "protocol": "TCP", "nodePort": 30080}, {"port": 53, "protocol": "UDP"}]);
    let services = [
        service(
            "api",
            json!({"type": "ClusterIP", "clusterIPs": ["10.0.0.7"], "ports": ports, "selector": {"app": "api"}}),
            json!({}),
        ),
        service(
            "edge",
            json!({"type": "LoadBalancer", "clusterIPs": ["10.0.0.8"]}),
            json!({}),
        ),
        service(
            "front",
            json!({"type": "LoadBalancer", "clusterIPs": ["10.0.0.9"], "externalIPs": ["1.2.3.4"]}),
            json!({"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}}),
        ),
        service(
            "db",
            json!({"type": "ExternalName", "externalName": "db.example"}),
            json!({}),
        ),
        service(
            "headless",
            json!({"type": "ClusterIP", "clusterIPs": ["None"]}),
            json!({}),
        ),
    ];
    insta::assert_snapshot!(print("", &services), @"
    NAME | TYPE | CLUSTER-IP | EXTERNAL-IP | PORT(S) | AGE | SELECTOR
    api | ClusterIP | 10.0.0.7 | <none> | 80:30080/TCP,53/UDP | 3m | app=api
    edge | LoadBalancer | 10.0.0.8 | <pending> | <none> | 3m | <none>
    front | LoadBalancer | 10.0.0.9 | 127.0.0.1,1.2.3.4 | <none> | 3m | <none>
    db | ExternalName | <none> | db.example | <none> | 3m | <none>
    headless | ClusterIP | None | <none> | <none> | 3m | <none>
    ");
}

#[test]
fn only_the_newest_default_storage_class_is_marked() {
    let class = |name: &str, created: &str| {
        json!({
            "kind": "StorageClass", "provisioner": "example.com/disk",
            "metadata": {
                "name": name, "creationTimestamp": created,
                "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
            },
        })
    };
    let classes = [
        class("old", "2026-01-01T00:00:00Z"),
        class("new", "2026-01-01T12:00:00Z"),
    ];
    insta::assert_snapshot!(print("storage.k8s.io", &classes), @"
    NAME | PROVISIONER | RECLAIMPOLICY | VOLUMEBINDINGMODE | ALLOWVOLUMEEXPANSION | AGE
    old | example.com/disk | Delete | Immediate | false | 24h
    new (default) | example.com/disk | Delete | Immediate | false | 12h
    ");
}

#[test]
fn kinds_without_a_printer_show_when_they_were_created() {
    let role = json!({"kind": "ClusterRole", "metadata": metadata("view")});
    insta::assert_snapshot!(print("rbac.authorization.k8s.io", &[role]), @"
    NAME | CREATED AT
    view | 2026-01-01T23:57:00Z
    ");
}

#[test]
fn events_of_both_groups_print_alike() {
    let old = json!({
        "kind": "Event", "metadata": metadata("api.1"), "type": "Warning", "reason": "Failed",
        "involvedObject": {"kind": "Pod", "name": "api-1", "fieldPath": "spec.containers{app}"},
        "source": {"component": "kubelet", "host": "node"}, "message": "Failed to pull image\n",
        "firstTimestamp": "2026-01-01T23:50:00Z", "lastTimestamp": "2026-01-01T23:59:59Z", "count": 4,
    });
    let new = json!({
        "kind": "Event", "metadata": metadata("api.2"), "type": "Normal", "reason": "Scheduled",
        "regarding": {"kind": "Pod", "name": "api-1"}, "note": "Assigned",
        "reportingController": "scheduler", "eventTime": "2026-01-01T23:59:00.000000Z",
    });
    insta::assert_snapshot!(print("", &[old, new]), @"
    LAST SEEN | TYPE | REASON | OBJECT | SUBOBJECT | SOURCE | MESSAGE | FIRST SEEN | COUNT | NAME
    1s | Warning | Failed | pod/api-1 | spec.containers{app} | kubelet, node | Failed to pull image | 10m | 4 | api.1
    60s | Normal | Scheduled | pod/api-1 |  | scheduler | Assigned | 60s | 1 | api.2
    ");
}

#[test]
fn a_custom_type_has_the_columns_of_its_definition_or_its_age() {
    let widget = json!({
        "kind": "Widget", "metadata": metadata("w"),
        "spec": {"size": 3, "open": true, "tags": ["a"]}, "status": {"since": "2026-01-01T00:00:00Z"},
    });
    let columns = [
        json!({"name": "Size", "type": "integer", "jsonPath": ".spec.size"}),
        json!({"name": "Open", "type": "boolean", "jsonPath": ".spec.open"}),
        json!({"name": "Tags", "type": "string", "jsonPath": ".spec.tags", "priority": 1}),
        json!({"name": "Since", "type": "date", "jsonPath": ".status.since"}),
        json!({"name": "Gone", "type": "string", "jsonPath": ".status.gone"}),
    ];
    let printer = Printer(Kind::Custom(CustomColumn::parse(&columns)));
    insta::assert_snapshot!(print_with(&printer, std::slice::from_ref(&widget)), @r#"
    NAME | SIZE | OPEN | TAGS | SINCE | GONE
    w | 3 | true | ["a"] | 24h | null
    "#);
    let printer = Printer(Kind::Custom(CustomColumn::parse(&[])));
    insta::assert_snapshot!(print_with(&printer, &[widget]), @"
    NAME | AGE
    w | 3m
    ");
}

#[test]
fn a_row_carries_the_metadata_unless_asked_otherwise() {
    let secret =
        Arc::new(json!({"kind": "Secret", "metadata": metadata("s"), "data": {"a": "eA=="}}));
    let printer = Printer(Kind::Builtin(layouts::of("", "Secret")));
    let object = |include| {
        let options = Options {
            include,
            headers: false,
            list: false,
            now: NOW.parse().unwrap(),
        };
        let table = printer.table(std::slice::from_ref(&secret), &json!({}), &options);
        assert_eq!(table["columnDefinitions"], Value::Null);
        table["rows"][0]["object"].clone()
    };
    assert_eq!(object(Include::None), Value::Null);
    assert_eq!(object(Include::Metadata)["kind"], "PartialObjectMetadata");
    assert_eq!(object(Include::Metadata).get("data"), None);
    assert_eq!(object(Include::Object), *secret);
}

#[test]
fn every_built_in_kind_has_a_cell_for_each_column() {
    for resource in crate::builtin::resource_types() {
        let Kind::Builtin(layout) = Printer::of(&resource).0 else {
            panic!("{} has no layout", resource.kind);
        };
        let object = Arc::new(json!({"kind": resource.kind, "metadata": metadata("x")}));
        let options = Options {
            include: Include::None,
            headers: true,
            list: true,
            now: NOW.parse().unwrap(),
        };
        let scene = Scene::new(std::slice::from_ref(&object), &options);
        let cells = (layout.cells)(&object, &scene);
        assert_eq!(cells.len(), layout.columns.len(), "{}", resource.kind);
    }
}
