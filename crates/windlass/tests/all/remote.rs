//! Remote bases and files, from a real Git server and a web server on loopback.

#[path = "remote/server.rs"]
mod server;

use std::fs;
use std::process::Command;

use crate::scene::{Ran, Scene, binary};
use server::Server;

/// A repository `git/org/repo` with a base, an overlay beside it and two revisions.
fn published() -> (Scene, Server) {
    let scene = Scene::platform();
    let repository = scene.home().join("git/org/repo");
    fs::create_dir_all(&repository).unwrap();
    scene.git(&["init", "-q", "-b", "main", repository.to_str().unwrap()]);
    put(&scene, "base/kustomization.yaml", "resources: [map.yaml]\n");
    put(&scene, "base/map.yaml", &map("web"));
    put(
        &scene,
        "overlay/kustomization.yaml",
        "resources: [../base]\nnamePrefix: far-\n",
    );
    put(
        &scene,
        "climber/kustomization.yaml",
        "resources: [../../../../../../base]\n",
    );
    put(
        &scene,
        "reader/kustomization.yaml",
        "resources: [../base/map.yaml]\n",
    );
    revise(&scene, "one");
    in_repository(&scene, &["tag", "-a", "v1", "-m", "v1"]);
    put(&scene, "base/map.yaml", &map("newer"));
    revise(&scene, "two");
    let server = Server::start(scene.home());
    (scene, server)
}

fn map(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n")
}

fn put(scene: &Scene, path: &str, text: &str) {
    scene.write(&format!("../git/org/repo/{path}"), text);
}

fn in_repository(scene: &Scene, arguments: &[&str]) -> String {
    let directory = scene.home().join("git/org/repo");
    let mut all = vec!["-C", directory.to_str().unwrap()];
    all.extend(arguments);
    scene.git(&all)
}

fn revise(scene: &Scene, message: &str) {
    in_repository(scene, &["add", "-A"]);
    in_repository(scene, &["commit", "-q", "-m", message]);
}

/// Builds a kustomization whose only resource is this one.
fn build(scene: &Scene, resource: &str) -> Ran {
    scene.write(
        "app/kustomization.yaml",
        &format!("resources:\n- {resource}\n"),
    );
    scene.windlass(&["build", "app", "--allow-remote-bases"])
}

/// Returns the directory that keeps commits.
fn cache(scene: &Scene) -> std::path::PathBuf {
    scene.home().join(".cache/windlass/remote/git")
}

#[track_caller]
fn succeeds(ran: &Ran, output: &str) {
    assert_eq!((ran.code, &*ran.stdout), (Some(0), output), "{}", ran.all());
}

#[track_caller]
fn refuses(ran: &Ran, reason: &str) {
    assert_eq!((ran.code, &*ran.stdout), (Some(1), ""), "{}", ran.all());
    assert!(ran.stderr.contains(reason), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("app/kustomization.yaml:2:3"),
        "{}",
        ran.stderr
    );
}

