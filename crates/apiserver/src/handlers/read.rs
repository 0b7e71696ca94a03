//! get and list.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::Call;
use crate::answer::{self, Answer};
use crate::convert;
use crate::fields;
use crate::go_json;
use crate::negotiate::{Form, form};
use crate::query::ListOptions;
use crate::resource::ResourceType;
use crate::selectors::Selection;
use crate::status::{Cause, Details, Reason, Status};
use crate::store::{Range, Stored};
use crate::table::{Include, Options, Printer};

/// What of the objects is sent.
pub(super) struct Page {
    pub(super) items: Vec<Arc<Stored>>,
    pub(super) metadata: Value,
}

impl Call<'_> {
    pub(super) fn get(&self) -> Result<Answer, Status> {
        let form = form(&self.request.accept)?;
        self.check_not_future(self.request.query.resource_version()?)?;
        let object = self.api().get(self.target())?;
        Ok(match form {
            Form::Object => answer::json(200, &*object),
            Form::Metadata => answer::json(200, &answer::metadata_only(&object)),
            Form::Table => {
                let version = fields::text(&object, "/metadata/resourceVersion");
                let metadata = json!({"resourceVersion": version});
                let options = self.table_options(false)?;
                answer::json(
                    200,
                    &Printer::of(&self.resource).table(&[object], &metadata, &options),
                )
            }
        })
    }

    pub(super) fn list_or_watch(&self) -> Result<Answer, Status> {
        let options = self.request.query.list_options()?;
        let selection = Selection::parse(&self.resource, &options)?;
        if options.watch || self.route.watch {
            return self.watch(&options, selection.with_name(&self.route.name));
        }
        options.check_list()?;
        self.list(&options, &selection)
    }

    fn list(&self, options: &ListOptions, selection: &Selection) -> Result<Answer, Status> {
        let form = form(&self.request.accept)?;
        let page = self.page(options, selection)?;
        let items = page.items.iter().map(|item| self.shown(item));
        Ok(match form {
            Form::Object => {
                let bytes = answer::list_body(&self.resource, &page.metadata, items);
                answer::json_bytes(200, bytes)
            }
            Form::Metadata => {
                let items: Vec<Value> = items.map(|it| answer::metadata_only(&it)).collect();
                answer::json(
                    200,
                    &json!({
                        "kind": "PartialObjectMetadataList",
                        "apiVersion": "meta.k8s.io/v1",
                        "metadata": page.metadata,
                        "items": items,
                    }),
                )
            }
            Form::Table => {
                let printer = Printer::of(&self.resource);
                let options = self.table_options(true)?;
                let items: Vec<Arc<Value>> = items.collect();
                answer::json(200, &printer.table(&items, &page.metadata, &options))
            }
        })
    }

    /// Returns the objects that are meant, from the place on at which the previous page ended.
    pub(super) fn page(
        &self,
        options: &ListOptions,
        selection: &Selection,
    ) -> Result<Page, Status> {
        self.check_not_future(options.resource_version)?;
        let start = match options.token.as_str() {
            "" => None,
            token => Some(Continue::decode(token)?),
        };
        let namespace = self.route.namespace.as_str();
        let all = selection.is_all();
        let is_exact = options.version_match == "Exact";
        // A list that is continued goes on with what was there at its beginning, as long as that is known.
        let wanted = match &start {
            Some(start) => Some(start.revision),
            None => options.resource_version.filter(|_| is_exact),
        };
        let range = Range {
            namespace: Some(namespace).filter(|it| !it.is_empty()),
            after: start.as_ref().map(|start| start.after.clone()),
            limit: options.limit.filter(|_| all),
            at: wanted,
        };
        let mut listing = self.api().store.list(&self.resource.storage, &range);
        let revision = start.map_or(listing.revision, |start| start.revision);
        if is_exact && options.resource_version != Some(revision) {
            let message = "The resourceVersion for the provided list is too old.";
            return Err(Status::expired(message));
        }
        if !all {
            listing
                .items
                .retain(|item| selection.matches(&self.shown(item)));
            if let Some(limit) = options.limit {
                listing.remaining = listing.items.len().saturating_sub(limit);
                listing.items.truncate(limit);
            }
        }
        let mut metadata = json!({"resourceVersion": revision.to_string()});
        if let (Some(last), 1..) = (listing.items.last(), listing.remaining) {
            metadata["continue"] = Continue::behind(&last.value(), revision).encode().into();
            if all {
                metadata["remainingItemCount"] = listing.remaining.into();
            }
        } else if self.resource.custom.is_some() && form(&self.request.accept) != Ok(Form::Table) {
            metadata["continue"] = "".into();
        }
        Ok(Page {
            items: listing.items,
            metadata,
        })
    }

    /// Returns a stored object as the type's version shows it.
    pub(super) fn shown(&self, stored: &Stored) -> Arc<Value> {
        convert::from_storage(&self.resource, stored.value())
    }

    /// Refuses a version that is yet to come: the client has seen another server's objects.
    pub(super) fn check_not_future(&self, version: Option<u64>) -> Result<(), Status> {
        let present = self.api().store.revision();
        match version {
            Some(version) if version > present => Err(too_large(version, present)),
            _ => Ok(()),
        }
    }

    pub(super) fn table_options(&self, list: bool) -> Result<Options, Status> {
        let include = match self.request.query.get("includeObject") {
            "" | "Metadata" => Include::Metadata,
            "None" => Include::None,
            "Object" => Include::Object,
            other => {
                let message = format!(
                    "Unable to convert to Table as requested: includeObject: Invalid value: \
                     {other:?}: must be 'Metadata', 'Object', 'None', or empty"
                );
                return Err(Status::bad_request(message));
            }
        };
        Ok(Options {
            include,
            headers: !self.request.query.flag("noHeaders"),
            list,
            now: self.api().clock.now(),
        })
    }
}

