//! What was built, as objects with identity and origin.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use windlass_kustomize::Resource;
use windlass_object::{Object, ObjectRef, Origin};
use windlass_tree::TreePath;

use super::RenderError;

/// Returns the objects that `resources` are, or everything that is wrong with them.
///
/// `origins` says where the Secrets were really written whose file exists in memory only.
pub(super) fn objects(
    resources: &[Resource],
    origins: &BTreeMap<TreePath, Origin>,
) -> Result<Vec<Object>, Vec<RenderError>> {
    let (mut objects, mut errors) = (Vec::new(), Vec::new());
    for resource in resources {
        let origin = origin(resource, origins);
        match resource.node.to_json() {
            Err(error) => errors.push(RenderError::Print(error)),
            Ok(value) => {
                for value in flatten(value) {
                    match object(value, &origin) {
                        Ok(object) => objects.push(object),
                        Err(error) => errors.push(error),
                    }
                }
            }
        }
    }
    errors.extend(duplicates(&objects));
    if errors.is_empty() {
        Ok(objects)
    } else {
        Err(errors)
    }
}

fn object(value: Value, origin: &Origin) -> Result<Object, RenderError> {
    let origin = origin.clone();
    match Object::new(value) {
        Err(error) => Err(RenderError::Object { origin, error }),
        Ok(object) if object.value().pointer("/sops/mac").is_some() => {
            let id = Box::new(object.id().clone());
            Err(RenderError::Encrypted { id, origin })
        }
        Ok(object) => Ok(object.with_origin(origin)),
    }
}

fn origin(resource: &Resource, origins: &BTreeMap<TreePath, Origin>) -> Origin {
    let place = &resource.place;
    origins.get(&place.path).cloned().unwrap_or_else(|| Origin {
        path: place.path.as_str().to_owned(),
        line: place.line,
    })
}

/// Takes lists apart as `kubectl apply` does: a kind that ends in `List` and has `items`.
fn flatten(mut value: Value) -> Vec<Value> {
    let kind = value.get("kind").and_then(Value::as_str);
    let is_list = kind.is_some_and(|kind| kind.ends_with("List"));
    if let Some(Value::Array(items)) = value.get_mut("items").filter(|_| is_list) {
        return std::mem::take(items)
            .into_iter()
            .flat_map(flatten)
            .collect();
    }
    vec![value]
}

fn duplicates(objects: &[Object]) -> Vec<RenderError> {
    let mut first: HashMap<&ObjectRef, &Object> = HashMap::new();
    let place = |object: &Object| {
        let unknown = || Origin {
            path: String::new(),
            line: 0,
        };
        object.origin().cloned().unwrap_or_else(unknown)
    };
    objects
        .iter()
        .filter_map(|object| {
            let earlier = first.insert(object.id(), object)?;
            Some(RenderError::Duplicate {
                id: Box::new(object.id().clone()),
                first: place(earlier),
                second: place(object),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_within_lists_are_taken_apart() {
        let object = |name| json!({"kind": "ConfigMap", "metadata": {"name": name}});
        let inner = json!({"kind": "ConfigMapList", "items": [object("b")]});
        let list = json!({"kind": "List", "items": [object("a"), inner]});
        assert_eq!(flatten(list), [object("a"), object("b")]);
    }

    #[test]
    fn a_kind_that_only_sounds_like_a_list_stays_whole() {
        for object in [
            json!({"kind": "AllowList", "spec": {}}),
            json!({"kind": "AllowList", "items": {"a": 1}}),
            json!({"kind": "Box", "items": [1]}),
        ] {
            assert_eq!(flatten(object.clone()), [object]);
        }
    }
}
