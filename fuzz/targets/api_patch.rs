//! Patches of the Kubernetes API.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/object/tests/all/any_patch.rs"]
mod any_patch;

fuzz_target!(|text: &str| any_patch::patches(text));
