//! Tables: what `kubectl get` prints, as kube-apiserver 1.37 computes it on the server.
//!
//! A [`Printer`] knows the columns of a type and turns an object into a row of cells. The columns carry
//! no descriptions: `kubectl` does not show them.

mod admission;
mod cells;
mod column;
mod config;
mod custom;
mod duration;
mod events;
mod layouts;
mod network;
mod node;
mod path;
mod pods;
mod selector;
mod storage;
mod workloads;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::fields;
use crate::resource::ResourceType;
use cells::Scene;
use column::{Column, Layout};
use custom::CustomColumn;

/// What a row carries beside its cells: the `includeObject` of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Include {
    /// Nothing.
    None,
    /// The metadata, as a `PartialObjectMetadata`; the default.
    #[default]
    Metadata,
    /// The whole object.
    Object,
}

/// How to make a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// What each row carries beside its cells.
    pub(crate) include: Include,
    /// Whether the table has column definitions; those of a watch come with its first event only.
    pub(crate) headers: bool,
    /// Whether the objects are a list: the default StorageClass is marked in lists only.
    pub(crate) list: bool,
    /// The present time, for ages.
    pub(crate) now: Timestamp,
}

/// How the objects of one type are printed.
pub(crate) struct Printer(Kind);

enum Kind {
    Builtin(Layout),
    Custom(Vec<CustomColumn>),
}

impl Printer {
    /// Returns the printer of a type: the built-in one, or that of its CustomResourceDefinition.
    pub(crate) fn of(resource: &ResourceType) -> Self {
        match &resource.custom {
            Some(custom) => Self(Kind::Custom(CustomColumn::parse(&custom.printer_columns))),
            None => Self(Kind::Builtin(layouts::of(&resource.group, &resource.kind))),
        }
    }

    /// Returns the `meta.k8s.io/v1` Table of `objects`; `metadata` is that of the list or the object.
    pub(crate) fn table(
        &self,
        objects: &[Arc<Value>],
        metadata: &Value,
        options: &Options,
    ) -> Value {
        let scene = Scene::new(objects, options);
        let rows = objects
            .iter()
            .map(|object| self.row(object, &scene, options.include));
        json!({
            "kind": "Table",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": metadata,
            "columnDefinitions": if options.headers { self.definitions() } else { Value::Null },
            "rows": rows.collect::<Vec<_>>(),
        })
    }

    fn definitions(&self) -> Value {
        match &self.0 {
            Kind::Builtin(layout) => layout.columns.iter().map(Column::definition).collect(),
            Kind::Custom(columns) => std::iter::once(column::NAME.definition())
                .chain(columns.iter().map(CustomColumn::definition))
                .collect(),
        }
    }

    fn row(&self, object: &Value, scene: &Scene, include: Include) -> Value {
        let cells = match &self.0 {
            Kind::Builtin(layout) => (layout.cells)(object, scene),
            Kind::Custom(columns) => custom::cells(object, columns, scene.now),
        };
        let mut row = json!({ "cells": cells });
        if let Some(condition) = completion(object) {
            row["conditions"] = condition;
        }
        row["object"] = included(object, include);
        row
    }
}

fn included(object: &Value, include: Include) -> Value {
    match include {
        Include::None => Value::Null,
        Include::Metadata => {
            let mut metadata = object.get("metadata").cloned().unwrap_or_default();
            drop_template_generation(object, &mut metadata);
            json!({
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": metadata,
            })
        }
        Include::Object => object.clone(),
    }
}

/// In kube-apiserver's own form of a DaemonSet this is a field and no annotation, and rows are made of that form.
fn drop_template_generation(object: &Value, metadata: &mut Value) {
    if fields::text(object, "/kind") != "DaemonSet" {
        return;
    }
    if let Some(annotations) = metadata["annotations"].as_object_mut() {
        annotations.remove("deprecated.daemonset.template.generation");
        if annotations.is_empty()
            && let Some(metadata) = metadata.as_object_mut()
        {
            metadata.remove("annotations");
        }
    }
}

/// Returns the row conditions of a pod that has ended; other rows have none.
fn completion(object: &Value) -> Option<Value> {
    if fields::text(object, "/kind") != "Pod" {
        return None;
    }
    let (reason, message) = match fields::text(object, "/status/phase") {
        "Succeeded" => ("Succeeded", "The pod has completed successfully."),
        "Failed" => ("Failed", "The pod failed."),
        _ => return None,
    };
    Some(json!([{"type": "Completed", "status": "True", "reason": reason, "message": message}]))
}

#[cfg(test)]
mod tests;
