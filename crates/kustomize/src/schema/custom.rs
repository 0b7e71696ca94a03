//! A schema of the user's own: an OpenAPI v2 document, in JSON or YAML.

use windlass_yaml::Node;

use super::{Schema, Type, TypeId};

/// Nested deeper than this, a schema is a mistake.
const MAX_DEPTH: usize = 200;

/// Why a document is not a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// The document is not a mapping.
    #[error("an OpenAPI document is a mapping with `definitions`")]
    NotMapping,
    /// Types within types within types.
    #[error("the schema is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
}

impl Schema {
    /// Returns the schema that an OpenAPI document holds.
    pub(crate) fn from_openapi(document: &Node) -> Result<Self, SchemaError> {
        if !document.is_mapping() {
            return Err(SchemaError::NotMapping);
        }
        let mut schema = Self::default();
        for (name, definition) in pairs(document.get("definitions")) {
            let id = schema.add_type(definition, 0)?;
            schema.definitions.insert(name.into(), id);
            for key in group_version_kinds(definition) {
                schema.kinds.insert(key, id);
            }
        }
        for (path, item) in pairs(document.get("paths")) {
            schema.add_path(path, item);
        }
        Ok(schema)
    }

    /// Returns a schema that holds this one type.
    pub(crate) fn from_type(node: &Node) -> Result<Self, SchemaError> {
        let mut schema = Self::default();
        schema.add_type(node, 0)?;
        Ok(schema)
    }

    fn add_type(&mut self, node: &Node, depth: usize) -> Result<TypeId, SchemaError> {
        if depth > MAX_DEPTH {
            return Err(SchemaError::TooDeep);
        }
        let mut this = Type {
            is_list: node.get_text("type") == Some("array"),
            strategy: node
                .get_text("x-kubernetes-patch-strategy")
                .unwrap_or_default()
                .into(),
            keys: merge_keys(node),
            reference: node
                .get_text("$ref")
                .and_then(|text| text.strip_prefix("#/definitions/"))
                .map(Into::into),
            ..Type::default()
        };
        for (name, property) in pairs(node.get("properties")) {
            let id = self.add_type(property, depth + 1)?;
            this.fields.insert(name.into(), id);
        }
        if let Some(items) = node.get("items").filter(|items| items.is_mapping()) {
            this.items = Some(self.add_type(items, depth + 1)?);
        }
        if let Some(values) = node
            .get("additionalProperties")
            .filter(|values| values.is_mapping())
        {
            this.values = Some(self.add_type(values, depth + 1)?);
        }
        self.types.push(this);
        Ok(self.types.len() - 1)
    }

    /// A kind whose path names a namespace has one.
    fn add_path(&mut self, path: &str, item: &Node) {
        let Some(key) = item
            .at(&["get", "x-kubernetes-group-version-kind"])
            .and_then(group_version_kind)
        else {
            return;
        };
        let is_namespaced = path.contains("namespaces/{namespace}");
        *self.namespaced.entry(key).or_default() |= is_namespaced;
    }
}

/// The list of map keys comes before the single merge key.
fn merge_keys(node: &Node) -> Vec<String> {
    if let Some(keys) = node
        .get("x-kubernetes-list-map-keys")
        .and_then(Node::as_sequence)
    {
        return keys
            .iter()
            .filter_map(Node::text)
            .map(str::to_owned)
            .collect();
    }
    let key = node.get_text("x-kubernetes-patch-merge-key");
    key.map(str::to_owned).into_iter().collect()
}

fn pairs(node: Option<&Node>) -> impl Iterator<Item = (&str, &Node)> {
    node.and_then(Node::as_mapping)
        .into_iter()
        .flat_map(windlass_yaml::Mapping::iter)
        .filter_map(|(key, value)| Some((key.text()?, value)))
}

fn group_version_kinds(definition: &Node) -> impl Iterator<Item = (String, String)> {
    definition
        .get("x-kubernetes-group-version-kind")
        .and_then(Node::as_sequence)
        .into_iter()
        .flatten()
        .filter_map(group_version_kind)
}

fn group_version_kind(node: &Node) -> Option<(String, String)> {
    let version = node.get_text("version")?;
    let api_version = match node.get_text("group") {
        Some(group) if !group.is_empty() => format!("{group}/{version}"),
        _ => version.to_owned(),
    };
    Some((api_version, node.get_text("kind")?.to_owned()))
}
