//! The rows of what runs pods: Deployments, sets, Jobs, and what scales and protects them.

use serde_json::Value;

use super::cells::{Scene, containers, join_some, name, scalar_or, text_or};
use super::column::{AGE, Column, NAME, boolean, integer as number, text as column};
use super::duration::{human, seconds_between};
use super::selector::{labels, plain_selector, selector};
use crate::fields::{
    condition, integer, is_set, is_terminating, list, optional_integer, optional_text, text,
};

const CONTAINERS: Column = column("Containers").wide();
const IMAGES: Column = column("Images").wide();
const SELECTOR: Column = column("Selector").wide();
const TEMPLATE: &str = "/spec/template/spec/containers";

pub(super) const DEPLOYMENT: &[Column] = &[
    NAME,
    column("Ready"),
    column("Up-to-date"),
    column("Available"),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

pub(super) fn deployment(object: &Value, scene: &Scene) -> Vec<Value> {
    let [names, images] = containers(object, TEMPLATE);
    vec![
        name(object),
        ready_of_desired(object),
        integer(object, "/status/updatedReplicas").into(),
        integer(object, "/status/availableReplicas").into(),
        scene.age(object),
        names,
        images,
        plain_selector(object, "/spec/selector").into(),
    ]
}

fn ready_of_desired(object: &Value) -> Value {
    let ready = integer(object, "/status/readyReplicas");
    format!("{ready}/{}", integer(object, "/spec/replicas")).into()
}

pub(super) const REPLICA_SET: &[Column] = &[
    NAME,
    number("Desired"),
    number("Current"),
    number("Ready"),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

pub(super) fn replica_set(object: &Value, scene: &Scene) -> Vec<Value> {
    let mut cells = replicas(object, scene);
    cells.push(selector(object, "/spec/selector").into());
    cells
}

pub(super) fn replication_controller(object: &Value, scene: &Scene) -> Vec<Value> {
    let mut cells = replicas(object, scene);
    cells.push(labels(object, "/spec/selector").into());
    cells
}

fn replicas(object: &Value, scene: &Scene) -> Vec<Value> {
    let [names, images] = containers(object, TEMPLATE);
    vec![
        name(object),
        integer(object, "/spec/replicas").into(),
        integer(object, "/status/replicas").into(),
        integer(object, "/status/readyReplicas").into(),
        scene.age(object),
        names,
        images,
    ]
}

pub(super) const STATEFUL_SET: &[Column] = &[NAME, column("Ready"), AGE, CONTAINERS, IMAGES];

pub(super) fn stateful_set(object: &Value, scene: &Scene) -> Vec<Value> {
    let [names, images] = containers(object, TEMPLATE);
    vec![
        name(object),
        ready_of_desired(object),
        scene.age(object),
        names,
        images,
    ]
}

pub(super) const DAEMON_SET: &[Column] = &[
    NAME,
    number("Desired"),
    number("Current"),
    number("Ready"),
    number("Up-to-date"),
    number("Available"),
    column("Node Selector"),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

pub(super) fn daemon_set(object: &Value, scene: &Scene) -> Vec<Value> {
    let [names, images] = containers(object, TEMPLATE);
    vec![
        name(object),
        integer(object, "/status/desiredNumberScheduled").into(),
        integer(object, "/status/currentNumberScheduled").into(),
        integer(object, "/status/numberReady").into(),
        integer(object, "/status/updatedNumberScheduled").into(),
        integer(object, "/status/numberAvailable").into(),
        labels(object, "/spec/template/spec/nodeSelector").into(),
        scene.age(object),
        names,
        images,
        selector(object, "/spec/selector").into(),
    ]
}

pub(super) const JOB: &[Column] = &[
    NAME,
    column("Status"),
    column("Completions"),
    column("Duration"),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

pub(super) fn job(object: &Value, scene: &Scene) -> Vec<Value> {
    let [names, images] = containers(object, TEMPLATE);
    vec![
        name(object),
        job_status(object).into(),
        completions(object).into(),
        job_duration(object, scene).into(),
        scene.age(object),
        names,
        images,
        selector(object, "/spec/selector").into(),
    ]
}

fn job_status(job: &Value) -> &'static str {
    let has = |kind| condition(job, kind) == Some("True");
    if has("Complete") {
        "Complete"
    } else if has("Failed") {
        "Failed"
    } else if is_terminating(job) {
        "Terminating"
    } else {
        ["Suspended", "FailureTarget", "SuccessCriteriaMet"]
            .into_iter()
            .find(|kind| has(kind))
            .unwrap_or("Running")
    }
}

fn completions(job: &Value) -> String {
    let succeeded = integer(job, "/status/succeeded");
    let parallelism = integer(job, "/spec/parallelism");
    match optional_integer(job, "/spec/completions") {
        Some(wanted) => format!("{succeeded}/{wanted}"),
        None if parallelism > 1 => format!("{succeeded}/1 of {parallelism}"),
        None => format!("{succeeded}/1"),
    }
}

fn job_duration(job: &Value, scene: &Scene) -> String {
    let Ok(start) = text(job, "/status/startTime").parse() else {
        return String::new();
    };
    let end = text(job, "/status/completionTime").parse();
    human(seconds_between(start, end.unwrap_or(scene.now)))
}

pub(super) const CRON_JOB: &[Column] = &[
    NAME,
    column("Schedule"),
    column("Timezone"),
    boolean("Suspend"),
    number("Active"),
    column("Last Schedule"),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

pub(super) fn cron_job(object: &Value, scene: &Scene) -> Vec<Value> {
    let [names, images] = containers(object, "/spec/jobTemplate/spec/template/spec/containers");
    let suspend = match object.pointer("/spec/suspend").and_then(Value::as_bool) {
        Some(true) => "True",
        Some(false) => "False",
        None => "<unset>",
    };
    let last = match optional_text(object, "/status/lastScheduleTime") {
        Some(_) => scene.since(object, "/status/lastScheduleTime"),
        None => "<none>".to_owned(),
    };
    vec![
        name(object),
        text(object, "/spec/schedule").into(),
        text_or(object, "/spec/timeZone", "<none>").into(),
        suspend.into(),
        list(object, "/status/active").len().into(),
        last.into(),
        scene.age(object),
        names,
        images,
        selector(object, "/spec/jobTemplate/spec/selector").into(),
    ]
}

pub(super) const POD_TEMPLATE: &[Column] = &[
    NAME,
    column("Containers"),
    column("Images"),
    column("Pod Labels"),
];

pub(super) fn pod_template(object: &Value, _: &Scene) -> Vec<Value> {
    let [names, images] = containers(object, "/template/spec/containers");
    let pod_labels = labels(object, "/template/metadata/labels");
    vec![name(object), names, images, pod_labels.into()]
}

pub(super) const CONTROLLER_REVISION: &[Column] =
    &[NAME, column("Controller"), column("Revision"), AGE];

pub(super) fn controller_revision(object: &Value, scene: &Scene) -> Vec<Value> {
    let owner = list(object, "/metadata/ownerReferences")
        .iter()
        .find(|owner| crate::fields::flag(owner, "/controller"));
    vec![
        name(object),
        owner.map_or("<none>".to_owned(), qualified_owner).into(),
        integer(object, "/revision").into(),
        scene.age(object),
    ]
}

fn qualified_owner(owner: &Value) -> String {
    let kind = text(owner, "/kind").to_lowercase();
    let name = text(owner, "/name");
    match text(owner, "/apiVersion").split_once('/') {
        Some((group, _)) => format!("{kind}.{group}/{name}"),
        None => format!("{kind}/{name}"),
    }
}

pub(super) const DISRUPTION_BUDGET: &[Column] = &[
    NAME,
    column("Min Available"),
    column("Max Unavailable"),
    number("Allowed Disruptions"),
    AGE,
];

pub(super) fn disruption_budget(object: &Value, scene: &Scene) -> Vec<Value> {
    vec![
        name(object),
        scalar_or(object, "/spec/minAvailable", "N/A").into(),
        scalar_or(object, "/spec/maxUnavailable", "N/A").into(),
        integer(object, "/status/disruptionsAllowed").into(),
        scene.age(object),
    ]
}

pub(super) const AUTOSCALER: &[Column] = &[
    NAME,
    column("Reference"),
    column("Targets"),
    column("MinPods"),
    column("MaxPods"),
    column("Replicas"),
    AGE,
];

pub(super) fn autoscaler(object: &Value, scene: &Scene) -> Vec<Value> {
    let target = ["/spec/scaleTargetRef/kind", "/spec/scaleTargetRef/name"];
    let [kind, target] = target.map(|pointer| text(object, pointer));
    vec![
        name(object),
        format!("{kind}/{target}").into(),
        metrics(object).into(),
        scalar_or(object, "/spec/minReplicas", "<unset>").into(),
        integer(object, "/spec/maxReplicas").into(),
        integer(object, "/status/currentReplicas").into(),
        scene.age(object),
    ]
}

fn metrics(autoscaler: &Value) -> String {
    let statuses = list(autoscaler, "/status/currentMetrics");
    let texts: Vec<String> = list(autoscaler, "/spec/metrics")
        .iter()
        .enumerate()
        .map(|(index, spec)| metric(spec, statuses.get(index).unwrap_or(&Value::Null)))
        .collect();
    match texts.as_slice() {
        [] => "<none>".to_owned(),
        texts => join_some(texts, 2, ", "),
    }
}

fn metric(spec: &Value, status: &Value) -> String {
    let value = |object, side: &str, field: &str, absent| {
        scalar_or(object, &format!("{side}/{field}"), absent)
    };
    let against = |source: &str, field: &str| {
        let used = value(status, &format!("/{source}/current"), field, "<unknown>");
        let wanted = value(spec, &format!("/{source}/target"), field, "");
        format!("{used}/{wanted}")
    };
    let is_average = |source: &str| is_set(spec, &format!("/{source}/target/averageValue"));
    match text(spec, "/type") {
        "Resource" => resource_metric(spec, status, "/resource"),
        "ContainerResource" => resource_metric(spec, status, "/containerResource"),
        "Pods" => against("pods", "averageValue"),
        "Object" if is_average("object") => format!("{} (avg)", against("object", "averageValue")),
        "Object" => against("object", "value"),
        "External" if is_average("external") => {
            format!("{} (avg)", against("external", "averageValue"))
        }
        "External" => against("external", "value"),
        _ => "<unknown type>".to_owned(),
    }
}

fn resource_metric(spec: &Value, status: &Value, source: &str) -> String {
    let resource = text(spec, &format!("{source}/name"));
    let average = format!("{source}/target/averageValue");
    if is_set(spec, &average) {
        let used = scalar_or(
            status,
            &format!("{source}/current/averageValue"),
            "<unknown>",
        );
        return format!("{resource}: {used}/{}", scalar_or(spec, &average, ""));
    }
    let percent = |object, side: &str, absent: &str| {
        optional_integer(object, &format!("{source}/{side}/averageUtilization"))
            .map_or(absent.to_owned(), |value| format!("{value}%"))
    };
    let used = percent(status, "current", "<unknown>");
    format!("{resource}: {used}/{}", percent(spec, "target", "<auto>"))
}
