//! Requests to an API server, as values.

use std::fmt::Write as _;

use http::{Method, Request};
use serde_json::{Value, json};

use crate::Kind;

/// A request that is ready to be sent.
pub type ApiRequest = Request<Vec<u8>>;

/// Whether the server carries a change out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It does.
    Persist,
    /// It only says what the result would be (`dryRun=All`).
    DryRun,
}

/// Returns the request that reads one object.
#[must_use]
pub fn get(kind: &Kind, namespace: Option<&str>, name: &str) -> ApiRequest {
    build(
        Method::GET,
        &path(kind, namespace, Some(name)),
        None,
        Vec::new(),
    )
}

/// Returns the request that lists objects; `selector` is a label selector, and the empty one takes all.
#[must_use]
pub fn list(kind: &Kind, namespace: Option<&str>, selector: &str) -> ApiRequest {
    let path = format!(
        "{}?labelSelector={}",
        path(kind, namespace, None),
        encode(selector)
    );
    build(Method::GET, &path, None, Vec::new())
}

/// Returns the request for the first page of such a list, of so many objects.
///
/// It names no `resourceVersion`, so the server answers with what is there now. With `resourceVersion=0` it may answer
/// with what its cache has, which may lag behind: a plan made from that could undo what was just done, or miss drift.
#[must_use]
pub fn page(kind: &Kind, namespace: Option<&str>, selector: &str, size: usize) -> ApiRequest {
    let path = format!(
        "{}?labelSelector={}&limit={size}",
        path(kind, namespace, None),
        encode(selector)
    );
    build(Method::GET, &path, None, Vec::new())
}

/// Returns the request for the first page of a list of all objects, of which only the metadata is sent.
#[must_use]
pub fn names(kind: &Kind, namespace: Option<&str>, size: usize) -> ApiRequest {
    const ACCEPT: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    let mut request = page(kind, namespace, "", size);
    let accept = http::HeaderValue::from_static(ACCEPT);
    request.headers_mut().insert(http::header::ACCEPT, accept);
    request
}

/// Returns the request for what is left of a list, by the token that came with its last page.
pub(crate) fn rest(list: &ApiRequest, token: &str) -> ApiRequest {
    let mut request = list.clone();
    let separator = if list.uri().query().is_some() {
        '&'
    } else {
        '?'
    };
    let uri = format!("{}{separator}continue={}", list.uri(), encode(token));
    *request.uri_mut() = uri.parse().expect("the token is percent-encoded");
    request
}

/// Returns the request that applies `object` on the server's side as `manager`, which takes over fields
/// that other managers own.
#[must_use]
pub fn apply(
    kind: &Kind,
    namespace: Option<&str>,
    name: &str,
    object: &Value,
    manager: &str,
    mode: Mode,
) -> ApiRequest {
    apply_text(kind, namespace, name, to_bytes(object), manager, mode)
}

/// Returns the same request for an object as JSON text.
#[must_use]
pub(crate) fn apply_text(
    kind: &Kind,
    namespace: Option<&str>,
    name: &str,
    object: Vec<u8>,
    manager: &str,
    mode: Mode,
) -> ApiRequest {
    // Unknown fields are refused in any case by a server-side apply. `Strict` and `Warn` look for duplicate ones, too, of
    // which this text has none: kube-apiserver 1.37 parses it a second time for that, a seventh of its CPU for an apply.
    let mut path = format!(
        "{}?fieldManager={}&fieldValidation=Ignore&force=true",
        path(kind, namespace, Some(name)),
        encode(manager)
    );
    if mode == Mode::DryRun {
        path.push_str("&dryRun=All");
    }
    build(
        Method::PATCH,
        &path,
        Some("application/apply-patch+yaml"),
        object,
    )
}

