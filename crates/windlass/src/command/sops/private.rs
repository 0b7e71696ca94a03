//! A directory for plaintext that must not stay: nobody else enters it, and it is wiped when it goes.

use std::env;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use windlass_sops::SecretBytes;

use super::account::Account;

const OWNER_ONLY: u32 = 0o600;
const NO_LINK: i32 = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();

/// A directory with mode 0700. When it is dropped, the files in it are overwritten and all is removed.
///
/// Where its files are for another user, it stays ours and that user may only pass: who cannot change its entries
/// cannot put a link to something else in the place of one, for us to give away or to overwrite.
///
/// Overwriting reaches what a file system keeps in place; what an editor wrote elsewhere it does not reach.
#[derive(Debug)]
pub(super) struct PrivateDirectory {
    directory: TempDir,
    owner: Option<Account>,
}

impl PrivateDirectory {
    /// Makes one: below `$TMPDIR` if that is set, else in memory where the system has a place of the person's, else
    /// below the usual directory for temporary files. Its files belong to `owner`, if one is named.
    pub(super) fn new(owner: Option<Account>) -> io::Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix(".sops")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(place(owner.is_some()))?;
        if owner.is_some() {
            fs::set_permissions(directory.path(), Permissions::from_mode(0o711))?;
        }
        Ok(Self { directory, owner })
    }

    /// Makes a file that only its owner reads and writes.
    pub(super) fn file(&self, name: &Path, content: &SecretBytes) -> io::Result<PathBuf> {
        let path = self.directory.path().join(name);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(OWNER_ONLY)
            .open(&path)?;
        self.give(&path)?;
        file.write_all(content.expose())?;
        Ok(path)
    }

    /// Makes a pipe that has a name.
    pub(super) fn pipe(&self, name: &Path) -> io::Result<PathBuf> {
        let path = self.directory.path().join(name);
        let mode = rustix::fs::Mode::from_raw_mode(OWNER_ONLY);
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, mode)?;
        self.give(&path)?;
        Ok(path)
    }

    fn give(&self, path: &Path) -> io::Result<()> {
        match self.owner {
            Some(owner) => chown(path, Some(owner.uid), Some(owner.gid)),
            None => Ok(()),
        }
    }
}

impl Drop for PrivateDirectory {
    fn drop(&mut self) {
        // Nobody can be told what fails here, and the directory is removed in any case.
        let _ = wipe(self.directory.path());
    }
}

/// Returns where to make a directory; another user could not enter the one that is in memory.
fn place(is_for_another: bool) -> PathBuf {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty());
    let memory = || {
        set("XDG_RUNTIME_DIR")
            .map(PathBuf::from)
            .filter(|path| !is_for_another && path.is_dir())
    };
    set("TMPDIR")
        .map(PathBuf::from)
        .or_else(memory)
        .unwrap_or_else(env::temp_dir)
}

fn wipe(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let wiped = if kind.is_dir() {
            wipe(&entry.path())
        } else if kind.is_file() {
            overwrite(&entry.path())
        } else {
            Ok(())
        };
        // One that cannot be overwritten must not keep the others from it.
        drop(wiped);
    }
    Ok(())
}

fn overwrite(path: &Path) -> io::Result<()> {
    let mut file = File::options()
        .write(true)
        .custom_flags(NO_LINK)
        .open(path)?;
    let length = file.metadata()?.len();
    io::copy(&mut io::Read::take(io::repeat(0), length), &mut file)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn nobody_else_enters_and_nothing_stays() {
        let private = PrivateDirectory::new(None).unwrap();
        let file = private.file(Path::new("a.yaml"), &"secret".into()).unwrap();
        let pipe = private.pipe(Path::new("pipe")).unwrap();
        let directory = file.parent().unwrap().to_owned();
        assert_eq!(
            [mode(&directory), mode(&file), mode(&pipe)],
            [0o700, 0o600, 0o600]
        );
        fs::create_dir(directory.join("backup")).unwrap();
        // A second name for the content shows what was written over it.
        let other = tempfile::tempdir_in(place(false)).unwrap();
        let kept = other.path().join("kept");
        fs::hard_link(&file, &kept).unwrap();
        drop(private);
        assert!(!directory.exists());
        assert_eq!(fs::read(kept).unwrap(), [0; 6]);
    }
}
