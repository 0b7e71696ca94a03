//! Discovery: which groups, versions and types there are, in the plain form and in the aggregated one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::CONTENT_TYPE;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::answer::{self, Answer};
use crate::registry::Types;
use crate::resource::{ResourceType, Subresource, Verbs};

/// The media type of aggregated discovery.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Returns the paths that there are, for people.
pub(crate) fn paths(types: &Types) -> Value {
    let mut paths: Vec<String> = vec!["/api".to_owned(), "/api/v1".to_owned(), "/apis".to_owned()];
    for (group, versions) in types
        .groups()
        .into_iter()
        .filter(|(group, _)| !group.is_empty())
    {
        paths.push(format!("/apis/{group}"));
        paths.extend(
            versions
                .iter()
                .map(|version| format!("/apis/{group}/{version}")),
        );
    }
    for path in [
        "/healthz",
        "/livez",
        "/openapi/v2",
        "/openapi/v3",
        "/readyz",
        "/version",
    ] {
        paths.push(path.to_owned());
    }
    json!({"paths": paths})
}

/// Returns the versions of the core group.
pub(crate) fn core_versions(host: &str) -> Value {
    json!({
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": host}],
    })
}

/// Returns the groups, without the core group.
pub(crate) fn groups(types: &Types) -> Value {
    let groups = types.groups();
    let groups = groups.iter().filter(|(group, _)| !group.is_empty());
    let groups: Vec<Value> = groups
        .map(|(group, versions)| group_value(group, versions))
        .collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// Returns one group.
pub(crate) fn group(types: &Types, group: &str) -> Option<Value> {
    let groups = types.groups();
    let (_, versions) = groups
        .iter()
        .find(|(name, _)| *name == group && !group.is_empty())?;
    let mut value = group_value(group, versions);
    value["kind"] = "APIGroup".into();
    value["apiVersion"] = "v1".into();
    Some(value)
}

fn group_value(group: &str, versions: &[&str]) -> Value {
    let version =
        |version: &&str| json!({"groupVersion": format!("{group}/{version}"), "version": version});
    let versions: Vec<Value> = versions.iter().map(version).collect();
    json!({"name": group, "versions": versions, "preferredVersion": versions.first()})
}

/// Returns the types of a group in a version.
pub(crate) fn resources(types: &Types, group: &str, version: &str) -> Option<Value> {
    let mut resources = Vec::new();
    for resource in types.version(group, version) {
        resources.push(resource_value(resource));
        for subresource in subresources(resource) {
            resources.push(subresource_value(resource, subresource));
        }
    }
    if resources.is_empty() {
        return None;
    }
    let group_version = group_version(group, version);
    let mut list = json!({
        "kind": "APIResourceList",
        "groupVersion": group_version,
        "resources": resources,
    });
    // The list of the core group is older than this field.
    if !group.is_empty() {
        list["apiVersion"] = "v1".into();
    }
    Some(list)
}

fn subresources(resource: &ResourceType) -> Vec<Subresource> {
    let mut all = resource.subresources.clone();
    if resource.custom.is_some() {
        all.reverse();
    }
    all
}

fn group_version(group: &str, version: &str) -> String {
    if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    }
}

fn resource_value(resource: &ResourceType) -> Value {
    let mut value = json!({
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": verbs(resource),
    });
    if !resource.short_names.is_empty() {
        value["shortNames"] = json!(resource.short_names);
    }
    if !resource.categories.is_empty() {
        value["categories"] = json!(resource.categories);
    }
    if matches!(resource.verbs, Verbs::All | Verbs::NoCollection) {
        value["storageVersionHash"] = storage_hash(resource).into();
    }
    value
}

/// Custom types have the verbs of the others in another order.
fn verbs(resource: &ResourceType) -> Vec<&'static str> {
    if resource.custom.is_none() {
        return resource.verbs.names().to_vec();
    }
    [
        "delete",
        "deletecollection",
        "get",
        "list",
        "patch",
        "create",
        "update",
        "watch",
    ]
    .to_vec()
}

/// Returns what tells clients that objects are stored in another version than before.
fn storage_hash(resource: &ResourceType) -> String {
    let version = match &resource.custom {
        Some(custom) => &custom.storage_version,
        // Definitions are still stored in their first version.
        None if crate::crd::is_definition(resource) => "v1beta1",
        None => &resource.version,
    };
    let (group, kind) = (&resource.storage.group, &resource.kind);
    let digest = Sha256::digest(format!("{group}/{version}/{kind}"));
    STANDARD.encode(&digest[..8])
}

