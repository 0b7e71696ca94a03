//! What is allowed, and most likely not meant: texts for the `Warning` header, in kube-apiserver's words.

use std::collections::HashMap;

use serde_json::Value;
use windlass_object::Gvk;

use crate::fields::{integer, list, text};

/// Returns warnings of an object that has its defaults.
pub(crate) fn warnings(gvk: &Gvk, object: &Value) -> Vec<String> {
    let path = match (gvk.group.as_str(), gvk.kind.as_str()) {
        ("", "Pod") => "spec",
        ("", "ReplicationController") | ("apps", _) | ("batch", "Job") => "spec.template.spec",
        ("batch", "CronJob") => "spec.jobTemplate.spec.template.spec",
        _ => return Vec::new(),
    };
    let pointer = format!("/{}", path.replace('.', "/"));
    object
        .pointer(&pointer)
        .map_or_else(Vec::new, |spec| ports(spec, path))
}

/// Returns a warning for each port that another container, or the same one, has as well.
fn ports(spec: &Value, path: &str) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut seen: HashMap<(i64, &str), Vec<(String, &Value)>> = HashMap::new();
    for field in ["initContainers", "containers"] {
        for (index, container) in list(spec, &format!("/{field}")).iter().enumerate() {
            for (number, port) in list(container, "/ports").iter().enumerate() {
                let place = format!("{path}.{field}[{index}].ports[{number}]");
                let key = (integer(port, "/containerPort"), text(port, "/protocol"));
                let others = seen.entry(key).or_default();
                let clashes = others.iter().filter_map(|other| clash(port, &place, other));
                warnings.extend(clashes);
                others.push((place, port));
            }
        }
    }
    warnings
}

fn clash(port: &Value, place: &str, (other_place, other): &(String, &Value)) -> Option<String> {
    let on_host = |port: &Value| (integer(port, "/hostPort"), text(port, "/hostIP").to_owned());
    let ((number, address), (other_number, other_address)) = (on_host(port), on_host(other));
    let what = if (number, &address) == (other_number, &other_address) {
        "duplicate"
    } else if number == 0 || other_number == 0 {
        "overlapping"
    } else if number == other_number && address.is_empty() != other_address.is_empty() {
        "dangerously ambiguous"
    } else {
        return None;
    };
    Some(format!(
        "{place}: {what} port definition with {other_place}"
    ))
}
