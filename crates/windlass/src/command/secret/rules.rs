//! What `.sops.yaml` says of a file.

use std::fs;
use std::path::{Path, PathBuf};

use windlass_sops::{Config, Document, KeyGroup, Style};
use windlass_tree::TreePath;

use super::checkout::Checkout;
use crate::failure::Failure;

/// The name of the file.
pub(super) const NAME: &str = ".sops.yaml";

/// The creation rule for a file.
#[derive(Clone, Debug)]
pub(super) struct FoundRule {
    /// The `.sops.yaml`.
    pub(super) config: PathBuf,
    /// Where the rule begins in it.
    pub(super) line: u32,
    pub(super) groups: Vec<KeyGroup>,
    /// How many groups are needed; 0 for all.
    pub(super) threshold: usize,
    pub(super) style: Style,
}

/// Returns the rule for a file in the nearest `.sops.yaml` above it, as sops finds it that runs in the
/// directory of the file; `None` when there is no such file, or none with rules.
pub(super) fn rule_for(checkout: &Checkout, path: &TreePath) -> Result<Option<FoundRule>, Failure> {
    let directory = path.parent().unwrap_or_default();
    let mut above = checkout.upwards(&directory);
    let Some(home) = above.find(|directory| directory.join(NAME).is_file()) else {
        return Ok(None);
    };
    let file = home.join(NAME);
    let config = read(checkout, &file)?;
    let full = checkout.on_disk(path);
    let relative = full.strip_prefix(&home).unwrap_or(&full);
    let found = config.creation_rule(&relative.display().to_string());
    let rule = found
        .map_err(|missed| Failure::of([format!("{}: {missed}", checkout.shown_on_disk(&file))]))?;
    Ok(rule.map(|rule| FoundRule {
        config: file,
        line: rule.line,
        groups: rule.groups.clone(),
        threshold: rule.threshold,
        style: config.style,
    }))
}

/// Reads a `.sops.yaml`.
pub(super) fn read(checkout: &Checkout, file: &Path) -> Result<Config, Failure> {
    let shown = checkout.shown_on_disk(file);
    let text = fs::read_to_string(file);
    let text = text.map_err(|error| Failure::of([format!("{shown}: {error}")]))?;
    Config::parse(&text).map_err(|error| {
        let (line, column, reason) = (error.line, error.column, error.reason);
        Failure::of([format!("{shown}:{line}:{column}: {reason}")])
    })
}

impl FoundRule {
    /// Returns whether this is the same rule of the same file.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (&self.config, self.line) == (&other.config, other.line)
    }

    /// Returns the place of the rule.
    pub(super) fn place(&self, checkout: &Checkout) -> String {
        format!("{}:{}", checkout.shown_on_disk(&self.config), self.line)
    }

    /// Returns how the keys of a document differ from those of the rule.
    pub(super) fn difference(&self, document: &Document) -> Option<String> {
        if has_keys(document, &self.groups, self.threshold) {
            return None;
        }
        let (has, wants) = (sorted(&document.keys().key_groups()), sorted(&self.groups));
        if has == wants {
            let has = document.keys().needed();
            let threshold = needed(self.threshold, self.groups.len());
            return Some(format!(
                "{has} key groups open it, where the rule wants {threshold}"
            ));
        }
        let (has, wants) = (has.concat(), wants.concat());
        let lacks = wants.iter().filter(|key| !has.contains(key));
        let extra = has.iter().filter(|key| !wants.contains(key));
        let lacks: Vec<_> = lacks.map(String::as_str).collect();
        let extra: Vec<_> = extra.map(String::as_str).collect();
        Some(match (lacks.as_slice(), extra.as_slice()) {
            ([], []) => "its keys are grouped in another way than the rule says".to_owned(),
            ([], extra) => format!(
                "it is also for {}, which the rule does not name",
                extra.join(", ")
            ),
            (lacks, []) => format!("it is not for {}, which the rule names", lacks.join(", ")),
            (lacks, extra) => format!(
                "it is for {}, where the rule names {}",
                extra.join(", "),
                lacks.join(", ")
            ),
        })
    }
}

/// Returns whether a document is for the keys of these groups, and for no others.
pub(super) fn has_keys(document: &Document, groups: &[KeyGroup], threshold: usize) -> bool {
    sorted(&document.keys().key_groups()) == sorted(groups)
        && document.keys().needed() == needed(threshold, groups.len())
}

/// Returns how many of so many groups are needed.
fn needed(threshold: usize, groups: usize) -> usize {
    match (groups, threshold) {
        (1, _) => 1,
        (_, 0) => groups,
        _ => threshold,
    }
}

fn sorted(groups: &[KeyGroup]) -> Vec<Vec<String>> {
    let mut names = names(groups);
    names.sort();
    names
}

/// Returns the names of the keys of each group, sorted.
fn names(groups: &[KeyGroup]) -> Vec<Vec<String>> {
    let groups = groups.iter().map(|group| {
        let mut names: Vec<String> = group.keys.iter().map(ToString::to_string).collect();
        names.sort();
        names.dedup();
        names
    });
    groups.collect()
}