#[test]
fn nothing_is_fetched_unless_it_is_allowed() {
    let (scene, server) = published();
    let url = server.url("git/org/repo//base");
    scene.write("app/kustomization.yaml", &format!("resources:\n- {url}\n"));
    refuses(&scene.windlass(&["build", "app"]), "--allow-remote-bases");
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_base_is_had_by_branch_tag_commit_and_from_the_branch_that_the_repository_names() {
    let (scene, server) = published();
    let first = in_repository(&scene, &["rev-parse", "v1^{commit}"]);
    for (revision, name) in [
        ("", "newer"),
        ("?ref=main", "newer"),
        ("?ref=v1", "web"),
        ("?version=refs/tags/v1", "web"),
        (&format!("?ref={}", first.trim()), "web"),
    ] {
        let url = server.url(&format!("git/org/repo//overlay{revision}"));
        succeeds(&build(&scene, &url), &map(&format!("far-{name}")));
    }
}

#[test]
fn a_commit_is_fetched_once_and_a_branch_is_looked_up_each_time() {
    let (scene, server) = published();
    let first = in_repository(&scene, &["rev-parse", "v1^{commit}"]);
    let pinned = server.url(&format!("git/org/repo//base?ref={}", first.trim()));
    let moving = server.url("git/org/repo//base?ref=main");
    succeeds(&build(&scene, &pinned), &map("web"));
    succeeds(&build(&scene, &moving), &map("newer"));
    drop(server);
    succeeds(&build(&scene, &pinned), &map("web"));
    refuses(&build(&scene, &moving), "refused");
}

#[test]
fn a_branch_that_is_called_like_a_commit_does_not_take_its_place() {
    let (scene, server) = published();
    let first = in_repository(&scene, &["rev-parse", "v1^{commit}"]);
    in_repository(
        &scene,
        &[
            "update-ref",
            &format!("refs/heads/{}", first.trim()),
            "main",
        ],
    );
    let pinned = server.url(&format!("git/org/repo//base?ref={}", first.trim()));
    succeeds(&build(&scene, &pinned), &map("web"));
}

#[test]
fn what_a_server_says_of_a_tag_is_not_believed() {
    let (scene, server) = published();
    let main = in_repository(&scene, &["rev-parse", "main"]);
    let tag = server.url("lie/org/repo//base?ref=v1");
    let ran = build(&scene, &tag);
    assert_eq!((ran.code, &*ran.stdout), (Some(1), ""), "{}", ran.all());
    let pinned = server.url(&format!("lie/org/repo//base?ref={}", main.trim()));
    succeeds(&build(&scene, &pinned), &map("newer"));
}

#[test]
fn a_commit_that_is_kept_and_broken_is_fetched_again() {
    let (scene, server) = published();
    let moving = server.url("git/org/repo//base?ref=main");
    succeeds(&build(&scene, &moving), &map("newer"));
    let main = in_repository(&scene, &["rev-parse", "main"]);
    let kept = fs::read_dir(cache(&scene))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let objects = kept.path().join(main.trim()).join("objects");
    fs::remove_dir_all(objects.join("pack")).unwrap();
    succeeds(&build(&scene, &moving), &map("newer"));
    let pinned = server.url(&format!("git/org/repo//base?ref={}", main.trim()));
    drop(server);
    succeeds(&build(&scene, &pinned), &map("newer"));
}

#[test]
fn a_file_is_had_by_its_url_and_one_that_is_missing_fails_the_build() {
    let (scene, server) = published();
    scene.write("../files/map.yaml", &map("file"));
    succeeds(&build(&scene, &server.url("files/map.yaml")), &map("file"));
    refuses(&build(&scene, &server.url("files/other.yaml")), "404");
}

#[test]
fn a_remote_base_cannot_leave_its_repository_or_its_directory() {
    let (scene, server) = published();
    let ran = build(&scene, &server.url("git/org/repo//climber"));
    assert_eq!((ran.code, &*ran.stdout), (Some(1), ""), "{}", ran.all());
    assert!(
        ran.stderr.contains("must be within the repo"),
        "{}",
        ran.stderr
    );
    scene.write("app/kustomization.yaml", "");
    let url = server.url("git/org/repo//reader");
    scene.write("app/kustomization.yaml", &format!("resources:\n- {url}\n"));
    let anywhere = [
        "build",
        "app",
        "--allow-remote-bases",
        "--load-restrictor",
        "LoadRestrictionsNone",
    ];
    let ran = scene.windlass(&anywhere);
    assert_eq!((ran.code, &*ran.stdout), (Some(1), ""), "{}", ran.all());
    assert!(ran.stderr.contains("security; file"), "{}", ran.stderr);
}

#[test]
fn a_remote_base_cannot_lead_to_a_repository_on_this_disk() {
    let (scene, server) = published();
    let here = format!("file://{}", scene.home().join("git/org/repo").display());
    put(
        &scene,
        "thief/kustomization.yaml",
        &format!("resources: ['{here}//base']\n"),
    );
    revise(&scene, "three");
    let ran = build(&scene, &server.url("git/org/repo//thief"));
    assert_eq!((ran.code, &*ran.stdout), (Some(1), ""), "{}", ran.all());
    assert!(ran.stderr.contains("protected better"), "{}", ran.stderr);
    succeeds(
        &build(&scene, &format!("{here}//overlay?ref=v1")),
        &map("far-web"),
    );
}

#[test]
fn what_is_not_fetched_says_why_and_what_to_do() {
    let (scene, server) = published();
    refuses(
        &build(&scene, "git@github.com:org/repo//base"),
        "runs no program",
    );
    refuses(
        &build(&scene, "http://example.com/map.yaml"),
        "not protected",
    );
    refuses(
        &build(&scene, "https://user:pass@localhost/map.yaml"),
        "password",
    );
    refuses(
        &build(&scene, &server.url("git/org/repo//base?ref=v9")),
        "it has main, v1",
    );
    refuses(
        &build(&scene, &server.url("git/org/repo//nothing")),
        "no such file or directory",
    );
    refuses(&build(&scene, &server.url("git/org/none//base")), "404");
}

#[test]
fn no_message_holds_a_user_a_password_or_a_token() {
    let (scene, server) = published();
    let host = server.url("");
    let host = host.trim_start_matches("http://");
    scene.write("../files/bad.yaml", "a: b\n");
    for url in [
        format!("https://user:s3cr3t@{host}org/repo//base"),
        format!("http://s3cr3t@{host}git/none/none//base"),
        format!("http://s3cr3t@{host}files/none.yaml"),
        format!("http://{host}files/none.yaml?token=s3cr3t"),
        format!("http://{host}files/bad.yaml?token=s3cr3t"),
        format!("http://s3cr3t@{host}git/org/repo//none"),
        "s3cr3t@github.com:org/repo".to_owned(),
    ] {
        let ran = build(&scene, &url);
        assert_eq!(ran.code, Some(1), "{}", ran.all());
        assert!(!ran.all().contains("s3cr3t"), "{}", ran.all());
        let off = scene.windlass(&["build", "app"]);
        assert!(!off.all().contains("s3cr3t"), "{}", off.all());
        let itself = scene.windlass(&["build", &url, "--allow-remote-bases"]);
        assert!(!itself.all().contains("s3cr3t"), "{}", itself.all());
    }
    let ran = build(&scene, &format!("http://tok@{host}files/none.yaml"));
    refuses(&ran, "the user in the address was left out");
}

#[test]
fn addresses_that_differ_in_a_token_only_are_two_files() {
    let (scene, server) = published();
    scene.write("../files/map.yaml", &map("file"));
    let urls = ["1", "2"].map(|id| server.url(&format!("files/map.yaml?id={id}")));
    scene.write(
        "app/kustomization.yaml",
        &format!("resources: ['{}', '{}']\n", urls[0], urls[1]),
    );
    let ran = scene.windlass(&["build", "app", "--allow-remote-bases"]);
    assert!(ran.stderr.contains("already"), "{}", ran.all());
    assert_eq!(server.requests(), 2);
}

#[test]
fn what_was_fetched_is_called_by_its_address() {
    let (scene, server) = published();
    scene.write("../files/bad.yaml", "a: [\n");
    let url = server.url("files/bad.yaml");
    let ran = build(&scene, &url);
    assert!(
        ran.stderr.contains(&format!("error: {url}:")),
        "{}",
        ran.all()
    );
    assert!(!ran.stderr.contains("/http:"), "{}", ran.all());
    put(
        &scene,
        "broken/kustomization.yaml",
        "resources: [none.yaml]\n",
    );
    revise(&scene, "three");
    let ran = build(&scene, &server.url("git/org/repo//broken"));
    let place = format!(
        "error: {}@HEAD/broken/kustomization.yaml:1:13: ",
        server.url("git/org/repo")
    );
    assert!(ran.stderr.contains(&place), "{}", ran.all());
    assert!(!ran.stderr.contains("/http:"), "{}", ran.all());
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    let (scene, server) = published();
    let ran = build(&scene, &server.url("silence/org/repo//base?timeout=1"));
    refuses(&ran, "longer than 1 s");
}

#[test]
fn an_answer_that_is_cut_off_is_no_base() {
    let (scene, server) = published();
    let ran = build(&scene, &server.url("cut/org/repo//base"));
    assert_eq!((ran.code, &*ran.stdout), (Some(1), ""), "{}", ran.all());
    succeeds(
        &build(&scene, &server.url("git/org/repo//base")),
        &map("newer"),
    );
}

#[test]
fn the_address_of_a_base_can_be_built_itself() {
    let (scene, server) = published();
    let url = server.url("git/org/repo//overlay?ref=v1");
    let ran = scene.windlass(&["build", &url, "--allow-remote-bases"]);
    succeeds(&ran, &map("far-web"));
    let ran = scene.windlass(&["build", &url]);
    assert_eq!((ran.code, &*ran.stdout), (Some(1), ""), "{}", ran.all());
    assert!(
        ran.stderr.contains("--allow-remote-bases"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_trial_build_of_an_edit_has_remote_bases_where_the_environment_allows_them() {
    let (scene, server) = published();
    let text = format!(
        "resources:\n- {}\n",
        server.url("git/org/repo//base?ref=main")
    );
    for (value, warns) in [("1", false), ("false", true)] {
        scene.write("kustomization.yaml", &text);
        let allow = format!("WINDLASS_ALLOW_REMOTE_BASES={value}");
        let mut command = Command::new("env");
        command.arg(allow).arg(binary());
        let command = command.args(["kustomize", "edit", "fix"]);
        let ran = scene.run(command.current_dir(scene.repository()));
        assert_eq!(ran.code, Some(0), "{}", ran.all());
        assert_eq!(
            ran.stderr.contains("does not build"),
            warns,
            "{}",
            ran.stderr
        );
    }
}
