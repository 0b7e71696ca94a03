//! What a unit has applied.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use windlass_object::{KeyedDigest, Object, ObjectRef};

use crate::Rendition;

/// The kinds of RBAC, whose names may hold a colon.
const RBAC_GROUP: &str = "rbac.authorization.k8s.io";
const RBAC_KINDS: [&str; 4] = ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"];

/// The objects that a unit has applied and not yet deleted.
///
/// Its JSON form is a list of entries as in `status.inventory.entries` of a Flux Kustomization. Two are equal when their
/// entries are.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Entry>", into = "Vec<Entry>")]
pub struct Inventory {
    entries: BTreeMap<ObjectRef, Entry>,
    rendition: Option<Rendition>,
}

/// One object of an inventory: `{"id": "shop_web_apps_Deployment", "v": "v1"}`.
///
/// `applied` is ours; an entry that Flux wrote has none, and Flux ignores it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawEntry", into = "RawEntry")]
pub struct Entry {
    /// The identity.
    pub id: ObjectRef,
    /// The API version in which it was applied, without the group: `v1`.
    pub version: SmolStr,
    /// The keyed digest of the object as it was last applied; `None` when that is not known. With it a plan
    /// can tell drift from a change of the source.
    pub applied: Option<KeyedDigest>,
}

/// An inventory, or why it is not known. Not known is not empty: nothing is written then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// What the unit holds. A unit that never applied anything holds the empty inventory.
    Known(Inventory),
    /// It could not be read.
    Unknown {
        /// Why.
        reason: String,
    },
}

/// Why a text is no inventory entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// It does not have the four parts.
    #[error("inventory entry `{text}` is not <namespace>_<name>_<group>_<kind>")]
    Parts {
        /// The entry's id.
        text: String,
    },
    /// It says the name twice, and not the same.
    #[error("inventory entry `{text}` is not that of an object called {name:?}")]
    Name {
        /// The entry's id.
        text: String,
        /// The name beside it.
        name: String,
    },
}

#[derive(Serialize, Deserialize)]
struct RawEntry {
    id: String,
    v: String,
    /// The name, where that cannot be told from the id. It is ours: Flux ignores it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    applied: Option<KeyedDigest>,
}

impl PartialEq for Inventory {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl Eq for Inventory {}

impl Inventory {
    /// Returns the inventory with what made all its objects as they were last applied, when that is known.
    #[must_use]
    pub fn rendered(mut self, rendition: Option<Rendition>) -> Self {
        self.rendition = rendition;
        self
    }

    /// Returns what made all its objects as they were last applied, when that is known.
    #[must_use]
    pub fn rendition(&self) -> Option<&Rendition> {
        self.rendition.as_ref()
    }

    /// Returns the entry of `id`.
    #[must_use]
    pub fn get(&self, id: &ObjectRef) -> Option<&Entry> {
        self.entries.get(id)
    }

    /// Returns whether `id` is in it.
    #[must_use]
    pub fn contains(&self, id: &ObjectRef) -> bool {
        self.entries.contains_key(id)
    }

    /// Returns the entries, sorted by identity.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.entries.values()
    }

    /// Returns how many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Puts an entry in, in place of the one with the same identity.
    pub fn insert(&mut self, entry: Entry) {
        self.entries.insert(entry.id.clone(), entry);
    }

    pub(crate) fn remove(&mut self, id: &ObjectRef) {
        self.entries.remove(id);
    }
}

impl FromIterator<Entry> for Inventory {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        // Made at once: entries that come in order are not searched for one by one.
        let entries = entries.into_iter().map(|entry| (entry.id.clone(), entry));
        Self {
            entries: entries.collect(),
            rendition: None,
        }
    }
}

impl From<Vec<Entry>> for Inventory {
    fn from(entries: Vec<Entry>) -> Self {
        entries.into_iter().collect()
    }
}

impl From<Inventory> for Vec<Entry> {
    fn from(inventory: Inventory) -> Self {
        inventory.entries.into_values().collect()
    }
}

impl Entry {
    /// Returns the entry of an object that is about to be applied for the first time.
    #[must_use]
    pub fn of(object: &Object) -> Self {
        Self {
            id: object.id().clone(),
            version: object.gvk().version.clone(),
            applied: None,
        }
    }

    /// Returns the entry that Flux's `id` and `v` describe. `__` in the name of an RBAC object is read as a
    /// colon, as cli-utils does; a name that really has it cannot be told from that.
    pub fn parse(id: &str, version: &str) -> Result<Self, EntryError> {
        Ok(Self {
            id: parse_id(id)?,
            version: version.into(),
            applied: None,
        })
    }

    /// Returns the identity as Flux writes it: `<namespace>_<name>_<group>_<kind>`, with an empty namespace
    /// for an object of the cluster, and `__` for each colon in the name of an RBAC object (cli-utils 0.37,
    /// `ObjMetadata.String`).
    #[must_use]
    pub fn flux_id(&self) -> String {
        flux_id(&self.id)
    }
}

fn flux_id(id: &ObjectRef) -> String {
    let ObjectRef {
        group,
        kind,
        namespace,
        name,
    } = id;
    let name = if is_rbac(group, kind) {
        name.replace(':', "__")
    } else {
        name.to_string()
    };
    format!(
        "{}_{name}_{group}_{kind}",
        namespace.as_deref().unwrap_or_default()
    )
}

fn is_rbac(group: &str, kind: &str) -> bool {
    group == RBAC_GROUP && RBAC_KINDS.contains(&kind)
}

/// Reads the first part and the last two, which never have a `_`. What is left is the name, whatever it has:
/// that of an RBAC object may have both `_` and `:`.
fn parse_id(text: &str) -> Result<ObjectRef, EntryError> {
    let parts = || {
        let (namespace, rest) = text.split_once('_')?;
        let (rest, kind) = rest.rsplit_once('_')?;
        let (name, group) = rest.rsplit_once('_')?;
        let name = if is_rbac(group, kind) {
            name.replace("__", ":")
        } else {
            name.to_owned()
        };
        let is_sound = !name.is_empty() && !kind.is_empty();
        is_sound.then(|| ObjectRef {
            group: group.into(),
            kind: kind.into(),
            namespace: (!namespace.is_empty()).then(|| namespace.into()),
            name: name.into(),
        })
    };
    parts().ok_or_else(|| EntryError::Parts {
        text: text.to_owned(),
    })
}

impl TryFrom<RawEntry> for Entry {
    type Error = EntryError;

    fn try_from(raw: RawEntry) -> Result<Self, EntryError> {
        let mut entry = Self::parse(&raw.id, &raw.v)?;
        entry.applied = raw.applied;
        if let Some(name) = raw.name {
            entry.id.name = name.into();
            if entry.flux_id() != raw.id {
                return Err(EntryError::Name {
                    text: raw.id,
                    name: entry.id.name.to_string(),
                });
            }
        }
        Ok(entry)
    }
}

impl From<Entry> for RawEntry {
    fn from(entry: Entry) -> Self {
        let id = entry.flux_id();
        let is_plain = parse_id(&id).is_ok_and(|parsed| parsed == entry.id);
        Self {
            name: (!is_plain).then(|| entry.id.name.to_string()),
            id,
            v: entry.version.into(),
            applied: entry.applied,
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.flux_id())
    }
}
