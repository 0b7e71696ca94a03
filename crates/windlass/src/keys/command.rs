//! The program that prints an age identity.

use std::collections::HashMap;
use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use windlass_sops::Keyring;
use zeroize::Zeroizing;

use super::age::{MAX_KEY_FILE, parse};

const VARIABLE: &str = "$SOPS_AGE_KEY_CMD";

/// The program that `$SOPS_AGE_KEY_CMD` names, asked once for each recipient.
///
/// It may be a password manager that asks the person on standard error or on the terminal, so it may
/// take its time.
pub(super) struct KeyCommand {
    line: String,
    printed: Mutex<HashMap<String, Result<Keyring, String>>>,
}

impl KeyCommand {
    pub(super) fn from_env(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let line = variable("SOPS_AGE_KEY_CMD").filter(|line| !line.trim().is_empty())?;
        Some(Self {
            line,
            printed: Mutex::default(),
        })
    }

    /// Returns the identities that the program prints for a recipient.
    pub(super) fn identities(&self, recipient: &str) -> Result<Keyring, String> {
        let mut printed = self.printed.lock().unwrap_or_else(PoisonError::into_inner);
        let identities = printed
            .entry(recipient.to_owned())
            .or_insert_with(|| self.run(recipient));
        identities.clone()
    }

    fn run(&self, recipient: &str) -> Result<Keyring, String> {
        let wrong = |reason: String| format!("{VARIABLE}: {reason}");
        let words = shlex::split(&self.line)
            .ok_or_else(|| wrong("the quotes are not closed".to_owned()))?;
        let (program, arguments) = words
            .split_first()
            .ok_or_else(|| wrong("it names no program".to_owned()))?;
        let mut child = start(program, arguments, recipient)
            .map_err(|error| wrong(format!("{program}: {error}")))?;
        let text = read(&mut child);
        if text.is_err() {
            // It may be waiting for somebody who reads what it prints.
            let _ = child.kill();
        }
        let status = child.wait().map_err(|error| wrong(error.to_string()))?;
        let text = text.map_err(wrong)?;
        if !status.success() {
            return Err(wrong(format!("it ended with {status}")));
        }
        parse(VARIABLE, &text)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the sops program, in a person's terminal, calls what that person set (promise 2)"
)]
fn start(program: &str, arguments: &[String], recipient: &str) -> std::io::Result<Child> {
    Command::new(program)
        .args(arguments)
        .env("SOPS_AGE_RECIPIENT", recipient)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
}

fn read(child: &mut Child) -> Result<Zeroizing<String>, String> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(16 * 1024));
    if let Some(stdout) = &mut child.stdout {
        let read = stdout.take(MAX_KEY_FILE + 1).read_to_end(&mut bytes);
        read.map_err(|error| error.to_string())?;
    }
    if bytes.len() as u64 > MAX_KEY_FILE {
        return Err("it printed more than 1 MiB".to_owned());
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| "it printed what is no text".to_owned())?;
    Ok(Zeroizing::new(text.to_owned()))
}
