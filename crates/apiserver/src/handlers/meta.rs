//! Everything but objects: discovery, versions, health and schemas.

use std::sync::Arc;

use hyper::Method;
use serde_json::json;

use super::{Context, Request};
use crate::answer::{self, Answer};
use crate::discovery;
use crate::negotiate::wants_aggregated;
use crate::openapi;
use crate::rbac::{self, Action};
use crate::status::Status;

pub(super) fn answer(
    context: &Arc<Context>,
    request: &Request,
    segments: &[&str],
) -> Result<Answer, Status> {
    if !matches!(request.method, Method::GET | Method::HEAD) {
        return Err(Status::method_not_allowed());
    }
    authorize(context, request)?;
    let types = context.api.registry.types();
    let aggregated = wants_aggregated(&request.accept);
    match segments {
        ["healthz" | "livez" | "readyz", ..] => Ok(answer::text(200, "ok")),
        ["version"] => Ok(answer::json(200, &version())),
        [] => Ok(answer::json(200, &discovery::paths(&types))),
        ["api"] if aggregated => Ok(discovery::aggregated(&types, true)),
        ["apis"] if aggregated => Ok(discovery::aggregated(&types, false)),
        ["api"] => Ok(answer::json(200, &discovery::core_versions(&request.host))),
        ["apis"] => Ok(answer::json(200, &discovery::groups(&types))),
        ["api", version] => resources(&types, "", version),
        ["apis", group] => {
            let group = discovery::group(&types, group).ok_or_else(Status::no_such_resource)?;
            Ok(answer::json(200, &group))
        }
        ["apis", group, version] => resources(&types, group, version),
        ["openapi", "v2"] => Ok(openapi::v2(&request.accept)),
        ["openapi", "v3"] => Ok(answer::json(200, &openapi::index(&types))),
        ["openapi", "v3", "api", version] => schema(&types, "", version),
        ["openapi", "v3", "apis", group, version] => schema(&types, group, version),
        _ => Ok(no_such_path()),
    }
}

/// Returns the answer to a path that nobody has ever heard of.
pub(super) fn no_such_path() -> Answer {
    answer::text(404, "404 page not found\n")
}

/// Refuses a path that the roles of the user do not allow.
fn authorize(context: &Arc<Context>, request: &Request) -> Result<(), Status> {
    if is_open(&request.path) {
        return Ok(());
    }
    let verb = request.method.as_str().to_lowercase();
    let action = Action::Path {
        verb: &verb,
        path: &request.path,
    };
    let decision = rbac::decide(&context.api.store, "", &request.user, &action);
    if decision.allowed {
        return Ok(());
    }
    Err(rbac::forbidden(&request.user, &action, &decision))
}

/// Whether a path is for everybody: what a probe or a client asks before it says who it is.
fn is_open(path: &str) -> bool {
    ["/healthz", "/livez", "/readyz", "/version"]
        .iter()
        .any(|open| path.starts_with(open))
}

fn resources(types: &crate::registry::Types, group: &str, version: &str) -> Result<Answer, Status> {
    let list = discovery::resources(types, group, version).ok_or_else(Status::no_such_resource)?;
    Ok(answer::json(200, &list))
}

fn schema(types: &crate::registry::Types, group: &str, version: &str) -> Result<Answer, Status> {
    let document = openapi::document(types, group, version).ok_or_else(Status::no_such_resource)?;
    Ok(answer::json(200, &document))
}

fn version() -> serde_json::Value {
    json!({
        "major": "1",
        "minor": "37",
        "gitVersion": crate::VERSION,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "none",
        "compiler": "rustc",
        "platform": "linux/amd64",
    })
}
