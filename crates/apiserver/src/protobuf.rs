//! Bodies in Kubernetes' protocol buffers, which Go's typed clients send (kubectl since 1.37 for `create`
//! and `auth`), read to JSON. Answers are always JSON, which those clients take as well.

mod table;
mod wire;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use windlass_object::Gvk;
use windlass_object::schema::{Presence, Schema, facts};

use table::{Field, Kind, Shape, table};
use wire::{Reader, Wire};

/// What every body begins with.
const MAGIC: &[u8] = b"k8s\0";

/// How deeply messages may be nested.
const MAX_DEPTH: usize = 64;

/// Why a body cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProtobufError {
    /// It does not begin as such a body does.
    #[error("it does not begin with \"k8s\\0\"")]
    Magic,
    /// It ends within a field, or a field is not what its number says.
    #[error("it is cut off or broken")]
    Broken,
    /// A text is not UTF-8.
    #[error("a text in it is not UTF-8")]
    Text,
    /// Its kind is not one of the built-in ones.
    #[error("{0} is not a built-in kind; send JSON")]
    Kind(Gvk),
    /// It is nested too deeply.
    #[error("it is nested more than {MAX_DEPTH} levels deep")]
    TooDeep,
}

/// Returns the object in a body.
pub(crate) fn decode(body: &[u8]) -> Result<Value, ProtobufError> {
    let unknown = body.strip_prefix(MAGIC).ok_or(ProtobufError::Magic)?;
    let (mut type_meta, mut raw): (&[u8], &[u8]) = (&[], &[]);
    for field in Reader::new(unknown) {
        match field? {
            (1, Wire::Bytes(bytes)) => type_meta = bytes,
            (2, Wire::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let (mut api_version, mut kind) = ("", "");
    for field in Reader::new(type_meta) {
        match field? {
            (1, Wire::Bytes(bytes)) => api_version = text(bytes)?,
            (2, Wire::Bytes(bytes)) => kind = text(bytes)?,
            _ => {}
        }
    }
    let name = message_of(&Gvk::new(api_version, kind))?;
    let mut object = message(name, raw, schema_of(name), 0)?;
    if let Value::Object(fields) = &mut object {
        fields.insert("apiVersion".to_owned(), api_version.into());
        fields.insert("kind".to_owned(), kind.into());
    }
    Ok(object)
}

fn message_of(gvk: &Gvk) -> Result<&'static str, ProtobufError> {
    if gvk.kind == "DeleteOptions" {
        return Ok("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions");
    }
    let kind = facts()
        .kind(gvk)
        .ok_or_else(|| ProtobufError::Kind(gvk.clone()))?;
    Ok(&kind.definition().name)
}

fn schema_of(name: &str) -> &'static Schema {
    let definition = facts().definition(name);
    definition.map_or(Schema::deduced(), |definition| &definition.schema)
}

/// Returns a message as a JSON value.
fn message(
    name: &str,
    bytes: &[u8],
    schema: &Schema,
    depth: usize,
) -> Result<Value, ProtobufError> {
    if depth > MAX_DEPTH {
        return Err(ProtobufError::TooDeep);
    }
    if let Some(value) = special(name, bytes)? {
        return Ok(value);
    }
    let mut fields = Map::new();
    fill(name, bytes, schema, depth, &mut fields)?;
    Ok(Value::Object(fields))
}

/// Reads the fields of a message into a mapping. Those of an embedded Go struct go into the mapping of the
/// struct around it.
fn fill(
    name: &str,
    bytes: &[u8],
    schema: &Schema,
    depth: usize,
    fields: &mut Map<String, Value>,
) -> Result<(), ProtobufError> {
    for entry in Reader::new(bytes) {
        let (number, wire) = entry?;
        let Some(field) = table().field(name, number) else {
            continue;
        };
        let key = json_name(field, schema);
        if let (None, Kind::Message(inner), Wire::Bytes(bytes)) = (&key, &field.kind, wire) {
            if depth > MAX_DEPTH {
                return Err(ProtobufError::TooDeep);
            }
            fill(inner, bytes, schema, depth + 1, fields)?;
            continue;
        }
        let key = key.unwrap_or_else(|| field.name.clone());
        match field.shape {
            Shape::Single => {
                let value = value(&field.kind, wire, depth)?;
                if is_written(schema, &key, &value) {
                    fields.insert(key, value);
                }
            }
            Shape::List => {
                let value = value(&field.kind, wire, depth)?;
                let list = fields.entry(key).or_insert_with(|| json!([]));
                list.as_array_mut()
                    .ok_or(ProtobufError::Broken)?
                    .push(value);
            }
            Shape::Map => {
                let (name, value) = map_entry(&field.kind, wire, depth)?;
                let map = fields.entry(key).or_insert_with(|| json!({}));
                map.as_object_mut()
                    .ok_or(ProtobufError::Broken)?
                    .insert(name, value);
            }
        }
    }
    Ok(())
}

/// Returns the name that a field has in JSON; `None` for an embedded struct, which has none.
fn json_name(field: &Field, schema: &Schema) -> Option<String> {
    if schema.property(&field.name).is_some() {
        return Some(field.name.clone());
    }
    // Some names differ in case only: `uID`, `aPIGroup`, `Webhooks`.
    let mut names = schema.properties().map(|(name, _)| name);
    let found = names.find(|name| name.eq_ignore_ascii_case(&field.name));
    let is_known = schema.properties().next().is_some();
    found
        .map(str::to_owned)
        .or_else(|| (!is_known).then(|| field.name.clone()))
}

/// Whether JSON has the field: Go's encoder of protocol buffers writes empty values, that of JSON mostly
/// does not.
fn is_written(schema: &Schema, key: &str, value: &Value) -> bool {
    let is_empty = match value {
        Value::Null => return false,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    };
    let presence = schema
        .property(key)
        .map(windlass_object::schema::Property::presence);
    !is_empty || presence.is_some_and(|presence| presence != Presence::NotEmpty)
}

fn value(kind: &Kind, wire: Wire<'_>, depth: usize) -> Result<Value, ProtobufError> {
    match (kind, wire) {
        (Kind::Text, Wire::Bytes(bytes)) => Ok(text(bytes)?.into()),
        (Kind::Bytes, Wire::Bytes(bytes)) => Ok(STANDARD.encode(bytes).into()),
        (Kind::Integer, Wire::Number(number)) => Ok(number.cast_signed().into()),
        (Kind::Flag, Wire::Number(number)) => Ok((number != 0).into()),
        (Kind::Message(name), Wire::Bytes(bytes)) => {
            message(name, bytes, schema_of(name), depth + 1)
        }
        _ => Err(ProtobufError::Broken),
    }
}

fn map_entry(kind: &Kind, wire: Wire<'_>, depth: usize) -> Result<(String, Value), ProtobufError> {
    let Wire::Bytes(bytes) = wire else {
        return Err(ProtobufError::Broken);
    };
    let (mut name, mut entry) = (String::new(), None);
    for field in Reader::new(bytes) {
        match field? {
            (1, Wire::Bytes(bytes)) => text(bytes)?.clone_into(&mut name),
            (2, wire) => entry = Some(value(kind, wire, depth)?),
            _ => {}
        }
    }
    let empty = match kind {
        Kind::Text | Kind::Bytes => json!(""),
        Kind::Integer => json!(0),
        Kind::Flag => json!(false),
        Kind::Message(_) => Value::Null,
    };
    Ok((name, entry.unwrap_or(empty)))
}

fn text(bytes: &[u8]) -> Result<&str, ProtobufError> {
    std::str::from_utf8(bytes).map_err(|_| ProtobufError::Text)
}

/// Returns the value of a message whose JSON form is no mapping of its fields.
fn special(name: &str, bytes: &[u8]) -> Result<Option<Value>, ProtobufError> {
    let Some(short) = name.strip_prefix("io.k8s.apimachinery.pkg.") else {
        return Ok(if name.ends_with(".ExtraValue") {
            Some(texts(bytes)?)
        } else {
            None
        });
    };
    let (mut numbers, mut first) = ([0_i64; 4], &[][..]);
    if matches!(
        short,
        "apis.meta.v1.Time"
            | "apis.meta.v1.MicroTime"
            | "apis.meta.v1.FieldsV1"
            | "apis.meta.v1.Verbs"
            | "api.resource.Quantity"
            | "util.intstr.IntOrString"
            | "runtime.RawExtension"
    ) {
        for field in Reader::new(bytes) {
            match field? {
                (index @ 1..=3, Wire::Number(number)) => {
                    numbers[index as usize] = number.cast_signed();
                }
                (_, Wire::Bytes(bytes)) => first = bytes,
                _ => {}
            }
        }
    }
    Ok(Some(match short {
        "apis.meta.v1.Time" | "apis.meta.v1.MicroTime" => {
            time(numbers[1], numbers[2], short == "apis.meta.v1.MicroTime")
        }
        "apis.meta.v1.Verbs" => texts(bytes)?,
        "util.intstr.IntOrString" if numbers[1] == 0 => numbers[2].into(),
        "util.intstr.IntOrString" | "api.resource.Quantity" => text(first)?.into(),
        "apis.meta.v1.FieldsV1" | "runtime.RawExtension" => {
            serde_json::from_slice(first).unwrap_or_default()
        }
        _ => return Ok(None),
    }))
}

fn texts(bytes: &[u8]) -> Result<Value, ProtobufError> {
    let mut texts = Vec::new();
    for field in Reader::new(bytes) {
        if let (1, Wire::Bytes(bytes)) = field? {
            texts.push(Value::from(text(bytes)?));
        }
    }
    Ok(Value::Array(texts))
}

fn time(seconds: i64, nanoseconds: i64, micro: bool) -> Value {
    let nanoseconds = i32::try_from(nanoseconds).unwrap_or_default();
    let Ok(time) = jiff::Timestamp::new(seconds, nanoseconds) else {
        return Value::Null;
    };
    // The zero time of Go is null in JSON.
    if seconds == 0 && nanoseconds == 0 {
        return Value::Null;
    }
    let format = if micro {
        "%Y-%m-%dT%H:%M:%S.%6fZ"
    } else {
        "%Y-%m-%dT%H:%M:%SZ"
    };
    Value::String(time.strftime(format).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut field = vec![number << 3 | 2, bytes.len() as u8];
        field.extend_from_slice(bytes);
        field
    }

    fn body(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
        let type_meta = [field(1, api_version.as_bytes()), field(2, kind.as_bytes())].concat();
        [MAGIC.to_vec(), field(1, &type_meta), field(2, raw)].concat()
    }

    #[test]
    fn an_object_reads_as_the_json_that_a_go_client_would_have_sent() {
        let metadata = [field(1, b"shop"), field(3, b"")].concat();
        let raw = [field(1, &metadata), field(2, b"")].concat();
        let namespace = decode(&body("v1", "Namespace", &raw)).unwrap();
        let expected = json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"},
        });
        assert_eq!(namespace["metadata"], expected["metadata"]);
        assert_eq!(namespace["kind"], "Namespace");
    }

    #[test]
    fn the_fields_of_an_embedded_struct_stand_in_the_struct_around_it() {
        let source = field(2, b"");
        let volume = [field(1, b"cache"), field(2, &source)].concat();
        let spec = field(1, &volume);
        let pod = decode(&body("v1", "Pod", &field(2, &spec))).unwrap();
        assert_eq!(
            pod["spec"]["volumes"],
            json!([{"name": "cache", "emptyDir": {}}])
        );
    }

    #[test]
    fn a_body_that_is_cut_off_anywhere_is_refused_or_read_without_a_panic() {
        let metadata = field(1, b"shop");
        let whole = body("v1", "Namespace", &field(1, &metadata));
        for end in 0..whole.len() {
            let _ = decode(&whole[..end]);
        }
        assert_eq!(decode(b"{}"), Err(ProtobufError::Magic));
    }
}
