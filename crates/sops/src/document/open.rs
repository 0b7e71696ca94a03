//! The walk over a document that opens its values and computes its MAC.

use std::fmt::{self, Write};

use sha2::{Digest, Sha256, Sha512};

use crate::cipher::{Cipher, Opened};
use crate::metadata::Metadata;
use crate::plaintext::Warning;
use crate::selection::{ActiveComments, Place, Rule};
use crate::value::{Branch, Item, Scalar, Value};
use crate::{DecryptError, SecretBytes, ValueProblem};

pub(super) struct Opener<'m> {
    cipher: Cipher,
    rule: &'m Rule,
    mac_only_encrypted: bool,
    hash: Sha512,
    /// The keys from the root to the current value.
    keys: Vec<String>,
    /// The same, as sops authenticates it with each value: `a:b:`.
    authenticated: String,
    /// The same with list positions, as it is shown: `["a"]["b"][0]`.
    shown: String,
    /// For each level, the comments before the current value.
    comments: Vec<ActiveComments>,
    warnings: Vec<Warning>,
}

impl<'m> Opener<'m> {
    pub(super) fn new(key: SecretBytes, metadata: &'m Metadata) -> Self {
        let mut hash = Sha512::new();
        if metadata.mac_only_encrypted {
            // Tells the two kinds of MAC apart: the constant of sops is the hash of its name.
            hash.update(Sha256::digest(b"sops"));
        }
        let invalid = metadata.rule.invalid_pattern().map(str::to_owned);
        Self {
            cipher: Cipher::new(key).expect("the length of the data key was checked"),
            rule: &metadata.rule,
            mac_only_encrypted: metadata.mac_only_encrypted,
            hash,
            keys: Vec::new(),
            authenticated: String::new(),
            shown: String::new(),
            comments: Vec::new(),
            warnings: invalid
                .map(|pattern| Warning::InvalidPattern { pattern })
                .into_iter()
                .collect(),
        }
    }

    pub(super) fn take_warnings(&mut self) -> Vec<Warning> {
        std::mem::take(&mut self.warnings)
    }

    pub(super) fn open_document(&mut self, document: &Branch) -> Result<Branch, DecryptError> {
        self.open_branch(document)
    }

    fn open_branch(&mut self, branch: &[Item]) -> Result<Branch, DecryptError> {
        self.comments.push(ActiveComments::default());
        let opened = branch.iter().map(|item| self.open_item(item)).collect();
        self.comments.pop();
        opened
    }

    fn open_item(&mut self, item: &Item) -> Result<Item, DecryptError> {
        match item {
            Item::Comment(text) => Ok(Item::Comment(self.open_comment(text))),
            Item::Pair(key, value) => {
                let (authenticated, shown) = (self.authenticated.len(), self.shown.len());
                self.authenticated.push_str(key);
                self.authenticated.push(':');
                self.show(format_args!("[{key:?}]"));
                self.keys.push(key.clone());
                let opened = self.open_value(value)?;
                self.keys.pop();
                self.authenticated.truncate(authenticated);
                self.shown.truncate(shown);
                self.forget_comments();
                if matches!((value, &opened), (Value::Scalar(_), Value::Comment(_))) {
                    let value_type = "comment";
                    return Err(self.refuse(ValueProblem::WrongType { value_type }));
                }
                Ok(Item::Pair(key.clone(), opened))
            }
        }
    }

    fn open_value(&mut self, value: &Value) -> Result<Value, DecryptError> {
        Ok(match value {
            Value::Null => Value::Null,
            Value::Branch(branch) => Value::Branch(self.open_branch(branch)?),
            Value::List(values) => Value::List(self.open_list(values)?),
            Value::Comment(text) => Value::Comment(self.open_comment(text)),
            Value::Scalar(scalar) => self.open_scalar(scalar)?,
        })
    }