fn too_large(version: u64, present: u64) -> Status {
    let message = format!("Too large resource version: {version}, current: {present}");
    let mut status = Status::new(504, Reason::Timeout, format!("Timeout: {message}"));
    status.details = Some(Box::new(Details {
        causes: vec![Cause::new(
            "ResourceVersionTooLarge",
            "",
            "Too large resource version",
        )],
        retry_after_seconds: 1,
        ..Details::default()
    }));
    status
}

/// Where a list continues.
struct Continue {
    revision: u64,
    after: (String, String),
}

impl Continue {
    fn behind(object: &Value, revision: u64) -> Self {
        let text = |pointer| fields::text(object, pointer).to_owned();
        Self {
            revision,
            after: (text("/metadata/namespace"), text("/metadata/name")),
        }
    }

    fn encode(&self) -> String {
        let (namespace, name) = &self.after;
        let token = json!({"v": "meta.k8s.io/v1", "rv": self.revision, "start": [namespace, name]});
        URL_SAFE_NO_PAD.encode(token.to_string())
    }

    fn decode(token: &str) -> Result<Self, Status> {
        let bad = |why: &str| {
            Status::bad_request(format!(
                "invalid continue token: continue key is not valid: {why}"
            ))
        };
        let bytes = URL_SAFE_NO_PAD.decode(token);
        let bytes = bytes.map_err(|error| bad(&error.to_string()))?;
        let token: Value = serde_json::from_slice(&bytes)
            .map_err(|error| bad(&go_json::mistake(&bytes).unwrap_or_else(|| error.to_string())))?;
        let text = |index: usize| token["start"][index].as_str().map(str::to_owned);
        match (token["rv"].as_u64(), text(0), text(1)) {
            (Some(revision), Some(namespace), Some(name)) => Ok(Self {
                revision,
                after: (namespace, name),
            }),
            _ => Err(bad("it is of another server")),
        }
    }
}

/// Returns the form of one object in a watch, and in the answers of writes.
pub(super) fn shaped(
    resource: &ResourceType,
    object: &Arc<Value>,
    form: Form,
    options: &Options,
) -> Value {
    match form {
        Form::Object => Value::clone(object),
        Form::Metadata => answer::metadata_only(object),
        Form::Table => {
            let version = fields::text(object, "/metadata/resourceVersion");
            let metadata = json!({"resourceVersion": version});
            Printer::of(resource).table(&[Arc::clone(object)], &metadata, options)
        }
    }
}
