//! What Kubernetes knows about the fields of its objects: types, how lists and maps merge, what is
//! defaulted and what is written although it is empty.
//!
//! The facts of the built-in kinds are those of Kubernetes 1.37 ([`facts`]); a CRD brings its own
//! ([`Schema::from_crd`]). `tools/schema-facts.py` makes the table of facts.

mod crd;
mod facts;
mod publish;

use std::sync::LazyLock;

use serde_json::Value;

pub use crd::{MAX_SCHEMA_DEPTH, SchemaError};
pub use facts::{Definition, Facts, Kind, facts};
pub use publish::{publish_definition, publish_schema};

/// The schema of a value: of an object, one of its fields, or the items of a list.
#[derive(Debug, Default, PartialEq)]
pub struct Schema {
    pub(crate) kind: Type,
    pub(crate) format: Option<Box<str>>,
    /// Sorted by name.
    pub(crate) properties: Vec<(Box<str>, Property)>,
    pub(crate) items: Option<Target>,
    pub(crate) additional: Option<Target>,
    pub(crate) required: Vec<Box<str>>,
    pub(crate) list: ListType,
    pub(crate) keys: Vec<Box<str>>,
    pub(crate) map: MapType,
    pub(crate) enumeration: Vec<Value>,
    pub(crate) preserves_unknown: bool,
    pub(crate) embedded: bool,
    pub(crate) nullable: bool,
    pub(crate) default: Option<Value>,
    pub(crate) rules: Option<Box<Rules>>,
}

/// A field of an object, and how it is patched and written.
#[derive(Debug, PartialEq)]
pub struct Property {
    pub(crate) target: Target,
    pub(crate) presence: Presence,
    pub(crate) strategy: PatchStrategy,
    pub(crate) merge_key: Option<Box<str>>,
}

/// A schema in its place, or a definition of the table of facts.
#[derive(Debug, PartialEq)]
pub(crate) enum Target {
    Inline(Box<Schema>),
    Definition(u16),
}

/// The type of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Type {
    /// A mapping with known fields, or one type for all values.
    Object,
    /// A list.
    Array,
    /// A text.
    String,
    /// A number without a fraction.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A number or a text, such as a port or a percentage.
    IntOrString,
    /// An amount such as `100m` or `2Gi`, as text or number.
    Quantity,
    /// Anything at all.
    #[default]
    Any,
}

/// How the items of a list are told apart when two lists are merged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListType {
    /// They are not: a list replaces the other.
    #[default]
    Atomic,
    /// By their value.
    Set,
    /// By their [`Schema::list_keys`].
    Map,
}

/// Whether the fields of a mapping have owners of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MapType {
    /// They have.
    #[default]
    Granular,
    /// They have not: a mapping replaces the other.
    Atomic,
}

/// How a strategic merge patch treats a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PatchStrategy {
    /// A list is merged with the one that is there, by the merge key if there is one.
    pub merge: bool,
    /// Only the keys that the patch names with `$retainKeys` stay.
    pub retain_keys: bool,
    /// The value is replaced, even where it is a mapping.
    pub replace: bool,
}

/// When the Kubernetes API server writes a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Presence {
    /// Unless it is empty: zero, the empty text, an empty list or mapping.
    #[default]
    NotEmpty,
    /// When it is set, be it to zero.
    Set,
    /// Always; a missing one is written as its empty value.
    Always,
    /// Always; a missing one is written as null.
    Null,
}

/// The rules of JSON Schema that a CRD may set beside the type.
#[derive(Debug, Default, PartialEq)]
pub struct Rules {
    /// A regular expression that a text must match.
    pub pattern: Option<String>,
    /// The least number, and whether it is itself too small.
    pub minimum: Option<(f64, bool)>,
    /// The largest number, and whether it is itself too large.
    pub maximum: Option<(f64, bool)>,
    /// A number that the value must be a multiple of.
    pub multiple_of: Option<f64>,
    /// The least and the largest number of characters of a text.
    pub length: (Option<u64>, Option<u64>),
    /// The least and the largest number of items of a list.
    pub items: (Option<u64>, Option<u64>),
    /// The least and the largest number of fields of a mapping.
    pub properties: (Option<u64>, Option<u64>),
    /// Whether the items of a list must differ.
    pub unique_items: bool,
    /// Schemas that must all hold.
    pub all_of: Vec<Schema>,
    /// Schemas of which one must hold.
    pub any_of: Vec<Schema>,
    /// Schemas of which exactly one must hold.
    pub one_of: Vec<Schema>,
    /// A schema that must not hold.
    pub not: Option<Schema>,
}

/// What is under a field that no schema describes: mappings are merged, lists are replaced.
static DEDUCED: LazyLock<Schema> = LazyLock::new(|| Schema {
    preserves_unknown: true,
    nullable: true,
    ..Schema::default()
});

