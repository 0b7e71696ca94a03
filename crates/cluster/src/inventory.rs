//! What units have applied, kept in the cluster.
//!
//! Each unit has a ConfigMap in its own namespace, beside a Secret with the key of the fingerprints. A large inventory
//! has several ([`shards`]).

mod shards;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Value, json};
use windlass_object::FingerprintKey;
use windlass_plan::{Held, Inventory, Rendition, Unit};

use crate::request::{ApiRequest, Mode};
use shards::{SHARDS, Shard};

use crate::{Cluster, ClusterError, Kind, request};

/// How often an inventory is read that is replaced while it is read.
const TRIES: usize = 3;
/// What stands behind the version of an inventory that has shards.
const SHARDED: &str = " sharded";
/// The key of the ConfigMap that holds the entries.
const ENTRIES: &str = "entries";
/// The annotations of the head that say what made the objects as they were applied.
const RENDERED_BY: &str = "windlass.dev/rendered-by";
const RENDERED_FROM: &str = "windlass.dev/rendered-from";
/// The label of the ConfigMaps, so that they can be listed.
const LABEL: &str = "windlass.dev/inventory";
/// The Secret that holds the key of the fingerprints.
const KEY_SECRET: &str = "windlass-fingerprint-key";

/// What a unit holds, and which of its inventories says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// What it holds.
    pub held: Held,
    /// Names the stored inventory, to be replaced by the next one; `None` when none is stored, or it could not be
    /// read.
    pub version: Option<String>,
}

