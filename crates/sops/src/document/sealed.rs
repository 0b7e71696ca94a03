//! Encrypted values by their text: for callers that carry the text along and put the value in its place
//! later, as one does who builds manifests without looking into their secrets.

use super::{DecryptError, Document, MacCheck, ParseError, check_limits, check_size};
use crate::metadata::Metadata;
use crate::store::{self, EmitError, Format, Style};
use crate::value::{Branch, Item, Scalar, Value, get};
use crate::{DataKey, SecretBytes, Step, ValuePath, Warning};

/// How every encrypted text begins.
const BEGINNING: &[u8] = b"ENC[AES256_GCM,";

/// An encrypted value of a document, as it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed<'d> {
    /// The text: `ENC[AES256_GCM,…]`.
    pub text: &'d str,
    /// Which document of a YAML stream it is in, counted from 0.
    pub document: usize,
    /// Where it stands in that document.
    pub path: ValuePath,
}

/// What an encrypted text stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revealed {
    /// A text.
    Text(SecretBytes),
    /// A number, a truth value or a time, as JSON has it.
    Json(SecretBytes),
    /// A comment in a list, which is no value.
    Comment,
}

/// All encrypted values of a document, and what they stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevealedValues<'d> {
    /// The values, in the order of the document.
    pub values: Vec<(Sealed<'d>, Revealed)>,
    /// What was odd.
    pub warnings: Vec<Warning>,
}

/// Why encrypted values cannot be revealed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RevealError {
    /// The document cannot be decrypted.
    #[error(transparent)]
    Decrypt(#[from] DecryptError),
    /// A value is none that can be written.
    #[error(transparent)]
    Emit(#[from] EmitError),
}

impl Document {
    /// Parses a text in which several documents may have been encrypted one by one, and others not at all.
    ///
    /// Neighbours in a YAML stream with the same metadata are one document, as sops writes them. What has no
    /// metadata is left out.
    pub fn parse_each(
        bytes: &[u8],
        format: Format,
    ) -> Result<Vec<Result<Self, ParseError>>, ParseError> {
        check_size(bytes)?;
        let store::Parsed {
            documents,
            warnings,
        } = store::parse(bytes, format)?;
        check_limits(&documents)?;
        let mut groups: Vec<(Value, Vec<Branch>)> = Vec::new();
        for mut document in documents {
            let Some(block) = get(&document, "sops").cloned() else {
                continue;
            };
            document.retain(|item| !matches!(item, Item::Pair(key, _) if key == "sops"));
            match groups.last_mut() {
                Some((last, documents)) if *last == block => documents.push(document),
                _ => groups.push((block, vec![document])),
            }
        }
        let groups = groups.into_iter().map(|(block, documents)| {
            Ok(Self {
                format,
                metadata: Metadata::parse(Some(&block))?,
                documents,
                warnings: warnings.clone(),
            })
        });
        Ok(groups.collect())
    }

    /// Returns the encrypted MAC as it stands in the metadata; empty when there is none.
    pub fn mac_text(&self) -> &str {
        &self.metadata.mac
    }

    /// Returns the encrypted values, in order. No key is needed.
    pub fn sealed(&self) -> Vec<Sealed<'_>> {
        let pairs = self.pairs(&[]);
        pairs.into_iter().map(|(sealed, _)| sealed).collect()
    }

    /// Returns the text at the top of one of the documents of a YAML stream, such as `kind`; it may be
    /// encrypted.
    pub fn top_text(&self, document: usize, key: &str) -> Option<&str> {
        get(self.documents.get(document)?, key)?.as_text()
    }

    /// Opens the document and returns its encrypted values with what each stands for.
    pub fn reveal(&self, key: &DataKey, mac: MacCheck) -> Result<RevealedValues<'_>, RevealError> {
        let plaintext = self.decrypt_with(key, mac)?;
        let pairs = self.pairs(plaintext.documents()).into_iter();
        let revealed = pairs.map(|(sealed, opened)| match opened {
            Some(opened) => Ok((sealed, reveal(opened)?)),
            None => Err(EmitError::NoData),
        });
        Ok(RevealedValues {
            values: revealed.collect::<Result<_, EmitError>>()?,
            warnings: plaintext.warnings().to_vec(),
        })
    }

    /// Returns the encrypted values together with those at the same places of `opened`.
    fn pairs<'d, 'o>(&'d self, opened: &'o [Branch]) -> Vec<(Sealed<'d>, Option<&'o Value>)> {
        let mut found = Vec::new();
        for (document, branch) in self.documents.iter().enumerate() {
            let start = found.len();
            let opened = opened.get(document).map(Vec::as_slice);
            add_branch(branch, opened, &mut ValuePath::default(), &mut found);
            for (sealed, _) in &mut found[start..] {
                sealed.document = document;
            }
        }
        found
    }
}

fn reveal(value: &Value) -> Result<Revealed, EmitError> {
    Ok(match value {
        Value::Scalar(Scalar::Text(text)) => Revealed::Text(text.clone()),
        Value::Comment(_) => Revealed::Comment,
        other => Revealed::Json(store::emit_value(other, Format::Json, Style::default())?),
    })
}

type Pairs<'d, 'o> = Vec<(Sealed<'d>, Option<&'o Value>)>;

