//! The block as sops 3.11 writes it.

use super::{Metadata, keys};
use crate::value::{Branch, Item, Scalar, Value};
use crate::{Format, KeyType, Rules, WrappedKey};

impl Metadata {
    /// Returns the block in this format for a document that was read as `content`; fields in the order of
    /// sops 3.11, empty ones left out.
    pub(crate) fn to_block(&self, format: Format, content: Format) -> Branch {
        let mut block = Block(Branch::new());
        if self.keys.threshold != 0 {
            let threshold = i64::try_from(self.keys.threshold).unwrap_or(i64::MAX);
            block.push("shamir_threshold", Value::Scalar(Scalar::Int(threshold)));
        }
        let flat = match &self.keys.groups[..] {
            [group] => &group[..],
            groups => {
                let groups = groups.iter().map(|group| group_value(group, format));
                block.push("key_groups", Value::List(groups.collect()));
                &[]
            }
        };
        for key_type in KeyType::STORED {
            // Between the other keys and PGP stand the time and the MAC.
            if key_type != KeyType::Pgp {
                block.push_keys(flat, key_type);
            }
        }
        block.push_text("lastmodified", &self.last_modified.to_seconds());
        block.push_text("mac", &self.mac);
        block.push_keys(flat, KeyType::Pgp);
        // What was read as binary has one value, and needs no rules.
        if content != Format::Binary || self.rules != Rules::default() {
            let selection = &self.rules.selection;
            block.push_text(selection.kind().field(), selection.text());
            if self.rules.mac_only_encrypted {
                block.push("mac_only_encrypted", Value::Scalar(Scalar::Bool(true)));
            }
        }
        block.push_text("version", &self.version);
        block.0
    }
}

struct Block(Branch);

impl Block {
    fn push(&mut self, name: &str, value: Value) {
        self.0.push(Item::Pair(name.to_owned(), value));
    }

    fn push_text(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.push(name, Value::Scalar(Scalar::Text(text.into())));
        }
    }

    fn push_keys(&mut self, keys: &[WrappedKey], key_type: KeyType) {
        let keys = entries(keys, key_type);
        if !keys.is_empty() {
            self.push(key_type.name(), Value::List(keys));
        }
    }
}

fn entries(keys: &[WrappedKey], key_type: KeyType) -> Vec<Value> {
    let keys = keys.iter().filter(|key| key.key.key_type() == key_type);
    keys.map(keys::entry).collect()
}

/// Returns one of several groups. sops 3.11 writes two of its lists even when they are empty.
fn group_value(group: &[WrappedKey], format: Format) -> Value {
    const ORDER: [KeyType; 7] = [
        KeyType::Pgp,
        KeyType::AwsKms,
        KeyType::GcpKms,
        KeyType::HuaweiKms,
        KeyType::AzureKeyVault,
        KeyType::HashicorpVault,
        KeyType::Age,
    ];
    let mut block = Block(Branch::new());
    for key_type in ORDER {
        let keys = entries(group, key_type);
        let always = matches!(key_type, KeyType::HashicorpVault | KeyType::Age);
        let value = match (keys.is_empty(), format) {
            (true, _) if !always => continue,
            (true, Format::Yaml) => Value::List(Vec::new()),
            (true, _) => Value::Null,
            (false, _) => Value::List(keys),
        };
        block.push(key_type.name(), value);
    }
    Value::Branch(block.0)
}
