//! Keys that are asked for over the network: each service is made when it is first needed.

use std::fmt::Display;
use std::sync::OnceLock;

use windlass_aws::Config;
use windlass_http::Settings;
use windlass_keys::{
    Addresses, AwsKms, AzureConfig, AzureKeyVault, GcpConfig, GcpKms, Vault, VaultConfig,
};
use windlass_sops::{KeyFailure, KeyService, KeyType, MasterKey, SecretBytes, WrappedKey};

use super::variable;

type Made<S> = OnceLock<Result<S, KeyFailure>>;

/// The services, with the credentials of the environment.
pub(super) struct Elsewhere {
    settings: Settings,
    vault_addresses: Addresses,
    aws: Made<AwsKms>,
    gcp: Made<GcpKms>,
    azure: Made<AzureKeyVault>,
    vault: Made<Vault>,
}

impl Elsewhere {
    pub(super) fn new(settings: &Settings, vault_addresses: Addresses) -> Self {
        Self {
            settings: settings.clone(),
            vault_addresses,
            aws: OnceLock::new(),
            gcp: OnceLock::new(),
            azure: OnceLock::new(),
            vault: OnceLock::new(),
        }
    }

    fn service(&self, key_type: KeyType) -> Result<&dyn KeyService, KeyFailure> {
        match key_type {
            KeyType::AwsKms => made(&self.aws, || {
                AwsKms::new(Config::from_env(variable), &self.settings)
            }),
            KeyType::GcpKms => made(&self.gcp, || {
                GcpKms::new(GcpConfig::from_env(variable), &self.settings)
            }),
            KeyType::AzureKeyVault => made(&self.azure, || {
                AzureKeyVault::new(AzureConfig::from_env(variable), &self.settings)
            }),
            KeyType::HashicorpVault => made(&self.vault, || {
                let addresses = self.vault_addresses.clone();
                let config = VaultConfig {
                    addresses,
                    ..VaultConfig::from_env(variable)
                };
                Vault::new(config, &self.settings)
            }),
            key_type => Err(KeyFailure::NotServed { key_type }),
        }
    }
}

impl KeyService for Elsewhere {
    fn unwrap(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        self.service(key.key.key_type())?.unwrap(key)
    }

    fn wrap(&self, key: &MasterKey, secret: &SecretBytes) -> Result<String, KeyFailure> {
        self.service(key.key_type())?.wrap(key, secret)
    }

    fn resolved(&self, key: &MasterKey) -> Result<MasterKey, KeyFailure> {
        self.service(key.key_type())?.resolved(key)
    }
}

fn made<S: KeyService, E: Display>(
    service: &Made<S>,
    make: impl FnOnce() -> Result<S, E>,
) -> Result<&dyn KeyService, KeyFailure> {
    let invalid = |error: E| KeyFailure::Invalid {
        reason: error.to_string(),
    };
    match service.get_or_init(|| make().map_err(invalid)) {
        Ok(service) => Ok(service),
        Err(failure) => Err(failure.clone()),
    }
}
