//! `windlass secret`: every verb on the example platform, with the real sops, age and git.

#[path = "secret_verbs/check.rs"]
mod check;
#[path = "secret_verbs/rekey.rs"]
mod rekey;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::scene::{Ran, Scene, binary, tool};

/// What every value that these tests set contains.
const CANARY: &str = "canary-7d1c";

/// A value of the example.
const VALUE: &str = "kustomize/hydra/overlays/dev/.sops/SYSTEM_SECRET.enc";
const STUB: &str = "kustomize/hydra/overlays/dev/secret-stub.yaml";
const DEMO: &str = "age19thj5g3aecmlavfdcn4qvcdktjyg0dp0ga56uamz3kklefjzvqpqz4zsw6";

const HYDRA: [&str; 3] = ["hydra", "--env", "dev"];

fn ok(ran: Ran) -> Ran {
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran
}

fn failed(ran: &Ran, text: &str) {
    assert_ne!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stderr.contains(text), "{text:?} is not in {ran:?}");
}

fn set(scene: &Scene, name: &str, more: &[&str], input: &str) -> Ran {
    let arguments = [&["secret", "set", HYDRA[0], name], &HYDRA[1..], more].concat();
    scene.feed(&arguments, input)
}

fn reveal(scene: &Scene, name: &str) -> String {
    let get = ["secret", "get", "hydra", name, "--env", "dev", "--reveal"];
    ok(scene.windlass(&get)).stdout
}

/// Opens a file with the real sops.
fn sops(scene: &Scene, path: &str) -> Ran {
    let key = scene.repository().join("demo.agekey");
    let mut command = Command::new("env");
    command.arg(format!("SOPS_AGE_KEY_FILE={}", key.display()));
    command.arg(tool("sops")).args(["decrypt", path]);
    scene.run(command.current_dir(scene.repository()))
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

#[test]
fn a_value_that_is_set_opens_with_sops_and_is_deployed() {
    let scene = Scene::platform();
    let value = format!("{CANARY} with spaces");
    let before = scene.read(VALUE);
    let ran = ok(set(&scene, "SYSTEM_SECRET", &[], &value));
    assert!(
        ran.stdout.contains("fingerprint") && ran.stdout.contains("before"),
        "{ran:?}"
    );
    assert_eq!(ok(sops(&scene, VALUE)).stdout, value);
    assert_eq!(reveal(&scene, "SYSTEM_SECRET"), value);
    let wrapped = |text: &str| {
        text.split("\"enc\"")
            .nth(1)
            .map(|rest| rest.split('}').next().map(str::to_owned))
    };
    assert_eq!(
        wrapped(&before),
        wrapped(&scene.read(VALUE)),
        "the data key was changed"
    );
    assert_eq!(scene.git(&["status", "--short"]), format!(" M {VALUE}\n"));

    let again = scene.read(VALUE);
    ok(set(&scene, "SYSTEM_SECRET", &[], &value));
    assert_eq!(scene.read(VALUE), again, "the same value was written anew");

    let stub = scene.read(STUB);
    let ran = ok(set(&scene, "NEW", &["--random", "32"], ""));
    assert!(
        ran.stderr.contains(&format!(
            "git add kustomize/hydra/overlays/dev/.sops/NEW.enc {STUB}"
        )),
        "{ran:?}"
    );
    assert_eq!(scene.read(STUB), format!("{stub}  NEW: \"\"\n"));
    assert_eq!(reveal(&scene, "NEW").len(), 43);
    scene.commit("a new secret");
    let built = ok(scene.windlass(&["build", "--env", "dev", "hydra"])).stdout;
    assert!(built.contains("  NEW: "), "{built}");
}

#[test]
fn values_are_looked_at_before_they_are_stored() {
    let scene = Scene::platform();
    let url =
        "--postgres --host db:5432 --user hydra --database hydra --param sslmode=require --trim";
    let url: Vec<_> = url.split(' ').collect();
    ok(set(&scene, "DATABASE_URL", &url, "p@ss/word\n"));
    assert_eq!(
        reveal(&scene, "DATABASE_URL"),
        "postgres://hydra:p%40ss%2Fword@db:5432/hydra?sslmode=require"
    );

    let ran = set(
        &scene,
        "DATABASE_URL",
        &[],
        &format!("postgres://u:{CANARY}@x@db/d"),
    );
    failed(&ran, "write it as %40");
    assert!(!ran.all().contains(CANARY), "{ran:?}");
    failed(&set(&scene, "A", &[], ""), "the value is empty");
    failed(&set(&scene, "a/b", &[], "x"), "cannot be a key of a Secret");
    failed(&set(&scene, "A.enc", &[], "x"), "the value is called A");
    failed(&set(&scene, "A", &["--random", "8"], ""), "16..=1024");
    assert!(
        !scene
            .repository()
            .join("kustomize/hydra/overlays/dev/.sops/A.enc")
            .exists()
    );
    let ran = ok(set(&scene, "A", &[], "x\n"));
    assert!(ran.stderr.contains("line feed"), "{ran:?}");
    assert_eq!(reveal(&scene, "A"), "x\n");
}

#[test]
fn a_service_without_secrets_gets_them_when_asked_to() {
    let scene = Scene::platform();
    let arguments = ["secret", "set", "storefront", "TOKEN", "--env", "dev"];
    failed(&scene.feed(&arguments, CANARY), "--create-stub");
    let with_stub = [&arguments[..], &["--create-stub"]].concat();
    failed(
        &scene.feed(&with_stub, CANARY),
        "no .sops.yaml says which keys",
    );
    let rules = format!("creation_rules:\n- path_regex: ^kustomize/.*\\.enc$\n  age: {DEMO}\n");
    scene.write(".sops.yaml", &rules);
    ok(scene.feed(&with_stub, CANARY));
    scene.commit("secrets of the storefront");
    let built = ok(scene.windlass(&["build", "--env", "dev", "storefront"])).stdout;
    assert!(
        built.contains("kind: Secret") && built.contains("name: storefront"),
        "{built}"
    );

    let shared = [
        "secret",
        "set",
        "bootstrap/docker-hub",
        ".dockerconfigjson",
        "--env",
        "dev",
    ];
    failed(&scene.feed(&shared, "{}"), "--shared");
    ok(scene.feed(&[&shared[..], &["--shared"]].concat(), "{}"));
}

#[test]
fn what_is_typed_at_a_terminal_is_not_shown() {
    let scene = Scene::platform();
    let script = r#"
import os, pty, sys, select
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:3] + ["set", "hydra", "TYPED", "--env", "dev"])
seen, sent = b"", False
while True:
    try:
        part = os.read(terminal, 1024)
    except OSError:
        break
    if not part:
        break
    seen += part
    if b"TYPED: " in seen and not sent:
        os.write(terminal, sys.argv[3].encode().decode("unicode_escape").encode())
        sent = True
