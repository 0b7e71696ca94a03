//! All single values of a document, with their paths.

use crate::value::{Branch, Item, Scalar, Value};
use crate::{Document, Plaintext, SecretBytes, Step, ValuePath};

impl Plaintext {
    /// Returns the single values of the first document in order, each with its path and the bytes that are
    /// encrypted. Null, empty collections and comments are none.
    pub fn leaves(&self) -> Vec<(ValuePath, SecretBytes)> {
        let leaves = leaves(self.documents());
        leaves
            .map(|(path, scalar)| (path, scalar.to_bytes()))
            .collect()
    }
}

impl Document {
    /// Returns the paths of the single values of the first document in order, each with whether it looks
    /// encrypted; no key is needed. A rule that encrypts nothing at all is a mistake.
    pub fn leaves(&self) -> Vec<(ValuePath, bool)> {
        let is_encrypted = |scalar: &Scalar| match scalar {
            Scalar::Text(text) => text.expose().starts_with(b"ENC[AES256_GCM,"),
            _ => false,
        };
        let leaves = leaves(self.documents());
        leaves
            .map(|(path, scalar)| (path, is_encrypted(scalar)))
            .collect()
    }
}

fn leaves(documents: &[Branch]) -> impl Iterator<Item = (ValuePath, &Scalar)> {
    let mut found = Vec::new();
    if let Some(first) = documents.first() {
        add_branch(first, &mut ValuePath::default(), &mut found);
    }
    found.into_iter()
}

fn add_branch<'v>(
    branch: &'v [Item],
    path: &mut ValuePath,
    found: &mut Vec<(ValuePath, &'v Scalar)>,
) {
    for item in branch {
        if let Item::Pair(key, value) = item {
            path.steps.push(Step::Key(key.clone()));
            add_value(value, path, found);
            path.steps.pop();
        }
    }
}

fn add_value<'v>(value: &'v Value, path: &mut ValuePath, found: &mut Vec<(ValuePath, &'v Scalar)>) {
    match value {
        Value::Null | Value::Comment(_) => {}
        Value::Scalar(scalar) => found.push((path.clone(), scalar)),
        Value::Branch(branch) => add_branch(branch, path, found),
        Value::List(values) => {
            for (index, value) in values.iter().enumerate() {
                path.steps.push(Step::Index(index));
                add_value(value, path, found);
                path.steps.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Format;

    #[test]
    fn every_single_value_has_a_path_that_leads_to_it() {
        let text = b"a: 1\nl:\n    # c\n    - x\n    - {k: true}\nn: null\n";
        let plaintext = Plaintext::parse(text, Format::Yaml).unwrap();
        let leaves = plaintext.leaves();
        let paths: Vec<_> = leaves.iter().map(|(path, _)| path.to_string()).collect();
        assert_eq!(paths, [r#"["a"]"#, r#"["l"][1]"#, r#"["l"][2]["k"]"#]);
        assert!(leaves.iter().all(|(path, _)| plaintext.get(path).is_ok()));
        assert_eq!(leaves[2].1.expose(), b"True");
    }
}
