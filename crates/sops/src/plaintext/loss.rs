//! What a document loses when it is written in a format.

use super::{Plaintext, Warning};
use crate::value::{Branch, Item, Value};
use crate::{Document, Format, Place};

impl Plaintext {
    /// Returns what the document loses when it is written in this format.
    pub fn lost_in(&self, format: Format) -> Vec<Warning> {
        lost(&self.documents, format)
    }
}

impl Document {
    /// Returns what the document loses when it is written in this format.
    pub fn lost_in(&self, format: Format) -> Vec<Warning> {
        lost(self.documents(), format)
    }
}

fn lost(documents: &[Branch], format: Format) -> Vec<Warning> {
    let mut comments = Comments::default();
    match (format, documents.first()) {
        (Format::Json | Format::Binary, Some(document)) => comments.all(document),
        (Format::Ini, Some(document)) => comments.outside_of_keys(document),
        (Format::Yaml | Format::Dotenv, _) | (_, None) => {}
    }
    let mut warnings = Vec::new();
    for number in comments.lost {
        let document = 0;
        let at = Place::Comment { document, number };
        Warning::CommentLost { at, format }.push(&mut warnings);
    }
    if documents.len() > 1 && format != Format::Yaml {
        let count = documents.len() - 1;
        warnings.push(Warning::DocumentsLost { count, format });
    }
    warnings
}

/// Counts comments.
#[derive(Default)]
struct Comments {
    next: usize,
    lost: Vec<usize>,
}

impl Comments {
    fn one(&mut self, is_lost: bool) {
        if is_lost {
            self.lost.push(self.next);
        }
        self.next += 1;
    }

    fn all(&mut self, branch: &[Item]) {
        for item in branch {
            match item {
                Item::Comment(_) => self.one(true),
                Item::Pair(_, value) => self.all_of(value),
            }
        }
    }

    fn all_of(&mut self, value: &Value) {
        match value {
            Value::Comment(_) => self.one(true),
            Value::Branch(branch) => self.all(branch),
            Value::List(values) => values.iter().for_each(|value| self.all_of(value)),
            // An encrypted comment of a list is an element of it.
            Value::Scalar(scalar) if scalar.is_encrypted_comment() => self.one(false),
            Value::Null | Value::Scalar(_) => {}
        }
    }

    /// The writer of ini files puts a comment before a section that begins with it, or before the key that
    /// it follows.
    fn outside_of_keys(&mut self, sections: &[Item]) {
        for section in sections {
            match section {
                Item::Pair(_, Value::Branch(keys)) => {
                    for (at, item) in keys.iter().enumerate() {
                        match item {
                            Item::Comment(_) => {
                                let follows_comment = at
                                    .checked_sub(1)
                                    .is_some_and(|before| matches!(keys[before], Item::Comment(_)));
                                self.one(follows_comment);
                            }
                            Item::Pair(_, value) => self.all_of(value),
                        }
                    }
                }
                Item::Pair(_, value) => self.all_of(value),
                Item::Comment(_) => self.one(true),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Source;

    fn lost(text: &str, format: Format, target: Format) -> String {
        let plaintext = Plaintext::parse(text.as_bytes(), format).unwrap();
        let source = Source::new(text.as_bytes(), format);
        let warnings = plaintext.lost_in(target);
        let lines = warnings.iter().map(|lost| source.message("f", lost));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn each_comment_that_json_cannot_hold_is_named_with_its_line() {
        let text = "# a\na: 1 # b\nl:\n    # c\n    - x\n---\n# d\nb: 1\n";
        insta::assert_snapshot!(lost(text, Format::Yaml, Format::Json), @r"
        f:1:1: the comment is lost in the format JSON
        f:2:6: the comment is lost in the format JSON
        f:4:5: the comment is lost in the format JSON
        f: 1 documents behind the first are lost in the format JSON
        ");
        assert_eq!(lost(text, Format::Yaml, Format::Yaml), "");
    }

    #[test]
    fn comments_are_lost_in_ini_as_its_writer_loses_them() {
        let text = "# top\ns:\n    # a\n    # b\n    k: v # c\n    l: w\n";
        let plaintext = Plaintext::parse(text.as_bytes(), Format::Yaml).unwrap();
        let written = plaintext.to_bytes_as(Format::Ini, crate::Style::default());
        insta::assert_snapshot!(written.unwrap().expose_text().unwrap(), @r"
        ;  a
        [s]
        k = v
        l = w
        ");
        insta::assert_snapshot!(lost(text, Format::Yaml, Format::Ini), @r"
        f:1:1: the comment is lost in the format ini
        f:4:5: the comment is lost in the format ini
        f:5:10: the comment is lost in the format ini
        ");
    }
}
