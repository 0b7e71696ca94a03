//! A directory with files to encrypt, keys of its own, and both programs.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::scene::{Ran, binary, tool};

/// A home with age identities, and a directory to work in.
pub(crate) struct Lab {
    home: tempfile::TempDir,
    /// The recipient whose identity both programs are given.
    pub(crate) recipient: String,
    /// One whose identity they are not given.
    pub(crate) stranger: String,
    variables: Vec<(String, String)>,
}

impl Lab {
    /// Returns an empty directory.
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("work")).unwrap();
        symlink(binary(), home.path().join("sops")).unwrap();
        let recipient = identity(&home.path().join("own.txt"));
        let stranger = identity(&home.path().join("other.txt"));
        let own = home.path().join("own.txt").display().to_string();
        let variables = vec![("SOPS_AGE_KEY_FILE".to_owned(), own)];
        Self {
            home,
            recipient,
            stranger,
            variables,
        }
    }

    /// Adds a variable to the environment of both programs.
    pub(crate) fn variable(&mut self, name: &str, value: &str) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home().join("work").join(name)
    }

    /// Writes a file; `{own}` and `{stranger}` stand for the recipients.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, self.filled(text)).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Returns what is in the directory, by name.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(self.path("")).unwrap();
        let files = entries.map(|entry| entry.unwrap().path());
        let files = files.filter(|path| path.is_file());
        files
            .map(|path| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                (name, fs::read(path).unwrap())
            })
            .collect()
    }

    /// Runs a link named `sops` that leads to windlass.
    pub(crate) fn ours(&self, arguments: &[&str]) -> Ran {
        self.run(&self.home().join("sops"), arguments, "")
    }

    /// Runs the real sops.
    pub(crate) fn theirs(&self, arguments: &[&str]) -> Ran {
        self.run(&tool("sops"), arguments, "")
    }

    /// Runs ours, which must succeed, and returns what it printed.
    pub(crate) fn ours_ok(&self, arguments: &[&str]) -> String {
        done(self.ours(arguments), arguments)
    }

    /// Runs the real sops, which must succeed, and returns what it printed.
    pub(crate) fn theirs_ok(&self, arguments: &[&str]) -> String {
        done(self.theirs(arguments), arguments)
    }

    /// Runs ours, which must fail with this code and print nothing to standard output, and returns what it says,
    /// with names for what differs from run to run.
    pub(crate) fn refused(&self, code: i32, arguments: &[&str]) -> String {
        let ran = self.ours(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {ran:?}");
        assert_eq!(ran.stdout, "", "{arguments:?}");
        let work = self.path("").display().to_string();
        ran.stderr
            .replace(work.trim_end_matches('/'), "WORK")
            .replace(&self.home().display().to_string(), "HOME")
            .replace(&self.recipient, "age1own")
            .replace(&self.stranger, "age1stranger")
    }

    /// Runs a program in the directory, with an environment of its own.
    pub(crate) fn run(&self, program: &Path, arguments: &[&str], stdin: &str) -> Ran {
        let arguments = arguments.iter().map(|argument| self.filled(argument));
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .env("HOME", self.home())
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("SOPS_DISABLE_VERSION_CHECK", "1")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.path(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Who does not want it does not read it.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        let output = child.wait_with_output().unwrap();
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    fn filled(&self, text: &str) -> String {
        text.replace("{own}", &self.recipient)
            .replace("{stranger}", &self.stranger)
    }
}

fn done(ran: Ran, arguments: &[&str]) -> String {
    assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
    ran.stdout
}

/// Writes a new age identity, and returns its recipient.
fn identity(file: &Path) -> String {
    let keygen = |arguments: &[&str]| {
        let mut command = Command::new(tool("age-keygen"));
        let output = command.args(arguments).arg(file).output().unwrap();
        assert!(output.status.success(), "age-keygen {arguments:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    keygen(&["-o"]);
    keygen(&["-y"])
}
