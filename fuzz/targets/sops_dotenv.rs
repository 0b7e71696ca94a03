//! Reading a document of sops in the format dotenv, in clear and encrypted.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_sops::Format;

#[path = "../../crates/sops/tests/all/any_document.rs"]
mod any_document;

fuzz_target!(|bytes: &[u8]| any_document::reads_and_prints(bytes, Format::Dotenv));
