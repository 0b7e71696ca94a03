//! `windlass secret rekey` that was ended before the last file: the same command does the rest.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{DEMO, VALUE, keygen, ok};
use crate::scene::{Ran, Scene, binary};
use crate::stand_in::{Asked, StandIn};

const CONFIG: &str = "kustomize/hydra/overlays/dev/.sops.yaml";
const DIRECTORY: &str = "kustomize/hydra/overlays/dev/.sops";
/// More than are written before a test that waits for the first has seen it.
const MANY: usize = 150;

type Files = BTreeMap<String, String>;

/// Returns the values of the environment, by path.
fn values(scene: &Scene) -> Files {
    let mut files = Files::new();
    for service in ["api", "cdc", "hydra"] {
        let directory = format!("kustomize/{service}/overlays/dev/.sops");
        for entry in fs::read_dir(scene.repository().join(&directory)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let path = format!("{directory}/{name}");
            if Path::new(&name).extension().is_some_and(|it| it == "enc") {
                files.insert(path.clone(), scene.read(&path));
            }
        }
    }
    files
}

/// Returns whom a file is for, which must be whole.
fn recipient(path: &str, text: &str) -> String {
    let document: Value =
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{path}: {error}: {text}"));
    let recipients = document["sops"]["age"].as_array().unwrap();
    assert_eq!(recipients.len(), 1, "{path}");
    assert!(document["sops"]["mac"].is_string(), "{path}");
    recipients[0]["recipient"].as_str().unwrap().to_owned()
}

fn count_of(scene: &Scene, wanted: &str) -> usize {
    let values = values(scene);
    let of = values.iter().map(|(path, text)| recipient(path, text));
    of.filter(|recipient| recipient == wanted).count()
}

/// Opens all of them with the new key alone, which verifies them, and encrypts them for the old one again.
fn undo(scene: &Scene) -> Ran {
    let key = scene.home().join("new.agekey");
    let key = ["--age-key-file", key.to_str().unwrap()];
    let back = ["secret", "rekey", "--env", "dev", "--to", DEMO];
    ok(scene.windlass(&[&back[..], &key].concat()))
}

fn many_values(scene: &Scene) {
    let value = scene.read(VALUE);
    for number in 0..MANY {
        scene.write(&format!("{DIRECTORY}/VALUE_{number:03}.enc"), &value);
    }
}

#[test]
fn a_rekey_that_ended_between_any_two_files_is_done_by_the_same_command_with_the_old_key() {
    let scene = Scene::platform();
    let new = keygen(&scene, "new.agekey");
    let rekey = ["secret", "rekey", "--env", "dev", "--to", &new];
    let rekey = [&rekey[..], &["--update-config"]].concat();
    let (old, config) = (values(&scene), scene.read(CONFIG));
    ok(scene.windlass(&rekey));
    let done = values(&scene);
    let left_behind = format!("{DIRECTORY}/.windlass-new-a1b2c3");
    for count in 0..=old.len() {
        scene.git(&["checkout", "-q", "."]);
        for (path, text) in done.iter().take(count) {
            scene.write(path, text);
        }
        // What is left of the file that was being written.
        let half = &done[VALUE][..done[VALUE].len() / 2];
        scene.write(&left_behind, half);
        assert_eq!(count_of(&scene, &new), count);
        let ran = ok(scene.windlass(&rekey));
        let kept = ran.stdout.matches("it stays as it is").count();
        assert_eq!(kept, count, "{ran:?}");
        assert_eq!(count_of(&scene, &new), old.len());
        let after = values(&scene);
        let is_kept = |(path, text): (&String, &String)| after[path] == *text;
        assert!(
            done.iter().take(count).all(is_kept),
            "a file was written in vain"
        );
        assert_ne!(scene.read(CONFIG), config);
        assert_eq!(scene.read(&left_behind), half);
    }
    let ran = ok(scene.windlass(&rekey));
    assert!(ran.stderr.contains("nothing was left to do"), "{ran:?}");
    undo(&scene);
}

#[test]
fn files_that_nobody_here_opens_are_refused_when_there_is_no_key_at_all() {
    let scene = Scene::platform();
    scene.remove("demo.agekey");
    let ran = scene.windlass(&["secret", "rekey", "--env", "dev", "--to", DEMO]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("nothing was written"), "{ran:?}");
}

