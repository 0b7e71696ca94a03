//! What was built, as objects with identity and origin.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use windlass_kustomize::Resource;
use windlass_object::{Object, ObjectRef, Origin, PackedObject};
use windlass_tree::TreePath;
use windlass_yaml::Node;

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
    let (mut objects, mut errors) = (Vec::with_capacity(resources.len()), Vec::new());
    for (resource, hidden) in resources.into_iter().zip(hidden) {
        let origin = origin(&resource, origins);
        match of_resource(resource.node, &origin, hidden) {
            Ok(more) => more.into_iter().for_each(|object| match object {
                Ok(object) => objects.push(PackedObject::from(object)),
                Err(error) => errors.push(error),
            }),
            Err(error) => errors.push(error),
        }
    }
    let ids = objects.iter().map(|object| (object.id(), object.origin()));
    errors.extend(duplicates(ids));
    if errors.is_empty() {
        Ok(objects)
    } else {
        Err(errors)
    }
}

/// Returns everything for which [`objects`] would fail. It holds no more than one object at a time.
pub(super) fn check(
    resources: Vec<Resource>,
    origins: &BTreeMap<TreePath, Origin>,
) -> Result<(), Vec<RenderError>> {
    let (mut ids, mut errors) = (Vec::with_capacity(resources.len()), Vec::new());
    for resource in resources {
        let origin = origin(&resource, origins);
        match of_resource(resource.node, &origin, &[]) {
            Ok(objects) => objects.into_iter().for_each(|object| match object {
                Ok(object) => ids.push((object.id().clone(), origin.clone())),
                Err(error) => errors.push(error),
            }),
            Err(error) => errors.push(error),
        }
    }
    errors.extend(duplicates(
        ids.iter().map(|(id, origin)| (id, Some(origin))),
    ));
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

/// Returns the objects that a resource is: more than one when it is a list.
fn of_resource(
    node: Node,
    origin: &Origin,
    hidden: &[String],
) -> Result<Vec<Result<Object, RenderError>>, RenderError> {
    let value = node.to_json().map_err(RenderError::Print)?;
    drop(node);
    let objects = flatten(value, "").into_iter();
    let objects = objects.map(|(value, at)| object(value, origin, hidden_below(hidden, &at)));
    Ok(objects.collect())
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

fn duplicates<'o>(
    objects: impl ExactSizeIterator<Item = (&'o ObjectRef, Option<&'o Origin>)>,
) -> Vec<RenderError> {
    let mut first: HashMap<&ObjectRef, Option<&Origin>> = HashMap::with_capacity(objects.len());
    let place = |origin: Option<&Origin>| {
        let unknown = || Origin {
            path: String::new(),
            line: 0,
        };
        origin.cloned().unwrap_or_else(unknown)
    };
    let duplicate = |(id, origin): (&'o ObjectRef, _)| {
        let earlier = first.insert(id, origin)?;
        Some(RenderError::Duplicate {
            id: Box::new(id.clone()),
            first: place(earlier),
            second: place(origin),
        })
    };
    objects.filter_map(duplicate).collect()
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
