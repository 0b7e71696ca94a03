//! `sops exec-env` and `sops exec-file`: what the command gets, how it ends, and what is left.

use std::fs;

use super::lab::Lab;

fn lab() -> Lab {
    let mut lab = Lab::new();
    let room = lab.home().join("room");
    fs::create_dir(&room).unwrap();
    lab.variable("TMPDIR", room.to_str().unwrap());
    lab.write(".sops.yaml", "creation_rules: [{age: '{own}'}]\n");
    lab.write("s.yaml", "A: one\nB: 2\nC: true\nD: null\nE: 'x  y'\n");
    lab.ours_ok(&["encrypt", "-i", "s.yaml"]);
    lab
}

#[test]
fn a_command_gets_the_environment_that_sops_gives_it() {
    let mut lab = lab();
    lab.variable("OWN", "kept");
    for line in [
        r#"printf '%s|' "$A" "$B" "$C" "$D" "$E" "$OWN""#,
        "cat; exit 7",
        "kill -9 $$",
    ] {
        for flags in [
            &["exec-env"][..],
            &["exec-env", "--pristine"],
            &["exec-env", "--same-process"],
        ] {
            let words = [flags, &["s.yaml", line]].concat();
            let (ours, theirs) = (lab.ours(&words), lab.theirs(&words));
            assert_eq!(ours.stdout, theirs.stdout, "{words:?}");
            // sops 3.11 says 255 of a command that a signal ended, shells 137.
            if !line.starts_with("kill") {
                assert_eq!(ours.code, theirs.code, "{words:?}");
            }
        }
    }
    assert_eq!(
        lab.ours(&["exec-env", "s.yaml", "kill -9 $$"]).code,
        Some(137)
    );
}

#[test]
fn what_no_environment_can_hold_is_refused_before_anything_runs() {
    let lab = lab();
    for (text, key) in [
        ("l: [1]\n", "l"),
        ("a=b: 1\n", "a=b"),
        ("n: \"x\\0y\"\n", "n"),
    ] {
        lab.write("n.yaml", text);
        lab.ours_ok(&["encrypt", "-i", "n.yaml"]);
        let message = lab.refused(1, &["exec-env", "n.yaml", "touch ran"]);
        assert!(message.contains(key), "{message}");
    }
    assert!(!lab.path("ran").exists());
}

#[test]
fn a_command_reads_the_file_through_a_pipe_or_a_private_file_that_goes() {
    let lab = lab();
    let plain = lab.theirs_ok(&["-d", "s.yaml"]);
    let line = "stat -c '%F %a' {}; cat {}";
    let piped = lab.ours_ok(&["exec-file", "s.yaml", line]);
    assert_eq!(piped, format!("fifo 600\n{plain}"));
    let line = "basename {}; stat -c '%F %a' {}; stat -c %a $(dirname {}); cat {} {} | wc -l";
    let filed = lab.ours_ok(&[
        "exec-file",
        "--no-fifo",
        "--filename",
        "n.json",
        "s.yaml",
        line,
    ]);
    assert_eq!(filed, "n.json\nregular file 600\n700\n10\n");
    let json = lab.ours_ok(&["exec-file", "--output-type", "json", "s.yaml", "cat {}"]);
    assert!(json.starts_with("{\n\t\"A\": \"one\""), "{json}");
    lab.refused(1, &["exec-file", "--filename", "../x", "s.yaml", "true"]);
    assert_eq!(fs::read_dir(lab.home().join("room")).unwrap().count(), 0);
}

#[test]
fn a_signal_reaches_the_command_and_no_plaintext_stays() {
    let lab = lab();
    let line = "trap 'echo told; exit 5' TERM; kill -TERM $PPID; sleep 60 >/dev/null 2>&1 & wait";
    for verb in [
        &["exec-env"][..],
        &["exec-file"],
        &["exec-file", "--no-fifo"],
    ] {
        let ran = lab.ours(&[verb, &["s.yaml", line]].concat());
        assert_eq!(
            (ran.code, &*ran.stdout),
            (Some(5), "told\n"),
            "{verb:?}: {ran:?}"
        );
    }
    assert_eq!(fs::read_dir(lab.home().join("room")).unwrap().count(), 0);
}

#[test]
fn words_that_are_no_command_are_explained() {
    let lab = lab();
    insta::assert_snapshot!(lab.refused(1, &["exec-env", "s.yaml", "echo", "a"]), @r"
    error: the command must be one word, for the shell
    hint: quote it: sops exec-env FILE 'COMMAND ARGUMENT'
    ");
    insta::assert_snapshot!(lab.refused(8, &["exec-env", "--background", "--same-process", "s.yaml", "true"]), @"error: --background and --same-process exclude each other");
    insta::assert_snapshot!(lab.refused(1, &["exec-env", "--user", "nobody-here", "s.yaml", "true"]), @"error: --user nobody-here: there is no such user in /etc/passwd");
}
