//! A `secret-stub.yaml` as a file that people own: its keys are read, added and removed, and the rest of the
//! text stays as it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use windlass_tree::TreePath;
use windlass_yaml::{Limits, Node, RewriteError, rewrite};

use super::{STUB, SecretProblem, VALUES, entry};

/// The ending of the files that hold encrypted values.
const ENCRYPTED: &str = ".enc";

/// The longest key of a Secret, in bytes.
const MAX_KEY: usize = 253;

/// A Secret without its values.
///
/// ```
/// use windlass_render::Stub;
///
/// let text = "kind: Secret # ours\ndata:\n  USER: ''\n";
/// let mut stub = Stub::parse(text)?;
/// stub.add_key("PASSWORD");
/// stub.remove_key("USER");
/// assert_eq!(stub.finish()?, "kind: Secret # ours\ndata:\n  PASSWORD: \"\"\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Stub {
    text: String,
    root: Node,
}

/// A key in the `data` of a stub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StubKey {
    /// The key.
    pub name: String,
    /// The line of its value, counted from 1.
    pub line: u32,
    /// Whether its value cannot be meant, so that it waits for an encrypted one.
    pub is_placeholder: bool,
}

impl Stub {
    /// Reads a stub: one document, a Secret.
    pub fn parse(text: &str) -> Result<Self, SecretProblem> {
        read(text.as_bytes())?;
        let documents = windlass_yaml::parse(text).map_err(SecretProblem::Yaml)?;
        let root = documents.into_iter().next();
        let root = root.ok_or(SecretProblem::Documents { count: 0 })?.root;
        match root.get("data") {
            // An alias, which an edit would change in all its places.
            Some(data) if !data.is_mapping() && !data.is_null() => Err(SecretProblem::Data),
            _ => Ok(Self {
                text: text.to_owned(),
                root,
            }),
        }
    }

    /// Returns the stub of a Secret with this name and no keys.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut root = Node::default();
        root.set("apiVersion", "v1".into());
        root.set("kind", "Secret".into());
        root.set("metadata", Node::mapping([("name", Node::string(name))]));
        root.set("type", "Opaque".into());
        Self {
            text: String::new(),
            root,
        }
    }

    /// Returns the keys of `data`, in order.
    pub fn keys(&self) -> impl Iterator<Item = StubKey> {
        let data = self.root.get("data").and_then(Node::as_mapping);
        let pairs = data.into_iter().flat_map(windlass_yaml::Mapping::iter);
        pairs.filter_map(|(key, value)| {
            Some(StubKey {
                name: key.text()?.to_owned(),
                line: value.start.line,
                is_placeholder: is_placeholder(value),
            })
        })
    }

    /// Adds a key with an empty value, and returns whether it was missing.
    pub fn add_key(&mut self, key: &str) -> bool {
        if self.keys().any(|known| known.name == key) {
            return false;
        }
        if self.root.get("data").is_none_or(Node::is_null) {
            self.root
                .set("data", Node::mapping([(key, Node::string(""))]));
        } else if let Some(data) = self.root.get_mut("data") {
            data.set(key, Node::string(""));
        }
        true
    }

    /// Removes a key, and returns whether it was there.
    pub fn remove_key(&mut self, key: &str) -> bool {
        let data = self.root.get_mut("data");
        data.and_then(|data| data.remove(key)).is_some()
    }

    /// Returns the text with all edits.
    pub fn finish(self) -> Result<String, RewriteError> {
        rewrite(&self.text, &self.root)
    }
}

/// Returns where the stub of a directory is.
#[must_use]
pub fn stub_path(directory: &TreePath) -> TreePath {
    entry(directory, STUB)
}

/// Returns where the encrypted values of a directory are.
#[must_use]
pub fn values_path(directory: &TreePath) -> TreePath {
    entry(directory, VALUES)
}

/// Returns the name of the file that holds the encrypted value of a key.
#[must_use]
pub fn value_file(key: &str) -> String {
    format!("{key}{ENCRYPTED}")
}

/// Returns the key whose encrypted value a file with this name holds, or `None` when it holds none.
#[must_use]
pub fn value_key(file_name: &str) -> Option<&str> {
    match file_name.strip_suffix(ENCRYPTED) {
        // A file that is called `.enc` keeps its name.
        Some("") => Some(file_name),
        key => key,
    }
}

