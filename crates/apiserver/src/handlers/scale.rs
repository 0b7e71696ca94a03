//! The scale subresource: how many replicas, in one form for all types that have them.

use hyper::Method;
use serde_json::{Value, json};

use super::Call;
use crate::adapt::{self, PatchType};
use crate::answer::{self, Answer};
use crate::api::{Target, check_name};
use crate::fields;
use crate::resource::ResourceType;
use crate::status::{Cause, Reason, Status};

/// Where a type keeps its replicas, as JSON pointers.
struct Paths {
    spec: String,
    status: String,
    selector: Option<String>,
}

impl Paths {
    fn of(resource: &ResourceType) -> Self {
        let scale = resource
            .custom
            .as_ref()
            .and_then(|custom| custom.scale.as_ref());
        let Some(scale) = scale else {
            return Self {
                spec: "/spec/replicas".to_owned(),
                status: "/status/replicas".to_owned(),
                selector: Some("/spec/selector".to_owned()),
            };
        };
        let pointer = |name| {
            let path = fields::text(scale, name);
            (!path.is_empty()).then(|| path.replace('.', "/"))
        };
        Self {
            spec: pointer("/specReplicasPath").unwrap_or_default(),
            status: pointer("/statusReplicasPath").unwrap_or_default(),
            selector: pointer("/labelSelectorPath"),
        }
    }

    fn scale(&self, object: &Value) -> Value {
        let mut metadata = json!({});
        for field in [
            "name",
            "namespace",
            "uid",
            "resourceVersion",
            "creationTimestamp",
        ] {
            if let Some(value) = object["metadata"].get(field) {
                metadata[field] = value.clone();
            }
        }
        let mut status = json!({"replicas": fields::integer(object, &self.status)});
        let selector = self.selector.as_deref().and_then(|it| object.pointer(it));
        if let Some(selector) = selector.map(selector_text).filter(|text| !text.is_empty()) {
            status["selector"] = selector.into();
        }
        json!({
            "kind": "Scale",
            "apiVersion": "autoscaling/v1",
            "metadata": metadata,
            "spec": {"replicas": fields::integer(object, &self.spec)},
            "status": status,
        })
    }
}

/// Returns a selector in the syntax of queries.
fn selector_text(selector: &Value) -> String {
    if let Value::String(text) = selector {
        return text.clone();
    }
    let labels = selector.get("matchLabels").unwrap_or(selector);
    let labels = labels.as_object().into_iter().flatten();
    let texts = labels.filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)));
    texts.collect::<Vec<_>>().join(",")
}

fn invalid_scale(name: &str, why: String) -> Status {
    let message = format!("Scale.autoscaling \"{name}\" is invalid: spec.replicas: {why}");
    let mut status = Status::new(422, Reason::Invalid, message).about("Scale", "autoscaling", name);
    if let Some(details) = &mut status.details {
        details.causes = vec![Cause::new("FieldValueInvalid", "spec.replicas", why)];
    }
    status
}

fn check_replicas(name: &str, replicas: i64) -> Result<(), Status> {
    if replicas >= 0 {
        return Ok(());
    }
    let why = format!("Invalid value: {replicas}: must be greater than or equal to 0");
    Err(invalid_scale(name, why))
}

impl Call<'_> {
    pub(super) fn scale(&self) -> Result<Answer, Status> {
        let paths = Paths::of(&self.resource);
        match self.request.method {
            Method::GET | Method::HEAD => {
                let object = self.api().get(self.target())?;
                if self.resource.custom.is_some() && object.pointer(&paths.spec).is_none() {
                    let path = paths.spec.replace('/', ".");
                    let why = format!("the spec replicas field {path:?} does not exist");
                    let mut status = Status::internal(&why).about("", "", "");
                    if let Some(details) = &mut status.details {
                        details.causes = vec![Cause::new("", "", why)];
                    }
                    return Err(status);
                }
                Ok(answer::json(200, &paths.scale(&object)))
            }
            Method::PUT => {
                let scale = self.request.object()?;
                self.change_scale(&paths, &mut |_| Ok(scale.clone()))
            }
            Method::PATCH if self.applies() && self.resource.custom.is_none() => {
                self.apply_scale(&paths)
            }
            Method::PATCH => {
                let patch = self.request.yaml()?;
                let kind = match self.request.content_type.as_str() {
                    "application/json-patch+json" => PatchType::Json,
                    _ => PatchType::Merge,
                };
                let target = self.target();
                self.change_scale(&paths, &mut |scale| {
                    adapt::patch(&target, scale, &patch, kind)
                })
            }
            _ => Err(Status::method_not_allowed()),
        }
    }

    /// Applies the replicas alone, which is all that can be applied of a scale.
    fn apply_scale(&self, paths: &Paths) -> Result<Answer, Status> {
        let scale = self.request.yaml()?;
        let target = self.target();
        let kind = (
            fields::text(&scale, "/apiVersion"),
            fields::text(&scale, "/kind"),
        );
        if kind != ("autoscaling/v1", "Scale") {
            let message = format!("invalid object type: {}, Kind={}", kind.0, kind.1);
            return Err(Status::bad_request(message));
        }
        check_name(target.name, &scale)?;
        let replicas = fields::optional_integer(&scale, "/spec/replicas");
        check_replicas(target.name, replicas.unwrap_or(0))?;
        // The replicas are where a type of the server's own has them.
        let applied = json!({
            "apiVersion": target.resource.api_version(),
            "kind": target.resource.kind,
            "metadata": {"name": target.name},
            "spec": replicas.map_or_else(|| json!({}), |replicas| json!({"replicas": replicas})),
        });
        let (written, _) =
            self.api()
                .apply(target, &applied, self.on_conflict(), &self.write_options()?)?;
        Ok(answer::json(200, &paths.scale(&written.object)))
    }

    fn change_scale(
        &self,
        paths: &Paths,
        change: &mut dyn FnMut(&Value) -> Result<Value, Status>,
    ) -> Result<Answer, Status> {
        let target = match self.resource.custom {
            None => self.target(),
            Some(_) => Target {
                subresource: None,
                ..self.target()
            },
        };
        let mut change = |live: &Value| {
            let scale = change(&paths.scale(live))?;
            if !scale["spec"].is_object() {
                return Err(Status::bad_request("the scale has no spec"));
            }
            let given = fields::text(&scale, "/metadata/resourceVersion");
            if !given.is_empty() && given != fields::text(live, "/metadata/resourceVersion") {
                return Err(Status::modified(target.resource, target.name));
            }
            let replicas = fields::integer(&scale, "/spec/replicas");
            check_replicas(target.name, replicas)?;
            let mut object = live.clone();
            if let Some((parent, field)) = paths.spec.rsplit_once('/')
                && let Some(parent) = object.pointer_mut(parent).filter(|it| it.is_object())
            {
                parent[field] = replicas.into();
            }
            Ok(object)
        };
        let (api, options) = (self.api(), self.write_options()?);
        let written = if self.resource.custom.is_some() {
            api.modify_untracked(target, &options, &mut change)?
        } else {
            api.modify(target, &options, &mut change)?
        };
        Ok(answer::json(200, &paths.scale(&written.object)))
    }
}
