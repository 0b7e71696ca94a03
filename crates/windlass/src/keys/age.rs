//! Age identities, those that cost least first.

mod places;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;

use windlass_sops::{
    KeyFailure, KeyService, Keyring, LockedKeys, MasterKey, SecretBytes, WrappedKey,
};

use super::command::KeyCommand;
use crate::prompt::hidden_at_terminal;

use places::Read;
pub(super) use places::{MAX_KEY_FILE, Places, parse, read_bytes};

/// Asks the person for the passphrase of what is named.
pub(super) type Prompt = fn(&str) -> Result<SecretBytes, String>;

/// Age identities: given ones, those of the places, and what a program prints.
pub(super) struct AgeKeys {
    given: Keyring,
    places: Places,
    /// What is near at hand: one file, or two.
    near: OnceLock<Found>,
    /// With the SSH keys, which few documents need.
    all: OnceLock<Found>,
    command: Option<KeyCommand>,
    prompt: Option<Prompt>,
}

#[derive(Default)]
struct Found {
    keyring: Keyring,
    locked: Vec<Locked>,
    problems: Vec<String>,
}

/// A key file that a passphrase locks.
#[derive(Clone)]
struct Locked {
    place: String,
    keys: LockedKeys,
    unlocked: OnceLock<Result<Keyring, String>>,
}

impl AgeKeys {
    pub(super) fn new(given: Keyring, places: Places) -> Self {
        Self {
            given,
            places,
            near: OnceLock::new(),
            all: OnceLock::new(),
            command: None,
            prompt: None,
        }
    }

    /// Adds a program, which is asked when no other identity would do.
    pub(super) fn or_from(mut self, command: Option<KeyCommand>) -> Self {
        self.command = command;
        self
    }

    /// Adds the person, who is asked for passphrases when nothing else would do.
    pub(super) fn or_ask(mut self, prompt: Prompt) -> Self {
        self.prompt = Some(prompt);
        self
    }

    /// Returns the identities of all places that are not locked.
    pub(super) fn keyring(&self) -> &Keyring {
        &self.all().keyring
    }

    /// Returns what is wrong with the places that were looked at.
    pub(super) fn problems(&self) -> &[String] {
        let found = self.all.get().or(self.near.get());
        found.map_or(&[], |found| found.problems.as_slice())
    }

    fn near(&self) -> &Found {
        self.near.get_or_init(|| {
            let keyring = self.given.clone();
            let mut found = Found {
                keyring,
                ..Found::default()
            };
            self.places.read_near(&mut found);
            self.settled(found)
        })
    }

    fn all(&self) -> &Found {
        self.all.get_or_init(|| {
            let near = self.near();
            let mut found = Found {
                keyring: near.keyring.clone(),
                locked: near.locked.clone(),
                problems: near.problems.clone(),
            };
            self.places.read_ssh(&mut found);
            self.settled(found)
        })
    }

    /// Makes problems of locked files when there is nobody to ask.
    fn settled(&self, mut found: Found) -> Found {
        if self.prompt.is_none() {
            let problem = |locked: Locked| {
                format!(
                    "{}: it is locked with a passphrase, which only the sops program asks for",
                    locked.place
                )
            };
            let locked = std::mem::take(&mut found.locked);
            found.problems.extend(locked.into_iter().map(problem));
        }
        found
    }

    /// Asks the program.
    fn printed(&self, key: &WrappedKey) -> Option<Result<SecretBytes, KeyFailure>> {
        let (Some(command), MasterKey::Age { recipient }) = (&self.command, &key.key) else {
            return None;
        };
        Some(match command.identities(recipient) {
            Ok(keyring) => keyring.unwrap(key),
            Err(reason) => Err(KeyFailure::Invalid { reason }),
        })
    }

    /// Asks the person for the passphrases of files that may open the key.
    fn unlocked(&self, key: &WrappedKey) -> Option<Result<SecretBytes, KeyFailure>> {
        let prompt = self.prompt?;
        let locked = self.all().locked.iter();
        let answers = locked
            .filter(|locked| locked.keys.may_open(&key.key))
            .map(|locked| match locked.keyring(prompt) {
                Ok(keyring) => keyring.unwrap(key),
                Err(reason) => Err(KeyFailure::Invalid { reason }),
            });
        best(answers)
    }
}

impl KeyService for AgeKeys {
    /// Asks what costs least first.
    fn unwrap(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        let ways: [&dyn Fn() -> Option<Result<SecretBytes, KeyFailure>>; 4] = [
            &|| Some(self.near().keyring.unwrap(key)),
            &|| Some(self.all().keyring.unwrap(key)),
            &|| self.printed(key),
            &|| self.unlocked(key),
        ];
        let answers = ways.iter().filter_map(|way| way());
        let identity = "age identity";
        best(answers).unwrap_or(Err(KeyFailure::NoIdentity { identity, held: 0 }))
    }

    fn wrap(&self, key: &MasterKey, secret: &SecretBytes) -> Result<String, KeyFailure> {
        Keyring::new().wrap(key, secret)
    }
}

/// Returns the first answer that tells more than that an identity is missing: asking goes on until then.
fn best(
    answers: impl Iterator<Item = Result<SecretBytes, KeyFailure>>,
) -> Option<Result<SecretBytes, KeyFailure>> {
    let mut best = None;
    for answer in answers {
        match (&answer, &best) {
            (Ok(_), _) => return Some(answer),
            // A key of another kind is the same to whoever looks at it.
            (Err(KeyFailure::NotServed { .. } | KeyFailure::NotSupported { .. }), _) => {
                return Some(answer);
            }
            (Err(KeyFailure::NoIdentity { .. }), Some(Err(KeyFailure::Invalid { .. }))) => {}
            _ => best = Some(answer),
        }
    }
    best
}

impl Locked {
    fn keyring(&self, prompt: Prompt) -> Result<&Keyring, String> {
        let unlocked = self.unlocked.get_or_init(|| {
            let passphrase = prompt(&self.place)?;
            let keyring = self.keys.unlock(&passphrase);
            keyring.map_err(|error| format!("{}: {error}", self.place))
        });
        unlocked.as_ref().map_err(Clone::clone)
    }
}

impl Found {
    fn add(&mut self, read: Result<Read, String>) {
        match read {
            Ok(Read::Open(keyring)) => self.keyring.extend(keyring),
            Ok(Read::Locked(place, keys)) => self.locked.push(Locked {
                place,
                keys,
                unlocked: OnceLock::new(),
            }),
            Err(problem) => self.problems.push(problem),
        }
    }
}

/// Asks at the terminal, whatever standard input is.
pub(super) fn ask_at_terminal(place: &str) -> Result<SecretBytes, String> {
    let passphrase = hidden_at_terminal(&format!("Passphrase of {place}: "));
    passphrase.map_err(|error| format!("{place}: it is locked with a passphrase, and {error}"))
}
