//! Carrying out what a step has decided.

use serde_json::Value;

use super::Controllers;
use super::step::{Report, Step, Write};
use super::world::{Id, Kind};
use crate::api::{Api, DeleteOptions, Deleted, Target, WriteOptions};
use crate::fields;
use crate::resource::{ResourceType, Subresource};
use crate::status::{Reason, Status};
use crate::store::version;

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Everything is done, or the objects have changed meanwhile and will be looked at again.
    Done,
    /// The API refused a write; nothing that follows from it was done.
    Refused,
}

impl Controllers {
    /// Carries out the step of an object. The first write that fails ends it.
    pub(super) fn carry_out(&mut self, api: &Api, id: &Id, step: Step) -> Outcome {
        for write in step.writes {
            if let Err(status) = self.write(api, id, write) {
                return match status.reason {
                    Reason::Conflict | Reason::NotFound | Reason::AlreadyExists => Outcome::Done,
                    _ => Outcome::Refused,
                };
            }
        }
        for report in &step.reports {
            self.report(api, id, report);
        }
        Outcome::Done
    }

    fn write(&mut self, api: &Api, id: &Id, write: Write) -> Result<(), Status> {
        match write {
            Write::Create(kind, object) => self.create(api, kind, object).map(drop),
            Write::Update(kind, object) => self.update(api, kind, &object, None),
            Write::UpdateStatus(kind, object) => {
                self.update(api, kind, &object, Some(Subresource::Status))
            }
            Write::Delete(id) => self.remove(api, &id),
            Write::CreatePod(pod, source) => {
                let created = self.create(api, Kind::Pod, pod);
                let report = match &created {
                    Ok(name) => {
                        let message = format!("Created pod: {name}");
                        Report::normal(source, "SuccessfulCreate", message)
                    }
                    Err(status) => {
                        let message = format!("Error creating: {status}");
                        Report::warning(source, "FailedCreate", message)
                    }
                };
                self.report(api, id, &report);
                created.map(drop)
            }
            Write::DeletePod(pod, source) => {
                self.remove(api, &pod)?;
                let message = format!("Deleted pod: {}", pod.name);
                self.report(
                    api,
                    id,
                    &Report::normal(source, "SuccessfulDelete", message),
                );
                Ok(())
            }
        }
    }

    /// Creates an object and returns its name.
    fn create(&mut self, api: &Api, kind: Kind, object: Value) -> Result<String, Status> {
        let namespace = fields::namespace(&object).to_owned();
        let options = options(manager(kind, None));
        let written = with_type(api, kind, |resource| {
            let target = target(resource, &namespace, "", None);
            api.create(target, object, &options)
        })?;
        let name = fields::name(&written.object).to_owned();
        self.apply(kind, &written.object);
        Ok(name)
    }

    fn update(
        &mut self,
        api: &Api,
        kind: Kind,
        object: &Value,
        subresource: Option<Subresource>,
    ) -> Result<(), Status> {
        let id = Id::of(kind, object);
        let options = options(manager(kind, subresource));
        let written = with_type(api, kind, |resource| {
            let target = target(resource, &id.namespace, &id.name, subresource);
            api.update(target, object, &options)
        })?;
        self.apply(kind, &written.object);
        Ok(())
    }

    fn remove(&mut self, api: &Api, id: &Id) -> Result<(), Status> {
        let deleted = with_type(api, id.kind, |resource| {
            let target = target(resource, &id.namespace, &id.name, None);
            api.delete(target, &DeleteOptions::default())
        })?;
        match deleted {
            Deleted::Gone(object) => self.delete(id, version(&object).max(api.store.revision())),
            Deleted::Waiting(object) => self.apply(id.kind, &object),
        }
        Ok(())
    }

    fn report(&mut self, api: &Api, id: &Id, report: &Report) {
        if let Some(object) = self.world.get(id.kind, &id.namespace, &id.name) {
            self.recorder.record(api, id.kind, object, report);
        }
    }
}

/// Returns who a write is by, as `metadata.managedFields` names it.
fn manager(kind: Kind, subresource: Option<Subresource>) -> &'static str {
    match (kind, subresource) {
        (Kind::Pod, Some(_)) => "kubelet",
        _ => "kube-controller-manager",
    }
}

/// Returns options for a write by `manager`.
pub(super) fn options(manager: &str) -> WriteOptions {
    WriteOptions {
        field_manager: manager.to_owned(),
        ..WriteOptions::default()
    }
}

fn target<'a>(
    resource: &'a ResourceType,
    namespace: &'a str,
    name: &'a str,
    subresource: Option<Subresource>,
) -> Target<'a> {
    Target {
        resource,
        namespace,
        name,
        subresource,
    }
}

fn with_type<T>(
    api: &Api,
    kind: Kind,
    action: impl FnOnce(&ResourceType) -> Result<T, Status>,
) -> Result<T, Status> {
    let types = api.registry.types();
    let (group, version, plural) = kind.path();
    let resource = types.get(group, version, plural);
    action(resource.ok_or_else(Status::no_such_resource)?)
}