    fn open_list(&mut self, values: &[Value]) -> Result<Vec<Value>, DecryptError> {
        self.comments.push(ActiveComments::default());
        let mut opened = Vec::with_capacity(values.len());
        for (position, value) in values.iter().enumerate() {
            let shown = self.shown.len();
            self.show(format_args!("[{position}]"));
            opened.push(self.open_value(value)?);
            self.shown.truncate(shown);
            if !matches!(value, Value::Comment(_)) {
                self.forget_comments();
            }
        }
        self.comments.pop();
        Ok(opened)
    }

    fn open_scalar(&mut self, scalar: &Scalar) -> Result<Value, DecryptError> {
        let encrypted = self.encrypts(false);
        let opened = match scalar {
            scalar if !encrypted => Opened::Scalar(scalar.clone()),
            // The empty text is never encrypted.
            Scalar::Text(text) if text.is_empty() => Opened::Scalar(scalar.clone()),
            Scalar::Text(text) => self
                .open_text(text)
                .map_err(|problem| self.refuse(problem))?,
            _ => return Err(self.refuse(ValueProblem::NotEncrypted)),
        };
        match opened {
            Opened::Comment(text) => Ok(Value::Comment(text)),
            Opened::Scalar(scalar) => {
                if encrypted || !self.mac_only_encrypted {
                    self.hash.update(scalar.to_bytes().expose());
                }
                Ok(Value::Scalar(scalar))
            }
        }
    }

    fn open_text(&self, text: &SecretBytes) -> Result<Opened, ValueProblem> {
        match text.expose_text() {
            Some(text) if text.starts_with("ENC[") => self.cipher.open(text, self.place()),
            _ => Err(ValueProblem::NotEncrypted),
        }
    }

    /// Comments are not in the MAC. One that cannot be opened was perhaps never encrypted: it stays.
    fn open_comment(&mut self, text: &SecretBytes) -> SecretBytes {
        let Some(line) = text.expose_text() else {
            return text.clone();
        };
        if let Some(level) = self.comments.last_mut() {
            level.add(self.rule, line);
        }
        if !self.encrypts(true) {
            return text.clone();
        }
        if let Ok(Opened::Comment(opened)) = self.cipher.open(line, self.place()) {
            return opened;
        }
        if line.starts_with("ENC[") {
            let below = self.shown.clone();
            self.warnings.push(Warning::CommentLeftEncrypted { below });
        }
        text.clone()
    }

    fn show(&mut self, step: fmt::Arguments<'_>) {
        self.shown
            .write_fmt(step)
            .expect("writing to a String cannot fail");
    }

    fn encrypts(&self, is_comment: bool) -> bool {
        self.rule.encrypts(&Place {
            keys: &self.keys,
            comments: &self.comments,
            is_comment,
        })
    }

    fn place(&self) -> &str {
        if self.authenticated.is_empty() {
            ":"
        } else {
            &self.authenticated
        }
    }

    fn forget_comments(&mut self) {
        if let Some(level) = self.comments.last_mut() {
            *level = ActiveComments::default();
        }
    }

    fn refuse(&self, problem: ValueProblem) -> DecryptError {
        let value = self.shown.clone();
        DecryptError::Value { value, problem }
    }

    /// Compares the MAC of the values that were opened with the one of the document.
    pub(super) fn verify_mac(self, metadata: &Metadata) -> Result<(), DecryptError> {
        if metadata.mac.is_empty() {
            return Err(DecryptError::MissingMac);
        }
        let place = metadata.last_modified.to_seconds();
        let stored = match self.cipher.open(&metadata.mac, &place) {
            Ok(Opened::Scalar(Scalar::Text(ref stored))) => stored.clone(),
            Ok(_) => return Err(DecryptError::MacMismatch),
            Err(problem) => return Err(DecryptError::Mac { problem }),
        };
        let computed = hex_upper(&self.hash.finalize());
        if stored.expose() == computed.as_bytes() {
            Ok(())
        } else {
            Err(DecryptError::MacMismatch)
        }
    }
}

fn hex_upper(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02X}").expect("writing to a String cannot fail");
        text
    })
}
