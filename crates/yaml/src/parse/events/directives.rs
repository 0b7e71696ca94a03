//! `%YAML`, `%TAG`, and tags written out.

use super::{Events, LimitKind, Mark, ParseError, Result, Token, TokenKind};

/// The most `%TAG` directives of a document, and the most bytes that a short form may stand for: what
/// one line says is repeated with each tag.
const MAX_DIRECTIVES: usize = 100;
const MAX_PREFIX: usize = 256;

const DEFAULTS: [(&str, &str); 2] = [("!", "!"), ("!!", "tag:yaml.org,2002:")];

impl<'a> Events<'a> {
    pub(super) fn process_directives(&mut self) -> Result<()> {
        let mut version_seen = false;
        loop {
            let at = self.peek()?.start;
            match self.peek()?.kind {
                TokenKind::Version(..) if version_seen => {
                    return self.fail("found duplicate %YAML directive", at, None);
                }
                TokenKind::Version(1, 1) => version_seen = true,
                TokenKind::Version(..) => {
                    return self.fail("found incompatible YAML document", at, None);
                }
                TokenKind::TagDirective(..) => {}
                _ => break,
            }
            if let TokenKind::TagDirective(handle, prefix) = self.take()?.kind {
                if self.prefix_of(handle).is_some() {
                    return self.fail("found duplicate %TAG directive", at, None);
                }
                self.check_directive(at, &prefix)?;
                self.tag_directives.push((handle, prefix.into()));
            }
        }
        for (handle, prefix) in DEFAULTS {
            if self.prefix_of(handle).is_none() {
                self.tag_directives.push((handle, prefix.into()));
            }
        }
        Ok(())
    }

    fn check_directive(&self, at: Mark, prefix: &str) -> Result<()> {
        let (what, limit) = match prefix.len() {
            0..=MAX_PREFIX if self.tag_directives.len() < MAX_DIRECTIVES => return Ok(()),
            0..=MAX_PREFIX => (LimitKind::Directives, MAX_DIRECTIVES),
            _ => (LimitKind::TagPrefix, MAX_PREFIX),
        };
        let at = at.position(self.scanner.base);
        Err(ParseError::Limit { at, what, limit })
    }

    fn prefix_of(&self, handle: &str) -> Option<&str> {
        let found = self
            .tag_directives
            .iter()
            .find(|(known, _)| *known == handle);
        found.map(|(_, prefix)| &**prefix)
    }

    /// Returns the tag written out.
    pub(super) fn resolve_tag(&self, token: Token<'a>, node: Mark) -> Result<Box<str>> {
        let TokenKind::Tag(handle, suffix) = token.kind else {
            unreachable!("only tags are resolved");
        };
        if handle.is_empty() {
            return Ok(suffix.into());
        }
        let context = Some(("while parsing a node", node));
        match self.prefix_of(handle) {
            Some(prefix) => Ok(format!("{prefix}{suffix}").into()),
            None => self.fail("found undefined tag handle", token.start, context),
        }
    }
}
