//! In what form the client wants the answer: the object, its metadata only, or a table.

use crate::status::{Reason, Status};

/// The media type of YAML.
const YAML: &str = "application/yaml";

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The objects as they are.
    Object,
    /// `PartialObjectMetadata`.
    Metadata,
    /// `Table`.
    Table,
}

/// The media types of an `Accept` header, in the order of the client.
struct MediaType<'a> {
    name: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
}

impl<'a> MediaType<'a> {
    fn parse_all(accept: &'a str) -> impl Iterator<Item = Self> {
        accept.split(',').map(|part| {
            let mut parts = part.split(';').map(str::trim);
            Self {
                name: parts.next().unwrap_or_default(),
                parameters: parts.filter_map(|it| it.split_once('=')).collect(),
            }
        })
    }

    fn is_json(&self) -> bool {
        matches!(self.name, "application/json" | "application/*" | "*/*" | "")
    }

    fn is_served(&self) -> bool {
        self.is_json() || self.name == YAML
    }

    fn parameter(&self, key: &str) -> &'a str {
        let found = self.parameters.iter().find(|(name, _)| *name == key);
        found.map_or("", |(_, value)| value)
    }
}

/// Returns whether an `Accept` header asks for YAML before JSON.
pub(crate) fn wants_yaml(accept: &str) -> bool {
    let first = MediaType::parse_all(accept).find(MediaType::is_served);
    first.is_some_and(|media| media.name == YAML)
}

/// Returns the first form of an `Accept` header that is served.
pub(crate) fn form(accept: &str) -> Result<Form, Status> {
    for media in MediaType::parse_all(accept).filter(MediaType::is_served) {
        match (media.parameter("as"), media.parameter("v")) {
            ("", _) => return Ok(Form::Object),
            ("Table", "v1") => return Ok(Form::Table),
            ("PartialObjectMetadata" | "PartialObjectMetadataList", "v1") => {
                return Ok(Form::Metadata);
            }
            _ => {}
        }
    }
    if MediaType::parse_all(accept).any(|media| media.is_served()) {
        let message = "only the following media types are accepted: application/json, application/yaml, \
                       application/vnd.kubernetes.protobuf";
        return Err(Status::new(406, Reason::NotAcceptable, message));
    }
    let message = "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, \
                   application/vnd.kubernetes.protobuf, application/json;stream=watch, \
                   application/vnd.kubernetes.protobuf;stream=watch";
    Err(Status::new(406, Reason::NotAcceptable, message).about("", "", ""))
}

/// Returns whether aggregated discovery (`apidiscovery.k8s.io/v2`) is asked for before the plain one.
pub(crate) fn wants_aggregated(accept: &str) -> bool {
    let first = MediaType::parse_all(accept)
        .find(|media| media.is_json() && matches!(media.parameter("v"), "" | "v2"));
    first.is_some_and(|media| {
        media.parameter("as") == "APIGroupDiscoveryList"
            && media.parameter("g") == "apidiscovery.k8s.io"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_form_that_is_served_wins() {
        let kubectl = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
        assert_eq!(form(kubectl), Ok(Form::Table));
        let protobuf = "application/vnd.kubernetes.protobuf,application/json";
        assert_eq!(form(protobuf), Ok(Form::Object));
        assert_eq!(form(""), Ok(Form::Object));
        assert_eq!(form("application/yaml"), Ok(Form::Object));
    }

    #[test]
    fn yaml_is_sent_to_those_who_ask_for_it_first() {
        assert!(wants_yaml("application/yaml"));
        assert!(wants_yaml("text/html, application/yaml, */*"));
        assert!(!wants_yaml("application/json, application/yaml"));
        assert!(!wants_yaml(""));
    }

    #[test]
    fn a_client_that_takes_no_json_is_told_so() {
        let status = form("application/vnd.kubernetes.protobuf").unwrap_err();
        assert_eq!(status.code, 406);
    }

    #[test]
    fn kubectl_is_given_aggregated_discovery() {
        let kubectl = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                       application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,\
                       application/json";
        assert!(wants_aggregated(kubectl));
        assert!(!wants_aggregated("application/json"));
    }
}
