//! Which styles a text can be written in, as go-yaml v2's emitter decides.

use super::keys::is_plain_string;

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
    Folded,
}

/// Which version of go-yaml prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V2,
    V3,
}

/// What a text allows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Analysis {
    /// It has line breaks.
    pub(super) multiline: bool,
    /// Plain in block context.
    pub(super) plain: bool,
    /// Plain within brackets or braces.
    pub(super) flow_plain: bool,
    pub(super) single_quoted: bool,
    /// Literal or folded.
    pub(super) block: bool,
}

/// What was seen in a text.
#[derive(Default)]
struct Seen {
    indicators: bool,
    flow_indicators: bool,
    line_breaks: bool,
    tabs: bool,
    special: bool,
    leading_blank: bool,
    trailing_space: bool,
    trailing_break: bool,
    break_space: bool,
    space_break: bool,
}

impl Analysis {
    /// Returns the style of a value with this text.
    pub(super) fn value_style(self, text: &str) -> Style {
        let wanted = wanted_style(text);
        match wanted {
            Style::Literal if self.block => Style::Literal,
            Style::Plain => self.plain_or_quoted(),
            _ => Style::DoubleQuoted,
        }
    }

    /// Returns the style of a key that stands before its colon on one line.
    pub(super) fn simple_key_style(self, text: &str) -> Style {
        match wanted_style(text) {
            Style::Plain if text.is_empty() => Style::SingleQuoted,
            Style::Plain if !self.multiline => self.plain_or_quoted(),
            _ => Style::DoubleQuoted,
        }
    }

    fn plain_or_quoted(self) -> Style {
        if self.plain {
            Style::Plain
        } else {
            self.quoted()
        }
    }

    /// Returns whether this text can stand without quotes, in brackets as well; a colon within a word is
    /// no matter to our own reader.
    pub(super) fn flow_plain_text(self, text: &str) -> bool {
        self.plain && !text.contains([',', '?', '[', ']', '{', '}']) && !text.starts_with(':')
    }

    /// Returns single quotes where they do, else double quotes.
    pub(super) fn quoted(self) -> Style {
        if self.single_quoted {
            Style::SingleQuoted
        } else {
            Style::DoubleQuoted
        }
    }
}

fn wanted_style(text: &str) -> Style {
    if text.contains('\n') {
        Style::Literal
    } else if is_plain_string(text) {
        Style::Plain
    } else {
        Style::DoubleQuoted
    }
}

/// Returns what this text allows.
pub(super) fn analyse(text: &str, version: Version) -> Analysis {
    if text.is_empty() {
        return Analysis {
            plain: true,
            single_quoted: true,
            ..Analysis::default()
        };
    }
    let mut seen = look_at(text);
    if version == Version::V2 {
        seen.special |= seen.tabs;
    }
    let ends_blank = seen.leading_blank || seen.trailing_space || seen.trailing_break;
    let unquotable = seen.break_space || seen.space_break || seen.special || seen.tabs;
    let plain = !(ends_blank || unquotable || seen.line_breaks);
    Analysis {
        multiline: seen.line_breaks,
        plain: plain && !seen.indicators,
        flow_plain: plain && !seen.indicators && !seen.flow_indicators,
        single_quoted: !unquotable,
        block: !(seen.trailing_space || seen.space_break || seen.special),
    }
}

fn look_at(text: &str) -> Seen {
    let mut seen = Seen {
        indicators: text.starts_with("---")
            || text.starts_with("...")
            || starts_with_indicator(text),
        leading_blank: text.starts_with(|c| c == ' ' || is_break(c)),
        trailing_space: text.ends_with(' '),
        trailing_break: text.ends_with(is_break),
        ..Seen::default()
    };
    let mut previous = '\n';
    let mut rest = text;
    loop {
        if let Some((last, after)) = skip_unremarkable(rest) {
            (previous, rest) = (last, after);
        }
        let mut characters = rest.chars();
        let Some(character) = characters.next() else {
            return seen;
        };
        rest = characters.as_str();
        match character {
            ' ' => seen.break_space |= is_break(previous) && seen.line_breaks,
            ':' => {
                seen.flow_indicators = true;
                seen.indicators |= characters.next().is_none_or(is_blank);
            }
            ',' | '?' | '[' | ']' | '{' | '}' => seen.flow_indicators = true,
            '#' => seen.indicators |= is_blank(previous) || is_break(previous),
            '\t' => seen.tabs = true,
            _ if is_break(character) => {
                seen.line_breaks = true;
                seen.space_break |= previous == ' ';
                seen.special |= !is_printable(character);
            }
            _ => seen.special |= !is_printable(character),
        }
        previous = character;
    }
}

/// Skips what says nothing about styles, most of a text. Returns the last of it and what comes after it.
fn skip_unremarkable(text: &str) -> Option<(char, &str)> {
    let bytes = text.as_bytes();
    let end = bytes
        .iter()
        .position(|byte| !UNREMARKABLE[usize::from(*byte)]);
    let (skipped, after) = text.split_at(end.unwrap_or(text.len()));
    Some((char::from(*skipped.as_bytes().last()?), after))
}

/// Which bytes are characters that say nothing about styles. A table is three times as quick as comparing.
static UNREMARKABLE: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = b'!';
    while byte <= b'~' {
        table[byte as usize] =
            !matches!(byte, b'#' | b',' | b':' | b'?' | b'[' | b']' | b'{' | b'}');
        byte += 1;
    }
    table
};

fn starts_with_indicator(text: &str) -> bool {
    let mut characters = text.chars();
    match characters.next() {
        Some(
            '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%'
            | '@' | '`',
        ) => true,
        Some('?' | ':' | '-') => characters.next().is_none_or(is_blank),
        _ => false,
    }
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t')
}

/// Returns whether go-yaml takes this for a line break.
pub(super) fn is_break(character: char) -> bool {
    matches!(character, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Returns whether go-yaml v2 prints this character as it is; astral ones it does not.
pub(super) fn is_printable(character: char) -> bool {
    matches!(character, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}'
        | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}
