//! Replacements, vars and the other transformers that find fields by their paths.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/kustomize/tests/all/any_input.rs"]
mod any_input;

fuzz_target!(|text: &str| any_input::copies_fields(text));
