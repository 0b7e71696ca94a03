//! What was built, as objects with identity and origin.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use windlass_kustomize::Resource;
use windlass_object::{Object, ObjectRef, Origin, PackedObject};
use windlass_tree::TreePath;

use super::RenderError;

/// Returns the objects that `resources` are, or everything that is wrong with them. Each resource is dropped as soon
/// as it is an object: the two together are most of what a large build has in memory.
///
/// `hidden` are the places of decrypted values in each resource; `origins` says where the Secrets were really
/// written whose file exists in memory only.
pub(super) fn objects(
    resources: Vec<Resource>,
    hidden: &[Vec<String>],
    origins: &BTreeMap<TreePath, Origin>,
) -> Result<Vec<PackedObject>, Vec<RenderError>> {
    let (mut objects, mut errors) = (Vec::new(), Vec::new());
    for (resource, hidden) in resources.into_iter().zip(hidden) {
        let origin = origin(&resource, origins);
        match resource.node.to_json() {
            Err(error) => errors.push(RenderError::Print(error)),
            Ok(value) => {
                for (value, prefix) in flatten(value, "") {
                    match object(value, &origin, hidden_below(hidden, &prefix)) {
                        Ok(object) => objects.push(PackedObject::from(object)),
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

fn object(value: Value, origin: &Origin, hidden: Vec<String>) -> Result<Object, RenderError> {
    let origin = origin.clone();
    match Object::new(value) {
        Err(error) => Err(RenderError::Object { origin, error }),
        Ok(object) => Ok(object.with_origin(origin).hiding(hidden)),
    }
}

/// Returns the places in the object at `prefix`.
fn hidden_below(hidden: &[String], prefix: &str) -> Vec<String> {
    let below = hidden.iter().filter_map(|pointer| {
        let rest = pointer.strip_prefix(prefix)?;
        rest.starts_with('/').then(|| rest.to_owned())
    });
    below.collect()
}

fn origin(resource: &Resource, origins: &BTreeMap<TreePath, Origin>) -> Origin {
    let place = &resource.place;
    origins.get(&place.path).cloned().unwrap_or_else(|| Origin {
        path: place.path.as_str().to_owned(),
        line: place.line,
    })
}

/// Takes lists apart as `kubectl apply` does: a kind that ends in `List` and has `items`. Returns each object
/// with where it was, as a JSON pointer.
fn flatten(mut value: Value, at: &str) -> Vec<(Value, String)> {
    let kind = value.get("kind").and_then(Value::as_str);
    let is_list = kind.is_some_and(|kind| kind.ends_with("List"));
    if let Some(Value::Array(items)) = value.get_mut("items").filter(|_| is_list) {
        return std::mem::take(items)
            .into_iter()
            .enumerate()
            .flat_map(|(index, item)| flatten(item, &format!("{at}/items/{index}")))
            .collect();
    }
    vec![(value, at.to_owned())]
}

fn duplicates(objects: &[PackedObject]) -> Vec<RenderError> {
    let mut first: HashMap<&ObjectRef, &PackedObject> = HashMap::new();
    let place = |object: &PackedObject| {
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
        let place = |text: &str| text.to_owned();
        let expected = [
            (object("a"), place("/items/0")),
            (object("b"), place("/items/1/items/0")),
        ];
        assert_eq!(flatten(list, ""), expected);
    }

    #[test]
    fn a_kind_that_only_sounds_like_a_list_stays_whole() {
        for object in [
            json!({"kind": "AllowList", "spec": {}}),
            json!({"kind": "AllowList", "items": {"a": 1}}),
            json!({"kind": "Box", "items": [1]}),
        ] {
            assert_eq!(flatten(object.clone(), ""), [(object, String::new())]);
        }
    }
}
