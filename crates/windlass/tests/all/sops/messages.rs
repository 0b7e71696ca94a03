//! What people are told: what is wrong, where, and what to do.

use super::lab::Lab;

fn lab() -> Lab {
    let lab = Lab::new();
    lab.write("p.yaml", "a: one\nm:\n    b: two\n");
    let words = ["encrypt", "--age", "{own}", "--output", "e.yaml", "p.yaml"];
    lab.theirs_ok(&words);
    lab
}

#[test]
fn a_document_that_no_key_opens_names_its_keys_and_what_was_tried() {
    let mut lab = lab();
    let words = [
        "encrypt",
        "--age",
        "{stranger}",
        "--output",
        "o.yaml",
        "p.yaml",
    ];
    lab.ours_ok(&words);
    insta::assert_snapshot!(lab.refused(128, &["-d", "o.yaml"]), @r"
    error: o.yaml: no key opens the document; it is encrypted for
        age1stranger: an age key; found no age identity for it (tried 1)
    ");
    let missing = lab.home().join("missing.txt").display().to_string();
    lab.variable("SOPS_AGE_KEY_FILE", &missing);
    lab.variable("SOPS_AGE_KEY", "garbage");
    insta::assert_snapshot!(lab.refused(128, &["-d", "o.yaml"]), @r"
    error: o.yaml: no key opens the document; it is encrypted for
        age1stranger: an age key; found no age identity
    hint: this source of keys was left out: $SOPS_AGE_KEY:1: this is no age identity; expected AGE-SECRET-KEY-1… or a comment that begins with #
    hint: this source of keys was left out: HOME/missing.txt: the key file cannot be read: No such file or directory (os error 2)
    hint: age identities are read from $SOPS_AGE_KEY_FILE, $SOPS_AGE_KEY, the command $SOPS_AGE_KEY_CMD and ~/.config/sops/age/keys.txt
    ");
}

#[test]
fn a_path_without_a_rule_is_told_with_every_rule_that_missed() {
    let lab = lab();
    lab.write(
        ".sops.yaml",
        "creation_rules:\n  - path_regex: ^prod/\n    age: '{own}'\n  - path_regex: \\.enc$\n    age: '{own}'\n",
    );
    lab.write("sub/p.yaml", "a: 1\n");
    insta::assert_snapshot!(lab.refused(1, &["encrypt", "sub/p.yaml"]), @r#"
    error: WORK/.sops.yaml: no creation rule matches "sub/p.yaml"
        line 2: path_regex: ^prod/
        line 4: path_regex: \.enc$
    hint: add a rule that matches, or one without path_regex at the end, which matches all
    "#);
    lab.write(".sops.yaml", "stores: {}\n");
    insta::assert_snapshot!(lab.refused(1, &["encrypt", "sub/p.yaml"]), @r"
    error: no key to encrypt with: no flag or variable names one, and WORK/.sops.yaml has no creation_rules
    hint: name a key, such as --age age1…, or write a .sops.yaml
    ");
}

#[test]
fn a_value_that_was_altered_is_told_with_its_line() {
    let lab = lab();
    let text = lab.read("e.yaml");
    let moved = text.replacen("    b: ENC", "    c: ENC", 1);
    lab.write("moved.yaml", &moved);
    insta::assert_snapshot!(lab.refused(25, &["-d", "moved.yaml"]), @r#"error: moved.yaml:3:8: the value ["m"]["c"] was altered, or moved here from another place"#);
    let value = text.lines().next().unwrap();
    let clear = text.replacen(value, "a: ''", 1);
    lab.write("clear.yaml", &clear);
    insta::assert_snapshot!(lab.refused(51, &["-d", "clear.yaml"]), @r"
    error: clear.yaml:16:10: the MAC does not match: values were altered, added, removed or reordered after encryption
    hint: --ignore-mac opens it nonetheless; then compare it with an earlier version
    ");
}

#[test]
fn a_regular_expression_that_is_none_encrypts_nothing() {
    let lab = lab();
    let words = [
        "encrypt",
        "--age",
        "{own}",
        "--encrypted-regex",
        "[",
        "p.yaml",
    ];
    insta::assert_snapshot!(lab.refused(1, &words), @r#"error: --encrypted-regex: "[" is not a regular expression: missing closing ]"#);
    lab.write(
        ".sops.yaml",
        "creation_rules:\n  - age: '{own}'\n    encrypted_regex: '['\n",
    );
    insta::assert_snapshot!(lab.refused(1, &["encrypt", "p.yaml"]), @r#"error: WORK/.sops.yaml:3:22: encrypted_regex: "[" is not a regular expression: missing closing ]"#);
    insta::assert_snapshot!(lab.refused(1, &["-e", "-i", "p.yaml"]), @r#"error: WORK/.sops.yaml:3:22: encrypted_regex: "[" is not a regular expression: missing closing ]"#);
}

#[test]
fn keys_that_cannot_encrypt_are_all_named() {
    let lab = lab();
    let words = [
        "encrypt",
        "--age",
        "bogus,{own}",
        "--kms",
        "alias/x",
        "p.yaml",
    ];
    insta::assert_snapshot!(lab.refused(1, &words), @r#"
    error: the flags and variables: the data key cannot be encrypted for
        alias/x: an AWS KMS key; it cannot be used: "alias/x" is not the ARN of a KMS key; expected arn:aws:kms:REGION:ACCOUNT:key/ID or …:alias/NAME
        bogus: an age key; it cannot be used: it is no age recipient (invalid Bech32 encoding)
    "#);
    lab.write(
        ".sops.yaml",
        "creation_rules:\n  - shamir_threshold: 3\n    key_groups: [{age: ['{own}']}, {age: ['{stranger}']}]\n",
    );
    insta::assert_snapshot!(lab.refused(1, &["encrypt", "p.yaml"]), @"error: WORK/.sops.yaml:2: the threshold 3 is not possible with 2 key groups; it is 2 to 2");
}

#[test]
fn mistakes_on_the_command_line_say_what_to_write() {
    let lab = lab();
    insta::assert_snapshot!(lab.refused(100, &[]), @r"
    error: no file is named
    hint: `sops --help` shows the verbs; each has examples
    ");
    insta::assert_snapshot!(lab.refused(1, &["encrypt", "p.yaml"]), @r"
    error: no key to encrypt with: no flag or variable names one, and there is no .sops.yaml here or above
    hint: name a key, such as --age age1…, or write a .sops.yaml
    ");
    insta::assert_snapshot!(lab.refused(8, &["encrypt", "--age", "{own}"]), @r"
    error: standard input has no name by which its format and its rule are found
    hint: add --filename-override NAME, or name a file
    ");
    insta::assert_snapshot!(lab.refused(203, &["encrypt", "--age", "{own}", "e.yaml"]), @"error: e.yaml:5:5: the document has an entry called sops, so it is encrypted already; decrypt it first, or rename the entry");
    insta::assert_snapshot!(lab.refused(7, &["set", "e.yaml", r#"["a"]"#, "hydra"]), @r#"
    error: the value, line 1, column 1: this is not JSON
    hint: a text needs quotes of its own: '"hydra"'
    "#);
    insta::assert_snapshot!(lab.refused(91, &["-d", "--extract", "a", "e.yaml"]), @r#"error: --extract: "a" is not a path to a value; expected something like ["data"]["password"] or ["list"][0]"#);
    insta::assert_snapshot!(lab.refused(8, &["-d", "-e", "e.yaml"]), @"error: --decrypt, --encrypt, --rotate and --set exclude each other");
    insta::assert_snapshot!(lab.refused(1, &["-di", "e.yaml"]), @"error: there is no flag -di");
}

#[test]
fn what_sops_ignores_is_said() {
    let lab = lab();
    let said = |words: &[&str]| lab.ours(words).stderr;
    insta::assert_snapshot!(said(&["-d", "e.yaml", "--output-type", "json"]), @r"
    warning: --output-type is ignored, as it stands behind the file; write flags before it
    warning: a word behind the file is ignored
    ");
    insta::assert_snapshot!(said(&["--ignore-mac", "decrypt", "e.yaml"]), @"warning: --ignore-mac has no effect before decrypt; write it behind");
    insta::assert_snapshot!(said(&["-d", "--input-type", "yml", "e.yaml"]), @r#"warning: --input-type "yml" is none of yaml, json, dotenv, ini, binary; the name of the file counts"#);
    insta::assert_snapshot!(said(&["rotate", "--rm-pgp", "85D7", "e.yaml"]), @"warning: e.yaml: it was not encrypted for 85D7");
}

#[test]
fn the_version_is_in_the_form_that_scripts_parse_and_says_whose_it_is() {
    let version = lab().ours_ok(&["--version", "--disable-version-check"]);
    let ours = env!("CARGO_PKG_VERSION");
    assert_eq!(version, format!("sops 3.11.0 (windlass {ours})\n"));
}

#[test]
fn keys_and_numbers_that_cannot_be_encrypted_end_as_with_the_real_program() {
    let lab = lab();
    for (text, place) in [
        ("1: a\n", "1:1"),
        ("x:\n  - true: b\n", "2:5"),
        ("a: 18446744073709551615\n", "1:4"),
    ] {
        lab.write("n.yaml", text);
        let words = ["encrypt", "--age", "{own}", "n.yaml"];
        let message = lab.refused(23, &words);
        assert!(
            message.starts_with(&format!("error: n.yaml:{place}: ")),
            "{message}"
        );
    }
    lab.write("n.yaml", "a: [\n");
    lab.refused(2, &["encrypt", "--age", "{own}", "n.yaml"]);
}
