//! `sops updatekeys` and `sops groups`: other keys for the same values.

use super::lab::Lab;

fn lab() -> Lab {
    let lab = Lab::new();
    lab.write(".sops.yaml", "creation_rules: [{age: '{own}'}]\n");
    for name in ["a.yaml", "deep/b.json", "deep/c.enc"] {
        lab.write(name, "{\"k\": \"v\"}\n");
        lab.theirs_ok(&["encrypt", "-i", name]);
    }
    lab.write("deep/plain.yaml", "sops: none\n");
    lab
}

fn recipients(lab: &Lab, name: &str) -> usize {
    let text = lab.read(name);
    text.matches("age1").count()
}

fn values(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| line.contains("ENC["));
    lines.map(str::to_owned).collect()
}

#[test]
fn the_difference_is_shown_and_values_stay() {
    let lab = lab();
    lab.write(
        ".sops.yaml",
        "creation_rules: [{age: '{own},{stranger}'}]\n",
    );
    let before = values(&lab.read("a.yaml"));
    let shown = lab.ours_ok(&["updatekeys", "-y", "a.yaml"]);
    let shown = shown
        .replace(&lab.recipient, "age1own")
        .replace(&lab.stranger, "age1stranger");
    insta::assert_snapshot!(shown, @r"
    The following changes will be made to the file's groups:
    Group 1
        age1own
    +++ age1stranger
    ");
    assert_eq!(recipients(&lab, "a.yaml"), 2);
    assert_eq!(values(&lab.read("a.yaml")), before);
    assert_eq!(lab.theirs_ok(&["-d", "a.yaml"]), "k: v\n");
    assert_eq!(lab.theirs_ok(&["updatekeys", "-y", "a.yaml"]), "");
    assert_eq!(lab.ours_ok(&["updatekeys", "a.yaml"]), "");
}

#[test]
fn a_no_and_no_answer_leave_the_file_alone() {
    let lab = lab();
    lab.write(".sops.yaml", "creation_rules: [{age: '{stranger}'}]\n");
    let before = lab.read("a.yaml");
    let sops = lab.home().join("sops");
    let refused = lab.run(&sops, &["updatekeys", "a.yaml"], "what?\nn\n");
    assert_eq!(refused.code, Some(0), "{refused:?}");
    assert_eq!(refused.stdout.matches("Is this okay? (y/n):").count(), 2);
    let silent = lab.run(&sops, &["updatekeys", "a.yaml"], "");
    assert_eq!(silent.code, Some(1), "{silent:?}");
    assert_eq!(lab.read("a.yaml"), before);
    let agreed = lab.run(&sops, &["updatekeys", "a.yaml"], "y\n");
    assert_eq!(agreed.code, Some(0), "{agreed:?}");
    assert!(lab.read("a.yaml").contains(&lab.stranger));
}

#[test]
fn a_directory_is_tried_first_and_then_brought_up_to_date_as_a_whole() {
    let lab = lab();
    lab.write(
        ".sops.yaml",
        "creation_rules: [{age: '{own},{stranger}'}]\n",
    );
    let dry = lab.ours_ok(&["updatekeys", "--dry-run", "."]);
    assert_eq!(dry.matches("+++").count(), 3, "{dry}");
    assert_eq!(recipients(&lab, "deep/b.json"), 1);
    lab.ours_ok(&["updatekeys", "-y", "."]);
    for name in ["a.yaml", "deep/b.json", "deep/c.enc"] {
        assert_eq!(recipients(&lab, name), 2, "{name}");
        lab.theirs_ok(&["-d", name]);
    }
    assert_eq!(lab.read("deep/plain.yaml"), "sops: none\n");
}

#[test]
fn one_file_that_fails_does_not_keep_the_others() {
    let lab = lab();
    let broken = lab
        .read("deep/b.json")
        .replace("\"lastmodified\"", "\"last\"");
    lab.write("deep/b.json", &broken);
    lab.write(
        ".sops.yaml",
        "creation_rules: [{age: '{own},{stranger}'}]\n",
    );
    for words in [
        &["updatekeys", "-y", "deep/b.json", "a.yaml"][..],
        &["updatekeys", "-y", "deep"],
    ] {
        let ran = lab.ours(words);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.stderr.contains("error: deep/b.json"), "{ran:?}");
        assert!(ran.stderr.contains("error: 1 of 2 files"), "{ran:?}");
    }
    assert_eq!(
        [recipients(&lab, "a.yaml"), recipients(&lab, "deep/c.enc")],
        [2, 2]
    );
    assert_eq!(lab.read("deep/b.json"), broken);
}

