//! Carrying out what a step has decided.

use serde_json::Value;

use super::Loop;
use super::step::{Report, Step, Write};
use super::world::{Id, Kind};
use crate::api::{Api, DeleteOptions, Deleted, Target, WriteOptions};
use crate::apply::OnConflict;
use crate::fields;
use crate::resource::{GroupResource, ResourceType, Subresource};
use crate::status::{Reason, Status};
use crate::store::{Key, version};

/// Who the controllers are, where nobody more particular is meant.
const MANAGER: &str = "kube-controller-manager";

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Everything is done, or the objects have changed meanwhile and will be looked at again.
    Done,
    /// The API refused a write; nothing that follows from it was done.
    Refused,
}

impl Loop {
    /// Carries out the step of an object. The first write that fails ends it.
    pub(super) fn carry_out(&mut self, api: &Api, id: &Id, step: Step) -> Outcome {
        for write in step.writes {
            if let Err((source, status)) = self.write(api, id, write) {
                return self.refused(api, id, source, &status);
            }
        }
        for report in &step.reports {
            self.report(api, id, report);
        }
        Outcome::Done
    }

    /// Tells why a write was refused, unless the objects have only changed meanwhile.
    fn refused(&mut self, api: &Api, id: &Id, source: &'static str, status: &Status) -> Outcome {
        if let Reason::Conflict | Reason::NotFound | Reason::AlreadyExists = status.reason {
            return Outcome::Done;
        }
        let message = format!("Error creating: {status}");
        self.report(api, id, &Report::warning(source, "FailedCreate", message));
        Outcome::Refused
    }

    /// Returns who has failed when the API refuses.
    fn write(&mut self, api: &Api, id: &Id, write: Write) -> Result<(), (&'static str, Status)> {
        let done = match write {
            Write::Create(kind, object) => self.create(api, kind, object).map(drop),
            Write::Update(kind, object) => self.update(api, kind, &object, None),
            Write::UpdateStatus(kind, object) => {
                self.update(api, kind, &object, Some(Subresource::Status))
            }
            Write::Apply(kind, fields, manager) => self.apply_fields(api, kind, &fields, manager),
            Write::Delete(id) => self.remove(api, &id),
            Write::CreatePod(pod, source) => {
                let name = self.create(api, Kind::Pod, pod);
                let name = name.map_err(|status| (source, status))?;
                let message = format!("Created pod: {name}");
                self.report(
                    api,
                    id,
                    &Report::normal(source, "SuccessfulCreate", message),
                );
                Ok(())
            }
            Write::DeletePod(pod, source) => {
                let message = format!("Deleted pod: {}", pod.name);
                let deleted = self.remove(api, &pod);
                deleted.map_err(|status| (source, status))?;
                self.report(
                    api,
                    id,
                    &Report::normal(source, "SuccessfulDelete", message),
                );
                Ok(())
            }
        };
        done.map_err(|status| (MANAGER, status))
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
        self.refresh(api, &Id::of(kind, &written.object));
        Ok(name)
    }

    fn apply_fields(
        &mut self,
        api: &Api,
        kind: Kind,
        fields: &Value,
        manager: &str,
    ) -> Result<(), Status> {
        let id = Id::of(kind, fields);
        with_type(api, kind, |resource| {
            let target = target(resource, &id.namespace, &id.name, None);
            api.apply(target, fields, OnConflict::TakeOver, &options(manager))
        })?;
        self.refresh(api, &id);
        Ok(())
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
        self.refresh(api, &Id::of(kind, &written.object));
        Ok(())
    }

    fn remove(&mut self, api: &Api, id: &Id) -> Result<(), Status> {
        let deleted = with_type(api, id.kind, |resource| {
            let target = target(resource, &id.namespace, &id.name, None);
            api.delete(target, &DeleteOptions::default())
        })?;
        match deleted {
            Deleted::Gone(object) => self.delete(id, version(&object).max(api.store.revision())),
            Deleted::Waiting(_) => self.refresh(api, id),
        }
        Ok(())
    }

    /// Takes note of what was written, before its event comes.
    fn refresh(&mut self, api: &Api, id: &Id) {
        let (group, _, plural) = id.kind.path();
        let key = Key {
            resource: GroupResource::new(group, plural),
            namespace: id.namespace.clone(),
            name: id.name.clone(),
        };
        // What is gone again has an event that says so.
        if let Some(stored) = api.store.stored(&key) {
            self.apply(id.kind, &stored);
        }
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
        _ => MANAGER,
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
