//! Directives, anchors, aliases and tags.

use super::super::cursor::{Mark, is_word};
use super::{Result, Scanner, TokenKind};

const DIRECTIVE: &str = "while scanning a directive";
const VERSION: &str = "while scanning a %YAML directive";
const TAG_DIRECTIVE: &str = "while scanning a %TAG directive";

/// Where a tag stands: its errors name it.
#[derive(Clone, Copy)]
struct TagPlace {
    directive: bool,
    start: Mark,
}

impl<'a> Scanner<'a> {
    pub(super) fn fetch_directive(&mut self) -> Result<()> {
        self.unroll_indent(-1, self.cursor.mark);
        self.drop_last_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.cursor.mark;
        self.cursor.skip();
        let kind = match self.directive_name(start)? {
            "YAML" => self.version(start)?,
            "TAG" => self.tag_directive(start)?,
            _ => return self.fail(DIRECTIVE, start, "found unknown directive name"),
        };
        self.push(kind, start, self.cursor.mark);
        self.cursor.skip_blanks();
        if self.cursor.byte(0) == b'#' {
            self.cursor.skip_to_break();
        }
        if !self.cursor.is_break_or_end(0) {
            return self.fail(
                DIRECTIVE,
                start,
                "did not find expected comment or line break",
            );
        }
        self.cursor.skip_break();
        Ok(())
    }

    fn directive_name(&mut self, start: Mark) -> Result<&'a str> {
        let name = self.word();
        if name.is_empty() {
            return self.fail(DIRECTIVE, start, "could not find expected directive name");
        }
        if !self.cursor.is_blank_or_end(0) {
            return self.fail(
                DIRECTIVE,
                start,
                "found unexpected non-alphabetical character",
            );
        }
        Ok(name)
    }

    fn version(&mut self, start: Mark) -> Result<TokenKind<'a>> {
        self.cursor.skip_blanks();
        let major = self.version_number(start)?;
        if self.cursor.byte(0) != b'.' {
            let problem = "did not find expected digit or '.' character";
            return self.fail(VERSION, start, problem);
        }
        self.cursor.skip();
        let minor = self.version_number(start)?;
        Ok(TokenKind::Version(major, minor))
    }

    fn version_number(&mut self, start: Mark) -> Result<u32> {
        let from = self.cursor.mark.offset;
        self.cursor.skip_until(|byte| !byte.is_ascii_digit());
        match self.cursor.since(from) {
            "" => self.fail(VERSION, start, "did not find expected version number"),
            digits if digits.len() > 2 => {
                self.fail(VERSION, start, "found extremely long version number")
            }
            digits => Ok(digits.parse().unwrap_or(0)),
        }
    }

    fn tag_directive(&mut self, start: Mark) -> Result<TokenKind<'a>> {
        let place = TagPlace {
            directive: true,
            start,
        };
        self.cursor.skip_blanks();
        let handle = self.tag_handle(place)?;
        if !self.cursor.is_blank(0) {
            return self.fail(TAG_DIRECTIVE, start, "did not find expected whitespace");
        }
        self.cursor.skip_blanks();
        let prefix = self.tag_uri(place, "")?;
        if !self.cursor.is_blank_or_end(0) {
            let problem = "did not find expected whitespace or line break";
            return self.fail(TAG_DIRECTIVE, start, problem);
        }
        Ok(TokenKind::TagDirective(handle, prefix))
    }

    /// Takes an anchor or alias.
    pub(super) fn fetch_name(
        &mut self,
        kind: fn(&'a str) -> TokenKind<'a>,
        context: &'static str,
    ) -> Result<()> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.cursor.mark;
        self.cursor.skip();
        let name = self.word();
        let ends = self.cursor.is_blank_or_end(0) || b"?:,]}%@`".contains(&self.cursor.byte(0));
        if name.is_empty() || !ends {
            let problem = "did not find expected alphabetic or numeric character";
            return self.fail(context, start, problem);
        }
        self.push(kind(name), start, self.cursor.mark);
        Ok(())
    }

    fn word(&mut self) -> &'a str {
        let from = self.cursor.mark.offset;
        self.cursor.skip_until(|byte| !is_word(byte));
        self.cursor.since(from)
    }

    pub(super) fn fetch_tag(&mut self) -> Result<()> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.cursor.mark;
        let kind = self.tag(TagPlace {
            directive: false,
            start,
        })?;
        if !self.cursor.is_blank_or_end(0) {
            let problem = "did not find expected whitespace or line break";
            return self.fail("while scanning a tag", start, problem);
        }
        self.push(kind, start, self.cursor.mark);
        Ok(())
    }

    fn tag(&mut self, place: TagPlace) -> Result<TokenKind<'a>> {
        if self.cursor.byte(1) == b'<' {
            self.cursor.skip_many(2);
            let uri = self.tag_uri(place, "")?;
            if self.cursor.byte(0) != b'>' {
                let problem = "did not find the expected '>'";
                return self.fail("while scanning a tag", place.start, problem);
            }
            self.cursor.skip();
            return Ok(TokenKind::Tag("", uri));
        }
        let handle = self.tag_handle(place)?;
        if handle.len() > 1 && handle.ends_with('!') {
            return Ok(TokenKind::Tag(handle, self.tag_uri(place, "")?));
        }
        let suffix = self.tag_uri(place, handle)?;
        if suffix.is_empty() {
            return Ok(TokenKind::Tag("", "!".to_owned()));
        }
        Ok(TokenKind::Tag("!", suffix))
    }

    fn tag_handle(&mut self, place: TagPlace) -> Result<&'a str> {
        let from = self.cursor.mark.offset;
        if self.cursor.byte(0) != b'!' {
            return self.fail_tag(place, "did not find expected '!'");
        }
        self.cursor.skip();
        self.word();
        if self.cursor.byte(0) == b'!' {
            self.cursor.skip();
        } else if place.directive && self.cursor.since(from) != "!" {
            return self.fail_tag(place, "did not find expected '!'");
        }
        Ok(self.cursor.since(from))
    }

    /// Reads the rest of a tag, of which `head` was read as its handle.
    fn tag_uri(&mut self, place: TagPlace, head: &str) -> Result<String> {
        let mut uri = head.get(1..).unwrap_or_default().as_bytes().to_owned();
        let before = self.cursor.mark.offset;
        loop {
            let byte = self.cursor.byte(0);
            if byte == b'%' {
                uri.push(self.uri_escape(place)?);
            } else if is_word(byte) || b";/?:@&=+$,.!~*'()[]".contains(&byte) {
                uri.push(byte);
                self.cursor.skip();
            } else {
                break;
            }
        }
        if head.is_empty() && before == self.cursor.mark.offset {
            return self.fail_tag(place, "did not find expected tag URI");
        }
        match String::from_utf8(uri) {
            Ok(uri) => Ok(uri),
            Err(_) => self.fail_tag(place, "found an incorrect trailing UTF-8 octet"),
        }
    }

    fn uri_escape(&mut self, place: TagPlace) -> Result<u8> {
        let digit = |ahead| char::from(self.cursor.byte(ahead)).to_digit(16);
        let (Some(high), Some(low)) = (digit(1), digit(2)) else {
            return self.fail_tag(place, "did not find URI escaped octet");
        };
        self.cursor.skip_many(3);
        Ok((high << 4 | low) as u8)
    }

    fn fail_tag<T>(&self, place: TagPlace, problem: &'static str) -> Result<T> {
        let context = if place.directive {
            "while parsing a %TAG directive"
        } else {
            "while parsing a tag"
        };
        self.fail(context, place.start, problem)
    }
}
