//! The command line as sops reads it, rewritten as clap reads it.
//!
//! Go takes `-decrypt` for `--decrypt`, `--in-place=false`, and any word for the value of a flag. sops ignores
//! what stands behind the file in its old form, and most of what stands before the name of a verb.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use clap::{Arg, ArgAction, Command};

/// The flags that count before the name of a verb.
const GENERAL: [&str; 10] = [
    "help",
    "version",
    "check-for-updates",
    "config",
    "indent",
    "verbose",
    "mac-only-encrypted",
    "unencrypted-comment-regex",
    "encrypted-comment-regex",
    "disable-version-check",
];

/// A command line for clap.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) words: Vec<OsString>,
    /// What sops ignores, and so do we, with why.
    pub(crate) ignored: Vec<String>,
}

/// A flag, or none that the command has.
enum Flag<'c> {
    /// Its value is the rest of the word, or the next one.
    Valued(&'c str, Option<OsString>),
    /// It is on or off.
    Switch(&'c str, bool),
    /// It is for clap to judge.
    Other,
}

/// Returns the words behind the name of the program `sops`, whose definition is `command`.
pub(crate) fn arranged(
    command: &Command,
    words: impl IntoIterator<Item = OsString>,
) -> Result<Words, String> {
    let mut arranged = Words::default();
    let mut words = words.into_iter();
    let mut scope = command;
    while let Some(word) = words.next() {
        if word == "--" {
            arranged.words.push(word);
            arranged.words.extend(words);
            break;
        }
        if is_flag(&word) {
            let flag = flag(scope, &word)?;
            arranged.words.extend(flag.written(word, &mut words));
            continue;
        }
        let is_outermost = std::ptr::eq(scope, command);
        let verb = verb(scope, &word);
        if let (Some(verb), true) = (verb, is_outermost) {
            arranged.drop_what_needs_a_file(verb.get_name());
        }
        arranged.words.push(word);
        if verb.is_none() && is_outermost {
            arranged.ignore_behind_file(words);
            break;
        }
        scope = verb.unwrap_or(scope);
    }
    Ok(arranged)
}

impl Words {
    /// Takes the flags away that have no effect before the name of a verb.
    fn drop_what_needs_a_file(&mut self, verb: &str) {
        let ignored = &mut self.ignored;
        self.words.retain(|word| {
            let word = word.to_string_lossy();
            let name = word.trim_start_matches('-');
            let name = name.split('=').next().unwrap_or_default();
            let counts = GENERAL.contains(&name);
            if !counts {
                ignored.push(format!(
                    "--{name} has no effect before {verb}; write it behind"
                ));
            }
            counts
        });
    }

    /// Says which flags are ignored, and that there are other words: these may be secret.
    fn ignore_behind_file(&mut self, words: impl Iterator<Item = OsString>) {
        let (flags, others): (Vec<_>, Vec<_>) = words.partition(|word| is_flag(word));
        for flag in flags {
            let flag = flag.to_string_lossy();
            let name = flag.split('=').next().unwrap_or_default();
            self.ignored.push(format!(
                "{name} is ignored, as it stands behind the file; write flags before it"
            ));
        }
        match others.len() {
            0 => {}
            1 => self
                .ignored
                .push("a word behind the file is ignored".to_owned()),
            count => {
                let text = format!("{count} words behind the file are ignored");
                self.ignored.push(text);
            }
        }
    }
}

impl Flag<'_> {
    /// Returns the flag as clap reads it: its value is a part of the word.
    fn written(
        self,
        word: OsString,
        words: &mut impl Iterator<Item = OsString>,
    ) -> Option<OsString> {
        match self {
            Flag::Valued(name, value) => Some(match value.or_else(|| words.next()) {
                Some(value) => joined(name, &value),
                None => format!("--{name}").into(),
            }),
            Flag::Switch(name, true) => Some(format!("--{name}").into()),
            Flag::Switch(_, false) => None,
            Flag::Other => Some(word),
        }
    }
}

fn is_flag(word: &OsStr) -> bool {
    word.as_bytes().first() == Some(&b'-') && word.len() > 1
}

fn verb<'c>(scope: &'c Command, word: &OsStr) -> Option<&'c Command> {
    scope.find_subcommand(word.to_str()?)
}

