//! `windlass secret textconv`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use sha2::{Digest as _, Sha256};
use windlass_sops::{
    DataKey, Document, Format, MacCheck, Masked, MetadataError, ParseError, Plaintext,
};

use super::checkout::Checkout;
use super::{Keys, RepositoryArgs, sealed};
use crate::failure::{Done, Failure};
use crate::terminal::write_stdout_bytes;

/// Prints an encrypted file for `git diff`: its keys, with a fingerprint and a length for each value
///
/// A fingerprint stays the same for as long as the value and the data key do, and says nothing to
/// those who cannot open the file. A file that does not open is shown as far as it can be read.
#[derive(Debug, Args)]
#[command(after_help = "\
To see what changed in encrypted files:
  echo '*.enc diff=sops' >>.gitattributes
  git config diff.sops.textconv 'windlass secret textconv'")]
pub(crate) struct Textconv {
    /// The encrypted file
    file: PathBuf,
    /// Print what `sops decrypt` prints, in clear
    #[arg(long)]
    reveal: bool,
    /// A file with keys, besides those that sops finds; may be given several times
    #[arg(long = "age-key-file", value_name = "FILE")]
    age_key_files: Vec<PathBuf>,
}

impl Textconv {
    /// Always does well: git shows nothing at all of a file whose conversion fails.
    pub(super) fn run(self) -> Result<Done, Failure> {
        write_stdout_bytes(&self.text())?;
        Ok(Done::Well)
    }

    fn text(&self) -> Vec<u8> {
        let bytes = match fs::read(&self.file) {
            Ok(bytes) => bytes,
            Err(error) => return format!("# the file cannot be read: {error}\n").into_bytes(),
        };
        let name = self.file.to_string_lossy();
        let document = match Document::parse(&bytes, Format::of_file_name(&name)) {
            Ok(document) => document,
            Err(error) => return unencrypted(&self.file, bytes, &error),
        };
        let keys = self.keys();
        let opened = keys.and_then(|keys| Opened::of(&document, &keys));
        match &opened {
            Ok(opened) if self.reveal => {
                let clear = opened.plaintext.to_bytes();
                clear.map_or_else(
                    |error| format!("# {error}\n").into_bytes(),
                    |clear| clear.expose().to_vec(),
                )
            }
            _ => masked(&document, &opened).into_bytes(),
        }
    }

    fn keys(&self) -> Result<Keys, String> {
        let arguments = RepositoryArgs {
            repo: PathBuf::from("."),
            age_key_files: self.age_key_files.clone(),
            decryption_secrets: Vec::new(),
        };
        let keys = Checkout::open(&arguments.repo).and_then(|checkout| checkout.keys(&arguments));
        keys.map_err(|failure| failure.to_string())
    }
}

/// A document that was opened, whether its MAC is right or not.
struct Opened {
    key: DataKey,
    plaintext: Plaintext,
    warning: Option<String>,
}

impl Opened {
    fn of(document: &Document, keys: &Keys) -> Result<Self, String> {
        let key = document.data_key(keys).map_err(|error| error.to_string())?;
        let (plaintext, warning) = match document.decrypt_with(&key, MacCheck::Verify) {
            Ok(plaintext) => (plaintext, None),
            Err(wrong) => {
                let opened = document.decrypt_with(&key, MacCheck::Ignore);
                (
                    opened.map_err(|_| wrong.to_string())?,
                    Some(wrong.to_string()),
                )
            }
        };
        Ok(Self {
            key,
            plaintext,
            warning,
        })
    }
}

/// Returns what is shown of a file that is no document of sops. A value that was not encrypted by mistake
/// is not shown.
fn unencrypted(file: &Path, bytes: Vec<u8>, error: &ParseError) -> Vec<u8> {
    let is_value = Format::of_file_name(&file.to_string_lossy()) == Format::Binary;
    match error {
        ParseError::Metadata(MetadataError::Missing) if !is_value => bytes,
        error => format!(
            "# not encrypted by sops, or damaged: {error}\n<{} bytes>\n",
            bytes.len()
        )
        .into_bytes(),
    }
}

fn masked(document: &Document, opened: &Result<Opened, String>) -> String {
    let mut head = vec![format!("encrypted {}", document.last_modified().as_str())];
    let recipients = sealed::recipients(document).into_iter();
    head.extend(recipients.map(|recipient| format!("for {recipient}")));
    let body = match opened {
        Ok(opened) => {
            head.push(format!("data key {}", sealed::key_fingerprint(&opened.key)));
            head.extend(opened.warning.clone());
            let describe = |value: Masked<'_>| describe(value, &opened.key);
            document.masked(Some(&opened.plaintext), &describe)
        }
        Err(reason) => {
            let reason = reason.lines().next().unwrap_or_default();
            head.push(format!("not opened: {reason}"));
            document.masked(None, &describe_closed)
        }
    };
    let head = format!("# {}\n", head.join("\n# "));
    match body {
        Ok(body) => head + &body,
        Err(error) => format!("{head}# {error}\n"),
    }
}

fn describe(value: Masked<'_>, key: &DataKey) -> String {
    match value {
        Masked::Opened(value) => {
            let (size, fingerprint) = (value.expose().len(), sealed::fingerprint(key, value));
            format!("<{size} bytes, fingerprint {fingerprint}>")
        }
        closed @ Masked::Closed { .. } => describe_closed(closed),
    }
}

/// A ciphertext says no more than that it is the same as before, or another one.
fn describe_closed(value: Masked<'_>) -> String {
    match value {
        Masked::Opened(value) => format!("<{} bytes>", value.expose().len()),
        Masked::Closed { size, ciphertext } => {
            let digest = Sha256::digest(ciphertext.as_bytes());
            let shown = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
            format!("<{size} bytes, ciphertext {shown:08x}>")
        }
    }
}
