//! `sops exec-env`.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use windlass_sops::{EmitError, SecretBytes};

use super::account::Account;
use super::child::{Watch, shell};
use super::context::Context;
use super::document::Opening;
use super::exit::Exit;
use super::file::{Input, Source};
use super::flags::{MacFlags, NameFlags, OrderFlags, ServiceFlags, TypeFlags};
use crate::failure::{Done, Failure};

/// Runs a command with the values of a file in its environment
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sops exec-env secret.yaml 'psql \"$DATABASE_URL\"'
  sops exec-env --same-process secret.env ./server

The values of the file must be single values at its top. Signals are passed on to the command, and its exit code
is returned.")]
pub(super) struct ExecEnv {
    /// The file, and the command for the shell in one word
    #[arg(value_name = "FILE COMMAND")]
    words: Vec<OsString>,
    /// Give the command the values of the file only, and nothing of this environment
    #[arg(long)]
    pristine: bool,
    /// Run the command as this user
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Become the shell that runs the command, instead of waiting for it
    #[arg(long)]
    same_process: bool,
    /// Do not wait for the command; deprecated: end the command with & instead
    #[arg(long)]
    background: bool,
    #[command(flatten)]
    order: OrderFlags,
    #[command(flatten)]
    service: ServiceFlags,
}

/// A file, and the line that the shell runs on it.
pub(super) struct Task {
    pub(super) file: PathBuf,
    pub(super) line: String,
}

impl ExecEnv {
    pub(super) fn run(self, context: &Context) -> Result<Done, Failure> {
        let task = Task::new(&self.words)?;
        if self.background && self.same_process {
            return Err(
                Exit::Conflict.because("--background and --same-process exclude each other")
            );
        }
        let user = Account::named(self.user.as_deref())?;
        let opening = Opening::new(&self.service, &self.order, MacFlags::default())?;
        let command = self.command(&task, user, &opening, context)?;
        if self.same_process {
            return Err(become_it(command));
        }
        if self.background {
            context.warn("--background is deprecated; end the command with & instead");
            return start(command);
        }
        let mut watch = Watch::begin()?;
        let ended = watch.run(command).map_err(|error| not_run(&error))?;
        Ok(Done::As(ended.code()))
    }

    fn command(
        &self,
        task: &Task,
        user: Option<Account>,
        opening: &Opening,
        context: &Context,
    ) -> Result<Command, Failure> {
        let source = Source::File(&task.file);
        let input = Input::read(
            source,
            &TypeFlags::default(),
            &NameFlags::default(),
            context,
        )?;
        let plaintext = opening.decrypt(&input, context)?;
        let pairs = plaintext
            .flat_pairs()
            .map_err(|error| nested(&input, &error))?;
        let mut command = shell(&task.line, user.as_ref());
        if self.pristine {
            command.env_clear();
        }
        for (name, value) in &pairs {
            check_pair(&input, name, value)?;
            command.env(name, std::ffi::OsStr::from_bytes(value.expose()));
        }
        Ok(command)
    }
}

impl Task {
    /// Takes the two words that `exec-env` and `exec-file` want.
    pub(super) fn new(words: &[OsString]) -> Result<Self, Failure> {
        match words {
            [file, line] => Ok(Self {
                file: Path::new(file).to_owned(),
                line: utf8(line)?,
            }),
            [] => Err(Exit::Generic.because("a file and a command are needed")),
            [_] => Err(Exit::Generic.because("a command is needed behind the file")),
            [_, ..] => {
                let failure = Exit::Generic.because("the command must be one word, for the shell");
                Err(failure.hint("quote it: sops exec-env FILE 'COMMAND ARGUMENT'"))
            }
        }
    }
}

fn utf8(line: &OsString) -> Result<String, Failure> {
    let text = String::from_utf8(line.clone().into_vec());
    text.map_err(|_| Exit::Generic.because("the command is not UTF-8"))
}

fn nested(input: &Input, error: &EmitError) -> Failure {
    let failure = input.failure(Exit::Generic, error);
    match error {
        EmitError::Nested { .. } => failure.hint(
            "an environment holds single values only; exec-file hands the whole file to a command",
        ),
        _ => failure,
    }
}

/// Checks what no environment can hold.
fn check_pair(input: &Input, name: &str, value: &SecretBytes) -> Result<(), Failure> {
    let problem = if name.is_empty() {
        "a key is empty".to_owned()
    } else if name.contains(['=', '\0']) {
        format!("the key {name:?} holds = or NUL")
    } else if value.expose().contains(&0) {
        format!("the value of {name} holds NUL")
    } else {
        return Ok(());
    };
    let text = format!("{problem}, which no environment can hold");
    Err(input.failure(Exit::Generic, text))
}

/// Replaces this process. Returns only when that fails.
fn become_it(mut command: Command) -> Failure {
    not_run(&command.exec())
}

fn start(mut command: Command) -> Result<Done, Failure> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().map_err(|error| not_run(&error))?;
    Ok(Done::Well)
}

/// Returns that a command could not be started.
pub(super) fn not_run(error: &std::io::Error) -> Failure {
    let failure = Exit::Generic.because(format!("the command cannot be run: {error}"));
    if error.kind() == std::io::ErrorKind::PermissionDenied {
        return failure.hint("only root runs commands as another user");
    }
    failure
}
