//! create, update, patch and apply.

use hyper::Method;
use serde_json::Value;

use super::{Call, Context, read};
use crate::adapt::{self, PatchType};
use crate::answer::{self, Answer};
use crate::api::{FieldValidation, WriteOptions, Written, check_name};
use crate::apply::OnConflict;
use crate::fields;
use crate::negotiate::{Form, form};
use crate::query::OptionsKind;
use crate::rbac;
use crate::status::{Cause, Reason, Status};
use crate::validation::duplicate_fields;

/// The media type of server-side apply.
const APPLY: &str = "application/apply-patch+yaml";

/// The types of patches, as the media types name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patch {
    /// Merged into the live object by one of the rules for patches.
    Of(PatchType),
    /// Server-side apply.
    Apply,
}

/// Writes an object, or shows what would be written.
type Write<'a> = &'a mut dyn FnMut(&WriteOptions) -> Result<Written, Status>;

impl Patch {
    fn parse(content_type: &str, custom: bool) -> Result<Self, Status> {
        match content_type {
            "application/json-patch+json" => Ok(Self::Of(PatchType::Json)),
            "application/merge-patch+json" => Ok(Self::Of(PatchType::Merge)),
            "application/strategic-merge-patch+json" if !custom => {
                Ok(Self::Of(PatchType::Strategic))
            }
            APPLY => Ok(Self::Apply),
            _ => {
                if custom {
                    return Err(Status::unsupported_media_type(
                        "the body of the request was in an unknown format - accepted media types include: \
                         application/json-patch+json, application/merge-patch+json, \
                         application/apply-patch+yaml",
                    ));
                }
                let message = "415: Unsupported Media Type";
                Err(Status::unsupported_media_type(message).about("", "", ""))
            }
        }
    }
}

