//! Alterations of an encrypted document: the first byte says of which format, six bytes say what is done.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/sops/tests/all/any_document.rs"]
mod any_document;

fuzz_target!(|bytes: &[u8]| any_document::refuses_or_opens_as_it_was(bytes));
