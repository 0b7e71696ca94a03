//! The parts of a kustomization that stand in the configs of plugins too.

use windlass_yaml::Node;

use super::{
    FieldOptions, GeneratorArgs, GeneratorOptions, Image, Label, Patch, Replacement,
    ReplacementField, Replica, Selector, Source, Target,
};
use crate::decode::Decoder;
use crate::fieldspec::FieldSpec;
use crate::id::GvkSelector;
use crate::item::Behavior;

const SELECTOR: [&str; 7] = [
    "group",
    "version",
    "kind",
    "name",
    "namespace",
    "annotationSelector",
    "labelSelector",
];

pub(crate) fn selector(decoder: &mut Decoder, node: &Node) -> Selector {
    let mut selector = Selector {
        at: node.start,
        ..Selector::default()
    };
    decoder.object(node, "Selector", &SELECTOR, |decoder, field, value| {
        let text = decoder.string(value);
        *selector_field(&mut selector, field) = text;
    });
    selector
}

fn selector_field<'s>(selector: &'s mut Selector, field: &str) -> &'s mut String {
    match field {
        "group" => &mut selector.group,
        "version" => &mut selector.version,
        "kind" => &mut selector.kind,
        "name" => &mut selector.name,
        "namespace" => &mut selector.namespace,
        "annotationSelector" => &mut selector.annotations,
        _ => &mut selector.labels,
    }
}

/// Reads a pointer in Go: null is nothing.
fn optional<T>(node: &Node, read: impl FnOnce(&Node) -> T) -> Option<T> {
    (!node.is_null()).then(|| read(node))
}

pub(crate) fn patch(decoder: &mut Decoder, node: &Node) -> Patch {
    const FIELDS: [&str; 4] = ["path", "patch", "target", "options"];
    let mut patch = Patch {
        at: node.start,
        ..Patch::default()
    };
    decoder.object(
        node,
        "Patch",
        &FIELDS,
        |decoder, field, value| match field {
            "path" => patch.path = decoder.located(value),
            "patch" => patch.text = decoder.located(value),
            "target" => patch.target = optional(value, |value| selector(decoder, value)),
            _ => patch_options(decoder, value, &mut patch),
        },
    );
    patch
}

/// Reads the options of a patch; kustomize knows two.
fn patch_options(decoder: &mut Decoder, node: &Node, patch: &mut Patch) {
    const FIELDS: [&str; 2] = ["allowNameChange", "allowKindChange"];
    decoder.object(
        node,
        "PatchArgs",
        &FIELDS,
        |decoder, field, value| match field {
            "allowNameChange" => patch.may_rename = decoder.boolean(value),
            _ => patch.may_change_kind = decoder.boolean(value),
        },
    );
}

pub(crate) fn field_specs(decoder: &mut Decoder, node: &Node) -> Vec<FieldSpec> {
    decoder.list(node, field_spec)
}

fn field_spec(decoder: &mut Decoder, node: &Node) -> FieldSpec {
    const FIELDS: [&str; 5] = ["group", "version", "kind", "path", "create"];
    let mut spec = FieldSpec::default();
    decoder.object(
        node,
        "FieldSpec",
        &FIELDS,
        |decoder, field, value| match field {
            "path" => spec.path = decoder.string(value),
            "create" => spec.create = decoder.boolean(value),
            _ => gvk_field(decoder, &mut spec.gvk, field, value),
        },
    );
    spec
}

pub(super) fn gvk_field(decoder: &mut Decoder, gvk: &mut GvkSelector, field: &str, value: &Node) {
    let text = decoder.string(value);
    match field {
        "group" => gvk.group = text,
        "version" => gvk.version = text,
        _ => gvk.kind = text,
    }
}

pub(super) fn label(decoder: &mut Decoder, node: &Node) -> Label {
    const FIELDS: [&str; 4] = ["pairs", "includeSelectors", "includeTemplates", "fields"];
    let mut label = Label {
        at: node.start,
        ..Label::default()
    };
    decoder.object(
        node,
        "Label",
        &FIELDS,
        |decoder, field, value| match field {
            "pairs" => label.pairs = decoder.string_map(value),
            "includeSelectors" => label.in_selectors = decoder.boolean(value),
            "includeTemplates" => label.in_templates = decoder.boolean(value),
            _ => label.fields = field_specs(decoder, value),
        },
    );
    label
}

pub(crate) fn image(decoder: &mut Decoder, node: &Node) -> Image {
    const FIELDS: [&str; 5] = ["name", "newName", "tagSuffix", "newTag", "digest"];
    let mut image = Image {
        at: node.start,
        ..Image::default()
    };
    decoder.object(node, "Image", &FIELDS, |decoder, field, value| {
        let text = decoder.string(value);
        match field {
            "name" => image.name = text,
            "newName" => image.new_name = text,
            "tagSuffix" => image.tag_suffix = text,
            "newTag" => image.new_tag = text,
            _ => image.digest = text,
        }
    });
    image
}

pub(crate) fn replica(decoder: &mut Decoder, node: &Node) -> Replica {
    let mut replica = Replica {
        at: node.start,
        ..Replica::default()
    };
    decoder.object(
        node,
        "Replica",
        &["name", "count"],
        |decoder, field, value| match field {
            "name" => replica.name = decoder.string(value),
            _ => replica.count = decoder.integer(value),
        },
    );
    replica
}

