//! What is read is what was written, and damage is never taken for emptiness.

use serde_json::json;

use super::*;
use crate::resource::GroupResource;

fn key(resource: &str, name: &str) -> Key {
    Key {
        resource: GroupResource::new("", resource),
        namespace: "default".to_owned(),
        name: name.to_owned(),
    }
}

fn open(directory: &Path) -> (Journal, Loaded) {
    Journal::open(directory, Arc::new(Sealer::new([7; 32]))).unwrap()
}

fn write(journal: &mut Journal, revision: u64, name: &str) {
    let sealer = journal.sealer();
    let object = json!({"metadata": {"name": name}});
    let record = Record::put(
        &key("configmaps", name),
        object.to_string().as_bytes(),
        &sealer,
    );
    journal.append(&record, revision).unwrap();
}

fn only_log(directory: &Path) -> PathBuf {
    files(directory, "log-").unwrap().pop().unwrap().1
}

#[test]
fn what_was_written_is_there_after_opening_again() {
    let directory = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(directory.path());
    write(&mut journal, 2, "a");
    write(&mut journal, 3, "b");
    journal
        .append(&Record::delete(&key("configmaps", "a")), 4)
        .unwrap();
    drop(journal);
    let (_, loaded) = open(directory.path());
    assert_eq!(loaded.revision, 4);
    let keys: Vec<&str> = loaded.objects.keys().map(|key| key.name.as_str()).collect();
    assert_eq!(keys, ["b"]);
    assert_eq!(
        loaded.objects[&key("configmaps", "b")].thaw()["metadata"]["resourceVersion"],
        "3"
    );
}

#[test]
fn a_log_that_was_cut_off_anywhere_keeps_every_whole_write() {
    let directory = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(directory.path());
    write(&mut journal, 2, "a");
    let first = journal.length as usize;
    write(&mut journal, 3, "b");
    drop(journal);
    let path = only_log(directory.path());
    let whole = fs::read(&path).unwrap();
    for end in first..whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        let (_, loaded) = open(directory.path());
        assert_eq!((loaded.objects.len(), loaded.revision), (1, 2), "{end}");
        assert_eq!(loaded.notices.len(), usize::from(end > first), "{end}");
        assert_eq!(fs::metadata(&path).unwrap().len() as usize, first);
    }
}

#[test]
fn damage_in_the_middle_is_an_error_and_not_an_empty_cluster() {
    let directory = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(directory.path());
    write(&mut journal, 2, "a");
    write(&mut journal, 3, "b");
    drop(journal);
    let path = only_log(directory.path());
    let whole = fs::read(&path).unwrap();
    for index in 0..whole.len() / 2 {
        let mut damaged = whole.clone();
        damaged[index] ^= 0x55;
        fs::write(&path, &damaged).unwrap();
        let opened = Journal::open(directory.path(), Arc::new(Sealer::new([7; 32])));
        assert!(
            matches!(opened, Err(JournalError::Damaged { .. })),
            "byte {index}"
        );
    }
}

#[test]
fn a_log_that_is_missing_is_an_error_and_not_an_older_cluster() {
    let directory = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(directory.path());
    write(&mut journal, 2, "a");
    let first = only_log(directory.path());
    let object = Frozen::new(2, br#"{"metadata": {"name": "a"}}"#).unwrap();
    journal
        .compact(2, vec![(key("configmaps", "a"), object)])
        .unwrap();
    write(&mut journal, 3, "b");
    drop(journal);
    assert!(!first.exists());
    fs::remove_file(&files(directory.path(), "snapshot-").unwrap()[0].1).unwrap();
    let opened = Journal::open(directory.path(), Arc::new(Sealer::new([7; 32])));
    assert!(matches!(opened, Err(JournalError::Damaged { .. })));
}

#[test]
fn secrets_are_not_readable_on_disk_and_are_read_back() {
    let directory = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(directory.path());
    let secret = json!({"metadata": {"name": "s"}, "data": {"password": "aHVudGVyMg=="}});
    let record = Record::put(
        &key("secrets", "s"),
        secret.to_string().as_bytes(),
        &journal.sealer(),
    );
    journal.append(&record, 2).unwrap();
    drop(journal);
    let bytes = fs::read(only_log(directory.path())).unwrap();
    assert!(!bytes.windows(8).any(|window| window == b"aHVudGVy"));
    let (_, loaded) = open(directory.path());
    assert_eq!(
        loaded.objects[&key("secrets", "s")].thaw()["data"]["password"],
        "aHVudGVyMg=="
    );
}

#[test]
fn a_snapshot_replaces_the_log_and_holds_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(directory.path());
    write(&mut journal, 2, "a");
    let object = Frozen::new(2, br#"{"metadata": {"name": "a"}}"#).unwrap();
    journal
        .compact(2, vec![(key("configmaps", "a"), object)])
        .unwrap();
    write(&mut journal, 3, "b");
    drop(journal);
    assert_eq!(files(directory.path(), "log-").unwrap().len(), 1);
    let (_, loaded) = open(directory.path());
    assert_eq!((loaded.objects.len(), loaded.revision), (2, 3));
}