/// Returns the request that changes an object by a JSON patch (RFC 6902).
#[must_use]
pub fn patch(
    kind: &Kind,
    namespace: Option<&str>,
    name: &str,
    patch: &Value,
    manager: &str,
    mode: Mode,
) -> ApiRequest {
    let mut path = format!(
        "{}?fieldManager={}",
        path(kind, namespace, Some(name)),
        encode(manager)
    );
    if mode == Mode::DryRun {
        path.push_str("&dryRun=All");
    }
    let content_type = Some("application/json-patch+json");
    build(Method::PATCH, &path, content_type, to_bytes(patch))
}

/// Returns the request that creates `object`, and fails when it exists.
#[must_use]
pub fn create(kind: &Kind, namespace: Option<&str>, object: &Value, manager: &str) -> ApiRequest {
    let path = format!(
        "{}?fieldManager={}",
        path(kind, namespace, None),
        encode(manager)
    );
    build(
        Method::POST,
        &path,
        Some("application/json"),
        to_bytes(object),
    )
}

/// What becomes of the objects that a deleted one owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// They are deleted afterwards.
    Background,
    /// They are deleted first, and until then it is there.
    Foreground,
}

/// Returns the request that replaces an object by `object`, which names the version that it replaces.
#[must_use]
pub fn replace(
    kind: &Kind,
    namespace: Option<&str>,
    name: &str,
    object: &Value,
    manager: &str,
) -> ApiRequest {
    let path = format!(
        "{}?fieldManager={}",
        path(kind, namespace, Some(name)),
        encode(manager)
    );
    build(
        Method::PUT,
        &path,
        Some("application/json"),
        to_bytes(object),
    )
}

/// Returns the request that deletes the object with this `uid` in this `version`: no other that may have
/// taken its name since, and not after anyone has changed it.
#[must_use]
pub fn delete(
    kind: &Kind,
    namespace: Option<&str>,
    name: &str,
    uid: &str,
    version: &str,
    propagation: Propagation,
) -> ApiRequest {
    let propagation = match propagation {
        Propagation::Background => "Background",
        Propagation::Foreground => "Foreground",
    };
    let options = json!({
        "kind": "DeleteOptions",
        "apiVersion": "v1",
        "propagationPolicy": propagation,
        "preconditions": {"uid": uid, "resourceVersion": version},
    });
    let path = path(kind, namespace, Some(name));
    build(
        Method::DELETE,
        &path,
        Some("application/json"),
        to_bytes(&options),
    )
}

/// Returns whether a successful answer may be one to this request: to a write, it is the object in the version that
/// is stored now, to a deletion a Status or what is still there of the object. Whoever took another answer for one would
/// record as done what nobody has seen.
pub(crate) fn is_answer(request: &ApiRequest, answer: &Value) -> bool {
    let text = |pointer| {
        answer
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let name = text("/metadata/name");
    let is_named = request.uri().path().rsplit('/').next() == Some(encode(name).as_str());
    let is_stored = is_dry_run(request) || !text("/metadata/resourceVersion").is_empty();
    match *request.method() {
        Method::PUT | Method::PATCH => is_named && is_stored,
        Method::POST => !name.is_empty() && is_stored,
        Method::DELETE => is_named || text("/kind") == "Status",
        _ => true,
    }
}

/// Returns whether the server only says what the result would be.
pub(crate) fn is_dry_run(request: &ApiRequest) -> bool {
    let query = request.uri().query().unwrap_or_default();
    query.split('&').any(|each| each == "dryRun=All")
}

/// Returns the request that lists the API groups, in the aggregated form where the server has it.
#[must_use]
pub fn groups(path: &str) -> ApiRequest {
    const ACCEPT: &str =
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
    let mut request = build(Method::GET, path, None, Vec::new());
    let accept = http::HeaderValue::from_static(ACCEPT);
    request.headers_mut().insert(http::header::ACCEPT, accept);
    request
}

fn build(method: Method, path: &str, content_type: Option<&str>, body: Vec<u8>) -> ApiRequest {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(http::header::ACCEPT, "application/json");
    if let Some(content_type) = content_type {
        request = request.header(http::header::CONTENT_TYPE, content_type);
    }
    request
        .body(body)
        .expect("the path is percent-encoded and the headers are constants")
}

fn path(kind: &Kind, namespace: Option<&str>, name: Option<&str>) -> String {
    let mut path = match kind.group.as_str() {
        "" => format!("/api/{}", encode(&kind.version)),
        group => format!("/apis/{}/{}", encode(group), encode(&kind.version)),
    };
    if let (true, Some(namespace)) = (kind.namespaced, namespace) {
        path = format!("{path}/namespaces/{}", encode(namespace));
    }
    path = format!("{path}/{}", encode(&kind.plural));
    match name {
        Some(name) => format!("{path}/{}", encode(name)),
        None => path,
    }
}

/// Returns `text` percent-encoded but for the unreserved characters of RFC 3986.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => write!(encoded, "%{byte:02X}").expect("writing to a string cannot fail"),
        }
    }
    encoded
}

