//! Which program we are: called through a link named `kustomize` or `sops`, we behave as that.

use std::ffi::{OsStr, OsString};
use std::iter;
use std::path::Path;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{
    ArgMatches, Command, CommandFactory as _, Error, FromArgMatches as _, Parser, ValueEnum as _,
};

use crate::cli::{self, Cli, Color};
use crate::command::kustomize::Kustomize;
use crate::command::sops::Sops;
use crate::command::sops::words::arranged;
use crate::failure::{Done, Failure};
use crate::style::{Ink, Style};
use crate::terminal::{complain, shown};

/// A program that this binary is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Program {
    Windlass,
    Kustomize,
    Sops,
}

/// Manages declarative configuration of Kubernetes, as kustomize 5.8.1 does. This is windlass.
#[derive(Debug, Parser)]
#[command(name = "kustomize")]
struct Link {
    #[command(flatten)]
    kustomize: Kustomize,
}

/// Reads and writes files encrypted by sops, as sops 3.11.0 does. This is windlass.
#[derive(Debug, Parser)]
#[command(name = "sops")]
struct SopsLink {
    #[command(flatten)]
    sops: Sops,
}

/// Carries out a command line, the name of the program first, and returns the exit code.
///
/// 0 done, 1 failed, 2 usage, 3 differs; called as `kustomize` only 0 and 1, as that has it; as `sops` the codes
/// that sops has.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    match Program::named(arguments.first().map_or(OsStr::new(""), |name| name)) {
        Program::Windlass => match before_sops(&arguments) {
            Some((color, length)) => {
                let words = arguments.into_iter().skip(length + 1);
                run_sops("windlass sops", Style::new(color), words)
            }
            None => match Cli::try_parse_from(arguments) {
                Ok(cli) => cli::run(cli),
                Err(error) => with_hint(error).exit(),
            },
        },
        Program::Kustomize => run_link(arguments),
        Program::Sops => {
            let style = Style::new(Color::Auto);
            run_sops("sops", style, arguments.into_iter().skip(1))
        }
    }
}

/// Returns what stands before the verb sops, whose words are not clap's: the colour, and how many words they are
/// with the name of the program. Nothing if the verb is another one.
fn before_sops(arguments: &[OsString]) -> Option<(Color, usize)> {
    let (mut color, mut at) = (Color::Auto, 1);
    loop {
        let word = arguments.get(at)?.to_str()?;
        let when = match word.strip_prefix("--color") {
            None => return (word == "sops").then_some((color, at)),
            Some("") => arguments.get(at + 1)?.to_str()?,
            Some(rest) => rest.strip_prefix('=')?,
        };
        color = Color::from_str(when, false).ok()?;
        at += if word == "--color" { 2 } else { 1 };
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

/// Returns the definition of the program `sops`.
pub(crate) fn sops() -> Command {
    SopsLink::command()
}

fn run_link(arguments: Vec<OsString>) -> ExitCode {
    let style = Style::new(Color::Auto);
    let matches = kustomize().try_get_matches_from(arguments);
    let link = match matches.and_then(|matches| Link::from_arg_matches(&matches)) {
        Ok(link) => link,
        Err(error) => return refuse(&error),
    };
    match link.kustomize.run(style) {
        Ok(Done::Well) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(failure) => report(&failure, style),
    }
}

/// Runs the program sops, whose command line is not quite clap's.
fn run_sops(called: &'static str, style: Style, words: impl Iterator<Item = OsString>) -> ExitCode {
    let words: Vec<OsString> = words.collect();
    let with_verb = Sops::with_verb(&words);
    let with_verb = with_verb.map(|command| parsed(command, Sops::of_verb, called, &words));
    let brief = || parsed(Sops::brief(&words)?, of_link, called, &words).ok();
    // What is wrong with the line, and help, takes the whole definition.
    let whole = || parsed(SopsLink::command(), of_link, called, &words);
    let parsed = with_verb.and_then(Result::ok).or_else(brief);
    let (sops, ignored) = match parsed.map_or_else(whole, Ok) {
        Ok(parsed) => parsed,
        Err(Misread::Clap(error)) => return refuse(&error),
        Err(Misread::Go(wrong)) => return report(&Failure::of([wrong]), style),
    };
    for ignored in &ignored {
        let label = style.err(Ink::Yellow, "warning:");
        complain(&format!("{label} {}", shown(ignored)));
    }
    match sops.run(style) {
        Ok(done) => done.into(),
        Err(failure) => failure.report(style),
    }
}

/// Why a command line of sops is none.
enum Misread {
    /// Go does not take it.
    Go(String),
    /// It is help or a version, or clap does not take it.
    Clap(Error),
}

/// Reads a command line of sops, and returns what of it is ignored as well.
fn parsed(
    command: Command,
    read: fn(&ArgMatches) -> Result<Sops, Error>,
    called: &'static str,
    words: &[OsString],
) -> Result<(Sops, Vec<String>), Misread> {
    let mut command = command.bin_name(called);
    command.build();
    let words = arranged(&command, words.iter().cloned()).map_err(Misread::Go)?;
    let name = OsString::from(called);
    let matches = command.try_get_matches_from(iter::once(name).chain(words.words));
    let sops = matches.and_then(|matches| read(&matches));
    Ok((sops.map_err(Misread::Clap)?, words.ignored))
}

fn of_link(matches: &ArgMatches) -> Result<Sops, Error> {
    SopsLink::from_arg_matches(matches).map(|link| link.sops)
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
    /// `kustomize.exe`, `kustomize-5.8.1`, `kustomize_v5`; likewise `sops`.
    fn named(path: &OsStr) -> Self {
        let name = Path::new(path).file_name().and_then(OsStr::to_str);
        let name = name.unwrap_or_default().to_ascii_lowercase();
        let is = |program: &str| {
            let rest = name.strip_prefix(program);
            rest.is_some_and(|rest| !rest.starts_with(char::is_alphabetic))
        };
        if is("kustomize") {
            Self::Kustomize
        } else if is("sops") {
            Self::Sops
        } else {
            Self::Windlass
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
    fn the_verb_sops_may_stand_behind_a_colour() {
        let before = |line: &str| {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            before_sops(&words)
        };
        assert_eq!(before("windlass sops -d x"), Some((Color::Auto, 1)));
        let never = before("windlass --color never sops -in-place x");
        assert_eq!(never, Some((Color::Never, 3)));
        let last = before("windlass --color=never --color=always sops");
        assert_eq!(last, Some((Color::Always, 3)));
        for line in [
            "windlass",
            "windlass secret",
            "windlass --color sops",
            "windlass --color",
            "windlass --colors=never sops",
            "windlass plan sops",
        ] {
            assert_eq!(before(line), None, "{line}");
        }
    }

    #[test]
    fn the_definition_of_the_link_is_sound() {
        kustomize().debug_assert();
    }
}