#[test]
fn groups_are_added_and_taken_away_as_far_as_the_file_still_opens() {
    let lab = lab();
    let before = values(&lab.read("a.yaml"));
    lab.ours_ok(&["groups", "add", "-i", "--file", "a.yaml", "--age", "{own}"]);
    lab.theirs_ok(&["-d", "a.yaml"]);
    lab.theirs_ok(&["groups", "add", "-i", "-f", "a.yaml", "--age", "{stranger}"]);
    let three = lab.read("a.yaml");
    assert!(three.contains("shamir_threshold: 2"), "{three}");
    assert_eq!(lab.ours_ok(&["-d", "a.yaml"]), "k: v\n");

    lab.ours_ok(&["groups", "delete", "-i", "--file", "a.yaml", "2"]);
    insta::assert_snapshot!(lab.refused(1, &["groups", "delete", "-i", "-f", "a.yaml", "0"]), @r"
    error: a.yaml: 2 key groups are needed to open it, and 1 would be left
    hint: --shamir-secret-sharing-threshold NUMBER lowers what is needed
    ");
    insta::assert_snapshot!(lab.refused(1, &["groups", "delete", "-i", "-f", "a.yaml", "2"]), @"error: a.yaml: there is no key group 2; it has 2, counted from 0");
    insta::assert_snapshot!(lab.refused(1, &["groups", "add", "-i", "-f", "a.yaml"]), @r"
    error: the new group has no key
    hint: name one, such as --age age1…
    ");
    let one = [
        "groups",
        "delete",
        "-f",
        "a.yaml",
        "--shamir-secret-sharing-threshold=1",
        "0",
    ];
    let one = lab.ours_ok(&one);
    lab.write("a.yaml", &one);
    assert_eq!(lab.theirs_ok(&["-d", "a.yaml"]), "k: v\n");
    let kept = values(&one);
    assert_eq!(kept, before);
}

/// Runs gpg as if it were so many days ago.
fn gpg(lab: &Lab, days: u32, arguments: &[&str]) -> String {
    let script = "time=$(date -u -d \"-$1 days\" +%Y%m%dT%H%M%S); shift; exec gpg --batch --quiet --no-permission-warning \
                  --passphrase '' --faked-system-time \"$time\" \"$@\"";
    let days = days.to_string();
    let ran = lab.run(
        std::path::Path::new("/bin/bash"),
        &[&["-c", script, "gpg", &days], arguments].concat(),
        "",
    );
    assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
    ran.stdout
}

#[test]
fn a_pgp_key_that_expired_opens_files_and_encrypts_none() {
    let mut lab = Lab::new();
    let ring = lab.home().join("ring").display().to_string();
    std::fs::create_dir(&ring).unwrap();
    lab.variable("GNUPGHOME", &ring);
    let generate = ["--quick-gen-key", "old <old@example.com>"];
    gpg(
        &lab,
        30,
        &[&generate[..], &["default", "default", "60d"]].concat(),
    );
    let keys = gpg(&lab, 30, &["--list-keys", "--with-colons"]);
    let line = keys.lines().find(|line| line.starts_with("fpr:")).unwrap();
    let key = line.split(':').nth(9).unwrap();
    lab.write("a.yaml", "k: v\n");
    lab.theirs_ok(&["encrypt", "-i", "--pgp", key, "a.yaml"]);
    gpg(&lab, 29, &["--quick-set-expire", key, "2d"]);
    gpg(&lab, 29, &["--quick-set-expire", key, "2d", "*"]);

    assert_eq!(lab.theirs_ok(&["decrypt", "a.yaml"]), "k: v\n");
    assert_eq!(lab.ours_ok(&["decrypt", "a.yaml"]), "k: v\n");
    let before = lab.read("a.yaml");
    lab.write("b.yaml", "k: v\n");
    for arguments in [
        &["rotate", "-i", "a.yaml"][..],
        &["encrypt", "-i", "--pgp", key, "b.yaml"],
    ] {
        assert_eq!(lab.theirs(arguments).code, Some(1));
        let words = lab.refused(1, arguments);
        assert!(
            words.contains(key) && words.contains("it has expired"),
            "{words}"
        );
    }
    assert_eq!(lab.read("a.yaml"), before);
}
