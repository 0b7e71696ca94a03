//! Differences that are none: what controllers write, and what API servers spell in another way.

use std::collections::BTreeMap;

use serde_json::Value;
use windlass_object::{Object, ObjectRef};

use super::{Ignored, NotAPointer, Pointer};

/// A difference between a source and a cluster that is known to be none.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// What annotations call it. It stays the same from version to version.
    pub name: &'static str,
    /// Of what.
    pub what: &'static str,
    /// Who makes it, and how.
    pub why: &'static str,
    /// What keeps it from being taken for drift.
    pub how: Harmless,
}

/// What keeps a difference from being taken for drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harmless {
    /// The server's answer to a dry run has it already, or somebody else owns the field and the source lacks it.
    Asked,
    /// It is left as it is, as if the object ignored it.
    Left,
    /// It is not sent: an API server refuses it, or sets it in any case.
    NotSent,
}

impl Harmless {
    /// Returns what is done, for people.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Asked => "nothing: the server's answer tells that nothing changes",
            Self::Left => "it is ignored",
            Self::NotSent => "it is not applied",
        }
    }
}

/// All of them. The tests bring each about.
pub const KNOWN: &[Known] = &[
    Known {
        name: "scaled-replicas",
        what: "`spec.replicas` of what a HorizontalPodAutoscaler or a ScaledObject (KEDA) of the same service scales",
        why: "the autoscaler sets it",
        how: Harmless::Left,
    },
    Known {
        name: "aggregated-rules",
        what: "`rules` of a ClusterRole with an `aggregationRule`",
        why: "the controller of aggregated roles gathers them",
        how: Harmless::Left,
    },
    Known {
        name: "injected-ca",
        what: "`caBundle` of webhooks, APIServices and conversions of CustomResourceDefinitions, with an annotation \
               `cert-manager.io/inject-ca-from`, `inject-ca-from-secret` or `inject-apiserver-ca`",
        why: "cert-manager writes the certificate over what the source has there",
        how: Harmless::Left,
    },
    Known {
        name: "restarted-at",
        what: "the annotation `kubectl.kubernetes.io/restartedAt` of a pod template",
        why: "`kubectl rollout restart` sets it; without it, all pods would start anew again",
        how: Harmless::Left,
    },
    Known {
        name: "deployment-revision",
        what: "the annotation `deployment.kubernetes.io/revision`",
        why: "the deployment controller counts; a manifest that was read from a cluster may have an old number",
        how: Harmless::Left,
    },
    Known {
        name: "server-metadata",
        what: "`metadata.managedFields`, `creationTimestamp` and `generation` in a manifest",
        why: "a manifest that was read from a cluster has them",
        how: Harmless::NotSent,
    },
    Known {
        name: "status",
        what: "`status` in a manifest",
        why: "generators of definitions write it; the API server takes it from controllers only",
        how: Harmless::Asked,
    },
    Known {
        name: "last-applied",
        what: "the annotation `kubectl.kubernetes.io/last-applied-configuration`",
        why: "`kubectl apply` writes it; it goes when Windlass applies the object, with all else that kubectl owns",
        how: Harmless::Asked,
    },
    Known {
        name: "string-data",
        what: "`stringData` of a Secret",
        why: "the API server keeps it as `data`",
        how: Harmless::Asked,
    },
    Known {
        name: "quantities",
        what: "quantities, such as `1000m` for `1`, and numbers for texts of quantities",
        why: "the API server has one spelling",
        how: Harmless::Asked,
    },
    Known {
        name: "defaults",
        what: "defaults, such as the `protocol` of ports, and empty values, such as `resources: {}`",
        why: "the API server fills them in, or leaves them out",
        how: Harmless::Asked,
    },
    Known {
        name: "additions",
        what: "containers, volumes, labels and annotations that the source does not have",
        why: "webhooks and controllers add them, and own them",
        how: Harmless::Asked,
    },
];

/// The place of the annotation that `kubectl rollout restart` sets, as `managedFields` names it.
pub(super) const RESTARTED: [&str; 5] = [
    "f:spec",
    "f:template",
    "f:metadata",
    "f:annotations",
    "f:kubectl.kubernetes.io/restartedAt",
];

/// The same, as a JSON pointer.
const RESTARTED_AT: &str = "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt";

/// The annotation with which a deployment controller counts.
const REVISION: &str = "/metadata/annotations/deployment.kubernetes.io~1revision";

/// The annotation with the names of what is corrected of an object although it is known to be none.
const OFF: &str = "windlass.dev/drift-known-off";

/// The annotations by which cert-manager is told to write a certificate.
const INJECTED: [&str; 3] = [
    "cert-manager.io/inject-ca-from",
    "cert-manager.io/inject-ca-from-secret",
    "cert-manager.io/inject-apiserver-ca",
];

/// A place in an object that is known to be someone else's.
pub(crate) struct Place {
    /// The object that has it, which the source may lack.
    id: ObjectRef,
    /// The name of what is known.
    name: &'static str,
    /// Where it is, as a JSON pointer.
    pointer: &'static str,
}

