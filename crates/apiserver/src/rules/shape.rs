//! What a schema says of the size of values, as kube-apiserver 1.37 reckons (`k8s.io/apiserver/pkg/cel/common`).

use serde_json::Value;
use windlass_cel::{Kind, Shape};

use super::escaped;
use crate::fields;

/// How large a request can be, in bytes: nothing in it is larger.
pub(super) const MAX_REQUEST: u64 = 3 * 1024 * 1024;

/// Returns the shape of the values that a schema allows; `None` where rules cannot see them. An object of its own has
/// a type and a name.
pub(super) fn shape(schema: &Value, is_object: bool) -> Option<Shape> {
    let count =
        |key: &str| fields::optional_integer(schema, key).map(|it| u64::try_from(it).unwrap_or(0));
    if fields::flag(schema, "/x-kubernetes-int-or-string") {
        let most = count("/maxLength").map_or(MAX_REQUEST - 2, |most| most.saturating_mul(4));
        return Some(Shape::new(Kind::Any, most, 1));
    }
    let is_embedded = |schema: &Value| fields::flag(schema, "/x-kubernetes-embedded-resource");
    match fields::text(schema, "/type") {
        "array" => {
            let items = schema.get("items")?;
            let item = shape(items, is_embedded(items))?;
            let fitting = (MAX_REQUEST - 2) / (item.least_json + 1);
            Some(Shape {
                element: Some(Box::new(item)),
                ..Shape::new(Kind::List, count("/maxItems").unwrap_or(fitting), 2)
            })
        }
        "object" => match schema
            .get("additionalProperties")
            .filter(|it| it.is_object())
        {
            Some(values) if !is_object => {
                let value = shape(values, is_embedded(values))?;
                let fitting = (MAX_REQUEST - 2) / (value.least_json + 6);
                Some(Shape {
                    element: Some(Box::new(value)),
                    ..Shape::new(Kind::Map, count("/maxProperties").unwrap_or(fitting), 2)
                })
            }
            _ => Some(object(schema, is_object)),
        },
        "string" => Some(text(schema, count("/maxLength"))),
        "boolean" => Some(Shape::new(Kind::Bool, 0, 4)),
        "number" => Some(Shape::new(Kind::Double, 0, 1)),
        "integer" => Some(Shape::new(Kind::Int, 0, 1)),
        _ => None,
    }
}

fn object(schema: &Value, is_object: bool) -> Shape {
    let mut shape_of_object = Shape::new(Kind::Object, 0, 2);
    let required = fields::list(schema, "/required");
    for (name, below) in fields::map(schema, "/properties").into_iter().flatten() {
        if is_object && ["apiVersion", "kind", "metadata"].contains(&name.as_str()) {
            continue;
        }
        let is_embedded = fields::flag(below, "/x-kubernetes-embedded-resource");
        let Some(field) = shape(below, is_embedded) else {
            continue;
        };
        if required.contains(&name.as_str().into()) && below.get("default").is_none() {
            shape_of_object.least_json += name.len() as u64 + field.least_json + 4;
        }
        shape_of_object.fields.insert(escaped(name), field);
    }
    if is_object {
        let text = || Shape::new(Kind::Text, MAX_REQUEST - 2, 2);
        let texts = |names: [&str; 2]| names.map(|name| (name.to_owned(), text()));
        let mut metadata = Shape::new(Kind::Object, 0, 2);
        metadata.fields.extend(texts(["name", "generateName"]));
        shape_of_object.fields.extend(texts(["apiVersion", "kind"]));
        shape_of_object
            .fields
            .insert("metadata".to_owned(), metadata);
    }
    shape_of_object
}

