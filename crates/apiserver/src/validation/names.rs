//! The syntax of names, labels and annotations, with the messages of
//! `k8s.io/apimachinery/pkg/util/validation`.

use std::sync::LazyLock;

use regex::Regex;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const WILDCARD: &str = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const CONFIG_KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
const ENV_NAME: &str = "a valid environment variable name must consist only of printable ASCII characters other than '='";

fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn is_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = bytes.first().zip(bytes.last());
    ends.is_some_and(|(first, last)| is_alphanumeric(*first) && is_alphanumeric(*last))
        && bytes
            .iter()
            .all(|byte| is_alphanumeric(*byte) || *byte == b'-')
}

fn too_long(most: usize) -> String {
    format!("must be no more than {most} bytes")
}

/// The same of names, as an older rule words it.
fn name_too_long(most: usize) -> String {
    format!("must be no more than {most} characters")
}

/// Returns what is wrong with a DNS-1123 subdomain, which most names are.
pub(crate) fn subdomain(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if text.len() > 253 {
        wrong.push(name_too_long(253));
    }
    if !text.split('.').all(is_label) {
        wrong.push(SUBDOMAIN.to_owned());
    }
    wrong
}

/// Returns what is wrong with a name that begins with a star, given what follows that.
pub(crate) fn wildcard(rest: &str) -> Vec<String> {
    let is_fine = rest
        .strip_prefix('.')
        .is_some_and(|name| subdomain(name).is_empty());
    if is_fine {
        Vec::new()
    } else {
        vec![WILDCARD.to_owned()]
    }
}

/// Returns what is wrong with a DNS-1123 label, such as the name of a container or a namespace.
pub(crate) fn label(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if text.len() > 63 {
        wrong.push(name_too_long(63));
    }
    if text.split('.').count() > 1 && text.split('.').all(is_label) {
        wrong.push("must not contain dots".to_owned());
    } else if !is_label(text) {
        wrong.push(LABEL.to_owned());
    }
    wrong
}

/// Returns what is wrong with a qualified name, which the keys of labels and annotations are.
pub(crate) fn qualified(text: &str) -> Vec<String> {
    let parts: Vec<&str> = text.split('/').collect();
    let mut wrong = Vec::new();
    let name = match parts[..] {
        [name] => name,
        ["", name] => {
            wrong.push("prefix part must be non-empty".to_owned());
            name
        }
        [prefix, name] => {
            wrong.extend(
                subdomain(prefix)
                    .iter()
                    .map(|why| format!("prefix part {why}")),
            );
            name
        }
        _ => {
            return vec![format!(
                "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
    };
    if name.is_empty() {
        wrong.push("name part must be non-empty".to_owned());
    } else if name.len() > 63 {
        wrong.push(format!("name part {}", too_long(63)));
    }
    if !is_name(name) {
        wrong.push(QUALIFIED.to_owned());
    }
    wrong
}

/// Returns what is wrong with the value of a label.
pub(crate) fn label_value(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if text.len() > 63 {
        wrong.push(too_long(63));
    }
    if !text.is_empty() && !is_name(text) {
        wrong.push(LABEL_VALUE.to_owned());
    }
    wrong
}

fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = bytes.first().zip(bytes.last());
    ends.is_some_and(|(first, last)| first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric())
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

/// Returns what is wrong with a key of a ConfigMap or Secret.
pub(crate) fn config_key(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if text.len() > 253 {
        wrong.push(too_long(253));
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if text.is_empty() || !text.bytes().all(allowed) {
        wrong.push(CONFIG_KEY.to_owned());
    }
    match text {
        "." => wrong.push("must not be '.'".to_owned()),
        ".." => wrong.push("must not be '..'".to_owned()),
        _ if text.starts_with("..") => wrong.push("must not start with '..'".to_owned()),
        _ => {}
    }
    wrong
}

/// Returns what is wrong with the name of an environment variable.
pub(crate) fn env_name(text: &str) -> Vec<String> {
    let allowed = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'=';
    if !text.is_empty() && text.bytes().all(allowed) {
        return Vec::new();
    }
    vec![ENV_NAME.to_owned()]
}

/// Returns what is wrong with the name of a port.
pub(crate) fn port_name(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if text.len() > 15 {
        wrong.push("must be no more than 15 characters".to_owned());
    }
    let allowed = |byte: u8| is_alphanumeric(byte) || byte == b'-';
    if text.is_empty() || !text.bytes().all(allowed) {
        wrong.push(
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned(),
        );
    }
    if !text.bytes().any(|byte| byte.is_ascii_lowercase()) {
        wrong.push("must contain at least one letter (a-z)".to_owned());
    }
    if text.contains("--") {
        wrong.push("must not contain consecutive hyphens".to_owned());
    }
    if text.starts_with('-') || text.ends_with('-') {
        wrong.push("must not begin or end with a hyphen".to_owned());
    }
    wrong
}

/// Returns what is wrong with the schedule of a CronJob: its five fields, or one of the `@` names.
pub(crate) fn schedule(text: &str) -> Vec<String> {
    static FIELD: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^[0-9A-Za-z*,/?\-]+$").ok());
    const NAMES: [&str; 7] = [
        "@yearly",
        "@annually",
        "@monthly",
        "@weekly",
        "@daily",
        "@midnight",
        "@hourly",
    ];
    if NAMES.contains(&text) || text.starts_with("@every ") {
        return Vec::new();
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != 5 {
        return vec![format!(
            "expected exactly 5 fields, found {}: [{}]",
            fields.len(),
            fields.join(" ")
        )];
    }
    let is_field = |field: &&str| FIELD.as_ref().is_none_or(|regex| regex.is_match(field));
    match fields.iter().find(|field| !is_field(field)) {
        Some(field) => vec![format!("failed to parse int from {field}")],
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_their_syntax() {
        for good in ["web", "web-1", "a.b-c.d", "1"] {
            assert!(subdomain(good).is_empty(), "{good}");
        }
        for bad in ["", "Web", "-a", "a-", "a..b", "a_b", "ä"] {
            assert!(!subdomain(bad).is_empty(), "{bad}");
        }
        assert!(!label("a.b").is_empty());
        assert!(label(&"a".repeat(64)).contains(&name_too_long(63)));
    }

    #[test]
    fn keys_of_labels_may_have_a_prefix() {
        for good in ["app", "example.com/app_1", "A.b"] {
            assert!(qualified(good).is_empty(), "{good}");
        }
        for bad in ["", "/a", "a/", "A.com/b", "a/b/c", "-a"] {
            assert!(!qualified(bad).is_empty(), "{bad}");
        }
        assert!(label_value("").is_empty());
        assert!(!label_value("a b").is_empty());
    }

    #[test]
    fn a_schedule_has_five_fields_or_a_name() {
        assert!(schedule("*/5 1-3 * JAN ?").is_empty());
        assert!(schedule("@daily").is_empty());
        assert!(!schedule("* * * *").is_empty());
        assert!(!schedule("every day").is_empty());
    }
}
