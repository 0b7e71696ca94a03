//! Which objects a rule is about.

use windlass_object::Object;
use windlass_regexp::Regexp;

use super::labels::LabelSelector;

/// Which objects a rule is about, as a `target` in a kustomization and in Flux says it. The default is all.
#[derive(Clone, Debug, Default)]
pub struct Target {
    group: Option<Regexp>,
    version: Option<Regexp>,
    kind: Option<Regexp>,
    name: Option<Regexp>,
    namespace: Option<Regexp>,
    labels: LabelSelector,
    annotations: LabelSelector,
}

/// Why a field of a target selects nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// There is no such field.
    #[error("there is no {0}; a target has {list}", list = Target::FIELDS.join(", "))]
    Unknown(String),
    /// It cannot be read.
    #[error("{0}")]
    Invalid(String),
}

impl Target {
    /// The fields of a target.
    pub const FIELDS: [&str; 7] = [
        "group",
        "version",
        "kind",
        "name",
        "namespace",
        "labelSelector",
        "annotationSelector",
    ];

    /// Sets one of [`Target::FIELDS`]: a regular expression of Go's that the whole text has to match, or a selector.
    /// An empty text selects everything.
    pub fn set(&mut self, field: &str, text: &str) -> Result<(), TargetError> {
        let selector = || LabelSelector::parse(text).map_err(TargetError::Invalid);
        match field {
            "group" => self.group = anchored(text)?,
            "version" => self.version = anchored(text)?,
            "kind" => self.kind = anchored(text)?,
            "name" => self.name = anchored(text)?,
            "namespace" => self.namespace = anchored(text)?,
            "labelSelector" => self.labels = selector()?,
            "annotationSelector" => self.annotations = selector()?,
            _ => return Err(TargetError::Unknown(field.to_owned())),
        }
        Ok(())
    }

    /// Returns whether the rule is about the object.
    #[must_use]
    pub fn selects(&self, object: &Object) -> bool {
        let (id, gvk) = (object.id(), object.gvk());
        let fits = |pattern: &Option<Regexp>, text: &str| {
            pattern
                .as_ref()
                .is_none_or(|pattern| pattern.is_match(text))
        };
        fits(&self.group, &gvk.group)
            && fits(&self.version, &gvk.version)
            && fits(&self.kind, &gvk.kind)
            && fits(&self.name, &id.name)
            && fits(&self.namespace, id.namespace.as_deref().unwrap_or_default())
            && self
                .labels
                .selects(object.value().pointer("/metadata/labels"))
            && self
                .annotations
                .selects(object.value().pointer("/metadata/annotations"))
    }
}

fn anchored(pattern: &str) -> Result<Option<Regexp>, TargetError> {
    if pattern.is_empty() {
        return Ok(None);
    }
    let compiled = Regexp::new(&format!("^(?:{pattern})$"));
    let compiled = compiled.map_err(|error| TargetError::Invalid(error.to_string()))?;
    Ok(Some(compiled))
}
