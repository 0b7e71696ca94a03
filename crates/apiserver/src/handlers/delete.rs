//! delete and deletecollection.

use serde_json::{Value, json};

use super::Call;
use crate::answer::{self, Answer};
use crate::api::{DeleteOptions, Deleted, Propagation, Target};
use crate::fields;
use crate::query::{check_dry_run, invalid_options};
use crate::selectors::Selection;
use crate::status::Status;
use crate::store::Range;

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

impl Call<'_> {
    pub(super) fn delete(&self) -> Result<Answer, Status> {
        let options = self.delete_options()?;
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

    pub(super) fn delete_collection(&self) -> Result<Answer, Status> {
        let options = self.delete_options()?;
        let list = self.request.query.list_options()?;
        let selection = Selection::parse(&self.resource, &list)?;
        let namespace = Some(self.route.namespace.as_str()).filter(|it| !it.is_empty());
        let range = Range {
            namespace,
            ..Range::default()
        };
        let listing = self.api().list(&self.resource, &range);
        let mut items = listing.items;
        items.retain(|item| selection.matches(item));
        for item in &items {
            let target = Target {
                resource: &self.resource,
                namespace: fields::text(item, "/metadata/namespace"),
                name: fields::text(item, "/metadata/name"),
                subresource: None,
            };
            match self.api().delete(target, &options) {
                Err(status) if status.code != 404 => return Err(status),
                _ => {}
            }
        }
        let metadata = json!({"resourceVersion": listing.revision.to_string()});
        let bytes = answer::list_body(&self.resource, &metadata, &items);
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
            self.request.object()?
        };
        self.parse_delete_options(&body)
    }

    pub(super) fn parse_delete_options(&self, body: &Value) -> Result<DeleteOptions, Status> {
        let query = &self.request.query;
        let given = match fields::text(body, "/propagationPolicy") {
            "" => query.get("propagationPolicy"),
            given => given,
        };
        let orphans = fields::flag(body, "/orphanDependents") || query.flag("orphanDependents");
        let propagation = match given {
            "" if orphans => Propagation::Orphan,
            "" | "Background" => Propagation::Background,
            "Foreground" => Propagation::Foreground,
            "Orphan" => Propagation::Orphan,
            other => {
                let message = format!(
                    "Unsupported value: {other:?}: supported values: \"Background\", \
                     \"Foreground\", \"Orphan\""
                );
                return Err(invalid_options("propagationPolicy", message));
            }
        };
        let texts = fields::list(body, "/dryRun")
            .iter()
            .filter_map(Value::as_str);
        let text = |pointer| fields::optional_text(body, pointer).map(str::to_owned);
        Ok(DeleteOptions {
            dry_run: check_dry_run(texts)? || query.dry_run()?,
            propagation,
            uid: text("/preconditions/uid"),
            resource_version: text("/preconditions/resourceVersion"),
        })
    }
}
