//! Field sets as the JSON of `fieldsV1`.

use serde_json::{Map, Value};

use super::{FieldSet, Node, Step};

/// The deepest path that is read.
const MAX_DEPTH: usize = 200;

/// Why `managedFields` cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FieldsError {
    /// It is not a list.
    #[error("metadata.managedFields is not a list")]
    NotList,
    /// A field set is not a mapping.
    #[error("fieldsV1 is not a mapping of mappings")]
    NotMapping,
    /// A key has none of the four forms.
    #[error(
        "fieldsV1 has the key {0:?}, which is none of `.`, `f:NAME`, `k:OBJECT`, `v:VALUE` and `i:INDEX`"
    )]
    Key(String),
    /// The operation is unknown.
    #[error("unknown operation {0:?} in metadata.managedFields; use Apply or Update")]
    Operation(String),
    /// The set is nested too deeply.
    #[error("fieldsV1 is nested more than {MAX_DEPTH} levels deep")]
    TooDeep,
}

/// Returns the set that `fieldsV1` says.
pub(crate) fn decode_set(value: &Value) -> Result<FieldSet, FieldsError> {
    decode_node(value, 0).map(|node| node.children)
}

/// Returns the set as `fieldsV1`.
pub(crate) fn encode_set(set: &FieldSet) -> Value {
    Value::Object(encode_children(set))
}

fn decode_node(value: &Value, depth: usize) -> Result<Node, FieldsError> {
    let Value::Object(map) = value else {
        return Err(FieldsError::NotMapping);
    };
    if depth > MAX_DEPTH {
        return Err(FieldsError::TooDeep);
    }
    // An empty mapping stands for the path itself; with something in it, `.` does.
    let mut node = Node {
        member: map.is_empty() || map.contains_key("."),
        children: FieldSet::default(),
    };
    for (key, value) in map.iter().filter(|(key, _)| *key != ".") {
        node.children
            .insert(decode_step(key)?, decode_node(value, depth + 1)?);
    }
    Ok(node)
}

fn decode_step(key: &str) -> Result<Step, FieldsError> {
    let bad = || FieldsError::Key(key.to_owned());
    let (form, text) = key.split_once(':').ok_or_else(bad)?;
    match form {
        "f" => Ok(Step::Field(text.into())),
        "k" => {
            let map: Map<String, Value> = serde_json::from_str(text).map_err(|_| bad())?;
            let mut keys: Vec<_> = map
                .into_iter()
                .map(|(name, value)| (name.into_boxed_str(), value))
                .collect();
            keys.sort_by(|a, b| a.0.cmp(&b.0));
            Ok(Step::Key(keys.into()))
        }
        "v" => serde_json::from_str(text)
            .map(Step::Value)
            .map_err(|_| bad()),
        "i" => text.parse().map(Step::Index).map_err(|_| bad()),
        _ => Err(bad()),
    }
}

fn encode_children(set: &FieldSet) -> Map<String, Value> {
    let nodes = set.iter();
    nodes
        .map(|(step, node)| (encode_step(step), encode_node(node)))
        .collect()
}

fn encode_node(node: &Node) -> Value {
    let mut map = encode_children(&node.children);
    if node.member && !map.is_empty() {
        map.insert(".".to_owned(), Value::Object(Map::new()));
    }
    Value::Object(map)
}

fn encode_step(step: &Step) -> String {
    match step {
        Step::Field(name) => format!("f:{name}"),
        Step::Key(keys) => {
            let pair =
                |(name, value): &(Box<str>, Value)| format!("{}:{value}", Value::from(&**name));
            let pairs: Vec<String> = keys.iter().map(pair).collect();
            format!("k:{{{}}}", pairs.join(","))
        }
        Step::Value(value) => format!("v:{value}"),
        Step::Index(index) => format!("i:{index}"),
    }
}
