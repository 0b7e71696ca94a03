//! What a render depends on: everything that it asked the tree, and what the answers were.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};
use windlass_tree::{EntryKind, Tree, TreeError, TreePath};

use crate::PathPattern;

/// A question to a tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Question {
    Kind(TreePath),
    Resolve(TreePath),
    Read(TreePath),
    List(TreePath),
}

/// The hash of an answer; `None` when the tree could not answer.
type Answer = Option<[u8; 32]>;

/// Everything that a render asked its tree, with the hashes of the answers.
///
/// When all questions have the same answers in another tree, a render of that tree has the same result,
/// because rendering is a function of these answers, of the identities that decrypt, and of which files may
/// fail their MAC, which the fingerprint covers. A render that
/// failed for want of an identity is worth repeating when there are new ones.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Inputs {
    answers: BTreeMap<Question, Answer>,
    /// Which files could fail their MAC.
    unverified: Vec<PathPattern>,
}

/// A hash of all inputs of a render, shown in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

impl Inputs {
    /// Returns the hash of all questions and answers, or `None` when one had no answer, because then
    /// nothing is known about the result.
    #[must_use]
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        let mut hash = Sha256::new();
        for pattern in &self.unverified {
            hash.update([b'm']);
            let text = pattern.to_string();
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        for (question, answer) in &self.answers {
            let (tag, path) = question.parts();
            hash.update([tag]);
            hash.update(
                u64::try_from(path.as_str().len())
                    .unwrap_or(u64::MAX)
                    .to_be_bytes(),
            );
            hash.update(path.as_str());
            hash.update((*answer)?);
        }
        Some(Fingerprint(hash.finalize().into()))
    }

    /// Returns whether `tree` answers every question as the first tree did, so that rendering it would
    /// give the same result. `false` also when a tree cannot answer.
    #[must_use]
    pub fn hold_in(&self, tree: &dyn Tree) -> bool {
        self.answers
            .iter()
            .all(|(question, answer)| answer.is_some() && question.ask(tree) == *answer)
    }

    /// Returns the paths of the files that were read, sorted.
    pub fn files(&self) -> impl Iterator<Item = &TreePath> {
        self.answers.keys().filter_map(|question| match question {
            Question::Read(path) => Some(path),
            Question::Kind(_) | Question::Resolve(_) | Question::List(_) => None,
        })
    }
}

impl Question {
    fn parts(&self) -> (u8, &TreePath) {
        match self {
            Self::Kind(path) => (b'k', path),
            Self::Resolve(path) => (b'p', path),
            Self::Read(path) => (b'r', path),
            Self::List(path) => (b'l', path),
        }
    }

    fn ask(&self, tree: &dyn Tree) -> Answer {
        match self {
            Self::Kind(path) => hash_answer(tree.kind(path).as_ref(), |kind| hash_kind(*kind)),
            Self::Resolve(path) => hash_answer(tree.resolve(path).as_ref(), hash_path),
            Self::Read(path) => hash_answer(tree.read(path).as_ref(), |bytes| hash_bytes(bytes)),
            Self::List(path) => hash_answer(tree.list(path).as_ref(), |entries| hash_list(entries)),
        }
    }
}

/// Hashes an answer. That there is nothing is an answer; that nothing could be read is none.
fn hash_answer<T>(answer: Result<&T, &TreeError>, hash: impl FnOnce(&T) -> [u8; 32]) -> Answer {
    match answer {
        Ok(value) => Some(hash(value)),
        Err(TreeError::Unreadable { .. }) => None,
        Err(error) => Some(hash_bytes(error.to_string().as_bytes())),
    }
}

fn hash_bytes(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn hash_path(path: &TreePath) -> [u8; 32] {
    hash_bytes(path.as_str().as_bytes())
}

fn hash_kind(kind: Option<EntryKind>) -> [u8; 32] {
    hash_bytes(&[kind_tag(kind)])
}

fn kind_tag(kind: Option<EntryKind>) -> u8 {
    match kind {
        None => 0,
        Some(EntryKind::File) => 1,
        Some(EntryKind::Directory) => 2,
        Some(EntryKind::Dangling) => 3,
    }
}

fn hash_list(entries: &[(String, EntryKind)]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for (name, kind) in entries {
        hash.update(name);
        // No name has a NUL byte in it.
        hash.update([0, kind_tag(Some(*kind))]);
    }
    hash.finalize().into()
}

/// A tree that takes note of every question.
pub(crate) struct RecordingTree<'t> {
    tree: &'t dyn Tree,
    record: Mutex<Record>,
}