/// Why an inventory, or the key beside it, could not be stored.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// The cluster did not take or give it.
    #[error("the inventory in namespace {namespace} cannot be used: {error}")]
    Cluster {
        /// The namespace.
        namespace: String,
        /// What the cluster said.
        error: ClusterError,
    },
    /// Another process has stored one since this one was read.
    #[error("another process has changed the inventory of {unit}; planning again")]
    Changed {
        /// The unit.
        unit: Unit,
    },
    /// The operating system gave no random bytes for a key.
    #[error("the operating system gives no random bytes: {0}")]
    Random(getrandom::Error),
    /// What is stored is not what was written.
    #[error(
        "{object} in namespace {namespace} is damaged: {reason}; restore it from a backup, or delete it to begin anew (nothing is pruned then)"
    )]
    Damaged {
        /// The ConfigMap or Secret.
        object: String,
        /// The namespace.
        namespace: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Stored {
    fn unknown(reason: String) -> Self {
        Self {
            held: Held::Unknown { reason },
            version: None,
        }
    }
}

impl Cluster {
    /// Returns what the unit has applied. A unit without a stored inventory holds nothing; one whose
    /// inventory cannot be read is not known.
    pub async fn inventory(&self, unit: &Unit) -> Stored {
        for _ in 0..TRIES {
            let (head, stored) = match self.head(unit).await {
                Err(error) => return Stored::unknown(error.to_string()),
                Ok(None) => (None, Held::Known(Inventory::default())),
                Ok(Some(head)) => (version(&head), self.entries(unit, &head).await),
            };
            let stored = Stored {
                held: stored,
                version: head,
            };
            // Parts may be gone because another inventory has just taken the place of this one.
            let is_known = matches!(stored.held, Held::Known(_));
            if is_known || self.is_still(unit, &stored).await {
                return stored;
            }
        }
        Stored::unknown("it changes all the time".to_owned())
    }

    async fn is_still(&self, unit: &Unit, stored: &Stored) -> bool {
        let head = self.head(unit).await;
        head.is_ok_and(|head| head.as_ref().and_then(version) == stored.version)
    }

    async fn head(&self, unit: &Unit) -> Result<Option<Value>, ClusterError> {
        let kind = core("configmaps", "ConfigMap");
        let request = request::get(&kind, Some(&unit.namespace), &name(unit));
        self.send_opt(request, &name(unit)).await
    }

    async fn entries(&self, unit: &Unit, head: &Value) -> Held {
        let held = match parse(head) {
            Ok(Parsed::Whole(inventory)) => Held::Known(inventory),
            Ok(Parsed::Shards(shards)) => self.read_shards(unit, &shards).await,
            Err(reason) => unknown(unit, reason),
        };
        match held {
            Held::Known(inventory) => Held::Known(inventory.rendered(rendition(head))),
            unknown @ Held::Unknown { .. } => unknown,
        }
    }

    /// Returns the units of `namespace` that have an inventory, with it. One that is damaged is not known,
    /// and does not stand in the way of the others. A copy under another name is nobody's inventory.
    pub async fn inventories(
        &self,
        namespace: &str,
    ) -> Result<Vec<(Unit, Stored)>, InventoryError> {
        let request = request::list(&core("configmaps", "ConfigMap"), Some(namespace), LABEL);
        let items = self.list(request).await;
        let items = items.map_err(|error| failure(namespace, error))?;
        let mut units = Vec::with_capacity(items.len());
        for stored in items {
            let label = stored["metadata"]["labels"][LABEL].as_str();
            let Some(unit) = label.map(|label| Unit::new(namespace, label)) else {
                continue;
            };
            if stored["metadata"]["name"] != name(&unit) {
                continue;
            }
            let stored = match parse(&stored) {
                Ok(Parsed::Shards(_)) => self.inventory(&unit).await,
                _ => Stored {
                    version: version(&stored),
                    held: self.entries(&unit, &stored).await,
                },
            };
            units.push((unit, stored));
        }
        Ok(units)
    }

    /// Stores what the unit has applied, in place of the inventory of this `version`, and returns the new
    /// version. `None` means that none is stored yet.
    ///
    /// [`InventoryError::Changed`] means that another process was faster, and that nothing was stored.
    pub async fn store_inventory(
        &self,
        unit: &Unit,
        inventory: &Inventory,
        version: Option<&str>,
    ) -> Result<String, InventoryError> {
        let was_sharded = version.is_some_and(|version| version.ends_with(SHARDED));
        let version = version.map(|version| version.trim_end_matches(SHARDED));
        let mut texts = shards::texts(inventory);
        let shards = match texts.len() {
            1 => Vec::new(),
            _ => {
                self.write_shards(unit, &std::mem::take(&mut texts), version)
                    .await?
            }
        };
        let mut head = object(unit, texts.pop(), &shards);
        if let Some(Rendition { by, inputs }) = inventory.rendition() {
            head["metadata"]["annotations"] = json!({RENDERED_BY: by, RENDERED_FROM: inputs});
        }
        let stored = self.store_head(unit, head, version).await?;
        if was_sharded || !shards.is_empty() {
            // What is left behind now takes room and is in nobody's way; the next one who stores parts tries again.
            let _ = self.remove_old_shards(unit, &shards, &stored).await;
        }
        let mark = if shards.is_empty() { "" } else { SHARDED };
        Ok(stored + mark)
    }

    async fn store_head(
        &self,
        unit: &Unit,
        mut object: Value,
        version: Option<&str>,
    ) -> Result<String, InventoryError> {
        let kind = core("configmaps", "ConfigMap");
        let namespace = Some(unit.namespace.as_str());
        let request = match version {
            None => request::create(&kind, namespace, &object, self.manager()),
            Some(version) => {
                object["metadata"]["resourceVersion"] = version.into();
                // Not an apply: that would make one anew which was deleted meanwhile, whatever version it names.
                request::replace(&kind, namespace, &name(unit), &object, self.manager())
            }
        };
        match self.send(request).await {
            Ok(stored) => resource_version(&stored).ok_or_else(|| {
                failure(
                    &unit.namespace,
                    self.unexpected("an object without resourceVersion"),
                )
            }),
            Err(error) => match self.stored_all_the_same(unit, &object, &error).await {
                Some(version) => Ok(version),
                None if error.is_conflict() || is_gone(&error) => {
                    Err(InventoryError::Changed { unit: unit.clone() })
                }
                None => Err(failure(&unit.namespace, error)),
            },
        }
    }

    /// Returns the version of what is stored, if that is what was to be stored: the answer of the first attempt may
    /// have been lost, and then the second one finds a version that it does not expect.
    async fn stored_all_the_same(
        &self,
        unit: &Unit,
        object: &Value,
        error: &ClusterError,
    ) -> Option<String> {
        if !error.is_conflict() && !matches!(error, ClusterError::Unreachable { .. }) {
            return None;
        }
        let stored = self.head(unit).await.ok()??;
        (stored["data"] == object["data"]).then(|| resource_version(&stored))?
    }

    /// Returns the key of the fingerprints, made on first use together with its namespace.
    pub async fn fingerprint_key(&self, namespace: &str) -> Result<FingerprintKey, InventoryError> {
        if let Some(key) = self.stored_key(namespace).await? {
            return Ok(key);
        }
        let made = self.make_namespace(namespace).await;
        made.map_err(|error| failure(namespace, error))?;
        let bytes = random_bytes()?;
        let object = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": KEY_SECRET, "namespace": namespace},
            "data": {"key": STANDARD.encode(bytes)},
        });
        let request = request::create(
            &core("secrets", "Secret"),
            Some(namespace),
            &object,
            self.manager(),
        );
        match self.send(request).await {
            Ok(_) => Ok(FingerprintKey::new(bytes)),
            // Another process was faster: its key counts.
            Err(ClusterError::Refused { code, .. }) if code == StatusCode::CONFLICT => {
                let key = self.stored_key(namespace).await?;
                key.ok_or_else(|| damaged_key(namespace, "it vanished while it was read"))
            }
            Err(error) => Err(failure(namespace, error)),
        }
    }

    /// Returns the key of the fingerprints, if there is one.
    pub async fn stored_key(
        &self,
        namespace: &str,
    ) -> Result<Option<FingerprintKey>, InventoryError> {
        let request = request::get(&core("secrets", "Secret"), Some(namespace), KEY_SECRET);
        let stored = self
            .send_opt(request, KEY_SECRET)
            .await
            .map_err(|error| failure(namespace, error))?;
        let Some(stored) = stored else {
            return Ok(None);
        };
        let encoded = stored
            .pointer("/data/key")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let bytes = STANDARD
            .decode(encoded)
            .ok()
            .and_then(|bytes| bytes.try_into().ok());
        let bytes = bytes.ok_or_else(|| damaged_key(namespace, "it does not hold 32 bytes"))?;
        Ok(Some(FingerprintKey::new(bytes)))
    }

    /// Has a namespace of our own.
    pub(crate) async fn make_namespace(&self, namespace: &str) -> Result<(), ClusterError> {
        let object =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        let request = self.apply_own(&core_cluster("namespaces", "Namespace"), None, &object);
        // What is written to have the right to write.
        self.send_unfenced(request).await.map(drop)
    }

    /// Returns the request that applies an object of our own bookkeeping.
    fn apply_own(&self, kind: &Kind, namespace: Option<&str>, object: &Value) -> ApiRequest {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        request::apply(kind, namespace, name, object, self.manager(), Mode::Persist)
    }
}

