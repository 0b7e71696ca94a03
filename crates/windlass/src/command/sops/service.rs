//! Who opens documents and encrypts for keys: this process, and the key services that are named.

use std::fmt;

use windlass_http::Settings;
use windlass_sops::{KeyFailure, KeyService, MasterKey, SecretBytes, WrappedKey};

use super::exit::Exit;
use super::flags::ServiceFlags;
use crate::failure::Failure;
use crate::keys::Keys;

/// The keys of this process and the key services that are named, asked in this order.
pub(super) struct Services {
    local: Option<Keys>,
}

impl Services {
    /// Gathers what the flags allow. Nothing is asked yet.
    pub(super) fn new(flags: &ServiceFlags) -> Result<Self, Failure> {
        if let Some(address) = flags.keyservice.iter().find(|address| !address.is_empty()) {
            return Err(Exit::Generic.because(format!(
                "--keyservice {address}: key services are not in windlass yet"
            )));
        }
        let local = flags
            .enable_local_keyservice
            .then(|| Keys::for_sops(&Settings::default()));
        Ok(Self { local })
    }

    /// Returns which sources of keys could not be read: what to say when no key opens a document.
    pub(super) fn problems(&self) -> &[String] {
        self.local.as_ref().map_or(&[], Keys::problems)
    }
}

impl KeyService for Services {
    fn unwrap(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        match &self.local {
            Some(keys) => keys.unwrap(key),
            None => Err(not_served(&key.key)),
        }
    }

    fn wrap(&self, key: &MasterKey, secret: &SecretBytes) -> Result<String, KeyFailure> {
        match &self.local {
            Some(keys) => keys.wrap(key, secret),
            None => Err(not_served(key)),
        }
    }
}

fn not_served(key: &MasterKey) -> KeyFailure {
    let key_type = key.key_type();
    KeyFailure::NotServed { key_type }
}

impl fmt::Debug for Services {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Services([redacted])")
    }
}