impl Schema {
    /// Returns the schema of a value that nothing describes.
    #[must_use]
    pub fn deduced() -> &'static Self {
        &DEDUCED
    }

    /// Returns the type.
    #[must_use]
    pub fn kind(&self) -> Type {
        self.kind
    }

    /// Returns the format, such as `int32`, `date-time` or `byte`.
    #[must_use]
    pub fn format(&self) -> Option<&str> {
        self.format.as_deref()
    }

    /// Returns the declared field `name`.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&Property> {
        let found = self
            .properties
            .binary_search_by(|(other, _)| (**other).cmp(name));
        found.ok().map(|index| &self.properties[index].1)
    }

    /// Returns the declared fields, sorted by name.
    pub fn properties(&self) -> impl Iterator<Item = (&str, &Property)> {
        self.properties
            .iter()
            .map(|(name, property)| (&**name, property))
    }

    /// Returns the schema of the field `name`: of the declared field, or else what all other fields of
    /// the mapping are. `None` for a field that must not be there.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Schema> {
        if let Some(property) = self.property(name) {
            return Some(property.schema());
        }
        match &self.additional {
            Some(target) => Some(target.schema()),
            None => (self.preserves_unknown || self.kind == Type::Any).then_some(&DEDUCED),
        }
    }

    /// Returns what the fields that are not declared hold, when the schema says so.
    #[must_use]
    pub fn additional(&self) -> Option<&Schema> {
        self.additional.as_ref().map(Target::schema)
    }

    /// Returns the schema of the items of a list.
    #[must_use]
    pub fn items(&self) -> &Schema {
        self.items.as_ref().map_or(&DEDUCED, Target::schema)
    }

    /// Returns the definition that the items of a list refer to.
    #[must_use]
    pub fn items_definition(&self) -> Option<&'static Definition> {
        self.items.as_ref().and_then(Target::definition)
    }

    /// Returns the definition that the fields which are not declared refer to.
    #[must_use]
    pub fn additional_definition(&self) -> Option<&'static Definition> {
        self.additional.as_ref().and_then(Target::definition)
    }

    /// Returns the fields that must be there.
    pub fn required(&self) -> impl Iterator<Item = &str> {
        self.required.iter().map(|name| &**name)
    }

    /// Returns how items of the list are told apart by server-side apply.
    #[must_use]
    pub fn list_type(&self) -> ListType {
        self.list
    }

    /// Returns the fields that together name an item of a [`ListType::Map`].
    #[must_use]
    pub fn list_keys(&self) -> &[Box<str>] {
        &self.keys
    }

    /// Returns whether the fields of the mapping have owners of their own.
    #[must_use]
    pub fn map_type(&self) -> MapType {
        self.map
    }

    /// Returns the values that are allowed, if only some are.
    #[must_use]
    pub fn enumeration(&self) -> &[Value] {
        &self.enumeration
    }

    /// Returns whether fields that are not declared are kept (`x-kubernetes-preserve-unknown-fields`).
    #[must_use]
    pub fn preserves_unknown(&self) -> bool {
        self.preserves_unknown
    }

    /// Returns whether the value is itself an object (`x-kubernetes-embedded-resource`).
    #[must_use]
    pub fn is_embedded_resource(&self) -> bool {
        self.embedded
    }

    /// Returns whether `null` is a value of its own.
    #[must_use]
    pub fn is_nullable(&self) -> bool {
        self.nullable
    }

    /// Returns what a missing value is set to.
    #[must_use]
    pub fn default_value(&self) -> Option<&Value> {
        self.default.as_ref()
    }

    /// Returns the rules that a CRD sets beside the type.
    #[must_use]
    pub fn rules(&self) -> Option<&Rules> {
        self.rules.as_deref()
    }
}

impl Property {
    /// Returns the schema of the field's value.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        self.target.schema()
    }

    /// Returns when the field is written.
    #[must_use]
    pub fn presence(&self) -> Presence {
        self.presence
    }

    /// Returns how a strategic merge patch treats the field.
    #[must_use]
    pub fn patch_strategy(&self) -> PatchStrategy {
        self.strategy
    }

    /// Returns the field by which a strategic merge patch tells items of the list apart.
    #[must_use]
    pub fn merge_key(&self) -> Option<&str> {
        self.merge_key.as_deref()
    }

    /// Returns the definition that the field refers to, such as `io.k8s.api.core.v1.PodSpec`.
    #[must_use]
    pub fn definition(&self) -> Option<&'static Definition> {
        self.target.definition()
    }
}

impl Target {
    pub(crate) fn schema(&self) -> &Schema {
        match self {
            Self::Inline(schema) => schema,
            Self::Definition(index) => &facts().definition_at(*index).schema,
        }
    }

    pub(crate) fn definition(&self) -> Option<&'static Definition> {
        match self {
            Self::Inline(_) => None,
            Self::Definition(index) => Some(facts().definition_at(*index)),
        }
    }
}
