//! What happens to files: all of it or nothing, and no more than was asked for.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::lab::Lab;

fn lab() -> Lab {
    let lab = Lab::new();
    lab.write(".sops.yaml", "creation_rules: [{age: '{own}'}]\n");
    lab.write("s.yaml", "a: one\nb: two\nc: three\n");
    lab.ours_ok(&["encrypt", "-i", "s.yaml"]);
    lab
}

#[test]
fn an_edit_leaves_every_other_value_as_it_was() {
    let lab = lab();
    let before = lab.read("s.yaml");
    lab.ours_ok(&["set", "s.yaml", r#"["b"]"#, r#"{"new": [1, null]}"#]);
    lab.ours_ok(&["unset", "s.yaml", r#"["c"]"#]);
    let after = lab.read("s.yaml");
    let line = |text: &str, key: &str| {
        text.lines()
            .find(|line| line.starts_with(key))
            .map(str::to_owned)
    };
    assert_eq!(line(&after, "a: "), line(&before, "a: "));
    assert_ne!(line(&after, "    mac: "), line(&before, "    mac: "));
    assert_eq!(
        lab.theirs_ok(&["decrypt", "s.yaml"]),
        "a: one\nb:\n    new:\n        - 1\n        - null\n"
    );
}

#[test]
fn a_value_need_not_stand_on_the_command_line() {
    let lab = lab();
    lab.write("value", r#""from a file""#);
    lab.ours_ok(&["set", "--value-file", "s.yaml", r#"["a"]"#, "value"]);
    let sops = lab.home().join("sops");
    let words = ["set", "--value-stdin", "s.yaml", r#"["b"]"#];
    assert_eq!(lab.run(&sops, &words, r#""from a pipe""#).code, Some(0));
    assert_eq!(
        lab.ours_ok(&["-d", "s.yaml"]),
        "a: from a file\nb: from a pipe\nc: three\n"
    );
}

#[test]
fn a_file_keeps_its_mode_and_a_link_stays_one() {
    let lab = lab();
    fs::set_permissions(lab.path("s.yaml"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("s.yaml", lab.path("link.yaml")).unwrap();
    lab.ours_ok(&["rotate", "-i", "link.yaml"]);
    assert!(lab.path("link.yaml").is_symlink());
    let mode = fs::metadata(lab.path("s.yaml"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_eq!(lab.files().len(), 3, "{:?}", lab.files().keys());
}

#[test]
fn nothing_is_written_when_anything_fails() {
    let lab = lab();
    let text = lab.read("s.yaml");
    lab.write("altered.yaml", &text.replacen("b: ENC", "z: ENC", 1));
    lab.write("nomac.yaml", &text.replace("    mac: ", "    was: "));
    lab.write("p.yaml", "a: 1\n");
    lab.write("list.yaml", "- 1\n");
    let before = lab.files();
    for (code, words) in [
        (25, &["decrypt", "-i", "altered.yaml"][..]),
        (25, &["rotate", "-i", "altered.yaml"]),
        (51, &["decrypt", "--output", "new", "nomac.yaml"]),
        (51, &["set", "nomac.yaml", r#"["a"]"#, "1"]),
        (51, &["-r", "-i", "nomac.yaml"]),
        (1, &["rotate", "-i", "--add-age", "bogus", "s.yaml"]),
        (1, &["rotate", "-i", "--rm-age", "{own}", "s.yaml"]),
        (1, &["encrypt", "-i", "--age", "{own},bogus", "p.yaml"]),
        (1, &["encrypt", "-i", "--encrypted-regex", "[", "p.yaml"]),
        (2, &["encrypt", "-i", "list.yaml"]),
        (203, &["encrypt", "-i", "s.yaml"]),
        (7, &["set", "s.yaml", r#"["a"]"#, "[1]"]),
        (1, &["unset", "s.yaml", r#"["a"]["b"]"#]),
        (
            4,
            &[
                "decrypt",
                "--output",
                "new",
                "--output-type",
                "binary",
                "s.yaml",
            ],
        ),
        (3, &["decrypt", "--output", "none/new", "s.yaml"]),
    ] {
        lab.refused(code, words);
        assert_eq!(lab.files(), before, "{words:?}");
    }
}