status = os.waitpid(pid, 0)[1]
sys.stdout.write(seen.decode())
sys.exit(os.waitstatus_to_exitcode(status))
"#;
    let type_in = |keys: &str| {
        let mut command = Command::new(tool("python3"));
        command
            .args(["-c", script])
            .arg(binary())
            .args(["secret", keys]);
        scene.run(command.current_dir(scene.repository()))
    };
    let ran = type_in(&format!(r"wrong\x15{CANARY}x\x7f\n"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        !ran.all().contains(CANARY) && !ran.all().contains("wrong"),
        "{ran:?}"
    );
    assert_eq!(reveal(&scene, "TYPED"), CANARY);

    for keys in [r"one\ntwo\n", r"half\x03"] {
        let ran = type_in(keys);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.stdout.contains("nothing was stored"), "{ran:?}");
    }
    assert_eq!(reveal(&scene, "TYPED"), CANARY);
}

#[test]
fn the_list_needs_no_key_and_shows_what_is_missing() {
    let scene = Scene::platform();
    ok(set(&scene, "ONLY_DEV", &["--random", "32"], ""));
    scene.remove("demo.agekey");
    let report = json(&ok(scene.windlass(&[
        "secret",
        "list",
        "-o",
        "json",
        "--fingerprints",
    ])));
    assert_eq!(
        report["environments"],
        serde_json::json!(["dev", "staging"])
    );
    let row = |service: &str, name: &str| {
        let rows = report["values"].as_array().unwrap();
        let mut found = rows
            .iter()
            .filter(|row| row["service"] == service && row["name"] == name);
        found
            .next()
            .unwrap_or_else(|| panic!("{service} {name}: {report}"))["environments"]
            .clone()
    };
    assert_eq!(row("hydra", "ONLY_DEV")["staging"]["state"], "missing");
    let dev = &row("hydra", "ONLY_DEV")["dev"];
    assert_eq!(
        (&dev["bytes"], &dev["recipients"][0]),
        (&43.into(), &DEMO.into())
    );
    assert_eq!(dev.get("fingerprint"), None, "nobody can know it");
    assert_eq!(
        row("bootstrap/docker-hub", ".dockerconfigjson")["dev"]["shared"],
        true
    );

    let text = ok(scene.windlass(&["secret", "ls", "hydra"])).stdout;
    let line = text.lines().find(|line| line.contains("ONLY_DEV")).unwrap();
    assert!(
        line.starts_with("hydra") && line.contains("43 B, ") && line.ends_with("missing"),
        "{text}"
    );
    assert!(text.ends_with(&format!("\nfor:\na  {DEMO}\n")), "{text}");
    failed(
        &scene.windlass(&["secret", "list", "nothing"]),
        "there is no service nothing",
    );
    failed(
        &scene.windlass(&["secret", "get", "hydra", "ONLY_DEV", "--env", "dev"]),
        DEMO,
    );
}

