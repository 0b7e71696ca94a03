//! A path to a value.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/sops/tests/all/any_document.rs"]
mod any_document;

fuzz_target!(|text: &str| any_document::reads_path(text));
