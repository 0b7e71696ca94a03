//! Label selectors as Kubernetes writes them: `app=web,tier in (a, b),!old`.

use crate::error::SelectionProblem;

/// Requirements that must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LabelSelector(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    operator: Operator,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Operator {
    Exists,
    Missing,
    In(Vec<String>),
    NotIn(Vec<String>),
    Greater(i64),
    Less(i64),
}

impl LabelSelector {
    /// Reads a selector; the empty one selects everything.
    pub(crate) fn parse(text: &str) -> Result<Self, SelectionProblem> {
        let wrong = |reason: &'static str| SelectionProblem::LabelSelector {
            selector: text.to_owned(),
            reason,
        };
        let mut requirements = Vec::new();
        for part in split(text) {
            requirements.push(requirement(part.trim()).map_err(wrong)?);
        }
        if requirements.len() > 1 && requirements.iter().any(|r| r.key.is_empty()) {
            return Err(wrong("a requirement is empty"));
        }
        requirements.retain(|requirement| !requirement.key.is_empty());
        Ok(Self(requirements))
    }

    /// Returns whether pairs fulfil all requirements.
    pub(crate) fn selects(&self, pairs: &[(String, String)]) -> bool {
        self.0.iter().all(|requirement| {
            let pair = pairs.iter().find(|(key, _)| *key == requirement.key);
            requirement
                .operator
                .holds(pair.map(|(_, value)| value.as_str()))
        })
    }
}

impl Operator {
    fn holds(&self, value: Option<&str>) -> bool {
        let number = || value.and_then(|value| value.parse::<i64>().ok());
        let among =
            |values: &[String]| value.is_some_and(|value| values.iter().any(|v| v == value));
        match self {
            Self::Exists => value.is_some(),
            Self::Missing => value.is_none(),
            Self::In(values) => among(values),
            Self::NotIn(values) => !among(values),
            Self::Greater(limit) => number().is_some_and(|number| number > *limit),
            Self::Less(limit) => number().is_some_and(|number| number < *limit),
        }
    }
}

/// Splits at commas outside parentheses.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn requirement(text: &str) -> Result<Requirement, &'static str> {
    let (key, operator) = if let Some(key) = text.strip_prefix('!') {
        (key, Operator::Missing)
    } else if let Some((key, value)) = text.split_once("!=") {
        (key, Operator::NotIn(vec![value.trim().to_owned()]))
    } else if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        (key, Operator::In(vec![value.trim().to_owned()]))
    } else if let Some((key, value)) = text.split_once('>') {
        (key, Operator::Greater(limit(value)?))
    } else if let Some((key, value)) = text.split_once('<') {
        (key, Operator::Less(limit(value)?))
    } else {
        set_or_exists(text)?
    };
    let key = key.trim();
    if !key.is_empty() && !is_label_key(key) {
        return Err("a key is none that a label can have");
    }
    if let Operator::In(values) | Operator::NotIn(values) = &operator
        && !values
            .iter()
            .all(|value| value.is_empty() || is_name(value))
    {
        return Err("a value is none that a label can have");
    }
    Ok(Requirement {
        key: key.to_owned(),
        operator,
    })
}

/// Returns whether this is a name, or a name behind a domain and a slash.
fn is_label_key(key: &str) -> bool {
    let Some((domain, name)) = key.split_once('/') else {
        return is_name(key);
    };
    let is_part = |part: &str| {
        let is_inner =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        part.bytes().all(is_inner) && is_name(part)
    };
    domain.len() <= 253 && domain.split('.').all(is_part) && is_name(name)
}

/// Returns whether this can be the value of a label, or the name in its key.
fn is_name(text: &str) -> bool {
    let is_outer = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let is_inner = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    let bytes = text.as_bytes();
    let has_ends = is_outer(bytes.first()) && is_outer(bytes.last());
    has_ends && bytes.len() <= 63 && bytes.iter().all(is_inner)
}

fn limit(value: &str) -> Result<i64, &'static str> {
    value
        .trim()
        .parse()
        .map_err(|_| "`<` and `>` compare with an integer")
}

/// Reads `key in (a, b)`, `key notin (a, b)` or a key alone.
fn set_or_exists(text: &str) -> Result<(&str, Operator), &'static str> {
    let Some((head, rest)) = text.split_once('(') else {
        return Ok((text, Operator::Exists));
    };
    let values = rest
        .strip_suffix(')')
        .ok_or("a parenthesis is not closed")?;
    let values = values
        .split(',')
        .map(|value| value.trim().to_owned())
        .collect();
    let head = head.trim_end();
    if let Some(key) = head.strip_suffix(" notin") {
        Ok((key, Operator::NotIn(values)))
    } else if let Some(key) = head.strip_suffix(" in") {
        Ok((key, Operator::In(values)))
    } else {
        Err("before a parenthesis stands `in` or `notin`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selects(selector: &str, pairs: &[(&str, &str)]) -> bool {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        LabelSelector::parse(selector).unwrap().selects(&pairs)
    }

    #[test]
    fn requirements_hold_as_in_kubernetes() {
        let web = [("app", "web"), ("n", "3")];
        for (selector, expected) in [
            ("", true),
            ("app=web", true),
            ("app == web, n", true),
            ("app!=web", false),
            ("other!=web", true),
            ("app in (api, web)", true),
            ("app notin (api)", true),
            ("other notin (api)", true),
            ("!app", false),
            ("n>2,n<4", true),
            ("other", false),
        ] {
            assert_eq!(selects(selector, &web), expected, "{selector}");
        }
    }

    #[test]
    fn a_selector_that_makes_no_sense_is_an_error() {
        for selector in [
            "app=web,",
            "app of (x)",
            "app in (x",
            "a b",
            "n>many",
            "app=a b",
            "app=web.*",
            "*",
            "A.io/b",
            "a/b/c=d",
        ] {
            assert!(LabelSelector::parse(selector).is_err(), "{selector}");
        }
    }
}
