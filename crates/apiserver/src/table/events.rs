//! The row of an event.

use serde_json::Value;

use super::cells::{Scene, name, text_or};
use super::column::{Column, text as column};
use crate::fields::{integer, is_set, text};

pub(super) const COLUMNS: &[Column] = &[
    column("Last Seen"),
    column("Type"),
    column("Reason"),
    column("Object"),
    column("Subobject").wide(),
    column("Source").wide(),
    column("Message"),
    column("First Seen").wide(),
    column("Count").wide(),
    column("Name").wide().named(),
];

/// Reads both forms of an event, that of `v1` and that of `events.k8s.io/v1`.
pub(super) fn cells(object: &Value, scene: &Scene) -> Vec<Value> {
    let about = if is_set(object, "/regarding") {
        "/regarding"
    } else {
        "/involvedObject"
    };
    let first = event_time(object, ["/firstTimestamp", "/deprecatedFirstTimestamp"]);
    let first = first.unwrap_or("/eventTime");
    let last = event_time(object, ["/lastTimestamp", "/deprecatedLastTimestamp"]).unwrap_or(first);
    let (last, count) = if is_set(object, "/series") {
        ("/series/lastObservedTime", integer(object, "/series/count"))
    } else {
        (last, event_count(object))
    };
    let message = text_or(object, "/message", text(object, "/note"));
    vec![
        scene.since(object, last).into(),
        text(object, "/type").into(),
        text(object, "/reason").into(),
        event_target(object, about).into(),
        text(object, &format!("{about}/fieldPath")).into(),
        event_source(object).into(),
        message.trim().into(),
        scene.since(object, first).into(),
        count.into(),
        name(object),
    ]
}

fn event_time(event: &Value, pointers: [&'static str; 2]) -> Option<&'static str> {
    pointers.into_iter().find(|it| is_set(event, it))
}

fn event_count(event: &Value) -> i64 {
    match integer(event, "/count") + integer(event, "/deprecatedCount") {
        0 => 1,
        count => count,
    }
}

fn event_target(event: &Value, about: &str) -> String {
    let kind = text(event, &format!("{about}/kind")).to_lowercase();
    match text(event, &format!("{about}/name")) {
        "" => kind,
        name => format!("{kind}/{name}"),
    }
}

fn event_source(event: &Value) -> String {
    let first = |pointers: &[&str]| {
        let mut texts = pointers.iter().map(|pointer| text(event, pointer));
        texts
            .find(|text| !text.is_empty())
            .unwrap_or_default()
            .to_owned()
    };
    let component = first(&[
        "/source/component",
        "/deprecatedSource/component",
        "/reportingComponent",
        "/reportingController",
    ]);
    match first(&[
        "/source/host",
        "/deprecatedSource/host",
        "/reportingInstance",
    ]) {
        host if host.is_empty() => component,
        host => format!("{component}, {host}"),
    }
}
