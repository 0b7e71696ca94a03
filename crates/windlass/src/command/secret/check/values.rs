//! What is encrypted: whether it opens, for whom it is, and whether it is what it should be.

use std::collections::BTreeMap;
use std::fmt::Display;

use windlass_object::{FingerprintKey, KeyedDigest};
use windlass_sops::{DecryptError, Document, Format, Plaintext};
use windlass_tree::{Tree as _, TreePath};

use super::super::checkout::Checkout;
use super::super::connection::problems;
use super::super::place::is_value;
use super::super::rekey::files::MARK;
use super::super::{rules, sealed};
use super::finding::{Finding, Kind};
use crate::failure::Failure;
use crate::keys::Keys;
use crate::keys::together::{self, is_remote};

/// Values shorter than this are often the same for good reasons.
const LONG_ENOUGH: usize = 8;

/// The line of a binary document that has the value.
const VALUE_LINE: u32 = 2;

/// The encrypted files, opened as far as that is possible.
pub(super) struct Values {
    count: usize,
    findings: Vec<Finding>,
    /// The files that no key opens, and why.
    closed: Vec<(TreePath, String)>,
    /// Digests of the values, with a key that is forgotten with them.
    same: BTreeMap<KeyedDigest, Vec<TreePath>>,
    key: FingerprintKey,
}

impl Values {
    pub(super) fn read(
        checkout: &Checkout,
        files: &[TreePath],
        keys: &Keys,
    ) -> Result<Self, Failure> {
        let mut key = [0; 32];
        sealed::random(&mut key);
        let mut values = Self {
            count: 0,
            findings: Vec::new(),
            closed: Vec::new(),
            same: BTreeMap::new(),
            key: FingerprintKey::new(key),
        };
        let mut documents = Vec::new();
        for path in files {
            let bytes = checkout.tree.read(path)?;
            if is_value(path) || bytes.windows(MARK.len()).any(|window| window == MARK) {
                let document = values.parse(path, &bytes);
                documents.extend(document.map(|document| (path, document)));
            }
        }
        let open = |(_, document): &(_, Document)| Opened::of(document, keys);
        let opened = together::each(&documents, |(_, document)| is_remote(document), open);
        for ((path, document), opened) in documents.iter().zip(opened) {
            values.compare_with_rule(checkout, path, document);
            values.add(path, opened);
        }
        values.count = documents.len();
        Ok(values)
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Returns the document of a file, or has something to say of it.
    fn parse(&mut self, path: &TreePath, bytes: &[u8]) -> Option<Document> {
        let format = Format::of_file_name(path.as_str());
        let (kind, message) = match Document::parse(bytes, format) {
            Ok(document) => return Some(document),
            Err(error) if is_value(path) => {
                let message = format!("is not encrypted by sops, or damaged: {error}");
                (Kind::NotEncrypted, message)
            }
            // Somebody writes about sops, or the file is a template.
            Err(_) if format == Format::Binary => return None,
            Err(error) => {
                let message = format!("has encrypted values and no metadata of sops: {error}");
                (Kind::Damaged, message)
            }
        };
        self.findings.push(Finding::error(path, 0, kind, message));
        None
    }

    fn add(&mut self, path: &TreePath, opened: Opened) {
        let wrong =
            |reason: &dyn Display| Finding::error(path, 0, Kind::Damaged, reason.to_string());
        match opened {
            Opened::Closed(reason) => self.closed.push((path.clone(), reason)),
            Opened::Damaged(error) => self.findings.push(wrong(&error)),
            Opened::Whole(opened) if is_value(path) => match opened.into_data() {
                Ok(value) => self.look_at(path, value.expose()),
                Err(error) => self.findings.push(wrong(&error)),
            },
            Opened::Whole(_) => {}
        }
    }

    fn compare_with_rule(&mut self, checkout: &Checkout, path: &TreePath, document: &Document) {
        match rules::rule_for(checkout, path) {
            Ok(None) => {}
            Err(failure) => {
                let message = format!("no rule can be used for it: {failure}");
                self.findings
                    .push(Finding::warning(path, 0, Kind::Configuration, message));
            }
            Ok(Some(rule)) => {
                if let Some(difference) = rule.difference(document) {
                    let message = format!("{difference} ({})", rule.place(checkout));
                    self.findings
                        .push(Finding::warning(path, 0, Kind::OtherKeys, message));
                }
            }
        }
    }

    fn look_at(&mut self, path: &TreePath, value: &[u8]) {
        let name = path.file_name();
        if value.is_empty() {
            let message = "the value is empty";
            self.findings.push(Finding::warning(
                path,
                VALUE_LINE,
                Kind::Placeholder,
                message,
            ));
        }
        if value.ends_with(b"\n") {
            let message = "the value ends in a line feed";
            self.findings.push(Finding::warning(
                path,
                VALUE_LINE,
                Kind::TrailingNewline,
                message,
            ));
        }
        for problem in problems(name, value) {
            let message = format!("the value looks like a URL, and {problem}");
            self.findings.push(Finding::warning(
                path,
                VALUE_LINE,
                Kind::MalformedUrl,
                message,
            ));
        }
        if value.len() >= LONG_ENOUGH {
            let digest = self.key.digest_of(value);
            self.same.entry(digest).or_default().push(path.clone());
        }
    }

    pub(super) fn findings(self, keys: &Keys) -> Vec<Finding> {
        let mut findings = self.findings;
        let without_keys = self.closed.len() == self.count && keys.is_empty();
        match self.closed.as_slice() {
            [(path, reason), rest @ ..] if without_keys => {
                let message = format!(
                    "no key is here, so {} was opened: {reason}",
                    if rest.is_empty() {
                        "it was not".to_owned()
                    } else {
                        format!("none of {} files", rest.len() + 1)
                    }
                );
                findings.push(Finding::warning(path, 0, Kind::NotOpened, message));
            }
            closed => findings.extend(closed.iter().map(|(path, reason)| {
                let message = format!("no key that is here opens it: {reason}");
                Finding::warning(path, 0, Kind::NotOpened, message)
            })),
        }
        for paths in self.same.values() {
            if let [first, rest @ ..] = paths.as_slice()
                && !rest.is_empty()
            {
                let others: Vec<_> = rest.iter().map(TreePath::as_str).collect();
                let message = format!("has the same value as {}", others.join(", "));
                findings.push(Finding::warning(
                    first,
                    VALUE_LINE,
                    Kind::SameValue,
                    message,
                ));
            }
        }
        findings
    }
}

/// What came of opening a document.
enum Opened {
    /// No key opens it, and why.
    Closed(String),
    /// It was altered.
    Damaged(DecryptError),
    /// It is as it was written.
    Whole(Plaintext),
}

impl Opened {
    fn of(document: &Document, keys: &Keys) -> Self {
        match document.decrypt(keys) {
            Ok(plaintext) => Self::Whole(plaintext),
            Err(DecryptError::NoKey(error)) => Self::Closed(error.to_string()),
            Err(error) => Self::Damaged(error),
        }
    }
}
