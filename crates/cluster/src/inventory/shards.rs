//! A large inventory, in several ConfigMaps.
//!
//! The shards are written first, under names that nobody has used, then the head that names them. Replacing the head
//! is one write, so it is always the one inventory or the other that is stored. What no head names any more is removed
//! last, and what a crash leaves behind by the next one who stores.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use windlass_plan::{Entry, Held, Inventory, Unit};

use super::{ENTRIES, InventoryError, core, failure, random_bytes, unknown};
use crate::request::{Mode, Propagation};
use crate::{Cluster, ClusterError, request};

/// The key of the head that names the shards.
pub(super) const SHARDS: &str = "shards";
/// The label of the shards, so that they can be listed.
const LABEL: &str = "windlass.dev/inventory-shard";
/// The annotation with the version of the head that the shards were written to replace.
const REPLACES: &str = "windlass.dev/replaces";
/// That of shards which were written when there was no head.
const NOTHING: &str = "nothing";
/// How long the entries in one ConfigMap may be, in bytes. It holds 1 MiB, and etcd 1.5 MiB with what is around it.
const MOST: usize = 700_000;

/// A shard, as the head names it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Shard {
    name: String,
    /// SHA-256 of its entries, in hexadecimal digits.
    sha256: String,
}

/// Returns the entries in as many texts as are needed, each a JSON list.
pub(super) fn texts(inventory: &Inventory) -> Vec<String> {
    let mut texts = vec![String::new()];
    for entry in inventory.entries() {
        let entry = serde_json::to_string(entry).expect("an entry always prints");
        let last = texts.last_mut().expect("there is always one");
        if last.is_empty() {
            *last = format!("[{entry}");
        } else if last.len() + entry.len() < MOST {
            last.push(',');
            last.push_str(&entry);
        } else {
            texts.push(format!("[{entry}"));
        }
    }
    let closed = texts.into_iter().map(|text| match text.as_str() {
        "" => "[]".to_owned(),
        _ => text + "]",
    });
    closed.collect()
}

impl Shard {
    /// Returns what the stored shard holds, or what is wrong with it.
    fn entries(&self, stored: &Value) -> Result<Vec<Entry>, String> {
        let text = stored["data"][ENTRIES].as_str().unwrap_or_default();
        if digest(text) != self.sha256 {
            return Err("not what was written".to_owned());
        }
        serde_json::from_str(text).map_err(|error| error.to_string())
    }
}

impl Cluster {
    /// Writes the texts as shards of a head that is to replace `version`, and returns their names.
    pub(super) async fn write_shards(
        &self,
        unit: &Unit,
        texts: &[String],
        version: Option<&str>,
    ) -> Result<Vec<Shard>, InventoryError> {
        let random = hex(&random_bytes()?[..5]);
        let mut shards = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            let name = format!("{}-{random}-{index}", super::name(unit));
            let object = json!({
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {
                    "name": name,
                    "namespace": unit.namespace,
                    "labels": {LABEL: unit.name, "app.kubernetes.io/managed-by": "windlass"},
                    "annotations": {REPLACES: version.unwrap_or(NOTHING)},
                },
                "data": {ENTRIES: text},
            });
            let namespace = Some(unit.namespace.as_str());
            let kind = core("configmaps", "ConfigMap");
            let manager = self.manager();
            let request = request::apply(&kind, namespace, &name, &object, manager, Mode::Persist);
            let sent = self.send(request).await;
            sent.map_err(|error| failure(&unit.namespace, error))?;
            shards.push(Shard {
                name,
                sha256: digest(text),
            });
        }
        Ok(shards)
    }

    /// Returns the inventory that the shards hold: all of it, or it is not known.
    pub(super) async fn read_shards(&self, unit: &Unit, shards: &[Shard]) -> Held {
        let mut entries: Vec<Entry> = Vec::new();
        for shard in shards {
            let kind = core("configmaps", "ConfigMap");
            let request = request::get(&kind, Some(&unit.namespace), &shard.name);
            let more = match self.send_opt(request, &shard.name).await {
                Ok(Some(stored)) => shard.entries(&stored),
                Ok(None) => Err("missing".to_owned()),
                Err(error) => {
                    let reason = error.to_string();
                    return Held::Unknown { reason };
                }
            };
            match more {
                Ok(more) => entries.extend(more),
                Err(reason) => {
                    return unknown(unit, format!("its part {} is {reason}", shard.name));
                }
            }
        }
        Held::Known(entries.into_iter().collect())
    }

    /// Removes the shards that the head of this `version`, which names `shards`, has left behind.
    ///
    /// A shard that was written to replace just this head is kept: someone is about to do so. One that was written to
    /// replace another head can be named by none any more, since that head is gone, and no version comes twice.
    pub(super) async fn remove_old_shards(
        &self,
        unit: &Unit,
        shards: &[Shard],
        version: &str,
    ) -> Result<(), ClusterError> {
        let named: BTreeSet<&str> = shards.iter().map(|shard| shard.name.as_str()).collect();
        let kind = core("configmaps", "ConfigMap");
        let namespace = Some(unit.namespace.as_str());
        let list = request::list(&kind, namespace, &format!("{LABEL}={}", unit.name));
        for stored in self.list(list).await? {
            let text = |pointer| {
                stored
                    .pointer(pointer)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            let (name, uid) = (text("/metadata/name"), text("/metadata/uid"));
            let replaces = stored["metadata"]["annotations"][REPLACES].as_str();
            if named.contains(name) || replaces == Some(version) {
                continue;
            }
            let request = request::delete(
                &kind,
                namespace,
                name,
                uid,
                text("/metadata/resourceVersion"),
                Propagation::Background,
            );
            self.send_opt(request, name).await?;
        }
        Ok(())
    }
}

fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let digits = digits.filter_map(|digit| char::from_digit(u32::from(digit), 16));
    digits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_hold_every_entry_once_and_none_is_too_long() {
        for count in [0, 1, 4_000, 20_000] {
            let entries = (0..count).map(|index| {
                Entry::parse(
                    &format!("shop_a-name-of-some-length-{index}__ConfigMap"),
                    "v1",
                )
                .unwrap()
            });
            let inventory: Inventory = entries.collect();
            let texts = texts(&inventory);
            assert!(texts.iter().all(|text| text.len() <= MOST));
            let read = texts
                .iter()
                .flat_map(|text| serde_json::from_str::<Vec<Entry>>(text).unwrap());
            assert_eq!(read.collect::<Inventory>(), inventory);
            assert_eq!(texts.len() > 1, count == 20_000);
        }
    }
}
