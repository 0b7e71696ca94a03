//! A secret value is nowhere but in the cluster.

use std::fs;
use std::path::Path;

use crate::scene::{Ran, Scene};

/// What every secret value of the example contains.
const CANARY: &str = "windlass-canary";

fn assert_clean(what: &str, ran: &Ran) {
    for needle in needles() {
        assert!(
            !ran.all().contains(&needle),
            "{what} shows {needle}:\n{}",
            ran.all()
        );
    }
}

/// The marker as it is, and inside base64 at each of the three alignments.
fn needles() -> Vec<String> {
    use base64::Engine as _;
    let encode = |pad: &str| {
        let text =
            base64::engine::general_purpose::STANDARD_NO_PAD.encode(format!("{pad}{CANARY}"));
        // The first and last characters depend on the neighbours.
        text[4..text.len() - 2].to_owned()
    };
    vec![CANARY.to_owned(), encode("aaa"), encode("a"), encode("aa")]
}

fn assert_no_file_holds_it(directory: &Path) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_no_file_holds_it(&path);
            continue;
        }
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        for needle in needles() {
            assert!(!text.contains(&needle), "{} holds {needle}", path.display());
        }
    }
}

#[test]
fn no_output_and_no_file_shows_a_secret() {
    let scene = Scene::platform();
    let built = scene.windlass(&["build", "--env", "dev"]);
    assert!(
        needles().iter().any(|needle| built.stdout.contains(needle)),
        "the example has no canary"
    );

    assert_clean("plan", &scene.windlass(&["plan", "--env", "dev"]));
    assert_clean(
        "plan -o json",
        &scene.windlass(&["plan", "--env", "dev", "-o", "json"]),
    );
    assert_clean("diff", &scene.windlass(&["diff", "--env", "dev"]));
    assert_clean("up", &scene.windlass(&["up", "--env", "dev", "--once"]));
    assert_clean(
        "status",
        &scene.windlass(&["status", "--env", "dev", "-o", "yaml"]),
    );
    scene.remove("demo.agekey");
    scene.commit("lose the key");
    assert_clean(
        "up without keys",
        &scene.windlass(&["up", "--env", "dev", "--once", "-o", "json"]),
    );
    assert_no_file_holds_it(&scene.home().join(".local"));
}

#[test]
fn without_the_key_the_recipients_are_named_and_nothing_is_deleted() {
    let scene = Scene::platform();
    scene.converge();
    scene.remove("demo.agekey");
    scene.commit("lose the key");
    let ran = scene.windlass(&["up", "--env", "dev", "--once", "--timeout", "20s"]);
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    assert!(
        ran.all()
            .contains("age19thj5g3aecmlavfdcn4qvcdktjyg0dp0ga56uamz3kklefjzvqpqz4zsw6"),
        "{}",
        ran.all()
    );
    assert!(!ran.all().contains("deleted"), "{}", ran.all());
}

/// The ConfigMap of a service, encrypted for the key of the example.
const CONFIG: &str = "kustomize/hydra/overlays/dev/token.yaml";

fn write_encrypted_config(scene: &Scene, token: &str) {
    scene.write(
        CONFIG,
        &format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n    name: token\ndata:\n    note: a\n    token: {token}\n"
        ),
    );
    let recipient = "age19thj5g3aecmlavfdcn4qvcdktjyg0dp0ga56uamz3kklefjzvqpqz4zsw6";
    let rule = ["--encrypted-regex", "^token$"];
    let encrypt = ["sops", "encrypt", "-i", "--age", recipient];
    let ran = scene.windlass(&[&encrypt[..], &rule, &[CONFIG]].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.all());
}

