//! The files below a directory.

use std::fs;
use std::path::{Path, PathBuf};

use windlass_sops::{Document, MetadataError, ParseError};

use super::context::Context;
use super::exit::Exit;
use super::file::{Input, Source};
use super::flags::{NameFlags, TypeFlags};
use crate::failure::Failure;

/// What every encrypted value begins with: a file without it holds none.
const SEALED: &[u8] = b"ENC[AES256_GCM,";
const METADATA: &[u8] = b"sops";

/// Returns the encrypted files below a directory, or the path itself when it is none.
///
/// A file that has encrypted values and cannot be read as a document is among them, so that whoever works on it says
/// why.
pub(super) fn encrypted_files(
    path: &Path,
    input_type: Option<&str>,
    context: &Context,
) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let types = TypeFlags {
        input_type: input_type.map(str::to_owned),
        output_type: None,
    };
    let mut encrypted = Vec::new();
    for file in files_below(path)? {
        let input = Input::read(Source::File(&file), &types, &NameFlags::default(), context)?;
        if is_candidate(&input) {
            encrypted.push(file);
        }
    }
    Ok(encrypted)
}

/// Returns the files below a directory, in the order of their names. Links are not followed; `.git` and `.sops.yaml`
/// are left out.
pub(super) fn files_below(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    collect(directory, &mut files)?;
    Ok(files)
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Exit::CannotRead.because(format!("{}: {error}", directory.display()))
    };
    let mut entries = fs::read_dir(directory)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type().map_err(failed)?;
        let name = entry.file_name();
        if kind.is_file() && name != ".sops.yaml" {
            files.push(entry.path());
        } else if kind.is_dir() && name != ".git" {
            collect(&entry.path(), files)?;
        }
    }
    Ok(())
}

fn is_candidate(input: &Input) -> bool {
    let bytes = input.bytes.expose();
    if !holds(bytes, METADATA) {
        return false;
    }
    match Document::parse(bytes, input.format) {
        Ok(_) => true,
        Err(ParseError::Metadata(MetadataError::Missing | MetadataError::NotMapping)) => false,
        Err(_) => holds(bytes, SEALED),
    }
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
