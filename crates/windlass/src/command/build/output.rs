//! Where the result of a build goes.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

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
    objects::write(directory, &files, write_file)
}

/// Writes what was rendered to a file, or to standard output when none is given.
pub(crate) fn write(file: Option<&PathBuf>, rendered: &str, style: Style) -> Result<(), Failure> {
    if file.is_some() || std::io::stdout().is_terminal() {
        warn_of_secrets(rendered, style);
    }
    match file {
        Some(file) => write_file(file, rendered)
            .map_err(|error| Failure::of([format!("{}: {error}", file.display())])),
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

/// Writes a file that only its owner can read, at once and as a whole. What is no regular file, such as
/// `/dev/stdout`, is written to as it is.
fn write_file(path: &Path, text: &str) -> std::io::Result<()> {
    let path = match path.canonicalize() {
        Ok(there) if !there.is_file() => return std::fs::write(there, text),
        Ok(there) => there,
        Err(_) => path.to_owned(),
    };
    let directory = path.parent().filter(|it| !it.as_os_str().is_empty());
    // A temporary file has the mode 0600.
    let mut beside = tempfile::NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))?;
    beside.write_all(text.as_bytes())?;
    beside.as_file().sync_all()?;
    beside.persist(path)?;
    Ok(())
}
