//! From the file to the kustomization: every field, the old spellings, and what kustomize checks.

use windlass_tree::TreePath;
use windlass_yaml::Node;

use super::fields::{self, generator_options};
use super::{Kustomization, SortOptions, Var};
use crate::decode::{Decoder, Located};
use crate::error::{BuildError, KustomizationProblem, Refusal, Warning};
use crate::id::GvkSelector;
use crate::yaml11::{Json, json, key_text};

/// The names that a kustomization file can have; a directory has one of them.
pub const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

const FIELDS: [&str; 34] = [
    "apiVersion",
    "kind",
    "metadata",
    "openapi",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "commonLabels",
    "labels",
    "commonAnnotations",
    "patchesStrategicMerge",
    "patchesJson6902",
    "patches",
    "images",
    "imageTags",
    "replacements",
    "replicas",
    "vars",
    "sortOptions",
    "resources",
    "components",
    "crds",
    "bases",
    "configMapGenerator",
    "secretGenerator",
    "helmGlobals",
    "helmCharts",
    "helmChartInflationGenerator",
    "generatorOptions",
    "configurations",
    "generators",
    "transformers",
    "validators",
    "buildMetadata",
];

/// Fields that still work, what to write instead, and a remark of kustomize's.
const DEPRECATED: [(&str, &str, &str); 6] = [
    ("bases", "resources", ""),
    ("commonLabels", "labels", ""),
    ("imageTags", "images", ""),
    ("patchesJson6902", "patches", ""),
    ("patchesStrategicMerge", "patches", ""),
    ("vars", "replacements", "[EXPERIMENTAL] "),
];

/// What reading a kustomization file gives.
pub(crate) struct Read {
    pub(crate) kustomization: Kustomization,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) errors: Vec<BuildError>,
}

/// Reads a kustomization from the root node of its file.
pub(crate) fn read(file: &TreePath, node: &Node) -> Read {
    let mut decoder = Decoder::strict(file);
    let mut this = Kustomization::default();
    let mut later = Later::default();
    decoder.object(node, "Kustomization", &FIELDS, |decoder, field, value| {
        read_field(decoder, &mut this, &mut later, field, value);
    });
    let warnings = warnings(&decoder, node);
    this.resources.append(&mut later.bases);
    this.images.append(&mut later.image_tags);
    if this.kind.value.is_empty() {
        "Kustomization".clone_into(&mut this.kind.value);
    }
    let mut errors = decoder.into_errors();
    if errors.is_empty() && says_nothing(node) {
        let mut decoder = Decoder::strict(file);
        decoder.fail(
            windlass_yaml::Position::default(),
            KustomizationProblem::Empty,
        );
        errors = decoder.into_errors();
    }
    errors.extend(check(file, &this));
    Read {
        kustomization: this,
        warnings,
        errors,
    }
}

/// Old fields, which count behind the new ones wherever they stand in the file.
#[derive(Default)]
struct Later {
    bases: Vec<Located<String>>,
    image_tags: Vec<super::Image>,
}