/// Returns what `object` of a source tells to be someone else's.
pub(crate) fn known_of(object: &Object) -> impl Iterator<Item = Place> {
    let own = places(object).map(|(name, pointer)| Place {
        id: object.id().clone(),
        name,
        pointer,
    });
    let scaled = scaled(object).map(|id| Place {
        id,
        name: "scaled-replicas",
        pointer: "/spec/replicas",
    });
    own.chain(scaled)
}

/// Returns the names of what `object` says is not to be left to others.
pub(crate) fn turned_off(object: &Object) -> Result<Vec<&'static str>, NotAPointer> {
    let left = || KNOWN.iter().filter(|known| known.how == Harmless::Left);
    let mut off = Vec::new();
    for word in super::words(object, OFF) {
        match left().find(|known| known.name == word) {
            Some(known) => off.push(known.name),
            None if word == "all" => off.extend(left().map(|known| known.name)),
            None => return Err(NotAPointer::Known(word.to_owned())),
        }
    }
    Ok(off)
}

/// Gathers what [`known_of`] returned of each object of a source, but what [`turned_off`] returned of it. `has` tells
/// whether the source has an object.
pub(crate) fn known_in(
    known: Vec<Place>,
    off: &BTreeMap<ObjectRef, Vec<&'static str>>,
    has: impl Fn(&ObjectRef) -> bool,
) -> BTreeMap<ObjectRef, Ignored> {
    let mut ignored = BTreeMap::<ObjectRef, Ignored>::new();
    let is_off = |place: &Place| {
        off.get(&place.id)
            .is_some_and(|off| off.contains(&place.name))
    };
    for place in known.into_iter().filter(|it| has(&it.id) && !is_off(it)) {
        let pointer = Pointer::parse(place.pointer).expect("the pointers of this file are good");
        ignored.entry(place.id).or_default().pointers.push(pointer);
    }
    ignored
}

/// Returns what is known of an object itself, by its name, and where it is.
fn places(object: &Object) -> impl Iterator<Item = (&'static str, &'static str)> {
    let value = object.value();
    let has = |pointer: &str| value.pointer(pointer).is_some();
    let is_injected = || INJECTED.iter().any(|key| object.annotation(key).is_some());
    let kind = object.gvk().kind.as_str();
    let (name, pointer) = match kind {
        "ClusterRole" => ("aggregated-rules", "/rules"),
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => {
            ("injected-ca", "/webhooks/*/clientConfig/caBundle")
        }
        "CustomResourceDefinition" => (
            "injected-ca",
            "/spec/conversion/webhook/clientConfig/caBundle",
        ),
        "APIService" => ("injected-ca", "/spec/caBundle"),
        _ => ("restarted-at", RESTARTED_AT),
    };
    let is_so = match name {
        "aggregated-rules" => has("/aggregationRule"),
        "injected-ca" => is_injected(),
        _ => matches!(kind, "Deployment" | "StatefulSet" | "DaemonSet") && has(RESTARTED_AT),
    };
    let counted =
        (kind == "Deployment" && has(REVISION)).then_some(("deployment-revision", REVISION));
    is_so.then_some((name, pointer)).into_iter().chain(counted)
}

/// Returns what an autoscaler scales.
fn scaled(object: &Object) -> Option<ObjectRef> {
    let (gvk, id) = (object.gvk(), object.id());
    let is_autoscaler = matches!(
        (gvk.group.as_str(), gvk.kind.as_str()),
        ("autoscaling", "HorizontalPodAutoscaler") | ("keda.sh", "ScaledObject")
    );
    let target = object.value().pointer("/spec/scaleTargetRef")?;
    let text = |key: &str| target.get(key).and_then(Value::as_str);
    let group = text("apiVersion").map(|version| version.rsplit_once('/').map_or("", |it| it.0));
    is_autoscaler.then_some(ObjectRef {
        group: group.unwrap_or("apps").into(),
        kind: text("kind").unwrap_or("Deployment").into(),
        namespace: id.namespace.clone(),
        name: text("name")?.into(),
    })
}

/// Returns an object without what an API server sets in any case, and refuses or overwrites in an apply.
pub(crate) fn without_server_fields(object: Object) -> Object {
    const FIELDS: [&str; 3] = ["managedFields", "creationTimestamp", "generation"];
    let metadata = object.value().get("metadata");
    let has_any = FIELDS
        .iter()
        .any(|field| metadata.is_some_and(|it| it.get(field).is_some()));
    if !has_any {
        return object;
    }
    let (origin, hidden) = (object.origin().cloned(), object.hidden().to_vec());
    let mut value = object.into_value();
    let metadata = value.get_mut("metadata").and_then(Value::as_object_mut);
    if let Some(metadata) = metadata {
        for field in FIELDS {
            metadata.remove(field);
        }
    }
    let object = Object::new(value).expect("these fields do not make an object");
    let object = object.hiding(hidden);
    match origin {
        Some(origin) => object.with_origin(origin),
        None => object,
    }
}

/// Whether a field is written by the API server's own controllers while objects are looked at, and nobody's wish.
pub(crate) fn is_counted(path: &windlass_object::FieldPath) -> bool {
    path.to_string() == r#"metadata.annotations["deployment.kubernetes.io/revision"]"#
}
