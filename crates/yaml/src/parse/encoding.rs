//! Bytes to text: byte order marks, UTF-8, UTF-16, forbidden characters.

use std::borrow::Cow;

use super::{LimitKind, Limits, ParseError, Position};

const BOM: &str = "\u{feff}";

/// A text without its byte order mark, known to have only characters that YAML allows.
pub(super) struct Text<'a> {
    text: Cow<'a, str>,
    /// Where the text begins in what was given.
    base: usize,
}

impl<'a> Text<'a> {
    /// Returns the text of these bytes, transcoding UTF-16 that starts with a byte order mark.
    pub(super) fn decode(bytes: &'a [u8], limits: &Limits) -> Result<Self, ParseError> {
        check_size(bytes, limits)?;
        let text = match bytes {
            [0xff, 0xfe, rest @ ..] => Cow::Owned(decode_utf16(rest, u16::from_le_bytes)?),
            [0xfe, 0xff, rest @ ..] => Cow::Owned(decode_utf16(rest, u16::from_be_bytes)?),
            _ => Cow::Borrowed(decode_utf8(bytes)?),
        };
        let base = if text.starts_with(BOM) { BOM.len() } else { 0 };
        let text = match text {
            Cow::Borrowed(text) => Cow::Borrowed(&text[base..]),
            Cow::Owned(text) => Cow::Owned(text[base..].to_owned()),
        };
        check_characters(&text, base)?;
        Ok(Self { text, base })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns where the text begins in what was given.
    pub(super) fn base(&self) -> u32 {
        self.base as u32
    }
}

fn check_size(bytes: &[u8], limits: &Limits) -> Result<(), ParseError> {
    let limit = limits.bytes.min(u32::MAX as usize / 2);
    if bytes.len() <= limit {
        return Ok(());
    }
    Err(ParseError::Limit {
        at: Position {
            line: 1,
            column: 1,
            offset: 0,
        },
        what: LimitKind::Bytes,
        limit,
    })
}

fn decode_utf8(bytes: &[u8]) -> Result<&str, ParseError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = std::str::from_utf8(&bytes[..error.valid_up_to()])
            .expect("the bytes before the first invalid one are valid");
        ParseError::Encoding {
            at: end_of(valid, 0),
        }
    })
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, ParseError> {
    let mut text = String::with_capacity(bytes.len());
    let (pairs, rest) = bytes.as_chunks::<2>();
    for decoded in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        let Ok(character) = decoded else {
            return Err(ParseError::Encoding {
                at: end_of(&text, 0),
            });
        };
        text.push(character);
    }
    if rest.is_empty() {
        Ok(text)
    } else {
        Err(ParseError::Encoding {
            at: end_of(&text, 0),
        })
    }
}

/// Refuses the characters that go-yaml's reader refuses.
fn check_characters(text: &str, base: usize) -> Result<(), ParseError> {
    // Most texts are plain ASCII, and this test of them runs at memory speed.
    let plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t');
    if text.as_bytes().iter().all(plain) {
        return Ok(());
    }
    let Some((offset, character)) = text.char_indices().find(|(_, c)| !is_allowed(*c)) else {
        return Ok(());
    };
    Err(ParseError::ControlCharacter {
        at: end_of(&text[..offset], base),
        character,
    })
}

fn is_allowed(character: char) -> bool {
    matches!(character,
        '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}'
        | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Returns the position after this text.
fn end_of(text: &str, base: usize) -> Position {
    let line_start = text.rfind('\n').map_or(0, |at| at + 1);
    Position {
        line: text.bytes().filter(|byte| *byte == b'\n').count() as u32 + 1,
        column: text[line_start..].chars().count() as u32 + 1,
        offset: (text.len() + base) as u32,
    }
}