fn read_field(
    decoder: &mut Decoder,
    this: &mut Kustomization,
    later: &mut Later,
    field: &str,
    value: &Node,
) {
    match field {
        "apiVersion" => this.api_version = decoder.located(value),
        "kind" => this.kind = decoder.located(value),
        "metadata" => check_metadata(decoder, value),
        "openapi" => this.openapi = located_map(decoder, value),
        "namePrefix" => this.name_prefix = decoder.located(value),
        "nameSuffix" => this.name_suffix = decoder.located(value),
        "namespace" => this.namespace = decoder.located(value),
        "commonLabels" => this.common_labels = located_pairs(decoder, value),
        "labels" => this.labels = decoder.list(value, fields::label),
        "commonAnnotations" => this.common_annotations = located_pairs(decoder, value),
        "patchesStrategicMerge" => this.strategic_patches = decoder.located_strings(value),
        "patchesJson6902" => this.json_patches = decoder.list(value, fields::patch),
        "patches" => this.patches = decoder.list(value, fields::patch),
        "images" => this.images = decoder.list(value, fields::image),
        "imageTags" => later.image_tags = decoder.list(value, fields::image),
        "replacements" => this.replacements = decoder.list(value, fields::replacement_field),
        "replicas" => this.replicas = decoder.list(value, fields::replica),
        "vars" => this.vars = decoder.list(value, var),
        "sortOptions" if !value.is_null() => this.sort_options = Some(sort_options(decoder, value)),
        "bases" => later.bases = decoder.located_strings(value),
        "configMapGenerator" => {
            this.config_maps =
                decoder.list(value, |d, node| fields::generator_args(d, node, false));
        }
        "secretGenerator" => {
            this.secrets = decoder.list(value, |d, node| fields::generator_args(d, node, true));
        }
        "generatorOptions" if !value.is_null() => {
            this.generator_options = Some(generator_options(decoder, value));
        }
        "helmCharts" | "helmChartInflationGenerator" => refuse_helm(decoder, field, value),
        _ => read_paths(decoder, this, field, value),
    }
}

/// The metadata of a kustomization changes nothing, but has to be well-formed.
fn check_metadata(decoder: &mut Decoder, value: &Node) {
    const FIELDS: [&str; 4] = ["name", "namespace", "labels", "annotations"];
    decoder.object(
        value,
        "ObjectMeta",
        &FIELDS,
        |decoder, field, value| match field {
            "name" | "namespace" => drop(decoder.string(value)),
            _ => drop(decoder.string_map(value)),
        },
    );
}

fn read_paths(decoder: &mut Decoder, this: &mut Kustomization, field: &str, value: &Node) {
    let list = match field {
        "resources" => &mut this.resources,
        "components" => &mut this.components,
        "crds" => &mut this.crds,
        "configurations" => &mut this.configurations,
        "generators" => &mut this.generators,
        "transformers" => &mut this.transformers,
        "validators" => &mut this.validators,
        "buildMetadata" => &mut this.build_metadata,
        // `helmGlobals` changes nothing.
        _ => return,
    };
    *list = decoder.located_strings(value);
}

fn refuse_helm(decoder: &mut Decoder, field: &str, value: &Node) {
    if !crate::edit::is_empty(value) {
        decoder.fail(
            value.start,
            Refusal::Helm {
                field: field.to_owned(),
            },
        );
    }
}

fn located_pairs(decoder: &mut Decoder, node: &Node) -> Located<super::Pairs> {
    Located {
        value: decoder.string_map(node),
        at: node.start,
    }
}

fn located_map(decoder: &mut Decoder, node: &Node) -> Vec<(String, Located<String>)> {
    let pairs = decoder.string_map(node);
    let located = |key: &str, value: String| Located {
        value,
        at: node.get(key).map_or(node.start, |value| value.start),
    };
    pairs
        .into_iter()
        .map(|(key, value)| (key.clone(), located(&key, value)))
        .collect()
}

fn sort_options(decoder: &mut Decoder, node: &Node) -> SortOptions {
    const FIELDS: [&str; 2] = ["order", "legacySortOptions"];
    let mut options = SortOptions {
        at: node.start,
        ..SortOptions::default()
    };
    decoder.object(
        node,
        "SortOptions",
        &FIELDS,
        |decoder, field, value| match field {
            "order" => options.order = decoder.string(value),
            _ if value.is_null() => {}
            _ => options.legacy = Some(legacy_order(decoder, value)),
        },
    );
    options
}

fn legacy_order(decoder: &mut Decoder, node: &Node) -> (Vec<String>, Vec<String>) {
    const FIELDS: [&str; 2] = ["orderFirst", "orderLast"];
    let (mut first, mut last) = (Vec::new(), Vec::new());
    decoder.object(
        node,
        "LegacySortOptions",
        &FIELDS,
        |decoder, field, value| match field {
            "orderFirst" => first = decoder.strings(value),
            _ => last = decoder.strings(value),
        },
    );
    (first, last)
}

