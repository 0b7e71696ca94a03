//! delete and deletecollection.

use serde_json::{Value, json};

use super::Call;
use crate::answer::{self, Answer};
use crate::api::{DeleteOptions, Deleted, Propagation, Target};
use crate::fields;
use crate::go_json;
use crate::query::{OptionsKind, check_dry_run, check_options};
use crate::selectors::Selection;
use crate::status::Status;
use crate::validation::FieldErrors;

/// Types whose deletion is answered with the object, and not with a Status.
const RETURN_OBJECT: [&str; 13] = [
    "csidrivers",
    "csinodes",
    "customresourcedefinitions",
    "persistentvolumeclaims",
    "persistentvolumes",
    "pods",
    "podtemplates",
    "resourcequotas",
    "serviceaccounts",
    "services",
    "storageclasses",
    "volumeattachments",
    "volumeattributesclasses",
];

/// Namespaces that are never deleted.
const PERMANENT: [&str; 3] = ["default", "kube-system", "kube-public"];

impl Call<'_> {
    pub(super) fn delete(&self) -> Result<Answer, Status> {
        let options = self.delete_options()?;
        self.check_namespace_may_go()?;
        let deleted = self.api().delete(self.target(), &options)?;
        let whole = self.resource.custom.is_none()
            && RETURN_OBJECT.contains(&self.resource.plural.as_str())
            && !crate::crd::is_definition(&self.resource);
        Ok(match deleted {
            Deleted::Waiting(object) => answer::json(200, &*object),
            Deleted::Gone(object) if whole => answer::json(200, &*object),
            Deleted::Gone(object) => answer::json(200, &self.success(&object)),
        })
    }

    fn check_namespace_may_go(&self) -> Result<(), Status> {
        let kind = self.resource.qualified_kind();
        if kind == "Namespace" && PERMANENT.contains(&self.route.name.as_str()) {
            let why = "this namespace may not be deleted";
            return Err(Status::forbidden(&self.resource, &self.route.name, why));
        }
        Ok(())
    }

    pub(super) fn delete_collection(&self) -> Result<Answer, Status> {
        let options = self.delete_options()?;
        let list = self.request.query.list_options()?;
        let selection = Selection::parse(&self.resource, &list)?;
        list.check_list()?;
        let page = self.page(&list, &selection)?;
        let items = page.items;
        for item in &items {
            let item = item.value();
            let target = Target {
                resource: &self.resource,
                namespace: fields::text(&item, "/metadata/namespace"),
                name: fields::text(&item, "/metadata/name"),
                subresource: None,
            };
            match self.api().delete(target, &options) {
                Err(status) if status.code != 404 => return Err(status),
                _ => {}
            }
        }
        let bytes = answer::list_body(
            &self.resource,
            &page.metadata,
            items.iter().map(|item| self.shown(item)),
        );
        Ok(answer::json_bytes(200, bytes))
    }

    fn success(&self, object: &Value) -> Value {
        let mut details = json!({
            "name": self.route.name,
            "kind": self.resource.plural,
            "uid": fields::text(object, "/metadata/uid"),
        });
        if !self.resource.group.is_empty() {
            details["group"] = self.resource.group.clone().into();
        }
        json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Success",
            "details": details,
        })
    }

    /// Returns how to delete: what the body says, or else the query.
    pub(super) fn delete_options(&self) -> Result<DeleteOptions, Status> {
        let body = if self.request.body.is_empty() {
            Value::Null
        } else {
            self.request.value().map_err(|status| {
                let mistake = go_json::mistake(&self.request.body);
                mistake.map_or(status, |mistake| {
                    let head = "couldn't get version/kind; json parse error";
                    Status::bad_request(format!("{head}: {mistake}"))
                })
            })?
        };
        check_delete_kind(&body)?;
        check_grace_period(self.request.query.get("gracePeriodSeconds"))?;
        self.parse_delete_options(&body)
    }

    pub(super) fn parse_delete_options(&self, body: &Value) -> Result<DeleteOptions, Status> {
        let query = &self.request.query;
        let mut errors = FieldErrors::default();
        let given = match fields::text(body, "/propagationPolicy") {
            "" => query.get("propagationPolicy"),
            given => given,
        };
        let orphans = fields::flag(body, "/orphanDependents") || query.flag("orphanDependents");
        if !given.is_empty() && (orphans || body.get("orphanDependents").is_some()) {
            let why = "orphanDependents and deletionPropagation cannot be both set";
            errors.invalid("propagationPolicy", &given.into(), why);
        }
        let propagation = match given {
            "" if orphans => Propagation::Orphan,
            "" | "Background" => Propagation::Background,
            "Foreground" => Propagation::Foreground,
            "Orphan" => Propagation::Orphan,
            other => {
                let supported = ["Foreground", "Background", "Orphan", "nil"];
                errors.unsupported("propagationPolicy", &other.into(), &supported);
                Propagation::Background
            }
        };
        let in_body = fields::list(body, "/dryRun").iter();
        let values = in_body.filter_map(Value::as_str).chain(query.all("dryRun"));
        let dry_run = check_dry_run(&values.collect::<Vec<_>>(), &mut errors);
        check_options(OptionsKind::Delete, errors)?;
        let text = |pointer| fields::optional_text(body, pointer).map(str::to_owned);
        Ok(DeleteOptions {
            dry_run,
            propagation,
            uid: text("/preconditions/uid"),
            resource_version: text("/preconditions/resourceVersion"),
        })
    }
}

fn check_delete_kind(body: &Value) -> Result<(), Status> {
    match (
        fields::text(body, "/kind"),
        fields::text(body, "/apiVersion"),
    ) {
        ("" | "DeleteOptions", _) => Ok(()),
        (kind, version) => Err(Status::bad_request(format!(
            "no kind {kind:?} is registered for version {version:?} in scheme \
             \"pkg/runtime/scheme.go:111\""
        ))),
    }
}

/// Nothing waits here for a grace period, but one that is no number is a mistake all the same.
fn check_grace_period(text: &str) -> Result<(), Status> {
    if text.is_empty() || text.parse::<i64>().is_ok() {
        return Ok(());
    }
    let message = format!("strconv.ParseInt: parsing {text:?}: invalid syntax");
    Err(Status::bad_request(message))
}
