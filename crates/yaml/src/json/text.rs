//! What becomes of texts on their way through JSON.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

use super::{Cow, Position, PrintError};

/// Go's `base64.StdEncoding`, which does not mind bits that are left over.
const GO_BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// Returns the text after Go has printed it as JSON and go-yaml v2 has read that as YAML.
///
/// Both leave nearly all texts alone. A next-line character (U+0085) is a line break to YAML, and line
/// breaks in double quotes are folded; control characters from U+007F on cannot be read at all.
pub(crate) fn through_json(text: &str, at: Position) -> Result<Cow<'_, str>, PrintError> {
    refuse_controls(text, at)?;
    if text.contains('\u{85}') {
        return Ok(Cow::Owned(fold_next_lines(text)));
    }
    Ok(Cow::Borrowed(text))
}

fn refuse_controls(text: &str, at: Position) -> Result<(), PrintError> {
    // All characters in question have a first byte of 0x7f or more.
    if text.bytes().all(|byte| byte < 0x7f) {
        return Ok(());
    }
    let forbidden =
        |c: char| matches!(c, '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}');
    match text.chars().find(|c| forbidden(*c)) {
        Some(character) => Err(PrintError::ControlCharacter { at, character }),
        None => Ok(()),
    }
}

/// The length in JSON from which go-yaml does not take a text for a key.
const KEY_LIMIT: usize = 1024;

/// Refuses the keys that do not survive the same way: those of more than 1,024 characters and those
/// with a line break (U+0085).
pub(crate) fn check_key(text: &str, at: Position) -> Result<(), PrintError> {
    if text.contains('\u{85}') {
        let character = '\u{85}';
        return Err(PrintError::ControlCharacter { at, character });
    }
    // No character takes more than six in JSON.
    if text.len() > KEY_LIMIT / 6 - 2 && json_length(text) > KEY_LIMIT {
        let limit = KEY_LIMIT;
        return Err(PrintError::KeyTooLong { at, limit });
    }
    refuse_controls(text, at)
}

/// Returns how many characters Go's `encoding/json` prints for this text, with its quotes.
fn json_length(text: &str) -> usize {
    let lengths = text.chars().map(|character| match character {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => 6,
        _ => 1,
    });
    lengths.sum::<usize>() + 2
}

/// Folds U+0085 as a line break in double quotes: one becomes a space, more become line feeds, and the
/// spaces around them go.
fn fold_next_lines(text: &str) -> String {
    let mut lines = text.split('\u{85}');
    let first = lines.next().unwrap_or_default();
    let mut folded = first.trim_end_matches(' ').to_owned();
    let mut empty_lines = 0;
    let mut lines = lines.peekable();
    while let Some(line) = lines.next() {
        let mut content = line.trim_start_matches(' ');
        if lines.peek().is_some() {
            content = content.trim_end_matches(' ');
        }
        if content.is_empty() && lines.peek().is_some() {
            empty_lines += 1;
            continue;
        }
        match empty_lines {
            0 => folded.push(' '),
            more => folded.extend(std::iter::repeat_n('\n', more)),
        }
        empty_lines = 0;
        folded.push_str(content);
    }
    folded
}

/// Returns a date, or date and time, as Go's `time.Time` prints in JSON: `2006-01-02T15:04:05.99Z`.
pub(crate) fn timestamp_text(text: &str) -> String {
    let mut numbers = text.splitn(3, '-');
    let year = numbers.next().unwrap_or_default();
    let month = numbers.next().unwrap_or_default();
    let rest = numbers.next().unwrap_or_default();
    let day_digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (day, time) = rest.split_at(day_digits);
    let time = time.trim_start_matches(['T', 't', ' ']);
    let time = if time.is_empty() {
        "00:00:00Z".to_owned()
    } else {
        time_text(time)
    };
    format!("{year}-{month:0>2}-{day:0>2}T{time}")
}

fn time_text(time: &str) -> String {
    let zone_at = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at(zone_at);
    let (clock, fraction) = clock.split_once(['.', ',']).unwrap_or((clock, ""));
    let clock: Vec<String> = clock.split(':').map(|part| format!("{part:0>2}")).collect();
    // Go keeps nanoseconds, without zeros at the end.
    let fraction = &fraction[..fraction.len().min(9)];
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    let zone = if matches!(zone, "" | "+00:00" | "-00:00") {
        "Z"
    } else {
        zone
    };
    format!("{}{point}{fraction}{zone}", clock.join(":"))
}

/// Returns what `!!binary` decodes to; each byte that is not UTF-8
/// becomes U+FFFD, as in Go's JSON.
pub(crate) fn binary_text(text: &str, at: Position) -> Result<String, PrintError> {
    let digits = text.replace(['\r', '\n'], "");
    let bytes = GO_BASE64
        .decode(digits)
        .map_err(|_| PrintError::Base64 { at })?;
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(std::iter::repeat_n(
            char::REPLACEMENT_CHARACTER,
            chunk.invalid().len(),
        ));
    }
    Ok(text)
}