fn to_bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).expect("a JSON value always prints")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(group: &str, plural: &str, namespaced: bool) -> Kind {
        Kind {
            group: group.to_owned(),
            version: "v1".to_owned(),
            kind: "X".to_owned(),
            plural: plural.to_owned(),
            namespaced,
        }
    }

    #[test]
    fn an_apply_names_manager_force_and_dry_run() {
        let deployments = kind("apps", "deployments", true);
        let request = apply(
            &deployments,
            Some("shop"),
            "web",
            &json!({}),
            "windlass",
            Mode::DryRun,
        );
        assert_eq!(request.method(), Method::PATCH);
        assert_eq!(
            request.uri(),
            "/apis/apps/v1/namespaces/shop/deployments/web?fieldManager=windlass&fieldValidation=Ignore&force=true&dryRun=All"
        );
    }

    #[test]
    fn names_cannot_break_out_of_their_part_of_the_path() {
        let roles = kind("rbac.authorization.k8s.io", "clusterroles", false);
        let request = get(&roles, None, "system:node/../x?y");
        assert_eq!(
            request.uri(),
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode%2F..%2Fx%3Fy"
        );
    }

    #[test]
    fn a_cluster_wide_kind_has_no_namespace_in_its_path() {
        let namespaces = kind("", "namespaces", false);
        assert_eq!(
            get(&namespaces, Some("shop"), "shop").uri(),
            "/api/v1/namespaces/shop"
        );
    }

    #[test]
    fn only_the_stored_object_answers_a_write() {
        let roles = kind("rbac.authorization.k8s.io", "clusterroles", false);
        let named = json!({"metadata": {"name": "a:b"}});
        let stored = json!({"metadata": {"name": "a:b", "resourceVersion": "7"}});
        let other = json!({"metadata": {"name": "b", "resourceVersion": "7"}});
        let accepted = |mode| {
            let request = apply(&roles, None, "a:b", &json!({}), "windlass", mode);
            [&json!({}), &named, &other, &stored].map(|answer| is_answer(&request, answer))
        };
        assert_eq!(accepted(Mode::Persist), [false, false, false, true]);
        assert_eq!(accepted(Mode::DryRun), [false, true, false, true]);
        let request = create(&roles, None, &json!({}), "windlass");
        assert!(is_answer(&request, &stored) && !is_answer(&request, &json!({})));
        let request = delete(&roles, None, "a:b", "u-1", "7", Propagation::Background);
        let status = json!({"kind": "Status", "status": "Success"});
        let answers = [&status, &stored, &other, &json!({})].map(|each| is_answer(&request, each));
        assert_eq!(answers, [true, true, false, false]);
    }

    #[test]
    fn a_deletion_is_of_one_object_in_one_version() {
        let maps = kind("", "configmaps", true);
        let request = delete(&maps, Some("a"), "b", "u-1", "12", Propagation::Background);
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        assert_eq!(
            body["preconditions"],
            json!({"uid": "u-1", "resourceVersion": "12"})
        );
    }
}
