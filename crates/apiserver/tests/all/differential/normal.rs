//! What differs between any two servers, by name instead of by value.
//!
//! A uid or a generated name becomes `uid 1` or `name 2`: the number is that of its first appearance in the scenario,
//! so that it still shows which of them are equal. The version of an object becomes `new version`, `same version` or
//! `earlier version`, by those of the object that were seen before. Times, addresses and ports that the server
//! chooses become what they are.
//!
//! Three things are not compared: the order of several mistakes in one object, which for custom resources is that of
//! a hash table; what a column of a table says of itself, which are sentences of Kubernetes that we do not copy; and
//! what other scenarios have defined.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

static RULES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let rules = [
        (
            r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z",
            "<time with microseconds>",
        ),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "<time>"),
        (r"kube-api-access-[a-z0-9]{5}\b", "kube-api-access-<name>"),
        (r"\b10\.96\.\d+\.\d+\b", "<address>"),
        (
            r"resource version: \d{1,8} \(\d+\)",
            "resource version: <version>",
        ),
        (r#"(resourceVersion\\*"?: ?\\*")\d+"#, "${1}<version>"),
        (r"current: \d+$", "current: <version>"),
        (r"recondition \(\d+\)", "recondition (<version>)"),
        (r"record \(\d+\)", "record (<version>)"),
        (r":\d{5}/(TCP|UDP)", ":<port>/$1"),
        (r"\b127\.0\.0\.1:\d+", "<server>"),
        (r"\bApp_[a-z0-9]{5}\b", "App_<name>"),
        (r"\bselfType\d+", "selfType<number>"),
        (
            r"(?s)-----BEGIN CERTIFICATE-----.*-----END CERTIFICATE-----\n?",
            "<certificate>",
        ),
    ];
    rules
        .map(|(pattern, name)| (Regex::new(pattern).unwrap(), name))
        .into()
});
static UID: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").unwrap());
static SCENARIO: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^s\d+\.example\.dev$").unwrap());
static AGE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^(\d+[smh])+$").unwrap());

/// The names given in a scenario so far.
#[derive(Default)]
pub(super) struct Names {
    uids: Vec<String>,
    versions: BTreeMap<String, Vec<String>>,
    generated: BTreeMap<String, String>,
}

impl Names {
    /// Returns an answer in which what is random has a name.
    pub(super) fn normal(&mut self, mut answer: Value) -> Value {
        self.collect_generated(&answer);
        self.walk(&mut answer);
        answer
    }

    fn collect_generated(&mut self, value: &Value) {
        let metadata = &value["metadata"];
        if let (Some(prefix), Some(name)) =
            (metadata["generateName"].as_str(), metadata["name"].as_str())
            && name.len() == prefix.len() + 5
            && name.starts_with(prefix)
        {
            let number = self.generated.len() + 1;
            let stand_in = || format!("{prefix}<name {number}>");
            self.generated
                .entry(name.to_owned())
                .or_insert_with(stand_in);
        }
        match value {
            Value::Array(list) => list.iter().for_each(|item| self.collect_generated(item)),
            Value::Object(map) => map.values().for_each(|item| self.collect_generated(item)),
            _ => {}
        }
    }

