//! The recorded answers of sops 3.11.0 in `sops-vectors`, where only age and SSH keys are needed.

#[path = "recorded/edit.rs"]
mod edit;
#[path = "recorded/encrypt.rs"]
mod encrypt;
#[path = "recorded/shape.rs"]
mod shape;
#[path = "recorded/stand_in.rs"]
mod stand_in;

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use windlass_sops::{Document, Format, Keyring, Plaintext};

/// How many cases agree. The number only rises.
const FLOOR: usize = 445;

fn vectors() -> Option<PathBuf> {
    let shared = std::env::var_os("WINDLASS_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let vectors = shared.join("sops-vectors");
    vectors.join("manifest.json").exists().then_some(vectors)
}

fn text<'c>(case: &'c Value, pointer: &str) -> &'c str {
    case.pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Returns whether a key is opened by a key ring.
fn is_age(name: &str) -> bool {
    name.starts_with("age") || name.starts_with("ssh")
}

fn age_only(case: &Value) -> bool {
    let keys = case["keys"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    keys.iter().all(|key| key.as_str().is_some_and(is_age))
}

/// Returns the cases of these kinds.
fn cases(vectors: &std::path::Path, kinds: &[&str]) -> Vec<Value> {
    let manifest = fs::read_to_string(vectors.join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let cases = manifest["cases"].as_array().unwrap().iter();
    let wanted = cases.filter(|case| kinds.contains(&text(case, "/kind")));
    wanted.cloned().collect()
}

/// Returns bytes that differ from each other, which is all that a test needs.
fn random() -> impl FnMut(&mut [u8]) {
    let mut state = 1_u64;
    move |bytes: &mut [u8]| {
        for byte in bytes {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            *byte = state.to_be_bytes()[0];
        }
    }
}

struct Case<'v> {
    vectors: &'v PathBuf,
    case: &'v Value,
}

impl Case<'_> {
    fn read(&self, pointer: &str) -> Vec<u8> {
        fs::read(self.vectors.join(text(self.case, pointer))).unwrap()
    }

    fn keyring(&self) -> Keyring {
        let mut keyring = Keyring::new();
        let keys = self.case["keys"].as_array().into_iter().flatten();
        let names = keys.filter_map(Value::as_str);
        for key in names.filter(|name| is_age(name)) {
            let ending = if key.starts_with("age") { ".txt" } else { "" };
            let file = self.vectors.join(format!("keys/{key}{ending}"));
            keyring.extend(Keyring::parse(&fs::read_to_string(file).unwrap()).unwrap());
        }
        keyring
    }

    /// Replaces `{age1}` and the like by the public name of the key.
    fn substituted(&self, text: &str) -> String {
        let names = fs::read_to_string(self.vectors.join("keys/keys.json")).unwrap();
        let names: Value = serde_json::from_str(&names).unwrap();
        let names = names.as_object().unwrap().iter();
        names.fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value.as_str().unwrap_or_default())
        })
    }

    fn format(&self) -> Format {
        match text(self.case, "/store") {
            "yaml" => Format::Yaml,
            "json" => Format::Json,
            "dotenv" => Format::Dotenv,
            "ini" => Format::Ini,
            _ => Format::Binary,
        }
    }

    fn decrypt(&self) -> Result<Plaintext, String> {
        let document = Document::parse(&self.read("/file"), self.format());
        let document = document.map_err(|error| error.to_string())?;
        let plaintext = if self.case["args"][0] == "--ignore-mac" {
            document.decrypt_unverified(&self.keyring())
        } else {
            document.decrypt(&self.keyring())
        };
        plaintext.map_err(|error| error.to_string())
    }

    /// Returns how the answer differs, if it does.
    fn difference(&self) -> Option<String> {
        let rejects = text(self.case, "/expect/result") == "reject";
        let quirk = text(self.case, "/level") == "quirk";
        let plaintext = match self.decrypt() {
            Err(_) if rejects || quirk => return None,
            Err(error) => return Some(format!("refused: {error}")),
            Ok(_) if rejects => return Some("opened".to_owned()),
            Ok(plaintext) => plaintext,
        };
        let json = self.case.pointer("/expect/json").is_some();
        if self.read("/expect/plain") != plaintext.to_bytes().unwrap().expose() {
            Some("other text".to_owned())
        } else if json && self.read("/expect/json") != plaintext.to_json().unwrap().expose() {
            Some("other JSON".to_owned())
        } else {
            None
        }
    }
}

#[test]
fn recorded_documents_open_as_with_sops() {
    let Some(vectors) = vectors() else {
        println!("skipped: the folder of recorded cases is missing (WINDLASS_SHARED)");
        return;
    };
    let (mut agree, mut differ) = (0, Vec::new());
    for case in cases(&vectors, &["decrypt", "tamper"])
        .iter()
        .filter(|case| age_only(case))
    {
        let id = text(case, "/id");
        let vectors = &vectors;
        match (Case { vectors, case }).difference() {
            None => agree += 1,
            Some(difference) => differ.push(format!("{id}: {difference}")),
        }
    }
    println!("{agree} cases agree, {} differ", differ.len());
    assert!(differ.is_empty(), "{}", differ.join("\n"));
    assert!(agree >= FLOOR, "only {agree} of {FLOOR} cases agree");
}

#[test]
fn keys_that_are_not_at_hand_are_named_with_their_kind() {
    let Some(vectors) = vectors() else {
        println!("skipped: the folder of recorded cases is missing (WINDLASS_SHARED)");
        return;
    };
    for (file, kind) in [
        (
            "yaml-key-pgp_rsa.yaml",
            "a PGP key, which is not supported here",
        ),
        (
            "yaml-key-kms.yaml",
            "an AWS KMS key, which is not supported here",
        ),
        (
            "yaml-key-vault.yaml",
            "a HashiCorp Vault key, which is not supported here",
        ),
        (
            "yaml-key-ssh_rsa.yaml",
            "the SSH private key of ssh-rsa AAAA",
        ),
    ] {
        let bytes = fs::read(vectors.join("enc").join(file)).unwrap();
        let document = Document::parse(&bytes, Format::Yaml).unwrap();
        let error = document.decrypt(&Keyring::new()).unwrap_err().to_string();
        assert!(error.contains(kind), "{file}: {error}");
    }
}
