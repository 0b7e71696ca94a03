//! Replacing scalars and entries of a text. The first line is what replaces them.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/yaml/tests/all/any_text.rs"]
mod any_text;

fuzz_target!(|input: &str| {
    let (new, text) = input.split_once('\n').unwrap_or(("", input));
    any_text::edits(text, new);
    any_text::rewrites(text, new);
});
