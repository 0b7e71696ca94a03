//! `patches`, `patchesStrategicMerge` and `patchesJson6902`.

use windlass_yaml::Node;

use crate::edit;
use crate::error::{ObjectProblem, PatchProblem, Problem};
use crate::item::Item;
use crate::items::Items;
use crate::json_patch::JsonPatch;
use crate::kustomization::Selector;
use crate::merge;
use crate::transform::Tools;

/// Strategic merge patches, each for the object that it names.
#[derive(Clone, Debug, Default)]
pub(crate) struct StrategicPatching {
    pub(crate) patches: Vec<Item>,
}

impl StrategicPatching {
    pub(super) fn run(&self, items: &mut Items, tools: &mut Tools<'_, '_>) {
        for patch in &self.patches {
            if tools.work.is_exhausted() {
                return;
            }
            let applied = items
                .find_target(&patch.original_id())
                .and_then(|target| apply_copy(items, &[target], patch, tools));
            if let Err(problem) = applied {
                (tools.report)(Some(&patch.place), problem);
            }
        }
    }
}

/// An entry of `patches`.
#[derive(Clone, Debug)]
pub(crate) struct Patching {
    pub(crate) body: Body,
    pub(crate) target: Option<Selector>,
    /// The patch or its file, as messages name it.
    pub(crate) source: String,
}

/// The two kinds of patches.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Strategic(Vec<Item>),
    Json(JsonPatch),
}

impl Patching {
    pub(super) fn run(&self, items: &mut Items, tools: &mut Tools<'_, '_>) {
        match (&self.body, &self.target) {
            (Body::Strategic(patches), None) => {
                for patch in patches {
                    if let Err(problem) = apply_to_named(items, patch, tools) {
                        (tools.report)(Some(&patch.place), problem);
                    }
                }
            }
            (Body::Strategic(patches), Some(target)) => {
                if let Err(problem) = self.apply_to_selected(items, patches, target, tools) {
                    (tools.report)(None, problem);
                }
            }
            (Body::Json(patch), Some(target)) => {
                if let Err(problem) = apply_json(items, patch, target, true, tools) {
                    (tools.report)(None, problem);
                }
            }
            (Body::Json(_), None) => (tools.report)(
                None,
                PatchProblem::JsonTarget {
                    name: self.source.clone(),
                }
                .into(),
            ),
        }
    }

    fn apply_to_selected(
        &self,
        items: &mut Items,
        patches: &[Item],
        target: &Selector,
        tools: &mut Tools<'_, '_>,
    ) -> Result<(), Problem> {
        match patches {
            [] => Ok(()),
            [patch] => {
                let selected = items.select(target)?;
                apply_copy(items, &selected, patch, tools)
            }
            _ => Err(PatchProblem::SeveralForTarget {
                name: self.source.clone(),
            }
            .into()),
        }
    }
}

/// An entry of `patchesJson6902`.
#[derive(Clone, Debug)]
pub(crate) struct JsonPatching {
    pub(crate) patch: JsonPatch,
    pub(crate) target: Selector,
}

impl JsonPatching {
    pub(super) fn run(&self, items: &mut Items, tools: &mut Tools<'_, '_>) -> Result<(), Problem> {
        apply_json(items, &self.patch, &self.target, false, tools)
    }
}

fn apply_json(
    items: &mut Items,
    patch: &JsonPatch,
    target: &Selector,
    remembers: bool,
    tools: &mut Tools<'_, '_>,
) -> Result<(), Problem> {
    let selected = items.select(target)?;
    for index in selected {
        let item = items.item_mut(index);
        let object = item.current_id().to_string();
        check_keys(item)?;
        if remembers {
            item.remember_id();
        }
        let applied = if patch.names_annotations() {
            item.with_lasting_records(|item| patch.apply(&mut item.node, tools.work))
        } else {
            patch.apply(&mut item.node, tools.work)
        };
        applied.map_err(|problem| Problem::InObject {
            object,
            problem: Box::new(problem),
        })?;
        item.update_scope(tools.schemas);
    }
    Ok(())
}

