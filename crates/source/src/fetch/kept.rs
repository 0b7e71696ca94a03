//! The commits that are kept, each as a repository of its own. Nothing is kept under a name that it does not have.

use std::fs;
use std::path::Path;

use gix::ObjectId;
use gix::objs::tree::EntryKind;

use super::references::Wanted;
use super::{FetchError, http, pack};
use crate::GitTree;

/// Returns the files of a commit, if it is kept. What cannot be read is as good as not there.
pub(super) fn open(kept: &Path, commit: &str) -> Option<GitTree> {
    let place = kept.join(commit);
    let (repository, tree) = read(&place, commit).ok()?;
    Some(GitTree::new(repository, tree))
}

/// Keeps the answer to a request for a commit, at once and as a whole, and returns its files.
pub(super) fn store(
    kept: &Path,
    wanted: &Wanted,
    answer: http::Answer,
    limit: u64,
) -> Result<GitTree, FetchError> {
    let place = kept.join(&wanted.commit);
    let failure = |reason| FetchError::Cache {
        path: place.clone(),
        reason,
    };
    fs::create_dir_all(kept).map_err(failure)?;
    let beside = tempfile::tempdir_in(kept).map_err(failure)?;
    pack::write(beside.path(), answer, limit)?;
    check(beside.path(), wanted)?;
    let written = beside.keep();
    if fs::rename(&written, &place).is_err() {
        replace(&written, &place, &wanted.commit).map_err(failure)?;
    }
    let (repository, tree) = read(&place, &wanted.commit)?;
    Ok(GitTree::new(repository, tree))
}

/// Puts a directory in the place of one that is broken. Another process may have been faster; what it has written
/// is the same.
fn replace(written: &Path, place: &Path, commit: &str) -> std::io::Result<()> {
    if read(place, commit).is_ok() {
        return fs::remove_dir_all(written);
    }
    fs::remove_dir_all(place)?;
    fs::rename(written, place)
}

/// Confirms that a repository has what was asked for: the commit that the server has named, and all its files.
fn check(place: &Path, wanted: &Wanted) -> Result<(), FetchError> {
    let (repository, tree) = read(place, &wanted.commit)?;
    let object = find(&repository, &wanted.object)?;
    let commit = object.peel_to_commit().map_err(broken)?.id.to_string();
    if commit != wanted.commit {
        return Err(broken(format!(
            "it says that {} is the commit {}, but it is {commit}",
            wanted.object, wanted.commit
        )));
    }
    check_tree(&repository, tree)
}

/// Confirms that a directory and all below it is there.
fn check_tree(repository: &gix::Repository, root: ObjectId) -> Result<(), FetchError> {
    let mut checked = std::collections::HashSet::new();
    let mut left = vec![root];
    while let Some(id) = left.pop() {
        if !checked.insert(id) {
            continue;
        }
        let tree = repository.find_tree(id).map_err(broken)?;
        for entry in tree.iter() {
            let entry = entry.map_err(broken)?;
            match entry.mode().kind() {
                EntryKind::Tree => left.push(entry.object_id()),
                // A submodule is in another repository.
                EntryKind::Commit => {}
                _ => {
                    repository.find_header(entry.object_id()).map_err(broken)?;
                }
            }
        }
    }
    Ok(())
}

/// Returns a repository and the top directory of a commit in it.
fn read(place: &Path, commit: &str) -> Result<(gix::Repository, ObjectId), FetchError> {
    let options = gix::open::Options::isolated();
    let repository = gix::open_opts(place, options).map_err(broken)?;
    let commit = find(&repository, commit)?.try_into_commit();
    let tree = commit.map_err(broken)?.tree_id().map_err(broken)?.detach();
    repository.find_tree(tree).map_err(broken)?;
    Ok((repository, tree))
}

fn find<'r>(repository: &'r gix::Repository, id: &str) -> Result<gix::Object<'r>, FetchError> {
    let id = ObjectId::from_hex(id.as_bytes()).map_err(broken)?;
    repository.find_object(id).map_err(broken)
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn broken(reason: impl ToString) -> FetchError {
    FetchError::Git {
        reason: reason.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use gix::objs::{Tree, tree};

    use super::*;

    /// Makes a repository with a commit of one file, whose content may be missing, and returns the commit.
    fn repository(place: &Path, content: Option<&[u8]>) -> String {
        let repository = gix::init_bare(place).unwrap();
        let missing = ObjectId::from_hex(&[b'a'; 40]).unwrap();
        let oid = content.map_or(missing, |bytes| {
            repository.write_blob(bytes).unwrap().detach()
        });
        let file = tree::Entry {
            mode: EntryKind::Blob.into(),
            filename: "map.yaml".into(),
            oid,
        };
        let entries = vec![file];
        let tree = repository.write_object(Tree { entries }).unwrap();
        let author = gix::actor::SignatureRef::from_bytes(b"t <t@example.com> 1 +0000").unwrap();
        let none: [ObjectId; 0] = [];
        let commit = repository.new_commit_as(author, author, "one", tree, none);
        commit.unwrap().id.to_string()
    }

    fn checked(content: Option<&[u8]>) -> Result<(), FetchError> {
        let place = tempfile::tempdir().unwrap();
        let commit = repository(place.path(), content);
        let object = commit.clone();
        check(place.path(), &Wanted { object, commit })
    }

    #[test]
    fn a_commit_without_one_of_its_files_is_not_kept() {
        assert!(checked(Some(b"a: b\n")).is_ok());
        assert!(checked(None).is_err());
    }
}
