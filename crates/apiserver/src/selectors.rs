//! Label and field selectors, in the syntax of `k8s.io/apimachinery` 1.37.

mod fields;
mod labels;

use serde_json::Value;

use crate::query::ListOptions;
use crate::resource::ResourceType;
use crate::status::Status;

pub(crate) use fields::FieldSelector;
pub(crate) use labels::LabelSelector;

/// Which objects of a type are meant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    labels: LabelSelector,
    fields: FieldSelector,
}

impl Selection {
    /// Returns the selection that the options of a request spell.
    pub(crate) fn parse(resource: &ResourceType, options: &ListOptions) -> Result<Self, Status> {
        let labels = LabelSelector::parse(&options.labels).map_err(Status::bad_request)?;
        let fields = FieldSelector::parse(resource, &options.fields)?;
        Ok(Self { labels, fields })
    }

    /// Returns the selection of one object.
    pub(crate) fn with_name(mut self, name: &str) -> Self {
        if !name.is_empty() {
            self.fields = self.fields.with_name(name);
        }
        self
    }

    /// Whether everything is meant.
    pub(crate) fn is_all(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether `object` is meant.
    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.labels.matches(object) && self.fields.matches(object)
    }
}