#[test]
fn a_value_is_removed_with_its_key() {
    let scene = Scene::platform();
    let stub = scene.read(STUB);
    ok(set(&scene, "OLD", &["--random", "32"], ""));
    let rm = ["secret", "rm", "hydra", "OLD", "--env", "dev"];
    failed(&scene.windlass(&rm), "--yes");
    let ran = ok(scene.windlass(&[&rm[..], &["--yes"]].concat()));
    assert!(ran.stderr.contains("history of Git"), "{ran:?}");
    assert_eq!(scene.read(STUB), stub);
    assert_eq!(scene.git(&["status", "--short"]), "");
    failed(
        &scene.windlass(&[&rm[..], &["--yes"]].concat()),
        "has no value OLD",
    );
}

/// Makes a key outside of the repository, and returns its recipient.
fn keygen(scene: &Scene, file: &str) -> String {
    let path = scene.home().join(file);
    let ran = ok(scene.windlass(&["secret", "keygen", "-o", path.to_str().unwrap()]));
    assert!(!ran.all().contains("AGE-SECRET-KEY"), "{ran:?}");
    ran.stdout.trim().to_owned()
}

#[test]
fn an_environment_is_encrypted_for_another_key_as_a_whole_or_not_at_all() {
    let scene = Scene::platform();
    let old = reveal(&scene, "SYSTEM_SECRET");
    let new = keygen(&scene, "new.agekey");
    let rekey = ["secret", "rekey", "--env", "dev", "--to", &new];
    let ran = ok(scene.windlass(&[&rekey[..], &["--dry-run"]].concat()));
    assert!(
        ran.stdout.contains(&format!("{VALUE}: {DEMO} → {new}")),
        "{ran:?}"
    );
    assert_eq!(scene.git(&["status", "--short"]), "", "a dry run wrote");

    let other = "kustomize/hydra/overlays/dev/.sops/DATABASE_URL.enc";
    let whole = scene.read(other);
    scene.write(
        other,
        &whole.replacen("ENC[AES256_GCM,data:", "ENC[AES256_GCM,data:AAAA", 1),
    );
    failed(&scene.windlass(&rekey), "nothing was written");
    assert_eq!(scene.git(&["status", "--short"]), format!(" M {other}\n"));
    scene.write(other, &whole);

    let ran = ok(scene.windlass(&[&rekey[..], &["--update-config"]].concat()));
    assert!(
        ran.stderr
            .contains("none of the keys that are present here"),
        "{ran:?}"
    );
    assert!(
        ran.stderr.contains("docker-hub") && ran.stderr.contains("--shared"),
        "{ran:?}"
    );
    assert!(
        scene
            .read("kustomize/hydra/overlays/dev/.sops.yaml")
            .ends_with(&format!("  age: {new}\n"))
    );
    failed(&sops(&scene, VALUE), "");
    let key = scene.home().join("new.agekey");
    let get = [
        "secret",
        "get",
        "hydra",
        "SYSTEM_SECRET",
        "--env",
        "dev",
        "--reveal",
        "--age-key-file",
    ];
    let get = [&get[..], &[key.to_str().unwrap()]].concat();
    assert_eq!(ok(scene.windlass(&get)).stdout, old);
    let status = scene.git(&["status", "--short"]);
    assert!(
        !status.contains("staging") && !status.contains("bootstrap"),
        "{status}"
    );
}

