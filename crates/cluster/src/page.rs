//! A page of a list, taken in object by object: hundreds of them as trees are a multiple of their text.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// What takes the objects.
pub(crate) type Take<'t> = dyn FnMut(Value) + Send + 't;

/// Gives each object of a page to `take`, and returns the page without them: `items` is an empty list if it was a list,
/// and null otherwise. Where it fails, some objects may have been given all the same.
pub(crate) fn read(body: &[u8], take: &mut Take<'_>) -> serde_json::Result<Value> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let page = Page(take).deserialize(&mut reader)?;
    reader.end().map(|()| page)
}

struct Page<'a, 't>(&'a mut Take<'t>);

impl<'de> DeserializeSeed<'de> for Page<'_, '_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Page<'_, '_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut page = Map::new();
        while let Some(key) = fields.next_key::<String>()? {
            let value = match key.as_str() {
                "items" => fields.next_value_seed(Items(&mut *self.0))?,
                _ => fields.next_value()?,
            };
            page.insert(key, value);
        }
        Ok(Value::Object(page))
    }
}

struct Items<'a, 't>(&'a mut Take<'t>);

impl<'de> DeserializeSeed<'de> for Items<'_, '_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Items<'_, '_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        while let Some(item) = items.next_element()? {
            (self.0)(item);
        }
        Ok(Value::Array(Vec::new()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(body: &str) -> (Vec<Value>, Option<String>) {
        let mut items = Vec::new();
        let page = read(body.as_bytes(), &mut |item| items.push(item));
        (items, page.ok().map(|page| page.to_string()))
    }

    #[test]
    fn objects_are_given_one_by_one_and_the_rest_is_returned() {
        let (items, rest) =
            page(r#"{"kind":"PodList","items":[{"a":1},{"b":[2]}],"metadata":{"continue":"x"}}"#);
        assert_eq!(
            items,
            [serde_json::json!({"a": 1}), serde_json::json!({"b": [2]})]
        );
        let expected = r#"{"items":[],"kind":"PodList","metadata":{"continue":"x"}}"#;
        assert_eq!(rest.as_deref(), Some(expected));
    }

    #[test]
    fn an_empty_list_is_told_from_none() {
        for body in [r#"{"items":[]}"#, r#"{"items":null}"#, "{}"] {
            assert_eq!(page(body).1.as_deref(), Some(body));
        }
    }

    #[test]
    fn what_is_no_page_is_an_error() {
        for body in [
            "",
            "[]",
            "null",
            r#"{"items":{}}"#,
            r#"{"items":[{}]"#,
            r#"{"items":[]} x"#,
        ] {
            assert_eq!(page(body).1, None, "{body}");
        }
    }
}
