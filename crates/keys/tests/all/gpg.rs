//! The gpg program.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use windlass_keys::Gpg;
use windlass_sops::{KeyFailure, KeyService as _, MasterKey};

use crate::{data_key, wrapped};

const FINGERPRINT: &str = "DD472596ED4727D92FA8CBB9C1F9D113E2A1F22B";

/// A program that stands in for gpg: a script.
struct Script(tempfile::TempDir);

impl Script {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gpg");
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        Self(folder)
    }

    fn gpg(&self) -> Gpg {
        let path = self.0.path().join("gpg").to_str().unwrap().to_owned();
        Gpg::from_env(|name| (name == "SOPS_GPG_EXEC").then(|| path.clone()))
    }
}

fn key() -> MasterKey {
    MasterKey::Pgp {
        fingerprint: FINGERPRINT.to_owned(),
    }
}

#[test]
fn gpg_is_called_as_sops_calls_it() {
    let script = Script::new(r#"echo "$@"; cat > "$0.in""#);
    let text = script.gpg().wrap(&key(), &data_key()).unwrap();
    insta::assert_snapshot!(text, @"--no-default-recipient --yes --encrypt -a -r DD472596ED4727D92FA8CBB9C1F9D113E2A1F22B --trusted-key C1F9D113E2A1F22B --no-encrypt-to");
    assert_eq!(
        std::fs::read(script.0.path().join("gpg.in")).unwrap(),
        data_key().expose()
    );
}

#[test]
fn what_gpg_prints_is_the_data_key_if_it_can_be_one() {
    let script = Script::new("[ \"$1\" = -d ] && cat");
    let text = "0123456789abcdef0123456789abcdef";
    assert_eq!(
        script
            .gpg()
            .unwrap(&wrapped(&key(), text))
            .unwrap()
            .expose(),
        text.as_bytes()
    );
    assert_eq!(
        script.gpg().unwrap(&wrapped(&key(), "short")).unwrap_err(),
        KeyFailure::Damaged
    );
}

#[test]
fn a_key_that_gpg_does_not_have_is_no_identity() {
    let script = Script::new("echo 'gpg: decryption failed: No secret key' >&2; exit 2");
    let failure = script.gpg().unwrap(&wrapped(&key(), "x")).unwrap_err();
    insta::assert_snapshot!(failure, @"belongs to no secret key that gpg has that was given");
    let script = Script::new("echo 'gpg: no valid OpenPGP data found.' >&2; exit 2");
    let failure = script.gpg().unwrap(&wrapped(&key(), "x")).unwrap_err();
    insta::assert_snapshot!(failure, @"cannot be used: a PGP key: gpg: no valid OpenPGP data found.");
}

#[test]
fn a_gpg_that_hangs_is_ended() {
    let script = Script::new("exec sleep 600");
    let mut gpg = script.gpg();
    gpg.timeout = Duration::from_millis(50);
    let failure = gpg.unwrap(&wrapped(&key(), "x")).unwrap_err().to_string();
    assert!(
        failure.ends_with("it did not end within 0.05 s"),
        "{failure}"
    );
}

#[test]
fn a_fingerprint_cannot_be_an_option() {
    let fingerprint = "--output=/etc/passwd-and-more".to_owned();
    let failure = Gpg::default().wrap(&MasterKey::Pgp { fingerprint }, &data_key());
    assert!(matches!(failure, Err(KeyFailure::Invalid { .. })));
}

#[test]
fn a_program_that_is_missing_is_named() {
    let gpg = Gpg {
        program: "/nonexistent/gpg".into(),
        ..Gpg::default()
    };
    let failure = gpg.unwrap(&wrapped(&key(), "x")).unwrap_err();
    insta::assert_snapshot!(failure, @"cannot be used: /nonexistent/gpg: No such file or directory (os error 2)");
}
