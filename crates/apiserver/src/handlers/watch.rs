//! watch: events as they happen, bookmarks, and the end when its time is over.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::header::CONTENT_TYPE;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Call, Context, read};
use crate::answer::{self, Answer, Body, Chunks};
use crate::convert;
use crate::fields;
use crate::identity;
use crate::negotiate::{Form, form};
use crate::query::ListOptions;
use crate::resource::ResourceType;
use crate::selectors::Selection;
use crate::status::Status;
use crate::store::{Change, Event, Range, Scope, Watch};
use crate::table::Options;

/// How often a quiet watch tells its client how far it has come.
const BOOKMARK_EVERY: Duration = Duration::from_mins(1);

/// The shortest time after which a watch without a timeout ends; the longest is twice as long.
const MIN_TIMEOUT: Duration = Duration::from_mins(30);

/// A watch as it is sent.
struct Events {
    context: Arc<Context>,
    watch: Watch,
    lens: Lens,
    /// What is to be sent first.
    first: Vec<u8>,
    deadline: Instant,
    bookmarks: bool,
    next_bookmark: Instant,
    ended: bool,
}

/// What of the events is shown, and how.
struct Lens {
    resource: Arc<ResourceType>,
    namespace: String,
    selection: Selection,
    form: Form,
    table: Options,
}

impl Call<'_> {
    pub(super) fn watch(
        &self,
        options: &ListOptions,
        selection: Selection,
    ) -> Result<Answer, Status> {
        options.check_watch()?;
        self.check_not_future(options.resource_version)?;
        let mut lens = Lens {
            resource: Arc::clone(&self.resource),
            namespace: self.route.namespace.clone(),
            selection,
            form: form(&self.request.accept)?,
            table: self.table_options(true)?,
        };
        let since = options.resource_version.unwrap_or(0);
        let initial = options.initial_events.unwrap_or(since == 0);
        let scope = Scope::Type(self.resource.storage.clone());
        let (watch, first) = if initial {
            self.begin_with_objects(&mut lens, scope, options)?
        } else {
            let since = Some(since).filter(|it| *it > 0);
            match self.api().store.watch(scope.clone(), since) {
                Ok(watch) => (watch, Vec::new()),
                Err(expired) => return Ok(stream_of(expired_event(&expired.to_string()))),
            }
        };
        let now = Instant::now();
        let events = Events {
            context: Arc::clone(self.context),
            watch,
            lens,
            first,
            deadline: now + options.timeout.unwrap_or_else(default_timeout),
            bookmarks: options.bookmarks,
            next_bookmark: now + BOOKMARK_EVERY,
            ended: false,
        };
        Ok(stream(Body::stream(events)))
    }

    /// Begins with what is there: one ADDED for each object, and a bookmark when the client asked for it.
    fn begin_with_objects(
        &self,
        lens: &mut Lens,
        scope: Scope,
        options: &ListOptions,
    ) -> Result<(Watch, Vec<u8>), Status> {
        let namespace = Some(lens.namespace.as_str()).filter(|it| !it.is_empty());
        let range = Range {
            namespace,
            ..Range::default()
        };
        let listing = self.api().store.list(&self.resource.storage, &range);
        let watch = self.api().store.watch(scope, Some(listing.revision));
        let watch = watch.map_err(|expired| Status::expired(expired.to_string()))?;
        let mut first = Vec::new();
        for object in &listing.items {
            let object = object.value();
            if lens.selection.matches(&object) {
                lens.write(&mut first, "ADDED", &object);
            }
        }
        if options.initial_events == Some(true) {
            lens.write_bookmark(&mut first, listing.revision, true);
        }
        Ok((watch, first))
    }
}

fn default_timeout() -> Duration {
    let share = f64::from(identity::random::<1>()[0]) / 256.0;
    MIN_TIMEOUT.mul_f64(1.0 + share)
}

fn stream(body: Body) -> Answer {
    let mut answer = hyper::Response::new(body);
    answer::set(&mut answer, CONTENT_TYPE, "application/json");
    answer
}

fn stream_of(bytes: Vec<u8>) -> Answer {
    stream(Body::full(bytes))
}

fn expired_event(message: &str) -> Vec<u8> {
    let mut line = Vec::new();
    write_line(&mut line, "ERROR", &Status::expired(message).to_value());
    line
}

