//! SSH keys as age takes them, and key files that a passphrase locks.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use windlass_sops::{
    KeyFailure, KeyProblem, KeyService as _, Keyring, LockedKeys, MasterKey, SecretBytes,
    UnlockError, WrappedKey,
};

fn data(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn key(recipient: &str) -> MasterKey {
    let recipient = recipient.trim().to_owned();
    MasterKey::Age { recipient }
}

fn wrapped(key: &MasterKey) -> WrappedKey {
    WrappedKey {
        key: key.clone(),
        wrapped: Keyring::new().wrap(key, &"canary".into()).unwrap(),
        created_at: None,
    }
}

fn unlock(name: &str, passphrase: &str) -> Result<Keyring, UnlockError> {
    let locked = LockedKeys::read(data(name).as_bytes()).unwrap();
    locked.unlock(&passphrase.into())
}

#[test]
fn what_is_wrapped_for_an_ssh_key_is_unwrapped_by_its_private_half_only() {
    for (name, other) in [("ssh_ed", "ssh_rsa"), ("ssh_rsa", "ssh_ed")] {
        let key = key(&data(&format!("{name}.pub")));
        let wrapped = wrapped(&key);
        let keyring = |name: &str| Keyring::parse(&data(&format!("{name}.key"))).unwrap();
        assert_eq!(keyring(name).unwrap(&wrapped), Ok("canary".into()));
        let failure = keyring(other).unwrap(&wrapped).unwrap_err();
        assert_eq!(
            failure.to_string(),
            "belongs to no SSH private key that was given"
        );
        assert!(
            key.to_string()
                .starts_with(keyring(name).recipients().next().unwrap())
        );
    }
}

#[test]
fn a_key_file_may_hold_age_identities_and_then_an_ssh_key() {
    let text = format!("{}\n{}", data("first.agekey"), data("ssh_ed.key"));
    let keyring = Keyring::parse(&text.replace('\n', "\r\n")).unwrap();
    let recipients: Vec<_> = keyring.recipients().map(|name| &name[..4]).collect();
    assert_eq!(recipients, ["age1", "ssh-"]);
}

#[test]
fn an_ssh_key_that_cannot_be_used_says_why() {
    let ed = data("ssh_ed.key");
    let cut = format!("# mine\n{}", &ed[..ed.len() / 2]);
    for (text, line, problem) in [
        (data("ssh_ecdsa.key"), 1, KeyProblem::SshType),
        (data("ssh_locked.key"), 1, KeyProblem::SshLocked),
        (cut, 2, KeyProblem::SshDamaged),
        (
            "-----BEGIN PRIVATE KEY-----\n".to_owned(),
            1,
            KeyProblem::SshForm,
        ),
        (
            "-----BEGIN OPENSSH PRIVATE KEY-----\n".repeat(4000),
            1,
            KeyProblem::SshDamaged,
        ),
    ] {
        let error = Keyring::parse(&text).unwrap_err();
        assert_eq!((error.line, error.problem), (line, problem));
    }
}

#[test]
fn a_recipient_that_cannot_be_encrypted_for_says_why() {
    let weak = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDEfT+";
    for recipient in [
        weak,
        "ssh-ed25519 AAAA",
        "ssh-dss AAAAB3NzaC1kc3M= x",
        "ssh-",
    ] {
        let failure = Keyring::new().wrap(&key(recipient), &"canary".into());
        assert!(
            matches!(failure, Err(KeyFailure::Invalid { .. })),
            "{recipient}"
        );
    }
}

#[test]
fn locked_keys_unlock_with_their_passphrase_only() {
    for name in ["ssh_locked.key", "locked.agekey"] {
        let keyring = unlock(name, "canary").unwrap();
        let recipient = keyring.recipients().next().unwrap();
        assert!(keyring.unwrap(&wrapped(&key(recipient))).is_ok());
        assert_eq!(unlock(name, "other").unwrap_err(), UnlockError::Passphrase);
        assert_eq!(unlock(name, "").unwrap_err(), UnlockError::Passphrase);
    }
    for open in ["ssh_ed.key", "first.agekey", "pgp_open.asc"] {
        assert!(LockedKeys::read(data(open).as_bytes()).is_none());
    }
}

#[test]
fn a_locked_ssh_key_is_of_use_for_its_own_recipient_only() {
    let locked = LockedKeys::read(data("ssh_locked.key").as_bytes()).unwrap();
    let own = unlock("ssh_locked.key", "canary").unwrap();
    let own = own.recipients().next().unwrap().to_owned();
    assert!(locked.may_open(&key(&own)));
    assert!(locked.may_open(&key(&format!("{own} me@laptop"))));
    assert!(!locked.may_open(&key(&data("ssh_ed.pub"))));
    assert!(!locked.may_open(&key("age1k4rhspfz0lel")));
}

#[test]
fn a_file_that_asks_for_absurd_work_is_refused_without_doing_it() {
    let text = data("locked.agekey");
    let header: String = text
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let mut file = STANDARD.decode(header).unwrap();
    let at = file
        .windows(4)
        .position(|window| window == b" 18\n")
        .unwrap();
    file[at + 1..at + 3].copy_from_slice(b"40");
    let locked = LockedKeys::read(&file).unwrap();
    assert_eq!(
        locked.unlock(&"canary".into()).unwrap_err(),
        UnlockError::Work
    );
}

#[test]
fn an_ssh_key_that_asks_for_absurd_work_is_refused_without_doing_it() {
    let text = data("ssh_locked.key");
    let lines = text.lines().filter(|line| !line.starts_with("-----"));
    let mut bytes = STANDARD.decode(lines.collect::<String>()).unwrap();
    // Behind the name of the hash are the length of its options, a salt of 16 bytes and the rounds.
    let name = bytes.windows(6).position(|window| window == b"bcrypt");
    let at = name.unwrap() + 6 + 4 + 4 + 16;
    assert_eq!(bytes[at..at + 3], [0, 0, 0]);
    bytes[at..at + 4].copy_from_slice(&u32::MAX.to_be_bytes());
    let body = STANDARD.encode(bytes);
    let file =
        format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n-----END OPENSSH PRIVATE KEY-----\n");
    let locked = LockedKeys::read(file.as_bytes()).unwrap();
    let error = locked.unlock(&"canary".into()).unwrap_err();
    assert_eq!(error, UnlockError::Work);
}

#[test]
fn a_key_file_encrypted_for_a_key_or_damaged_says_so() {
    let recipient = Keyring::parse(&data("first.agekey")).unwrap();
    let recipient = recipient.recipients().next().unwrap();
    let file = wrapped(&key(recipient)).wrapped;
    let unlock = |file: &str| {
        let locked = LockedKeys::read(file.as_bytes()).unwrap();
        locked.unlock(&SecretBytes::from("x")).unwrap_err()
    };
    assert_eq!(unlock(&file), UnlockError::NoPassphrase);
    assert_eq!(unlock(&file[..60]), UnlockError::Damaged);
}