/// The questions so far, and the errors of those that had no answer.
#[derive(Default)]
struct Record {
    inputs: Inputs,
    unanswered: Vec<TreeError>,
}

impl<'t> RecordingTree<'t> {
    pub(crate) fn new(tree: &'t dyn Tree) -> Self {
        let record = Mutex::default();
        Self { tree, record }
    }

    /// Returns the questions, and the errors of those that had no answer.
    pub(crate) fn into_inputs(self, unverified: &[PathPattern]) -> (Inputs, Vec<TreeError>) {
        let record = self.record.into_inner();
        let mut record = record.unwrap_or_else(PoisonError::into_inner);
        record.inputs.unverified = unverified.to_vec();
        (record.inputs, record.unanswered)
    }

    fn note(&self, question: Question, answer: Answer, error: Option<&TreeError>) {
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        if answer.is_none() {
            record.unanswered.extend(error.cloned());
        }
        // Once unknown, always unknown: the build has seen the failure.
        let known = record.inputs.answers.entry(question).or_insert(answer);
        *known = known.and(answer);
    }
}

impl Tree for RecordingTree<'_> {
    fn kind(&self, path: &TreePath) -> Result<Option<EntryKind>, TreeError> {
        let kind = self.tree.kind(path);
        let answer = hash_answer(kind.as_ref(), |kind| hash_kind(*kind));
        self.note(Question::Kind(path.clone()), answer, kind.as_ref().err());
        kind
    }

    fn resolve(&self, path: &TreePath) -> Result<TreePath, TreeError> {
        let real = self.tree.resolve(path);
        let answer = hash_answer(real.as_ref(), hash_path);
        self.note(Question::Resolve(path.clone()), answer, real.as_ref().err());
        real
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        let bytes = self.tree.read(path);
        let answer = hash_answer(bytes.as_ref(), |bytes| hash_bytes(bytes));
        self.note(Question::Read(path.clone()), answer, bytes.as_ref().err());
        bytes
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, EntryKind)>, TreeError> {
        let entries = self.tree.list(path);
        let answer = hash_answer(entries.as_ref(), |entries| hash_list(entries));
        self.note(Question::List(path.clone()), answer, entries.as_ref().err());
        entries
    }
}

impl fmt::Debug for Inputs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.answers.keys()).finish()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_tree::MemoryTree;

    fn inputs(tree: &MemoryTree) -> Inputs {
        let recording = RecordingTree::new(tree);
        let path = |text| TreePath::new(text).unwrap();
        let _ = recording.read(&path("a/x"));
        let _ = recording.kind(&path("a/missing"));
        let _ = recording.list(&path("a"));
        recording.into_inputs(&[]).0
    }

    #[test]
    fn what_was_not_asked_for_does_not_count() {
        let first = MemoryTree::from_iter([("a/x", "1"), ("b", "1")]);
        let second = MemoryTree::from_iter([("a/x", "1"), ("b", "2"), ("c/d", "3")]);
        assert!(inputs(&first).hold_in(&second));
        assert_eq!(inputs(&first).fingerprint(), inputs(&second).fingerprint());
        assert_eq!(inputs(&first).files().count(), 1);
    }

    #[test]
    fn a_changed_added_or_removed_file_counts() {
        let first = MemoryTree::from_iter([("a/x", "1")]);
        for second in [
            MemoryTree::from_iter([("a/x", "2")]),
            MemoryTree::from_iter([("a/x", "1"), ("a/y", "1")]),
            MemoryTree::from_iter([("a/x", "1"), ("a/missing", "1")]),
            MemoryTree::from_iter([("a/x/z", "1")]),
            MemoryTree::new(),
        ] {
            assert!(!inputs(&first).hold_in(&second));
            assert_ne!(inputs(&first).fingerprint(), inputs(&second).fingerprint());
        }
    }

    #[test]
    fn without_an_answer_there_is_no_fingerprint() {
        let path = TreePath::new("a").unwrap();
        let mut unknown = Inputs::default();
        unknown.answers.insert(Question::Read(path), None);
        assert_eq!(unknown.fingerprint(), None);
        assert!(!unknown.hold_in(&MemoryTree::new()));
    }
}
