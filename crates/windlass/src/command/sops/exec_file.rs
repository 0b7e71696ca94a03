//! `sops exec-file`.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Component, Path, PathBuf};

use clap::Args;
use windlass_sops::SecretBytes;

use super::account::Account;
use super::child::{Ended, Watch, shell};
use super::context::Context;
use super::document::{Opening, dump_failure};
use super::exec_env::{Task, not_run};
use super::exit::Exit;
use super::file::{Input, Source};
use super::flags::{MacFlags, NameFlags, OrderFlags, ServiceFlags, TypeFlags};
use super::private::PrivateDirectory;
use crate::failure::{Done, Failure};

/// The name of the file unless another one is given.
const NAME: &str = "tmp-file";
/// What stands for its path in a command.
const PLACE: &str = "{}";

/// Runs a command on the decrypted content of a file
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sops exec-file secret.yaml 'kubectl apply -f {}'
  sops exec-file --no-fifo --filename secret.json secret.yaml --output-type json 'jq . {}'

{} stands for the path of a pipe, which can be read once and never is on a disk. --no-fifo makes a file instead,
in a directory that nobody else enters; it is overwritten and removed when the command ends, also after a signal.
Signals are passed on to the command, and its exit code is returned.")]
pub(super) struct ExecFile {
    /// The file, and the command for the shell in one word
    #[arg(value_name = "FILE COMMAND")]
    words: Vec<OsString>,
    /// Make a file instead of a pipe, for commands that read it twice or look for its end
    #[arg(long)]
    no_fifo: bool,
    /// The name of the pipe or file (default: tmp-file)
    #[arg(long, value_name = "NAME")]
    filename: Option<PathBuf>,
    /// Run the command as this user
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Refused: the content goes when sops ends
    #[arg(long)]
    background: bool,
    #[command(flatten)]
    types: TypeFlags,
    #[command(flatten)]
    order: OrderFlags,
    #[command(flatten)]
    service: ServiceFlags,
}

impl ExecFile {
    pub(super) fn run(self, context: &Context) -> Result<Done, Failure> {
        let task = Task::new(&self.words)?;
        if self.background {
            let text = "exec-file cannot leave a command behind: its file goes when sops ends";
            let failure = Exit::Conflict.because(text);
            return Err(failure.hint("run sops itself in the background: sops exec-file … &"));
        }
        let name = self.name()?;
        let user = Account::named(self.user.as_deref())?;
        let opening = Opening::new(&self.service, &self.order, MacFlags::default())?;
        let source = Source::File(&task.file);
        let input = Input::read(source, &self.types, &NameFlags::default(), context)?;
        let plaintext = opening.decrypt(&input, context)?;
        let content = plaintext.to_bytes_as(input.output_format, context.layout());
        let content = content.map_err(|error| dump_failure(&input, &error))?;
        // From here on a signal must not end this process before the file is gone.
        let mut watch = Watch::begin()?;
        let directory = PrivateDirectory::new(user).map_err(|error| not_made(&error))?;
        let path = self.place(&directory, name, content)?;
        let line = task.line.replace(PLACE, &path.to_string_lossy());
        let ended = watch.run(shell(&line, user.as_ref()));
        drop(directory);
        let ended: Ended = ended.map_err(|error| not_run(&error))?;
        Ok(Done::As(ended.code()))
    }

    /// Returns the name, which must lead nowhere else.
    fn name(&self) -> Result<&Path, Failure> {
        let name = self.filename.as_deref();
        let name = name.filter(|name| !name.as_os_str().is_empty());
        let name = name.unwrap_or(Path::new(NAME));
        let mut components = name.components();
        match (components.next(), components.next()) {
            (Some(Component::Normal(_)), None) => Ok(name),
            _ => Err(Exit::Generic.because(format!(
                "--filename {}: it is a name without directories",
                name.display()
            ))),
        }
    }

    fn place(
        &self,
        directory: &PrivateDirectory,
        name: &Path,
        content: SecretBytes,
    ) -> Result<PathBuf, Failure> {
        if self.no_fifo {
            return directory
                .file(name, &content)
                .map_err(|error| not_made(&error));
        }
        let path = directory.pipe(name).map_err(|error| not_made(&error))?;
        let pipe = path.clone();
        // Opening waits for a reader. Where none comes, this ends with the process.
        std::thread::spawn(move || feed(&pipe, &content));
        Ok(path)
    }
}

/// Writes the content for the first who reads.
fn feed(pipe: &Path, content: &SecretBytes) {
    if let Ok(mut pipe) = OpenOptions::new().write(true).open(pipe) {
        // A reader may stop early, as `head` does.
        let _ = pipe.write_all(content.expose());
    }
}

fn not_made(error: &std::io::Error) -> Failure {
    Exit::Generic.because(format!(
        "the place for the decrypted content cannot be made: {error}"
    ))
}
