//! Sections of `key = value`, as Go's ini.v1 reads and writes them.

use super::{EmitError, SyntaxError};
use crate::SecretBytes;
use crate::value::{Branch, Item};

pub(super) fn parse(_text: &str) -> Result<Branch, SyntaxError> {
    Err(SyntaxError::in_line(
        0,
        "INI documents are not supported yet",
    ))
}

pub(super) fn emit(_branch: &[Item]) -> Result<SecretBytes, EmitError> {
    Err(EmitError::NotText)
}