/// Returns whether Kubernetes takes this for a key of a Secret.
#[must_use]
pub fn is_secret_key(key: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=MAX_KEY).contains(&key.len())
        && key.bytes().all(allowed)
        && key != "."
        && !key.starts_with("..")
}

/// Reads the text of a stub as one Secret, without aliases.
pub(super) fn read(text: &[u8]) -> Result<Node, SecretProblem> {
    let mut documents = windlass_yaml::parse(text).map_err(SecretProblem::Yaml)?;
    let count = documents.len();
    let mut root = match (documents.pop(), count) {
        (Some(document), 1) => document.root,
        _ => return Err(SecretProblem::Documents { count }),
    };
    root.expand_aliases(&Limits::default())
        .map_err(SecretProblem::Yaml)?;
    if root
        .get("sops")
        .is_some_and(|sops| sops.get("mac").is_some())
    {
        return Err(SecretProblem::EncryptedStub);
    }
    match root.get_text("kind") {
        Some("Secret") => {}
        kind => {
            let kind = kind.unwrap_or_default().to_owned();
            return Err(SecretProblem::NotSecret { kind });
        }
    }
    match root.get("data") {
        Some(data) if !data.is_mapping() && !data.is_null() => Err(SecretProblem::Data),
        _ => Ok(root),
    }
}

/// Returns whether a value of `data` cannot be meant: it is empty, is not Base64, or is one of the
/// words for "to be done" that happen to be Base64.
#[must_use]
pub fn is_placeholder(value: &Node) -> bool {
    const WORDS: [&str; 2] = ["changeme", "todo"];
    let Some(text) = value.text() else {
        return true;
    };
    let packed: String = text.split_ascii_whitespace().collect();
    value.is_null()
        || packed.is_empty()
        || STANDARD.decode(&packed).is_err()
        || WORDS.iter().any(|word| packed.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_stub_is_a_secret() {
        let mut stub = Stub::new("web");
        assert!(stub.add_key("A") && stub.add_key("B") && !stub.add_key("A"));
        insta::assert_snapshot!(stub.finish().unwrap(), @r#"
        apiVersion: v1
        kind: Secret
        metadata:
          name: web
        type: Opaque
        data:
          A: ""
          B: ""
        "#);
    }

    #[test]
    fn edits_leave_comments_and_order_alone() {
        let text = "# ours\nkind: Secret\ndata: # keys\n    B: ''   # why\n    A: ''\nmetadata: {name: x}\n";
        let mut stub = Stub::parse(text).unwrap();
        stub.add_key("C");
        stub.remove_key("A");
        insta::assert_snapshot!(stub.finish().unwrap(), @r#"
        # ours
        kind: Secret
        data: # keys
            B: ''   # why
            C: ""
        metadata: {name: x}
        "#);
    }

    #[test]
    fn data_that_is_null_or_missing_takes_a_key() {
        for text in [
            "kind: Secret\ndata:\n",
            "kind: Secret\n",
            "kind: Secret\ndata: {}\n",
        ] {
            let mut stub = Stub::parse(text).unwrap();
            stub.add_key("A");
            let edited = Stub::parse(&stub.finish().unwrap()).unwrap();
            assert_eq!(edited.keys().map(|key| key.name).collect::<Vec<_>>(), ["A"]);
        }
    }

    #[test]
    fn what_is_no_stub_is_refused() {
        let refused = |text| Stub::parse(text).unwrap_err().to_string();
        insta::assert_snapshot!(refused("kind: ConfigMap\n"), @"is not a Secret (kind: ConfigMap); decrypted values may only go into one");
        insta::assert_snapshot!(refused("kind: Secret\n---\nkind: Secret\n"), @"has 2 documents; a stub is one Secret");
        insta::assert_snapshot!(refused("kind: Secret\ndata: []\n"), @"data is not a mapping");
        insta::assert_snapshot!(refused("x: &a {}\nkind: Secret\ndata: *a\n"), @"data is not a mapping");
    }

    #[test]
    fn names_of_files_and_keys_belong_together() {
        assert_eq!(value_key("tls.crt.enc"), Some("tls.crt"));
        assert_eq!(value_key(".enc"), Some(".enc"));
        assert_eq!(value_key("NOTES.md"), None);
        assert_eq!(
            value_key(&value_file(".dockerconfigjson")),
            Some(".dockerconfigjson")
        );
        assert!(
            is_secret_key(".dockerconfigjson") && !is_secret_key("a/b") && !is_secret_key("..")
        );
    }
}