fn var(decoder: &mut Decoder, node: &Node) -> Var {
    const FIELDS: [&str; 3] = ["name", "objref", "fieldref"];
    let mut var = Var {
        at: node.start,
        ..Var::default()
    };
    decoder.object(node, "Var", &FIELDS, |decoder, field, value| match field {
        "name" => var.name = decoder.string(value),
        "objref" => var_object(decoder, value, &mut var),
        _ => decoder.object(
            value,
            "FieldSelector",
            &["fieldPath"],
            |decoder, _, value| {
                var.field_path = decoder.string(value);
            },
        ),
    });
    if var.field_path.is_empty() {
        "metadata.name".clone_into(&mut var.field_path);
    }
    var
}

fn var_object(decoder: &mut Decoder, node: &Node, var: &mut Var) {
    const FIELDS: [&str; 6] = [
        "apiVersion",
        "group",
        "version",
        "kind",
        "name",
        "namespace",
    ];
    let mut gvk = GvkSelector::default();
    let mut api_version = String::new();
    decoder.object(
        node,
        "Target",
        &FIELDS,
        |decoder, field, value| match field {
            "apiVersion" => api_version = decoder.string(value),
            "name" => var.object_name = decoder.string(value),
            "namespace" => var.namespace = decoder.string(value),
            _ => fields::gvk_field(decoder, &mut gvk, field, value),
        },
    );
    match api_version.split('/').collect::<Vec<_>>()[..] {
        [version] if !version.is_empty() => version.clone_into(&mut gvk.version),
        [group, version] => {
            group.clone_into(&mut gvk.group);
            version.clone_into(&mut gvk.version);
        }
        _ => {}
    }
    (var.group, var.version, var.kind) = (gvk.group, gvk.version, gvk.kind);
}

/// Returns what kustomize prints on stderr about fields that still work.
fn warnings(decoder: &Decoder, node: &Node) -> Vec<Warning> {
    let Json::Object(mapping) = json(node) else {
        return Vec::new();
    };
    let entry = |field: &str| {
        mapping
            .iter()
            .find(|(key, value)| key_text(key).eq_ignore_ascii_case(field) && !value.is_null())
    };
    let warning = |(field, instead, remark): &(&str, &str, &str)| {
        let (key, _) = entry(field)?;
        Some(Warning {
            place: decoder.place(key.start),
            message: format!(
                "# Warning: '{field}' is deprecated. Please use '{instead}' instead. {remark}Run \
                 'kustomize edit fix' to update your Kustomization automatically."
            ),
        })
    };
    DEPRECATED.iter().filter_map(warning).collect()
}

/// Checks what kustomize checks after reading.
fn check(file: &TreePath, this: &Kustomization) -> Vec<BuildError> {
    let mut decoder = Decoder::strict(file);
    let kind = &this.kind;
    if kind.value != "Kustomization" && !this.is_component() {
        decoder.fail(
            kind.at,
            KustomizationProblem::WrongKind {
                kind: kind.value.clone(),
            },
        );
    }
    let wanted = if this.is_component() {
        "v1alpha1"
    } else {
        "v1beta1"
    };
    let wanted = format!("kustomize.config.k8s.io/{wanted}");
    let version = &this.api_version;
    if !version.value.is_empty() && version.value != wanted {
        decoder.fail(
            version.at,
            KustomizationProblem::WrongApiVersion {
                kind: kind.value.clone(),
                wanted,
            },
        );
    }
    decoder.into_errors()
}

fn says_nothing(node: &Node) -> bool {
    let Json::Object(mapping) = json(node) else {
        return true;
    };
    mapping.iter().all(|(key, value)| {
        let is_type = ["apiVersion", "kind"]
            .iter()
            .any(|field| key_text(key).eq_ignore_ascii_case(field));
        is_type || matches!(json(value), Json::Null | Json::String(""))
    })
}
