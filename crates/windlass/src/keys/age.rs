//! The places where sops looks for age identities.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use windlass_sops::{KeyFailure, KeyService, Keyring, MasterKey, SecretBytes, WrappedKey};
use zeroize::Zeroizing;

use super::command::KeyCommand;

/// The longest key file that is read.
pub(super) const MAX_KEY_FILE: u64 = 1 << 20;

/// Age identities: given ones, those of the places, and what a program prints.
pub(super) struct AgeKeys {
    given: Keyring,
    places: Places,
    found: OnceLock<Found>,
    command: Option<KeyCommand>,
}

/// Where identities may be. sops 3.11 uses all of them.
#[derive(Default)]
pub(super) struct Places {
    /// `$SOPS_AGE_KEY`.
    text: Option<Zeroizing<String>>,
    /// `$SOPS_AGE_KEY_FILE`.
    file: Option<PathBuf>,
    /// The key file in the person's configuration, which need not exist.
    own: Option<PathBuf>,
}

struct Found {
    keyring: Keyring,
    problems: Vec<String>,
}

impl AgeKeys {
    pub(super) fn new(given: Keyring, places: Places) -> Self {
        Self {
            given,
            places,
            found: OnceLock::new(),
            command: None,
        }
    }

    /// Adds a program, which is asked when no other identity would do.
    pub(super) fn or_from(mut self, command: Option<KeyCommand>) -> Self {
        self.command = command;
        self
    }

    pub(super) fn keyring(&self) -> &Keyring {
        &self.found().keyring
    }

    /// Returns what is wrong with the places, if they were looked at.
    pub(super) fn problems(&self) -> &[String] {
        self.found
            .get()
            .map_or(&[], |found| found.problems.as_slice())
    }

    fn found(&self) -> &Found {
        self.found
            .get_or_init(|| self.places.read(self.given.clone()))
    }
}

impl KeyService for AgeKeys {
    fn unwrap(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        let answer = self.keyring().unwrap(key);
        match (&answer, &self.command, &key.key) {
            (Err(KeyFailure::NoIdentity { .. }), Some(command), MasterKey::Age { recipient }) => {
                let printed = command
                    .identities(recipient)
                    .map_err(|reason| KeyFailure::Invalid { reason })?;
                printed.unwrap(key).or(answer)
            }
            _ => answer,
        }
    }

    fn wrap(&self, key: &MasterKey, secret: &SecretBytes) -> Result<String, KeyFailure> {
        Keyring::new().wrap(key, secret)
    }
}

impl Places {
    /// Returns the places that the variables name. Empty variables count as missing.
    pub(super) fn from_env(variable: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| variable(name).filter(|value| !value.is_empty());
        let home = get("HOME").map(|home| {
            let folder = if cfg!(target_os = "macos") {
                "Library/Application Support"
            } else {
                ".config"
            };
            Path::new(&home).join(folder)
        });
        let configuration = get("XDG_CONFIG_HOME").map(PathBuf::from).or(home);
        Self {
            text: get("SOPS_AGE_KEY").map(Zeroizing::new),
            file: get("SOPS_AGE_KEY_FILE").map(PathBuf::from),
            own: configuration.map(|folder| folder.join("sops/age/keys.txt")),
        }
    }

    fn read(&self, mut keyring: Keyring) -> Found {
        let named = self.file.as_deref();
        let own = self.own.as_deref().filter(|file| file.exists());
        let text = self.text.as_ref();
        let read = [
            text.map(|text| parse("$SOPS_AGE_KEY", text)),
            named.map(read),
            own.map(read),
        ];
        let mut problems = Vec::new();
        for read in read.into_iter().flatten() {
            match read {
                Ok(read) => keyring.extend(read),
                Err(problem) => problems.push(problem),
            }
        }
        Found { keyring, problems }
    }
}

fn read(file: &Path) -> Result<Keyring, String> {
    parse(&file.display().to_string(), &read_text(file)?)
}

fn read_text(file: &Path) -> Result<Zeroizing<String>, String> {
    let bytes = read_bytes(file)?;
    let text = std::str::from_utf8(&bytes);
    let text = text.map_err(|_| format!("{}: the key file is no text", file.display()))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Reads a key file.
pub(super) fn read_bytes(file: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    use std::io::Read as _;
    let wrong = |reason: &dyn std::fmt::Display| {
        format!("{}: the key file cannot be read: {reason}", file.display())
    };
    let opened = std::fs::File::open(file).map_err(|error| wrong(&error))?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(16 * 1024));
    let read = opened.take(MAX_KEY_FILE + 1).read_to_end(&mut bytes);
    read.map_err(|error| wrong(&error))?;
    if bytes.len() as u64 > MAX_KEY_FILE {
        return Err(wrong(&"it is longer than 1 MiB"));
    }
    Ok(bytes)
}

