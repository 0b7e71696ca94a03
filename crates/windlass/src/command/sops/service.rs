//! Who opens documents and encrypts for keys: this process, and the key services that are named.

use std::fmt;

use windlass_http::Settings;
use windlass_keys::{AnyOf, RemoteAddress, RemoteKeys};
use windlass_sops::{KeyFailure, KeyService, MasterKey, SecretBytes, WrappedKey};

use super::exit::Exit;
use super::flags::ServiceFlags;
use crate::failure::Failure;
use crate::keys::Keys;
use crate::terminal::complain;

/// The keys of this process and the key services that are named, asked in this order until one succeeds.
pub(super) struct Services(AnyOf<Service>);

enum Service {
    Local(Box<Keys>),
    Remote(RemoteKeys),
}

impl Services {
    /// Gathers what the flags allow. Nothing is asked yet.
    pub(super) fn new(flags: &ServiceFlags) -> Result<Self, Failure> {
        let mut services = Vec::new();
        if flags.enable_local_keyservice {
            let keys = Keys::for_sops(&Settings::default());
            services.push(Service::Local(Box::new(keys)));
        }
        // The variable holds a list with commas, as with sops.
        let addresses = flags.keyservice.iter().flat_map(|text| text.split(','));
        for text in addresses.map(str::trim).filter(|text| !text.is_empty()) {
            services.push(Service::Remote(remote(text)?));
        }
        Ok(Self(AnyOf(services)))
    }

    /// Returns which sources of keys could not be read: what to say when no key opens a document.
    pub(super) fn problems(&self) -> &[String] {
        let local = self.0.0.iter().find_map(|service| match service {
            Service::Local(keys) => Some(keys.problems()),
            Service::Remote(_) => None,
        });
        local.unwrap_or_default()
    }
}

fn remote(text: &str) -> Result<RemoteKeys, Failure> {
    let address: Result<RemoteAddress, _> = text.parse();
    let address =
        address.map_err(|error| Exit::Generic.because(format!("--keyservice: {error}")))?;
    if !address.is_local() {
        complain(&format!(
            "warning: --keyservice {address}: data keys go to another machine in clear; ssh can forward a local address"
        ));
    }
    RemoteKeys::new(address).map_err(|error| Exit::Generic.with(error))
}

impl KeyService for Service {
    fn unwrap(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        match self {
            Self::Local(keys) => keys.unwrap(key),
            Self::Remote(keys) => keys.unwrap(key),
        }
    }

    fn wrap(&self, key: &MasterKey, secret: &SecretBytes) -> Result<String, KeyFailure> {
        match self {
            Self::Local(keys) => keys.wrap(key, secret),
            Self::Remote(keys) => keys.wrap(key, secret),
        }
    }

    fn resolved(&self, key: &MasterKey) -> Result<MasterKey, KeyFailure> {
        match self {
            Self::Local(keys) => keys.resolved(key),
            Self::Remote(keys) => keys.resolved(key),
        }
    }
}

impl KeyService for Services {
    fn unwrap(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        self.0.unwrap(key)
    }

    fn wrap(&self, key: &MasterKey, secret: &SecretBytes) -> Result<String, KeyFailure> {
        self.0.wrap(key, secret)
    }

    fn resolved(&self, key: &MasterKey) -> Result<MasterKey, KeyFailure> {
        self.0.resolved(key)
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Services([redacted])")
    }
}
