//! The same words given to both programs.

use super::lab::Lab;
use crate::scene::{Ran, tool};

/// A name, and a text in its format.
const PLAIN: [(&str, &str); 5] = [
    (
        "p.yaml",
        "# note\na: 1\nb: x\nl:\n    - 1.5\n    - \"y\"\nm:\n    k: v\n",
    ),
    (
        "p.json",
        "{\n\t\"a\": 1,\n\t\"b\": \"\\u003cx\\u003e\",\n\t\"l\": [\n\t\t\"y\"\n\t]\n}\n",
    ),
    ("p.env", "A=1\nB=x y\n# note\n"),
    ("p.ini", "[s]\na = 1\nb = x\n"),
    ("p.bin", "raw\u{1}\n"),
];

/// Words that must do the same: exit code, standard output and files. A program changes what random numbers and the
/// time are in; these say nothing of that.
const SAME: &str = r#"
decrypt e.yaml
-d e.yaml
--decrypt e.json
-decrypt e.env
decrypt e.ini
-d e.bin
-d e.yaml --output-type json
decrypt e.yaml --output-type json
decrypt --output-type yaml e.json
decrypt --output-type dotenv e.yaml
decrypt --output-type binary e.yaml
decrypt --output-type bogus e.yaml
decrypt --input-type json e.yaml
decrypt --extract ["b"] e.yaml
-d --extract ['m']['k'] e.yaml
decrypt --extract ["m"] e.yaml
decrypt --extract ["l"][0] e.yaml
decrypt --extract ["l"] --output-type json e.yaml
decrypt --extract ["none"] e.yaml
decrypt --extract [a] e.yaml
decrypt --ignore-mac e.yaml
decrypt -i e.yaml
decrypt -in-place=true e.yaml
decrypt --in-place=false e.yaml
-d --output o.yaml e.yaml
decrypt --output /dev/stdout e.yaml
decrypt -i link.yaml
decrypt -i --output o.yaml e.yaml
-di e.yaml
decrypt --decryption-order age,age e.yaml
decrypt --decryption-order kms,age e.yaml
decrypt --enable-local-keyservice=false e.yaml
decrypt --filename-override x.yaml e.bin
decrypt other.yaml
decrypt p.yaml
decrypt none.yaml
-d none.yaml
--config none.yaml decrypt e.yaml
--config stores.yaml decrypt e.yaml
--config badrule.yaml decrypt e.yaml
--config badyaml.yaml decrypt e.yaml
--indent 3 -d e.json
-i decrypt e.yaml
--config e.yaml filestatus e.yaml
filestatus e.yaml
filestatus e.bin
filestatus p.yaml
filestatus none.yaml
encrypt p.yaml
encrypt e.yaml
-e e.env
encrypt --age {own} unknown.toml.none
encrypt --age {own} --encrypted-suffix a --encrypted-regex b p.yaml
encrypt --age bogus p.yaml
encrypt --age {own} --encryption-context a p.yaml
--config rules.yaml encrypt p.yaml
--config rules.yaml encrypt --age {own} p.yaml
--config rules.yaml -r e.yaml
--config rules.yaml --set ["a"]_1 e.yaml
rotate
rotate none.yaml
rotate --add-age {stranger} none.yaml
-r none.yaml
rotate --add-age bogus e.yaml
rotate other.yaml
set e.yaml ["b"]
set e.yaml b "x"
set e.yaml ["b"] [1]
set e.yaml ["b"] x
set --idempotent e.yaml ["b"] "x"
set --value-file e.yaml ["b"] none
unset e.yaml
unset e.yaml ["none"]
unset --idempotent e.yaml ["none"]
unset e.yaml none
--set ["b"] e.yaml
--bogus
"#;

fn lab() -> Lab {
    let lab = Lab::new();
    lab.write(".sops.yaml", "stores: {}\n");
    lab.write("stores.yaml", "stores: {yaml: {indent: 2}}\n");
    lab.write("badrule.yaml", "creation_rules: [{path_regex: '['}]\n");
    lab.write("badyaml.yaml", "creation_rules: [\n");
    lab.write(
        "rules.yaml",
        "creation_rules: [{path_regex: ^sub/, age: '{own}'}]\n",
    );
    for (name, text) in PLAIN {
        lab.write(name, text);
        let encrypted = name.replacen('p', "e", 1);
        let words = ["encrypt", "--age", "{own}", "--output", &encrypted, name];
        lab.theirs_ok(&words);
    }
    lab.theirs_ok(&[
        "encrypt",
        "--age",
        "{stranger}",
        "--output",
        "other.yaml",
        "p.yaml",
    ]);
    std::os::unix::fs::symlink("e.yaml", lab.path("link.yaml")).unwrap();
    lab
}

#[test]
fn the_same_words_do_the_same_as_with_sops() {
    let lab = lab();
    let before = lab.files();
    let restore = || {
        for name in lab
            .files()
            .keys()
            .filter(|name| !before.contains_key(*name))
        {
            std::fs::remove_file(lab.path(name)).unwrap();
        }
        for (name, bytes) in &before {
            std::fs::write(lab.path(name), bytes).unwrap();
        }
    };
    let mut mistakes = Vec::new();
    for line in SAME.lines().filter(|line| !line.is_empty()) {
        let words: Vec<String> = line.split(' ').map(|word| word.replace('_', " ")).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let ours = (lab.ours(&words), lab.files());
        restore();
        let theirs = (lab.theirs(&words), lab.files());
        restore();
        if let Some(mistake) = difference(&ours, &theirs) {
            mistakes.push(format!("sops {line}: {mistake}"));
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

type Outcome = (Ran, std::collections::BTreeMap<String, Vec<u8>>);

fn difference(ours: &Outcome, theirs: &Outcome) -> Option<String> {
    let ((ours, our_files), (theirs, their_files)) = (ours, theirs);
    // What sops prints of a flag that it does not know is not for programs.
    let theirs_out = theirs.stdout.split("Incorrect Usage").next().unwrap();
    if ours.code != theirs.code || ours.stdout != theirs_out {
        return Some(format!("\n  ours:   {ours:?}\n  theirs: {theirs:?}"));
    }
    (our_files != their_files).then(|| "other files".to_owned())
}

#[test]
fn what_we_encrypt_sops_opens_to_the_same_bytes() {
    let lab = lab();
    for (name, text) in PLAIN {
        for words in [
            ["encrypt", "--age", "{own}", "--output"],
            ["rotate", "--add-age", "{stranger}", "--output"],
        ] {
            let encrypted = format!("ours-{name}");
            let from = match words[0] {
                "encrypt" => name.to_owned(),
                _ => format!("e{}", &name[1..]),
            };
            lab.ours_ok(&[&words[..], &[&encrypted, &from]].concat());
            assert_eq!(
                lab.theirs_ok(&["decrypt", &encrypted]),
                text,
                "{words:?} {name}"
            );
        }
    }
}

#[test]
fn older_scripts_find_what_they_call() {
    let lab = lab();
    let sops = lab.home().join("sops");
    // From standard input to standard output, as pipelines have it.
    let text = PLAIN[0].1;
    let words = ["encrypt", "--age", "{own}", "--filename-override", "x.yaml"];
    let encrypted = lab.run(&sops, &words, text).stdout;
    let words = [
        "-d",
        "--input-type",
        "yaml",
        "--output-type",
        "yaml",
        "/dev/stdin",
    ];
    for program in [&sops, &tool("sops")] {
        assert_eq!(lab.run(program, &words, &encrypted).stdout, text);
    }
}
