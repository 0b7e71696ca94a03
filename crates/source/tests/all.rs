//! Repositories made by the real `git`, read by this crate.
#![expect(
    clippy::disallowed_methods,
    reason = "the git program is the oracle of these tests"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a failed step of the arrangement is a failed test"
)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use windlass_source::{Changes, DirectoryTree, Repository, SourceError};
use windlass_tree::{EntryKind, Tree, TreeError, TreePath};

fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(directory)
        .args([
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.com",
            "-c",
            "init.defaultBranch=main",
        ])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .expect("git runs");
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A repository with the files of a small platform in `config/`, not yet committed.
fn scene() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    git(directory.path(), &["init", "-q"]);
    let config = directory.path().join("config/web/base");
    fs::create_dir_all(&config).unwrap();
    fs::write(config.join("service.yaml"), "kind: Service\n").unwrap();
    fs::create_dir_all(directory.path().join("config/links")).unwrap();
    symlink("missing", directory.path().join("config/links/nowhere")).unwrap();
    symlink("web/base", directory.path().join("config/link")).unwrap();
    symlink("../../outside", directory.path().join("config/escape")).unwrap();
    directory
}

fn commit_all(directory: &Path) -> String {
    git(directory, &["add", "-A"]);
    git(directory, &["commit", "-q", "-m", "change"]);
    git(directory, &["rev-parse", "HEAD"])
}

fn path(text: &str) -> TreePath {
    TreePath::new(text).unwrap()
}

/// What holds for a tree wherever its files come from.
fn assert_is_the_scene(tree: &dyn Tree) {
    assert_eq!(
        &*tree.read(&path("web/base/service.yaml")).unwrap(),
        b"kind: Service\n"
    );
    assert_eq!(
        &*tree.read(&path("link/service.yaml")).unwrap(),
        b"kind: Service\n"
    );
    assert_eq!(
        tree.kind(&path("link")).unwrap(),
        Some(EntryKind::Directory)
    );
    assert_eq!(tree.kind(&path("nothing/here")).unwrap(), None);
    assert_eq!(
        tree.kind(&path("web/base/service.yaml/below")).unwrap(),
        None
    );
    assert!(matches!(
        tree.read(&path("web")),
        Err(TreeError::IsDirectory { .. })
    ));
    assert!(matches!(
        tree.read(&path("nothing")),
        Err(TreeError::NotFound { .. })
    ));
    assert!(matches!(
        tree.list(&path("web/base/service.yaml")),
        Err(TreeError::NotDirectory { .. })
    ));
    assert_eq!(tree.kind(&path("links/nowhere")).unwrap(), None);
    assert_eq!(
        tree.list(&path("links")).unwrap(),
        [("nowhere".to_owned(), EntryKind::Dangling)]
    );
    let escape = tree.read(&path("escape")).unwrap_err();
    assert_eq!(
        escape,
        TreeError::Escape {
            path: path("escape"),
            target: "../../outside".to_owned()
        }
    );
}

#[test]
fn all_ways_to_a_repository_have_the_same_origin_without_credentials() {
    let scene = scene();
    let origin = || {
        Repository::discover(&scene.path().join("config"))
            .unwrap()
            .origin()
    };
    assert_eq!(origin(), None);
    git(scene.path(), &["remote", "add", "origin", "placeholder"]);
    for url in [
        "https://someone:secret@GitHub.com/acme/platform.git",
        "https://github.com/acme/platform/",
        "git@github.com:acme/platform.git",
        "ssh://git@github.com:22/acme/platform",
    ] {
        git(scene.path(), &["remote", "set-url", "origin", url]);
        assert_eq!(
            origin().as_deref(),
            Some("github.com/acme/platform//config"),
            "{url}"
        );
    }
    git(
        scene.path(),
        &["remote", "set-url", "origin", "/srv/git/platform.git"],
    );
    assert_eq!(origin().as_deref(), Some("/srv/git/platform//config"));
}

#[test]
fn a_commit_and_a_directory_hold_the_same_tree() {
    let scene = scene();
    let commit = commit_all(scene.path());
    let repository = Repository::discover(&scene.path().join("config")).unwrap();
    assert_eq!(repository.prefix(), &path("config"));
    let revision = repository.revision("HEAD").unwrap();
    assert_eq!(revision.to_string(), format!("main@sha1:{commit}"));
    assert_is_the_scene(&repository.tree(&revision).unwrap());
    assert_is_the_scene(&DirectoryTree::open(&scene.path().join("config")).unwrap());
}

#[test]
fn packed_objects_and_older_commits_are_read() {
    let scene = scene();
    let first = commit_all(scene.path());
    fs::write(
        scene.path().join("config/web/base/service.yaml"),
        "kind: Changed\n",
    )
    .unwrap();
    commit_all(scene.path());
    git(scene.path(), &["tag", "-a", "v1", "-m", "one", &first]);
    git(scene.path(), &["gc", "-q"]);
    let repository = Repository::discover(scene.path()).unwrap();
    for name in [
        "v1",
        "refs/tags/v1",
        &first,
        &first[..10],
        "HEAD~1",
        "main^",
    ] {
        let tree = repository
            .tree(&repository.revision(name).unwrap())
            .unwrap();
        let bytes = tree.read(&path("config/web/base/service.yaml")).unwrap();
        assert_eq!(&*bytes, b"kind: Service\n", "{name}");
    }
}

