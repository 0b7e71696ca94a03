//! An object during a build, with what kustomize remembers of it.

mod recorded;

use windlass_object::Gvk;
use windlass_yaml::Node;

use crate::edit;
use crate::error::Place;
use crate::id::{self, ResId};
use crate::origin::Note;
use crate::schema::Schemas;

/// What a generated object does to one that is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Behavior {
    #[default]
    Unspecified,
    Create,
    Replace,
    Merge,
}

impl Behavior {
    /// Returns what kustomize takes a word for; unknown ones say nothing.
    pub(crate) fn from_word(word: &str) -> Self {
        match word {
            "create" => Self::Create,
            "replace" => Self::Replace,
            "merge" => Self::Merge,
            _ => Self::Unspecified,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Create => "create",
            Self::Replace => "replace",
            Self::Merge => "merge",
        }
    }
}

/// What an object was called before a transformer renamed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Previous {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
}

/// An object during a build.
///
/// kustomize keeps all but the node in annotations of the object and removes them at the end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Item {
    pub(crate) node: Node,
    pub(crate) place: Place,
    /// The oldest first.
    pub(crate) previous: Vec<Previous>,
    pub(crate) prefixes: Vec<String>,
    pub(crate) suffixes: Vec<String>,
    pub(crate) behavior: Behavior,
    /// Whether the behavior was recorded.
    pub(crate) is_generated: bool,
    pub(crate) needs_hash: bool,
    /// Of a patch: whether it may change the name of its target.
    pub(crate) may_rename: bool,
    /// Of a patch: whether it may change the kind of its target.
    pub(crate) may_change_kind: bool,
    pub(crate) var_names: Vec<String>,
    /// Boxed, since few builds ask for it.
    pub(crate) origin: Option<Box<Note>>,
    pub(crate) transformations: Vec<Note>,
    /// How many marks of shared values were given out.
    pub(crate) marks: usize,
    is_cluster_scoped: bool,
}

impl Item {
    pub(crate) fn new(node: Node, place: Place, schemas: &Schemas) -> Self {
        let mut item = Self {
            node,
            place,
            ..Self::default()
        };
        item.update_scope(schemas);
        recorded::adopt(&mut item);
        item
    }

    /// Looks up again whether the kind belongs to the cluster, after the kind has changed.
    pub(crate) fn update_scope(&mut self, schemas: &Schemas) {
        self.is_cluster_scoped = schemas.is_cluster_scoped(self.api_version(), self.kind());
    }

    pub(crate) fn api_version(&self) -> &str {
        edit::field_text(&self.node, "apiVersion")
    }

    pub(crate) fn kind(&self) -> &str {
        edit::field_text(&self.node, "kind")
    }

    pub(crate) fn name(&self) -> &str {
        edit::metadata_text(&self.node, "name")
    }

    pub(crate) fn namespace(&self) -> &str {
        edit::metadata_text(&self.node, "namespace")
    }

    pub(crate) fn gvk(&self) -> Gvk {
        id::gvk(self.api_version(), self.kind())
    }

    pub(crate) fn is_cluster_scoped(&self) -> bool {
        self.is_cluster_scoped
    }

    /// Returns whether nothing is left of the object.
    pub(crate) fn is_empty(&self) -> bool {
        edit::is_empty(&self.node)
    }

    /// Returns the identity that the object has now.
    pub(crate) fn current_id(&self) -> ResId {
        ResId {
            gvk: self.gvk(),
            name: self.name().to_owned(),
            namespace: self.namespace().to_owned(),
            is_cluster_scoped: self.is_cluster_scoped,
        }
    }

    /// Returns what two objects have in common exactly when [`Self::current_id`] is the same.
    pub(crate) fn id_parts(&self) -> [&str; 5] {
        let namespace = id::effective_namespace(self.namespace(), self.is_cluster_scoped);
        let (group, version) = id::group_and_version(self.api_version());
        [group, version, self.kind(), self.name(), namespace]
    }

    fn previous_id(&self, previous: &Previous) -> ResId {
        ResId {
            gvk: id::gvk(self.api_version(), &previous.kind),
            name: previous.name.clone(),
            namespace: previous.namespace.clone(),
            is_cluster_scoped: false,
        }
    }

    /// Returns the identity that the object had when it was read.
    pub(crate) fn original_id(&self) -> ResId {
        match self.previous.first() {
            Some(first) => self.previous_id(first),
            None => self.current_id(),
        }
    }

    /// Returns the identities that the object had, the oldest first.
    pub(crate) fn previous_ids(&self) -> impl Iterator<Item = ResId> {
        self.previous
            .iter()
            .map(|previous| self.previous_id(previous))
    }

    /// Returns whether the object has this name or had it.
    pub(crate) fn ever_named(&self, name: &str) -> bool {
        self.name() == name || self.previous.iter().any(|previous| previous.name == name)
    }

    /// Returns whether the object has or had an identity that `fits`.
    pub(crate) fn ever(&self, fits: impl Fn(&ResId) -> bool) -> bool {
        !self.is_empty() && (self.previous_ids().any(|id| fits(&id)) || fits(&self.current_id()))
    }

    /// Remembers what the object is called, before that changes.
    pub(crate) fn remember_id(&mut self) {
        let id = self.current_id();
        // Most are renamed once.
        self.previous.reserve_exact(1);
        self.previous.push(Previous {
            kind: id.gvk.kind.to_string(),
            name: id.name.clone(),
            namespace: id.effective_namespace().to_owned(),
        });
    }
}
