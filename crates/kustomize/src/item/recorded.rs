//! What kustomize records in annotations while it builds. An object that was written out in the middle of
//! a build still has them, and then they count.

use windlass_yaml::{Mapping, Node};

use super::{Behavior, Item, Previous};
use crate::edit;

const DOMAIN: &str = "internal.config.kubernetes.io/";

/// Takes over what the annotations of an object say.
pub(super) fn adopt(item: &mut Item) {
    let annotations = item.node.at(&["metadata", "annotations"]);
    let Some(annotations) = annotations.and_then(Node::as_mapping) else {
        return;
    };
    if !annotations.keys().any(|key| key.starts_with(DOMAIN)) {
        return;
    }
    let list = |name| list(annotations, name);
    let (names, namespaces, kinds) = (
        list("previousNames"),
        list("previousNamespaces"),
        list("previousKinds"),
    );
    let previous: Vec<Previous> = names
        .into_iter()
        .zip(namespaces)
        .zip(kinds)
        .map(|((name, namespace), kind)| Previous {
            kind,
            name,
            namespace,
        })
        .collect();
    let (prefixes, suffixes) = (list("prefixes"), list("suffixes"));
    let behavior = list("generatorBehavior")
        .first()
        .map(|word| Behavior::from_word(word));
    let needs_hash = list("needsHashSuffix") == ["enabled"];
    item.previous = previous;
    (item.prefixes, item.suffixes) = (prefixes, suffixes);
    item.behavior = behavior.unwrap_or_default();
    item.needs_hash = needs_hash;
}

fn list(annotations: &Mapping, name: &str) -> Vec<String> {
    let text = annotations.get(&format!("{DOMAIN}{name}")).map(edit::text);
    text.into_iter()
        .flat_map(|text| text.split(','))
        .map(str::to_owned)
        .collect()
}
