//! Secrets of Vault's key-value engine, by their paths: for `sops publish`.

use http::Method;
use serde_json::Value;
use windlass_sops::KeyFailure;

use super::{Vault, refusal};

impl Vault {
    /// Returns what stands at `path` of the Vault at `address`, as it answers under `data`; `None` when there is
    /// nothing. The path begins behind `/v1/`.
    pub fn read(&self, address: &str, path: &str) -> Result<Option<Value>, KeyFailure> {
        let request = self.request(Method::GET, address, path, Vec::new())?;
        let answer = self.send(&request)?;
        match answer.status {
            404 => Ok(None),
            _ if answer.is_success() => {
                let mut json: Value =
                    serde_json::from_slice(answer.body()).map_err(|_| KeyFailure::Damaged)?;
                Ok(Some(json["data"].take()))
            }
            _ => Err(refusal(&answer, address, path, "read")),
        }
    }

    /// Writes JSON to `path` of the Vault at `address`.
    pub fn write(&self, address: &str, path: &str, json: &Value) -> Result<(), KeyFailure> {
        let request = self.request(Method::PUT, address, path, json.to_string().into_bytes())?;
        let answer = self.send(&request)?;
        if answer.is_success() {
            return Ok(());
        }
        Err(refusal(&answer, address, path, "update"))
    }
}
