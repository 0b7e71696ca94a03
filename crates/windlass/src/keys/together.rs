//! Data keys of many documents, those behind a network asked for at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use windlass_render::DataKeys;
use windlass_sops::{DataKey, Document, KeyService, KeyType, NoKey};

/// How many documents are opened at once: key services take more requests a second than this brings.
const PARALLEL: usize = 16;

/// Keys that are asked for the data keys of several documents at once.
pub(crate) struct Together<'k, K>(pub(crate) &'k K);

impl<K: KeyService + Sync> DataKeys for Together<'_, K> {
    fn data_keys(&self, documents: &[&Document]) -> Vec<Result<DataKey, NoKey>> {
        let remote = documents.iter().filter(|document| is_remote(document));
        let threads = remote.count().min(PARALLEL);
        if threads < 2 {
            return self.0.data_keys(documents);
        }
        at_once(documents, threads, |document| document.data_key(self.0))
    }
}

/// Does something with each of the items, with those that wait for another machine at once, and returns what came
/// of them in their order.
pub(crate) fn each<T: Sync, R: Send>(
    items: &[T],
    is_remote: impl Fn(&T) -> bool,
    act: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let remote = items.iter().filter(|item| is_remote(item));
    at_once(items, remote.count().min(PARALLEL), act)
}

fn at_once<T: Sync, R: Send>(items: &[T], threads: usize, act: impl Fn(&T) -> R + Sync) -> Vec<R> {
    if threads < 2 {
        return items.iter().map(act).collect();
    }
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(items.len()));
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else {
                return;
            };
            let result = act(item);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.push((index, result));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Returns whether a key of the document is one that another machine has.
pub(crate) fn is_remote(document: &Document) -> bool {
    document
        .recipients()
        .any(|key| is_elsewhere(key.key.key_type()))
}

/// Returns whether keys of this type are on another machine.
pub(crate) fn is_elsewhere(key_type: KeyType) -> bool {
    !matches!(key_type, KeyType::Age | KeyType::Pgp)
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;
    use windlass_sops::{Format, KeyFailure, MasterKey, SecretBytes, WrappedKey};

    /// A service that answers when so many have asked.
    struct Waiting(Barrier);

    impl KeyService for Waiting {
        fn unwrap(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
            self.0.wait();
            let byte = key.wrapped.parse().map_err(|_| KeyFailure::Damaged)?;
            Ok(SecretBytes::new(vec![byte; 32]))
        }

        fn wrap(&self, _: &MasterKey, _: &SecretBytes) -> Result<String, KeyFailure> {
            Err(KeyFailure::Damaged)
        }
    }

    fn document(number: usize) -> Document {
        let text = format!(
            r#"{{"sops": {{"version": "3.11.0", "lastmodified": "2026-01-31T09:05:00Z", "mac": "ENC[]",
            "kms": [{{"arn": "arn:aws:kms:eu-west-1:1:key/a", "created_at": "2026-01-31T09:05:00Z", "enc": "{number}"}}]}}}}"#
        );
        Document::parse(text.as_bytes(), Format::Json).unwrap()
    }

    #[test]
    fn a_service_is_asked_for_many_keys_at_once_and_each_document_gets_its_own() {
        let documents: Vec<_> = (0..PARALLEL).map(document).collect();
        let documents: Vec<_> = documents.iter().collect();
        let service = Waiting(Barrier::new(PARALLEL));
        let keys = Together(&service).data_keys(&documents).into_iter();
        let bytes: Vec<_> = keys.map(|key| key.unwrap().secret().expose()[0]).collect();
        assert_eq!(bytes, (0..16).collect::<Vec<u8>>());
    }
}
