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
    /// What the name of the image has to match: a regular expression, if only by accident. `None` when
    /// its only special characters are dots, which is what nearly all names have.
    pattern: Option<regex::Regex>,
}

impl<'i> Update<'i> {
    fn new(image: &'i Image) -> Result<Self, Problem> {
        let name = &image.name;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"./:_-".contains(&byte);
        let pattern = if name.bytes().all(is_plain) {
            None
        } else {
            let tag = "(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?";
            Some(selector::compile(&format!("^{name}{tag}$"))?)
        };
        Ok(Self { image, pattern })
    }

    fn matches(&self, reference: &str) -> bool {
        match &self.pattern {
            Some(pattern) => pattern.is_match(reference),
            None => matches_plain(reference, &self.image.name),
        }
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
            if let Some(image) = fieldspec::require_mapping(container)?.get_mut("image") {
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
        if self.matches(reference) {
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

/// Returns whether a reference is a name, in which a dot stands for any character, and perhaps a tag and
/// a digest.
fn matches_plain(reference: &str, name: &str) -> bool {
    let mut rest = reference.chars();
    for wanted in name.chars() {
        match rest.next() {
            Some(character) if character == wanted || wanted == '.' && character != '\n' => {}
            _ => return false,
        }
    }
    let rest = rest.as_str();
    let (tag, digest) = match rest.find("@sha256:") {
        Some(at) => (&rest[..at], &rest[at + "@sha256:".len()..]),
        None => (rest, ""),
    };
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.{}-".contains(&byte);
    let is_tag = tag.is_empty() || tag.starts_with(':') && tag.bytes().skip(1).all(is_allowed);
    is_tag && digest.bytes().all(is_allowed)
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
    fn plain_names_match_as_the_expression_would() {
        let references = [
            "a.io/web",
            "a.io/web:1",
            "a.io/web@sha256:ab",
            "a.io/web:1@sha256:ab",
            "a-io/web:1",
            "a.io/web2",
            "xa.io/web",
            "a.io/web:1:2",
            "a.io/web@md5:1",
            "a.io/web:",
            "a.io/web\n",
        ];
        for reference in references {
            let pattern = "^a.io/web(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$";
            let expected = selector::compile(pattern).unwrap().is_match(reference);
            assert_eq!(
                matches_plain(reference, "a.io/web"),
                expected,
                "{reference}"
            );
        }
    }

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
