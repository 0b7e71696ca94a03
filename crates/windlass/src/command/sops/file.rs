//! The file that a verb works on, and where its result goes.

use std::fs;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use windlass_sops::{Format, Located, MAX_SIZE, SecretBytes};

use super::context::Context;
use super::exit::Exit;
use super::flags::{NameFlags, OutputFlags, TypeFlags};
use crate::failure::Failure;
use crate::replace::replace;

/// The bytes of a file or of standard input, which may be secret, and how they are read and written.
#[derive(Debug)]
pub(super) struct Input {
    /// The name for messages.
    pub(super) name: String,
    pub(super) bytes: SecretBytes,
    pub(super) format: Format,
    pub(super) output_format: Format,
}

/// Where the bytes come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source<'s> {
    File(&'s Path),
    Stdin,
}

/// Where a result goes.
#[derive(Clone, Debug)]
pub(super) enum Target {
    Stdout,
    File(PathBuf),
}

impl Input {
    /// Reads the bytes, which must not be more than a document may have.
    pub(super) fn read(
        source: Source<'_>,
        types: &TypeFlags,
        name: &NameFlags,
        context: &Context,
    ) -> Result<Self, Failure> {
        let path = name.name().unwrap_or(match source {
            Source::File(path) => path,
            Source::Stdin => Path::new(""),
        });
        let format = context.format(types.input_type.as_deref(), "--input-type", path);
        let output_format = context.format(types.output_type.as_deref(), "--output-type", path);
        Ok(Self {
            name: source.name(),
            bytes: source.read()?,
            format,
            output_format,
        })
    }

    /// Returns whether this is YAML without anything but comments.
    pub(super) fn is_without_values(&self) -> bool {
        let lines = self.bytes.expose().split(|byte| *byte == b'\n');
        let mut lines = lines.map(<[u8]>::trim_ascii_start);
        self.format == Format::Yaml && lines.all(|line| line.is_empty() || line.starts_with(b"#"))
    }

    /// Refuses to write over what somebody else wrote to the file since it was read.
    pub(super) fn must_be_as_read(&self, path: &Path) -> Result<(), Failure> {
        if Source::File(path).read()? == self.bytes {
            return Ok(());
        }
        let failure = self.failure(
            Exit::CannotWrite,
            "it was changed by somebody else meanwhile",
        );
        Err(failure.hint("nothing was written; run the command again"))
    }

    /// Returns a failure about this input.
    pub(super) fn failure(&self, exit: Exit, text: impl std::fmt::Display) -> Failure {
        exit.because(format!("{}: {text}", self.name))
    }

    /// Returns a failure about this input, with the line of what is wrong.
    pub(super) fn failure_at(&self, exit: Exit, error: &dyn Located) -> Failure {
        exit.because(self.text().message(&self.name, error))
    }

    /// Returns the bytes as what lines are looked for in.
    pub(super) fn text(&self) -> windlass_sops::Source<'_> {
        windlass_sops::Source::new(self.bytes.expose(), self.format)
    }
}

impl Source<'_> {
    fn name(self) -> String {
        match self {
            Source::File(path) => path.display().to_string(),
            Source::Stdin => "standard input".to_owned(),
        }
    }

    fn read(self) -> Result<SecretBytes, Failure> {
        let read = match self {
            Source::File(path) => fs::File::open(path).and_then(|file| {
                let length = file.metadata()?.len();
                limited(file, length)
            }),
            Source::Stdin => limited(io::stdin().lock(), 0),
        };
        let failure = |error| Exit::CannotRead.because(format!("{}: {error}", self.name()));
        read.map_err(failure)
    }
}

/// Reads to the end, but not much beyond what a document may have: its parser says that it is too large.
/// With room for all of it, no copy stays behind in a buffer outgrown; the length may be wrong.
fn limited(from: impl io::Read, length: u64) -> io::Result<SecretBytes> {
    let limit = MAX_SIZE as u64 + 1;
    let room = usize::try_from(length.min(limit)).unwrap_or_default();
    // One more, so that the end is found without growing.
    let mut bytes = Vec::with_capacity(room + 1);
    from.take(limit).read_to_end(&mut bytes)?;
    Ok(SecretBytes::new(bytes))
}

impl Target {
    /// Returns where the result goes for these flags.
    pub(super) fn new(flags: &OutputFlags, source: Source<'_>) -> Result<Self, Failure> {
        let output = flags
            .output
            .as_ref()
            .filter(|path| !path.as_os_str().is_empty());
        match (flags.in_place, output, source) {
            (true, Some(_), _) => {
                Err(Exit::Conflict.because("--in-place and --output exclude each other"))
            }
            (true, None, Source::Stdin) => Err(Exit::Conflict
                .because("--in-place needs a file; the input is standard input")
                .hint("name the file, or leave --in-place out")),
            (true, None, Source::File(path)) => Ok(Self::File(path.to_owned())),
            (false, Some(path), _) => Ok(Self::File(path.clone())),
            (false, None, _) => Ok(Self::Stdout),
        }
    }

    /// Writes the result: all of it, or nothing.
    pub(super) fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        match self {
            Self::File(path) => {
                replace(path, bytes).map_err(|failure| Exit::CannotWrite.with(failure))
            }
            Self::Stdout => {
                let mut out = io::stdout().lock();
                let written = out.write_all(bytes).and_then(|()| out.flush());
                match written {
                    // Who reads may stop early, as `head` does.
                    Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Exit::CannotWrite
                        .because(format!("standard output cannot be written: {error}"))),
                    _ => Ok(()),
                }
            }
        }
    }
}

/// Returns the only file that a verb takes; sops takes the first one and warns of others.
pub(super) fn only<'f>(files: &'f [PathBuf], context: &Context) -> Option<&'f Path> {
    if let [first, others @ ..] = files
        && !others.is_empty()
    {
        context.warn(&format!(
            "only the first file counts, {}; the others are ignored",
            first.display()
        ));
    }
    files.first().map(PathBuf::as_path)
}

/// Returns the only file, which must be named.
pub(super) fn required<'f>(files: &'f [PathBuf], context: &Context) -> Result<&'f Path, Failure> {
    only(files, context).ok_or_else(missing)
}

/// Returns that no file is named.
pub(super) fn missing() -> Failure {
    Exit::NoFile
        .because("no file is named")
        .hint("`sops --help` shows the verbs; each has examples")
}

/// Refuses a file that is not there, with the code that sops has for it.
pub(super) fn must_exist(path: &Path) -> Result<(), Failure> {
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(Exit::NoFile.because(format!("{}: there is no such file", path.display())))
        }
        _ => Ok(()),
    }
}