/// Parses the text of a key file, or says what is wrong at `place`.
pub(super) fn parse(place: &str, text: &str) -> Result<Keyring, String> {
    Keyring::parse(text).map_err(|error| format!("{place}:{}: {}", error.line, error.problem))
}

#[cfg(test)]
mod tests {
    use windlass_sops::Identity;

    use super::*;

    fn wrapped(identity: &Identity) -> WrappedKey {
        let recipient = identity.recipient().to_owned();
        let key = MasterKey::Age { recipient };
        let wrapped = Keyring::new().wrap(&key, &"canary".into()).unwrap();
        WrappedKey {
            key,
            wrapped,
            created_at: None,
        }
    }

    fn line(identity: &Identity) -> String {
        identity.to_line().expose_text().unwrap().to_owned()
    }

    fn keys(variables: &[(&str, &str)]) -> AgeKeys {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        AgeKeys::new(Keyring::new(), Places::from_env(variable))
            .or_from(KeyCommand::from_env(variable))
    }

    #[test]
    fn identities_are_those_of_all_places() {
        let [text, file, own] = [(); 3].map(|()| Identity::generate());
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(path("named.txt"), line(&file)).unwrap();
        std::fs::create_dir_all(path("sops/age")).unwrap();
        std::fs::write(path("sops/age/keys.txt"), line(&own)).unwrap();
        let keys = keys(&[
            ("SOPS_AGE_KEY", &line(&text)),
            ("SOPS_AGE_KEY_FILE", &path("named.txt")),
            ("XDG_CONFIG_HOME", &path("")),
        ]);
        assert!(keys.found.get().is_none());
        for identity in [text, file, own] {
            assert_eq!(keys.unwrap(&wrapped(&identity)), Ok("canary".into()));
        }
        assert!(keys.problems().is_empty());
    }

    #[test]
    fn a_place_that_is_wrong_hides_no_other() {
        let identity = Identity::generate();
        let keys = keys(&[
            ("SOPS_AGE_KEY", &line(&identity)),
            ("SOPS_AGE_KEY_FILE", "/nonexistent/key"),
        ]);
        assert!(keys.unwrap(&wrapped(&identity)).is_ok());
        let problem =
            "/nonexistent/key: the key file cannot be read: No such file or directory (os error 2)";
        assert_eq!(keys.problems(), [problem]);
    }

    #[test]
    fn a_program_is_asked_for_the_recipient_when_nothing_else_would_do() {
        let (held, printed) = (Identity::generate(), Identity::generate());
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(path(printed.recipient()), line(&printed)).unwrap();
        let command = format!(
            "sh -c 'echo x >> {}; cat {}/$SOPS_AGE_RECIPIENT'",
            path("log"),
            path("")
        );
        let keys = keys(&[
            ("SOPS_AGE_KEY", &line(&held)),
            ("SOPS_AGE_KEY_CMD", &command),
        ]);
        assert_eq!(keys.unwrap(&wrapped(&held)), Ok("canary".into()));
        assert!(!Path::new(&path("log")).exists());
        for _ in 0..2 {
            assert_eq!(keys.unwrap(&wrapped(&printed)), Ok("canary".into()));
        }
        assert_eq!(std::fs::read_to_string(path("log")).unwrap(), "x\n");
    }

    #[test]
    fn a_program_that_fails_is_named_and_what_it_printed_is_not() {
        for (command, reason) in [
            (
                "sh -c 'echo canary; exit 3'",
                "it ended with exit status: 3",
            ),
            ("echo canary", "1: this is no age identity"),
            ("/nonexistent/program", "/nonexistent/program: No such file"),
            ("echo 'canary", "the quotes are not closed"),
            ("yes canary", "it printed more than"),
        ] {
            let keys = keys(&[("SOPS_AGE_KEY_CMD", command)]);
            let failure = keys.unwrap(&wrapped(&Identity::generate())).unwrap_err();
            let text = failure.to_string();
            assert!(text.contains("$SOPS_AGE_KEY_CMD"), "{text}");
            assert!(text.contains(reason) && !text.contains("canary"), "{text}");
        }
    }
}
