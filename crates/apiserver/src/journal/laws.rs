//! Laws of the journal, for any sequence of writes.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::resource::GroupResource;
use crate::store::{Store, version};

#[derive(Clone, Debug)]
enum Change {
    Put(&'static str, &'static str),
    Delete(&'static str, &'static str),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let resource = prop_oneof![Just("configmaps"), Just("secrets")];
    let name = prop_oneof![Just("a"), Just("b"), Just("c")];
    let change = (resource, name, any::<bool>()).prop_map(|(resource, name, puts)| {
        if puts {
            Change::Put(resource, name)
        } else {
            Change::Delete(resource, name)
        }
    });
    proptest::collection::vec(change, 1..24)
}

fn key(resource: &str, name: &str) -> Key {
    Key {
        resource: GroupResource::new("", resource),
        namespace: "default".to_owned(),
        name: name.to_owned(),
    }
}

fn open(directory: &Path) -> Store {
    let sealer = Arc::new(Sealer::new([7; 32]));
    let (journal, loaded) = Journal::open(directory, sealer).expect("nothing is damaged");
    Store::with_journal(journal, loaded)
}

/// Returns the objects as text, with the version of the last write.
fn content(store: &Store) -> (u64, String) {
    let mut text = String::new();
    for resource in ["configmaps", "secrets"] {
        let range = crate::store::Range::default();
        for object in store.list(&GroupResource::new("", resource), &range).items {
            text.push_str(&object.value().to_string());
        }
    }
    (store.revision(), text)
}

fn make(store: &Store, change: &Change) {
    match change {
        Change::Put(resource, name) => {
            let key = key(resource, name);
            let object = json!({"metadata": {"name": name}, "data": {"a": "b"}});
            // An object that is there is replaced.
            let _ = match store.get(&key) {
                Some(live) => store.update(&key, version(&live), object),
                None => store.create(&key, object),
            };
        }
        Change::Delete(resource, name) => {
            let key = key(resource, name);
            if let Some(live) = store.get(&key) {
                let _ = store.delete(&key, version(&live));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_process_that_is_killed_at_any_byte_loses_at_most_the_write_it_was_at(
        changes in changes(),
        share in 0..=1000_u64,
    ) {
        let directory = tempfile::tempdir()?;
        let store = open(directory.path());
        let mut states = vec![content(&store)];
        let log = files(directory.path(), "log-").expect("readable")[0].1.clone();
        let mut lengths = vec![0];
        for change in &changes {
            make(&store, change);
            states.push(content(&store));
            lengths.push(fs::metadata(&log)?.len());
        }
        drop(store);
        let whole = *lengths.last().expect("it is not empty");
        let cut = whole * share / 1000;
        File::options().write(true).open(&log)?.set_len(cut)?;
        let last = lengths.iter().rposition(|length| *length <= cut).unwrap_or_default();
        prop_assert_eq!(content(&open(directory.path())), states[last].clone());
    }
}
