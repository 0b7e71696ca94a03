//! Manifests of Secrets that hold keys, as Flux's `spec.decryption.secretRef` names them.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use windlass_http::Settings;
use windlass_keys::{Addresses, SecretKeys};
use windlass_yaml::{Mapping, Node};
use zeroize::Zeroizing;

use super::age::read_bytes;
use crate::failure::Failure;

type Entry = (String, Zeroizing<Vec<u8>>);

/// Reads the keys of each file, or says everything that is wrong with them.
pub(super) fn read_all(
    files: &[PathBuf],
    addresses: &Addresses,
) -> Result<Vec<SecretKeys>, Failure> {
    let (mut secrets, mut wrong) = (Vec::new(), Vec::new());
    for file in files {
        match read(file, addresses) {
            Ok(keys) => secrets.push(keys),
            Err(problems) => wrong.extend(problems),
        }
    }
    if wrong.is_empty() {
        Ok(secrets)
    } else {
        Err(Failure::of(wrong))
    }
}

fn read(file: &Path, addresses: &Addresses) -> Result<SecretKeys, Vec<String>> {
    let bytes = read_bytes(file).map_err(|problem| vec![problem])?;
    let place = |problem: &dyn std::fmt::Display| format!("{}: {problem}", file.display());
    let entries = entries(&bytes).map_err(|problem| vec![place(&problem)])?;
    let data = entries.iter().map(|(name, bytes)| (&**name, &***bytes));
    let keys = SecretKeys::from_data(data, addresses, &Settings::default());
    keys.map_err(|errors| errors.iter().map(|error| place(error)).collect())
}

/// Returns the entries of the Secret that the manifest is; the message of an error holds no value.
fn entries(manifest: &[u8]) -> Result<Vec<Entry>, String> {
    let documents = windlass_yaml::parse(manifest);
    let documents = documents.map_err(|error| {
        let at = error.position();
        format!("line {}: this is no YAML", at.line)
    })?;
    let [document] = documents.as_slice() else {
        return Err("a manifest of one Secret is wanted".to_owned());
    };
    let secret = &document.root;
    if secret.get_text("kind") != Some("Secret") {
        return Err("is no manifest of a Secret".to_owned());
    }
    if secret.get("sops").is_some() {
        return Err("is itself encrypted by sops; decrypt it first".to_owned());
    }
    let texts = pairs(secret, "stringData")
        .map(|(name, text)| Ok((name.to_owned(), Zeroizing::new(text.as_bytes().to_vec()))));
    let data = pairs(secret, "data").map(|(name, text)| {
        let packed = Zeroizing::new(text.split_ascii_whitespace().collect::<String>());
        let decoded = STANDARD.decode(&*packed);
        let decoded = decoded.map_err(|_| format!("the entry {name:?} is not Base64"))?;
        Ok((name.to_owned(), Zeroizing::new(decoded)))
    });
    data.chain(texts).collect()
}

fn pairs<'s>(secret: &'s Node, field: &str) -> impl Iterator<Item = (&'s str, &'s str)> {
    let mapping = secret.get(field).and_then(Node::as_mapping);
    let pairs = mapping.into_iter().flat_map(Mapping::iter);
    pairs.filter_map(|(name, text)| Some((name.text()?, text.text()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_sops::Identity;

    fn keys(manifest: &str) -> Result<SecretKeys, Vec<String>> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("secret.yaml");
        std::fs::write(&file, manifest).unwrap();
        let keys = read(&file, &Addresses::Only(Vec::new()));
        let prefix = format!("{}: ", file.display());
        let shorter = |problem: String| problem.replace(&prefix, "");
        keys.map_err(|problems| problems.into_iter().map(shorter).collect())
    }

    #[test]
    fn the_entries_of_a_secret_are_keys() {
        let (one, two) = (Identity::generate(), Identity::generate());
        let line = |identity: &Identity| identity.to_line().expose_text().unwrap().to_owned();
        let manifest = format!(
            "kind: Secret\ndata:\n  a.agekey: {}\n  ignored: eA==\nstringData:\n  b.agekey: {}\n",
            STANDARD.encode(line(&one)),
            line(&two)
        );
        let keys = keys(&manifest).unwrap();
        let recipients: Vec<_> = keys.age().recipients().collect();
        assert_eq!(recipients, [one.recipient(), two.recipient()]);
    }

    #[test]
    fn a_file_without_such_a_secret_says_what_it_is() {
        let problem = |manifest: &str| keys(manifest).unwrap_err().join("\n");
        insta::assert_snapshot!(problem("kind: ConfigMap\n"), @"is no manifest of a Secret");
        insta::assert_snapshot!(problem("kind: Secret\n---\nkind: Secret\n"), @"a manifest of one Secret is wanted");
        insta::assert_snapshot!(problem("kind: Secret\nsops: {}\n"), @"is itself encrypted by sops; decrypt it first");
        insta::assert_snapshot!(problem("kind: Secret\ndata: {a.agekey: '!canary'}\n"), @r#"the entry "a.agekey" is not Base64"#);
        insta::assert_snapshot!(problem("kind: Secret\nstringData: {a.agekey: canary, sops.aws-kms: canary}\n"), @r#"
    the entry "a.agekey" is no key file: line 1: this is no age identity; expected AGE-SECRET-KEY-1… or a comment that begins with #
    the entry "sops.aws-kms" is no mapping of fields
    "#);
        insta::assert_snapshot!(problem("kind: {\n"), @"line 2: this is no YAML");
    }
}