#[test]
fn what_a_replacement_copies_out_of_a_secret_is_masked_there_too() {
    let scene = Scene::platform();
    let overlay = "kustomize/hydra/overlays/dev/kustomization.yaml";
    let copy = |kind: &str, field: &str| {
        format!(
            "  - select: {{kind: {kind}, name: hydra}}\n    fieldPaths: [{field}]\n    options: {{create: true}}\n"
        )
    };
    let copies = copy("ConfigMap", "data.COPY")
        + &copy("Deployment", "spec.template.metadata.annotations.copy");
    let source = "- source: {kind: Secret, name: hydra, fieldPath: data.SYSTEM_SECRET}";
    let replacements = format!("\nreplacements:\n{source}\n  targets:\n{copies}\nimages:\n");
    scene.replace(overlay, "\nimages:\n", &replacements);
    scene.commit("copies of a secret");
    let built = scene.windlass(&["build", "--env", "dev", "hydra"]);
    assert!(built.stdout.contains("COPY: "), "{}", built.all());
    for words in [
        &["plan", "--env", "dev", "-o", "json"][..],
        &["diff", "--env", "dev"],
        &["diff", "--env", "dev", "--from", "HEAD~1"],
        &["up", "--env", "dev", "--once"],
    ] {
        assert_clean("of copies", &scene.windlass(words));
    }

    // The server quotes what is no policy.
    let policy = copy("Deployment", "spec.template.spec.restartPolicy");
    scene.replace(overlay, &copies, &(copies.clone() + &policy));
    scene.commit("a copy that is refused");
    for words in [
        &["plan", "--env", "dev"][..],
        &["up", "--env", "dev", "--once", "--timeout", "20s"],
    ] {
        let ran = scene.windlass(words);
        assert_ne!(ran.code, Some(0), "{}", ran.all());
        assert_clean("of a refused copy", &ran);
    }
}

#[test]
fn values_of_an_encrypted_manifest_are_masked_wherever_it_is_shown() {
    let scene = Scene::platform();
    write_encrypted_config(&scene, &format!("{CANARY}-one"));
    let overlay = "kustomize/hydra/overlays/dev/kustomization.yaml";
    scene.replace(overlay, "- secret.yaml\n", "- secret.yaml\n- token.yaml\n");
    scene.commit("an encrypted ConfigMap");
    let built = scene.windlass(&["build", "--env", "dev", "hydra"]);
    assert!(built.stdout.contains(CANARY), "{}", built.all());
    assert!(
        built
            .stderr
            .contains("ConfigMap/dev/token has 1 decrypted value outside of a Secret"),
        "{}",
        built.stderr
    );
    assert_clean(
        "diff of a new one",
        &scene.windlass(&["diff", "--env", "dev"]),
    );
    scene.converge();

    write_encrypted_config(&scene, &format!("{CANARY}-two"));
    scene.commit("another value");
    for command in [
        &["plan", "--env", "dev"][..],
        &["diff", "--env", "dev"],
        &["diff", "--env", "dev", "--from", "HEAD~1"],
    ] {
        let ran = scene.windlass(command);
        assert_clean("after a change", &ran);
        assert!(
            ran.stdout.contains("data.token: (fingerprint "),
            "{}",
            ran.all()
        );
    }

    scene.replace(CONFIG, "note: a", "note: b");
    scene.commit("an altered value");
    let refused = scene.windlass(&["plan", "--env", "dev", "hydra"]);
    assert_eq!(refused.code, Some(1), "{}", refused.all());
    assert!(
        refused.all().contains("the MAC does not match"),
        "{}",
        refused.all()
    );
    let ignored = scene.windlass(&[
        "plan",
        "--env",
        "dev",
        "hydra",
        "--ignore-mac",
        "kustomize/hydra/**",
    ]);
    assert_eq!(ignored.code, Some(3), "{}", ignored.all());
    assert!(
        ignored.stderr.contains("does not match its MAC"),
        "{}",
        ignored.all()
    );
    assert!(ignored.stdout.contains("data.note"), "{}", ignored.all());
}

#[test]
fn keys_are_taken_from_the_manifest_of_a_secret_as_flux_has_it() {
    let scene = Scene::platform();
    let key = scene.read("demo.agekey");
    scene.remove("demo.agekey");
    scene.commit("no key");
    let lines = key.lines().map(|line| format!("    {line}\n"));
    let manifest = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: sops-age, namespace: flux-system}}\nstringData:\n  identity.agekey: |\n{}",
        lines.collect::<String>()
    );
    let file = scene.home().join("sops-age.yaml");
    fs::write(&file, manifest).unwrap();
    let named = ["--decryption-secret", file.to_str().unwrap()];
    let ran = scene.windlass(&[&["build", "--env", "dev"][..], &named].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    assert!(needles().iter().any(|needle| ran.stdout.contains(needle)));
    fs::write(&file, "kind: ConfigMap\n").unwrap();
    let ran = scene.windlass(&[&["build", "--env", "dev"][..], &named].concat());
    assert!(
        ran.stderr.contains("is no manifest of a Secret"),
        "{}",
        ran.all()
    );
}