#[test]
fn a_linked_work_tree_and_a_bare_clone_are_repositories_too() {
    let scene = scene();
    commit_all(scene.path());
    let other = tempfile::tempdir().unwrap();
    let linked = other.path().join("linked");
    git(
        scene.path(),
        &[
            "worktree",
            "add",
            "-q",
            "-b",
            "side",
            linked.to_str().unwrap(),
        ],
    );
    let bare = other.path().join("bare.git");
    git(
        scene.path(),
        &["clone", "-q", "--bare", ".", bare.to_str().unwrap()],
    );
    for (repository, branch) in [(linked, "side"), (bare, "main")] {
        let repository = Repository::discover(&repository).unwrap();
        let revision = repository.revision("HEAD").unwrap();
        assert_eq!(revision.reference(), branch);
        let tree = repository.tree(&revision).unwrap();
        assert!(tree.kind(&path("config/web")).unwrap().is_some());
    }
}

#[test]
fn what_is_no_revision_is_an_error_that_says_what_there_is() {
    let scene = scene();
    let discover = || Repository::discover(&scene.path().join("config")).unwrap();
    let error = discover().revision("HEAD").unwrap_err();
    assert!(
        matches!(&error, SourceError::NoCommits { branch, .. } if branch == "main"),
        "{error}"
    );
    commit_all(scene.path());
    let error = discover().revision("nope").unwrap_err();
    assert!(error.to_string().contains("there are: main"), "{error}");
    fs::create_dir(scene.path().join("fresh")).unwrap();
    let fresh = Repository::discover(&scene.path().join("fresh")).unwrap();
    let error = fresh.tree(&fresh.revision("HEAD").unwrap()).err().unwrap();
    assert!(matches!(error, SourceError::NotCommitted { .. }), "{error}");
    let nowhere = tempfile::tempdir().unwrap();
    let error = Repository::discover(nowhere.path()).err().unwrap();
    assert!(
        matches!(error, SourceError::NotRepository { .. }),
        "{error}"
    );
}

#[test]
fn a_directory_tree_does_not_block_on_a_pipe() {
    let scene = scene();
    let pipe = scene.path().join("config/pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let tree = DirectoryTree::open(&scene.path().join("config")).unwrap();
    assert_eq!(tree.kind(&path("pipe")).unwrap(), None);
    assert!(matches!(
        tree.read(&path("pipe")),
        Err(TreeError::Unreadable { .. })
    ));
}

#[test]
fn a_directory_tree_keeps_what_it_has_read() {
    let scene = scene();
    let tree = DirectoryTree::open(scene.path()).unwrap();
    let service = path("config/web/base/service.yaml");
    let before = tree.read(&service).unwrap();
    fs::write(scene.path().join(service.as_str()), "changed").unwrap();
    assert_eq!(tree.read(&service).unwrap(), before);
}

#[test]
fn a_commit_is_reported_within_a_second() {
    let scene = scene();
    commit_all(scene.path());
    let repository = Repository::discover(scene.path()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let changes = Changes::of_repository(&repository).unwrap();
        let before = repository.revision("HEAD").unwrap();
        fs::write(scene.path().join("config/new"), "x").unwrap();
        commit_all(scene.path());
        let waited = tokio::time::timeout(Duration::from_secs(1), changes.changed()).await;
        assert!(waited.is_ok(), "no change was reported");
        assert_ne!(repository.revision("HEAD").unwrap(), before);
    });
}

#[test]
fn both_trees_tell_where_a_link_leads() {
    let scene = scene();
    let config = scene.path().join("config");
    let commit = commit_all(scene.path());
    let repository = Repository::discover(&config).unwrap();
    let committed = repository
        .tree(&repository.revision(&commit).unwrap())
        .unwrap();
    let on_disk = DirectoryTree::open(&config).unwrap();
    let path = TreePath::new("link/service.yaml").unwrap();
    let real = TreePath::new("web/base/service.yaml").unwrap();
    assert_eq!(committed.resolve(&path), Ok(real.clone()));
    assert_eq!(on_disk.resolve(&path), Ok(real));
    let missing = TreePath::new("nothing/here").unwrap();
    assert_eq!(on_disk.resolve(&missing), Ok(missing.clone()));
}

#[test]
fn an_absolute_link_is_followed_within_the_directory_alone() {
    let scene = scene();
    let config = scene.path().join("config").canonicalize().unwrap();
    symlink(config.join("web/base"), config.join("inside")).unwrap();
    symlink("/etc/hostname", config.join("outside")).unwrap();
    symlink("again", config.join("again")).unwrap();
    let tree = DirectoryTree::open(&config).unwrap();
    let at = |path: &str| TreePath::new(path).unwrap();
    assert_eq!(
        &*tree.read(&at("inside/service.yaml")).unwrap(),
        b"kind: Service\n"
    );
    assert!(matches!(
        tree.read(&at("outside")),
        Err(TreeError::Escape { .. })
    ));
    assert!(matches!(
        tree.kind(&at("again")),
        Err(TreeError::Unreadable { .. })
    ));
}