fn add_branch<'d, 'o>(
    branch: &'d [Item],
    opened: Option<&'o [Item]>,
    path: &mut ValuePath,
    found: &mut Pairs<'d, 'o>,
) {
    for (index, item) in branch.iter().enumerate() {
        if let Item::Pair(key, value) = item {
            let opened = match opened.and_then(|opened| opened.get(index)) {
                Some(Item::Pair(_, opened)) => Some(opened),
                _ => None,
            };
            path.steps.push(Step::Key(key.clone()));
            add_value(value, opened, path, found);
            path.steps.pop();
        }
    }
}

fn add_value<'d, 'o>(
    value: &'d Value,
    opened: Option<&'o Value>,
    path: &mut ValuePath,
    found: &mut Pairs<'d, 'o>,
) {
    match value {
        Value::Branch(branch) => {
            let opened = match opened {
                Some(Value::Branch(opened)) => Some(opened.as_slice()),
                _ => None,
            };
            add_branch(branch, opened, path, found);
        }
        Value::List(values) => {
            let opened = match opened {
                Some(Value::List(opened)) => opened.as_slice(),
                _ => &[],
            };
            for (index, value) in values.iter().enumerate() {
                path.steps.push(Step::Index(index));
                add_value(value, opened.get(index), path, found);
                path.steps.pop();
            }
        }
        Value::Scalar(Scalar::Text(text)) if text.expose().starts_with(BEGINNING) => {
            let sealed = text.expose_text().map(|text| Sealed {
                text,
                document: 0,
                path: path.clone(),
            });
            found.extend(sealed.map(|sealed| (sealed, opened)));
        }
        Value::Null | Value::Comment(_) | Value::Scalar(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Identity, KeyGroup, Keyring, MasterKey, Rules, Timestamp};

    const TEXT: &str = "\
kind: Secret
stringData:
    port: 5432
    # a comment
    list:
        # about x
        - x
        - true
---
kind: ConfigMap
empty: \"\"
none: null
";

    /// Returns the text encrypted, and the key that opens it.
    fn encrypted() -> (String, Keyring) {
        let mut seed = 1_u8;
        let mut random = move |bytes: &mut [u8]| {
            for byte in bytes {
                seed = seed.wrapping_mul(181).wrapping_add(7);
                *byte = seed;
            }
        };
        let identity = Identity::generate();
        let recipient = identity.recipient().to_owned();
        let group: KeyGroup = [MasterKey::Age { recipient }].into_iter().collect();
        let mut keyring = Keyring::new();
        keyring.add(identity);
        let now = Timestamp::from_unix(1_769_850_300);
        let key = DataKey::generate(&mut random);
        let keys = key.wrapping(&[group], 0, &now, &mut random).unwrap();
        let keys = keys.ask(&keyring).unwrap();
        let plaintext = crate::Plaintext::parse(TEXT.as_bytes(), Format::Yaml).unwrap();
        let document = plaintext.encrypt(&key, keys, Rules::default(), &now, &mut random);
        let bytes = document.unwrap().to_bytes(Style::default()).unwrap();
        (String::from_utf8(bytes).unwrap(), keyring)
    }

    fn shown(revealed: &Revealed) -> String {
        match revealed {
            Revealed::Text(text) => format!("text {}", text.expose_text().unwrap()),
            Revealed::Json(json) => format!("json {}", json.expose_text().unwrap()),
            Revealed::Comment => "comment".to_owned(),
        }
    }

    #[test]
    fn every_encrypted_text_is_found_and_revealed() {
        let (text, keyring) = encrypted();
        let documents = Document::parse_each(text.as_bytes(), Format::Yaml).unwrap();
        let [Ok(document)] = documents.as_slice() else {
            panic!("{documents:?}");
        };
        let key = document.data_key(&keyring).unwrap();
        let revealed = document.reveal(&key, MacCheck::Verify).unwrap().values;
        let lines: Vec<_> = revealed
            .iter()
            .map(|(sealed, revealed)| {
                assert!(text.contains(sealed.text));
                format!("{} {}: {}", sealed.document, sealed.path, shown(revealed))
            })
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        0 ["kind"]: text Secret
        0 ["stringData"]["port"]: json 5432
        0 ["stringData"]["list"][0]: comment
        0 ["stringData"]["list"][1]: text x
        0 ["stringData"]["list"][2]: json true
        1 ["kind"]: text ConfigMap
        "#);
        let sealed: Vec<_> = revealed.into_iter().map(|(sealed, _)| sealed).collect();
        assert_eq!(document.sealed(), sealed);
    }

    #[test]
    fn documents_that_were_encrypted_one_by_one_stay_apart() {
        let ((one, _), (two, _)) = (encrypted(), encrypted());
        let text = format!("{one}---\nkind: Service\n---\n{two}---\nkind: X\nsops: {{}}\n");
        let documents = Document::parse_each(text.as_bytes(), Format::Yaml).unwrap();
        let macs = documents.iter().map(|document| {
            let document = document.as_ref().map_err(ToString::to_string);
            document.map(|document| (document.documents.len(), document.has_mac()))
        });
        let macs: Vec<_> = macs.collect();
        assert_eq!(macs[..2], [Ok((2, true)), Ok((2, true))]);
        assert!(macs[2].is_err() && macs.len() == 3);
    }
}
