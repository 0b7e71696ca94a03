//! The `.sops.yaml` of the place where we are called.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use windlass_sops::{
    Config, ConfigError, CreationRule, DestinationRule, NoDestination, NoMatchingRule,
};

use super::context::Layout;
use super::exit::Exit;
use crate::failure::Failure;
use crate::terminal::complain;

const NAME: &str = ".sops.yaml";
/// What people write, and sops does not read.
const NEARLY: &str = ".sops.yml";
/// How many directories sops 3.11 looks into.
const MAX_LEVELS: usize = 100;

/// A `.sops.yaml` and where it is.
#[derive(Debug)]
pub(super) struct Configuration {
    pub(super) path: PathBuf,
    pub(super) layout: Layout,
    /// What is wrong with its rules matters to who needs them only.
    rules: Result<Config, String>,
}

impl Configuration {
    /// Reads the file that is named, or the next one upwards from the working directory.
    pub(super) fn find(named: Option<&Path>) -> Result<Option<Self>, Failure> {
        match named.filter(|path| !path.as_os_str().is_empty()) {
            Some(path) => Self::read(path).map(Some),
            None => search()?.as_deref().map(Self::read).transpose(),
        }
    }

    fn read(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let text = fs::read_to_string(path).map_err(|error| {
            Exit::Generic.because(format!(
                "{shown}: the configuration cannot be read: {error}"
            ))
        })?;
        let placed = |error: ConfigError| placed(path, &error);
        let layout = Config::parse_style(&text);
        Ok(Self {
            path: path.to_owned(),
            layout: layout.map_err(|error| Exit::Generic.because(placed(error)))?,
            rules: Config::parse(&text).map_err(placed),
        })
    }

    fn rules(&self) -> Result<&Config, Failure> {
        let rules = self.rules.as_ref();
        rules.map_err(|wrong| Exit::Generic.because(wrong.clone()))
    }

    /// Returns the rule for the document at `path`; `None` when there are no rules at all.
    pub(super) fn creation_rule(&self, path: &Path) -> Result<Option<&CreationRule>, Failure> {
        let name = self.name_of(path)?;
        let rule = self.rules()?.creation_rule(&name);
        rule.map_err(|missed| self.no_rule("creation", &missed))
    }

    /// Returns where the document at `path` is published.
    pub(super) fn destination_rule(&self, path: &Path) -> Result<&DestinationRule, Failure> {
        let name = self.name_of(path)?;
        let rule = self.rules()?.destination_rule(&name);
        rule.map_err(|wrong| match wrong {
            NoDestination::NoMatch(missed) => self.no_rule("destination", &missed),
            NoDestination::Malformed(error) => Exit::Generic.because(placed(&self.path, &error)),
        })
    }

    /// Returns what rules see of a path: what stands behind the directory of the file, or all of it.
    fn name_of(&self, path: &Path) -> Result<String, Failure> {
        let path = absolute(path)?;
        let own = absolute(&self.path)?;
        let below = own.parent().and_then(|own| path.strip_prefix(own).ok());
        let name = below.unwrap_or(&path).to_string_lossy();
        Ok(name.into_owned())
    }

    fn no_rule(&self, kind: &str, missed: &NoMatchingRule) -> Failure {
        let mut text = format!(
            "{}: no {kind} rule matches {:?}",
            self.path.display(),
            missed.path
        );
        for miss in &missed.misses {
            text = format!(
                "{text}\nline {}: path_regex: {}",
                miss.line, miss.path_regex
            );
        }
        if missed.misses.is_empty() {
            text.push_str("\nits list of rules is empty");
        }
        let failure = Exit::Generic.because(text);
        failure.hint(
            "add a rule that matches, or one without path_regex at the end, which matches all",
        )
    }
}

/// Says what is wrong with a file, and where.
fn placed(path: &Path, error: &ConfigError) -> String {
    let (line, column, reason) = (error.line, error.column, &error.reason);
    format!("{}:{line}:{column}: {reason}", path.display())
}

/// Returns the path of the next file upwards.
fn search() -> Result<Option<PathBuf>, Failure> {
    let here = env::current_dir().map_err(|error| Exit::Generic.with(error))?;
    for directory in here.ancestors().take(MAX_LEVELS) {
        let is_there = |name| fs::metadata(directory.join(name)).is_ok();
        if is_there(NAME) {
            return Ok(Some(directory.join(NAME)));
        }
        if is_there(NEARLY) {
            let nearly = directory.join(NEARLY);
            complain(&format!(
                "warning: {} is not read; sops calls the file {NAME}",
                nearly.display()
            ));
        }
    }
    Ok(None)
}

/// Returns a path from the root without `.` and `..`, as Go's `filepath.Abs` does: by its letters alone.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    use std::path::Component;
    let whole = std::path::absolute(path).map_err(|error| match error.kind() {
        ErrorKind::InvalidInput => Exit::NoFile.because("no file is named"),
        _ => Exit::Generic.with(error),
    })?;
    let mut clean = PathBuf::new();
    for component in whole.components() {
        match component {
            Component::ParentDir => {
                clean.pop();
            }
            Component::CurDir => {}
            other => clean.push(other),
        }
    }
    Ok(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_in_a_path_are_resolved_by_its_letters() {
        for (path, wanted) in [("/a/b/../c/./d", "/a/c/d"), ("/../a", "/a"), ("/a/..", "/")] {
            assert_eq!(absolute(Path::new(path)).unwrap(), Path::new(wanted));
        }
    }
}
