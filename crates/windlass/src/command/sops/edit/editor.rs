//! The editor of a person.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::child::program;
use super::super::exit::Exit;
use crate::failure::Failure;

/// The editors that are looked for where none is named.
const USUAL: [&str; 3] = ["vim", "nano", "vi"];

/// A program with its arguments, to which the path of the file is added.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Editor(Vec<String>);

impl Editor {
    /// Returns the editor of `$SOPS_EDITOR` or `$EDITOR`, split as a shell does, or a usual one.
    pub(super) fn from_env() -> Result<Self, Failure> {
        for name in ["SOPS_EDITOR", "EDITOR"] {
            let value = env::var(name).unwrap_or_default();
            if !value.is_empty() {
                return Self::parse(name, &value);
            }
        }
        let path = env::var_os("PATH").unwrap_or_default();
        let directories: Vec<PathBuf> = env::split_paths(&path).collect();
        let found = USUAL.into_iter().find(|name| {
            let is_there = |directory: &PathBuf| is_program(&directory.join(name));
            directories.iter().any(is_there)
        });
        let found = found.ok_or_else(|| {
            let failure =
                Exit::NoEditor.because("there is no editor: none of vim, nano, vi is in PATH");
            failure.hint("name one in SOPS_EDITOR or EDITOR")
        })?;
        Ok(Self(vec![found.to_owned()]))
    }

    fn parse(variable: &str, value: &str) -> Result<Self, Failure> {
        match shlex::split(value) {
            Some(words) if !words.is_empty() => Ok(Self(words)),
            _ => Err(Exit::NoEditor.because(format!(
                "${variable}: {value:?} is not a command; its quotes do not match, or it is empty"
            ))),
        }
    }

    /// Returns the name of the program.
    pub(super) fn name(&self) -> &str {
        &self.0[0]
    }

    /// Returns the command that opens a file.
    pub(super) fn command(&self, file: &Path) -> Command {
        let mut command = program(&self.0[0], &self.0[1..]);
        command.arg(file);
        command
    }
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|there| there.is_file() && there.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_split_as_a_shell_does() {
        let editor = Editor::parse("EDITOR", r#"code --wait -a "b c""#).unwrap();
        assert_eq!(editor.0, ["code", "--wait", "-a", "b c"]);
        for value in ["'vi", "  ", "\"\\"] {
            assert!(Editor::parse("EDITOR", value).is_err(), "{value}");
        }
    }
}
