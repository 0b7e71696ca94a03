//! Where an object comes from and what changed it, as the annotations of `buildMetadata` say it.

use std::fmt::Write as _;

use windlass_yaml::Node;

use crate::edit;
use crate::error::Problem;
use crate::fieldspec;

/// The annotation that says where an object comes from.
pub(crate) const ORIGIN: &str = "config.kubernetes.io/origin";
/// The annotation that lists the transformers that an object went through.
pub(crate) const TRANSFORMATIONS: &str = "alpha.config.kubernetes.io/transformations";

/// One origin or one transformation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Note {
    /// The file, relative to the kustomization that is built.
    pub(crate) path: String,
    /// The file that configures the generator or transformer.
    pub(crate) configured_in: String,
    pub(crate) by: Option<By>,
}

/// The generator or transformer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct By {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
}

impl Note {
    /// Returns the note of a plugin that stands in the kustomization at `configured_in`.
    pub(crate) fn builtin(configured_in: &str, kind: &str) -> Self {
        Self {
            configured_in: configured_in.to_owned(),
            by: Some(By {
                api_version: "builtin".to_owned(),
                kind: kind.to_owned(),
                ..By::default()
            }),
            ..Self::default()
        }
    }

    /// Returns the note of a plugin whose config is the object `config`, read from the file `path`.
    pub(crate) fn plugin(path: &str, config: &Node) -> Self {
        Self {
            configured_in: path.to_owned(),
            by: Some(By {
                api_version: edit::field_text(config, "apiVersion").to_owned(),
                kind: edit::field_text(config, "kind").to_owned(),
                name: edit::metadata_text(config, "name").to_owned(),
                namespace: edit::metadata_text(config, "namespace").to_owned(),
            }),
            ..Self::default()
        }
    }

    /// Returns the note as lines of YAML.
    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        push(&mut lines, "path", &self.path);
        push(&mut lines, "configuredIn", &self.configured_in);
        if let Some(by) = &self.by {
            lines.push("configuredBy:".to_owned());
            push(&mut lines, "  apiVersion", &by.api_version);
            push(&mut lines, "  kind", &by.kind);
            push(&mut lines, "  name", &by.name);
            push(&mut lines, "  namespace", &by.namespace);
        }
        lines
    }
}

fn push(lines: &mut Vec<String>, key: &str, value: &str) {
    if value.is_empty() {
        return;
    }
    let plain = edit::loose(value);
    let is_plain = plain
        .as_scalar()
        .is_some_and(|scalar| scalar.style == windlass_yaml::ScalarStyle::Plain);
    lines.push(if is_plain {
        format!("{key}: {value}")
    } else {
        format!("{key}: {value:?}")
    });
}

/// Returns the text of the annotation that says where an object comes from.
pub(crate) fn origin_text(note: &Note) -> String {
    let mut text = note.lines().join("\n");
    text.push('\n');
    text
}

/// Returns the text of the annotation that lists transformations.
pub(crate) fn transformations_text(notes: &[Note]) -> String {
    let mut text = String::new();
    for note in notes {
        for (index, line) in note.lines().iter().enumerate() {
            let indent = if index == 0 { "- " } else { "  " };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{indent}{line}");
        }
    }
    text
}

/// Checks that an object has a place for the annotation.
pub(crate) fn check_annotations(object: &Node) -> Result<(), Problem> {
    let annotations = object.at(&["metadata", "annotations"]);
    match annotations.filter(|annotations| !annotations.is_null() && !annotations.is_mapping()) {
        Some(other) => Err(fieldspec::wrong_kind("MappingNode", other)),
        None => Ok(()),
    }
}

/// Joins paths as Go's `filepath.Join` does, without leaving `.` and inner `..` behind.
pub(crate) fn join(base: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_what_is_built() {
        assert_eq!(join("../base", "web.yaml"), "../base/web.yaml");
        assert_eq!(join("../base", "../other/web.yaml"), "../other/web.yaml");
        assert_eq!(join("", "../x"), "../x");
    }

    #[test]
    fn transformations_are_a_list() {
        let note = Note::builtin("kustomization.yaml", "LabelTransformer");
        assert_eq!(
            transformations_text(&[note]),
            "- configuredIn: kustomization.yaml\n  configuredBy:\n    apiVersion: builtin\n    kind: LabelTransformer\n"
        );
    }
}
