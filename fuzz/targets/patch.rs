//! Patches of a kustomization.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/kustomize/tests/all/any_input.rs"]
mod any_input;

fuzz_target!(|text: &str| any_input::patches(text));
