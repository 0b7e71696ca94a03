//! Replacing a file as a whole: who reads it sees the old bytes or the new ones, and so does who comes after a
//! crash.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::failure::Failure;

/// What the names of files begin with that are to take the place of others. One is left behind when a process is
/// killed that writes it.
const BESIDE: &str = ".windlass-new-";

/// Returns whether a file of this name is one that took no other's place, and nobody needs.
pub(crate) fn is_left_behind(name: &str) -> bool {
    name.starts_with(BESIDE)
}

/// Makes `bytes` the content of the file at `path`, which may be new.
///
/// They are written to a file beside it that nobody else can read, which then takes its place, with its mode
/// and, where that is allowed, its owner; a new file has the mode that the umask gives. A symbolic link stays
/// one, and leads to the new bytes. What is no regular file is written to, and so is what this process was given
/// open, such as `/dev/stdout`: who gave it has it open too, and would not see another file in its place.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write(path, bytes).map_err(|error| {
        // The cause only: the error itself may name the file beside.
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        let cause = cause.unwrap_or_else(|| error.to_string());
        let path = path.display();
        Failure::of([format!("{path}: the file cannot be written: {cause}")])
    })
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(handle) = handle(path) {
        return append(&handle, bytes);
    }
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return append(path, bytes);
    }
    let (path, there) = destination(path)?;
    swap(&path, there.as_ref(), bytes)
}

/// Returns the path of an open file of this process, if the links at `path` lead to one.
fn handle(path: &Path) -> Option<PathBuf> {
    const LINKS: usize = 40;
    let mut path = std::path::absolute(path).ok()?;
    for _ in 0..LINKS {
        if path.starts_with("/proc") || path.starts_with("/dev/fd") {
            return Some(path);
        }
        path = directory_of(&path).join(fs::read_link(&path).ok()?);
    }
    None
}

/// Writes behind what is there already.
fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if path == Path::new("/proc/self/fd/1") || path == Path::new("/dev/fd/1") {
        let mut out = io::stdout().lock();
        return out.write_all(bytes).and_then(|()| out.flush());
    }
    OpenOptions::new().append(true).open(path)?.write_all(bytes)
}

/// Returns where the links at `path` lead to, and what is there.
fn destination(path: &Path) -> io::Result<(PathBuf, Option<Metadata>)> {
    match path.canonicalize() {
        Ok(end) => {
            let there = fs::metadata(&end)?;
            Ok((end, Some(there)))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => match fs::read_link(path) {
            // A link to what is not there yet: its target is made.
            Ok(target) => destination(&directory_of(path).join(target)),
            Err(_) => Ok((path.to_owned(), None)),
        },
        Err(error) => Err(error),
    }
}

fn swap(path: &Path, there: Option<&Metadata>, bytes: &[u8]) -> io::Result<()> {
    let mut beside = beside(directory_of(path), there)?;
    beside.write_all(bytes)?;
    if let Some(there) = there {
        dress(beside.as_file(), there)?;
    }
    beside.as_file().sync_all()?;
    beside.persist(path)?;
    Ok(())
}

/// Makes the file that takes the place: private until it is complete, or with the mode of a new file.
fn beside(directory: &Path, there: Option<&Metadata>) -> io::Result<NamedTempFile> {
    let mode = if there.is_some() { 0o600 } else { 0o666 };
    Builder::new()
        .prefix(BESIDE)
        .permissions(fs::Permissions::from_mode(mode))
        .tempfile_in(directory)
}

/// Gives a file the mode and, as far as we may, the owner and group of another one.
fn dress(file: &File, like: &Metadata) -> io::Result<()> {
    let own = file.metadata()?;
    if (own.uid(), own.gid()) != (like.uid(), like.gid()) {
        // Only root gives files away; everybody else may give one to a group of theirs.
        let _ = fchown(file, Some(like.uid()), Some(like.gid()))
            .or_else(|_| fchown(file, None, Some(like.gid())));
    }
    file.set_permissions(like.permissions())
}

fn directory_of(path: &Path) -> &Path {
    let directory = path.parent().filter(|it| !it.as_os_str().is_empty());
    directory.unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_keeps_its_mode_and_leaves_nothing_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "old and longer").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        replace(&file, b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(mode(&file), 0o640);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_stays_one_even_when_it_leads_nowhere_yet() {
        let directory = tempfile::tempdir().unwrap();
        let (link, target) = (
            directory.path().join("link"),
            directory.path().join("target"),
        );
        symlink("target", &link).unwrap();
        for text in ["first", "second"] {
            replace(&link, text.as_bytes()).unwrap();
            assert!(link.is_symlink());
            assert_eq!(fs::read_to_string(&target).unwrap(), text);
        }
    }

    #[test]
    fn what_is_no_file_is_written_to_and_stays() {
        replace(Path::new("/dev/null"), b"gone").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn an_open_file_that_this_process_was_given_stays_the_same_file() {
        let mut given = tempfile::tempfile().unwrap();
        given.write_all(b"before ").unwrap();
        let number = std::os::fd::AsRawFd::as_raw_fd(&given);
        replace(Path::new(&format!("/dev/fd/{number}")), b"after").unwrap();
        let mut text = String::new();
        io::Seek::rewind(&mut given).unwrap();
        io::Read::read_to_string(&mut given, &mut text).unwrap();
        assert_eq!(text, "before after");
    }

    #[test]
    fn a_failure_names_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let missing = directory.path().join("missing/file");
        let failure = replace(&missing, b"x").unwrap_err().to_string();
        assert!(failure.starts_with(&format!(
            "{}: the file cannot be written: ",
            missing.display()
        )));
        let itself = replace(directory.path(), b"x").unwrap_err().to_string();
        assert!(itself.contains("directory"), "{itself}");
    }
}
