//! What is known of kinds: how a strategic merge treats their lists, and whether they have namespaces.
//!
//! kustomize keeps one schema for a whole build: the built-in one of Kubernetes v1.21.2, unless a
//! kustomization brings its own (`openapi`), which then stands in the place of the built-in one. If the
//! built-in one was in use by then, as it can be when a component brings the schema, both count.

mod builtin;
mod custom;

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

pub use custom::SchemaError;

/// The number of a type in its [`Schema`].
pub(crate) type TypeId = usize;

/// What a field or type is, as far as merging needs it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Type {
    pub(crate) is_list: bool,
    pub(crate) items: Option<TypeId>,
    pub(crate) fields: HashMap<Box<str>, TypeId>,
    pub(crate) values: Option<TypeId>,
    /// The patch strategy of a list, such as `merge` or `merge,retainKeys`; empty when there is none.
    pub(crate) strategy: Box<str>,
    /// The fields by which elements of the list are the same; empty for lists of plain values.
    pub(crate) keys: Vec<String>,
    /// The definition that stands in the place of this type.
    pub(crate) reference: Option<Box<str>>,
}

impl Type {
    /// Returns whether a patch is merged into the list instead of replacing it.
    pub(crate) fn merges(&self) -> bool {
        self.strategy.split(',').any(|strategy| strategy == "merge")
    }
}

/// Types, and the kinds that have them.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    types: Vec<Type>,
    /// By `apiVersion`, then by kind.
    kinds: HashMap<(String, String), TypeId>,
    namespaced: HashMap<(String, String), bool>,
    definitions: HashMap<Box<str>, TypeId>,
}

impl Schema {
    pub(crate) fn get(&self, id: TypeId) -> &Type {
        &self.types[self.resolved(id)]
    }

    /// Returns the type that was added last, which is the outermost one.
    pub(crate) fn last(&self) -> Option<TypeRef<'_>> {
        let id = self.types.len().checked_sub(1)?;
        Some(TypeRef { schema: self, id })
    }

    /// Follows references; a chain of them has a bounded length, so that a circle ends.
    fn resolved(&self, mut id: TypeId) -> TypeId {
        for _ in 0..64 {
            let reference = self.types[id].reference.as_deref();
            match reference.and_then(|name| self.definitions.get(name)) {
                Some(&next) => id = next,
                None => break,
            }
        }
        id
    }

    fn kind(&self, api_version: &str, kind: &str) -> Option<TypeId> {
        self.kinds
            .get(&(api_version.to_owned(), kind.to_owned()))
            .copied()
    }
}

/// A type and the schema that it belongs to.
#[derive(Clone, Copy)]
pub(crate) struct TypeRef<'s> {
    schema: &'s Schema,
    id: TypeId,
}

impl<'s> TypeRef<'s> {
    pub(crate) fn get(self) -> &'s Type {
        self.schema.get(self.id)
    }

    pub(crate) fn field(self, name: &str) -> Option<Self> {
        let this = self.get();
        let id = this.fields.get(name).copied().or(this.values)?;
        Some(Self { id, ..self })
    }

    pub(crate) fn elements(self) -> Option<Self> {
        let this = self.get();
        let id = this.items.filter(|_| this.is_list)?;
        Some(Self { id, ..self })
    }
}

/// What a build without a schema of the user's own has asked the built-in one so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum BuiltInUse {
    #[default]
    Never,
    /// Whether a kind that it does not know has namespaces. kustomize then reads it behind the user's.
    ForScopes,
    /// How to merge. It was read before the user's.
    ForTypes,
}

/// The schemas in force, as kustomize 5.8.1 switches between them during a build.
#[derive(Default)]
pub(crate) struct Schemas {
    custom: Option<Arc<Schema>>,
    is_chosen: bool,
    built_in_use: Cell<BuiltInUse>,
}

impl Schemas {
    /// Takes note of the `openapi` field of a kustomization. The first one that says something counts,
    /// and what the kustomization that is built says counts for all.
    pub(crate) fn choose(&mut self, custom: Option<Schema>, has_version: bool, is_root: bool) {
        if self.is_chosen && !is_root {
            return;
        }
        self.is_chosen = custom.is_some() || has_version;
        self.custom = custom.map(Arc::new);
    }

    /// Returns whether a schema of the user's own is in force. Once it is, it stays.
    pub(crate) fn has_custom(&self) -> bool {
        self.custom.is_some()
    }

    /// Returns the type of a kind.
    pub(crate) fn kind(&self, api_version: &str, kind: &str) -> Option<TypeRef<'_>> {
        self.by_precedence()
            .into_iter()
            .flatten()
            .find_map(|schema| {
                let id = schema.kind(api_version, kind)?;
                Some(TypeRef { schema, id })
            })
    }

    /// Returns the schemas that types are in, the one that was read last first.
    fn by_precedence(&self) -> [Option<&Schema>; 2] {
        let Some(custom) = self.custom.as_deref() else {
            self.built_in_use.set(BuiltInUse::ForTypes);
            return [Some(builtin::schema()), None];
        };
        match self.built_in_use.get() {
            BuiltInUse::Never => [Some(custom), None],
            BuiltInUse::ForScopes => [Some(builtin::schema()), Some(custom)],
            BuiltInUse::ForTypes => [Some(custom), Some(builtin::schema())],
        }
    }

    /// Returns whether objects of this kind are known to belong to the cluster, not to a namespace.
    pub(crate) fn is_cluster_scoped(&self, api_version: &str, kind: &str) -> bool {
        let key = (api_version.to_owned(), kind.to_owned());
        let of = |schema: &Schema| schema.namespaced.get(&key).copied();
        let is_namespaced = of(builtin::schema()).or_else(|| {
            if self.custom.is_none() {
                self.note_unknown_scope();
            }
            self.custom.as_deref().and_then(of)
        });
        is_namespaced == Some(false)
    }

    fn note_unknown_scope(&self) {
        if self.built_in_use.get() == BuiltInUse::Never {
            self.built_in_use.set(BuiltInUse::ForScopes);
        }
    }
}
