//! Deleting an object: at once, or when its finalizers are gone.

use serde_json::{Value, json};

use super::{
    Api, DeleteOptions, Deleted, Propagation, Target, generation, metadata, namespace, pod,
};
use crate::convert;
use crate::crd;
use crate::fields;
use crate::status::{Reason, Status};
use crate::store::{StoreError, version};

/// The finalizer of an object whose dependents go first.
pub(crate) const FOREGROUND: &str = "foregroundDeletion";

/// The finalizer of an object whose dependents stay.
pub(crate) const ORPHAN: &str = "orphan";

const ATTEMPTS: usize = 64;

impl Api {
    /// Deletes an object, or marks it as being deleted while it has finalizers.
    pub(crate) fn delete(
        &self,
        target: Target<'_>,
        options: &DeleteOptions,
    ) -> Result<Deleted, Status> {
        for _ in 0..ATTEMPTS {
            if let Some(deleted) = self.try_delete(&target, options)? {
                return Ok(deleted);
            }
        }
        Err(Status::modified(target.resource, target.name))
    }

    fn try_delete(
        &self,
        target: &Target<'_>,
        options: &DeleteOptions,
    ) -> Result<Option<Deleted>, Status> {
        let live = self.get(*target)?;
        check_preconditions(target, &live, options)?;
        let marked = self.marked(target, &live, options);
        let holds = metadata::finalizers(&marked).next().is_some()
            || namespace::has_finalizers(target.resource, &marked);
        if options.dry_run {
            return Ok(Some(Deleted::new(holds, marked)));
        }
        let expected = version(&live);
        let result = if !holds {
            self.store.delete(&target.key(), expected)
        } else if marked == *live {
            return Ok(Some(Deleted::Waiting(live)));
        } else {
            let stored = convert::to_storage(target.resource, marked.clone());
            self.store.update(&target.key(), expected, stored)
        };
        match result {
            Err(StoreError::Modified) => Ok(None),
            Err(error) => Err(target.refused(&error)),
            Ok(stored) => {
                self.after_write(target.resource, &stored);
                let object = convert::from_storage(target.resource, stored);
                let mut object = Value::clone(&object);
                if !holds && pod::is_pod(target.resource) {
                    for field in [
                        "deletionTimestamp",
                        "deletionGracePeriodSeconds",
                        "generation",
                    ] {
                        object["metadata"][field] = marked["metadata"][field].clone();
                    }
                }
                Ok(Some(Deleted::new(holds, object)))
            }
        }
    }

    /// Returns the object as one that is being deleted.
    fn marked(&self, target: &Target<'_>, live: &Value, options: &DeleteOptions) -> Value {
        let mut object = live.clone();
        set_finalizers(&mut object, options.propagation);
        if !metadata::is_deleting(live) {
            if crd::is_definition(target.resource) {
                crd::hold(&mut object);
                crd::end(&mut object, &self.now());
            } else {
                generation::raise(&mut object);
            }
            object["metadata"]["deletionTimestamp"] = self.now().into();
            if !namespace::is_namespace(target.resource) && !crd::is_definition(target.resource) {
                object["metadata"]["deletionGracePeriodSeconds"] = 0.into();
            }
        }
        if namespace::is_namespace(target.resource) {
            object["status"]["phase"] = "Terminating".into();
        }
        object
    }
}

impl Deleted {
    fn new(holds: bool, object: Value) -> Self {
        if holds {
            Self::Waiting(object.into())
        } else {
            Self::Gone(object.into())
        }
    }
}

fn check_preconditions(
    target: &Target<'_>,
    live: &Value,
    options: &DeleteOptions,
) -> Result<(), Status> {
    let uid = fields::text(live, "/metadata/uid");
    if let Some(wanted) = options.uid.as_deref().filter(|wanted| *wanted != uid) {
        let why = format!(
            "the UID in the precondition ({wanted}) does not match the UID in record ({uid}). The \
             object might have been deleted and then recreated"
        );
        return Err(not_as_expected(target, &why));
    }
    let found = fields::text(live, "/metadata/resourceVersion");
    if let Some(wanted) = options
        .resource_version
        .as_deref()
        .filter(|it| *it != found)
    {
        let why = format!(
            "the ResourceVersion in the precondition ({wanted}) does not match the ResourceVersion \
             in record ({found}). The object might have been modified"
        );
        return Err(not_as_expected(target, &why));
    }
    Ok(())
}

/// Names the kind where others name the plural, as kube-apiserver does here.
fn not_as_expected(target: &Target<'_>, why: &str) -> Status {
    let (kind, name) = (target.resource.qualified_kind(), target.name);
    let message = format!("Operation cannot be fulfilled on {kind} \"{name}\": {why}");
    Status::new(409, Reason::Conflict, message).about(
        &target.resource.kind,
        &target.resource.group,
        name,
    )
}

fn set_finalizers(object: &mut Value, propagation: Propagation) {
    let wanted = match propagation {
        Propagation::Background => None,
        Propagation::Foreground => Some(FOREGROUND),
        Propagation::Orphan => Some(ORPHAN),
    };
    let others = metadata::finalizers(object).filter(|it| *it != FOREGROUND && *it != ORPHAN);
    let finalizers: Vec<&str> = others.chain(wanted).collect();
    let finalizers = json!(finalizers);
    match object["metadata"].as_object_mut() {
        Some(metadata) if finalizers == json!([]) => metadata.remove("finalizers"),
        Some(metadata) => metadata.insert("finalizers".to_owned(), finalizers),
        None => None,
    };
}