impl Call<'_> {
    pub(super) fn create(&self) -> Result<Answer, Status> {
        let object = self.request.object_of(&self.resource.kind)?;
        let options = self.write_options()?;
        let duplicates = self.duplicates(&options)?;
        self.check_grant(&options, &mut |options| {
            self.api().create(self.target(), object.clone(), options)
        })?;
        let mut written = self.api().create(self.target(), object, &options)?;
        written.warnings.extend(duplicates);
        self.written(201, &written)
    }

    pub(super) fn replace(&self) -> Result<Answer, Status> {
        let object = self.request.object_of(&self.resource.kind)?;
        let options = self.write_options()?;
        let duplicates = self.duplicates(&options)?;
        self.check_grant(&options, &mut |options| {
            self.api().update(self.target(), &object, options)
        })?;
        let mut written = self.api().update(self.target(), &object, &options)?;
        written.warnings.extend(duplicates);
        self.written(200, &written)
    }

    /// Returns warnings of fields that the body gives twice, or refuses them.
    fn duplicates(&self, options: &WriteOptions) -> Result<Vec<String>, Status> {
        let paths = duplicate_fields(&self.request.body);
        let texts: Vec<String> = paths
            .iter()
            .map(|path| format!("duplicate field {path:?}"))
            .collect();
        match options.field_validation {
            FieldValidation::Strict if !texts.is_empty() => {
                let (kind, version) = (&self.resource.kind, &self.resource.version);
                Err(Status::bad_request(format!(
                    "{kind} in version {version:?} cannot be handled as a {kind}: strict decoding \
                     error: {}",
                    texts.join(", ")
                )))
            }
            FieldValidation::Warn => Ok(texts),
            _ => Ok(Vec::new()),
        }
    }

    pub(super) fn patch(&self) -> Result<Answer, Status> {
        let custom = self.resource.custom.is_some();
        match Patch::parse(&self.request.content_type, custom)? {
            Patch::Apply => self.apply(),
            Patch::Of(kind) => self.merge(kind),
        }
    }

    fn merge(&self, kind: PatchType) -> Result<Answer, Status> {
        let patch = self.request.json();
        let patch = patch.map_err(|_| Status::bad_request("invalid JSON patch"))?;
        let target = self.target();
        let options = self.write_options()?;
        let mut change = |live: &Value| {
            let object = adapt::patch(&target, live, &patch, kind)?;
            check_patched_version(&target, live, &object)?;
            Ok(object)
        };
        self.check_grant(&options, &mut |options| {
            self.api().modify(target, options, &mut change)
        })?;
        let written = self.api().modify(target, &options, &mut change);
        let written = written.map_err(refused_patch)?;
        self.written(200, &written)
    }

    fn apply(&self) -> Result<Answer, Status> {
        let options = self.write_options()?;
        let wanted = self.request.yaml()?;
        self.check_applied(&wanted)?;
        let on_conflict = self.on_conflict();
        self.check_grant(&options, &mut |options| {
            let applied = self
                .api()
                .apply(self.target(), &wanted, on_conflict, options);
            applied.map(|(written, _)| written)
        })?;
        let (written, created) = self
            .api()
            .apply(self.target(), &wanted, on_conflict, &options)?;
        self.written(if created { 201 } else { 200 }, &written)
    }

    /// Whether the request is a server-side apply.
    pub(super) fn applies(&self) -> bool {
        self.request.content_type == APPLY
    }

    pub(super) fn on_conflict(&self) -> OnConflict {
        if self.request.query.flag("force") {
            OnConflict::TakeOver
        } else {
            OnConflict::Fail
        }
    }

    /// Refuses to write rights that the user does not have; `write` says what would be written.
    fn check_grant(&self, options: &WriteOptions, write: Write<'_>) -> Result<(), Status> {
        if !rbac::gives_rights(&self.resource) || self.request.user.is_master() {
            return Ok(());
        }
        let options = WriteOptions {
            dry_run: true,
            ..options.clone()
        };
        let written = write(&options)?;
        let store = &self.api().store;
        rbac::check_grant(store, &self.request.user, &self.resource, &written.object)
    }

    /// An apply says what it is about: nothing of it follows from the path.
    fn check_applied(&self, wanted: &Value) -> Result<(), Status> {
        let (version, kind) = (
            fields::text(wanted, "/apiVersion"),
            fields::text(wanted, "/kind"),
        );
        if version.is_empty() || kind != self.resource.kind {
            let slash = if version.contains('/') { "" } else { "/" };
            let message = format!("invalid object type: {slash}{version}, Kind={kind}");
            return Err(Status::bad_request(message));
        }
        check_name(&self.route.name, wanted)
    }

    pub(super) fn write_options(&self) -> Result<WriteOptions, Status> {
        let kind = match (&self.request.method, self.request.content_type.as_str()) {
            (&Method::PATCH, APPLY) => OptionsKind::Apply,
            (&Method::PATCH, _) => OptionsKind::Patch,
            (&Method::PUT, _) => OptionsKind::Update,
            _ => OptionsKind::Create,
        };
        self.request.query.write_options(kind, &self.request.agent)
    }

    /// Answers with the object that was written, in the form that the client wants.
    pub(super) fn written(&self, code: u16, written: &Written) -> Result<Answer, Status> {
        let answer = match form(&self.request.accept)? {
            Form::Object => answer::json(code, &*written.object),
            form => {
                let options = self.table_options(false)?;
                answer::json(
                    code,
                    &read::shaped(&self.resource, &written.object, form, &options),
                )
            }
        };
        Ok(answer::with_warnings(answer, &written.warnings))
    }
}

/// A patch that makes no object of the type out of one is invalid itself.
fn refused_patch(status: Status) -> Status {
    if status.code != 400 || !status.message.contains(" cannot be handled as a ") {
        return status;
    }
    let why = format!("Invalid value: the patched object: {}", status.message);
    let message = format!(" \"\" is invalid: patch: {why}");
    let mut status = Status::new(422, Reason::Invalid, message).about("", "", "");
    if let Some(details) = &mut status.details {
        details.causes = vec![Cause::new("FieldValueInvalid", "patch", why)];
    }
    status
}

/// A patch may carry the version that it was made for.
fn check_patched_version(
    target: &crate::api::Target<'_>,
    live: &serde_json::Value,
    object: &serde_json::Value,
) -> Result<(), Status> {
    let version = |it| crate::fields::text(it, "/metadata/resourceVersion");
    if version(object).is_empty() || version(object) == version(live) {
        return Ok(());
    }
    Err(Status::modified(target.resource, target.name))
}

impl Context {
    /// Returns whether `given` is the token of the server, in a time that says nothing about it.
    pub(crate) fn accepts(&self, given: &str) -> bool {
        let (expected, given) = (self.token.as_bytes(), given.as_bytes());
        let pairs = expected.iter().zip(given);
        let difference = pairs.fold(0, |sum, (left, right)| sum | (left ^ right));
        std::hint::black_box(difference) == 0 && expected.len() == given.len()
    }
}
