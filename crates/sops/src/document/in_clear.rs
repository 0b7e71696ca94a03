//! Values that are not encrypted although they should be.

use super::trail::Trail;
use crate::Document;
use crate::cipher;
use crate::value::{Item, Scalar, Value};

impl Document {
    /// Returns the first value that stands in clear although the rules of the document say that it is
    /// encrypted, as `sops --extract` takes its path; `None` when there is none. No key is needed, so it
    /// says nothing of what an encrypted value holds. Comments are not looked at.
    pub fn first_in_clear(&self) -> Option<String> {
        let mut search = Search(Trail::new(&self.metadata.rules.selection));
        let mut documents = self.documents.iter();
        documents.find_map(|document| search.branch(document))
    }
}

struct Search<'m>(Trail<'m>);

impl Search<'_> {
    fn branch(&mut self, branch: &[Item]) -> Option<String> {
        self.0.enter();
        let found = branch.iter().find_map(|item| self.item(item));
        self.0.leave();
        found
    }

    fn item(&mut self, item: &Item) -> Option<String> {
        match item {
            Item::Comment(text) => {
                self.0.add_comment(text.expose_text().unwrap_or_default());
                None
            }
            Item::Pair(key, value) => {
                let mark = self.0.enter_key(key);
                let found = self.value(value);
                self.0.leave_key(&mark);
                found
            }
        }
    }

    fn value(&mut self, value: &Value) -> Option<String> {
        match value {
            Value::Null => None,
            Value::Branch(branch) => self.branch(branch),
            Value::List(values) => self.list(values),
            Value::Comment(text) => {
                self.0.add_comment(text.expose_text().unwrap_or_default());
                None
            }
            Value::Scalar(scalar) => {
                let is_fine = !self.0.encrypts(false) || is_sealed(scalar);
                (!is_fine).then(|| self.0.shown().to_owned())
            }
        }
    }

    fn list(&mut self, values: &[Value]) -> Option<String> {
        self.0.enter();
        let mut values = values.iter().enumerate();
        let found = values.find_map(|(position, value)| {
            let mark = self.0.enter_position(position);
            let found = self.value(value);
            let is_comment = matches!(value, Value::Comment(_));
            self.0.leave_position(&mark, is_comment);
            found
        });
        self.0.leave();
        found
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
    use crate::{Document, Format};

    const SEALED: &str = "ENC[AES256_GCM,data:QQ==,iv:QQ==,tag:QQ==,type:str]";

    fn first_in_clear(values: &str) -> Option<String> {
        let text = format!(
            r#"{{{values}, "sops": {{"age": [{{"recipient": "age1a", "enc": "x"}}],
            "lastmodified": "2026-01-31T09:05:00Z", "mac": "ENC[]", "version": "3.11.0"}}}}"#
        );
        let document = Document::parse(text.as_bytes(), Format::Json).unwrap();
        document.first_in_clear()
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