fn write_line(line: &mut Vec<u8>, kind: &str, object: &impl serde::Serialize) {
    line.extend_from_slice(b"{\"type\":\"");
    line.extend_from_slice(kind.as_bytes());
    line.extend_from_slice(b"\",\"object\":");
    serde_json::to_writer(&mut *line, object).expect("JSON values always have a text");
    line.extend_from_slice(b"}\n");
}

impl Lens {
    /// Writes an event, unless nothing of it is to be seen. An object that begins to match is new to the
    /// client, one that no longer does is gone.
    fn write_event(&mut self, line: &mut Vec<u8>, event: &Event) {
        let object = event.object.value();
        let previous = event.previous.as_ref().map(|it| it.value());
        let before = previous.as_ref().is_some_and(|it| self.sees(it));
        let after = event.change != Change::Deleted && self.sees(&object);
        let kind = match (before, after) {
            (false, false) => return,
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
        };
        if event.change == Change::Modified && !after {
            let mut last = Value::clone(previous.as_ref().unwrap_or(&object));
            last["metadata"]["resourceVersion"] = event.revision.to_string().into();
            return self.write(line, kind, &Arc::new(last));
        }
        self.write(line, kind, &object);
    }

    fn sees(&self, object: &Value) -> bool {
        let namespace = fields::text(object, "/metadata/namespace");
        (self.namespace.is_empty() || self.namespace == namespace) && self.selection.matches(object)
    }

    fn write(&mut self, line: &mut Vec<u8>, kind: &str, object: &Arc<Value>) {
        let object = convert::from_storage(&self.resource, Arc::clone(object));
        match self.form {
            Form::Object => write_line(line, kind, &*object),
            form => write_line(
                line,
                kind,
                &read::shaped(&self.resource, &object, form, &self.table),
            ),
        }
        // The columns of a table are described once.
        self.table.headers = false;
    }

    fn write_bookmark(&self, line: &mut Vec<u8>, revision: u64, ends_initial: bool) {
        let mut metadata = json!({"resourceVersion": revision.to_string()});
        if ends_initial {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let (kind, version) = match self.form {
            Form::Object => (self.resource.kind.clone(), self.resource.api_version()),
            Form::Metadata => (
                "PartialObjectMetadata".to_owned(),
                "meta.k8s.io/v1".to_owned(),
            ),
            Form::Table => {
                let row = json!({"cells": [], "object": answer::metadata_only(
                    &json!({"metadata": metadata}))});
                let table = json!({
                    "kind": "Table", "apiVersion": "meta.k8s.io/v1",
                    "metadata": {"resourceVersion": revision.to_string()},
                    "columnDefinitions": Value::Null, "rows": [row],
                });
                return write_line(line, "BOOKMARK", &table);
            }
        };
        let object = json!({"kind": kind, "apiVersion": version, "metadata": metadata});
        write_line(line, "BOOKMARK", &object);
    }
}

impl Events {
    /// Returns what has happened since the last call; empty when nothing of it is to be seen.
    fn take(&mut self) -> Vec<u8> {
        match self.watch.take() {
            Ok(events) => {
                let mut lines = Vec::new();
                for event in &events {
                    self.lens.write_event(&mut lines, event);
                }
                lines
            }
            Err(expired) => {
                self.ended = true;
                expired_event(&expired.to_string())
            }
        }
    }

    fn bookmark(&mut self) -> Vec<u8> {
        self.next_bookmark = Instant::now() + BOOKMARK_EVERY;
        let mut line = Vec::new();
        self.lens
            .write_bookmark(&mut line, self.watch.position(), false);
        line
    }

    async fn next_lines(&mut self) -> Option<Vec<u8>> {
        if self.ended {
            return None;
        }
        if !self.first.is_empty() {
            return Some(std::mem::take(&mut self.first));
        }
        let mut shutdown = self.context.shutdown.clone();
        loop {
            let lines = self.take();
            if !lines.is_empty() {
                return Some(lines);
            }
            tokio::select! {
                () = self.watch.changed() => {}
                () = tokio::time::sleep_until(self.next_bookmark), if self.bookmarks => {
                    return Some(self.bookmark());
                }
                () = tokio::time::sleep_until(self.deadline) => return None,
                () = shutdown.wait() => return None,
            }
        }
    }
}

impl Chunks for Events {
    async fn next(mut self) -> Option<(Bytes, Self)> {
        let lines = self.next_lines().await?;
        Some((Bytes::from(lines), self))
    }
}
