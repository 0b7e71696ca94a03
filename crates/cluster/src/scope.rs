//! Which namespace an object belongs to.

use std::collections::BTreeMap;

use serde_json::Value;
use windlass_object::{Object, ObjectRef, PackedObject};

use crate::Kinds;

/// The namespace of objects that name none, as for kubectl.
const DEFAULT_NAMESPACE: &str = "default";

/// The kinds that CustomResourceDefinitions among the desired objects will add to a cluster.
#[derive(Clone, Debug, Default)]
pub struct Definitions {
    kinds: BTreeMap<(String, String), Definition>,
}

#[derive(Clone, Debug)]
struct Definition {
    id: ObjectRef,
    namespaced: bool,
}

/// Why it is not known where an object belongs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// The server that serves the group does not answer.
    #[error(
        "the API group {group} does not answer, so it is not known what {id} is; look at `kubectl get apiservices`"
    )]
    GroupUnknown {
        /// The object.
        id: ObjectRef,
        /// Its group.
        group: String,
    },
    /// Neither the cluster nor a definition in the source has the kind.
    #[error("{}no kind {kind} in {api_version}: the cluster does not serve it, and the source has no CustomResourceDefinition for it", at(origin.as_deref()))]
    NoKind {
        /// The kind.
        kind: String,
        /// Its group and version.
        api_version: String,
        /// Where the object is written.
        origin: Option<String>,
    },
}

impl Definitions {
    /// Returns the kinds that the definitions among `objects` declare.
    pub fn new<'o>(objects: impl IntoIterator<Item = &'o PackedObject>) -> Self {
        let is_definition = |object: &&PackedObject| {
            object.gvk().kind == "CustomResourceDefinition"
                && object.gvk().group == "apiextensions.k8s.io"
        };
        let definitions = objects.into_iter().filter(is_definition);
        let kinds = definitions.filter_map(|object| {
            let object = object.open();
            let text = |pointer: &str| object.value().pointer(pointer).and_then(Value::as_str);
            let key = (
                text("/spec/group")?.to_owned(),
                text("/spec/names/kind")?.to_owned(),
            );
            let namespaced = text("/spec/scope") == Some("Namespaced");
            let definition = Definition {
                id: object.id().clone(),
                namespaced,
            };
            Some((key, definition))
        });
        Self {
            kinds: kinds.collect(),
        }
    }

    /// Returns the definition that brings the kind of `id`.
    #[must_use]
    pub fn definition_of(&self, id: &ObjectRef) -> Option<&ObjectRef> {
        Some(&self.get(&id.group, &id.kind)?.id)
    }

    /// Returns `object` with its final namespace: `default` where a namespaced object names none, and
    /// none for an object of the cluster.
    pub fn place(&self, kinds: &Kinds, object: Object) -> Result<Object, ScopeError> {
        let (group, kind) = (object.id().group.clone(), object.id().kind.clone());
        let served = kinds.preferred(&group, &kind).map(|kind| kind.namespaced);
        let defined = self
            .get(&group, &kind)
            .map(|definition| definition.namespaced);
        match served.or(defined) {
            Some(true) if object.id().namespace.is_none() => {
                Ok(object.in_namespace(DEFAULT_NAMESPACE))
            }
            Some(true) => Ok(object),
            Some(false) => Ok(object.without_namespace()),
            None if !kinds.is_known(&group) => Err(ScopeError::GroupUnknown {
                id: object.id().clone(),
                group: group.to_string(),
            }),
            None => Err(ScopeError::NoKind {
                kind: kind.to_string(),
                api_version: object.gvk().api_version(),
                origin: object.origin().map(ToString::to_string),
            }),
        }
    }

    fn get(&self, group: &str, kind: &str) -> Option<&Definition> {
        self.kinds.get(&(group.to_owned(), kind.to_owned()))
    }
}

fn at(origin: Option<&str>) -> String {
    origin
        .map(|origin| format!("{origin}: "))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn definitions() -> Definitions {
        let definition = Object::new(json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "jaegers.jaegertracing.io"},
            "spec": {"group": "jaegertracing.io", "names": {"kind": "Jaeger"}, "scope": "Namespaced"},
        }));
        Definitions::new([&definition.unwrap().into()])
    }

    fn jaeger() -> Object {
        Object::new(json!({
            "apiVersion": "jaegertracing.io/v1", "kind": "Jaeger", "metadata": {"name": "all-in-one"},
        }))
        .unwrap()
    }

    #[test]
    fn a_definition_in_the_source_says_where_its_objects_belong() {
        let placed = definitions().place(&Kinds::default(), jaeger()).unwrap();
        assert_eq!(placed.id().namespace.as_deref(), Some("default"));
        let definition = definitions()
            .definition_of(placed.id())
            .map(ToString::to_string);
        assert_eq!(
            definition.as_deref(),
            Some("CustomResourceDefinition/jaegers.jaegertracing.io")
        );
    }

    #[test]
    fn a_kind_that_nobody_defines_is_an_error() {
        let error = Definitions::default()
            .place(&Kinds::default(), jaeger())
            .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("no kind Jaeger in jaegertracing.io/v1"),
            "{error}"
        );
    }
}