fn text(schema: &Value, most: Option<u64>) -> Shape {
    match fields::text(schema, "/format") {
        "byte" => Shape::new(Kind::Bytes, most.unwrap_or(MAX_REQUEST - 2), 2),
        "duration" => Shape::new(Kind::Duration, 32, 3),
        "date" => Shape::new(Kind::Timestamp, 12, 12),
        "date-time" => Shape::new(Kind::Timestamp, 32, 21),
        _ => {
            let listed = fields::list(schema, "/enum").iter();
            let longest = listed
                .filter_map(Value::as_str)
                .map(|it| it.len() as u64)
                .max();
            // A character has up to four bytes.
            let most = most.map(|most| most.saturating_mul(4));
            Shape::new(Kind::Text, most.or(longest).unwrap_or(MAX_REQUEST - 2), 2)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use windlass_cel::compile;

    use super::*;

    /// The numbers are those of `Compile` in `k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel` 0.37.2.
    const COSTS: [(u64, &str); 43] = [
        (0, "true"),
        (3, "self.n > 1"),
        (14, "self.a == self.b"),
        (3, "self.a.startsWith('abc')"),
        (104, "self.a.contains(self.b)"),
        (24, "self.a.matches('^[a-z]+$')"),
        (4, "self.names.size() < 3"),
        (53, "self.names.all(x, x != 'abc')"),
        (1, "has(self.a)"),
        (
            166_005_003,
            "self.many.all(x, x.all(y, self.names.exists(z, z == y)))",
        ),
        (1_473, "self.names.all(x, self.names.exists_one(y, x == y))"),
        (98_956_172_333, "self.free.contains(self.free)"),
        (329_857_577_778, "self.open.all(x, x.matches('^a'))"),
        (108, "self.m.all(k, self.m[k].x == 'a' && self.m[k].y > 3)"),
        (
            426,
            "self.names.map(x, x + 'a').filter(y, y.size() > 2).size() == 3",
        ),
        (105, "self.names.join(',').size() < 4"),
        (24, "self.a.replace('a', 'bcd').size() < 9"),
        (623, "self.a.split(',').all(x, x.size() < 3)"),
        (6, "self.o.p ? self.a == 'x' : self.b == 'yy'"),
        (11, "self.n + 3 * self.n >= 8 || !self.o.p"),
        (14, "self.e in ['aa', 'b']"),
        (5, "self.names == oldSelf.names"),
        (
            7,
            "type(self.ref) == string ? self.ref == 'a' : self.ref == 3",
        ),
        (
            38,
            "self.nums.sum() > 3 && self.nums.isSorted() && self.nums.max() == 3",
        ),
        (4, "self.when < timestamp('2020-01-01T00:00:00Z')"),
        (14, "quantity(self.a).isGreaterThan(quantity('1Gi'))"),
        (
            373,
            "self.names.exists(x, x.lowerAscii() == self.a.lowerAscii())",
        ),
        (26, "isIP(self.a) && ip(self.a).family() == 4"),
        (
            1_844,
            "self.names.filter(x, x.startsWith('a')).all(y, self.names.filter(z, z == y).size() == 1)",
        ),
        (25, "self.a + self.b != 'x'"),
        (14, "self.a < self.b"),
        (4, "self.names[0] == 'a'"),
        (14, "self.many[0][1].contains('x')"),
        (113, "self.names.indexOf('x') == 1"),
        (24, "self.a.find('[0-9]+') == ''"),
        (15, "string(self.n) == self.a"),
        (7, "size(self.names) == self.names.size()"),
        (43, "['a', 'b'].all(x, x in self.names)"),
        (25, "[self.a, self.b].exists(x, x == 'q')"),
        (25, "self.m.exists_one(k, k == 'z')"),
        (4, "int(self.a) > 3"),
        (23, "self.a.substring(2).trim() == 'b'"),
        (
            383,
            "self.names.all(n, !n.contains('/') || n.split('/').size() == 2)",
        ),
    ];

    #[test]
    fn rules_cost_what_a_real_server_reckons() {
        let text = || json!({"type": "string", "maxLength": 25});
        let integer = || json!({"type": "integer"});
        let list =
            |item: Value, most: u64| json!({"type": "array", "maxItems": most, "items": item});
        let part = json!({
            "type": "object", "required": ["x"],
            "properties": {"x": {"type": "string", "maxLength": 5}, "y": integer()},
        });
        let schema = json!({"type": "object", "properties": {
            "a": text(), "b": text(), "n": integer(),
            "ref": {"x-kubernetes-int-or-string": true},
            "free": {"type": "string"},
            "e": {"type": "string", "enum": ["aa", "b"]},
            "when": {"type": "string", "format": "date-time"},
            "names": list(text(), 10), "nums": list(integer(), 10),
            "many": list(list(text(), 1000), 1000),
            "open": {"type": "array", "items": {"type": "string"}},
            "m": {"type": "object", "maxProperties": 7, "additionalProperties": part},
            "o": {"type": "object", "properties": {"p": {"type": "boolean"}}},
        }});
        let shape = shape(&schema, false).unwrap();
        assert_eq!(MAX_REQUEST / (shape.least_json + 1), 1_048_576);
        let wrong: Vec<_> = COSTS
            .iter()
            .filter_map(|(wanted, rule)| {
                let program = compile(rule, &["self", "oldSelf"]);
                let program = program.unwrap_or_else(|error| panic!("{rule}: {error}"));
                let found = program.estimate(&shape);
                // A real server counts in floating point.
                let is_near = found.abs_diff(*wanted) <= wanted / 1_000_000_000;
                (!is_near).then(|| format!("{rule}: {found} and not {wanted}"))
            })
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
