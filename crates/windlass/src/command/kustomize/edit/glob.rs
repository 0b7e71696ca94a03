//! Paths of this disk by pattern, as kustomize finds them.

use std::fs;
use std::path::Path;

use windlass_kustomize::matches;

use crate::failure::Failure;
use crate::terminal::{complain, shown};

/// Returns the paths that the patterns stand for, in their order. They have to be on this disk.
///
/// kustomize clones a repository elsewhere to see whether it is there; we take its address as it is.
pub(in super::super) fn resources(patterns: &[String]) -> Result<Vec<String>, Failure> {
    let mut paths = Vec::new();
    let mut errors = Vec::new();
    for pattern in patterns {
        let found = find(pattern)?;
        if found.is_empty() && !is_elsewhere(pattern) {
            errors.push(format!("{pattern} has no match"));
        } else if found.is_empty() {
            paths.push(pattern.clone());
        }
        paths.extend(found);
    }
    if errors.is_empty() {
        Ok(paths)
    } else {
        Err(Failure::of(errors).hint("nothing was changed"))
    }
}

/// Returns the paths that the patterns stand for, and says which ones stand for nothing.
pub(super) fn files(patterns: &[String]) -> Result<Vec<String>, Failure> {
    let mut paths = Vec::new();
    for pattern in patterns {
        let found = find(pattern)?;
        if found.is_empty() {
            complain(&shown(&format!("{pattern} has no match")));
        }
        paths.extend(found);
    }
    Ok(paths)
}

/// Returns whether this is the address of a repository or a file elsewhere.
fn is_elsewhere(path: &str) -> bool {
    let starts = ["git::", "git@", "github.com/", "github.com:", "gh:"];
    path.contains("://")
        || starts.iter().any(|start| path.starts_with(start))
        || path.contains("?ref=")
}

/// Returns the paths that match a pattern, sorted. Hidden files only match a pattern for them.
fn find(pattern: &str) -> Result<Vec<String>, Failure> {
    let is_hidden = |path: &str| {
        let name = path.rsplit('/').find(|part| !part.is_empty());
        name.is_some_and(|name| name.starts_with('.') && name != "..")
    };
    let mut paths = find_all(pattern)?;
    if !is_hidden(pattern) {
        paths.retain(|path| !is_hidden(path));
    }
    Ok(paths)
}

fn find_all(pattern: &str) -> Result<Vec<String>, Failure> {
    matches(pattern, "")?;
    if !has_wildcard(pattern) {
        let is_there = fs::symlink_metadata(pattern).is_ok();
        return Ok(is_there.then(|| pattern.to_owned()).into_iter().collect());
    }
    let (directory, name) = match pattern.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some((directory, name)) => (directory, name),
        None => ("", pattern),
    };
    let directories = if has_wildcard(directory) {
        find_all(directory)?
    } else {
        vec![directory.trim_start_matches("./").to_owned()]
    };
    let mut paths = Vec::new();
    for directory in directories {
        for entry in names(&directory) {
            if matches(name, &entry)? {
                paths.push(join(&directory, &entry));
            }
        }
    }
    Ok(paths)
}

fn has_wildcard(pattern: &str) -> bool {
    pattern.contains(['*', '?', '[', '\\'])
}

/// Returns the names in a directory, sorted; none when it cannot be read, as in Go.
fn names(directory: &str) -> Vec<String> {
    let path = if directory.is_empty() { "." } else { directory };
    let entries = fs::read_dir(Path::new(path))
        .into_iter()
        .flatten()
        .flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

fn join(directory: &str, name: &str) -> String {
    match directory {
        "" | "." => name.to_owned(),
        "/" => format!("/{name}"),
        _ => format!("{directory}/{name}"),
    }
}