#[test]
fn a_rekey_that_is_killed_again_and_again_loses_nothing_and_comes_to_its_end() {
    let scene = Scene::platform();
    many_values(&scene);
    let all = values(&scene).len();
    let new = keygen(&scene, "new.agekey");
    let rekey = ["secret", "rekey", "--env", "dev", "--to", &new];
    let mut kills = 0;
    for wanted in [1, all / 4, all / 2, all - 1] {
        let before = count_of(&scene, &new);
        if before >= wanted {
            continue;
        }
        let running = scene.start(&rekey);
        while count_of(&scene, &new) < wanted {
            std::hint::spin_loop();
        }
        running.kill();
        kills += 1;
        let after = values(&scene);
        assert_eq!(after.len(), all, "a file is lost");
        assert!(count_of(&scene, &new) >= wanted);
    }
    assert!(kills >= 1);
    ok(scene.windlass(&rekey));
    assert_eq!(count_of(&scene, &new), all);
    undo(&scene);
}

#[test]
fn ctrl_c_ends_a_rekey_between_two_files_and_says_how_to_go_on() {
    let scene = Scene::platform();
    many_values(&scene);
    let all = values(&scene).len();
    let new = keygen(&scene, "new.agekey");
    let rekey = ["secret", "rekey", "--env", "dev", "--to", &new];
    // It may be done before the signal arrives.
    for _ in 0..20 {
        let running = scene.start(&rekey);
        while count_of(&scene, &new) == 0 {
            std::hint::spin_loop();
        }
        let (code, text) = running.interrupt_and_read();
        if code == Some(0) {
            undo(&scene);
            continue;
        }
        assert_eq!(code, Some(130), "{text}");
        let done = count_of(&scene, &new);
        let said = format!("interrupted: {done} of {all} files were written, each as a whole: ");
        assert!(text.contains(&said) && done < all, "{done}: {text}");
        assert!(text.contains("run the same command again"), "{text}");
        ok(scene.windlass(&rekey));
        assert_eq!(count_of(&scene, &new), all);
        return;
    }
    panic!("it was never interrupted");
}

#[test]
fn a_kms_key_gets_its_context_and_profile_for_every_file() {
    let server = StandIn::start(|asked: &Asked| {
        // At the end it is asked whether anybody here can open a file.
        if asked.headers["x-amz-target"] == "TrentService.Decrypt" {
            return (
                400,
                json!({ "__type": "AccessDeniedException" }).to_string(),
            );
        }
        let body: Value = serde_json::from_str(&asked.body).unwrap();
        assert_eq!(
            body["EncryptionContext"],
            json!({ "env": "dev", "a": "b:c" })
        );
        let answer = json!({ "KeyId": body["KeyId"], "CiphertextBlob": "AAAA" });
        (200, answer.to_string())
    });
    let scene = Scene::platform();
    let aws = scene.home().join(".aws");
    fs::create_dir(&aws).unwrap();
    let profile = "[deploy]\naws_access_key_id = AKIATEST\naws_secret_access_key = canary\n";
    fs::write(aws.join("credentials"), profile).unwrap();
    let arn = "arn:aws:kms:eu-west-1:123456789012:key/k";
    let line = format!(
        "rekey --env dev --to {arn} --aws-profile deploy --encryption-context env:dev --encryption-context a:b:c"
    );
    let mut command = Command::new("env");
    command
        .arg(format!("AWS_ENDPOINT_URL={}", server.address))
        .arg(binary())
        .arg("secret")
        .args(line.split(' '))
        .current_dir(scene.repository());
    let ran = scene.run(&mut command);
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    assert!(ran.stderr.contains("give it key_groups"), "{}", ran.all());
    let files = values(&scene);
    let asked = server.asked().into_iter();
    let wrapped = asked.filter(|asked| asked.body.contains("\"Plaintext\""));
    assert_eq!(wrapped.count(), files.len());
    for (path, text) in &files {
        assert!(
            text.contains(r#""aws_profile": "deploy""#),
            "{path}: {text}"
        );
        assert!(text.contains(r#""env": "dev""#), "{path}: {text}");
    }
}
