//! Values that are not encrypted although they should be.

use super::trail::Trail;
use crate::cipher;
use crate::value::{Item, Scalar, Value};
use crate::{DecryptError, Document, ValueProblem};

impl Document {
    /// Checks that no value stands in clear which the rules of the document want encrypted. No key is
    /// needed, so this says nothing of what an encrypted value holds. Comments are not looked at.
    ///
    /// # Errors
    ///
    /// The first value in clear.
    pub fn check_encrypted(&self) -> Result<(), DecryptError> {
        let mut search = Search(Trail::new(&self.metadata.rules.selection));
        self.documents.iter().try_for_each(|document| {
            search.0.enter_document();
            search.branch(document)
        })
    }
}

struct Search<'d>(Trail<'d>);

impl<'d> Search<'d> {
    fn branch(&mut self, branch: &'d [Item]) -> Result<(), DecryptError> {
        self.0.enter();
        branch.iter().try_for_each(|item| self.item(item))?;
        self.0.leave();
        Ok(())
    }

    fn item(&mut self, item: &'d Item) -> Result<(), DecryptError> {
        match item {
            Item::Comment(text) => self.0.pass_comment(text.expose_text()),
            Item::Pair(key, value) => {
                let mark = self.0.enter_key(key);
                self.value(value)?;
                self.0.leave_key(&mark);
            }
        }
        Ok(())
    }

    fn value(&mut self, value: &'d Value) -> Result<(), DecryptError> {
        match value {
            Value::Null => Ok(()),
            Value::Branch(branch) => self.branch(branch),
            Value::List(values) => self.list(values),
            Value::Comment(text) => {
                self.0.pass_comment(text.expose_text());
                Ok(())
            }
            Value::Scalar(scalar) if !self.0.encrypts(false) || is_sealed(scalar) => Ok(()),
            Value::Scalar(_) => Err(DecryptError::Value {
                document: self.0.document(),
                path: self.0.path(),
                problem: ValueProblem::NotEncrypted,
            }),
        }
    }

    fn list(&mut self, values: &'d [Value]) -> Result<(), DecryptError> {
        self.0.enter();
        for (position, value) in values.iter().enumerate() {
            self.0.enter_position(position);
            self.value(value)?;
            self.0.leave_position(matches!(value, Value::Comment(_)));
        }
        self.0.leave();
        Ok(())
    }
}

/// Returns whether a value is ciphertext; the empty text is never encrypted.
fn is_sealed(scalar: &Scalar) -> bool {
    match scalar {
        Scalar::Text(text) => text.is_empty() || text.expose_text().is_some_and(cipher::is_sealed),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::{DecryptError, Document, Format};

    const SEALED: &str = "ENC[AES256_GCM,data:QQ==,iv:QQ==,tag:QQ==,type:str]";

    fn first_in_clear(values: &str) -> Option<String> {
        let text = format!(
            r#"{{{values}, "sops": {{"age": [{{"recipient": "age1a", "enc": "x"}}],
            "lastmodified": "2026-01-31T09:05:00Z", "mac": "ENC[]", "version": "3.11.0"}}}}"#
        );
        let document = Document::parse(text.as_bytes(), Format::Json).unwrap();
        match document.check_encrypted() {
            Ok(()) => None,
            Err(DecryptError::Value { path, .. }) => Some(path.to_string()),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn what_the_rules_leave_in_clear_and_what_is_empty_is_fine() {
        let values = format!(
            r#""a": "{SEALED}", "b_unencrypted": {{"c": 1}}, "d": "", "e": null, "f": ["{SEALED}"]"#
        );
        assert_eq!(first_in_clear(&values), None);
    }

    #[test]
    fn a_value_in_clear_is_found_wherever_it_stands() {
        for (values, found) in [
            (r#""a": "hello""#, r#"["a"]"#),
            (r#""a": 1"#, r#"["a"]"#),
            (r#""a": "ENC[hello""#, r#"["a"]"#),
            (
                r#""a": "ENC[AES256_GCM,data:my password,iv:QQ==,tag:QQ==,type:str]""#,
                r#"["a"]"#,
            ),
            (r#""a": {"b": ["", true]}"#, r#"["a"]["b"][1]"#),
        ] {
            assert_eq!(first_in_clear(values).as_deref(), Some(found), "{values}");
        }
    }
}
