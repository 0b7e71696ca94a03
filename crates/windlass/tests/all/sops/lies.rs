//! A key service that lies, throttles or comes back too late: what is said, and that nothing is written.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::lab::Lab;
use crate::scene::tool;
use crate::stand_in::{Asked, StandIn};

const ARN: &str = "arn:aws:kms:eu-west-1:123456789012:key/k";
const TEXT: &str = "user: hydra\npassword: canary\n";

/// How the service answers who asks it to decrypt.
type Answer = fn(usize, &str) -> (u16, Value);

fn honest(key: &str) -> (u16, Value) {
    (200, json!({ "KeyId": ARN, "Plaintext": key }))
}

/// Starts a service that encrypts honestly, and decrypts as `answer` says of its attempt and the real data key.
fn service(answer: Answer) -> StandIn {
    let held = Arc::new(Mutex::new(String::new()));
    let attempts = AtomicUsize::new(0);
    StandIn::start(move |asked: &Asked| {
        let mut held = held.lock().unwrap();
        let body: Value = serde_json::from_str(&asked.body).unwrap();
        if asked.headers["x-amz-target"] == "TrentService.Encrypt" {
            body["Plaintext"].as_str().unwrap().clone_into(&mut held);
            let answer = json!({ "KeyId": ARN, "CiphertextBlob": "AAAA" });
            return (200, answer.to_string());
        }
        let (status, answer) = answer(attempts.fetch_add(1, Ordering::Relaxed), &held);
        (status, answer.to_string())
    })
}

/// Returns a directory with a file that the service encrypted.
fn lab(server: &StandIn) -> Lab {
    let mut lab = Lab::new();
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        lab.variable(name, "AKIATEST");
    }
    lab.variable("AWS_ENDPOINT_URL", &server.address);
    lab.variable("AWS_EC2_METADATA_DISABLED", "true");
    lab.write("secret.yaml", TEXT);
    lab.ours_ok(&["encrypt", "-i", "--kms", ARN, "secret.yaml"]);
    lab
}

/// A data key of the right length that is not the one of the file.
fn another_key(_: usize, _: &str) -> (u16, Value) {
    honest("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
}

#[test]
fn a_data_key_that_is_not_the_one_of_the_file_opens_nothing_and_nothing_is_written() {
    let mut lab = lab(&service(another_key));
    lab.variable("EDITOR", "true");
    lab.write(
        ".sops.yaml",
        &format!("creation_rules:\n  - kms: {ARN}\n    age: '{{own}}'\n"),
    );
    let before = lab.files();
    let own = lab.recipient.clone();
    let verbs: [&[&str]; 10] = [
        &["decrypt", "secret.yaml"],
        &["decrypt", "-i", "secret.yaml"],
        &["decrypt", "--extract", "[\"user\"]", "secret.yaml"],
        &["edit", "secret.yaml"],
        &["set", "secret.yaml", "[\"user\"]", "\"x\""],
        &["unset", "secret.yaml", "[\"user\"]"],
        &["rotate", "-i", "--add-age", &own, "secret.yaml"],
        &["updatekeys", "-y", "secret.yaml"],
        &[
            "groups",
            "add",
            "-i",
            "--file",
            "secret.yaml",
            "--age",
            &own,
        ],
        &["exec-env", "secret.yaml", "env"],
    ];
    for arguments in verbs {
        let ran = lab.ours(arguments);
        assert_ne!(ran.code, Some(0), "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains("secret.yaml"), "{arguments:?}: {ran:?}");
        assert!(!ran.all().contains("canary"), "{arguments:?}: {ran:?}");
        assert_eq!(lab.files(), before, "{arguments:?}");
    }
    insta::assert_snapshot!(lab.refused(25, &["decrypt", "secret.yaml"]), @r#"
    error: secret.yaml:1:7: the value ["user"] was altered, or moved here from another place
    hint: its MAC does not open either: perhaps nothing was altered, and a key gave another data key; the keys are arn:aws:kms:eu-west-1:123456789012:key/k
    "#);
}

#[test]
fn a_service_that_throttles_is_asked_again_and_its_answer_then_counts() {
    let server = service(|attempt, key| match attempt {
        0 => (400, json!({ "__type": "ThrottlingException" })),
        1 => (503, json!({})),
        _ => honest(key),
    });
    let lab = lab(&server);
    assert_eq!(lab.ours_ok(&["decrypt", "secret.yaml"]), TEXT);
    assert_eq!(server.asked().len(), 4);
}

#[test]
fn a_service_that_throttles_without_end_is_named_and_nothing_is_written() {
    let server = service(|_, _| {
        (
            400,
            json!({ "__type": "ThrottlingException", "message": "Rate" }),
        )
    });
    let lab = lab(&server);
    let before = lab.files();
    let said = lab.refused(128, &["set", "secret.yaml", "[\"user\"]", "\"x\""]);
    insta::assert_snapshot!(said, @r"
    error: secret.yaml: no key opens the document; it is encrypted for
        arn:aws:kms:eu-west-1:123456789012:key/k: an AWS KMS key; it cannot be reached now: kms said ThrottlingException (400)
    ");
    assert_eq!(server.asked().len(), 4);
    assert_eq!(lab.files(), before);
}

/// The real program agrees that the stand-in is a service: what is tested above is not its mistake.
#[test]
fn the_real_sops_takes_the_stand_in_for_a_service() {
    let lab = lab(&service(|_, key| honest(key)));
    assert!(tool("sops").exists());
    assert_eq!(lab.theirs_ok(&["decrypt", "secret.yaml"]), TEXT);
}