/// Refuses annotations that name a key twice, which only JSON does not allow; elsewhere nothing does.
fn check_keys(item: &Item) -> Result<(), Problem> {
    let annotations = item.node.at(&["metadata", "annotations"]);
    match annotations.map(Node::to_json) {
        Some(Err(error)) => Err(ObjectProblem::Unprintable {
            reason: error.to_string(),
        }
        .into()),
        _ => Ok(()),
    }
}

/// Applies a patch to the object that it names.
fn apply_to_named(
    items: &mut Items,
    patch: &Item,
    tools: &mut Tools<'_, '_>,
) -> Result<(), Problem> {
    let index = items
        .find_target(&patch.original_id())
        .map_err(Problem::of_entry)?;
    let item = items.item_mut(index);
    apply(item, patch, patch.node.clone(), tools)
}

/// Applies a patch to several objects. The patch takes the version of each, and its labels and
/// annotations become strings, even nulls that were to remove one (kustomize 5.8.1 does so too).
fn apply_copy(
    items: &mut Items,
    selected: &[usize],
    patch: &Item,
    tools: &mut Tools<'_, '_>,
) -> Result<(), Problem> {
    let mut stringified = patch.clone();
    for field in ["labels", "annotations"] {
        let pairs = edit::metadata_map(&stringified.node, field);
        edit::set_metadata_map(&mut stringified.node, field, pairs);
    }
    let mut renamed = false;
    for &index in selected {
        let item = items.item_mut(index);
        let before = item.current_id();
        let mut copy = stringified.node.clone();
        edit::set_loose(&mut copy, "apiVersion", item.api_version());
        apply(item, patch, copy, tools)?;
        renamed |= !item.current_id().same(&before);
    }
    if renamed { items.check_ids() } else { Ok(()) }
}

/// Applies a patch to one object, which keeps its name, kind and namespace unless the patch may change
/// them.
fn apply(
    item: &mut Item,
    patch: &Item,
    node: Node,
    tools: &mut Tools<'_, '_>,
) -> Result<(), Problem> {
    let (name, namespace) = (item.name().to_owned(), item.namespace().to_owned());
    let kind = item.kind().to_owned();
    if patch.may_rename || patch.may_change_kind {
        item.remember_id();
    }
    let object = item.current_id();
    let before = edit::size(&item.node);
    let merge = |item: &mut Item| -> Result<(), Problem> {
        let merged = merge::merge(std::mem::take(&mut item.node), node, tools.schemas)?;
        item.node = merged.unwrap_or_default();
        tools.work.add_growth(before, &item.node)
    };
    let merged = if replaces_annotations(&patch.node) {
        item.with_records(merge)
    } else {
        merge(item)
    };
    merged.map_err(|problem| Problem::InObject {
        object: object.to_string(),
        problem: Box::new(problem),
    })?;
    if item.is_empty() {
        return Ok(());
    }
    if !patch.may_change_kind {
        edit::set_loose(&mut item.node, "kind", &kind);
    }
    if !patch.may_rename {
        edit::set_metadata_text(&mut item.node, "name", &name);
    }
    if namespace.is_empty() {
        edit::remove_metadata(&mut item.node, "namespace");
    } else {
        edit::set_metadata_text(&mut item.node, "namespace", &namespace);
    }
    item.update_scope(tools.schemas);
    Ok(())
}

/// Returns whether a patch may do more to the annotations than to set or remove some.
fn replaces_annotations(patch: &Node) -> bool {
    let is_plain = |node: &Node| {
        node.as_mapping()
            .is_some_and(|mapping| !mapping.keys().any(|key| key.starts_with('$')))
    };
    let metadata = patch.get("metadata");
    let annotations = metadata.and_then(|metadata| metadata.get("annotations"));
    ![Some(patch), metadata, annotations]
        .into_iter()
        .flatten()
        .all(is_plain)
}
