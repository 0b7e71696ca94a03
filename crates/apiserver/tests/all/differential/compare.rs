//! How two answers differ, and which of that is meant.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;

use regex::Regex;
use serde_json::Value;

use super::scenario::{self, Step};

/// What became of a step.
#[derive(Clone, Debug)]
pub(super) struct StepResult {
    /// Scenario and number.
    pub(super) name: String,
    /// Verb and path.
    pub(super) title: String,
    pub(super) verdict: Verdict,
    pub(super) differences: Vec<Difference>,
}

/// How much two answers have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// They are the same.
    Identical,
    /// They differ only where that is meant.
    Meant,
    /// They differ.
    Different,
    /// We accept what the real server refuses: what passes here may fail there.
    TooLenient,
}

/// A place where two answers differ.
#[derive(Clone, Debug)]
pub(super) struct Difference {
    /// A JSON pointer.
    pub(super) at: String,
    pub(super) ours: Option<Value>,
    pub(super) theirs: Option<Value>,
}

/// The differences that are meant.
pub(super) struct Known {
    rules: Vec<Rule>,
    used: Mutex<BTreeSet<usize>>,
}

struct Rule {
    scenario: Regex,
    at: Regex,
    reason: String,
}

impl StepResult {
    pub(super) fn new(
        name: String,
        step: &Step,
        ours: &Value,
        theirs: &Value,
        known: &Known,
    ) -> Self {
        let mut all = Vec::new();
        differ("", Some(ours), Some(theirs), &mut all);
        let count = all.len();
        if !super::tells_all() {
            all.retain(|difference| !known.has(&name, &difference.at));
        }
        let is_success = |answer: &Value| answer["status"].as_u64() < Some(300);
        let verdict = match (count, all.len()) {
            (0, _) => Verdict::Identical,
            (_, 0) => Verdict::Meant,
            _ if is_success(ours) && !is_success(theirs) => Verdict::TooLenient,
            _ => Verdict::Different,
        };
        Self {
            name,
            title: step.title.clone(),
            verdict,
            differences: all,
        }
    }

    /// Returns the differences that say something: where one server refuses, those of objects do not.
    pub(super) fn telling(&self) -> Vec<&Difference> {
        let is_refused = self
            .differences
            .iter()
            .any(|difference| difference.at == "/status");
        let tells = |at: &str| !is_refused || ["/status", "/body/message", "/events"].contains(&at);
        let all = self.differences.iter();
        all.filter(|difference| tells(&difference.at)).collect()
    }
}

fn differ(at: &str, ours: Option<&Value>, theirs: Option<&Value>, found: &mut Vec<Difference>) {
    match (ours, theirs) {
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for key in keys {
                let place = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
                differ(&place, one.get(key), other.get(key), found);
            }
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            for index in 0..one.len().max(other.len()) {
                differ(
                    &format!("{at}/{index}"),
                    one.get(index),
                    other.get(index),
                    found,
                );
            }
        }
        (ours, theirs) if ours == theirs => {}
        (ours, theirs) => found.push(Difference {
            at: at.to_owned(),
            ours: ours.cloned(),
            theirs: theirs.cloned(),
        }),
    }
}

impl Known {
    /// Reads a list of rules: `scenario` and `at` are regular expressions for a name and a JSON pointer.
    pub(super) fn load(path: &Path) -> Self {
        let list = scenario::read_yaml(path);
        let regex =
            |rule: &Value, key: &str| Regex::new(rule[key].as_str().unwrap_or_default()).unwrap();
        let rule = |value: &Value| Rule {
            scenario: regex(value, "scenario"),
            at: regex(value, "at"),
            reason: value["there"].as_str().unwrap().to_owned(),
        };
        Self {
            rules: list.as_array().into_iter().flatten().map(rule).collect(),
            used: Mutex::default(),
        }
    }

    fn has(&self, name: &str, at: &str) -> bool {
        let mut rules = self.rules.iter();
        let index = rules.position(|rule| rule.scenario.is_match(name) && rule.at.is_match(at));
        self.used.lock().unwrap().extend(index);
        index.is_some()
    }

    /// A rule that nothing needs any longer hides the next mistake.
    pub(super) fn assert_used(&self) {
        let used = self.used.lock().unwrap();
        for (index, rule) in self.rules.iter().enumerate() {
            assert!(
                used.contains(&index),
                "nothing differs by this reason any longer: {}",
                rule.reason
            );
        }
    }
}
