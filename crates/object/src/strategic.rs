//! Strategic merge patch: a merge patch that knows how lists merge, and directives.
//!
//! `$patch: replace` and `$patch: delete` in a mapping or an item, `$deleteFromPrimitiveList/FIELD`,
//! `$setElementOrder/FIELD` and `$retainKeys` do what they do in kube-apiserver 1.37
//! (k8s.io/apimachinery `strategicpatch`). Fields that the schema does not know are merged as mappings
//! and replaced as lists.

mod list;

use serde_json::{Map, Value};

use crate::schema::{PatchStrategy, Property, Schema};

const PATCH: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const ELEMENT_ORDER: &str = "$setElementOrder/";
const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList/";
/// Deeper patches are refused.
const MAX_DEPTH: usize = 200;

/// Why a strategic merge patch cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StrategicError {
    /// A directive is none of those that there are.
    #[error("unknown patch type '{0}' found; use replace, delete or merge")]
    UnknownDirective(String),
    /// An item of a list does not say which one it is.
    #[error("map: {item} does not contain declared merge key: {key}")]
    NoMergeKey {
        /// The field that names the items.
        key: String,
        /// The fields that the item has.
        item: String,
    },
    /// A list of mappings has no merge key.
    #[error("cannot merge lists without merge key for {0}")]
    ListWithoutKey(String),
    /// A directive's value has the wrong form.
    #[error("{directive}: invalid patch format")]
    BadDirective {
        /// The directive.
        directive: String,
    },
    /// A patch changes a field that its `$retainKeys` does not name.
    #[error("{field:?} is in the patch and not in its $retainKeys")]
    NotRetained {
        /// The field.
        field: String,
    },
    /// The order of a list's items leaves out an item of the patch.
    #[error(
        "The order in patch list:\n{items}\n doesn't match {ELEMENT_ORDER}{field} list:\n{order}\n"
    )]
    Order {
        /// The list's field.
        field: String,
        /// The keys of the items in the patch.
        items: String,
        /// The order that it gives.
        order: String,
    },
    /// The patch is nested too deeply.
    #[error("the patch is nested more than {MAX_DEPTH} levels deep")]
    TooDeep,
}

/// Merges `patch` into `target`, an object of the schema. When it fails, `target` is as it was.
///
/// ```
/// use windlass_object::{Gvk, patch::strategic_merge_patch, schema::facts};
/// use serde_json::json;
///
/// let pod = facts().schema(&Gvk::new("v1", "Pod")).expect("built in");
/// let mut target = json!({"spec": {"containers": [{"name": "web", "image": "web:1"}]}});
/// let patch = json!({"spec": {"containers": [{"name": "log", "image": "log:1"}]}});
/// strategic_merge_patch(&mut target, &patch, pod)?;
/// assert_eq!(target["spec"]["containers"].as_array().map(Vec::len), Some(2));
/// # Ok::<(), windlass_object::patch::StrategicError>(())
/// ```
pub fn strategic_merge_patch(
    target: &mut Value,
    patch: &Value,
    schema: &Schema,
) -> Result<(), StrategicError> {
    let Value::Object(patch) = patch else {
        return Err(StrategicError::BadDirective {
            directive: "the patch".to_owned(),
        });
    };
    let original = match target {
        Value::Object(map) => map.clone(),
        _ => Map::new(),
    };
    *target = Value::Object(merge_map(original, patch, schema, 0)?);
    Ok(())
}

fn merge_map(
    mut original: Map<String, Value>,
    patch: &Map<String, Value>,
    schema: &Schema,
    depth: usize,
) -> Result<Map<String, Value>, StrategicError> {
    if depth > MAX_DEPTH {
        return Err(StrategicError::TooDeep);
    }
    match patch.get(PATCH).map(|value| value.as_str()) {
        None | Some(Some("merge")) => {}
        Some(Some("replace")) => return Ok(without_directives(patch)),
        Some(Some("delete")) => return Ok(Map::new()),
        Some(other) => {
            let other = other.unwrap_or("?").to_owned();
            return Err(StrategicError::UnknownDirective(other));
        }
    }
    retain_keys(&mut original, patch)?;
    for (name, value) in patch.iter().filter(|(name, _)| !name.starts_with('$')) {
        let field = Field {
            name,
            schema,
            depth,
        };
        field.merge(&mut original, value)?;
    }
    for (name, value) in patch {
        if let Some(field) = name.strip_prefix(DELETE_FROM_LIST) {
            delete_items(&mut original, field, value)?;
        } else if let Some(field) = name.strip_prefix(ELEMENT_ORDER) {
            let key = schema.property(field).and_then(Property::merge_key);
            list::order(&mut original, patch, field, key, value)?;
        }
    }
    Ok(original)
}

