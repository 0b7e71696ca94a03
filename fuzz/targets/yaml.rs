//! Reading a YAML text and printing it both ways.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/yaml/tests/all/any_text.rs"]
mod any_text;

fuzz_target!(|bytes: &[u8]| any_text::reads_and_prints(bytes));
