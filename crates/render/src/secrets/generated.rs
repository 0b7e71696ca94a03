//! Encrypted files of secret generators, opened before the build takes them: the name of the Secret has a
//! hash of them.

use std::sync::Arc;

use windlass_kustomize::{SecretFiles, SecretSource};
use windlass_sops::{Document, Format, Style};
use windlass_tree::{TreeError, TreePath};

use super::{SecretProblem, SecretWarning, SecretsTree, marker};
use crate::Decryption;

impl SecretFiles for SecretsTree<'_> {
    /// Opens what is encrypted in the format that the name of the value has, as Flux does. What is encrypted
    /// in another one stays as it is, to be opened as a value of the Secret.
    fn open(
        &self,
        file: &TreePath,
        source: SecretSource<'_>,
        bytes: Arc<[u8]>,
    ) -> Result<Arc<[u8]>, TreeError> {
        let format = format_of(file, source);
        if !marker::is_of(&bytes, format) {
            return Ok(bytes);
        }
        // The file as it is in the tree: what names objects in it is no concern here.
        let bytes = self.tree.read(file)?;
        match open(file, &bytes, format, self.decryption) {
            Ok((opened, warnings)) => {
                let mut findings = self.findings();
                for warning in warnings {
                    if !findings.warnings.contains(&warning) {
                        findings.warnings.push(warning);
                    }
                }
                Ok(opened)
            }
            Err(problem) => {
                let error = problem.in_text(file.clone(), &bytes, format);
                Err(self.findings().fail(error))
            }
        }
    }
}

fn format_of(file: &TreePath, source: SecretSource<'_>) -> Format {
    match source {
        SecretSource::File { key } => marker::format_of_key(key),
        SecretSource::Env => match marker::format_of_key(file.file_name()) {
            Format::Binary => Format::Dotenv,
            other => other,
        },
    }
}

fn open(
    file: &TreePath,
    bytes: &[u8],
    format: Format,
    decryption: Decryption<'_>,
) -> Result<(Arc<[u8]>, Vec<SecretWarning>), SecretProblem> {
    let document = Document::parse(bytes, format)?;
    let key = decryption
        .data_key(&document)
        .map_err(|error| SecretProblem::Decrypt(error.into()))?;
    let (plaintext, is_mac_wrong) =
        decryption.open(file, |mac| document.decrypt_with(&key, mac))?;
    let warnings = SecretWarning::of_document(file, plaintext.warnings(), is_mac_wrong);
    let opened = plaintext.to_bytes_as(format, Style::default())?;
    Ok((opened.expose().into(), warnings))
}
