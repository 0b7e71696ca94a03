//! Reports as Event objects: what repeats is counted in one Event, and Events go after an hour.

use std::collections::{HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::carry::options;
use super::step::Report;
use super::template::fnv;
use super::world::Kind;
use crate::api::{Api, DeleteOptions, Target};
use crate::clock::rfc3339;
use crate::fields::{self, integer};

/// How long an Event stays, as in kube-apiserver's default `--event-ttl`.
const LIFETIME: SignedDuration = SignedDuration::from_hours(1);
/// The namespace of Events about objects of the cluster.
const CLUSTER_EVENTS: &str = "default";

/// What makes two reports the same: the object's uid and all that the report says.
type Same = (String, String, String, String);

/// Remembers the Events that it has written, to count and to remove them.
#[derive(Default)]
pub(super) struct Recorder {
    known: HashMap<Same, (String, String)>,
    written: VecDeque<(Timestamp, Same)>,
}

impl Recorder {
    /// Writes an Event about `object`, or counts the one that says the same.
    pub(super) fn record(&mut self, api: &Api, kind: Kind, object: &Value, report: &Report) {
        let now = api.clock.now();
        self.expire(api, now);
        let same = (
            fields::uid(object).to_owned(),
            report.reason.clone(),
            report.message.clone(),
            report.field.clone(),
        );
        let is_counted = self
            .known
            .get(&same)
            .is_some_and(|(namespace, name)| count(api, namespace, name, &rfc3339(now)));
        if !is_counted && let Some(place) = create(api, kind, object, report, now) {
            self.known.insert(same.clone(), place);
            self.written.push_back((now, same));
        }
    }

    fn expire(&mut self, api: &Api, now: Timestamp) {
        let is_old = |time: &Timestamp| now.duration_since(*time) > LIFETIME;
        while self.written.front().is_some_and(|(time, _)| is_old(time)) {
            if let Some((_, same)) = self.written.pop_front()
                && let Some((namespace, name)) = self.known.remove(&same)
            {
                with_target(api, &namespace, &name, |target| {
                    // Somebody else has deleted it, which is as well.
                    let _ = api.delete(target, &DeleteOptions::default());
                });
            }
        }
    }
}

/// Counts an Event once more; returns whether it is there.
fn count(api: &Api, namespace: &str, name: &str, now: &str) -> bool {
    let counted = with_target(api, namespace, name, |target| {
        api.modify(target, &options("kube-controller-manager"), &mut |live| {
            let mut event = live.clone();
            event["count"] = (integer(live, "/count") + 1).into();
            event["lastTimestamp"] = now.into();
            Ok(event)
        })
    });
    counted.is_some_and(|result| result.is_ok())
}

/// Creates an Event and returns its namespace and name.
fn create(
    api: &Api,
    kind: Kind,
    object: &Value,
    report: &Report,
    now: Timestamp,
) -> Option<(String, String)> {
    let namespace = match fields::namespace(object) {
        "" => CLUSTER_EVENTS,
        namespace => namespace,
    };
    let event = event(kind, object, report, namespace, now);
    let created = with_target(api, namespace, "", |target| {
        api.create(target, event, &options(report.source))
    });
    // A namespace that is going away takes no Events.
    let written = created?.ok()?;
    let name = fields::name(&written.object).to_owned();
    Some((namespace.to_owned(), name))
}

fn event(kind: Kind, object: &Value, report: &Report, namespace: &str, now: Timestamp) -> Value {
    let time = rfc3339(now);
    let mut about = json!({
        "apiVersion": kind.api_version(),
        "kind": kind.name(),
        "name": fields::name(object),
        "uid": fields::uid(object),
        "resourceVersion": object.pointer("/metadata/resourceVersion"),
    });
    if !fields::namespace(object).is_empty() {
        about["namespace"] = fields::namespace(object).into();
    }
    if !report.field.is_empty() {
        about["fieldPath"] = report.field.as_str().into();
    }
    let mut source = json!({"component": report.source});
    if report.source == "kubelet" {
        source["host"] = super::pod::NODE.into();
    }
    json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": event_name(object, report, now), "namespace": namespace},
        "involvedObject": about,
        "reason": report.reason,
        "message": report.message,
        "type": report.level,
        "source": source,
        "reportingComponent": report.source,
        "reportingInstance": if report.source == "kubelet" { super::pod::NODE } else { "" },
        "firstTimestamp": time,
        "lastTimestamp": time,
        "count": 1,
    })
}

/// Returns the object's name with 16 digits: the time, and what the report says.
fn event_name(object: &Value, report: &Report, now: Timestamp) -> String {
    let said = format!("{}{}{}", report.reason, report.message, report.field);
    let time = now.as_nanosecond() & 0xffff_ffff;
    format!(
        "{}.{time:08x}{:08x}",
        fields::name(object),
        fnv(said.as_bytes())
    )
}

fn with_target<T>(
    api: &Api,
    namespace: &str,
    name: &str,
    action: impl FnOnce(Target<'_>) -> T,
) -> Option<T> {
    let types = api.registry.types();
    let resource = types.get("", "v1", "events")?;
    Some(action(Target {
        resource,
        namespace,
        name,
        subresource: None,
    }))
}
