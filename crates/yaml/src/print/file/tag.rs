//! Tags as they are written before a node.

use std::fmt::Write;

use super::{Node, Resolved};

/// Returns the tag that is written before a node. go-yaml v3 does not recognise the merge key when it
/// prints one, and so gives it a tag.
pub(super) fn written_tag(node: &Node) -> Option<String> {
    match node.tag() {
        Some(tag) => Some(short_tag(tag)),
        None if matches!(node.resolve(), Resolved::Merge) => Some("!!merge".to_owned()),
        None => None,
    }
}

/// Returns a tag as it is written.
fn short_tag(tag: &str) -> String {
    if let Some(suffix) = tag.strip_prefix('!') {
        return format!("!{}", escape_tag(suffix));
    }
    match tag.strip_prefix("tag:yaml.org,2002:") {
        Some(suffix) => format!("!!{}", escape_tag(suffix)),
        None => format!("!<{}>", escape_tag(tag)),
    }
}

fn escape_tag(tag: &str) -> String {
    let mut escaped = String::with_capacity(tag.len());
    for byte in tag.bytes() {
        if byte.is_ascii_alphanumeric() || b"_-;/?:@&=+$,.~*'()[]".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            write!(escaped, "%{byte:02X}").expect("writing to a string does not fail");
        }
    }
    escaped
}
