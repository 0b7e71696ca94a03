//! Where the result of a build goes.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use windlass_kustomize::Build;

use super::objects;
use crate::failure::Failure;
use crate::style::{Ink, Style};
use crate::terminal::{complain, write_stdout};

/// Writes what was built: into a directory a file for each object, otherwise as one text.
pub(crate) fn write_build(
    to: Option<&PathBuf>,
    built: &Build,
    style: Style,
) -> Result<(), Failure> {
    let Some(directory) = to.filter(|path| path.is_dir()) else {
        return write(to, built.to_yaml(), style);
    };
    let files = objects::files(built)?;
    warn_of_secrets(built.to_yaml(), style);
    write_all(directory, &files)
}

/// Writes what was rendered to a file, or to standard output when none is given.
pub(crate) fn write(file: Option<&PathBuf>, rendered: &str, style: Style) -> Result<(), Failure> {
    if file.is_some() || std::io::stdout().is_terminal() {
        warn_of_secrets(rendered, style);
    }
    match file {
        Some(file) => Pending::new(file, rendered)?.finish(),
        None => write_stdout(rendered),
    }
}

/// Says that the values of Secrets can be read where they do not go to another program.
fn warn_of_secrets(rendered: &str, style: Style) {
    let secrets = rendered.lines().filter(|line| *line == "kind: Secret");
    let many = match secrets.count() {
        0 => return,
        1 => "1 Secret".to_owned(),
        count => format!("{count} Secrets"),
    };
    let label = style.err(Ink::Yellow, "warning:");
    complain(&format!("{label} the output holds {many} in the clear"));
}

/// A file that is written beside the one that it will be.
enum Pending {
    Beside(NamedTempFile, PathBuf),
    /// What is no regular file, such as `/dev/stdout`, is written to as it is.
    There(PathBuf, String),
}

impl Pending {
    /// Prepares a file that only its owner can read.
    fn new(path: &Path, text: &str) -> Result<Self, Failure> {
        let failure = |path: &Path, error: &dyn std::error::Error| {
            // The cause only: the error itself names a temporary file.
            let reason = error
                .source()
                .map_or_else(|| error.to_string(), ToString::to_string);
            Failure::of([format!("{}: {reason}", path.display())])
        };
        let path = match path.canonicalize() {
            Ok(there) if there.is_dir() => {
                return Err(Failure::of([format!(
                    "{}: a directory is there; name a file",
                    path.display()
                )]));
            }
            Ok(there) if !there.is_file() => return Ok(Self::There(there, text.to_owned())),
            Ok(there) => there,
            Err(_) => path.to_owned(),
        };
        let directory = path.parent().filter(|it| !it.as_os_str().is_empty());
        let directory = directory.unwrap_or(Path::new("."));
        // A temporary file has the mode 0600.
        let mut beside =
            NamedTempFile::new_in(directory).map_err(|error| failure(directory, &error))?;
        let written = beside.write_all(text.as_bytes());
        let written = written.and_then(|()| beside.as_file().sync_all());
        written.map_err(|error| failure(&path, &error))?;
        Ok(Self::Beside(beside, path))
    }

    /// Puts the file in its place, at once and as a whole.
    fn finish(self) -> Result<(), Failure> {
        let (path, done) = match self {
            Self::Beside(beside, path) => {
                let done = beside.persist(&path);
                (path, done.map(|_| ()).map_err(|error| error.error))
            }
            Self::There(path, text) => {
                let done = std::fs::write(&path, text);
                (path, done)
            }
        };
        done.map_err(|error| Failure::of([format!("{}: {error}", path.display())]))
    }
}

/// Writes files into a directory; those that are there and not among them stay.
///
/// All are written beside their places before the first is put there, so that a full disk or a name that is taken
/// changes nothing. Only a failure of one of the renames at the end leaves some new and others old.
fn write_all(directory: &Path, files: &BTreeMap<String, String>) -> Result<(), Failure> {
    let pending = files
        .iter()
        .map(|(name, text)| Pending::new(&directory.join(name), text));
    let pending: Vec<Pending> = pending.collect::<Result<_, _>>()?;
    pending.into_iter().try_for_each(Pending::finish)
}