#[test]
fn git_shows_which_values_changed_and_no_value() {
    let scene = Scene::platform();
    let textconv = format!("'{}' secret textconv", binary().display());
    scene.git(&["config", "diff.sops.textconv", &textconv]);
    scene.write(".gitattributes", "*.enc diff=sops\n");
    scene.commit("show what changed");
    ok(set(&scene, "SYSTEM_SECRET", &[], CANARY));
    let diff = scene.git(&["diff"]);
    let lines = |mark: &str| {
        diff.lines()
            .filter(|line| line.starts_with(mark))
            .collect::<Vec<_>>()
    };
    assert!(
        lines("-data: <").len() == 1 && lines("+data: <11 bytes, fingerprint ").len() == 1,
        "{diff}"
    );
    assert!(
        diff.contains(" # for age19thj") && !diff.contains(CANARY) && !diff.contains("ENC["),
        "{diff}"
    );

    scene.remove("demo.agekey");
    let closed = scene.git(&["diff", "--", VALUE]);
    assert!(
        closed.contains("+data: <11 bytes, ciphertext ") && closed.contains("# not opened: "),
        "{closed}"
    );
    scene.write(VALUE, CANARY);
    let plain = scene.git(&["diff", "--", VALUE]);
    assert!(
        plain.contains("# not encrypted by sops") && !plain.contains(CANARY),
        "{plain}"
    );
}

#[test]
fn new_keys_are_added_to_those_of_sops_and_never_overwritten() {
    let scene = Scene::platform();
    let first = ok(scene.windlass(&["secret", "keygen"]));
    let second = ok(scene.windlass(&["secret", "keygen"])).stdout;
    assert!(!first.all().contains("AGE-SECRET-KEY"), "{first:?}");
    let file = scene.home().join(".config/sops/age/keys.txt");
    let text = fs::read_to_string(&file).unwrap();
    assert!(
        text.contains(first.stdout.trim()) && text.contains(second.trim()),
        "{text}"
    );
    assert_eq!(text.matches("AGE-SECRET-KEY-1").count(), 2);
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let mut command = Command::new(tool("age-keygen"));
    let shown = scene.run(command.arg("-y").arg(&file));
    assert_eq!(shown.stdout, first.stdout + &second);
    failed(
        &scene.windlass(&["secret", "keygen", "-o", file.to_str().unwrap()]),
        "not overwritten",
    );
    assert!(
        ok(scene.windlass(&["secret", "keygen", "-o", "-"]))
            .stdout
            .contains("AGE-SECRET-KEY-1")
    );
}

fn assert_nowhere(directory: &Path) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_nowhere(&path);
        } else {
            let text = fs::read(&path).unwrap();
            let text = String::from_utf8_lossy(&text);
            assert!(!text.contains(CANARY), "{} holds the value", path.display());
        }
    }
}

#[test]
fn no_verb_leaves_a_value_in_the_open() {
    let scene = Scene::platform();
    let hidden = |ran: Ran| assert!(!ran.all().contains(CANARY), "{ran:?}");
    let new = keygen(&scene, "new.agekey");
    hidden(ok(set(&scene, "CANARY", &[], CANARY)));
    let url = ["--mongodb", "--host", "h", "--user", "u"];
    hidden(ok(set(&scene, "CANARY_URL", &url, CANARY)));
    hidden(ok(set(&scene, "CANARY", &[], &format!("{CANARY} again"))));
    hidden(set(
        &scene,
        "CANARY",
        &[],
        &format!("postgres://u:{CANARY}@@db"),
    ));
    let path = "kustomize/hydra/overlays/dev/.sops/CANARY.enc";
    for arguments in [
        "secret get hydra CANARY --env dev",
        "secret get hydra CANARY --env dev -o json",
        "secret list --fingerprints",
        "secret list -o yaml",
        "secret check",
        &format!("secret textconv {path}"),
        &format!("secret rekey --env dev --to {DEMO} --to {new} --update-config"),
        "secret check --env dev -o yaml",
        "secret rm hydra CANARY --env dev --yes",
    ] {
        let arguments: Vec<_> = arguments.split(' ').collect();
        hidden(ok(scene.windlass(&arguments)));
    }
    assert_nowhere(scene.home());
}
