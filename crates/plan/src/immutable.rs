//! Which refusals of an API server mean that a field cannot be changed.

/// What an API server says of one field in a refusal: an entry of `details.causes` of its Status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Complaint {
    /// The field, such as `spec.selector`; empty where the server names none.
    pub field: String,
    /// What is wrong with it. It may quote a value.
    pub message: String,
}

/// How kube-apiserver 1.20 to 1.37 says that a value stays as it is, at the end of what it says of a field.
const ENDINGS: [&str; 9] = [
    "is immutable",
    "immutable field",
    "cannot change roleref",
    "may not change once set",
    "may not be changed in an update",
    "field cannot be set once created",
    "field cannot be cleared once set",
    "field cannot be modified once set",
    "clusterip can not be unset",
];

/// How it says the same where no value is quoted, and more may follow.
const BEGINNINGS: [&str; 4] = [
    "field is immutable when ",
    "spec is immutable after creation",
    "spec.persistentvolumesource is immutable after creation",
    "pod updates may not change fields other than ",
];

/// Returns the fields that a refused apply would have to change and cannot, when that is all that is wrong; `None`
/// when anything else is. The list is empty where the server says that something is immutable, but not what.
///
/// Flux (pkg/ssa 0.5x) takes any refusal with `Invalid` or `Conflict` for one. Here each complaint must say so, since
/// whatever else is wrong would still be wrong after the object was deleted. Metadata does not count either: the
/// server sets it anew in any case.
///
/// ```
/// use windlass_plan::{Complaint, immutable_fields};
///
/// let complaint = |field: &str, message: &str| Complaint { field: field.into(), message: message.into() };
/// let selector = complaint("spec.selector", "Invalid value: {\"app\":\"b\"}: field is immutable");
/// let replicas = complaint("spec.replicas", "Invalid value: -1: must be greater than or equal to 0");
/// assert_eq!(immutable_fields("", &[selector.clone()]), Some(vec!["spec.selector".to_owned()]));
/// assert_eq!(immutable_fields("", &[selector, replicas]), None);
/// ```
#[must_use]
pub fn immutable_fields(message: &str, complaints: &[Complaint]) -> Option<Vec<String>> {
    if complaints.is_empty() {
        return says_immutable(webhooks_words(message)?).then(Vec::new);
    }
    let is_immutable = |complaint: &Complaint| {
        !complaint.field.starts_with("metadata") && says_immutable(&complaint.message)
    };
    if !complaints.iter().all(is_immutable) {
        return None;
    }
    let named = complaints.iter().map(|complaint| complaint.field.clone());
    let mut fields: Vec<String> = named.filter(|field| !field.is_empty()).collect();
    fields.sort();
    fields.dedup();
    Some(fields)
}

/// Returns what an admission webhook or policy says, if it was one that refused.
fn webhooks_words(message: &str) -> Option<&str> {
    let denied = ["denied the request: ", "denied request: "];
    let words = denied.iter().find_map(|words| message.split_once(words));
    words.map(|(_, words)| words)
}

/// A value that is quoted before the words is not looked at: it is the user's, and may say anything.
fn says_immutable(message: &str) -> bool {
    let (is_quoting, words) = match message.strip_prefix("Forbidden: ") {
        Some(words) => (false, words),
        None => (true, message.rsplit(": ").next().unwrap_or(message)),
    };
    let words = words.to_lowercase();
    let words = words.trim_end_matches(['.', '\n', ' ']);
    let is_forbidden = words.starts_with("updates to ") && words.ends_with(" forbidden");
    ENDINGS.iter().any(|ending| words.ends_with(ending))
        || (!is_quoting
            && (is_forbidden || BEGINNINGS.iter().any(|start| words.starts_with(start))))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What kube-apiserver 1.37.2 says of fields that stay as they are.
    const IMMUTABLE: [&str; 13] = [
        "Invalid value: {\"matchLabels\":{\"app\":\"b\"}}: field is immutable",
        "Invalid value: core.PodTemplateSpec{Name:\"a: b\"}: field is immutable",
        "Invalid value: null: field is immutable",
        "Invalid value: [\"10.0.0.7\"]: may not change once set",
        "Invalid value: []: primary clusterIP can not be unset",
        "Invalid value: {\"kind\":\"ClusterRole\"}: cannot change roleRef",
        "Forbidden: field is immutable when `immutable` is set",
        "Forbidden: updates to parameters are forbidden.",
        "Forbidden: updates to statefulset spec for fields other than 'replicas', 'template' are forbidden",
        "Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n  core.PersistentVolumeClaimSpec{\n",
        "Forbidden: may not be changed in an update.",
        "Forbidden: pod updates may not change fields other than `spec.containers[*].image`\n@@",
        "Invalid value: \"string\": Value is immutable",
    ];

    const OTHER: [&str; 9] = [
        "Invalid value: -1: must be greater than or equal to 0",
        "Invalid value: \"this field is immutable\": must be a number",
        "Invalid value: \"x: field is immutable\": a lowercase RFC 1123 label must consist of alphanumerics",
        "Required value",
        "Forbidden: may not be specified when `value` is not empty",
        "Forbidden: field can not be less than status.capacity",
        "Forbidden: no new finalizers can be added if the object is being deleted",
        "Invalid value: \"x\": is not immutable",
        "Unsupported value: \"updates to x are forbidden\": supported values: \"Always\"",
    ];

    fn of(field: &str, message: &str) -> Option<Vec<String>> {
        let complaint = Complaint {
            field: field.to_owned(),
            message: message.to_owned(),
        };
        immutable_fields("", &[complaint])
    }

    #[test]
    fn all_ways_to_say_that_a_field_stays_are_understood() {
        for message in IMMUTABLE {
            assert_eq!(
                of("spec.x", message),
                Some(vec!["spec.x".to_owned()]),
                "{message}"
            );
        }
    }

    #[test]
    fn no_other_mistake_is_taken_for_one() {
        for message in OTHER {
            assert_eq!(of("spec.x", message), None, "{message}");
        }
    }

    #[test]
    fn metadata_is_never_a_reason_to_replace() {
        assert_eq!(of("metadata.creationTimestamp", IMMUTABLE[0]), None);
    }

    #[test]
    fn a_webhook_may_say_it_without_naming_a_field() {
        let says = |words: &str| {
            immutable_fields(
                &format!("admission webhook \"a.b\" denied the request: {words}"),
                &[],
            )
        };
        assert_eq!(says("the topic's spec is immutable"), Some(Vec::new()));
        assert_eq!(says("too many replicas"), None);
        assert_eq!(immutable_fields("the object is immutable", &[]), None);
    }
}
