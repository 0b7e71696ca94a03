//! All files replaced, one after the other.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::checkout::Checkout;
use crate::command::runtime;
use crate::failure::Failure;
use crate::interruption::{INTERRUPTED, interruption};
use crate::replace::replace;

/// Replaces all files. When one cannot be, those before it get their old bytes again.
///
/// Ctrl-C ends it between two files, and a second one at once; what is done stays, as the same command does the rest.
pub(super) fn all(checkout: &Checkout, writes: &[(PathBuf, Vec<u8>)]) -> Result<(), Failure> {
    let runtime = runtime()?;
    let is_asked_to_end = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&is_asked_to_end);
    runtime.spawn(async move {
        interruption().await;
        asked.store(true, Ordering::Relaxed);
    });
    let shown = |path: &Path| checkout.shown_on_disk(path);
    until(&|| is_asked_to_end.load(Ordering::Relaxed), writes, &shown)
}

/// Replaces the files until it is asked to end.
fn until(
    is_asked_to_end: &dyn Fn() -> bool,
    writes: &[(PathBuf, Vec<u8>)],
    shown: &dyn Fn(&Path) -> String,
) -> Result<(), Failure> {
    let mut done = Vec::new();
    for (path, bytes) in writes {
        if is_asked_to_end() {
            let done: Vec<_> = done
                .iter()
                .map(|(path, _): &(&PathBuf, _)| shown(path))
                .collect();
            return Err(interrupted(&done, writes.len()));
        }
        let written = std::fs::read(path)
            .map_err(Failure::from)
            .and_then(|before| replace(path, bytes).map(|()| before));
        match written {
            Ok(before) => done.push((path, before)),
            Err(failure) => return Err(restored(&done, failure)),
        }
    }
    Ok(())
}

/// Says what is done, and how to do the rest.
fn interrupted(done: &[String], all: usize) -> Failure {
    let failure = Failure::of([match done {
        [] => format!("interrupted: none of {all} files was written"),
        done => format!(
            "interrupted: {} of {all} files were written, each as a whole: {}",
            done.len(),
            done.join(", ")
        ),
    }]);
    let failure = failure.with_code(INTERRUPTED);
    failure.hint("run the same command again to do the rest, with the keys of before")
}

/// Gives files their old bytes again, and says where that failed.
fn restored(done: &[(&PathBuf, Vec<u8>)], failure: Failure) -> Failure {
    let restored = done.iter().map(|(path, before)| replace(path, before));
    let lost = restored.filter_map(Result::err);
    let lost: Vec<String> = lost.map(|lost| lost.to_string()).collect();
    match lost.as_slice() {
        [] => failure.hint("nothing was changed"),
        lost => failure.hint(format!(
            "some files were changed and not restored: {}",
            lost.join("; ")
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::fs;

    use super::*;

    #[test]
    fn an_interruption_says_what_is_done_and_leaves_the_rest() {
        let directory = tempfile::tempdir().unwrap();
        let paths = ["a", "b", "c"].map(|name| directory.path().join(name));
        let writes = paths.clone().map(|path| (path, b"new".to_vec()));
        let shown = |path: &Path| path.file_name().unwrap().display().to_string();
        for done in 0..3_usize {
            for path in &paths {
                fs::write(path, "old").unwrap();
            }
            let left = Cell::new(done);
            let is_asked_to_end = || left.replace(left.get().wrapping_sub(1)) == 0;
            let failure = until(&is_asked_to_end, &writes, &shown).unwrap_err();
            let text = failure.to_string();
            let expected = [
                "none of 3 files was written",
                "1 of 3 files were written, each as a whole: a",
                "2 of 3 files were written, each as a whole: a, b",
            ];
            assert_eq!(text, format!("interrupted: {}", expected[done]));
            let read = paths.each_ref().map(|path| fs::read(path).unwrap());
            let new = read.iter().take_while(|bytes| *bytes == b"new").count();
            assert_eq!(new, done);
            assert!(read[done..].iter().all(|bytes| bytes == b"old"));
        }
    }

    #[test]
    fn a_file_that_cannot_be_written_changes_no_other() {
        let directory = tempfile::tempdir().unwrap();
        let (there, missing) = (directory.path().join("a"), directory.path().join("b"));
        fs::write(&there, "old").unwrap();
        let writes = [&there, &missing].map(|path| (path.clone(), b"new".to_vec()));
        let failure = until(&|| false, &writes, &|_| String::new());
        assert!(failure.is_err());
        assert_eq!(fs::read(&there).unwrap(), b"old");
    }
}