struct Field<'a> {
    name: &'a str,
    schema: &'a Schema,
    depth: usize,
}

impl Field<'_> {
    fn merge(
        &self,
        original: &mut Map<String, Value>,
        patch: &Value,
    ) -> Result<(), StrategicError> {
        if patch.is_null() {
            original.remove(self.name);
            return Ok(());
        }
        let merged = match (original.remove(self.name), patch) {
            (Some(Value::Object(old)), Value::Object(patch)) if !self.strategy().replace => {
                Value::Object(merge_map(old, patch, self.below(), self.depth + 1)?)
            }
            (Some(Value::Array(old)), Value::Array(patch)) if self.strategy().merge => {
                self.merge_lists(old, patch)?
            }
            (_, Value::Object(patch)) => {
                let empty = Map::new();
                let merged = merge_map(empty, patch, self.below(), self.depth + 1)?;
                Value::Object(merged)
            }
            (_, patch) => without_directives_in(patch),
        };
        original.insert(self.name.to_owned(), merged);
        Ok(())
    }

    fn merge_lists(&self, old: Vec<Value>, patch: &[Value]) -> Result<Value, StrategicError> {
        let key = self
            .schema
            .property(self.name)
            .and_then(Property::merge_key);
        let merge = |old, new: &Map<String, Value>| {
            merge_map(old, new, self.below().items(), self.depth + 1)
        };
        list::merge(old, patch, key, self.name, merge).map(Value::Array)
    }

    fn strategy(&self) -> PatchStrategy {
        let property = self.schema.property(self.name);
        property.map(Property::patch_strategy).unwrap_or_default()
    }

    fn below(&self) -> &Schema {
        let field = self.schema.field(self.name);
        field.unwrap_or_else(|| Schema::deduced())
    }
}

/// Takes away what `$retainKeys` does not name.
fn retain_keys(
    original: &mut Map<String, Value>,
    patch: &Map<String, Value>,
) -> Result<(), StrategicError> {
    let Some(retained) = patch.get(RETAIN_KEYS) else {
        return Ok(());
    };
    let bad = || StrategicError::BadDirective {
        directive: RETAIN_KEYS.to_owned(),
    };
    let retained = retained.as_array().ok_or_else(bad)?;
    let is_retained = |name: &str| retained.iter().any(|other| other == name);
    let stray = patch
        .iter()
        .find(|(name, value)| !name.starts_with('$') && !value.is_null() && !is_retained(name));
    if let Some((field, _)) = stray {
        let field = field.clone();
        return Err(StrategicError::NotRetained { field });
    }
    original.retain(|name, _| is_retained(name));
    Ok(())
}

fn delete_items(
    original: &mut Map<String, Value>,
    field: &str,
    gone: &Value,
) -> Result<(), StrategicError> {
    let bad = || StrategicError::BadDirective {
        directive: format!("{DELETE_FROM_LIST}{field}"),
    };
    let gone = gone.as_array().ok_or_else(bad)?;
    if let Some(Value::Array(items)) = original.get_mut(field) {
        items.retain(|item| !gone.contains(item));
    }
    Ok(())
}

/// Returns a mapping of the patch as it stands in an object: without directives and nulls.
fn without_directives(patch: &Map<String, Value>) -> Map<String, Value> {
    let plain = patch
        .iter()
        .filter(|(name, value)| !is_directive(name) && !value.is_null());
    plain
        .map(|(name, value)| (name.clone(), without_directives_in(value)))
        .collect()
}

fn without_directives_in(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(without_directives(map)),
        Value::Array(items) => {
            let kept = items.iter().filter(|item| item.get(PATCH).is_none());
            kept.map(without_directives_in).collect()
        }
        other => other.clone(),
    }
}

fn is_directive(name: &str) -> bool {
    name == PATCH
        || name == RETAIN_KEYS
        || name.starts_with(ELEMENT_ORDER)
        || name.starts_with(DELETE_FROM_LIST)
}

#[cfg(test)]
mod tests;