    fn walk(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Array(list) => list.iter_mut().for_each(|item| self.walk(item)),
            Value::Object(map) => self.map(map),
            _ => {}
        }
    }

    fn map(&mut self, map: &mut Map<String, Value>) {
        let is_list = map.contains_key("items") || map.contains_key("rows");
        let is_bookmark = map.get("type").is_some_and(|kind| kind == "BOOKMARK");
        if is_list {
            fix(
                map.get_mut("metadata"),
                "resourceVersion",
                "<version of the list>",
            );
        }
        if is_bookmark {
            let metadata = map
                .get_mut("object")
                .and_then(|object| object.get_mut("metadata"));
            fix(metadata, "resourceVersion", "<version of the bookmark>");
        }
        self.version(map);
        sort_causes(map);
        self.keys(map);
        for (key, value) in map.iter_mut() {
            match key.as_str() {
                "continue" => fix_value(value, "<continue>"),
                "nodePort" | "healthCheckNodePort" if value.as_u64() > Some(29_999) => {
                    *value = "<port>".into();
                }
                "cells" => cells(value),
                "columnDefinitions" => drop_descriptions(value),
                "groups" => drop_other_scenarios(value, "/name"),
                "items" => drop_other_scenarios(value, "/metadata/name"),
                "resourceRules" | "nonResourceRules" => sort(value),
                "managedFields" => sort_managers(value),
                _ => {}
            }
            self.walk(value);
        }
    }

    /// Keys of managed fields hold uids.
    fn keys(&mut self, map: &mut Map<String, Value>) {
        let with_uid: Vec<String> = map
            .keys()
            .filter(|key| UID.is_match(key))
            .cloned()
            .collect();
        for key in with_uid {
            let value = map.remove(&key).unwrap_or_default();
            map.insert(self.text(&key), value);
        }
    }

    fn version(&mut self, metadata: &mut Map<String, Value>) {
        let uid = metadata
            .get("uid")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let seen = self.versions.entry(uid.to_owned()).or_default();
        let Some(Value::String(version)) = metadata.get_mut("resourceVersion") else {
            return;
        };
        if version.is_empty() || !version.bytes().all(|byte| byte.is_ascii_digit()) {
            return;
        }
        let stand_in = match seen.iter().rposition(|other| other == version) {
            None => "<new version>",
            Some(index) if index + 1 == seen.len() => "<same version>",
            Some(_) => "<earlier version>",
        };
        seen.retain(|other| other != version);
        seen.push(std::mem::replace(version, stand_in.to_owned()));
    }

    fn text(&mut self, text: &str) -> String {
        let uid =
            |found: &regex::Captures<'_>| format!("<uid {}>", number(&mut self.uids, &found[0]));
        let mut text = UID.replace_all(text, uid).into_owned();
        for (pattern, name) in &*RULES {
            text = pattern.replace_all(&text, *name).into_owned();
        }
        for (name, stand_in) in &self.generated {
            text = text.replace(name, stand_in);
        }
        text
    }
}

/// Returns the number of a value, which it gets when it is seen for the first time.
fn number(seen: &mut Vec<String>, value: &str) -> usize {
    let found = seen.iter().position(|other| other == value);
    let index = found.unwrap_or_else(|| {
        seen.push(value.to_owned());
        seen.len() - 1
    });
    index + 1
}

fn fix(map: Option<&mut Value>, key: &str, stand_in: &str) {
    if let Some(value) = map.and_then(|map| map.get_mut(key)) {
        fix_value(value, stand_in);
    }
}

fn fix_value(value: &mut Value, stand_in: &str) {
    if value.as_str().is_some_and(|text| !text.is_empty()) {
        *value = stand_in.into();
    }
}

fn cells(value: &mut Value) {
    for cell in value.as_array_mut().into_iter().flatten() {
        if cell.as_str().is_some_and(|text| AGE.is_match(text)) {
            *cell = "<age>".into();
        }
    }
}

/// The server sorts by time, whose second depends on how quick it was.
fn sort_managers(value: &mut Value) {
    let key = |entry: &Value| {
        ["operation", "manager", "subresource", "apiVersion"].map(|key| entry[key].to_string())
    };
    if let Value::Array(entries) = value {
        entries.sort_by_key(key);
    }
}

/// Sorts the causes of a Status that has several, and cuts them from its message.
fn sort_causes(status: &mut Map<String, Value>) {
    let causes = status
        .get_mut("details")
        .and_then(|details| details.get_mut("causes"));
    let Some(Value::Array(causes)) =
        causes.filter(|causes| causes.as_array().is_some_and(|list| list.len() > 1))
    else {
        return;
    };
    causes.sort_by_key(ToString::to_string);
    if let Some(Value::String(message)) = status.get_mut("message")
        && let Some((start, _)) = message.split_once(" is invalid: [")
    {
        *message = format!("{start} is invalid: [<causes>]");
    }
}

fn sort(value: &mut Value) {
    if let Value::Array(list) = value {
        list.sort_by_key(ToString::to_string);
    }
}

fn drop_descriptions(value: &mut Value) {
    for column in value
        .as_array_mut()
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
    {
        column.remove("description");
    }
}

fn drop_other_scenarios(value: &mut Value, at: &str) {
    if let Value::Array(list) = value {
        list.retain(|item| {
            let name = item.pointer(at).and_then(Value::as_str);
            !name.is_some_and(|name| SCENARIO.is_match(name))
        });
    }
}
