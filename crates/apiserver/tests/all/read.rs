//! Reading: lists, tables, selectors, watches, descriptions, discovery.

use super::kubectl::{Cluster, normal};

pub(crate) const WEB: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: app
        image: registry.example/web:1
        ports: [{name: http, containerPort: 8080}]
---
apiVersion: v1
kind: Service
metadata: {name: web, labels: {app: web}}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: http}]
";

fn web() -> Cluster {
    let cluster = Cluster::start();
    cluster.apply(WEB);
    cluster.ok("rollout status deployment/web --timeout=30s");
    cluster
}

#[test]
fn get_prints_the_tables_that_a_cluster_prints() {
    let cluster = web();
    insta::assert_snapshot!(normal(&cluster.ok("get deployments -o wide")), @"
    NAME  READY  UP-TO-DATE  AVAILABLE  AGE  CONTAINERS  IMAGES  SELECTOR
    web  2/2  2  2  AGE  app  registry.example/web:1  app=web
    ");
    insta::assert_snapshot!(normal(&cluster.ok("get pods")), @"
    NAME  READY  STATUS  RESTARTS  AGE
    web-HASH-ENDING  1/1  Running  0  AGE
    web-HASH-ENDING  1/1  Running  0  AGE
    ");
    insta::assert_snapshot!(normal(&cluster.ok("get pods -o wide")), @"
    NAME  READY  STATUS  RESTARTS  AGE  IP  NODE  NOMINATED NODE  READINESS GATES
    web-HASH-ENDING  1/1  Running  0  AGE  POD-IP  windlass  <none>  <none>
    web-HASH-ENDING  1/1  Running  0  AGE  POD-IP  windlass  <none>  <none>
    ");
    insta::assert_snapshot!(normal(&cluster.ok("get services")), @"
    NAME  TYPE  CLUSTER-IP  EXTERNAL-IP  PORT(S)  AGE
    kubernetes  ClusterIP  10.96.0.1  <none>  443/TCP  AGE
    web  ClusterIP  SERVICE-IP  <none>  80/TCP  AGE
    ");
    insta::assert_snapshot!(normal(&cluster.ok("get nodes")), @"
    NAME  STATUS  ROLES  AGE  VERSION
    windlass  Ready  control-plane  AGE  v1.37.0+windlass
    ");
    insta::assert_snapshot!(normal(&cluster.ok("get namespaces")), @"
    NAME  STATUS  AGE
    default  Active  AGE
    kube-node-lease  Active  AGE
    kube-public  Active  AGE
    kube-system  Active  AGE
    ");
}

#[test]
fn get_selects_by_namespace_and_label() {
    let cluster = web();
    let all = cluster.ok("get deployments -A");
    assert!(all.starts_with("NAMESPACE"), "{all}");
    assert!(all.contains("default     web"), "{all}");
    assert_eq!(
        cluster.ok("get deployments -l app=web -o name"),
        "deployment.apps/web\n"
    );
    assert_eq!(cluster.ok("get deployments -l app!=web -o name"), "");
    assert_eq!(
        cluster.ok("get pods --field-selector status.phase=Failed -o name"),
        ""
    );
    let none = cluster.run("get deployments -n kube-system");
    assert_eq!(none.err, "No resources found in kube-system namespace.\n");
}

#[test]
fn get_prints_objects_as_yaml_and_json() {
    let cluster = web();
    let yaml = cluster.ok("get service web -o yaml");
    assert!(
        yaml.starts_with("apiVersion: v1\nkind: Service\nmetadata:\n"),
        "{yaml}"
    );
    let json: serde_json::Value = serde_json::from_str(&cluster.ok("get pods -o json")).unwrap();
    assert_eq!(json["items"].as_array().unwrap().len(), 2);
    assert_eq!(json["items"][0]["status"]["phase"], "Running");
}

#[test]
fn get_says_what_is_not_there() {
    let cluster = Cluster::start();
    let error = cluster.run("get deployment nothing").failed();
    assert_eq!(
        error,
        "Error from server (NotFound): deployments.apps \"nothing\" not found\n"
    );
    let error = cluster.run("get nonsense").failed();
    assert_eq!(
        error,
        "error: the server doesn't have a resource type \"nonsense\"\n"
    );
}

#[test]
fn get_watches_what_happens() {
    let cluster = Cluster::start();
    let watch = cluster.follow("get configmaps -w", "watch");
    watch.until("kube-root-ca.crt");
    cluster.ok("create configmap late --from-literal=a=b");
    let seen = watch.until("late");
    assert_eq!(seen.matches("NAME").count(), 1, "one header: {seen}");
    cluster.ok("delete configmap late");
    let pods = cluster.follow("get pods -w --output-watch-events --no-headers", "pods");
    cluster.ok("run once --image=registry.example/once:1");
    pods.until("ADDED      once");
    cluster.ok("delete pod once");
    pods.until("DELETED    once");
}

#[test]
fn describe_tells_about_a_deployment_and_its_events() {
    let cluster = web();
    insta::assert_snapshot!(normal(&cluster.ok("describe deployment web")), @"
    Name:  web
    Namespace:  default
    CreationTimestamp:  TIME
    Labels:  app=web
    Annotations:  deployment.kubernetes.io/revision: 1
    Selector:  app=web
    Replicas:  2 desired | 2 updated | 2 total | 2 available | 0 unavailable
    StrategyType:  RollingUpdate
    MinReadySeconds:  0
    RollingUpdateStrategy:  25% max unavailable, 25% max surge
    Pod Template:
      Labels:  app=web
      Containers:
      app:
      Image:  registry.example/web:1
      Port:  8080/TCP (http)
      Host Port:  0/TCP (http)
      Environment:  <none>
      Mounts:  <none>
      Volumes:  <none>
      Node-Selectors:  <none>
      Tolerations:  <none>
    Conditions:
      Type  Status  Reason
      ----  ------  ------
      Available  True  MinimumReplicasAvailable
      Progressing  True  NewReplicaSetAvailable
    OldReplicaSets:  <none>
    NewReplicaSet:  web-HASH (2/2 replicas created)
    Events:
      Type  Reason  Age  From  Message
      ----  ------  ----  ----  -------
      Normal  ScalingReplicaSet  AGE  deployment-controller  Scaled up replica set web-HASH from 0 to 2
    ");
    insta::assert_snapshot!(normal(&cluster.ok("describe service web")), @"
    Name:  web
    Namespace:  default
    Labels:  app=web
    Annotations:  <none>
    Selector:  app=web
    Type:  ClusterIP
    IP Family Policy:  SingleStack
    IP Families:  IPv4
    IP:  SERVICE-IP
    IPs:  SERVICE-IP
    Port:  <unset>  80/TCP
    TargetPort:  http/TCP
    Endpoints:  POD-IP:8080,POD-IP:8080
    Session Affinity:  None
    Internal Traffic Policy:  Cluster
    Events:  <none>
    ");
    let pods = cluster.ok("get pods -o name");
    let pod = pods.lines().next().unwrap();
    insta::assert_snapshot!(normal(&cluster.ok(&format!("describe {pod}"))), @r#"
    Name:  web-HASH-ENDING
    Namespace:  default
    Priority:  0
    Service Account:  default
    Node:  windlass/127.0.0.1
    Start Time:  TIME
    Labels:  app=web
      pod-template-hash=HASH
    Annotations:  <none>
    Status:  Running
    IP:  POD-IP
    IPs:
      IP:  POD-IP
    Controlled By:  ReplicaSet/web-HASH
    Containers:
      app:
      Container ID:  windlass://DIGEST
      Image:  registry.example/web:1
      Image ID:  registry.example/web:1@sha256:DIGEST
      Port:  8080/TCP (http)
      Host Port:  0/TCP (http)
      State:  Running
      Started:  TIME
      Ready:  True
      Restart Count:  0
      Environment:  <none>
      Mounts:
      /var/run/secrets/kubernetes.io/serviceaccount from kube-api-access-ENDING (ro)
    Conditions:
      Type  Status
      PodReadyToStartContainers  True
      Initialized  True
      Ready  True
      ContainersReady  True
      PodScheduled  True
    Volumes:
      kube-api-access-ENDING:
      Type:  Projected (a volume that contains injected data from multiple sources)
      TokenExpirationSeconds:  3607
      ConfigMapName:  kube-root-ca.crt
      Optional:  false
      DownwardAPI:  true
    QoS Class:  BestEffort
    Node-Selectors:  <none>
    Tolerations:  node.kubernetes.io/not-ready:NoExecute op=Exists for AGE
      node.kubernetes.io/unreachable:NoExecute op=Exists for AGE
    Events:
      Type  Reason  Age  From  Message
      ----  ------  ----  ----  -------
      Normal  Scheduled  AGE  default-scheduler  Successfully assigned default/web-HASH-ENDING to windlass
      Normal  Pulled  AGE  kubelet  spec.containers{app}: Container image "registry.example/web:1" already present on machine
      Normal  Created  AGE  kubelet  spec.containers{app}: Container created
      Normal  Started  AGE  kubelet  spec.containers{app}: Container started
    "#);
}

#[test]
fn api_resources_and_explain_know_the_built_in_kinds() {
    let cluster = Cluster::start();
    let resources = cluster.ok("api-resources --no-headers");
    assert!(
        resources
            .lines()
            .any(|line| line.starts_with("deployments") && line.contains("deploy"))
    );
    insta::assert_snapshot!(normal(&cluster.ok("api-resources --api-group=apps")), @"
    NAME  SHORTNAMES  APIVERSION  NAMESPACED  KIND
    controllerrevisions  apps/v1  true  ControllerRevision
    daemonsets  ds  apps/v1  true  DaemonSet
    deployments  deploy  apps/v1  true  Deployment
    replicasets  rs  apps/v1  true  ReplicaSet
    statefulsets  sts  apps/v1  true  StatefulSet
    ");
    let explained = cluster.ok("explain deployment.spec.replicas");
    insta::assert_snapshot!(normal(&explained), @"
    GROUP:  apps
    KIND:  Deployment
    VERSION:  v1

    FIELD: replicas <integer>


    DESCRIPTION:
      <empty>
    ");
    let error = cluster.run("explain deployment.spec.nothing").failed();
    assert_eq!(error, "error: field \"nothing\" does not exist\n");
}

#[test]
fn rollout_tells_about_the_history_and_goes_back() {
    let cluster = web();
    cluster.ok("set image deployment/web app=registry.example/web:2");
    let status = cluster.ok("rollout status deployment/web --timeout=30s");
    assert!(
        status.ends_with("deployment \"web\" successfully rolled out\n"),
        "{status}"
    );
    insta::assert_snapshot!(normal(&cluster.ok("rollout history deployment/web")), @"
    deployment.apps/web
    REVISION  CHANGE-CAUSE
    1  <none>
    2  <none>
    ");
    cluster.ok("rollout undo deployment/web");
    cluster.ok("rollout status deployment/web --timeout=30s");
    let image = cluster.field("deployment/web", ".spec.template.spec.containers[0].image");
    assert_eq!(image, "registry.example/web:1");
    cluster.ok("rollout restart deployment/web");
    cluster.ok("rollout status deployment/web --timeout=30s");
}
