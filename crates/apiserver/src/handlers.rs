//! From a request to an answer: reads the path, the options and the body, calls the verbs of the API, and
//! prints what they return.

mod delete;
mod input;
mod meta;
mod read;
mod scale;
mod subresource;
#[cfg(test)]
mod tests;
mod watch;
mod write;

use std::sync::Arc;

use hyper::Method;
use hyper::body::Bytes;

use crate::answer::{self, Answer};
use crate::api::{Api, Target};
use crate::query::Query;
use crate::rbac::{self, Action, User};
use crate::request::{ResourceRoute, Route};
use crate::resource::{ResourceType, Subresource, Verbs};
use crate::shutdown::Shutdown;
use crate::status::{Reason, Status};

/// What handlers need of the server.
pub(crate) struct Context {
    /// The verbs.
    pub(crate) api: Arc<Api>,
    /// The token that every request must carry.
    pub(crate) token: String,
    /// The end of the server.
    pub(crate) shutdown: Shutdown,
}

/// A request that was read whole.
pub(crate) struct Request {
    /// The method.
    pub(crate) method: Method,
    /// The path, not decoded.
    pub(crate) path: String,
    /// The query.
    pub(crate) query: Query,
    /// Under which name and port the client has found the server.
    pub(crate) host: String,
    /// `Accept`.
    pub(crate) accept: String,
    /// `Content-Type` without parameters.
    pub(crate) content_type: String,
    /// `User-Agent`.
    pub(crate) agent: String,
    /// Who asks.
    pub(crate) user: User,
    /// The body.
    pub(crate) body: Bytes,
}

/// A request for objects of a type.
struct Call<'a> {
    context: &'a Arc<Context>,
    request: &'a Request,
    resource: Arc<ResourceType>,
    route: ResourceRoute,
    subresource: Option<Subresource>,
}

/// Answers a request.
pub(crate) fn answer(context: &Arc<Context>, request: &Request) -> Answer {
    let result = match Route::parse(&request.path) {
        Route::Resource(route) => resource(context, request, route),
        Route::Other(segments) => {
            let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
            meta::answer(context, request, &segments)
        }
    };
    result.unwrap_or_else(|status| answer::failure(&status))
}

fn resource(
    context: &Arc<Context>,
    request: &Request,
    route: ResourceRoute,
) -> Result<Answer, Status> {
    let types = context.api.registry.types();
    let groups = types.groups();
    if !groups.iter().any(|(group, _)| *group == route.group) {
        return Ok(meta::no_such_path());
    }
    let resource = types.get(&route.group, &route.version, &route.plural);
    let resource = Arc::clone(resource.ok_or_else(Status::no_such_resource)?);
    let subresource = match route.subresource.as_str() {
        "" => None,
        name => Some(Subresource::parse(name).ok_or_else(Status::no_such_resource)?),
    };
    if subresource.is_some_and(|subresource| !resource.has(subresource)) {
        return Err(Status::no_such_resource());
    }
    if !resource.namespaced && !route.namespace.is_empty() {
        return Err(Status::no_such_resource());
    }
    let call = Call {
        context,
        request,
        resource,
        route,
        subresource,
    };
    call.check_verb()?;
    call.authorize()?;
    let custom = call.resource.custom.as_ref();
    let warnings = custom.and_then(|custom| custom.deprecation.clone());
    let answer = call.dispatch()?;
    Ok(answer::with_warnings(answer, warnings.as_slice()))
}

impl Call<'_> {
    fn api(&self) -> &Api {
        &self.context.api
    }

    fn target(&self) -> Target<'_> {
        Target {
            resource: &self.resource,
            namespace: &self.route.namespace,
            name: &self.route.name,
            subresource: self.subresource,
        }
    }

    fn check_verb(&self) -> Result<(), Status> {
        let verb = match (&self.request.method, self.route.name.is_empty()) {
            (&Method::GET | &Method::HEAD, _) => "get",
            (&Method::POST, _) => "create",
            (&Method::PUT, false) => "update",
            (&Method::PATCH, false) => "patch",
            (&Method::DELETE, false) => "delete",
            (&Method::DELETE, true) => "deletecollection",
            _ => return Err(Status::method_not_allowed()),
        };
        let has_subresource = self.subresource.is_some();
        if !has_subresource && !self.resource.verbs.names().contains(&verb) {
            return Err(Status::method_not_allowed());
        }
        let in_namespace = self.resource.namespaced && !self.route.namespace.is_empty();
        let for_all = verb == "get" && self.route.name.is_empty();
        if self.resource.namespaced && !in_namespace && !for_all {
            if self.route.name.is_empty() {
                return Err(Status::method_not_allowed());
            }
            // A namespaced object cannot be reached without its namespace.
            return Err(Status::no_such_resource());
        }
        Ok(())
    }

    /// Refuses what the roles of the user do not allow; the server's own user may do everything.
    fn authorize(&self) -> Result<(), Status> {
        let name = match self.route.name.as_str() {
            "" => self.request.query.selected_name(),
            name => name,
        };
        let action = Action::Resource {
            verb: self.verb(),
            group: &self.resource.group,
            resource: &self.resource.plural,
            subresource: &self.route.subresource,
            namespace: &self.route.namespace,
            name,
        };
        let user = &self.request.user;
        let decision = rbac::decide(&self.api().store, &self.route.namespace, user, &action);
        if decision.allowed {
            return Ok(());
        }
        Err(rbac::forbidden(user, &action, &decision))
    }

    /// Returns the verb as roles name it.
    fn verb(&self) -> &'static str {
        let named = !self.route.name.is_empty();
        match self.request.method {
            Method::GET | Method::HEAD if self.route.watch => "watch",
            Method::GET | Method::HEAD if named => "get",
            Method::GET | Method::HEAD if self.request.query.flag("watch") => "watch",
            Method::GET | Method::HEAD => "list",
            Method::POST => "create",
            Method::PUT => "update",
            Method::PATCH => "patch",
            _ if named => "delete",
            _ => "deletecollection",
        }
    }

    fn dispatch(&self) -> Result<Answer, Status> {
        use Subresource::{Finalize, Scale, Status as StatusPart};
        match self.subresource {
            None => self.object(),
            Some(StatusPart | Finalize) => self.part(),
            Some(Scale) => self.scale(),
            Some(other) => self.special(other),
        }
    }

    fn object(&self) -> Result<Answer, Status> {
        let named = !self.route.name.is_empty();
        match (&self.request.method, named) {
            (&Method::GET | &Method::HEAD, true) if !self.route.watch => self.get(),
            (&Method::GET | &Method::HEAD, _) => self.list_or_watch(),
            (&Method::POST, false) if self.resource.verbs == Verbs::Create => self.review(),
            (&Method::POST, false) => self.create(),
            (&Method::PUT, true) => self.replace(),
            (&Method::PATCH, true) => self.patch(),
            (&Method::DELETE, true) => self.delete(),
            (&Method::DELETE, false) => self.delete_collection(),
            _ => Err(Status::method_not_allowed()),
        }
    }

    /// A part of the object that is read and written like the object.
    fn part(&self) -> Result<Answer, Status> {
        match self.request.method {
            Method::GET | Method::HEAD => self.get(),
            Method::PUT => self.replace(),
            Method::PATCH => self.patch(),
            _ => Err(Status::method_not_allowed()),
        }
    }
}

/// Returns 501: what a server without containers cannot do.
fn no_containers(what: &str) -> Status {
    let message = format!("this embedded server runs no containers, so {what}");
    Status::new(501, Reason::Unknown, message)
}
