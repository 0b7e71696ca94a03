//! The keys of this process, until `crate::keys` has them.

use windlass_aws::Config;
use windlass_http::Settings;
use windlass_keys::{AwsKms, Gpg, Vault, VaultConfig};
use windlass_sops::{KeyFailure, KeyService, Keyring, MasterKey, SecretBytes, WrappedKey};

/// The keys that this process has.
pub(super) struct Keys {
    services: Vec<Box<dyn KeyService>>,
    problems: Vec<String>,
}

impl Keys {
    /// Returns what the sops program uses: age keys, the gpg program, and the services of the environment.
    pub(super) fn for_sops(settings: &Settings) -> Self {
        let mut problems = Vec::new();
        let variable = |name: &str| std::env::var(name).ok();
        let mut keyring = Keyring::new();
        let mut add = |loaded: Result<Keyring, String>| match loaded {
            Ok(loaded) => keyring.extend(loaded),
            Err(failure) => problems.push(failure),
        };
        if let Some(text) = variable("SOPS_AGE_KEY") {
            add(Keyring::parse(&text).map_err(|error| format!("$SOPS_AGE_KEY: {error}")));
        }
        if let Some(file) = variable("SOPS_AGE_KEY_FILE") {
            let text = std::fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"));
            let read =
                |text: String| Keyring::parse(&text).map_err(|error| format!("{file}: {error}"));
            add(text.and_then(read));
        }
        let mut services: Vec<Box<dyn KeyService>> = vec![Box::new(keyring)];
        match AwsKms::new(Config::from_env(variable), settings) {
            Ok(service) => services.push(Box::new(service)),
            Err(error) => problems.push(error.to_string()),
        }
        match Vault::new(VaultConfig::from_env(variable), settings) {
            Ok(service) => services.push(Box::new(service)),
            Err(error) => problems.push(error.to_string()),
        }
        services.push(Box::new(Gpg::from_env(variable)));
        Self { services, problems }
    }

    /// Returns which sources of keys could not be read.
    pub(super) fn problems(&self) -> &[String] {
        &self.problems
    }
}

impl KeyService for Keys {
    fn unwrap(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        self.services.unwrap(key)
    }

    fn wrap(&self, key: &MasterKey, secret: &SecretBytes) -> Result<String, KeyFailure> {
        self.services.wrap(key, secret)
    }
}
