//! Label selectors: `a=b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`, `a>1`, `a<1`.

mod lexer;
mod parse;

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
    /// Returns the selector that `text` spells, or what is wrong with it in the words of a real server.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        parse::selector(text).map(Self)
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

impl Requirement {
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
            "a.b/c in ()",
            "a.b/c in (,x)",
            "!none,app",
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
            "app,",
            "app in (a",
            "!app=a",
        ] {
            assert!(LabelSelector::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_in_the_words_of_a_real_server() {
        for (bad, words) in [
            (
                "a b",
                "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
            ),
            (
                "app in web",
                "unable to parse requirement: found 'web' expected: '('",
            ),
            (
                "app=(web)",
                "unable to parse requirement: found '(', expected: identifier",
            ),
            ("app=a b", "found 'b', expected: ',' or 'end of string'"),
            ("app,", "found '', expected: identifier after ','"),
        ] {
            assert_eq!(LabelSelector::parse(bad).unwrap_err(), words, "{bad}");
        }
    }
}
