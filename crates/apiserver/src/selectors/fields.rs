//! Field selectors: `metadata.name=a,status.phase!=Running`, for the fields that each kind can be
//! selected by.

use serde_json::Value;

use crate::resource::ResourceType;
use crate::status::Status;

/// The fields by which built-in kinds can be selected beside name and namespace (Kubernetes 1.37).
const SELECTABLE: [(&str, &[&str]); 11] = [
    (
        "pods",
        &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
    ),
    (
        "events",
        &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "regarding.kind",
            "regarding.namespace",
            "regarding.name",
            "regarding.uid",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
    ),
    ("secrets", &["type"]),
    ("namespaces", &["status.phase"]),
    ("nodes", &["spec.unschedulable"]),
    ("services", &["spec.clusterIP", "spec.type"]),
    ("replicasets", &["status.replicas"]),
    ("replicationcontrollers", &["status.replicas"]),
    ("jobs", &["status.successful"]),
    ("certificatesigningrequests", &["spec.signerName"]),
    ("resourceslices", &["spec.driver", "spec.nodeName"]),
];

/// All of these requirements.
#[derive(Clone, Debug, Default)]
pub(crate) struct FieldSelector(Vec<Requirement>);

#[derive(Clone, Debug)]
struct Requirement {
    pointer: String,
    value: String,
    equal: bool,
}

impl FieldSelector {
    /// Returns the selector that `text` spells for objects of `resource`.
    pub(crate) fn parse(resource: &ResourceType, text: &str) -> Result<Self, Status> {
        let parts = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        let requirements = parts.map(|part| Requirement::parse(resource, part));
        requirements.collect::<Result<_, _>>().map(Self)
    }

    /// Whether nothing is required.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the selector that also requires a name.
    pub(crate) fn with_name(mut self, name: &str) -> Self {
        self.0.push(Requirement {
            pointer: "/metadata/name".to_owned(),
            value: name.to_owned(),
            equal: true,
        });
        self
    }

    /// Whether the fields of `object` meet all requirements.
    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.0.iter().all(|requirement| requirement.matches(object))
    }
}

impl Requirement {
    fn parse(resource: &ResourceType, text: &str) -> Result<Self, Status> {
        let (label, value, equal) = if let Some((label, value)) = text.split_once("!=") {
            (label, value, false)
        } else if let Some((label, value)) = text.split_once('=') {
            (label, value.strip_prefix('=').unwrap_or(value), true)
        } else {
            let message = format!("invalid selector: '{text}'; can't understand '{text}'");
            return Err(Status::bad_request(message));
        };
        if !is_selectable(resource, label) {
            let has_own = SELECTABLE
                .iter()
                .any(|(plural, _)| *plural == resource.plural);
            let message = if resource.custom.is_some() || has_own {
                format!("field label not supported: {label}")
            } else {
                format!(
                    "{label:?} is not a known field selector: only \"metadata.name\", \
                     \"metadata.namespace\""
                )
            };
            return Err(Status::bad_request(message));
        }
        Ok(Self {
            pointer: pointer(label),
            value: value.to_owned(),
            equal,
        })
    }

    fn matches(&self, object: &Value) -> bool {
        let equals = match object.pointer(&self.pointer) {
            Some(Value::String(text)) => *text == self.value,
            Some(Value::Bool(flag)) => self.value == if *flag { "true" } else { "false" },
            Some(Value::Number(number)) => number.to_string() == self.value,
            // A field that is not there has the zero value of its type.
            _ => matches!(self.value.as_str(), "" | "false" | "0"),
        };
        equals == self.equal
    }
}

fn is_selectable(resource: &ResourceType, label: &str) -> bool {
    if label == "metadata.name" || (label == "metadata.namespace" && resource.namespaced) {
        return true;
    }
    match &resource.custom {
        Some(custom) => custom.selectable_fields.iter().any(|field| field == label),
        None => SELECTABLE
            .iter()
            .any(|(plural, labels)| *plural == resource.plural && labels.contains(&label)),
    }
}

/// Returns where the field of a label is, in the form in which objects are stored.
fn pointer(label: &str) -> String {
    match label {
        "status.successful" => "/status/succeeded".to_owned(),
        "source" => "/source/component".to_owned(),
        _ => format!("/{}", label.replace('.', "/")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pods() -> ResourceType {
        let mut types = crate::builtin::resource_types();
        types.find(|it| it.plural == "pods").unwrap()
    }

    #[test]
    fn a_field_selector_compares_the_fields_that_pods_have() {
        let pod = json!({"metadata": {"name": "a"}, "status": {"phase": "Running"}});
        let selects = |text: &str| FieldSelector::parse(&pods(), text).unwrap().matches(&pod);
        assert!(selects("status.phase=Running,metadata.name!=b"));
        assert!(selects("spec.nodeName="));
        assert!(!selects("status.phase!=Running"));
    }

    #[test]
    fn a_field_that_cannot_be_selected_is_refused() {
        let error = FieldSelector::parse(&pods(), "spec.containers=x").unwrap_err();
        assert_eq!(error.code, 400);
    }
}
