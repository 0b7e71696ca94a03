//! A document for people who must not see its values: what is encrypted gives way to a description.

use crate::store::{self, EmitError, Format, Style};
use crate::value::{Branch, Item, Scalar, Value};
use crate::{Document, Plaintext, SecretBytes};

/// A value to be described instead of shown.
#[derive(Clone, Copy, Debug)]
pub enum Masked<'v> {
    /// One that was opened.
    Opened(&'v SecretBytes),
    /// One that was not.
    Closed {
        /// How many bytes it has in clear.
        size: usize,
        /// Its ciphertext, `ENC[…]`, which stays the same for as long as the value does.
        ciphertext: &'v str,
    },
}

impl Document {
    /// Returns the document as YAML, whatever its format, with what `describe` says in place of each encrypted
    /// value and comment. `opened` is the document opened; without it no value is known.
    ///
    /// What is in clear stays, as it is in the file.
    pub fn masked(
        &self,
        opened: Option<&Plaintext>,
        describe: &dyn Fn(Masked<'_>) -> String,
    ) -> Result<String, EmitError> {
        let opened = opened.map(Plaintext::documents).unwrap_or_default();
        let documents = self.documents().iter().enumerate();
        let documents: Vec<Branch> = documents
            .map(|(at, closed)| mask_branch(closed, opened.get(at), describe))
            .collect();
        let text = store::emit(&documents, Format::Yaml, Style::default())?;
        Ok(String::from_utf8_lossy(text.expose()).into_owned())
    }

    /// Returns how many bytes the values of the document have in clear. No key is needed: the ciphertext
    /// of a value is as long as the value.
    pub fn plain_size(&self) -> usize {
        let size = |value: &Value| match value {
            Value::Scalar(Scalar::Text(text)) => {
                let sealed = text.expose_text().and_then(sealed_size);
                sealed.unwrap_or_else(|| text.expose().len())
            }
            Value::Scalar(other) => other.with_bytes(<[u8]>::len),
            _ => 0,
        };
        let branches = self.documents().iter();
        branches.map(|branch| sum_branch(branch, &size)).sum()
    }
}

fn sum_branch(branch: &[Item], size: &dyn Fn(&Value) -> usize) -> usize {
    let values = branch.iter().filter_map(|item| match item {
        Item::Pair(_, value) => Some(value),
        Item::Comment(_) => None,
    });
    values.map(|value| sum_value(value, size)).sum()
}

fn sum_value(value: &Value, size: &dyn Fn(&Value) -> usize) -> usize {
    match value {
        Value::Branch(branch) => sum_branch(branch, size),
        Value::List(values) => values.iter().map(|value| sum_value(value, size)).sum(),
        single => size(single),
    }
}

/// An opened document has the items of the closed one, in the same order.
fn mask_branch(
    closed: &[Item],
    opened: Option<&Branch>,
    describe: &dyn Fn(Masked<'_>) -> String,
) -> Branch {
    let items = closed.iter().enumerate().map(|(at, item)| {
        match (item, opened.and_then(|opened| opened.get(at))) {
            (Item::Comment(text), opened) => {
                let opened = match opened {
                    Some(Item::Comment(opened)) => Some(opened),
                    _ => None,
                };
                Item::Comment(mask_text(text, opened, describe))
            }
            (Item::Pair(key, value), opened) => {
                let opened = match opened {
                    Some(Item::Pair(_, opened)) => Some(opened),
                    _ => None,
                };
                Item::Pair(key.clone(), mask_value(value, opened, describe))
            }
        }
    });
    items.collect()
}

fn mask_value(
    closed: &Value,
    opened: Option<&Value>,
    describe: &dyn Fn(Masked<'_>) -> String,
) -> Value {
    match (closed, opened) {
        (Value::Branch(closed), opened) => {
            let opened = match opened {
                Some(Value::Branch(opened)) => Some(opened),
                _ => None,
            };
            Value::Branch(mask_branch(closed, opened, describe))
        }
        (Value::List(closed), opened) => {
            let opened = match opened {
                Some(Value::List(opened)) => opened.as_slice(),
                _ => &[],
            };
            let values = closed.iter().enumerate();
            let values = values.map(|(at, value)| mask_value(value, opened.get(at), describe));
            Value::List(values.collect())
        }
        (Value::Scalar(Scalar::Text(text)), opened) => {
            let opened = match opened {
                Some(Value::Scalar(scalar)) => Some(scalar.to_bytes()),
                Some(Value::Comment(text)) => Some(text.clone()),
                _ => None,
            };
            Value::Scalar(Scalar::Text(mask_text(text, opened.as_ref(), describe)))
        }
        (Value::Comment(text), opened) => {
            let opened = match opened {
                Some(Value::Comment(opened)) => Some(opened),
                _ => None,
            };
            Value::Comment(mask_text(text, opened, describe))
        }
        (clear, _) => clear.clone(),
    }
}

fn mask_text(
    text: &SecretBytes,
    opened: Option<&SecretBytes>,
    describe: &dyn Fn(Masked<'_>) -> String,
) -> SecretBytes {
    let ciphertext = text.expose_text().unwrap_or_default();
    let Some(size) = sealed_size(ciphertext) else {
        return text.clone();
    };
    let masked = match opened {
        Some(opened) => Masked::Opened(opened),
        None => Masked::Closed { size, ciphertext },
    };
    describe(masked).into()
}

/// Returns how many bytes an encrypted value has in clear, or `None` when the text is none.
fn sealed_size(text: &str) -> Option<usize> {
    let (data, _) = text.strip_prefix("ENC[AES256_GCM,data:")?.split_once(',')?;
    let padding = data.bytes().rev().take_while(|byte| *byte == b'=').count();
    Some((data.len() / 4 * 3).saturating_sub(padding))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        DataKey, Identity, KeyGroup, Keyring, MasterKey, Rules, Selection, SelectionKind, Timestamp,
    };

    fn encrypted(text: &str, rule: &str) -> (Document, Keyring) {
        let identity = Identity::generate();
        let recipient = identity.recipient().to_owned();
        let group: KeyGroup = [MasterKey::Age { recipient }].into_iter().collect();
        let mut keyring = Keyring::new();
        keyring.add(identity);
        let mut random = |bytes: &mut [u8]| bytes.fill(7);
        let now = Timestamp::from_unix(1_769_850_300);
        let key = DataKey::generate(&mut random);
        let keys = key.wrapping(&[group], 0, &now, &mut random).unwrap();
        let keys = keys.ask(&keyring).unwrap();
        let rules = Rules {
            selection: Selection::new(SelectionKind::EncryptedRegex, rule).unwrap(),
            ..Rules::default()
        };
        let plaintext = Plaintext::parse(text.as_bytes(), Format::Yaml).unwrap();
        let document = plaintext.encrypt(&key, keys, rules, &now, &mut random);
        (document.unwrap(), keyring)
    }

    const TEXT: &str = "kind: Secret\n# canary-comment\ndata:\n    a: canary-a\n    # canary-b\n    l:\n        - canary-l\n        - 12\n        # canary-m\n    empty: \"\"\n";

    fn describe(masked: Masked<'_>) -> String {
        match masked {
            Masked::Opened(value) => format!("<{} bytes>", value.expose().len()),
            Masked::Closed { size, .. } => format!("<{size} bytes, closed>"),
        }
    }

    #[test]
    fn encrypted_values_give_way_to_their_description_and_the_rest_stays() {
        let (document, keyring) = encrypted(TEXT, "^data$");
        let opened = document.decrypt(&keyring).unwrap();
        let masked = document.masked(Some(&opened), &describe).unwrap();
        insta::assert_snapshot!(masked, @r#"
        kind: Secret
        # canary-comment
        data:
            a: <8 bytes>
            #<9 bytes>
            l:
                - <8 bytes>
                - <2 bytes>
                - <9 bytes>
            empty: ""
        "#);
        let closed = document.masked(None, &describe).unwrap();
        assert_eq!(closed, masked.replace(" bytes>", " bytes, closed>"));
    }

    #[test]
    fn the_size_is_that_of_the_plaintext() {
        for size in 0..10 {
            let text = format!("a: \"{}\"\n", "x".repeat(size));
            let (document, _) = encrypted(&text, "");
            assert_eq!(document.plain_size(), size);
        }
    }
}
