//! Label selectors as Kubernetes writes them: `app=web,tier in (a, b),!old`.

use serde_json::Value;

/// Requirements that must all hold.
#[derive(Clone, Debug, Default)]
pub(super) struct LabelSelector(Vec<Requirement>);

/// A key that must have one of the values, or none of them; without values, any.
#[derive(Clone, Debug)]
struct Requirement {
    key: String,
    is_negated: bool,
    values: Option<Vec<String>>,
}

impl LabelSelector {
    /// Reads a selector; the empty one selects everything.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no selector; write one such as app=web,tier in (a,b)");
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let parts = split(text).into_iter();
        let requirements: Option<_> = parts.map(|part| requirement(part.trim())).collect();
        Ok(Self(requirements.ok_or_else(wrong)?))
    }

    /// Returns whether labels or annotations fulfil all requirements.
    pub(super) fn selects(&self, map: Option<&Value>) -> bool {
        self.0.iter().all(|requirement| {
            let value = map.and_then(|map| map.get(&requirement.key)?.as_str());
            let fulfils = match &requirement.values {
                None => value.is_some(),
                Some(values) => {
                    value.is_some_and(|value| values.iter().any(|other| other == value))
                }
            };
            fulfils != requirement.is_negated
        })
    }
}

/// Splits at commas outside parentheses.
fn split(text: &str) -> Vec<&str> {
    let mut is_inside = false;
    let is_end = |character| {
        match character {
            '(' => is_inside = true,
            ')' => is_inside = false,
            _ => {}
        }
        character == ',' && !is_inside
    };
    text.split(is_end).collect()
}

fn requirement(text: &str) -> Option<Requirement> {
    let (key, is_negated, values) = if let Some(key) = text.strip_prefix('!') {
        (key, true, None)
    } else if let Some((key, value)) = text.split_once("!=") {
        (key, true, Some(vec![value]))
    } else if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        (key, false, Some(vec![value]))
    } else if let Some((key, rest)) = text.split_once(char::is_whitespace) {
        let rest = rest.trim_start();
        let (is_negated, list) = match rest.strip_prefix("notin") {
            Some(list) => (true, list),
            None => (false, rest.strip_prefix("in")?),
        };
        let list = list.trim().strip_prefix('(')?.strip_suffix(')')?;
        (key, is_negated, Some(list.split(',').collect()))
    } else {
        (text, false, None)
    };
    let values = values.map(|values| values.into_iter().map(|value| value.trim().to_owned()));
    let values: Option<Vec<String>> = values.map(Iterator::collect);
    let is_key = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    let key = key.trim();
    (!key.is_empty() && key.bytes().all(is_key)).then(|| Requirement {
        key: key.to_owned(),
        is_negated,
        values,
    })
}