fn subresource_value(resource: &ResourceType, subresource: Subresource) -> Value {
    let mut value = json!({
        "name": format!("{}/{}", resource.plural, subresource.name()),
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": subresource_verbs(subresource),
    });
    if let Some((group, version, kind)) = response_kind(subresource) {
        if !group.is_empty() {
            value["group"] = group.into();
            value["version"] = version.into();
        }
        value["kind"] = kind.into();
    }
    if let Some(options) = options_kind(subresource) {
        value["kind"] = format!("{}{options}", resource.kind).into();
    }
    value
}

/// The kind of a subresource, where it is not that of its object.
fn response_kind(subresource: Subresource) -> Option<(&'static str, &'static str, &'static str)> {
    match subresource {
        Subresource::Scale => Some(("autoscaling", "v1", "Scale")),
        Subresource::Eviction => Some(("policy", "v1", "Eviction")),
        Subresource::Token => Some(("authentication.k8s.io", "v1", "TokenRequest")),
        Subresource::Binding => Some(("", "v1", "Binding")),
        _ => None,
    }
}

/// The ending of the kind of options that a subresource takes, behind the kind of its object.
fn options_kind(subresource: Subresource) -> Option<&'static str> {
    match subresource {
        Subresource::Attach => Some("AttachOptions"),
        Subresource::Exec => Some("ExecOptions"),
        Subresource::PortForward => Some("PortForwardOptions"),
        Subresource::Proxy => Some("ProxyOptions"),
        _ => None,
    }
}

fn subresource_verbs(subresource: Subresource) -> &'static [&'static str] {
    match subresource {
        Subresource::Binding | Subresource::Eviction | Subresource::Token => &["create"],
        Subresource::Log => &["get"],
        Subresource::Finalize => &["update"],
        Subresource::Attach | Subresource::Exec | Subresource::PortForward => &["create", "get"],
        Subresource::Proxy => &["create", "delete", "get", "patch", "update"],
        _ => &["get", "patch", "update"],
    }
}

/// Returns aggregated discovery: of the core group, or of all others.
pub(crate) fn aggregated(types: &Types, core: bool) -> Answer {
    let groups = types.groups();
    let groups = groups.iter().filter(|(group, _)| group.is_empty() == core);
    let items: Vec<Value> = groups
        .map(|(group, versions)| {
            let versions: Vec<Value> = versions
                .iter()
                .map(|version| aggregated_version(types, group, version))
                .collect();
            let mut metadata = json!({});
            if !group.is_empty() {
                metadata["name"] = (*group).into();
            }
            json!({"metadata": metadata, "versions": versions})
        })
        .collect();
    let list = json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    });
    let mut answer = answer::json(200, &list);
    answer::set(&mut answer, CONTENT_TYPE, AGGREGATED);
    answer
}

fn aggregated_version(types: &Types, group: &str, version: &str) -> Value {
    let resources: Vec<Value> = types
        .version(group, version)
        .map(aggregated_resource)
        .collect();
    json!({"version": version, "freshness": "Current", "resources": resources})
}

fn aggregated_resource(resource: &ResourceType) -> Value {
    let response = |group: &str, version: &str, kind: &str| json!({"group": group, "version": version, "kind": kind});
    // Group and version are left out where they are those of the list.
    let own = response("", "", &resource.kind);
    let mut value = json!({
        "resource": resource.plural,
        "responseKind": own,
        "scope": if resource.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": resource.singular,
        "verbs": verbs(resource),
    });
    if !resource.short_names.is_empty() {
        value["shortNames"] = json!(resource.short_names);
    }
    if !resource.categories.is_empty() {
        value["categories"] = json!(resource.categories);
    }
    if !resource.subresources.is_empty() {
        let part = |subresource: &Subresource| {
            let kind = match (response_kind(*subresource), options_kind(*subresource)) {
                (Some(("", _, kind)), _) => response("", "", kind),
                (Some((group, version, kind)), _) => response(group, version, kind),
                (_, Some(options)) => response("", "", &format!("{}{options}", resource.kind)),
                _ => own.clone(),
            };
            json!({
                "subresource": subresource.name(),
                "responseKind": kind,
                "verbs": subresource_verbs(*subresource),
            })
        };
        value["subresources"] = subresources(resource).iter().map(part).collect();
    }
    value
}
