//! The walk over a document that opens its values and computes its MAC.

use crate::cipher::{Cipher, Opened};
use crate::metadata::Metadata;
use crate::value::{Branch, Item, Scalar, Value};
use crate::{DataKey, DecryptError, SecretBytes, ValueProblem, Warning};

use super::mac::Mac;
use super::stash::Stash;
use super::trail::Trail;

pub(super) struct Opener<'d> {
    cipher: Cipher,
    trail: Trail<'d>,
    mac: Mac,
    /// The ciphertexts, when the document is to be encrypted again.
    stash: Option<Stash>,
    warnings: Vec<Warning>,
}

impl<'d> Opener<'d> {
    pub(super) fn new(key: &DataKey, metadata: &'d Metadata, stash: Option<Stash>) -> Self {
        let invalid = metadata.rules.selection.check().err();
        let warning = |invalid: crate::InvalidPattern| Warning::InvalidPattern {
            field: invalid.field,
            pattern: invalid.pattern,
        };
        Self {
            cipher: Cipher::new(key),
            trail: Trail::new(&metadata.rules.selection),
            mac: Mac::new(&metadata.rules),
            stash,
            warnings: invalid.map(warning).into_iter().collect(),
        }
    }

    /// Returns what was odd, and the ciphertexts.
    pub(super) fn take_findings(&mut self) -> (Vec<Warning>, Stash) {
        let mut warnings = std::mem::take(&mut self.warnings);
        warnings.extend(self.trail.unmatched_rule());
        (warnings, self.stash.take().unwrap_or_default())
    }

    pub(super) fn open_document(&mut self, branch: &'d [Item]) -> Result<Branch, DecryptError> {
        self.trail.enter_document();
        self.open_branch(branch)
    }

    fn open_branch(&mut self, branch: &'d [Item]) -> Result<Branch, DecryptError> {
        self.trail.enter();
        let opened = branch.iter().map(|item| self.open_item(item)).collect();
        self.trail.leave();
        opened
    }

    fn open_item(&mut self, item: &'d Item) -> Result<Item, DecryptError> {
        match item {
            Item::Comment(text) => Ok(Item::Comment(self.open_comment(text))),
            Item::Pair(key, value) => {
                let mark = self.trail.enter_key(key);
                let opened = self.open_value(value)?;
                if matches!((value, &opened), (Value::Scalar(_), Value::Comment(_))) {
                    let value_type = "comment";
                    return Err(self.refuse(ValueProblem::WrongType { value_type }));
                }
                self.trail.leave_key(&mark);
                Ok(Item::Pair(key.clone(), opened))
            }
        }
    }

    fn open_value(&mut self, value: &'d Value) -> Result<Value, DecryptError> {
        Ok(match value {
            Value::Null => Value::Null,
            Value::Branch(branch) => Value::Branch(self.open_branch(branch)?),
            Value::List(values) => Value::List(self.open_list(values)?),
            Value::Comment(text) => Value::Comment(self.open_comment(text)),
            Value::Scalar(scalar) => self.open_scalar(scalar)?,
        })
    }

    fn open_list(&mut self, values: &'d [Value]) -> Result<Vec<Value>, DecryptError> {
        self.trail.enter();
        let mut opened = Vec::with_capacity(values.len());
        for (position, value) in values.iter().enumerate() {
            self.trail.enter_position(position);
            opened.push(self.open_value(value)?);
            let is_comment = matches!(value, Value::Comment(_));
            self.trail.leave_position(is_comment);
        }
        self.trail.leave();
        Ok(opened)
    }

    fn open_scalar(&mut self, scalar: &Scalar) -> Result<Value, DecryptError> {
        let encrypted = self.trail.encrypts(false);
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
            Opened::Comment(text) => {
                self.trail.pass_comment(None);
                Ok(Value::Comment(text))
            }
            Opened::Scalar(scalar) => {
                self.mac.add(&scalar, encrypted);
                Ok(Value::Scalar(scalar))
            }
        }
    }

    fn open_text(&mut self, text: &SecretBytes) -> Result<Opened, ValueProblem> {
        match text.expose_text() {
            Some(text) if text.starts_with("ENC[") => {
                let place = self.trail.authenticated();
                let opened = self.cipher.open(text, place)?;
                if let Some(stash) = &mut self.stash {
                    stash.keep(place, &opened, text);
                }
                Ok(opened)
            }
            _ => Err(ValueProblem::NotEncrypted),
        }
    }

    /// Comments are not in the MAC. One that cannot be opened was perhaps never encrypted: it stays.
    fn open_comment(&mut self, text: &SecretBytes) -> SecretBytes {
        self.trail.pass_comment(text.expose_text());
        if !self.trail.encrypts(true) {
            return text.clone();
        }
        if let Ok(Opened::Comment(opened)) = self.open_text(text) {
            return opened;
        }
        if text.expose().starts_with(b"ENC[") {
            let (below, at) = (self.trail.path(), self.trail.comment());
            Warning::comment_left_encrypted(&below, at).push(&mut self.warnings);
        }
        text.clone()
    }

    fn refuse(&self, problem: ValueProblem) -> DecryptError {
        DecryptError::Value {
            document: self.trail.document(),
            path: self.trail.path(),
            problem,
        }
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
        if stored == self.mac.finish() {
            Ok(())
        } else {
            Err(DecryptError::MacMismatch)
        }
    }
}
