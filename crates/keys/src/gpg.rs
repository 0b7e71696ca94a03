//! The gpg program of a person at a terminal.

use std::ffi::OsString;
use std::io::{Read, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use windlass_sops::{KeyFailure, KeyService, KeyType, MasterKey, SecretBytes, WrappedKey};
use zeroize::Zeroizing;

use crate::share::checked;

const MAX_OUTPUT: u64 = 256 * 1024;
const POLL: Duration = Duration::from_millis(5);

/// Calls the gpg program, as sops 3.11 does, so that gpg-agent, smartcards and a person's trust work.
///
/// This is for the command line only: everything else opens PGP keys in this process. The program gets
/// no shell and no secret among its arguments.
#[derive(Clone, Debug)]
pub struct Gpg {
    /// The program. Default: `gpg`, found by `PATH`.
    pub program: OsString,
    /// How long it may take; a person may have to enter a passphrase. Default: 5 minutes.
    pub timeout: Duration,
}

struct Ended {
    status: ExitStatus,
    output: Zeroizing<Vec<u8>>,
    errors: String,
}

impl Default for Gpg {
    fn default() -> Self {
        Self {
            program: "gpg".into(),
            timeout: Duration::from_mins(5),
        }
    }
}

impl Gpg {
    /// Returns the one that `SOPS_GPG_EXEC` names, or gpg.
    pub fn from_env(variable: impl Fn(&str) -> Option<String>) -> Self {
        let named = variable("SOPS_GPG_EXEC").filter(|name| !name.is_empty());
        let program = named.map_or_else(|| Self::default().program, OsString::from);
        Self {
            program,
            ..Self::default()
        }
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyFailure> {
        let ended = self
            .ended(arguments, input)
            .map_err(|reason| KeyFailure::Invalid {
                reason: format!("{}: {reason}", self.program.display()),
            })?;
        if ended.status.success() {
            return Ok(ended.output);
        }
        Err(refusal(&ended.errors))
    }

    fn ended(&self, arguments: &[&str], input: &[u8]) -> Result<Ended, String> {
        let mut child = self.start(arguments).map_err(|error| error.to_string())?;
        let (Some(mut stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err("it has no standard streams".to_owned());
        };
        std::thread::scope(|scope| {
            // A program that ends early does not read it all, which its status tells.
            scope.spawn(move || stdin.write_all(input));
            let output = scope.spawn(move || read(stdout));
            let errors = scope.spawn(move || read(stderr));
            let status = self.wait(&mut child)?;
            let output = output.join().unwrap_or_default();
            let errors = errors.join().unwrap_or_default();
            Ok(Ended {
                status,
                output,
                errors: String::from_utf8_lossy(&errors).into_owned(),
            })
        })
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the sops program, in a person's terminal, may call that person's gpg (promise 2)"
    )]
    fn start(&self, arguments: &[&str]) -> std::io::Result<Child> {
        Command::new(&self.program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    }

    fn wait(&self, child: &mut Child) -> Result<ExitStatus, String> {
        let started = Instant::now();
        loop {
            match child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) if started.elapsed() < self.timeout => std::thread::sleep(POLL),
                Ok(None) => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(format!(
                        "it did not end within {} s",
                        self.timeout.as_secs_f32()
                    ));
                }
                Err(error) => return Err(error.to_string()),
            }
        }
    }
}

impl KeyService for Gpg {
    fn unwrap(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        fingerprint(&key.key)?;
        checked(&self.run(&["-d"], key.wrapped.as_bytes())?)
    }

    /// Wraps for a key of the person's key ring; the final newline is left out, as sops does.
    fn wrap(&self, key: &MasterKey, secret: &SecretBytes) -> Result<String, KeyFailure> {
        let fingerprint = fingerprint(key)?;
        if fingerprint.len() < 16 || !fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(KeyFailure::Invalid {
                reason: format!("{fingerprint:?} is no fingerprint"),
            });
        }
        let trusted = &fingerprint[fingerprint.len() - 16..];
        let arguments = [
            "--no-default-recipient",
            "--yes",
            "--encrypt",
            "-a",
            "-r",
            fingerprint,
            "--trusted-key",
            trusted,
            "--no-encrypt-to",
        ];
        let armored = self.run(&arguments, secret.expose())?;
        let armored = std::str::from_utf8(&armored).map_err(|_| KeyFailure::Damaged)?;
        Ok(armored.trim_end_matches('\n').to_owned())
    }
}

fn fingerprint(key: &MasterKey) -> Result<&str, KeyFailure> {
    match key {
        MasterKey::Pgp { fingerprint } => Ok(fingerprint),
        _ => Err(KeyFailure::NotServed {
            key_type: key.key_type(),
        }),
    }
}

/// Returns what the messages of gpg mean. They hold no secret.
fn refusal(errors: &str) -> KeyFailure {
    if errors.contains("No secret key") {
        return KeyFailure::NoIdentity {
            identity: "secret key that gpg has",
            held: 0,
        };
    }
    if errors.contains("Unusable public key") {
        return KeyFailure::Invalid {
            reason: format!(
                "{}: it has expired, is revoked, or cannot encrypt (gpg: Unusable public key); \
                 `gpg --list-keys` says which",
                KeyType::Pgp.article()
            ),
        };
    }
    let mut lines = errors
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let last = lines
        .next_back()
        .unwrap_or("it said nothing")
        .chars()
        .take(300);
    KeyFailure::Invalid {
        reason: format!("{}: {}", KeyType::Pgp.article(), last.collect::<String>()),
    }
}

fn read(stream: impl Read) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    let _ = stream.take(MAX_OUTPUT).read_to_end(&mut bytes);
    bytes
}
