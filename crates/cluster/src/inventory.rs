//! What units have applied, kept in the cluster.
//!
//! Each unit has a ConfigMap in its own namespace, beside a Secret with the key of the fingerprints.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Value, json};
use windlass_object::FingerprintKey;
use windlass_plan::{Held, Inventory, Unit};

use crate::request::{Mode, Ownership};
use crate::{Cluster, ClusterError, Kind, request};

/// The key of the ConfigMap that holds the entries.
const ENTRIES: &str = "entries";
/// The label of the ConfigMaps, so that they can be listed.
const LABEL: &str = "windlass.dev/inventory";
/// The Secret that holds the key of the fingerprints.
const KEY_SECRET: &str = "windlass-fingerprint-key";

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

impl Cluster {
    /// Returns what the unit has applied. A unit without a stored inventory holds nothing; one whose
    /// inventory cannot be read is not known.
    pub async fn inventory(&self, unit: &Unit) -> Held {
        let request = request::get(
            &core("configmaps", "ConfigMap"),
            Some(&unit.namespace),
            &name(unit),
        );
        let stored = match self.send_opt(request, &name(unit)).await {
            Ok(Some(stored)) => stored,
            Ok(None) => return Held::Known(Inventory::default()),
            Err(error) => {
                return Held::Unknown {
                    reason: error.to_string(),
                };
            }
        };
        match parse(&stored) {
            Ok(inventory) => Held::Known(inventory),
            Err(reason) => Held::Unknown {
                reason: format!("ConfigMap {}/{}: {reason}", unit.namespace, name(unit)),
            },
        }
    }

    /// Returns the units of `namespace` that have an inventory, with it.
    pub async fn inventories(
        &self,
        namespace: &str,
    ) -> Result<Vec<(Unit, Inventory)>, InventoryError> {
        let request = request::list(&core("configmaps", "ConfigMap"), Some(namespace), LABEL);
        let list = self
            .send(request)
            .await
            .map_err(|error| failure(namespace, error))?;
        let items = list["items"].as_array().map_or(&[][..], Vec::as_slice);
        let parsed = items.iter().filter_map(|stored| {
            let unit = Unit::new(
                namespace,
                stored.pointer("/metadata/labels")?.get(LABEL)?.as_str()?,
            );
            Some(
                parse(stored)
                    .map(|inventory| (unit.clone(), inventory))
                    .map_err(|reason| InventoryError::Damaged {
                        object: format!("ConfigMap {}", name(&unit)),
                        namespace: namespace.to_owned(),
                        reason,
                    }),
            )
        });
        parsed.collect()
    }

    /// Stores what the unit has applied. Nothing is written when it is stored so already.
    pub async fn store_inventory(
        &self,
        unit: &Unit,
        inventory: &Inventory,
    ) -> Result<(), InventoryError> {
        let entries = serde_json::to_string(inventory).expect("an inventory always prints");
        let object = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": name(unit),
                "namespace": unit.namespace,
                "labels": {LABEL: unit.name, "app.kubernetes.io/managed-by": "windlass"},
            },
            "data": {ENTRIES: entries},
        });
        self.apply_own(
            &core("configmaps", "ConfigMap"),
            Some(&unit.namespace),
            &object,
        )
        .await
    }

    /// Returns the key of the fingerprints, made on first use together with its namespace.
    pub async fn fingerprint_key(&self, namespace: &str) -> Result<FingerprintKey, InventoryError> {
        if let Some(key) = self.stored_key(namespace).await? {
            return Ok(key);
        }
        let object =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        self.apply_own(&core_cluster("namespaces", "Namespace"), None, &object)
            .await?;
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

    /// Applies an object of our own bookkeeping.
    async fn apply_own(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        object: &Value,
    ) -> Result<(), InventoryError> {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let request = request::apply(
            kind,
            namespace,
            name,
            object,
            self.manager(),
            Ownership::Force,
            Mode::Persist,
        );
        let applied = self.send(request).await;
        applied
            .map(drop)
            .map_err(|error| failure(namespace.unwrap_or(name), error))
    }
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

fn parse(stored: &Value) -> Result<Inventory, String> {
    let entries = stored
        .pointer("/data")
        .and_then(|data| data.get(ENTRIES))
        .and_then(Value::as_str);
    let entries = entries.ok_or_else(|| format!("it has no data.{ENTRIES}"))?;
    serde_json::from_str(entries).map_err(|error| error.to_string())
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
