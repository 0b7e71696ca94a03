//! `sops edit`: what the editor gets, what is kept of it, and that nothing of it stays.

use std::fs;
use std::path::PathBuf;

use super::lab::Lab;

const DOCUMENT: &str = "a: one\nb: two\n";

/// An encrypted file, and a directory for what the editor gets.
fn lab() -> Lab {
    let mut lab = Lab::new();
    let room = lab.home().join("room");
    fs::create_dir(&room).unwrap();
    lab.variable("TMPDIR", room.to_str().unwrap());
    lab.write(".sops.yaml", "creation_rules: [{age: '{own}'}]\n");
    lab.write("s.yaml", DOCUMENT);
    lab.theirs_ok(&["encrypt", "-i", "s.yaml"]);
    lab
}

/// Makes this script the editor.
fn editor(lab: &mut Lab, script: &str) {
    let path = lab.home().join("editor");
    fs::write(&path, script).unwrap();
    let command = format!("/bin/sh '{}'", path.display());
    lab.variable("EDITOR", &command);
}

/// Checks that nothing of what the editor got is left.
fn assert_nothing_stays(lab: &Lab) {
    let left = fs::read_dir(lab.home().join("room")).unwrap();
    let left: Vec<PathBuf> = left.map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_editor_gets_a_private_file_of_the_same_name_which_goes() {
    let mut lab = lab();
    editor(
        &mut lab,
        "cat \"$1\" > seen; basename \"$1\" >> seen; stat -c %a \"$1\" \"$(dirname \"$1\")\" >> seen",
    );
    let before = lab.read("s.yaml");
    assert_eq!(lab.ours(&["edit", "s.yaml"]).code, Some(200));
    assert_eq!(lab.read("seen"), format!("{DOCUMENT}s.yaml\n600\n700\n"));
    assert_eq!(lab.read("s.yaml"), before);
    assert_nothing_stays(&lab);
}

#[test]
fn what_was_not_changed_keeps_its_ciphertext_and_the_real_sops_opens_the_rest() {
    let mut lab = lab();
    editor(&mut lab, "sed -i 's/two/2/; $a c: new' \"$1\"");
    let before = lab.read("s.yaml");
    lab.ours_ok(&["s.yaml"]);
    let after = lab.read("s.yaml");
    assert_eq!(before.lines().next(), after.lines().next());
    let opened = lab.theirs_ok(&["decrypt", "s.yaml"]);
    assert_eq!(opened, "a: one\nb: 2\nc: new\n");
    assert_nothing_stays(&lab);
}

#[test]
fn a_mistake_names_its_line_and_leaves_the_file_alone_where_nobody_can_mend_it() {
    let mut lab = lab();
    editor(&mut lab, "printf 'a: one\\nb: [\\n' > \"$1\"");
    let before = lab.read("s.yaml");
    let message = lab.refused(201, &["edit", "s.yaml"]);
    assert!(message.starts_with("error: s.yaml:3:1: "), "{message}");
    assert_eq!(lab.read("s.yaml"), before);
    assert_nothing_stays(&lab);
}

#[test]
fn what_somebody_else_wrote_meanwhile_is_not_written_over() {
    let mut lab = lab();
    lab.write("other.yaml", "a: theirs\n");
    lab.theirs_ok(&["encrypt", "-i", "other.yaml"]);
    editor(&mut lab, "echo 'a: ours' > \"$1\"; cp other.yaml s.yaml");
    insta::assert_snapshot!(lab.refused(201, &["edit", "s.yaml"]), @r"
    error: s.yaml: the file was changed by somebody else meanwhile
    hint: saving again replaces that change
    hint: nothing was written, and what was edited is gone
    ");
    assert_eq!(lab.ours_ok(&["-d", "s.yaml"]), "a: theirs\n");
    assert_nothing_stays(&lab);
}

#[test]
fn an_editor_that_is_missing_or_fails_changes_nothing() {
    let mut lab = lab();
    let before = lab.read("s.yaml");
    editor(&mut lab, "echo 'b: 3' > \"$1\"; exit 3");
    insta::assert_snapshot!(lab.refused(201, &["edit", "s.yaml"]), @"error: the editor /bin/sh failed with code 3, so nothing was written");
    lab.variable("SOPS_EDITOR", "/no/such/editor --wait");
    insta::assert_snapshot!(lab.refused(201, &["edit", "s.yaml"]), @r"
    error: the editor /no/such/editor cannot be run: No such file or directory (os error 2)
    hint: name another one in SOPS_EDITOR or EDITOR
    ");
    lab.variable("SOPS_EDITOR", "'vi");
    lab.refused(201, &["edit", "s.yaml"]);
    assert_eq!(lab.read("s.yaml"), before);
    assert_nothing_stays(&lab);
}

#[test]
fn a_signal_reaches_the_editor_and_the_plaintext_goes() {
    let mut lab = lab();
    // The parent of the editor is the program.
    editor(
        &mut lab,
        "trap 'exit 0' TERM; echo 'b: 3' > \"$1\"; kill -TERM $PPID; sleep 60 >/dev/null 2>&1 & wait",
    );
    let before = lab.read("s.yaml");
    insta::assert_snapshot!(lab.refused(85, &["edit", "s.yaml"]), @"error: interrupted, so nothing was written");
    assert_eq!(lab.read("s.yaml"), before);
    assert_nothing_stays(&lab);
}

#[test]
fn a_new_file_begins_with_an_example_and_gets_the_keys_of_its_rule() {
    let mut lab = lab();
    editor(&mut lab, "true");
    for name in ["new.yaml", "new.json", "new.env", "new.ini", "new.txt"] {
        assert_eq!(lab.ours(&["edit", name]).code, Some(200), "{name}");
        assert!(!lab.path(name).exists(), "{name}");
    }
    editor(&mut lab, "echo 'token: canary' > \"$1\"");
    lab.ours_ok(&["edit", "new.yaml"]);
    assert!(!lab.read("new.yaml").contains("canary"));
    assert_eq!(lab.theirs_ok(&["-d", "new.yaml"]), "token: canary\n");
}

#[test]
fn keys_that_are_shown_can_be_changed() {
    let mut lab = lab();
    let recipient = lab.stranger.clone();
    let entry = format!("        - recipient: {recipient}");
    editor(
        &mut lab,
        &format!("sed -i 's/one/1/; /^    age:/a \\{entry}' \"$1\""),
    );
    lab.ours_ok(&["edit", "--show-master-keys", "s.yaml"]);
    let text = lab.read("s.yaml");
    assert_eq!(text.matches("recipient:").count(), 2, "{text}");
    assert_eq!(lab.theirs_ok(&["-d", "s.yaml"]), "a: 1\nb: two\n");
    let other = lab.home().join("other.txt").display().to_string();
    lab.variable("SOPS_AGE_KEY_FILE", &other);
    assert_eq!(lab.theirs_ok(&["-d", "s.yaml"]), "a: 1\nb: two\n");
}

#[test]
fn the_version_is_raised_and_never_lowered() {
    let mut lab = lab();
    editor(&mut lab, "sed -i 's/one/1/' \"$1\"");
    for (version, after) in [("3.7.3", "3.11.0"), ("3.99.1", "3.99.1")] {
        lab.write("s.yaml", DOCUMENT);
        lab.theirs_ok(&["encrypt", "-i", "s.yaml"]);
        let text = lab.read("s.yaml");
        lab.write(
            "s.yaml",
            &text.replace("version: 3.11.0", &format!("version: {version}")),
        );
        lab.ours_ok(&["edit", "s.yaml"]);
        let text = lab.read("s.yaml");
        assert!(text.contains(&format!("version: {after}\n")), "{text}");
    }
}
