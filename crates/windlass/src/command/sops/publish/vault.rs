//! Vault's key-value engine, which gets values in clear.

use std::env;
use std::fmt;

use serde_json::{Value, json};
use windlass_keys::Vault;
use windlass_sops::SecretBytes;

use super::super::exit::Exit;
use super::store::Written;
use crate::failure::Failure;
use crate::terminal::complain;

/// The address of Vault's own programs, where none is set.
const ADDRESS: &str = "https://127.0.0.1:8200";

/// A place in Vault.
pub(super) struct Secret {
    address: String,
    path: String,
    version: u8,
}

impl Secret {
    /// Returns the place for a name, in the Vault of `address` or else of `$VAULT_ADDR`.
    pub(super) fn new(
        address: Option<&str>,
        mount: &str,
        path: &str,
        version: u8,
        name: &str,
    ) -> Self {
        let set = env::var("VAULT_ADDR").ok();
        let addresses = [address.map(str::to_owned), set];
        let mut addresses = addresses.into_iter().flatten();
        let address = addresses.find(|address| !address.is_empty());
        let mount = mount.trim_end_matches('/');
        let data = if version == 1 { "" } else { "data/" };
        let path = path.trim_end_matches('/');
        Self {
            address: address.unwrap_or_else(|| ADDRESS.to_owned()),
            path: format!("{mount}/{data}{path}/{name}"),
            version,
        }
    }

    /// Writes values, unless they are there already.
    pub(super) fn write(&self, vault: &Vault, json: &SecretBytes) -> Result<Written, Failure> {
        let failed = |reason: String| Exit::Generic.because(format!("{self} {reason}"));
        let values: Value = serde_json::from_slice(json.expose())
            .map_err(|_| failed("cannot hold the document: it is no JSON".to_owned()))?;
        match vault.read(&self.address, &self.path) {
            Ok(Some(there)) if self.values(&there) == Some(&values) => return Ok(Written::Same),
            Ok(_) => {}
            Err(failure) => complain(&format!(
                "warning: whether {self} is up to date is not known: it {failure}"
            )),
        }
        let body = match self.version {
            1 => values,
            _ => json!({ "data": values }),
        };
        let written = vault.write(&self.address, &self.path, &body);
        written.map_err(|failure| failed(failure.to_string()))?;
        Ok(Written::New)
    }

    fn values<'v>(&self, there: &'v Value) -> Option<&'v Value> {
        match self.version {
            1 => Some(there),
            _ => there.get("data"),
        }
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.address.trim_end_matches('/');
        write!(formatter, "{address}/v1/{}", self.path)
    }
}