pub(crate) fn replacement_field(decoder: &mut Decoder, node: &Node) -> ReplacementField {
    const FIELDS: [&str; 4] = ["path", "source", "targets", "sourceValue"];
    let mut entry = ReplacementField::default();
    entry.inline.at = node.start;
    decoder.object(
        node,
        "ReplacementField",
        &FIELDS,
        |decoder, field, value| match field {
            "path" => entry.path = decoder.located(value),
            _ => replacement_part(decoder, &mut entry.inline, field, value),
        },
    );
    entry
}

pub(crate) fn replacement(decoder: &mut Decoder, node: &Node) -> Replacement {
    const FIELDS: [&str; 3] = ["source", "targets", "sourceValue"];
    let mut replacement = Replacement {
        at: node.start,
        ..Replacement::default()
    };
    decoder.object(node, "Replacement", &FIELDS, |decoder, field, value| {
        replacement_part(decoder, &mut replacement, field, value);
    });
    replacement
}

fn replacement_part(decoder: &mut Decoder, into: &mut Replacement, field: &str, value: &Node) {
    match field {
        "source" => into.source = optional(value, |value| source(decoder, value)),
        "targets" => into.targets = optional(value, |value| target_list(decoder, value)),
        _ => into.source_value = optional(value, |value| decoder.string(value)),
    }
}

fn source(decoder: &mut Decoder, node: &Node) -> Source {
    const FIELDS: [&str; 7] = [
        "group",
        "version",
        "kind",
        "name",
        "namespace",
        "fieldPath",
        "options",
    ];
    let mut source = Source::default();
    source.object.at = node.start;
    decoder.object(
        node,
        "SourceSelector",
        &FIELDS,
        |decoder, field, value| match field {
            "fieldPath" => source.field_path = decoder.string(value),
            "options" => source.options = optional(value, |value| field_options(decoder, value)),
            _ => *selector_field(&mut source.object, field) = decoder.string(value),
        },
    );
    source
}

fn target_list(decoder: &mut Decoder, node: &Node) -> Vec<Target> {
    decoder.list(node, target)
}

fn target(decoder: &mut Decoder, node: &Node) -> Target {
    const FIELDS: [&str; 4] = ["select", "reject", "fieldPaths", "options"];
    let mut target = Target::default();
    decoder.object(
        node,
        "TargetSelector",
        &FIELDS,
        |decoder, field, value| match field {
            "select" => target.select = optional(value, |value| selector(decoder, value)),
            "reject" => target.reject = decoder.list(value, selector),
            "fieldPaths" => target.field_paths = decoder.strings(value),
            _ => target.options = optional(value, |value| field_options(decoder, value)),
        },
    );
    target
}

fn field_options(decoder: &mut Decoder, node: &Node) -> FieldOptions {
    const FIELDS: [&str; 4] = ["delimiter", "index", "encoding", "create"];
    let mut options = FieldOptions::default();
    decoder.object(
        node,
        "FieldOptions",
        &FIELDS,
        |decoder, field, value| match field {
            "delimiter" => options.delimiter = decoder.string(value),
            "index" => options.index = decoder.integer(value),
            "create" => options.create = decoder.boolean(value),
            // kustomize 5.8.1 reads `encoding` and does nothing with it.
            _ => drop(decoder.string(value)),
        },
    );
    options
}

const GENERATOR: [&str; 9] = [
    "name",
    "namespace",
    "behavior",
    "literals",
    "files",
    "envs",
    "env",
    "options",
    "type",
];

/// Reads an entry of a generator; only secrets have a type. `env` is old and counts in a kustomization
/// only, not in the config of a plugin.
pub(crate) fn generator_args(decoder: &mut Decoder, node: &Node, is_secret: bool) -> GeneratorArgs {
    let mut args = GeneratorArgs {
        at: node.start,
        ..GeneratorArgs::default()
    };
    let mut single_env = None;
    let (type_name, fields) = if is_secret {
        ("SecretArgs", &GENERATOR[..])
    } else {
        ("ConfigMapArgs", &GENERATOR[..8])
    };
    decoder.object(
        node,
        type_name,
        fields,
        |decoder, field, value| match field {
            "name" => args.name = decoder.string(value),
            "namespace" => args.namespace = decoder.string(value),
            "behavior" => args.behavior = Behavior::from_word(&decoder.string(value)),
            "literals" => args.literals = decoder.located_strings(value),
            "files" => args.files = decoder.located_strings(value),
            "envs" => args.envs = decoder.located_strings(value),
            "env" => single_env = Some(decoder.located(value)),
            "options" => args.options = optional(value, |value| generator_options(decoder, value)),
            _ => args.secret_type = decoder.string(value),
        },
    );
    args.envs
        .extend(single_env.filter(|env| !env.value.is_empty() && decoder.is_strict()));
    args
}

pub(super) fn generator_options(decoder: &mut Decoder, node: &Node) -> GeneratorOptions {
    const FIELDS: [&str; 4] = [
        "labels",
        "annotations",
        "disableNameSuffixHash",
        "immutable",
    ];
    let mut options = GeneratorOptions::default();
    decoder.object(
        node,
        "GeneratorOptions",
        &FIELDS,
        |decoder, field, value| match field {
            "labels" => options.labels = decoder.string_map(value),
            "annotations" => options.annotations = decoder.string_map(value),
            "disableNameSuffixHash" => options.no_hash = decoder.boolean(value),
            _ => options.immutable = decoder.boolean(value),
        },
    );
    options
}
