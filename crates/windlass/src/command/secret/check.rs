//! `windlass secret check`.
//!
//! - `finding`: what is said of a file; `ignored`: which files Git does not take.
//! - `clear`: secrets that are not encrypted; `stubs`: keys without values; `values`: what is encrypted.

mod clear;
mod finding;
mod ignored;
mod stubs;
mod values;

use std::collections::BTreeSet;

use clap::Args;
use serde::Serialize;
use windlass_render::{reached_directories, values_path};
use windlass_tree::{EntryKind, Tree as _, TreePath};

use super::checkout::Checkout;
use super::rekey::files;
use super::{RepositoryArgs, print};
use crate::cli::Output;
use crate::failure::{Done, Failure};
use crate::replace::is_left_behind;
use crate::style::{Ink, Style};
use crate::terminal::{complain, shown};

use finding::{Finding, Kind, Severity};
use ignored::Ignored;

/// Looks for secrets that are not safe, or not deployed
///
/// Found are: Secrets and private keys in clear, files that should be encrypted and are not, values that
/// were altered or that no key present here opens, keys that differ from .sops.yaml, placeholders without
/// a value, line feeds at the end, values that are used twice, and what a write left behind that was killed. Files
/// that Git ignores are left out.
///
/// Exit code 0: no error was found, though warnings may have been; 1: an error was found.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  windlass secret check
  windlass secret check --env prod --strict -o json")]
pub(crate) struct Check {
    /// What this environment is built from (default: the whole repository)
    #[arg(long, short, value_name = "ENV")]
    env: Option<String>,
    /// End with 1 for warnings too
    #[arg(long)]
    strict: bool,
    /// Remove what a write left behind that was killed
    #[arg(long)]
    clean: bool,
    #[command(flatten)]
    repository: RepositoryArgs,
    /// How to print the findings
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// What was found.
#[derive(Serialize)]
struct Report {
    files: usize,
    encrypted: usize,
    errors: usize,
    warnings: usize,
    findings: Vec<Finding>,
}

impl Check {
    pub(super) fn run(self, style: Style) -> Result<Done, Failure> {
        let checkout = Checkout::open(&self.repository.repo)?;
        let keys = checkout.keys(&self.repository)?;
        let mut files = self.files(&checkout)?;
        let mut findings = Vec::new();
        let left_behind = files.extract_if(.., |path| is_left_behind(path.file_name()));
        for path in left_behind.collect::<Vec<_>>() {
            findings.extend(self.clean(&checkout, &path)?);
        }
        for path in &files {
            findings.extend(clear::findings(&checkout.tree, path)?);
        }
        for directory in secret_directories(&checkout, &files)? {
            findings.extend(stubs::findings(&checkout.tree, &directory)?);
        }
        let encrypted = values::Values::read(&checkout, &files, &keys)?;
        let count = encrypted.count();
        findings.extend(encrypted.findings(&keys));
        for finding in &mut findings {
            finding.shorten(&checkout);
        }
        findings.sort();
        findings.dedup();
        let count_of = |severity| {
            findings
                .iter()
                .filter(|finding| finding.severity == severity)
                .count()
        };
        let report = Report {
            files: files.len(),
            encrypted: count,
            errors: count_of(Severity::Error),
            warnings: count_of(Severity::Warning),
            findings,
        };
        print(&report, self.output, |report| report.text(style))?;
        let is_bad = report.errors > 0 || self.strict && report.warnings > 0;
        Ok(if is_bad { Done::Badly } else { Done::Well })
    }

    /// Returns that a file was left behind, unless it may be removed.
    fn clean(&self, checkout: &Checkout, path: &TreePath) -> Result<Option<Finding>, Failure> {
        if self.clean {
            checkout.remove(path)?;
            complain(&format!("{}: removed", checkout.shown(path)));
            return Ok(None);
        }
        let message = "was left behind by a write that was killed";
        Ok(Some(Finding::warning(path, 0, Kind::LeftBehind, message)))
    }

    /// Returns the files to look at.
    fn files(&self, checkout: &Checkout) -> Result<Vec<TreePath>, Failure> {
        let directories = match &self.env {
            None => vec![TreePath::root()],
            Some(env) => {
                let mut directories = Vec::new();
                for unit in checkout.units(env, &[])? {
                    directories.extend(reached_directories(&checkout.tree, &unit.directory)?);
                }
                directories
            }
        };
        let ignored = Ignored::read(checkout)?;
        let mut files = files::files(&checkout.tree, &directories)?;
        files.retain(|path| !ignored.has(path));
        Ok(files)
    }
}

/// Returns the directories that have a stub or encrypted values.
fn secret_directories(
    checkout: &Checkout,
    files: &[TreePath],
) -> Result<BTreeSet<TreePath>, Failure> {
    let mut found = BTreeSet::new();
    for path in files {
        let Some(directory) = path.parent() else {
            continue;
        };
        let is_stub = path.file_name() == "secret-stub.yaml";
        let above = directory
            .parent()
            .filter(|_| directory.file_name() == ".sops");
        if let Some(above) = above {
            if checkout.tree.kind(&values_path(&above))? == Some(EntryKind::Directory) {
                found.insert(above);
            }
        } else if is_stub {
            found.insert(directory);
        }
    }
    Ok(found)
}

impl Report {
    fn text(&self, style: Style) -> String {
        let findings = self.findings.iter().map(|finding| {
            let severity = match finding.severity {
                Severity::Error => style.out(Ink::Red, "error:"),
                Severity::Warning => style.out(Ink::Yellow, "warning:"),
            };
            let (place, message, advice) = (finding.place(), &finding.message, &finding.advice);
            format!(
                "{place}: {severity} {}\n    {}\n",
                shown(message),
                shown(advice)
            )
        });
        let findings: String = findings.collect();
        format!(
            "{findings}{} and {} in {}, {} of them encrypted\n",
            counted(self.errors, "error"),
            counted(self.warnings, "warning"),
            counted(self.files, "file"),
            self.encrypted
        )
    }
}

fn counted(count: usize, what: &str) -> String {
    match count {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}
