//! The keys that this process has: those that sops looks for, and those that a person names.
//!
//! - `age`: the places of age identities; `command`: the program that prints one.
//! - `named`: files that a person names; `secret`: manifests of Secrets with keys.
//! - `elsewhere`: services that are asked over the network.
//! - `together`: many documents at once.

mod age;
mod command;
mod elsewhere;
mod named;
mod secret;
pub(crate) mod together;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use windlass_http::Settings;
use windlass_keys::{Addresses, AnyOf, CacheLimits, Cached, Gpg, SecretKeys};
use windlass_sops::{
    KeyFailure, KeyService, KeyType, Keyring, MasterKey, PgpKeyring, SecretBytes, WrappedKey,
};
use windlass_tree::Tree;

use crate::failure::Failure;

use age::{AgeKeys, Places, ask_at_terminal};
use command::KeyCommand;
use elsewhere::Elsewhere;
use named::Named;
pub(crate) use together::Together;

/// The keys that this process has. Until a key of its type is asked for, no file of a person is read, no
/// service is asked and no program is started.
pub(crate) struct Keys {
    /// Those that a person names, asked first.
    secrets: Vec<SecretKeys>,
    age: AgeKeys,
    pgp: Pgp,
    services: Services,
}

/// The services that are asked over the network, with their credentials and the data keys that they
/// unwrapped. Clones share them.
#[derive(Clone)]
pub(crate) struct Services(Arc<Cached<Elsewhere>>);

enum Pgp {
    /// The program of a person at a terminal.
    Program(Gpg),
    /// Keys as data.
    Ring(PgpKeyring),
}

impl Keys {
    /// Returns the keys that the sops program has: every variable and file that it looks at, and the gpg
    /// program.
    pub(crate) fn for_sops(settings: &Settings) -> Self {
        Self {
            secrets: Vec::new(),
            age: AgeKeys::new(Keyring::new(), Places::from_env(variable))
                .or_from(KeyCommand::from_env(variable))
                .or_ask(ask_at_terminal),
            pgp: Pgp::Program(Gpg::from_env(variable)),
            services: Services::new(settings, Addresses::Any),
        }
    }

    /// Returns the keys that rendering has: those of `files` and of the manifests `secrets`, the demo key of
    /// the repository, and what the sops program finds without another program. Vault is asked at
    /// `$VAULT_ADDR` only.
    ///
    /// # Errors
    ///
    /// One of the files cannot be used. Whatever else cannot is one of the [`problems`](Self::problems).
    pub(crate) fn for_rendering(
        files: &[PathBuf],
        secrets: &[PathBuf],
        tree: &dyn Tree,
    ) -> Result<Self, Failure> {
        let mut named = Named::read(files)?;
        named.add_demo_key(tree)?;
        Ok(Self {
            secrets: secret::read_all(secrets, &vault_address())?,
            age: AgeKeys::new(named.age, Places::from_env(variable)),
            pgp: Pgp::Ring(named.pgp),
            services: Services::for_rendering(),
        })
    }

    /// Asks these services, which may know something already.
    pub(crate) fn asking(self, services: &Services) -> Self {
        let services = services.clone();
        Self { services, ..self }
    }

    /// Returns what is wrong with the places that were looked at. It matters when a document does not open.
    pub(crate) fn problems(&self) -> &[String] {
        self.age.problems()
    }

    /// Returns whether no key was named, and no age identity found.
    pub(crate) fn is_empty(&self) -> bool {
        self.secrets.is_empty() && self.age().is_empty()
    }

    /// Returns the age identities that no program and no passphrase is needed for.
    pub(crate) fn age(&self) -> &Keyring {
        self.age.keyring()
    }

    /// Returns the recipients whose secrets the keys open: what tells one set of keys from another.
    pub(crate) fn recipients(&self) -> Vec<String> {
        let rings = self.secrets.iter().map(SecretKeys::age);
        let rings = rings.chain([self.age()]);
        rings
            .flat_map(|ring| ring.recipients().map(str::to_owned))
            .collect()
    }

    fn service(&self, key_type: KeyType) -> &dyn KeyService {
        match (key_type, &self.pgp) {
            (KeyType::Age, _) => &self.age,
            (KeyType::Pgp, Pgp::Program(gpg)) => gpg,
            (KeyType::Pgp, Pgp::Ring(ring)) => ring,
            _ => &*self.services.0,
        }
    }
}

impl KeyService for Keys {
    fn unwrap(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        let own = self.service(key.key.key_type());
        if self.secrets.is_empty() {
            return own.unwrap(key);
        }
        let secrets = self.secrets.iter().map(|secret| secret as &dyn KeyService);
        AnyOf(secrets.chain([own]).collect()).unwrap(key)
    }

    fn wrap(&self, key: &MasterKey, secret: &SecretBytes) -> Result<String, KeyFailure> {
        self.service(key.key_type()).wrap(key, secret)
    }

    fn resolved(&self, key: &MasterKey) -> Result<MasterKey, KeyFailure> {
        self.service(key.key_type()).resolved(key)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Keys").finish_non_exhaustive()
    }
}

impl Services {
    /// Returns those that rendering asks. Nothing is asked yet.
    pub(crate) fn for_rendering() -> Self {
        Self::new(&Settings::default(), vault_address())
    }

    fn new(settings: &Settings, vault_addresses: Addresses) -> Self {
        let service = Elsewhere::new(settings, vault_addresses);
        Self(Arc::new(Cached::new(service, CacheLimits::default())))
    }
}

/// Returns the one address at which a token of Vault may be shown for what others wrote.
fn vault_address() -> Addresses {
    let vault = variable("VAULT_ADDR").filter(|address| !address.is_empty());
    Addresses::Only(vault.into_iter().collect())
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
