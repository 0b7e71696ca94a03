//! Secrets that are not encrypted.

use windlass_kustomize::FILE_NAMES;
use windlass_render::{is_placeholder, value_key};
use windlass_sops::Format;
use windlass_tree::{EntryKind, Tree, TreePath};
use windlass_yaml::{Limits, Node};

use super::finding::{Finding, Kind};
use crate::failure::Failure;

/// The public key of the example, which every copy of Windlass has.
const DEMO_KEY: &str = "demo.agekey";

/// Returns what a file holds in clear.
pub(super) fn findings(tree: &dyn Tree, path: &TreePath) -> Result<Vec<Finding>, Failure> {
    let bytes = tree.read(path)?;
    let Ok(text) = std::str::from_utf8(&bytes) else {
        return Ok(Vec::new());
    };
    let mut findings = private_keys(path, text);
    let is_yaml = Format::of_file_name(path.as_str()) == Format::Yaml;
    if FILE_NAMES.contains(&path.file_name()) {
        findings.extend(generators(tree, path, text));
    } else if is_yaml && text.contains("Secret") {
        findings.extend(manifests(tree, path, text)?);
    }
    Ok(findings)
}

/// Finds age identities, and the beginning of private keys in PEM and of PGP.
fn private_keys(path: &TreePath, text: &str) -> Vec<Finding> {
    let lines = text.lines().zip(1..);
    let found = lines.filter_map(|(line, number)| {
        if has_identity(line) {
            let message = "an age identity, which opens all that is encrypted for it";
            return Some(if path.as_str() == DEMO_KEY {
                Finding::warning(
                    path,
                    number,
                    Kind::PrivateKey,
                    format!("{message}; this one is for trying things out"),
                )
            } else {
                Finding::error(path, number, Kind::PrivateKey, message)
            });
        }
        let kind = line
            .trim()
            .strip_prefix("-----BEGIN ")?
            .split_once("-----")?
            .0;
        let is_private = kind.ends_with("PRIVATE KEY") || kind == "PGP PRIVATE KEY BLOCK";
        is_private.then(|| Finding::error(path, number, Kind::PrivateKey, "a private key"))
    });
    found.collect()
}

/// Returns whether a line has a whole identity: 58 characters behind the name.
fn has_identity(line: &str) -> bool {
    const NAME: &str = "AGE-SECRET-KEY-1";
    line.match_indices(NAME).any(|(at, _)| {
        let rest = line[at + NAME.len()..].bytes();
        rest.take_while(u8::is_ascii_alphanumeric).count() >= 58
    })
}

/// Finds Secrets with values. What cannot be parsed is for the build to complain about.
fn manifests(tree: &dyn Tree, path: &TreePath, text: &str) -> Result<Vec<Finding>, Failure> {
    let Ok(documents) = windlass_yaml::parse(text) else {
        return Ok(Vec::new());
    };
    let mut findings = Vec::new();
    for mut document in documents {
        if document.root.expand_aliases(&Limits::default()).is_ok() {
            secrets(&document.root, path, &mut findings);
        }
    }
    let directory = path.parent().unwrap_or_default();
    let beside =
        |name: &str| -> Result<bool, Failure> { Ok(tree.kind(&directory.join(name)?)?.is_some()) };
    // Made of the stub and the values, to be built and removed again.
    if path.file_name() == "secret.yaml" && beside("secret-stub.yaml")? && beside(".sops")? {
        let message = "the merged Secret, with all its values in clear";
        let advice = "remove it, and add secret.yaml to .gitignore: windlass makes it in memory";
        findings = vec![Finding {
            advice: advice.to_owned(),
            ..Finding::error(path, 0, Kind::SecretInClear, message)
        }];
    }
    Ok(findings)
}

/// Finds values of a Secret, or of the Secrets in a List.
fn secrets(object: &Node, path: &TreePath, findings: &mut Vec<Finding>) {
    match object.get_text("kind") {
        Some("Secret") => {}
        Some(kind) if kind.ends_with("List") => {
            let items = object.get("items").and_then(Node::as_sequence);
            return items
                .into_iter()
                .flatten()
                .for_each(|item| secrets(item, path, findings));
        }
        _ => return,
    }
    let name = object
        .at(&["metadata", "name"])
        .and_then(Node::text)
        .unwrap_or("without a name");
    for field in ["data", "stringData"] {
        let pairs = object.get(field).and_then(Node::as_mapping);
        for (key, value) in pairs.into_iter().flat_map(windlass_yaml::Mapping::iter) {
            if is_in_clear(field, value) {
                let key = key.text().unwrap_or("a key");
                let message = format!("the value of {key} in Secret {name} is in clear");
                findings.push(Finding::error(
                    path,
                    value.start.line,
                    Kind::SecretInClear,
                    message,
                ));
            }
        }
    }
}

fn is_in_clear(field: &str, value: &Node) -> bool {
    let text = value.text().unwrap_or_default();
    let is_nothing = match field {
        "data" => is_placeholder(value),
        _ => value.is_null() || text.is_empty(),
    };
    !is_nothing && !text.starts_with("ENC[")
}