fn is_gone(error: &ClusterError) -> bool {
    matches!(error, ClusterError::Refused { code: 404, .. })
}

/// Returns a key that nobody else knows. Its fingerprints can be compared with each other only.
pub fn temporary_key() -> Result<FingerprintKey, InventoryError> {
    Ok(FingerprintKey::new(random_bytes()?))
}

fn random_bytes() -> Result<[u8; 32], InventoryError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(InventoryError::Random)?;
    Ok(bytes)
}

fn name(unit: &Unit) -> String {
    format!("windlass-inventory-{}", unit.name)
}

/// Returns the head: with the entries, or else with the names of the shards that have them. Each is written even when
/// it is empty, in place of what may have been there.
fn object(unit: &Unit, entries: Option<String>, shards: &[Shard]) -> Value {
    let names = match shards {
        [] => String::new(),
        shards => serde_json::to_string(shards).expect("names always print"),
    };
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name(unit),
            "namespace": unit.namespace,
            "labels": {LABEL: unit.name, "app.kubernetes.io/managed-by": "windlass"},
        },
        "data": {ENTRIES: entries.unwrap_or_default(), SHARDS: names},
    })
}

/// Returns what names this inventory.
fn version(stored: &Value) -> Option<String> {
    let mark = shards_of(stored).map_or("", |_| SHARDED);
    resource_version(stored).map(|version| version + mark)
}

fn resource_version(stored: &Value) -> Option<String> {
    let version = stored.pointer("/metadata/resourceVersion")?.as_str()?;
    Some(version.to_owned())
}

/// Returns what made the objects as they were applied, if an inventory says so.
fn rendition(head: &Value) -> Option<Rendition> {
    let annotations = &head["metadata"]["annotations"];
    let text = |key| annotations[key].as_str().map(str::to_owned);
    Some(Rendition {
        by: text(RENDERED_BY)?,
        inputs: text(RENDERED_FROM)?,
    })
}

enum Parsed {
    Whole(Inventory),
    Shards(Vec<Shard>),
}

/// Returns what names the shards, where there are some.
fn shards_of(stored: &Value) -> Option<&str> {
    let shards = stored["data"][SHARDS].as_str();
    shards.filter(|shards| !shards.is_empty())
}

fn parse(stored: &Value) -> Result<Parsed, String> {
    if let Some(shards) = shards_of(stored) {
        let shards = serde_json::from_str(shards).map_err(|error| error.to_string())?;
        return Ok(Parsed::Shards(shards));
    }
    let entries = stored["data"][ENTRIES].as_str();
    let entries = entries.ok_or_else(|| format!("it has no data.{ENTRIES}"))?;
    let inventory = serde_json::from_str(entries);
    inventory
        .map(Parsed::Whole)
        .map_err(|error| error.to_string())
}

fn unknown(unit: &Unit, reason: String) -> Held {
    let reason = damaged(unit, reason).to_string();
    Held::Unknown { reason }
}

fn damaged(unit: &Unit, reason: String) -> InventoryError {
    InventoryError::Damaged {
        object: format!("ConfigMap {}", name(unit)),
        namespace: unit.namespace.clone(),
        reason,
    }
}

fn failure(namespace: &str, error: ClusterError) -> InventoryError {
    InventoryError::Cluster {
        namespace: namespace.to_owned(),
        error,
    }
}

fn damaged_key(namespace: &str, reason: &str) -> InventoryError {
    InventoryError::Damaged {
        object: format!("Secret {KEY_SECRET}"),
        namespace: namespace.to_owned(),
        reason: reason.to_owned(),
    }
}

fn core(plural: &str, kind: &str) -> Kind {
    Kind {
        namespaced: true,
        ..core_cluster(plural, kind)
    }
}

fn core_cluster(plural: &str, kind: &str) -> Kind {
    Kind {
        group: String::new(),
        version: "v1".to_owned(),
        kind: kind.to_owned(),
        plural: plural.to_owned(),
        namespaced: false,
    }
}
