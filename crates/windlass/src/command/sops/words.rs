//! The command line as sops reads it, rewritten as clap reads it.
//!
//! Go takes `-decrypt` for `--decrypt`, `--in-place=false`, and any word for the value of a flag. sops ignores
//! what stands behind the file in its old form, and most of what stands before the name of a verb.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use clap::{Arg, ArgAction, Command};

/// The flags that count before the name of a verb.
const GENERAL: [&str; 7] = [
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
    // Where a flag begins in the result, until the name of a verb comes.
    let mut before_verb = Vec::new();
    while let Some(word) = words.next() {
        if word == "--" {
            arranged.words.push(word);
            arranged.words.extend(words);
            break;
        }
        if !is_flag(&word) {
            if let Some(verb) = verb(scope, &word) {
                arranged.drop_ignored(std::mem::take(&mut before_verb), verb.get_name());
                scope = verb;
                arranged.words.push(word);
                continue;
            }
            arranged.words.push(word);
            if std::ptr::eq(scope, command) {
                arranged.ignore_behind_file(words);
                break;
            }
            continue;
        }
        let flag = flag(scope, &word)?;
        if std::ptr::eq(scope, command) {
            before_verb.push((arranged.words.len(), flag.name().to_owned()));
        }
        arranged.push_flag(flag, word, &mut words);
    }
    Ok(arranged)
}

impl Words {
    fn push_flag(
        &mut self,
        flag: Flag<'_>,
        word: OsString,
        words: &mut impl Iterator<Item = OsString>,
    ) {
        match flag {
            Flag::Valued(name, value) => match value.or_else(|| words.next()) {
                Some(value) => self.words.push(joined(name, &value)),
                None => self.words.push(format!("--{name}").into()),
            },
            Flag::Switch(name, true) => self.words.push(format!("--{name}").into()),
            Flag::Switch(_, false) => {}
            Flag::Other => self.words.push(word),
        }
    }

    /// Takes the flags away that have no effect before the name of a verb.
    fn drop_ignored(&mut self, flags: Vec<(usize, String)>, verb: &str) {
        for (at, name) in flags.into_iter().rev() {
            let counts = GENERAL.contains(&&*name) || name.is_empty();
            if !counts && at < self.words.len() {
                self.words.remove(at);
                self.ignored.push(format!(
                    "--{name} has no effect before {verb}; write it behind"
                ));
            }
        }
    }

    fn ignore_behind_file(&mut self, words: impl Iterator<Item = OsString>) {
        for word in words {
            let word = word.display();
            self.ignored.push(format!(
                "{word} is ignored, as it stands behind the file; write flags before it"
            ));
        }
    }
}

impl Flag<'_> {
    fn name(&self) -> &str {
        match self {
            Flag::Valued(name, _) | Flag::Switch(name, _) => name,
            Flag::Other => "",
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
    let bytes = word.as_bytes();
    let bytes = bytes.strip_prefix(b"--").unwrap_or(&bytes[1..]);
    let end = bytes.iter().position(|byte| *byte == b'=');
    let (name, value) = match end {
        Some(at) => (&bytes[..at], Some(&bytes[at + 1..])),
        None => (bytes, None),
    };
    let Some(arg) = std::str::from_utf8(name)
        .ok()
        .and_then(|name| defined(scope, name))
    else {
        return Ok(Flag::Other);
    };
    let name = arg.get_long().expect("every flag has a long name");
    if matches!(arg.get_action(), ArgAction::Set | ArgAction::Append) {
        let value = value.map(|value| OsString::from_vec(value.to_vec()));
        return Ok(Flag::Valued(name, value));
    }
    match value.map(|value| truth(&String::from_utf8_lossy(value))) {
        None => Ok(Flag::Switch(name, true)),
        Some(Some(on)) => Ok(Flag::Switch(name, on)),
        Some(None) => Err(format!("--{name} is true or false")),
    }
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
fn truth(text: &str) -> Option<bool> {
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
            ("decrypt -- -i", "decrypt -- -i"),
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
                    "decrypt is ignored, as it stands behind the file; write flags before it"
                        .to_owned(),
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
    fn a_switch_is_true_or_false() {
        let words = ["-d=maybe".into(), "f".into()];
        let error = super::arranged(&program(), words).unwrap_err();
        assert_eq!(error, "--decrypt is true or false");
    }
}
