//! The part of JSONPath that printer columns use: fields, indices, `[*]` and filters on equality.

use serde_json::Value;

/// A path into an object.
#[derive(Debug, PartialEq)]
pub(super) struct Path(Vec<Step>);

#[derive(Debug, PartialEq)]
enum Step {
    Field(String),
    Index(i64),
    All,
    Filter {
        path: Path,
        equal: bool,
        value: Value,
    },
}

impl Path {
    /// Returns the path that `text` is (`.spec.replicas`, `.status.conditions[?(@.type=="Ready")].status`),
    /// or `None` when it is not one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, after) = match rest.strip_prefix('[') {
                Some(inside) => parse_bracket(inside)?,
                None => parse_field(rest.strip_prefix('.')?)?,
            };
            steps.push(step);
            rest = after;
        }
        (!steps.is_empty()).then_some(Self(steps))
    }

    /// Returns the first value that the path leads to.
    pub(super) fn first<'a>(&self, object: &'a Value) -> Option<&'a Value> {
        find(&self.0, object)
    }
}

/// Parses a field name up to the next `.` or `[`; a backslash takes the next character as it is.
fn parse_field(text: &str) -> Option<(Step, &str)> {
    let mut name = String::new();
    let mut characters = text.char_indices();
    let mut end = text.len();
    while let Some((index, character)) = characters.next() {
        match character {
            '\\' => name.push(characters.next()?.1),
            '.' | '[' => {
                end = index;
                break;
            }
            other => name.push(other),
        }
    }
    (!name.is_empty()).then_some((Step::Field(name), &text[end..]))
}

fn parse_bracket(inside: &str) -> Option<(Step, &str)> {
    if let Some(filter) = inside.strip_prefix("?(") {
        let (condition, rest) = filter.split_once(")]")?;
        return Some((parse_filter(condition)?, rest));
    }
    for quote in ['\'', '"'] {
        if let Some(quoted) = inside.strip_prefix(quote) {
            let (name, rest) = quoted.split_once(&format!("{quote}]"))?;
            return Some((Step::Field(name.replace('\\', "")), rest));
        }
    }
    let (index, rest) = inside.split_once(']')?;
    let step = match index {
        "*" => Step::All,
        _ => Step::Index(index.parse().ok()?),
    };
    Some((step, rest))
}

fn parse_filter(condition: &str) -> Option<Step> {
    let (path, equal, value) = if let Some((path, value)) = condition.split_once("==") {
        (path, true, value)
    } else {
        let (path, value) = condition.split_once("!=")?;
        (path, false, value)
    };
    Some(Step::Filter {
        path: Path::parse(path.trim().strip_prefix('@')?)?,
        equal,
        value: parse_literal(value.trim())?,
    })
}

fn parse_literal(text: &str) -> Option<Value> {
    match text.strip_prefix('\'').and_then(|it| it.strip_suffix('\'')) {
        Some(quoted) => Some(quoted.into()),
        None => serde_json::from_str(text).ok(),
    }
}

fn find<'a>(steps: &[Step], value: &'a Value) -> Option<&'a Value> {
    let Some((step, rest)) = steps.split_first() else {
        return Some(value);
    };
    match step {
        Step::Field(name) => find(rest, value.get(name)?),
        Step::Index(index) => find(rest, element(value.as_array()?, *index)?),
        Step::All => children(value).find_map(|child| find(rest, child)),
        Step::Filter {
            path,
            equal,
            value: wanted,
        } => children(value)
            .filter(|child| path.first(child).is_some_and(|it| (it == wanted) == *equal))
            .find_map(|child| find(rest, child)),
    }
}

/// Negative indices count from the end.
fn element(items: &[Value], index: i64) -> Option<&Value> {
    let position = match usize::try_from(index) {
        Ok(position) => position,
        Err(_) => items.len().checked_sub(usize::try_from(-index).ok()?)?,
    };
    items.get(position)
}

fn children(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::Array(items) => Box::new(items.iter()),
        Value::Object(fields) => Box::new(fields.values()),
        _ => Box::new(std::iter::empty()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Path;

    #[test]
    fn paths_lead_to_fields_items_and_filtered_items() {
        let object = json!({
            "metadata": {"labels": {"app.kubernetes.io/name": "web"}},
            "spec": {"ports": [{"port": 80}, {"port": 443}]},
            "status": {"conditions": [
                {"type": "Synced", "status": "False"},
                {"type": "Ready", "status": "True"},
            ]},
        });
        let cases = [
            (r".metadata.labels.app\.kubernetes\.io/name", json!("web")),
            (
                r".metadata.labels['app\.kubernetes\.io/name']",
                json!("web"),
            ),
            (".spec.ports[1].port", json!(443)),
            (".spec.ports[-1].port", json!(443)),
            (".spec.ports[*].port", json!(80)),
            (
                r#".status.conditions[?(@.type=="Ready")].status"#,
                json!("True"),
            ),
            (
                ".status.conditions[?(@.type != 'Synced')].status",
                json!("True"),
            ),
        ];
        for (path, expected) in cases {
            let path = Path::parse(path).unwrap_or_else(|| panic!("{path} is a path"));
            assert_eq!(path.first(&object), Some(&expected), "{path:?}");
        }
    }

    #[test]
    fn what_is_not_a_path_is_refused_and_what_leads_nowhere_is_none() {
        for text in ["", "spec", ".", ".a..b", ".a[", ".a[b]", ".a[?(x)]", r".a\"] {
            assert_eq!(Path::parse(text), None, "{text}");
        }
        let path = Path::parse(".spec.missing").unwrap();
        assert_eq!(path.first(&json!({"spec": {}})), None);
    }
}
