//! What a pod refers to, and what of it is missing: the mistakes that keep real pods from starting.

use serde_json::Value;

use crate::controllers::world::{Kind, World};
use crate::fields::{self, flag, list, map, optional_text, text};

/// Returns the first claim that is missing or unbound.
pub(super) fn missing_claim(world: &World, pod: &Value) -> Option<String> {
    let namespace = fields::namespace(pod);
    let volumes = list(pod, "/spec/volumes").iter();
    let mut claims = volumes.filter_map(|it| optional_text(it, "/persistentVolumeClaim/claimName"));
    claims.find_map(
        |name| match world.get(Kind::PersistentVolumeClaim, namespace, name) {
            None => Some(format!("persistentvolumeclaim \"{name}\" not found")),
            Some(claim) if text(claim, "/status/phase") != "Bound" => {
                Some("pod has unbound immediate PersistentVolumeClaims".to_owned())
            }
            Some(_) => None,
        },
    )
}

/// Returns why the first volume that cannot be mounted cannot, as the kubelet words it.
pub(super) fn missing_mount(world: &World, pod: &Value) -> Option<String> {
    let namespace = fields::namespace(pod);
    list(pod, "/spec/volumes").iter().find_map(|volume| {
        let problem = volume_problem(world, namespace, volume)?;
        let name = text(volume, "/name");
        Some(format!(
            "MountVolume.SetUp failed for volume \"{name}\" : {problem}"
        ))
    })
}

fn volume_problem(world: &World, namespace: &str, volume: &Value) -> Option<String> {
    let sources = list(volume, "/projected/sources").iter();
    std::iter::once(volume)
        .chain(sources)
        .find_map(|source| source_problem(world, namespace, source))
}

/// A volume names its Secret by `secretName`, a projected source by `name`.
fn source_problem(world: &World, namespace: &str, source: &Value) -> Option<String> {
    let kinds = [
        (
            Kind::Secret,
            "/secret",
            "secret",
            "references non-existent secret key",
        ),
        (
            Kind::ConfigMap,
            "/configMap",
            "configmap",
            "configmap references non-existent config key",
        ),
    ];
    kinds.iter().find_map(|(kind, pointer, noun, no_key)| {
        let source = source.pointer(pointer)?;
        if flag(source, "/optional") {
            return None;
        }
        let name = optional_text(source, "/secretName").unwrap_or(text(source, "/name"));
        let Some(object) = world.get(*kind, namespace, name) else {
            return Some(format!("{noun} \"{name}\" not found"));
        };
        let mut keys = list(source, "/items").iter().map(|item| text(item, "/key"));
        let missing = keys.find(|key| !has_key(object, key))?;
        Some(format!("{no_key}: {missing}"))
    })
}

/// Returns the pull secrets that are missing, joined by commas.
pub(super) fn missing_pull_secrets(world: &World, pod: &Value) -> String {
    let namespace = fields::namespace(pod);
    let secrets = list(pod, "/spec/imagePullSecrets").iter();
    let missing = secrets
        .map(|secret| text(secret, "/name"))
        .filter(|name| world.get(Kind::Secret, namespace, name).is_none());
    missing.collect::<Vec<_>>().join(", ")
}

/// Returns why the environment of a container cannot be made, as the kubelet words it.
pub(super) fn config_problem(world: &World, namespace: &str, container: &Value) -> Option<String> {
    let whole = list(container, "/envFrom").iter().find_map(|source| {
        let (kind, reference) = reference(source, "/configMapRef", "/secretRef")?;
        missing_object(world, namespace, kind, reference)
    });
    whole.or_else(|| {
        list(container, "/env").iter().find_map(|variable| {
            let (kind, reference) = reference(
                variable,
                "/valueFrom/configMapKeyRef",
                "/valueFrom/secretKeyRef",
            )?;
            missing_object(world, namespace, kind, reference)
                .or_else(|| missing_key(world, namespace, kind, reference))
        })
    })
}

fn reference<'a>(value: &'a Value, config: &str, secret: &str) -> Option<(Kind, &'a Value)> {
    let config = value.pointer(config).map(|it| (Kind::ConfigMap, it));
    let secret = || value.pointer(secret).map(|it| (Kind::Secret, it));
    config
        .or_else(secret)
        .filter(|(_, it)| !flag(it, "/optional"))
}

fn missing_object(world: &World, namespace: &str, kind: Kind, reference: &Value) -> Option<String> {
    let name = text(reference, "/name");
    if world.get(kind, namespace, name).is_some() {
        return None;
    }
    Some(format!(
        "{} \"{name}\" not found",
        kind.name().to_lowercase()
    ))
}

fn missing_key(world: &World, namespace: &str, kind: Kind, reference: &Value) -> Option<String> {
    let (name, key) = (text(reference, "/name"), text(reference, "/key"));
    let object = world.get(kind, namespace, name)?;
    if has_key(object, key) {
        return None;
    }
    let kind = kind.name();
    Some(format!(
        "couldn't find key {key} in {kind} {namespace}/{name}"
    ))
}

fn has_key(object: &Value, key: &str) -> bool {
    let has = |pointer| map(object, pointer).is_some_and(|data| data.contains_key(key));
    has("/data") || has("/binaryData")
}
