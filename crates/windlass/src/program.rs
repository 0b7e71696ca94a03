//! Which program we are: called through a link named `kustomize`, we behave as that.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory as _, Error, FromArgMatches as _, Parser};

use crate::cli::{self, Cli};
use crate::command::kustomize::Kustomize;
use crate::failure::{Done, Failure};
use crate::style::Style;

/// A program that this binary is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Program {
    Windlass,
    Kustomize,
}

/// Manages declarative configuration of Kubernetes, as kustomize 5.8.1 does. This is windlass.
#[derive(Debug, Parser)]
#[command(name = "kustomize")]
struct Link {
    #[command(flatten)]
    kustomize: Kustomize,
}

/// Carries out a command line, the name of the program first, and returns the exit code.
///
/// 0 done, 1 failed, 2 usage, 3 differs; called as `kustomize` only 0 and 1, as that has it.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    match Program::named(arguments.first().map_or(OsStr::new(""), |name| name)) {
        Program::Windlass => match Cli::try_parse_from(arguments) {
            Ok(cli) => cli::run(cli),
            Err(error) => with_hint(error).exit(),
        },
        Program::Kustomize => run_link(arguments),
    }
}

/// Says where the verbs of kustomize are, if the mistake is one of them.
fn with_hint(mut error: Error) -> Error {
    let Some(ContextValue::String(verb)) = error.get(ContextKind::InvalidSubcommand) else {
        return error;
    };
    if kustomize().find_subcommand(verb).is_some() {
        let hint = format!("it is a verb of kustomize: `windlass kustomize {verb}`");
        error.insert(
            ContextKind::Suggested,
            ContextValue::StyledStrs(vec![hint.into()]),
        );
        error.remove(ContextKind::SuggestedSubcommand);
    }
    error
}

/// Returns the definition of the program `kustomize`.
pub(crate) fn kustomize() -> Command {
    Link::command()
}

fn run_link(arguments: Vec<OsString>) -> ExitCode {
    let style = Style::new(cli::Color::Auto);
    let matches = kustomize().try_get_matches_from(arguments);
    let link = match matches.and_then(|matches| Link::from_arg_matches(&matches)) {
        Ok(link) => link,
        Err(error) => return refuse(&error),
    };
    match link.kustomize.run(style) {
        Ok(Done::Well) => ExitCode::SUCCESS,
        Ok(Done::Badly | Done::Differs) => ExitCode::FAILURE,
        Err(failure) => report(&failure, style),
    }
}

/// Prints what clap has to say. A command without its verb prints its help, and has done well.
fn refuse(error: &Error) -> ExitCode {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let printed = crate::terminal::write_stdout(&error.render().to_string());
        return printed.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    // When standard error is closed, there is nobody to tell.
    let _ = error.print();
    ExitCode::from(u8::from(error.use_stderr()))
}

fn report(failure: &Failure, style: Style) -> ExitCode {
    let _ = failure.report(style);
    ExitCode::FAILURE
}

impl Program {
    /// Returns the program for the path by which it was called: `kustomize`, `/usr/bin/kustomize`,
    /// `kustomize.exe`, `kustomize-5.8.1`, `kustomize_v5`.
    fn named(path: &OsStr) -> Self {
        let name = Path::new(path).file_name().and_then(OsStr::to_str);
        let name = name.unwrap_or_default().to_ascii_lowercase();
        match name.strip_prefix("kustomize") {
            Some(rest) if !rest.starts_with(char::is_alphabetic) => Self::Kustomize,
            _ => Self::Windlass,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_may_have_a_directory_a_version_and_an_ending() {
        for name in [
            "kustomize",
            "/usr/local/bin/kustomize",
            "./kustomize.exe",
            "kustomize-5.8.1",
            "kustomize_v5.8.1",
            "kustomize5",
        ] {
            assert_eq!(
                Program::named(OsStr::new(name)),
                Program::Kustomize,
                "{name}"
            );
        }
    }

    #[test]
    fn every_other_name_is_windlass() {
        for name in [
            "",
            "windlass",
            "windlass-kustomize",
            "kustomizer",
            "kustomize/windlass",
        ] {
            assert_eq!(
                Program::named(OsStr::new(name)),
                Program::Windlass,
                "{name}"
            );
        }
    }

    #[test]
    fn the_definition_of_the_link_is_sound() {
        kustomize().debug_assert();
    }
}