/// Finds generators of Secrets whose values are in clear.
fn generators(tree: &dyn Tree, path: &TreePath, text: &str) -> Vec<Finding> {
    let mut documents = windlass_yaml::parse(text).unwrap_or_default();
    let Some(document) = documents.first_mut() else {
        return Vec::new();
    };
    let is_whole = document.root.expand_aliases(&Limits::default()).is_ok();
    let generators = document.root.get("secretGenerator").filter(|_| is_whole);
    let generators = generators.and_then(Node::as_sequence).into_iter().flatten();
    let mut findings = Vec::new();
    for generator in generators {
        let name = generator.get_text("name").unwrap_or("without a name");
        let literals = items(generator, "literals");
        if let [first, ..] = literals.as_slice() {
            let message = format!("the literals of Secret {name} are in clear");
            findings.push(Finding::warning(
                path,
                first.start.line,
                Kind::GeneratorInClear,
                message,
            ));
        }
        let mut files = items(generator, "files");
        files.extend(items(generator, "envs"));
        for node in files {
            if let Some(file) = file_in_clear(tree, path, node) {
                let message = format!("the Secret {name} is made of {file}, which is in clear");
                findings.push(Finding::warning(
                    path,
                    node.start.line,
                    Kind::GeneratorInClear,
                    message,
                ));
            }
        }
    }
    findings
}

fn items<'n>(generator: &'n Node, field: &str) -> Vec<&'n Node> {
    let items = generator.get(field).and_then(Node::as_sequence);
    items.into_iter().flatten().collect()
}

/// Returns the file that an entry such as `key=path` names, when it is not encrypted.
fn file_in_clear<'n>(tree: &dyn Tree, path: &TreePath, node: &'n Node) -> Option<&'n str> {
    let text = node.text()?;
    let file = text.split_once('=').map_or(text, |(_, file)| file);
    let target = path.parent()?.join(file).ok()?;
    let is_file = tree.kind(&target) == Ok(Some(EntryKind::File));
    let bytes = is_file.then(|| tree.read(&target).ok()).flatten()?;
    let is_encrypted = String::from_utf8_lossy(&bytes).contains("ENC[AES256_GCM,");
    (!is_encrypted && value_key(target.file_name()).is_none()).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_tree::MemoryTree;

    fn found(files: &[(&str, &str)], path: &str) -> String {
        let tree: MemoryTree = files.iter().copied().collect();
        let findings = findings(&tree, &TreePath::new(path).unwrap()).unwrap();
        let lines = findings
            .iter()
            .map(|finding| format!("{}: {}", finding.place(), finding.message));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn values_in_clear_are_found_and_placeholders_are_not() {
        let text = "kind: Secret\nmetadata: {name: a}\ndata:\n  A: Y2FuYXJ5\n  B: ''\n  C: changeme\n  D: ENC[AES256_GCM,x]\nstringData:\n  E: canary\n  F:\n---\nkind: ConfigMap\ndata: {A: Y2FuYXJ5}\n---\nkind: List\nitems:\n- kind: Secret\n  stringData:\n    G: canary\n";
        insta::assert_snapshot!(found(&[("a.yaml", text)], "a.yaml"), @r"
        a.yaml:4: the value of A in Secret a is in clear
        a.yaml:9: the value of E in Secret a is in clear
        a.yaml:19: the value of G in Secret without a name is in clear
        ");
    }

    #[test]
    fn private_keys_are_found_and_talk_of_them_is_not() {
        let identity = format!("AGE-SECRET-KEY-1{}", "Q".repeat(58));
        let text = format!(
            "x\n  -----BEGIN RSA PRIVATE KEY-----\n-----BEGIN PUBLIC KEY-----\nkey: {identity}\nthe line AGE-SECRET-KEY-1… and -----BEGIN PRIVATE KEY-----\n"
        );
        insta::assert_snapshot!(found(&[("notes", &text)], "notes"), @r"
        notes:2: a private key
        notes:4: an age identity, which opens all that is encrypted for it
        ");
    }

    #[test]
    fn generators_of_secrets_in_clear_are_found() {
        let kustomization = "secretGenerator:\n- name: a\n  literals:\n  - A=canary\n  envs: [a.env]\n  files: [k=b.enc, c.env]\n";
        let files = [
            ("o/kustomization.yaml", kustomization),
            ("o/a.env", "A=canary\n"),
            ("o/b.enc", "{}"),
            ("o/c.env", "A=ENC[AES256_GCM,x]\n"),
        ];
        insta::assert_snapshot!(found(&files, "o/kustomization.yaml"), @r"
        o/kustomization.yaml:4: the literals of Secret a are in clear
        o/kustomization.yaml:5: the Secret a is made of a.env, which is in clear
        ");
    }

    #[test]
    fn the_merged_secret_is_one_finding() {
        let secret = "kind: Secret\ndata: {A: Y2FuYXJ5, B: Y2FuYXJ5}\n";
        let files = [
            ("secret.yaml", secret),
            ("secret-stub.yaml", ""),
            (".sops/A.enc", ""),
        ];
        assert_eq!(
            found(&files, "secret.yaml"),
            "secret.yaml: the merged Secret, with all its values in clear"
        );
    }
}
