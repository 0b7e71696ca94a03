//! The data of ConfigMaps and Secrets.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use windlass_yaml::{Mapping, Node, Value};

/// Long values of Secrets are broken into lines of this many characters.
const LINE: usize = 70;

/// A key and the bytes of its value.
pub(super) type Pair = (String, Vec<u8>);

/// Puts texts into `data` and everything else into `binaryData`.
pub(super) fn fill_config_map(node: &mut Node, mut pairs: Vec<Pair>) {
    pairs.sort();
    for (key, bytes) in pairs {
        let (field, value) = match String::from_utf8(bytes) {
            Ok(text) => ("data", text),
            Err(error) => ("binaryData", encode(error.as_bytes())),
        };
        put(node, field, &key, value);
    }
}

/// Puts all values into `data`, in Base64.
pub(super) fn fill_secret(node: &mut Node, mut pairs: Vec<Pair>) {
    pairs.sort();
    node.set("data", Node::new(Value::Mapping(Mapping::new())));
    for (key, bytes) in pairs {
        put(node, "data", &key, encode(&bytes));
    }
}

fn put(node: &mut Node, field: &str, key: &str, value: String) {
    let empty = || Node::new(Value::Mapping(Mapping::new()));
    let data = node.make_mapping().get_or_insert_with(field, empty);
    data.make_mapping()
        .push(Node::plain(key), Node::string(value));
}

/// Encodes as kustomize does: a value of more than one line ends with a line feed.
fn encode(bytes: &[u8]) -> String {
    let encoded = STANDARD.encode(bytes);
    if encoded.len() < LINE {
        return encoded;
    }
    let mut lines = String::with_capacity(encoded.len() + encoded.len() / LINE + 1);
    for start in (0..encoded.len()).step_by(LINE) {
        lines.push_str(&encoded[start..(start + LINE).min(encoded.len())]);
        lines.push('\n');
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_broken_into_lines() {
        assert_eq!(encode(b"short"), "c2hvcnQ=");
        let lines = encode(&[0; 60]);
        assert_eq!(lines.lines().map(str::len).collect::<Vec<_>>(), [70, 10]);
        assert!(lines.ends_with('\n'));
    }
}