fn flag<'c>(scope: &'c Command, word: &OsStr) -> Result<Flag<'c>, String> {
    let (name, value) = name_and_value(word);
    let Some(arg) = name.and_then(|name| defined(scope, name)) else {
        return if is_cluster(word) {
            Err(format!("there is no flag {}", word.display()))
        } else {
            Ok(Flag::Other)
        };
    };
    let name = arg.get_long().expect("every flag has a long name");
    if matches!(arg.get_action(), ArgAction::Set | ArgAction::Append) {
        let count = arg.get_num_args();
        let may_be_alone = count.is_some_and(|count| count.min_values() == 0);
        return Ok(match value {
            None if may_be_alone => Flag::Switch(name, true),
            value => Flag::Valued(name, value.map(|value| OsString::from_vec(value.to_vec()))),
        });
    }
    match value.map(|value| truth(&String::from_utf8_lossy(value))) {
        None => Ok(Flag::Switch(name, true)),
        Some(Some(on)) => Ok(Flag::Switch(name, on)),
        Some(None) => Err(format!("--{name} is true or false")),
    }
}

/// Takes `--name=value` apart, with one hyphen or two.
fn name_and_value(word: &OsStr) -> (Option<&str>, Option<&[u8]>) {
    let bytes = word.as_bytes();
    let bytes = bytes.strip_prefix(b"--").unwrap_or(&bytes[1..]);
    let (name, value) = match bytes.iter().position(|byte| *byte == b'=') {
        Some(at) => (&bytes[..at], Some(&bytes[at + 1..])),
        None => (bytes, None),
    };
    (std::str::from_utf8(name).ok(), value)
}

/// Returns whether clap would take the word for several flags of one letter each.
fn is_cluster(word: &OsStr) -> bool {
    let bytes = word.as_bytes();
    bytes.len() > 2 && bytes[1] != b'-' && !bytes[1].is_ascii_digit()
}

fn defined<'c>(scope: &'c Command, name: &str) -> Option<&'c Arg> {
    let is_named = |arg: &&Arg| {
        let short = arg.get_short().map(|short| short.to_string());
        let aliases = arg.get_all_aliases().unwrap_or_default();
        arg.get_long() == Some(name) || short.as_deref() == Some(name) || aliases.contains(&name)
    };
    scope.get_arguments().find(is_named)
}

/// Returns what Go's `ParseBool` returns.
pub(super) fn truth(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

fn joined(name: &str, value: &OsStr) -> OsString {
    let mut word = OsString::from(format!("--{name}="));
    word.push(value);
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program() -> Command {
        let switch = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
        let flags = || {
            [
                switch("in-place").short('i'),
                Arg::new("extract").long("extract"),
                Arg::new("config").long("config"),
                Arg::new("alone").long("alone").num_args(0..=1),
            ]
        };
        let file = || Arg::new("file").num_args(0..);
        let decrypt = Command::new("decrypt").args(flags()).arg(file());
        Command::new("sops")
            .args(flags())
            .arg(switch("decrypt").short('d'))
            .arg(file())
            .subcommand(decrypt)
    }

    fn arranged(line: &str) -> (String, Vec<String>) {
        let words = line.split_whitespace().map(OsString::from);
        let arranged = super::arranged(&program(), words).unwrap();
        let words = arranged.words.into_iter();
        let words: Vec<_> = words.map(|word| word.into_string().unwrap()).collect();
        (words.join(" "), arranged.ignored)
    }

    #[test]
    fn flags_are_read_as_go_reads_them() {
        for (line, wanted) in [
            ("-decrypt -extract -x f", "--decrypt --extract=-x f"),
            ("--d --in-place=false f", "--decrypt f"),
            (
                "decrypt f -i=1 --extract=a=b",
                "decrypt f --in-place --extract=a=b",
            ),
            ("--config c decrypt f", "--config=c decrypt f"),
            ("decrypt --alone f", "decrypt --alone f"),
            ("decrypt --alone=false f", "decrypt --alone=false f"),
            ("decrypt -- -i", "decrypt -- -i"),
            ("decrypt f -5", "decrypt f -5"),
            ("--bogus f", "--bogus f"),
            ("decrypt --extract", "decrypt --extract"),
        ] {
            assert_eq!(arranged(line), (wanted.to_owned(), vec![]), "{line}");
        }
    }

    #[test]
    fn what_sops_ignores_is_left_out_and_said() {
        assert_eq!(
            arranged("-d f -i decrypt"),
            (
                "--decrypt f".to_owned(),
                vec![
                    "-i is ignored, as it stands behind the file; write flags before it".to_owned(),
                    "a word behind the file is ignored".to_owned(),
                ]
            )
        );
        assert_eq!(
            arranged("-i decrypt f"),
            (
                "decrypt f".to_owned(),
                vec!["--in-place has no effect before decrypt; write it behind".to_owned()]
            )
        );
    }

    #[test]
    fn what_go_refuses_is_refused() {
        let refused = |word: &str| super::arranged(&program(), [word.into()]).unwrap_err();
        assert_eq!(refused("-d=maybe"), "--decrypt is true or false");
        assert_eq!(refused("-di"), "there is no flag -di");
    }
}
