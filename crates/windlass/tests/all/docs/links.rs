//! Where documents point to.

use std::fs;
use std::path::{Path, PathBuf};

/// Returns the files that a document links to.
pub(super) fn targets(document: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(document).unwrap();
    let links = links(&text);
    let files = links.filter_map(|link| link.split('#').next());
    let files = files.map(|file| document.parent().unwrap().join(file));
    files.collect()
}

/// Returns the links of a document that lead nowhere.
pub(super) fn broken(document: &Path) -> Vec<String> {
    let text = fs::read_to_string(document).unwrap();
    let is_broken = |link: &&str| !leads_somewhere(document, link);
    let broken = links(&text).filter(is_broken);
    broken
        .map(|link| format!("{}: {link}", document.display()))
        .collect()
}

/// Returns the targets of `[text](target)`, but for addresses in the net.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let ends = text
        .match_indices("](")
        .map(|(at, mark)| &text[at + mark.len()..]);
    let targets = ends.filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.starts_with("http"))
}

fn leads_somewhere(document: &Path, link: &str) -> bool {
    let (file, heading) = link.split_once('#').unwrap_or((link, ""));
    let target = match file {
        "" => document.to_owned(),
        file => document.parent().unwrap().join(file),
    };
    target.exists() && (heading.is_empty() || has_heading(&target, heading))
}

fn has_heading(document: &Path, anchor: &str) -> bool {
    let text = fs::read_to_string(document).unwrap();
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| line.trim_start_matches('#').trim())
        .any(|heading| slug(heading) == anchor)
}

/// Returns the anchor of a heading, as GitHub and mdBook make it.
fn slug(heading: &str) -> String {
    let kept = heading
        .chars()
        .filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}
