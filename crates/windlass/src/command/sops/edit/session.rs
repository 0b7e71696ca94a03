//! A file in an editor: opened until it is good, and gone afterwards.

use std::fs::File;
use std::io::{IsTerminal as _, Read as _, stdin};
use std::path::{Path, PathBuf};

use windlass_sops::{MAX_SIZE, SecretBytes};

use super::super::child::Watch;
use super::super::exit::Exit;
use super::super::private::PrivateDirectory;
use super::editor::Editor;
use crate::failure::{Done, Failure};
use crate::style::Style;
use crate::terminal::complain;

/// A file in an editor. The plaintext goes with it, also when a signal ends the program.
pub(super) struct Session {
    // Signals are taken before there is a file, and until it is gone.
    directory: PrivateDirectory,
    watch: Watch,
    editor: Editor,
    file: PathBuf,
    shown: SecretBytes,
}

impl Session {
    /// Writes `shown` to a file that has the name of `like`.
    pub(super) fn begin(editor: Editor, like: &Path, shown: SecretBytes) -> Result<Self, Failure> {
        let failed = |error| {
            Exit::CannotWrite.because(format!("the file for the editor cannot be made: {error}"))
        };
        let watch = Watch::begin().map_err(failed)?;
        let directory = PrivateDirectory::new(None).map_err(failed)?;
        let name = like.file_name().map_or(Path::new("file"), Path::new);
        let file = directory.file(name, &shown).map_err(failed)?;
        Ok(Self {
            directory,
            watch,
            editor,
            file,
            shown,
        })
    }

    /// Opens the file in the editor until `save` takes what was edited.
    pub(super) fn run(
        mut self,
        style: Style,
        mut save: impl FnMut(SecretBytes) -> Result<(), Failure>,
    ) -> Result<Done, Failure> {
        loop {
            self.edit()?;
            let edited = self.read()?;
            if edited == self.shown {
                let failure =
                    Exit::Unchanged.because("the file was not changed, so nothing was written");
                return Err(failure);
            }
            match save(edited) {
                Ok(()) => break,
                Err(failure) => self.offer_again(failure, style)?,
            }
        }
        drop(self.directory);
        Ok(Done::Well)
    }

    fn edit(&mut self) -> Result<(), Failure> {
        let name = self.editor.name();
        let ended = self.watch.run(self.editor.command(&self.file));
        let ended = ended.map_err(|error| {
            let failure =
                Exit::NoEditor.because(format!("the editor {name} cannot be run: {error}"));
            failure.hint("name another one in SOPS_EDITOR or EDITOR")
        })?;
        if ended.was_interrupted() {
            return Err(interrupted());
        }
        if !ended.is_success() {
            let code = ended.code();
            let text = format!("the editor {name} failed with code {code}, so nothing was written");
            return Err(Exit::NoEditor.because(text));
        }
        Ok(())
    }

    /// Reads what was edited, but not much beyond what a document may have.
    fn read(&self) -> Result<SecretBytes, Failure> {
        let mut bytes = Vec::with_capacity(self.shown.expose().len() + 4096);
        let limit = MAX_SIZE as u64 + 1;
        let read = File::open(&self.file).and_then(|file| file.take(limit).read_to_end(&mut bytes));
        let bytes = SecretBytes::new(bytes);
        match read {
            Ok(_) => Ok(bytes),
            Err(error) => {
                Err(Exit::CannotRead.because(format!("what was edited cannot be read: {error}")))
            }
        }
    }

    /// Says what is wrong and, where a person is at the terminal, waits until that person goes on.
    fn offer_again(&mut self, failure: Failure, style: Style) -> Result<(), Failure> {
        if !stdin().is_terminal() {
            let hint = "nothing was written, and what was edited is gone";
            return Err(Exit::NoEditor.with(failure).hint(hint));
        }
        failure.report(style);
        complain("Press Enter to go back to the editor, or Ctrl-C to give up.");
        match self.watch.enter() {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(interrupted()),
        }
    }
}

fn interrupted() -> Failure {
    Exit::Interrupted.because("interrupted, so nothing was written")
}
