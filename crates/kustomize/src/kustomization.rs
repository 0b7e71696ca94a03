//! What a kustomization file says.

mod fields;
mod read;

use windlass_yaml::Position;

use crate::decode::Located;
use crate::fieldspec::FieldSpec;
use crate::item::Behavior;

pub(crate) use fields::{
    field_specs, generator_args, image, patch, replacement, replacement_field, replica, selector,
};
pub use read::FILE_NAMES;
pub(crate) use read::read;

/// Pairs of texts, sorted by key.
pub(crate) type Pairs = Vec<(String, String)>;

/// A kustomization or component.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Kustomization {
    pub(crate) api_version: Located<String>,
    pub(crate) kind: Located<String>,
    pub(crate) openapi: Vec<(String, Located<String>)>,
    pub(crate) name_prefix: Located<String>,
    pub(crate) name_suffix: Located<String>,
    pub(crate) namespace: Located<String>,
    pub(crate) common_labels: Located<Pairs>,
    pub(crate) labels: Vec<Label>,
    pub(crate) common_annotations: Located<Pairs>,
    pub(crate) strategic_patches: Vec<Located<String>>,
    pub(crate) json_patches: Vec<Patch>,
    pub(crate) patches: Vec<Patch>,
    pub(crate) images: Vec<Image>,
    pub(crate) replacements: Vec<ReplacementField>,
    pub(crate) replicas: Vec<Replica>,
    pub(crate) vars: Vec<Var>,
    pub(crate) sort_options: Option<SortOptions>,
    pub(crate) resources: Vec<Located<String>>,
    pub(crate) components: Vec<Located<String>>,
    pub(crate) crds: Vec<Located<String>>,
    pub(crate) config_maps: Vec<GeneratorArgs>,
    pub(crate) secrets: Vec<GeneratorArgs>,
    pub(crate) generator_options: Option<GeneratorOptions>,
    pub(crate) configurations: Vec<Located<String>>,
    pub(crate) generators: Vec<Located<String>>,
    pub(crate) transformers: Vec<Located<String>>,
    pub(crate) validators: Vec<Located<String>>,
    pub(crate) build_metadata: Vec<Located<String>>,
}

impl Kustomization {
    pub(crate) fn is_component(&self) -> bool {
        self.kind.value == "Component"
    }
}

/// An entry of `labels`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) at: Position,
    pub(crate) pairs: Pairs,
    pub(crate) in_selectors: bool,
    pub(crate) in_templates: bool,
    pub(crate) fields: Vec<FieldSpec>,
}

/// An entry of `patches` or `patchesJson6902`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Patch {
    pub(crate) at: Position,
    pub(crate) path: Located<String>,
    pub(crate) text: Located<String>,
    pub(crate) target: Option<Selector>,
    pub(crate) may_rename: bool,
    pub(crate) may_change_kind: bool,
}

/// Objects by kind, name, namespace, labels and annotations; what is empty does not count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selector {
    pub(crate) at: Position,
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) annotations: String,
    pub(crate) labels: String,
}

/// An entry of `images`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Image {
    pub(crate) at: Position,
    pub(crate) name: String,
    pub(crate) new_name: String,
    pub(crate) tag_suffix: String,
    pub(crate) new_tag: String,
    pub(crate) digest: String,
}

/// An entry of `replicas`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Replica {
    pub(crate) at: Position,
    pub(crate) name: String,
    pub(crate) count: i64,
}

/// An entry of `replacements`: a file, or a replacement.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ReplacementField {
    pub(crate) path: Located<String>,
    pub(crate) inline: Replacement,
}

/// Copies the value of one field to others.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Replacement {
    pub(crate) at: Position,
    pub(crate) source: Option<Source>,
    pub(crate) source_value: Option<String>,
    /// `None` when the field is missing.
    pub(crate) targets: Option<Vec<Target>>,
}

/// The field that is copied.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Source {
    pub(crate) object: Selector,
    pub(crate) field_path: String,
    pub(crate) options: Option<FieldOptions>,
}

/// The fields that are replaced.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Target {
    pub(crate) select: Option<Selector>,
    pub(crate) reject: Vec<Selector>,
    pub(crate) field_paths: Vec<String>,
    pub(crate) options: Option<FieldOptions>,
}

/// Which part of a field, and whether it is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldOptions {
    pub(crate) delimiter: String,
    pub(crate) index: i64,
    pub(crate) create: bool,
}

/// An entry of `vars`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Var {
    pub(crate) at: Position,
    pub(crate) name: String,
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) object_name: String,
    pub(crate) namespace: String,
    pub(crate) field_path: String,
}

/// The order of the output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SortOptions {
    pub(crate) at: Position,
    pub(crate) order: String,
    /// The kinds that come first and last.
    pub(crate) legacy: Option<(Vec<String>, Vec<String>)>,
}

/// An entry of `configMapGenerator` or `secretGenerator`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GeneratorArgs {
    pub(crate) at: Position,
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) behavior: Behavior,
    pub(crate) literals: Vec<Located<String>>,
    pub(crate) files: Vec<Located<String>>,
    pub(crate) envs: Vec<Located<String>>,
    pub(crate) options: Option<GeneratorOptions>,
    /// Of a Secret.
    pub(crate) secret_type: String,
}

/// What generated objects have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GeneratorOptions {
    pub(crate) labels: Pairs,
    pub(crate) annotations: Pairs,
    pub(crate) no_hash: bool,
    pub(crate) immutable: bool,
}
