//! `images`: names, tags and digests of container images.

use std::collections::HashMap;

use windlass_yaml::{Node, Value};

use super::Tools;
use crate::edit;
use crate::error::{Place, Problem};
use crate::fieldspec::{self, FieldSpec, Make};
use crate::items::Items;
use crate::kustomization::Image;
use crate::selector;
use crate::work::Work;

/// To look at an image takes as long as to look at so many fields.
const VISITS_PER_IMAGE: usize = 8;

/// Carries out the images, each behind those before it.
pub(super) fn run(
    items: &mut Items,
    images: &[(Place, Image)],
    fields: &[FieldSpec],
    tools: &mut Tools<'_, '_>,
) {
    let mut updates = Updates::default();
    for (place, image) in images {
        match Update::new(image) {
            Ok(update) => updates.add(update),
            Err(problem) => (tools.report)(Some(place), problem),
        }
    }
    for item in items.list_mut() {
        if item.kind() == "CustomResourceDefinition" {
            continue;
        }
        if let Err(problem) = updates.run(&mut item.node, fields, tools.work) {
            return (tools.report)(None, problem);
        }
    }
}

/// The images in their order, by name: a build may have a thousand of them, and as many objects.
#[derive(Default)]
struct Updates<'i> {
    all: Vec<Update<'i>>,
    /// Those with an expression for a name, or with dots in it.
    patterns: Vec<usize>,
    /// The others.
    plain: HashMap<&'i str, Vec<usize>>,
    /// Which ones the references that were met so far match.
    known: HashMap<String, Vec<usize>>,
    /// How much it took to find them out.
    looked_at: usize,
}

impl<'i> Updates<'i> {
    fn add(&mut self, update: Update<'i>) {
        let index = self.all.len();
        if update.pattern.is_some() || update.image.name.contains('.') {
            self.patterns.push(index);
        } else {
            self.plain
                .entry(&update.image.name)
                .or_default()
                .push(index);
        }
        self.all.push(update);
    }

    /// Updates an object.
    fn run(
        &mut self,
        node: &mut Node,
        fields: &[FieldSpec],
        work: &mut Work,
    ) -> Result<(), Problem> {
        let mut next = 0;
        loop {
            let mut first: Option<usize> = None;
            let mut count = 0;
            each_image(node, fields, &mut |image| {
                let found = self.first_from(next, edit::text(image));
                first = first.into_iter().chain(found).min();
                count += 1;
            })?;
            work.visit(count * VISITS_PER_IMAGE + std::mem::take(&mut self.looked_at))?;
            let Some(index) = first else {
                return Ok(());
            };
            let update = &self.all[index];
            each_image(node, fields, &mut |image| update.set(image))?;
            next = index + 1;
        }
    }

    /// Returns the first from `next` on that a reference matches.
    fn first_from(&mut self, next: usize, reference: &str) -> Option<usize> {
        if !self.known.contains_key(reference) {
            let matching = self.matching(reference);
            self.looked_at += self.patterns.len() + matching.len() * VISITS_PER_IMAGE;
            self.known.insert(reference.to_owned(), matching);
        }
        let matching = &self.known[reference];
        let at = matching.partition_point(|index| *index < next);
        matching.get(at).copied()
    }

    fn matching(&self, reference: &str) -> Vec<usize> {
        let matches = |index: &usize| self.all[*index].matches(reference);
        let mut matching: Vec<usize> = self.patterns.iter().copied().filter(matches).collect();
        let (path, _) = reference.split_once("@sha256:").unwrap_or((reference, ""));
        let without_tag = path.rsplit_once(':').map(|(name, _)| name);
        for name in [Some(path), without_tag].into_iter().flatten() {
            let plain = self.plain.get(name).into_iter().flatten();
            matching.extend(plain.copied().filter(&matches));
        }
        matching.sort_unstable();
        matching
    }
}

/// Visits the images of everything called containers, wherever it stands, and those in the fields.
fn each_image(
    node: &mut Node,
    fields: &[FieldSpec],
    visit: &mut dyn FnMut(&mut Node),
) -> Result<(), Problem> {
    walk(node, visit)?;
    fields.iter().try_for_each(|spec| {
        let set = &mut |image: &mut Node| visit_scalar(image, visit);
        fieldspec::apply(node, spec, Make::Nothing, set)
    })
}

fn walk(node: &mut Node, visit: &mut dyn FnMut(&mut Node)) -> Result<(), Problem> {
    match &mut node.value {
        Value::Sequence(items) => items.iter_mut().try_for_each(|item| walk(item, visit)),
        Value::Mapping(mapping) => {
            for (key, value) in mapping.iter_mut() {
                walk(value, visit)?;
                if matches!(edit::text(key), "containers" | "initContainers") {
                    containers(value, visit)?;
                }
            }
            Ok(())
        }
        Value::Scalar(_) | Value::Alias(_) => Ok(()),
    }
}

fn containers(node: &mut Node, visit: &mut dyn FnMut(&mut Node)) -> Result<(), Problem> {
    for container in node.as_sequence_mut().into_iter().flatten() {
        if container.is_null() {
            continue;
        }
        if let Some(image) = fieldspec::require_mapping(container)?.get_mut("image") {
            visit_scalar(image, visit)?;
        }
    }
    Ok(())
}

fn visit_scalar(image: &mut Node, visit: &mut dyn FnMut(&mut Node)) -> Result<(), Problem> {
    if !image.is_null() {
        fieldspec::require_scalar(image)?;
        visit(image);
    }
    Ok(())
}

struct Update<'i> {
    image: &'i Image,
    /// What the name of the image has to match: a regular expression, if only by accident. `None` when
    /// its only special characters are dots, which is what nearly all names have.
    pattern: Option<windlass_regexp::Regexp>,
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

    fn set(&self, node: &mut Node) {
        let reference = edit::text(node);
        if self.matches(reference) {
            let updated = self.updated(reference);
            edit::assign_loose(node, &updated);
        }
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
