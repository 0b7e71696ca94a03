//! `sops keyservice` and `--keyservice`, with the real sops at the other end.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::lab::Lab;
use crate::scene::{eventually, tool};

/// A key service that has the identity of the lab, until it is dropped.
struct Service(Child);

impl Service {
    /// Starts one at a socket in the directory.
    fn start(lab: &Lab, program: &Path) -> Self {
        let socket = lab.path("keys.sock");
        let child = Command::new(program)
            .args(["keyservice", "--network", "unix", "--address"])
            .arg(&socket)
            .env_clear()
            .env("HOME", lab.home())
            .env("SOPS_AGE_KEY_FILE", lab.home().join("own.txt"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let service = Self(child);
        eventually("the key service listens", || {
            std::os::unix::net::UnixStream::connect(&socket).is_ok()
        });
        service
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns a lab without keys of its own, and the flags that name the service.
fn lab() -> (Lab, Vec<String>) {
    let mut lab = Lab::new();
    let own = lab.recipient.clone();
    lab.write("s.yaml", "a: one\n");
    lab.ours_ok(&["encrypt", "-i", "--age", &own, "s.yaml"]);
    lab.variable("SOPS_AGE_KEY_FILE", "");
    let service = format!("--keyservice=unix://{}", lab.path("keys.sock").display());
    (
        lab,
        vec!["--enable-local-keyservice=false".to_owned(), service],
    )
}

#[test]
fn the_real_sops_asks_ours_and_ours_asks_the_real_sops() {
    let (lab, flags) = lab();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let own = lab.recipient.clone();
    let decrypt = [&["decrypt"], &flags[..], &["s.yaml"]].concat();
    let encrypt = [&["encrypt", "--age", &own], &flags[..], &["n.yaml"]].concat();
    lab.write("n.yaml", "b: two\n");
    let ours = Service::start(&lab, &lab.home().join("sops"));
    assert_eq!(lab.theirs_ok(&decrypt), "a: one\n");
    lab.theirs_ok(&encrypt);
    assert_eq!(lab.ours_ok(&decrypt), "a: one\n");
    drop(ours);
    std::fs::remove_file(lab.path("keys.sock")).unwrap();
    let _theirs = Service::start(&lab, &tool("sops"));
    assert_eq!(lab.ours_ok(&decrypt), "a: one\n");
    let encrypted = lab.ours_ok(&encrypt);
    lab.write("s.yaml", &encrypted);
    assert_eq!(lab.theirs_ok(&decrypt), "b: two\n");
}

#[test]
fn a_service_that_cannot_be_reached_or_named_is_told() {
    let (lab, flags) = lab();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let message = lab.refused(128, &[&["decrypt"], &flags[..], &["s.yaml"]].concat());
    assert!(
        message.contains("the key service at unix://WORK/keys.sock: No such file"),
        "{message}"
    );
    insta::assert_snapshot!(lab.refused(1, &["decrypt", "--keyservice", "keys.example:5000", "s.yaml"]), @r#"error: --keyservice: "keys.example:5000" is no address of a key service; expected tcp://HOST:PORT or unix:///PATH"#);
    insta::assert_snapshot!(lab.refused(1, &["keyservice", "--address", "0.0.0.0:5000"]), @r#"error: "0.0.0.0:5000" can be reached from other machines, and a key service hands out data keys in clear; listen on 127.0.0.1:PORT or on a unix socket, which ssh can forward"#);
}

#[test]
fn completions_know_the_verbs() {
    let lab = Lab::new();
    for shell in ["bash", "zsh"] {
        let script = lab.ours_ok(&["completion", shell]);
        assert!(
            script.contains("updatekeys") && script.contains("exec-env"),
            "{shell}"
        );
    }
}
