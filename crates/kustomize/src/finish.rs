//! The last steps of a build: hashes, references, vars, order, and what objects say about their origin.

use windlass_yaml::{Mapping, Node};

use crate::Reorder;
use crate::context::Context;
use crate::document;
use crate::edit;
use crate::error::{Place, Problem, Warning};
use crate::fieldspec::{self, FieldSpec, Make};
use crate::item::Item;
use crate::items::Items;
use crate::kustomization::Kustomization;
use crate::origin::{self, ORIGIN, TRANSFORMATIONS};
use crate::plugin;
use crate::reference;
use crate::shared;
use crate::target::{Gathered, Target};
use crate::transform;

const SORTED_TWICE: &str = "Warning: Sorting order is set both in 'kustomization.yaml' ('sortOptions') and in a CLI flag ('--reorder'). Using the kustomization file over the CLI flag.";

/// Annotations that kustomize keeps for itself and removes at the end, also from what it has read.
const INTERNAL: [&str; 19] = [
    "internal.config.kubernetes.io/previousKinds",
    "internal.config.kubernetes.io/previousNames",
    "internal.config.kubernetes.io/prefixes",
    "internal.config.kubernetes.io/suffixes",
    "internal.config.kubernetes.io/previousNamespaces",
    "internal.config.kubernetes.io/allowNameChange",
    "internal.config.kubernetes.io/allowKindChange",
    "internal.config.kubernetes.io/refBy",
    "internal.config.kubernetes.io/generatorBehavior",
    "internal.config.kubernetes.io/needsHashSuffix",
    "internal.config.kubernetes.io/path",
    "internal.config.kubernetes.io/index",
    "internal.config.kubernetes.io/seqindent",
    "internal.config.kubernetes.io/id",
    "internal.config.kubernetes.io/annotations-migration-resource-id",
    "config.kubernetes.io/path",
    "config.kubernetes.io/index",
    "config.k8s.io/id",
    "internal.config.kubernetes.io/helm-generated",
];

/// Completes what the kustomization that is built has gathered.
pub(crate) fn finish(context: &mut Context<'_>, target: &Target, gathered: Gathered) -> Items {
    let Gathered {
        mut items,
        config,
        vars,
        is_whole: _,
    } = gathered;
    let place = Place::file(target.file.clone());
    transform::add_hashes(&mut items);
    let mut problems = Vec::new();
    reference::fix(&mut items, &config.name_reference, &mut |at, problem| {
        problems.push((at.unwrap_or(&place).clone(), problem));
    });
    for (place, problem) in problems {
        context.fail(&place, problem);
    }
    items.begin_step();
    let resolved = vars.resolve(&mut items, &config.var_reference);
    items.end_step();
    if let Some(unused) = context
        .note(&place, resolved)
        .filter(|unused| !unused.is_empty())
    {
        let unused = unused.join(",");
        context.warnings.push(Warning {
            place: place.clone(),
            message: format!("well-defined vars that were never replaced: {unused}"),
        });
    }
    // kustomize looks at the objects once more when it leaves out the local ones.
    for item in items.iter() {
        context.note(&item.place, document::validate_object(&item.node));
    }
    if items.iter().any(|item| plugin::is_local(&item.node)) {
        // An object with the name of a local one cannot be told from it.
        let checked = items.check_ids();
        context.note(&place, checked);
        items
            .list_mut()
            .retain(|item| !plugin::is_local(&item.node));
    }
    for item in items.iter() {
        context.note(&item.place, check_annotations(&item.node));
    }
    sort(context, target, &mut items);
    let signs = context.options.managed_by_label;
    let labelled = add_metadata(&mut items, &target.kustomization, signs);
    context.note(&place, labelled);
    items
}

/// Puts the objects into the order of the output. What the kustomization says counts more than the caller.
fn sort(context: &mut Context<'_>, target: &Target, items: &mut Items) {
    let options = target.kustomization.sort_options.as_ref();
    let reorder = context.options.reorder;
    let place = Place::at(
        &target.file,
        options.map(|options| options.at).unwrap_or_default(),
    );
    if options.is_none() && reorder == Reorder::None {
        return;
    }
    if options.is_some() && reorder != Reorder::Unspecified {
        context.warnings.push(Warning {
            place: place.clone(),
            message: SORTED_TWICE.to_owned(),
        });
    }
    let sorted = transform::sort(items, options);
    context.note(&place, sorted);
}

/// Writes what `buildMetadata` asks for, and makes all annotations strings, as kustomize does on the way.
fn add_metadata(
    items: &mut Items,
    kustomization: &Kustomization,
    signs: bool,
) -> Result<(), Problem> {
    let wants = |word: &str| {
        kustomization
            .build_metadata
            .iter()
            .any(|option| option.value == word)
    };
    let label = FieldSpec::of_all("metadata/labels", true);
    for item in items.list_mut() {
        if item.marks > 0 {
            shared::forget(&mut item.node);
        }
        if signs || wants("managedByLabel") {
            let version = "kustomize-v5.8.1";
            let key = "app.kubernetes.io/managed-by";
            let set = &mut |node: &mut Node| fieldspec::set_entry(node, key, version, None);
            fieldspec::apply(&mut item.node, &label, Make::Mapping, set)?;
        }
        let mut annotations = edit::metadata_map(&item.node, "annotations");
        annotations.retain(|(key, _)| {
            !INTERNAL.contains(&key.as_str()) && key != ORIGIN && key != TRANSFORMATIONS
        });
        if wants("originAnnotations") {
            add_origin(item, &mut annotations);
        }
        if wants("transformerAnnotations") && !item.transformations.is_empty() {
            let text = origin::transformations_text(&item.transformations);
            annotations.push((TRANSFORMATIONS.to_owned(), text));
        }
        edit::set_metadata_map(&mut item.node, "annotations", annotations);
    }
    Ok(())
}

/// Refuses what kustomize cannot clean: metadata that is no mapping, and annotations (which it panics at)
/// that are a list or whose keys are no texts.
fn check_annotations(node: &Node) -> Result<(), Problem> {
    let Some(metadata) = edit::present(node, "metadata") else {
        return Ok(());
    };
    if !metadata.is_mapping() {
        return Err(fieldspec::wrong_kind("MappingNode", metadata));
    }
    let Some(annotations) = metadata.get("annotations") else {
        return Ok(());
    };
    if annotations
        .as_sequence()
        .is_some_and(|items| !items.is_empty())
    {
        return Err(fieldspec::wrong_kind("MappingNode", annotations));
    }
    let mut keys = annotations.as_mapping().into_iter().flat_map(Mapping::iter);
    match keys.find(|(key, _)| !key.is_scalar()) {
        Some((key, _)) => Err(fieldspec::wrong_kind("ScalarNode", key)),
        None => Ok(()),
    }
}

fn add_origin(item: &Item, annotations: &mut Vec<(String, String)>) {
    if let Some(note) = &item.origin {
        annotations.push((ORIGIN.to_owned(), origin::origin_text(note)));
    }
}
