//! The walk over a plaintext that encrypts its values and computes its MAC.

use crate::cipher::{Cipher, Opened};
use crate::value::{Branch, Item, Scalar, Value};
use crate::{DataKey, EncryptError, Random, Rules, SecretBytes, SelectionKind, Timestamp, Warning};

use super::mac::Mac;
use super::nonces::Nonces;
use super::stash::Stash;
use super::trail::Trail;

pub(super) struct Sealer<'s> {
    cipher: Cipher,
    trail: Trail<'s>,
    mac: Mac,
    rules: &'s Rules,
    stash: Stash,
    nonces: Nonces<'s>,
}

impl<'s> Sealer<'s> {
    pub(super) fn new(
        key: &DataKey,
        rules: &'s Rules,
        stash: Stash,
        random: &'s mut dyn Random,
    ) -> Self {
        Self {
            cipher: Cipher::new(key),
            trail: Trail::new(&rules.selection),
            mac: Mac::new(rules),
            rules,
            stash,
            nonces: Nonces::new(random),
        }
    }

    pub(super) fn seal_document(&mut self, branch: &'s [Item]) -> Result<Branch, EncryptError> {
        self.trail.enter_document();
        self.seal_branch(branch)
    }

    fn seal_branch(&mut self, branch: &'s [Item]) -> Result<Branch, EncryptError> {
        self.trail.enter();
        let sealed = branch.iter().map(|item| self.seal_item(item)).collect();
        self.trail.leave();
        sealed
    }

    fn seal_item(&mut self, item: &'s Item) -> Result<Item, EncryptError> {
        match item {
            Item::Comment(text) => Ok(Item::Comment(match self.seal_comment(text)? {
                Some(sealed) => sealed.into(),
                None => text.clone(),
            })),
            Item::Pair(key, value) => {
                let mark = self.trail.enter_key(key);
                let sealed = self.seal_value(value)?;
                self.trail.leave_key(&mark);
                Ok(Item::Pair(key.clone(), sealed))
            }
        }
    }

    fn seal_value(&mut self, value: &'s Value) -> Result<Value, EncryptError> {
        Ok(match value {
            Value::Null => Value::Null,
            Value::Branch(branch) => Value::Branch(self.seal_branch(branch)?),
            Value::List(values) => Value::List(self.seal_list(values)?),
            Value::Scalar(scalar) => Value::Scalar(self.seal_scalar(scalar)),
            // In a list an encrypted comment is written as an element.
            Value::Comment(text) => match self.seal_comment(text)? {
                Some(sealed) => Value::Scalar(Scalar::Text(sealed.into())),
                None => value.clone(),
            },
        })
    }

    fn seal_list(&mut self, values: &'s [Value]) -> Result<Vec<Value>, EncryptError> {
        self.trail.enter();
        let mut sealed = Vec::with_capacity(values.len());
        for (position, value) in values.iter().enumerate() {
            self.trail.enter_position(position);
            sealed.push(self.seal_value(value)?);
            let is_comment = matches!(value, Value::Comment(_));
            self.trail.leave_position(is_comment);
        }
        self.trail.leave();
        Ok(sealed)
    }

    fn seal_scalar(&mut self, scalar: &Scalar) -> Scalar {
        let encrypted = self.trail.encrypts(false);
        self.mac.add(scalar, encrypted);
        let is_empty = matches!(scalar, Scalar::Text(text) if text.is_empty());
        if !encrypted || is_empty {
            return scalar.clone();
        }
        Scalar::Text(self.seal(&Opened::Scalar(scalar.clone())).into())
    }

    /// Returns the encrypted comment, or `None` when it stays in clear.
    fn seal_comment(&mut self, text: &SecretBytes) -> Result<Option<String>, EncryptError> {
        self.trail.pass_comment(text.expose_text());
        if text.is_empty() || !self.trail.encrypts(true) {
            return Ok(None);
        }
        let sealed = self.seal(&Opened::Comment(text.clone()));
        let selection = &self.rules.selection;
        let ambiguous = selection.kind() == SelectionKind::UnencryptedCommentRegex
            && selection.matches_comment(&sealed);
        if ambiguous {
            let pattern = selection.text().to_owned();
            let at = self.trail.comment();
            return Err(EncryptError::CommentMatches { pattern, at });
        }
        Ok(Some(sealed))
    }

    fn seal(&mut self, value: &Opened) -> String {
        let place = self.trail.authenticated();
        let kept = self.stash.take(place, value);
        kept.unwrap_or_else(|| self.cipher.seal(value, place, &mut self.nonces))
    }

    /// Returns what is odd about the rule.
    pub(super) fn warning(&self) -> Option<Warning> {
        self.trail.unmatched_rule()
    }

    /// Returns the encrypted MAC of the values that were encrypted.
    pub(super) fn seal_mac(mut self, now: &Timestamp) -> String {
        let mac = Opened::Scalar(Scalar::Text(self.mac.finish()));
        self.cipher.seal(&mac, &now.to_seconds(), &mut self.nonces)
    }
}
