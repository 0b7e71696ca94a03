//! Which files are encrypted anew.

use windlass_render::reached_directories;
use windlass_sops::{Document, Format, Source};
use windlass_tree::{EntryKind, Tree, TreePath};

use super::super::checkout::Checkout;
use super::super::place::is_value;
use crate::failure::Failure;
use crate::replace::is_left_behind;

/// What every encrypted value begins with.
pub(in super::super) const MARK: &[u8] = b"ENC[AES256_GCM,";

/// How deep directories may lie in each other.
const MAX_DEPTH: usize = 64;

/// The encrypted files that are meant, and those that others use too.
pub(super) struct Chosen {
    pub(super) documents: Vec<(TreePath, Document)>,
    pub(super) left_out: Vec<TreePath>,
}

/// Returns the encrypted files of an environment, or of the whole repository.
pub(super) fn choose(
    checkout: &Checkout,
    env: Option<&str>,
    shared: bool,
) -> Result<Chosen, Failure> {
    let tree = &checkout.tree;
    let Some(env) = env else {
        return Ok(Chosen {
            documents: documents(tree, &whole(tree, &[TreePath::root()])?)?,
            left_out: Vec::new(),
        });
    };
    let (mut own, mut others) = (Vec::new(), Vec::new());
    for unit in checkout.units(env, &[])? {
        let overlay = unit.directory.file_name() == env;
        for directory in reached_directories(tree, &unit.directory)? {
            let is_own = overlay && directory.is_within(&unit.directory);
            if is_own || shared {
                &mut own
            } else {
                &mut others
            }
            .push(directory);
        }
        if overlay {
            own.push(unit.directory);
        }
    }
    let own = whole(tree, &own)?;
    let mut left_out = whole(tree, &others)?;
    left_out.retain(|path| !own.contains(path));
    Ok(Chosen {
        documents: documents(tree, &own)?,
        left_out,
    })
}

/// Returns the encrypted files below directories, sorted, each once. What a process left behind that was killed
/// while it wrote is not among them: it may end anywhere.
pub(super) fn whole(tree: &dyn Tree, directories: &[TreePath]) -> Result<Vec<TreePath>, Failure> {
    let mut found = encrypted(tree, directories)?;
    found.retain(|path| !is_left_behind(path.file_name()));
    Ok(found)
}

/// Returns the encrypted files below directories, sorted, each once.
pub(in super::super) fn encrypted(
    tree: &dyn Tree,
    directories: &[TreePath],
) -> Result<Vec<TreePath>, Failure> {
    let mut found = Vec::new();
    for path in files(tree, directories)? {
        if is_value(&path) || contains(&tree.read(&path)?, MARK) {
            found.push(path);
        }
    }
    Ok(found)
}

/// Returns the files below directories, sorted, each once; those of Git itself are not among them.
pub(in super::super) fn files(
    tree: &dyn Tree,
    directories: &[TreePath],
) -> Result<Vec<TreePath>, Failure> {
    let mut found = Vec::new();
    for directory in directories {
        walk(tree, directory, MAX_DEPTH, &mut found)?;
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn walk(
    tree: &dyn Tree,
    directory: &TreePath,
    depth: usize,
    found: &mut Vec<TreePath>,
) -> Result<(), Failure> {
    let too_deep = || {
        Failure::of([format!(
            "{directory}: directories lie in each other too deeply"
        )])
    };
    let depth = depth.checked_sub(1).ok_or_else(too_deep)?;
    for (name, kind) in tree.list(directory)? {
        let path = directory.join(&name)?;
        // What a link leads to is found where it is.
        if name == ".git" || tree.resolve(&path).as_ref() != Ok(&path) {
            continue;
        }
        match kind {
            EntryKind::Directory => walk(tree, &path, depth, found)?,
            EntryKind::File => found.push(path),
            EntryKind::Dangling => {}
        }
    }
    Ok(())
}

fn contains(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len()).any(|window| window == mark)
}

/// Parses all of them; one that cannot be parsed is not left out.
fn documents(tree: &dyn Tree, paths: &[TreePath]) -> Result<Vec<(TreePath, Document)>, Failure> {
    let mut documents = Vec::new();
    let mut errors = Vec::new();
    for path in paths {
        let bytes = tree.read(path)?;
        let format = Format::of_file_name(path.as_str());
        let source = Source::new(&bytes, format);
        match Document::parse(&bytes, format) {
            Ok(document) => documents.push((path.clone(), document)),
            Err(error) => errors.push(source.message(path.as_str(), &error)),
        }
    }
    if errors.is_empty() {
        Ok(documents)
    } else {
        Err(Failure::of(errors).hint("nothing was written: `windlass secret check` tells more"))
    }
}
