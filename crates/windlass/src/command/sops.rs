//! `windlass sops`: the program sops, for people and scripts that call it. A link named `sops` leads here as well.

mod account;
mod ask;
mod child;
mod completion;
mod configuration;
mod context;
mod creation;
mod decrypt;
mod difference;
mod document;
mod edit;
mod encrypt;
mod exec_env;
mod exec_file;
mod exit;
mod file;
mod filestatus;
mod flags;
mod groups;
mod keyservice;
mod old;
mod private;
mod publish;
mod rotate;
mod service;
mod set;
mod tree;
mod unset;
mod updatekeys;
pub(crate) mod words;
mod wrap;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgMatches, Args, Command, Error, FromArgMatches as _, Subcommand};

use crate::failure::{Done, Failure};
use crate::style::Style;
use crate::terminal::write_stdout;

use context::Context;

/// The version of sops whose place we take.
pub(crate) const VERSION: &str = "3.11.0";

/// Does what sops 3.11.0 does, with its verbs, flags and exit codes
///
/// A link named `sops` that leads to windlass is the same program. Without a verb, the flags -d, -e, -r and --set
/// say what to do with FILE; without these, FILE is edited.
#[derive(Debug, Args)]
#[command(
    subcommand_precedence_over_arg = true,
    override_usage = "sops VERB [OPTIONS] FILE\n       sops [OPTIONS] FILE",
    after_help = "\
Examples:
  sops decrypt secret.yaml                       the older form: sops -d secret.yaml
  sops encrypt -i --age age1… secret.yaml        the older form: sops -e -i --age age1… secret.yaml
  sops decrypt --extract '[\"data\"][\"user\"]' secret.yaml
  sops set secret.yaml '[\"data\"][\"user\"]' '\"hydra\"'
  sops secret.yaml                               edits it

Keys and rules for new files are those of the flags, or of the .sops.yaml in this directory or above.
Exit codes are those of sops 3.11.0."
)]
pub(crate) struct Sops {
    #[command(flatten)]
    general: General,
    #[command(subcommand)]
    verb: Option<Verb>,
}

/// What may stand anywhere.
#[derive(Debug, Default, Args)]
struct Anywhere {
    /// The file with creation rules (default: .sops.yaml in this directory or the next above that has one)
    #[arg(
        long,
        value_name = "FILE",
        env = "SOPS_CONFIG",
        hide_env_values = true,
        value_parser = flags::path(),
        display_order = 900,
        global = true
    )]
    config: Option<PathBuf>,
}

/// What stands before a verb, or does without.
#[derive(Debug, Default, Args)]
struct General {
    /// Print the version
    #[arg(long, short)]
    version: bool,
    #[command(flatten)]
    anywhere: Anywhere,
    /// How many spaces YAML and JSON are indented with; -1 is a tab (default: as .sops.yaml says)
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    indent: Option<i32>,
    /// Accepted for the sake of sops: errors say it all anyway
    #[arg(long, hide = true)]
    verbose: bool,
    /// Accepted for the sake of sops: newer versions are never asked for
    #[arg(long, hide = true)]
    disable_version_check: bool,
    /// Accepted for the sake of sops: newer versions are never asked for
    #[arg(long, hide = true)]
    check_for_updates: bool,
    #[command(flatten)]
    old: old::OldForm,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Decrypt(Box<decrypt::Decrypt>),
    Encrypt(Box<encrypt::Encrypt>),
    Rotate(Box<rotate::Rotate>),
    Edit(Box<edit::Edit>),
    Set(Box<set::Set>),
    Unset(Box<unset::Unset>),
    Filestatus(filestatus::Filestatus),
    Updatekeys(updatekeys::Updatekeys),
    Groups(groups::Groups),
    ExecEnv(exec_env::ExecEnv),
    ExecFile(exec_file::ExecFile),
    Publish(publish::Publish),
    Keyservice(keyservice::Keyservice),
    Completion(completion::Completion),
}

impl Sops {
    /// Returns the definition of a line that begins with a verb, of which only that verb; nothing if it begins
    /// otherwise, or asks for help. The flags that stand before verbs are most of the definition, and none is there.
    pub(crate) fn with_verb(words: &[OsString]) -> Option<Command> {
        if words.iter().any(|word| word == "help") {
            return None;
        }
        let first = words.first()?;
        let (name, define) = Verb::DEFINITIONS.iter().find(|(name, _)| first == name)?;
        let command = Anywhere::augment_args(Command::new("sops"));
        let command = command.subcommand_precedence_over_arg(true);
        let command = command.disable_help_subcommand(true);
        Some(command.subcommand(define(Command::new(*name))))
    }

    /// Reads a line that begins with a verb.
    pub(crate) fn of_verb(matches: &ArgMatches) -> Result<Self, Error> {
        Ok(Self {
            general: General {
                anywhere: Anywhere::from_arg_matches(matches)?,
                ..General::default()
            },
            verb: Some(Verb::from_arg_matches(matches)?),
        })
    }

    /// Returns the definition of the program, of its verbs only those in this command line; nothing if it asks for
    /// help. It reads such a line as the whole definition does, which is a third of the time of a small file.
    pub(crate) fn brief(words: &[OsString]) -> Option<Command> {
        if words.iter().any(|word| word == "help") {
            return None;
        }
        let general = General::augment_args(Command::new("sops"));
        let general = general
            .subcommand_precedence_over_arg(true)
            .disable_help_subcommand(true);
        let named = Verb::DEFINITIONS.into_iter();
        let named = named.filter(|(name, _)| words.iter().any(|word| word == name));
        Some(named.fold(general, |command, (name, define)| {
            command.subcommand(define(Command::new(name)))
        }))
    }

