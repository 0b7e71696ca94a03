//! Label selectors: `a=b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`, `a>1`, `a<1`.

use serde_json::{Map, Value};

use crate::fields;

/// All of these requirements.
#[derive(Clone, Debug, Default)]
pub(crate) struct LabelSelector(Vec<Requirement>);

#[derive(Clone, Debug)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    Exists,
    Absent,
    In(Vec<String>),
    NotIn(Vec<String>),
    Greater(i64),
    Less(i64),
}

impl LabelSelector {
    /// Returns the selector that `text` spells.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let requirements = split(text)
            .into_iter()
            .map(|it| Requirement::parse(it.trim()));
        requirements.collect::<Result<_, _>>().map(Self)
    }

    /// Whether nothing is required.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the labels of `object` meet all requirements.
    pub(crate) fn matches(&self, object: &Value) -> bool {
        let labels = fields::map(object, "/metadata/labels");
        self.0.iter().all(|requirement| requirement.matches(labels))
    }
}

/// Splits at commas that stand outside of parentheses.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (index, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    if !text.trim().is_empty() {
        parts.push(&text[start..]);
    }
    parts
}

impl Requirement {
    fn parse(text: &str) -> Result<Self, String> {
        let (key, test) = if let Some(key) = text.strip_prefix('!') {
            (key, Test::Absent)
        } else if text.ends_with(')') {
            Self::parse_set(text)?
        } else if let Some((key, value)) = text.split_once("!=") {
            (key, Test::NotIn(vec![value.trim().to_owned()]))
        } else if let Some((key, value)) = text.split_once('=') {
            let value = value.strip_prefix('=').unwrap_or(value);
            (key, Test::In(vec![value.trim().to_owned()]))
        } else if let Some((key, value)) = text.split_once('>') {
            (key, Test::Greater(number(value)?))
        } else if let Some((key, value)) = text.split_once('<') {
            (key, Test::Less(number(value)?))
        } else {
            (text, Test::Exists)
        };
        let key = key.trim();
        check_key(key)?;
        if let Test::In(values) | Test::NotIn(values) = &test {
            values.iter().try_for_each(|value| check_value(value))?;
        }
        Ok(Self {
            key: key.to_owned(),
            test,
        })
    }

    fn parse_set(text: &str) -> Result<(&str, Test), String> {
        let (head, values) = text
            .trim_end_matches(')')
            .split_once('(')
            .ok_or_else(|| format!("found ')' without '(' in {text:?}"))?;
        let values = values
            .split(',')
            .map(|value| value.trim().to_owned())
            .collect();
        let mut words = head.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some(key), Some("in"), None) => Ok((key, Test::In(values))),
            (Some(key), Some("notin"), None) => Ok((key, Test::NotIn(values))),
            _ => Err(format!(
                "found {head:?}, expected: KEY in (…) or KEY notin (…)"
            )),
        }
    }

    fn matches(&self, labels: Option<&Map<String, Value>>) -> bool {
        let value = labels
            .and_then(|labels| labels.get(&self.key))
            .and_then(Value::as_str);
        match &self.test {
            Test::Exists => value.is_some(),
            Test::Absent => value.is_none(),
            Test::In(values) => value.is_some_and(|value| values.iter().any(|it| it == value)),
            Test::NotIn(values) => !value.is_some_and(|value| values.iter().any(|it| it == value)),
            Test::Greater(bound) => as_number(value).is_some_and(|number| number > *bound),
            Test::Less(bound) => as_number(value).is_some_and(|number| number < *bound),
        }
    }
}

fn as_number(value: Option<&str>) -> Option<i64> {
    value?.parse().ok()
}

fn number(text: &str) -> Result<i64, String> {
    let text = text.trim();
    text.parse()
        .map_err(|_| format!("{text:?} is not an integer, which '<' and '>' compare"))
}

fn check_key(key: &str) -> Result<(), String> {
    let (prefix, name) = key.rsplit_once('/').unwrap_or(("", key));
    let ends_well = |text: &str| {
        text.starts_with(|it: char| it.is_ascii_alphanumeric())
            && text.ends_with(|it: char| it.is_ascii_alphanumeric())
    };
    let known = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    let name_is_well = (1..=63).contains(&name.len()) && ends_well(name) && name.chars().all(known);
    let prefix_is_well = prefix.len() <= 253 && prefix.chars().all(known);
    if name_is_well && prefix_is_well {
        return Ok(());
    }
    Err(format!("{key:?} is not a label key"))
}

fn check_value(value: &str) -> Result<(), String> {
    if value.is_empty() {
        return Ok(());
    }
    if value.contains('/') || check_key(value).is_err() {
        return Err(format!("{value:?} is not a label value"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn selects(selector: &str) -> bool {
        let object = json!({"metadata": {"labels": {"app": "web", "tier": "1", "a.b/c": ""}}});
        LabelSelector::parse(selector).unwrap().matches(&object)
    }

    #[test]
    fn every_operator_tells_matching_objects_from_others() {
        for yes in [
            "",
            "app=web",
            "app==web",
            "app!=db",
            "none!=x",
            "app",
            "!none",
            "app in (db, web)",
            "app notin (db)",
            "none notin (x)",
            "tier>0",
            "tier<2",
            "a.b/c=",
            "app=web,tier=1",
        ] {
            assert!(selects(yes), "{yes} matches");
        }
        for no in [
            "app=db",
            "app!=web",
            "none",
            "!app",
            "app in (db)",
            "tier>1",
            "app=web,tier=2",
        ] {
            assert!(!selects(no), "{no} does not match");
        }
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for bad in [
            "=a",
            "app in web)",
            "a b",
            "app=a b",
            "tier>x",
            "app of (a)",
            ",",
        ] {
            assert!(LabelSelector::parse(bad).is_err(), "{bad}");
        }
    }
}
