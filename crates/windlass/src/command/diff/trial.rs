//! What an API server would say of a change, without a cluster: the embedded one says it, with the kinds that the
//! repository defines.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use windlass_apiserver::{OfflineError, OfflineServer, SystemClock};
use windlass_object::{Gvk, PackedObject};
use windlass_plan::{Complaint, DryRun, immutable_fields};

/// An API server with what was there before of the objects that change.
pub(super) struct Trial {
    server: OfflineServer,
    definitions: Vec<PackedObject>,
    /// The kinds whose definitions the server has been given.
    known: BTreeSet<Gvk>,
}

impl Trial {
    /// Returns one that knows the definitions among `objects`: of two with one name the last one counts.
    pub(super) fn new<'o>(objects: impl Iterator<Item = &'o PackedObject>) -> Self {
        Self {
            server: empty(),
            definitions: objects.filter(|it| is_definition(it)).cloned().collect(),
            known: BTreeSet::new(),
        }
    }

    /// Returns what comes of applying `after` where `before` was applied.
    ///
    /// Refused is only what is wrong with the object itself, or cannot be changed. What depends on other objects of
    /// the cluster, or on how it is set up, is not known here, and neither are kinds that the repository does not
    /// define.
    pub(super) fn of(&mut self, before: Option<&PackedObject>, after: &PackedObject) -> DryRun {
        if self.known.insert(after.gvk().clone()) {
            self.define(&self.server, after.gvk());
        }
        let after = after.open().into_value();
        if let Some(before) = before {
            // What was refused before is there in some form that is not known here: it is tried as a new object.
            let _ = self.server.apply(before.open().value());
        }
        match refusal(self.server.try_apply(&after)) {
            None => DryRun::Merged(after),
            Some(DryRun::Immutable { fields, .. }) => {
                let anew = refusal(self.anew(&after));
                let anew = Box::new(anew.unwrap_or(DryRun::Merged(after)));
                DryRun::Immutable { fields, anew }
            }
            Some(refused) => refused,
        }
    }

    /// Tries the object where nothing is.
    fn anew(&self, object: &Value) -> Result<Arc<Value>, OfflineError> {
        let server = empty();
        let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
        self.define(&server, &Gvk::new(text("apiVersion"), text("kind")));
        server.try_apply(object)
    }

    fn define(&self, server: &OfflineServer, gvk: &Gvk) {
        for definition in &self.definitions {
            let definition = definition.open();
            if defines(definition.value(), gvk) {
                // One that is refused is told where it changes; its kind stays unknown.
                let _ = server.apply(definition.value());
            }
        }
    }
}

fn empty() -> OfflineServer {
    OfflineServer::new("windlass", Arc::new(SystemClock))
}

fn is_definition(object: &PackedObject) -> bool {
    let gvk = object.gvk();
    gvk.group == "apiextensions.k8s.io" && gvk.kind == "CustomResourceDefinition"
}

fn defines(definition: &Value, gvk: &Gvk) -> bool {
    let is = |pointer: &str, text: &str| {
        let value = definition.pointer(pointer).and_then(Value::as_str);
        value == Some(text)
    };
    is("/spec/group", &gvk.group) && is("/spec/names/kind", &gvk.kind)
}

/// Returns the refusal, if it is one that every API server would give.
fn refusal(answer: Result<Arc<Value>, OfflineError>) -> Option<DryRun> {
    let Err(OfflineError::Refused {
        code,
        reason,
        message,
        causes,
    }) = answer
    else {
        return None;
    };
    let complaint = |(field, message)| Complaint { field, message };
    let complaints: Vec<Complaint> = causes.into_iter().map(complaint).collect();
    let is_of_object = matches!(code, 400 | 422 | 500);
    let is_open = !complaints.is_empty() && complaints.iter().all(is_of_cluster);
    if !is_of_object || is_open {
        return None;
    }
    Some(match immutable_fields(&message, &complaints) {
        Some(fields) => DryRun::Immutable {
            fields,
            anew: Box::new(DryRun::None),
        },
        // What does not fit its kind is called an error of the server.
        None if code == 500 => DryRun::Rejected {
            reason: "Invalid".to_owned(),
            message,
        },
        None => DryRun::Rejected { reason, message },
    })
}

/// Whether a complaint is about an address or port, whose ranges are the cluster's.
fn is_of_cluster(complaint: &Complaint) -> bool {
    let field = complaint.field.as_str();
    field.starts_with("spec.clusterIP")
        || field.ends_with("nodePort")
        || field == "spec.healthCheckNodePort"
}
