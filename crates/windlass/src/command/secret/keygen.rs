//! `windlass secret keygen`.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use clap::Args;
use windlass_sops::Identity;
use zeroize::Zeroizing;

use super::{sealed, warn};
use crate::failure::{Done, Failure};
use crate::replace::replace;
use crate::style::Style;
use crate::terminal::{complain, say, write_stdout_bytes};

/// Makes an age key, and prints its recipient
///
/// The identity, which is secret, is added to the file in which sops and windlass look for it
/// (~/.config/sops/age/keys.txt). It is shown only with `-o -`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  windlass secret keygen
  windlass secret keygen -o ci.agekey            a file of its own, which must not exist")]
pub(crate) struct Keygen {
    /// Write the identity to a new file instead; - prints it
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Keygen {
    pub(super) fn run(self, style: Style) -> Result<Done, Failure> {
        let identity = Identity::generate();
        let text = text(&identity);
        let file = match self.output {
            Some(file) if file.as_os_str() == "-" => {
                write_stdout_bytes(&text)?;
                return Ok(Done::Well);
            }
            Some(file) => {
                create(&file, &text)?;
                file
            }
            None => {
                let file = sops_file()?;
                append(&file, &text, style)?;
                file
            }
        };
        say(identity.recipient());
        complain(&format!(
            "its identity is in {}: keep a copy, for nothing opens without it",
            file.display()
        ));
        if is_in_git(&file) {
            warn(
                style,
                &format!(
                    "{}: is inside a Git repository; never commit it",
                    file.display()
                ),
            );
        }
        complain(&format!(
            "in .sops.yaml, beside the directory .sops or above:\ncreation_rules:\n- path_regex: \\.enc$\n  age: {}",
            identity.recipient()
        ));
        Ok(Done::Well)
    }
}

/// Returns the lines of a key file, as age-keygen 1.3 writes them.
fn text(identity: &Identity) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::with_capacity(512));
    let head = format!(
        "# created: {}\n# public key: {}\n",
        sealed::now().as_str(),
        identity.recipient()
    );
    text.extend_from_slice(head.as_bytes());
    text.extend_from_slice(identity.to_line().expose());
    text.push(b'\n');
    text
}

/// Writes a new file that nobody else can read.
fn create(file: &Path, text: &[u8]) -> Result<(), Failure> {
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .and_then(|mut opened| {
            opened.write_all(text)?;
            opened.sync_all()
        });
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::of([format!(
            "{}: exists already, and keys are not overwritten",
            file.display()
        )]),
        _ => Failure::of([format!("{}: {error}", file.display())]),
    })
}

/// Adds to the file that holds all keys, making it where it is missing.
fn append(file: &Path, text: &[u8], style: Style) -> Result<(), Failure> {
    let refuse = |error: std::io::Error| Failure::of([format!("{}: {error}", file.display())]);
    let mut all = match fs::read(file) {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let directory = file.parent().unwrap_or(Path::new("."));
            let made = DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(directory);
            made.map_err(refuse)?;
            return create(file, text);
        }
        Err(error) => return Err(refuse(error)),
    };
    if !all.is_empty() && !all.ends_with(b"\n") {
        all.push(b'\n');
    }
    all.extend_from_slice(text);
    replace(file, &all)?;
    let mode = fs::metadata(file).map_err(refuse)?.permissions().mode();
    if mode & 0o077 != 0 {
        warn(
            style,
            &format!("{}: others can read it; chmod 600", file.display()),
        );
    }
    Ok(())
}

/// Returns the file in which sops 3.11 keeps age keys on Linux.
fn sops_file() -> Result<PathBuf, Failure> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let home = set("HOME").map(|home| Path::new(&home).join(".config"));
    let config = set("XDG_CONFIG_HOME").map(PathBuf::from).or(home);
    let config =
        config.ok_or_else(|| Failure::usage("HOME is not set; name a file with -o FILE"))?;
    Ok(config.join("sops/age/keys.txt"))
}

fn is_in_git(file: &Path) -> bool {
    let full = file.canonicalize().unwrap_or_default();
    full.ancestors().any(|above| above.join(".git").exists())
}