    pub(crate) fn run(self, style: Style) -> Result<Done, Failure> {
        let general = self.general;
        if general.version {
            let ours = env!("CARGO_PKG_VERSION");
            write_stdout(&format!("sops {VERSION} (windlass {ours})\n"))?;
            return Ok(Done::Well);
        }
        let context = Context::new(
            style,
            general.anywhere.config.as_deref(),
            general.indent,
            &general.old.rules,
        )?;
        match self.verb {
            Some(verb) => verb.run(&context),
            None => general.old.run(&context),
        }
    }
}

/// Adds the arguments of a verb to its definition.
type Define = fn(Command) -> Command;

impl Verb {
    /// The verbs one by one: each is a command with these arguments.
    const DEFINITIONS: [(&str, Define); 14] = [
        ("decrypt", decrypt::Decrypt::augment_args),
        ("encrypt", encrypt::Encrypt::augment_args),
        ("rotate", rotate::Rotate::augment_args),
        ("edit", edit::Edit::augment_args),
        ("set", set::Set::augment_args),
        ("unset", unset::Unset::augment_args),
        ("filestatus", filestatus::Filestatus::augment_args),
        ("updatekeys", updatekeys::Updatekeys::augment_args),
        ("groups", groups::Groups::augment_args),
        ("exec-env", exec_env::ExecEnv::augment_args),
        ("exec-file", exec_file::ExecFile::augment_args),
        ("publish", publish::Publish::augment_args),
        ("keyservice", keyservice::Keyservice::augment_args),
        ("completion", completion::Completion::augment_args),
    ];

    fn run(self, context: &Context) -> Result<Done, Failure> {
        match self {
            Self::Decrypt(verb) => verb.run(context),
            Self::Encrypt(verb) => verb.run(context),
            Self::Rotate(verb) => verb.run(context),
            Self::Edit(verb) => verb.run(context),
            Self::Set(verb) => verb.run(context),
            Self::Unset(verb) => verb.run(context),
            Self::Filestatus(verb) => verb.run(context),
            Self::Updatekeys(verb) => verb.run(context),
            Self::Groups(verb) => verb.run(context),
            Self::ExecEnv(verb) => verb.run(context),
            Self::ExecFile(verb) => verb.run(context),
            Self::Publish(verb) => verb.run(context),
            Self::Keyservice(verb) => verb.run(context),
            Self::Completion(verb) => verb.run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::iter;

    use super::*;

    #[test]
    fn the_brief_definition_has_every_verb_with_all_its_arguments() {
        let mut whole = crate::program::sops();
        let verbs = whole.get_subcommands().map(|verb| verb.get_name().into());
        let verbs: Vec<OsString> = verbs.collect();
        let mut brief = Sops::brief(&verbs).unwrap();
        whole.build();
        brief.build();
        assert_eq!(arguments(&brief), arguments(&whole));
    }

    #[test]
    fn a_line_that_begins_with_a_verb_means_the_same_without_the_flags_before_verbs() {
        for line in [
            "decrypt secret.yaml",
            "decrypt --config rules.yaml -i secret.yaml",
            "decrypt decrypt",
            "encrypt --age age1x --encrypted-regex ^a secret.yaml",
            "set --idempotent secret.yaml [\"a\"] 1",
            "groups add --file secret.yaml --age age1x",
            "filestatus secret.yaml",
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let whole = iter::once(OsString::from("sops")).chain(words.iter().cloned());
            let matches = |command: Command| command.try_get_matches_from(whole.clone()).unwrap();
            let quick = matches(Sops::with_verb(&words).unwrap());
            let quick = Sops::of_verb(&quick).unwrap();
            let whole = Sops::from_arg_matches(&matches(crate::program::sops())).unwrap();
            let (quick_config, config) = (quick.general.anywhere, whole.general.anywhere);
            let shown = format!("{quick_config:?} {:?}", quick.verb);
            assert_eq!(shown, format!("{config:?} {:?}", whole.verb), "{line}");
        }
        for line in ["-d decrypt", "--config x decrypt y", "decrypt help", "x"] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert!(Sops::with_verb(&words).is_none(), "{line}");
        }
    }

    #[test]
    fn the_brief_definition_has_no_other_verb() {
        let words = ["-d", "set"].map(OsString::from);
        let brief = Sops::brief(&words).unwrap();
        let verbs: Vec<_> = brief.get_subcommands().map(Command::get_name).collect();
        assert_eq!(verbs, ["set"]);
        assert!(Sops::brief(&["help".into()]).is_none());
    }

    /// Returns what decides how a line is read: commands and their arguments. The help about commands is left out.
    fn arguments(command: &Command) -> Vec<String> {
        let names = command.get_name_and_visible_aliases();
        assert_eq!(names.len(), 1, "a verb with an alias is not found");
        let own = command.get_arguments().map(|argument| {
            let name = command.get_name();
            format!("{name}: {argument:?}")
        });
        let settings = format!(
            "{} {}",
            command.is_subcommand_precedence_over_arg_set(),
            command.is_args_conflicts_with_subcommands_set()
        );
        let verbs = command.get_subcommands();
        let verbs = verbs.filter(|verb| verb.get_name() != "help");
        own.chain([settings])
            .chain(verbs.flat_map(arguments))
            .collect()
    }
}
