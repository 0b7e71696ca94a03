//! `%YAML`, `%TAG`, and tags written out.

use super::{Events, Mark, Result, Token, TokenKind};

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
