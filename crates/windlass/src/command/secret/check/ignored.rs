//! Which files Git does not take, so that nothing in them can be committed.

use windlass_kustomize::matches;
use windlass_source::{GitTree, Repository};
use windlass_tree::{EntryKind, Tree, TreePath};

use super::super::checkout::Checkout;
use super::super::rekey::files;
use crate::failure::Failure;

/// The files that Git ignores, as far as plain rules of `.gitignore` say it. Of rules that are harder
/// (`**`, `!`), nothing is taken to be ignored: then a file too many is looked at.
pub(super) struct Ignored {
    rules: Vec<Rule>,
    /// What is committed counts, whatever is ignored.
    committed: Option<GitTree>,
}

/// A line of a `.gitignore`.
struct Rule {
    directory: TreePath,
    pattern: String,
    /// Whether the pattern is for the whole path below the directory, not for a name in it.
    is_anchored: bool,
}

impl Ignored {
    pub(super) fn read(checkout: &Checkout) -> Result<Self, Failure> {
        let mut rules = Vec::new();
        for path in files::files(&checkout.tree, &[TreePath::root()])? {
            if path.file_name() == ".gitignore" {
                let directory = path.parent().unwrap_or_default();
                rules.extend(rules_of(&checkout.text(&path)?, &directory));
            }
        }
        let repository = Repository::discover(&checkout.on_disk(&TreePath::root())).ok();
        let committed = repository.and_then(|repository| {
            let head = repository.revision("HEAD").ok()?;
            repository.tree(&head).ok()
        });
        Ok(Self { rules, committed })
    }

    /// Returns whether a file cannot be committed by mistake.
    pub(super) fn has(&self, path: &TreePath) -> bool {
        let is_committed = self
            .committed
            .as_ref()
            .is_some_and(|tree| !matches!(tree.kind(path), Ok(None | Some(EntryKind::Dangling))));
        !is_committed && self.rules.iter().any(|rule| rule.has(path))
    }
}

fn rules_of(text: &str, directory: &TreePath) -> Vec<Rule> {
    if text.lines().any(|line| line.starts_with('!')) {
        return Vec::new();
    }
    let lines = text.lines().map(str::trim_end);
    let lines =
        lines.filter(|line| !line.is_empty() && !line.starts_with('#') && !line.contains("**"));
    let rules = lines.map(|line| {
        let line = line.strip_suffix('/').unwrap_or(line);
        Rule {
            directory: directory.clone(),
            is_anchored: line.contains('/'),
            pattern: line.strip_prefix('/').unwrap_or(line).to_owned(),
        }
    });
    rules.collect()
}

impl Rule {
    /// Returns whether the rule is for the file, or for a directory above it.
    fn has(&self, path: &TreePath) -> bool {
        if !path.is_within(&self.directory) {
            return false;
        }
        let skipped = self.directory.parts().count();
        let parts: Vec<&str> = path.parts().skip(skipped).collect();
        if self.is_anchored {
            return (1..=parts.len()).any(|end| self.fits(&parts[..end].join("/")));
        }
        parts.iter().any(|part| self.fits(part))
    }

    fn fits(&self, name: &str) -> bool {
        matches(&self.pattern, name).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_rules_are_followed_and_others_are_not() {
        let has = |text: &str, path: &str| {
            let rules = rules_of(text, &TreePath::new("a").unwrap());
            rules
                .iter()
                .any(|rule| rule.has(&TreePath::new(path).unwrap()))
        };
        assert!(has("# x\nsecret.yaml\n", "a/b/secret.yaml"));
        assert!(has("*.agekey", "a/x.agekey") && has("build/", "a/b/build/c"));
        assert!(has("/b/*.env", "a/b/c.env") && !has("/b/*.env", "a/c/b/c.env"));
        assert!(!has("secret.yaml", "secret.yaml"));
        assert!(!has("*.env\n!keep.env", "a/keep.env"));
        assert!(!has("**/x", "a/x"));
    }
}
