//! The places where sops looks for age identities.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use windlass_sops::{
    KeyFailure, KeyService, Keyring, LockedKeys, MasterKey, SecretBytes, WrappedKey,
};
use zeroize::Zeroizing;

use super::command::KeyCommand;

/// The longest key file that is read.
pub(super) const MAX_KEY_FILE: u64 = 1 << 20;

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

/// Where identities may be. sops 3.11 uses all of them.
#[derive(Default)]
pub(super) struct Places {
    /// `$SOPS_AGE_KEY`.
    text: Option<Zeroizing<String>>,
    /// `$SOPS_AGE_KEY_FILE`.
    file: Option<PathBuf>,
    /// The key file in the person's configuration, which need not exist.
    own: Option<PathBuf>,
    /// `$SOPS_AGE_SSH_PRIVATE_KEY_FILE`.
    ssh_file: Option<PathBuf>,
    /// The SSH keys of the person, which need not exist.
    own_ssh: Vec<PathBuf>,
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

impl Places {
    /// Returns the places that the variables name. Empty variables count as missing.
    pub(super) fn from_env(variable: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| variable(name).filter(|value| !value.is_empty());
        let path = |name: &str| get(name).map(PathBuf::from);
        let home = path("HOME");
        let own = home.as_ref().map(|home| {
            home.join(if cfg!(target_os = "macos") {
                "Library/Application Support"
            } else {
                ".config"
            })
        });
        let configuration = path("XDG_CONFIG_HOME").or(own);
        let ssh = home.map(|home| home.join(".ssh"));
        let own_ssh = |ssh: PathBuf| ["id_ed25519", "id_rsa"].map(|name| ssh.join(name)).to_vec();
        Self {
            text: get("SOPS_AGE_KEY").map(Zeroizing::new),
            file: path("SOPS_AGE_KEY_FILE"),
            own: configuration.map(|folder| folder.join("sops/age/keys.txt")),
            ssh_file: path("SOPS_AGE_SSH_PRIVATE_KEY_FILE"),
            own_ssh: ssh.map(own_ssh).unwrap_or_default(),
        }
    }

    fn read_near(&self, found: &mut Found) {
        if let Some(text) = &self.text {
            found.add(parse_any("$SOPS_AGE_KEY", text.as_bytes()));
        }
        let own = self.own.as_deref().filter(|file| file.exists());
        for file in self.file.as_deref().into_iter().chain(own) {
            found.add(read(file));
        }
    }

    fn read_ssh(&self, found: &mut Found) {
        let own = self.own_ssh.iter().filter(|file| file.exists());
        for file in self.ssh_file.iter().chain(own) {
            found.add(read(file));
        }
    }
}

/// What a key file holds.
enum Read {
    Open(Keyring),
    Locked(String, LockedKeys),
}

fn read(file: &Path) -> Result<Read, String> {
    parse_any(&file.display().to_string(), &read_bytes(file)?)
}

fn parse_any(place: &str, bytes: &[u8]) -> Result<Read, String> {
    if let Some(locked) = LockedKeys::read(bytes) {
        return Ok(Read::Locked(place.to_owned(), locked));
    }
    let text = std::str::from_utf8(bytes);
    let text = text.map_err(|_| format!("{place}: the key file is no text"))?;
    parse(place, text).map(Read::Open)
}

/// Asks at the terminal, whatever standard input is.
pub(super) fn ask_at_terminal(place: &str) -> Result<SecretBytes, String> {
    let passphrase = rpassword::prompt_password(format!("Passphrase of {place}: "));
    let passphrase = passphrase.map_err(|error| {
        format!(
            "{place}: it is locked with a passphrase, and there is no terminal to ask at ({error})"
        )
    })?;
    Ok(SecretBytes::from(passphrase))
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
    use std::sync::atomic::{AtomicU8, Ordering};

    use windlass_sops::Identity;

    use super::*;

    const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../sops/tests/data");

    fn wrapped(identity: &Identity) -> WrappedKey {
        wrapped_for(identity.recipient())
    }

    fn wrapped_for(recipient: &str) -> WrappedKey {
        let recipient = recipient.trim().to_owned();
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
        assert!(keys.near.get().is_none());
        for identity in [text, file, own] {
            assert_eq!(keys.unwrap(&wrapped(&identity)), Ok("canary".into()));
        }
        assert!(keys.problems().is_empty());
        assert!(keys.all.get().is_none(), "SSH keys were read in vain");
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

    #[test]
    fn ssh_keys_are_those_of_the_variable_and_of_the_person() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".ssh")).unwrap();
        std::fs::copy(
            format!("{DATA}/ssh_ed.key"),
            home.path().join(".ssh/id_ed25519"),
        )
        .unwrap();
        let keys = keys(&[
            ("HOME", home.path().to_str().unwrap()),
            (
                "SOPS_AGE_SSH_PRIVATE_KEY_FILE",
                &format!("{DATA}/ssh_rsa.key"),
            ),
        ]);
        for name in ["ssh_ed.pub", "ssh_rsa.pub"] {
            let recipient = std::fs::read_to_string(format!("{DATA}/{name}")).unwrap();
            assert_eq!(keys.unwrap(&wrapped_for(&recipient)), Ok("canary".into()));
        }
    }

    static ASKED: AtomicU8 = AtomicU8::new(0);

    #[test]
    fn a_passphrase_is_asked_for_once_and_only_when_nothing_else_would_do() {
        let file = format!("{DATA}/locked.agekey");
        let first = std::fs::read_to_string(format!("{DATA}/first.agekey")).unwrap();
        let first = Keyring::parse(&first).unwrap();
        let first = first.recipients().next().unwrap();
        let other = Identity::generate();
        let variables = [
            ("SOPS_AGE_KEY_FILE", &*file),
            ("SOPS_AGE_KEY", &line(&other)),
        ];
        let nobody = keys(&variables).or_ask(|_| panic!("asked in vain"));
        assert!(nobody.unwrap(&wrapped(&other)).is_ok());
        let person = keys(&variables).or_ask(|_| {
            ASKED.fetch_add(1, Ordering::Relaxed);
            Ok("canary".into())
        });
        for _ in 0..2 {
            assert!(person.unwrap(&wrapped_for(first)).is_ok());
        }
        assert_eq!(ASKED.load(Ordering::Relaxed), 1);
        let wrong = keys(&variables).or_ask(|_| Ok("other".into()));
        let failure = wrong.unwrap(&wrapped_for(first)).unwrap_err().to_string();
        assert!(
            failure.ends_with("locked.agekey: the passphrase is wrong"),
            "{failure}"
        );
    }

    #[test]
    fn a_locked_file_is_a_problem_where_nobody_is_asked() {
        let keys = keys(&[("SOPS_AGE_KEY_FILE", &format!("{DATA}/locked.agekey"))]);
        assert!(keys.unwrap(&wrapped(&Identity::generate())).is_err());
        let problems = keys.problems().join("\n");
        assert!(problems.contains("locked with a passphrase"), "{problems}");
    }
}
