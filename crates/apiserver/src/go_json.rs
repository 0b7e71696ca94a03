//! What Go's `encoding/json` (1.26) says of bytes that are no JSON: kube-apiserver hands it to its clients.

use std::fmt::Write;

/// How deeply JSON may be nested.
const MAX_DEPTH: usize = 10_000;

/// Returns what is wrong with the syntax; `None` where nothing is.
pub(crate) fn mistake(bytes: &[u8]) -> Option<String> {
    let mut scanner = Scanner { bytes, at: 0 };
    scanner.document().err()
}

/// Returns the beginning of a body as messages quote it: what begins as an object as it is, the rest in hex.
pub(crate) fn quoted(bytes: &[u8]) -> String {
    const MOST: usize = 30;
    let start = &bytes[..bytes.len().min(MOST)];
    let more = if bytes.len() > MOST { " ..." } else { "" };
    match bytes.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => format!("{}{more}", String::from_utf8_lossy(start)),
        Some(_) => {
            let digits = start.iter().fold(String::new(), |mut digits, byte| {
                let _ = write!(digits, "{byte:02x}");
                digits
            });
            digits + more
        }
    }
}

struct Scanner<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl Scanner<'_> {
    fn document(&mut self) -> Result<(), String> {
        self.value("looking for beginning of value", 0)?;
        self.skip_blanks();
        match self.peek() {
            None => Ok(()),
            Some(byte) => Err(unexpected(byte, "after top-level value")),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Returns the next byte that is no blank.
    fn next(&mut self) -> Result<u8, String> {
        self.skip_blanks();
        self.take()
    }

    fn take(&mut self) -> Result<u8, String> {
        let byte = self.peek().ok_or("unexpected end of JSON input")?;
        self.at += 1;
        Ok(byte)
    }

    fn value(&mut self, context: &str, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err("exceeded max depth".to_owned());
        }
        match self.next()? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => self.string(),
            b'-' => match self.take()? {
                digit @ b'0'..=b'9' => self.number(digit),
                byte => Err(unexpected(byte, "in numeric literal")),
            },
            digit @ b'0'..=b'9' => self.number(digit),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            byte => Err(unexpected(byte, context)),
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), String> {
        let mut first = true;
        loop {
            match self.next()? {
                b'}' if first => return Ok(()),
                b'"' => self.string()?,
                byte => {
                    return Err(unexpected(
                        byte,
                        "looking for beginning of object key string",
                    ));
                }
            }
            match self.next()? {
                b':' => self.value("looking for beginning of value", depth + 1)?,
                byte => return Err(unexpected(byte, "after object key")),
            }
            match self.next()? {
                b',' => first = false,
                b'}' => return Ok(()),
                byte => return Err(unexpected(byte, "after object key:value pair")),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), String> {
        self.skip_blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value("looking for beginning of value", depth + 1)?;
            match self.next()? {
                b',' => {}
                b']' => return Ok(()),
                byte => return Err(unexpected(byte, "after array element")),
            }
        }
    }

    fn string(&mut self) -> Result<(), String> {
        loop {
            match self.take()? {
                b'"' => return Ok(()),
                b'\\' => self.escape()?,
                byte @ ..0x20 => return Err(unexpected(byte, "in string literal")),
                _ => {}
            }
        }
    }

    fn escape(&mut self) -> Result<(), String> {
        match self.take()? {
            b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => Ok(()),
            b'u' => (0..4).try_for_each(|_| match self.take()? {
                byte if byte.is_ascii_hexdigit() => Ok(()),
                byte => Err(unexpected(byte, "in \\u hexadecimal character escape")),
            }),
            byte => Err(unexpected(byte, "in string escape code")),
        }
    }

    fn number(&mut self, first: u8) -> Result<(), String> {
        if first != b'0' {
            self.digits();
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits("in exponent of numeric literal")?;
        }
        Ok(())
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
    }

    fn some_digits(&mut self, context: &str) -> Result<(), String> {
        match self.take()? {
            b'0'..=b'9' => {
                self.digits();
                Ok(())
            }
            byte => Err(unexpected(byte, context)),
        }
    }

    fn literal(&mut self, word: &str) -> Result<(), String> {
        word.bytes()
            .skip(1)
            .try_for_each(|wanted| match self.take()? {
                byte if byte == wanted => Ok(()),
                byte => {
                    let context = format!("in literal {word} (expecting '{}')", char::from(wanted));
                    Err(unexpected(byte, &context))
                }
            })
    }
}

fn unexpected(byte: u8, context: &str) -> String {
    let character = char::from(byte);
    let shown = match character {
        '\'' => "\\'".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\u{7}' => "\\a".to_owned(),
        '\u{8}' => "\\b".to_owned(),
        '\u{c}' => "\\f".to_owned(),
        '\u{b}' => "\\v".to_owned(),
        '\n' | '\r' | '\t' => character.escape_default().to_string(),
        ..' ' | '\u{7f}' => format!("\\x{byte:02x}"),
        '\u{80}'..='\u{a0}' | '\u{ad}' => format!("\\u{byte:04x}"),
        _ => character.to_string(),
    };
    format!("invalid character '{shown}' {context}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_worded_as_go_words_it() {
        for (text, words) in [
            ("", "unexpected end of JSON input"),
            ("{", "unexpected end of JSON input"),
            (
                "{]",
                "invalid character ']' looking for beginning of object key string",
            ),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            (
                "{\"a\": 1 2}",
                "invalid character '2' after object key:value pair",
            ),
            ("[1 2]", "invalid character '2' after array element"),
            ("{} x", "invalid character 'x' after top-level value"),
            (
                "tru3",
                "invalid character '3' in literal true (expecting 'e')",
            ),
            (
                "'a'",
                "invalid character '\\'' looking for beginning of value",
            ),
            (
                "1.x",
                "invalid character 'x' after decimal point in numeric literal",
            ),
            ("\"\\q\"", "invalid character 'q' in string escape code"),
            ("\"\n\"", "invalid character '\\n' in string literal"),
        ] {
            assert_eq!(mistake(text.as_bytes()).as_deref(), Some(words), "{text:?}");
        }
    }

    #[test]
    fn json_has_no_mistake() {
        for text in [
            "{}",
            " [1, -2.5e+3, \"a\\u00e9\", true, null, {\"b\": []}] ",
            "0",
        ] {
            assert_eq!(mistake(text.as_bytes()), None, "{text}");
        }
    }
}
