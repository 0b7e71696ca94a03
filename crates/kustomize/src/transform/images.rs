//! `images`: names, tags and digests of container images.

use windlass_yaml::{Node, Value};

use crate::edit;
use crate::error::Problem;
use crate::fieldspec::{self, FieldSpec, Make};
use crate::items::Items;
use crate::kustomization::Image;
use crate::selector;

pub(super) fn run(items: &mut Items, image: &Image, fields: &[FieldSpec]) -> Result<(), Problem> {
    let update = Update::new(image)?;
    for item in items.list_mut() {
        if item.kind() == "CustomResourceDefinition" {
            continue;
        }
        update.walk(&mut item.node)?;
        for spec in fields {
            let set = &mut |node: &mut Node| update.set(node);
            fieldspec::apply(&mut item.node, spec, Make::Nothing, set)?;
        }
    }
    Ok(())
}

struct Update<'i> {
    image: &'i Image,
    pattern: regex::Regex,
}

impl<'i> Update<'i> {
    /// The name is a regular expression, if only by accident.
    fn new(image: &'i Image) -> Result<Self, Problem> {
        let name = &image.name;
        let pattern = format!("^{name}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$");
        let pattern = selector::compile(&pattern)?;
        Ok(Self { image, pattern })
    }

    /// Updates the images of everything called containers, wherever it stands.
    fn walk(&self, node: &mut Node) -> Result<(), Problem> {
        match &mut node.value {
            Value::Sequence(items) => items.iter_mut().try_for_each(|item| self.walk(item)),
            Value::Mapping(mapping) => {
                for (key, value) in mapping.iter_mut() {
                    self.walk(value)?;
                    if matches!(edit::text(key), "containers" | "initContainers") {
                        self.containers(value)?;
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn containers(&self, node: &mut Node) -> Result<(), Problem> {
        for container in node.as_sequence_mut().into_iter().flatten() {
            if container.is_null() {
                continue;
            }
            if !container.is_mapping() {
                let found = edit::kind_name(container);
                return Err(Problem::WrongNodeKind {
                    wanted: "MappingNode",
                    found,
                });
            }
            if let Some(image) = container.get_mut("image") {
                self.set(image)?;
            }
        }
        Ok(())
    }

    fn set(&self, node: &mut Node) -> Result<(), Problem> {
        if node.is_null() {
            return Ok(());
        }
        fieldspec::require_scalar(node)?;
        let reference = edit::text(node);
        if self.pattern.is_match(reference) {
            let updated = self.updated(reference);
            edit::assign_loose(node, &updated);
        }
        Ok(())
    }

    fn updated(&self, reference: &str) -> String {
        let image = self.image;
        let (name, mut tag, mut digest) = split(reference);
        let suffixed = format!("{tag}{}", image.tag_suffix);
        if !image.new_tag.is_empty() || !image.digest.is_empty() {
            (tag, digest) = (&image.new_tag, &image.digest);
        } else if !image.tag_suffix.is_empty() {
            (tag, digest) = (&suffixed, "");
        }
        let mut updated = if image.new_name.is_empty() {
            name
        } else {
            &image.new_name
        }
        .to_owned();
        for (mark, part) in [(':', tag), ('@', digest)] {
            if !part.is_empty() {
                updated.push(mark);
                updated.push_str(part);
            }
        }
        updated
    }
}

/// Splits an image reference into name, tag and digest. A colon before the first slash is a port.
fn split(reference: &str) -> (&str, &str, &str) {
    let path = reference.find('/').unwrap_or(0);
    let find = |mark| reference[path..].find(mark).map(|at| at + path);
    match (find(':'), find('@')) {
        (None, None) => (reference, "", ""),
        (Some(colon), Some(at)) if colon < at => (
            &reference[..colon],
            &reference[colon + 1..at],
            &reference[at + 1..],
        ),
        (_, Some(at)) => (&reference[..at], "", &reference[at + 1..]),
        (Some(colon), None) => (&reference[..colon], &reference[colon + 1..], ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_split_at_tag_and_digest() {
        assert_eq!(
            split("localhost:5000/web:1@sha256:a"),
            ("localhost:5000/web", "1", "sha256:a")
        );
        assert_eq!(split("web@sha256:a"), ("web", "", "sha256:a"));
        assert_eq!(split("example.com/web"), ("example.com/web", "", ""));
    }
}
