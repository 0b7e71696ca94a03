//! `windlass secret check`: what it finds, and what it leaves alone.

use super::{CANARY, DEMO, STUB, VALUE, json, keygen, ok, set};
use crate::scene::Scene;

/// Returns the kinds and places of what `secret check` finds.
fn findings(scene: &Scene, more: &[&str]) -> (Option<i32>, Vec<String>) {
    let ran = scene.windlass(&[&["secret", "check", "-o", "json"], more].concat());
    assert!(!ran.all().contains(CANARY), "{ran:?}");
    let report = json(&ran);
    let found = report["findings"].as_array().unwrap().iter().map(|found| {
        let text = |field: &str| found[field].as_str().unwrap().to_owned();
        let (kind, severity, line) = (text("kind"), text("severity"), &found["line"]);
        format!("{severity} {kind} {}:{line}", text("file"))
    });
    (ran.code, found.collect())
}

#[test]
fn the_example_has_only_what_it_says_of_itself() {
    let scene = Scene::platform();
    let (code, found) = findings(&scene, &[]);
    assert_eq!(code, Some(0), "{found:?}");
    assert_eq!(
        found,
        [
            "warning private-key demo.agekey:4",
            "warning generator-in-clear kustomize/api/base/kustomization.yaml:41"
        ]
    );
}

#[test]
fn what_a_killed_write_left_behind_is_found_and_removed_when_asked() {
    let scene = Scene::platform();
    let left = "kustomize/hydra/overlays/dev/.sops/.windlass-new-x7Kq2p";
    scene.write(left, &scene.read(VALUE)[..100]);
    let (code, found) = findings(&scene, &["--env", "dev"]);
    assert_eq!(code, Some(0), "{found:?}");
    let expected = format!("warning left-behind {left}:0");
    assert!(found.contains(&expected), "{found:?}");
    let about = found.iter().filter(|found| found.contains(".windlass-new"));
    assert_eq!(about.count(), 1, "{found:?}");
    let (_, found) = findings(&scene, &["--env", "dev", "--clean"]);
    assert!(!found.contains(&expected), "{found:?}");
    assert!(!scene.repository().join(left).exists());
}

#[test]
fn what_is_not_safe_is_found() {
    let scene = Scene::platform();
    let overlay = "kustomize/hydra/overlays/dev";
    scene.write(&format!("{overlay}/.sops/PLAIN.enc"), CANARY);
    scene.write(
        &format!("{overlay}/secret.yaml"),
        "kind: Secret\nstringData: {a: canary-7d1c}\n",
    );
    scene.write(
        "kustomize/hydra/base/extra.yaml",
        "kind: Secret\nmetadata:\n  name: x\nstringData:\n  a: canary-7d1c\n",
    );
    scene.replace(
        STUB,
        "  SYSTEM_SECRET: \"\"\n",
        "  SYSTEM_SECRET: \"\"\n  LATER: changeme\n",
    );
    ok(set(&scene, "LINE", &[], "canary-7d1c 1\n"));
    ok(set(&scene, "TWICE", &[], "canary-7d1c 2"));
    ok(set(&scene, "TWICE_MORE", &[], "canary-7d1c 2"));
    scene.replace(VALUE, "ENC[AES256_GCM,data:", "ENC[AES256_GCM,data:AAAA");
    let other = keygen(&scene, "other.agekey");
    scene.replace("kustomize/api/overlays/dev/.sops.yaml", DEMO, &other);
    let (code, found) = findings(&scene, &["--env", "dev"]);
    assert_eq!(code, Some(1), "{found:?}");
    let expected = [
        "warning other-keys kustomize/api/overlays/dev/.sops/PAYMENT_API_TOKEN.enc:0",
        "error secret-in-clear kustomize/hydra/base/extra.yaml:5",
        "warning trailing-newline kustomize/hydra/overlays/dev/.sops/LINE.enc:2",
        "error not-encrypted kustomize/hydra/overlays/dev/.sops/PLAIN.enc:0",
        "error damaged kustomize/hydra/overlays/dev/.sops/SYSTEM_SECRET.enc:0",
        "warning same-value kustomize/hydra/overlays/dev/.sops/TWICE.enc:2",
        "error placeholder kustomize/hydra/overlays/dev/secret-stub.yaml:13",
    ];
    let missing: Vec<_> = expected
        .iter()
        .filter(|text| !found.iter().any(|found| found == *text))
        .collect();
    assert!(missing.is_empty(), "{missing:?} of {found:#?}");
    assert!(
        !found.iter().any(|found| found.contains("secret.yaml")),
        "it is ignored by Git: {found:?}"
    );
    scene.git(&["add", "-f", &format!("{overlay}/secret.yaml")]);
    scene.git(&["commit", "-qm", "by mistake"]);
    let (_, found) = findings(&scene, &["--env", "dev"]);
    assert!(
        found.contains(&format!("error secret-in-clear {overlay}/secret.yaml:0")),
        "{found:?}"
    );
}
