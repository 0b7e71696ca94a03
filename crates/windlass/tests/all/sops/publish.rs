//! `sops publish`, to stand-ins for S3, Google Cloud Storage and Vault.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::lab::Lab;
use crate::stand_in::StandIn;

/// Keeps what is written, as all three services do, and says it again.
fn service() -> (StandIn, Arc<Mutex<BTreeMap<String, String>>>) {
    let kept = Arc::new(Mutex::new(BTreeMap::<String, String>::new()));
    let store = kept.clone();
    let stand_in = StandIn::start(move |asked| {
        let mut store = store.lock().unwrap();
        let path = asked.path.split('?').next().unwrap_or_default().to_owned();
        if asked.method == "GET" {
            let there = store.get(&path);
            return there.map_or((404, String::new()), |content| (200, content.clone()));
        }
        let is_vault = asked.headers.contains_key("x-vault-token");
        let body = if is_vault {
            format!("{{\"data\":{}}}", asked.body)
        } else {
            asked.body.clone()
        };
        store.insert(path, body);
        (200, "{}".to_owned())
    });
    (stand_in, kept)
}

fn lab(address: &str, rules: &str) -> Lab {
    let mut lab = Lab::new();
    for (name, value) in [
        ("AWS_ENDPOINT_URL", address),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("STORAGE_EMULATOR_HOST", address),
        ("VAULT_ADDR", address),
        ("VAULT_TOKEN", "root"),
    ] {
        lab.variable(name, value);
    }
    lab.write(
        ".sops.yaml",
        &format!("creation_rules: [{{age: '{{own}}'}}]\ndestination_rules: [{rules}]\n"),
    );
    lab.write("d/s.yaml", "a: one\nb: [1, true]\n");
    lab.ours_ok(&["encrypt", "-i", "d/s.yaml"]);
    lab
}

#[test]
fn a_file_goes_to_s3_as_it_is_and_only_once() {
    let (service, kept) = service();
    let lab = lab(&service.address, "{s3_bucket: b, s3_prefix: p/}");
    for (count, words) in [
        (1, &["publish", "-y", "d/s.yaml"][..]),
        (1, &["publish", "-y", "d/s.yaml"]),
        (
            2,
            &["publish", "-y", "--recursive", "--omit-extensions", "d"],
        ),
    ] {
        lab.ours_ok(words);
        let puts = service
            .asked()
            .iter()
            .filter(|asked| asked.method == "PUT")
            .count();
        assert_eq!(puts, count, "{words:?}");
    }
    let text = lab.read("d/s.yaml");
    let kept = kept.lock().unwrap();
    assert_eq!(kept.get("/b/p/s.yaml"), Some(&text));
    assert_eq!(kept.get("/b/p/d/s"), Some(&text));
    let asked = service.asked();
    let signature = &asked.last().unwrap().headers["authorization"];
    assert!(signature.contains("/s3/aws4_request"), "{signature}");
}

#[test]
fn vault_gets_the_values_and_only_when_they_changed() {
    for (version, path) in [(1, "/v1/kv/team/s.yaml"), (2, "/v1/kv/data/team/s.yaml")] {
        let (service, kept) = service();
        let rule =
            format!("{{vault_path: team, vault_kv_mount_name: kv, vault_kv_version: {version}}}");
        let lab = lab(&service.address, &rule);
        for _ in 0..2 {
            lab.ours_ok(&["publish", "-y", "d/s.yaml"]);
        }
        let writes = service
            .asked()
            .iter()
            .filter(|asked| asked.method == "PUT")
            .count();
        assert_eq!(writes, 1, "version {version}");
        let kept: Value = serde_json::from_str(&kept.lock().unwrap()[path]).unwrap();
        let values = if version == 1 {
            &kept["data"]
        } else {
            &kept["data"]["data"]
        };
        assert_eq!(*values, json!({"a": "one", "b": [1, true]}));
    }
}

#[test]
fn a_recreation_rule_encrypts_for_its_own_keys() {
    let (service, kept) = service();
    let lab = lab(
        &service.address,
        "{gcs_bucket: b, recreation_rule: {age: '{stranger}'}}",
    );
    let shown = lab.ours_ok(&["publish", "-y", "d/s.yaml"]);
    assert!(shown.contains(&format!("+++ {}", lab.stranger)), "{shown}");
    let kept = kept.lock().unwrap();
    let [text] = &kept.values().collect::<Vec<_>>()[..] else {
        panic!("{kept:?}")
    };
    assert!(
        text.contains(&lab.stranger) && !text.contains(&lab.recipient),
        "{text}"
    );
}

#[test]
fn nothing_goes_anywhere_when_one_file_is_in_clear_or_nobody_says_yes() {
    let (service, _) = service();
    let lab = lab(&service.address, "{s3_bucket: b}");
    lab.write("d/clear.yaml", "a: canary\n");
    let ran = lab.ours(&["publish", "-y", "--recursive", "d"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("d/clear.yaml"), "{ran:?}");
    let half = lab
        .read("d/s.yaml")
        .replacen("a: ENC[", "z: canary\na: ENC[", 1);
    lab.write("d/half.yaml", &half);
    let message = lab.refused(1, &["publish", "-y", "d/half.yaml"]);
    assert!(message.starts_with("error: d/half.yaml:1:"), "{message}");
    let sops = lab.home().join("sops");
    let ran = lab.run(&sops, &["publish", "d/s.yaml"], "n\n");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stdout.contains("to s3://b/s.yaml ? (y/n): "), "{ran:?}");
    assert_eq!(lab.run(&sops, &["publish", "d/s.yaml"], "").code, Some(1));
    assert!(service.asked().is_empty(), "{:?}", service.asked());
}
