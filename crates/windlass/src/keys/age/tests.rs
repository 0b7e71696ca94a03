//! The order in which identities are looked for.

use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};

use windlass_sops::Identity;

use super::*;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../sops/tests/data");

fn wrapped(identity: &Identity) -> WrappedKey {
    wrapped_for(identity.recipient())
}

fn wrapped_for(recipient: &str) -> WrappedKey {
    let recipient = recipient.trim().to_owned();
    let key = MasterKey::Age { recipient };
    let wrapped = Keyring::new().wrap(&key, &"canary".into()).unwrap();
    WrappedKey {
        key,
        wrapped,
        created_at: None,
    }
}

fn line(identity: &Identity) -> String {
    identity.to_line().expose_text().unwrap().to_owned()
}

fn keys(variables: &[(&str, &str)]) -> AgeKeys {
    let variable = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    AgeKeys::new(Keyring::new(), Places::from_env(variable)).or_from(KeyCommand::from_env(variable))
}

#[test]
fn identities_are_those_of_all_places() {
    let [text, file, own] = [(); 3].map(|()| Identity::generate());
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("named.txt"), line(&file)).unwrap();
    std::fs::create_dir_all(path("sops/age")).unwrap();
    std::fs::write(path("sops/age/keys.txt"), line(&own)).unwrap();
    let keys = keys(&[
        ("SOPS_AGE_KEY", &line(&text)),
        ("SOPS_AGE_KEY_FILE", &path("named.txt")),
        ("XDG_CONFIG_HOME", &path("")),
    ]);
    assert!(keys.near.get().is_none());
    for identity in [text, file, own] {
        assert_eq!(keys.unwrap(&wrapped(&identity)), Ok("canary".into()));
    }
    assert!(keys.problems().is_empty());
    assert!(keys.all.get().is_none(), "SSH keys were read in vain");
}

#[test]
fn a_place_that_is_wrong_hides_no_other() {
    let identity = Identity::generate();
    let keys = keys(&[
        ("SOPS_AGE_KEY", &line(&identity)),
        ("SOPS_AGE_KEY_FILE", "/nonexistent/key"),
    ]);
    assert!(keys.unwrap(&wrapped(&identity)).is_ok());
    let problem =
        "/nonexistent/key: the key file cannot be read: No such file or directory (os error 2)";
    assert_eq!(keys.problems(), [problem]);
}

#[test]
fn a_program_is_asked_for_the_recipient_when_nothing_else_would_do() {
    let (held, printed) = (Identity::generate(), Identity::generate());
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path(printed.recipient()), line(&printed)).unwrap();
    let command = format!(
        "sh -c 'echo x >> {}; cat {}/$SOPS_AGE_RECIPIENT'",
        path("log"),
        path("")
    );
    let keys = keys(&[
        ("SOPS_AGE_KEY", &line(&held)),
        ("SOPS_AGE_KEY_CMD", &command),
    ]);
    assert_eq!(keys.unwrap(&wrapped(&held)), Ok("canary".into()));
    assert!(!Path::new(&path("log")).exists());
    for _ in 0..2 {
        assert_eq!(keys.unwrap(&wrapped(&printed)), Ok("canary".into()));
    }
    assert_eq!(std::fs::read_to_string(path("log")).unwrap(), "x\n");
}

#[test]
fn a_program_that_fails_is_named_and_what_it_printed_is_not() {
    for (command, reason) in [
        (
            "sh -c 'echo canary; exit 3'",
            "it ended with exit status: 3",
        ),
        ("echo canary", "1: this is no age identity"),
        ("/nonexistent/program", "/nonexistent/program: No such file"),
        ("echo 'canary", "the quotes are not closed"),
        ("yes canary", "it printed more than"),
    ] {
        let keys = keys(&[("SOPS_AGE_KEY_CMD", command)]);
        let failure = keys.unwrap(&wrapped(&Identity::generate())).unwrap_err();
        let text = failure.to_string();
        assert!(text.contains("$SOPS_AGE_KEY_CMD"), "{text}");
        assert!(text.contains(reason) && !text.contains("canary"), "{text}");
    }
}

#[test]
fn ssh_keys_are_those_of_the_variable_and_of_the_person() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".ssh")).unwrap();
    std::fs::copy(
        format!("{DATA}/ssh_ed.key"),
        home.path().join(".ssh/id_ed25519"),
    )
    .unwrap();
    let keys = keys(&[
        ("HOME", home.path().to_str().unwrap()),
        (
            "SOPS_AGE_SSH_PRIVATE_KEY_FILE",
            &format!("{DATA}/ssh_rsa.key"),
        ),
    ]);
    for name in ["ssh_ed.pub", "ssh_rsa.pub"] {
        let recipient = std::fs::read_to_string(format!("{DATA}/{name}")).unwrap();
        assert_eq!(keys.unwrap(&wrapped_for(&recipient)), Ok("canary".into()));
    }
}

static ASKED: AtomicU8 = AtomicU8::new(0);

#[test]
fn a_passphrase_is_asked_for_once_and_only_when_nothing_else_would_do() {
    let file = format!("{DATA}/locked.agekey");
    let first = std::fs::read_to_string(format!("{DATA}/first.agekey")).unwrap();
    let first = Keyring::parse(&first).unwrap();
    let first = first.recipients().next().unwrap();
    let other = Identity::generate();
    let variables = [
        ("SOPS_AGE_KEY_FILE", &*file),
        ("SOPS_AGE_KEY", &line(&other)),
    ];
    let nobody = keys(&variables).or_ask(|_| panic!("asked in vain"));
    assert!(nobody.unwrap(&wrapped(&other)).is_ok());
    let person = keys(&variables).or_ask(|_| {
        ASKED.fetch_add(1, Ordering::Relaxed);
        Ok("canary".into())
    });
    for _ in 0..2 {
        assert!(person.unwrap(&wrapped_for(first)).is_ok());
    }
    assert_eq!(ASKED.load(Ordering::Relaxed), 1);
    let wrong = keys(&variables).or_ask(|_| Ok("other".into()));
    let failure = wrong.unwrap(&wrapped_for(first)).unwrap_err().to_string();
    assert!(
        failure.ends_with("locked.agekey: the passphrase is wrong"),
        "{failure}"
    );
}

#[test]
fn a_locked_file_is_a_problem_where_nobody_is_asked() {
    let keys = keys(&[("SOPS_AGE_KEY_FILE", &format!("{DATA}/locked.agekey"))]);
    assert!(keys.unwrap(&wrapped(&Identity::generate())).is_err());
    let problems = keys.problems().join("\n");
    assert!(problems.contains("locked with a passphrase"), "{problems}");
}
