//! Keys without a question mark, which only the colon behind them tells.

use super::super::cursor::Mark;
use super::{Result, Scanner, Token, TokenKind};

/// Characters after which `:` no longer makes a key of what stands before it.
const SIMPLE_KEY: u32 = 1024;

/// A place where a key may have begun.
#[derive(Clone, Copy, Default)]
pub(super) struct SimpleKey {
    pub(super) possible: bool,
    pub(super) required: bool,
    /// Its token is handed out before it is known whether it is a key.
    pub(super) forgotten: bool,
    pub(super) token: usize,
    pub(super) mark: Mark,
}

impl Scanner<'_> {
    pub(super) fn is_undecided_key(&mut self) -> Result<bool> {
        // Deeper levels began later, so the token numbers ascend; two levels may share one.
        let first = self
            .simple_keys
            .partition_point(|key| key.token < self.taken);
        for level in first..self.simple_keys.len() {
            if self.simple_keys[level].token != self.taken {
                break;
            }
            if !self.simple_keys[level].forgotten && self.check_simple_key(level)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns whether what began at this level can still be a key.
    pub(super) fn check_simple_key(&mut self, level: usize) -> Result<bool> {
        let key = self.simple_keys[level];
        let mark = self.cursor.mark;
        let stale = key.mark.line < mark.line || key.mark.index + SIMPLE_KEY < mark.index;
        if key.possible && stale {
            self.drop_simple_key(level)?;
        }
        Ok(key.possible && !stale)
    }

    pub(super) fn drop_simple_key(&mut self, level: usize) -> Result<()> {
        let key = &mut self.simple_keys[level];
        if key.possible && key.required {
            let mark = key.mark;
            return self.fail(
                "while scanning a simple key",
                mark,
                "could not find expected ':'",
            );
        }
        key.possible = false;
        Ok(())
    }

    pub(super) fn drop_last_simple_key(&mut self) -> Result<()> {
        self.drop_simple_key(self.simple_keys.len() - 1)
    }

    pub(super) fn save_simple_key(&mut self) -> Result<()> {
        if !self.simple_key_allowed {
            return Ok(());
        }
        self.drop_last_simple_key()?;
        let mark = self.cursor.mark;
        let level = self.simple_keys.len() - 1;
        self.simple_keys[level] = SimpleKey {
            possible: true,
            required: self.flow_level == 0 && self.indent == i64::from(mark.column),
            token: self.taken + self.tokens.len(),
            mark,
            ..SimpleKey::default()
        };
        Ok(())
    }

    /// go-yaml registers keys by token and lets go of the innermost one here. Where nothing within the
    /// brackets could be a key, that is the opening bracket's own.
    pub(super) fn pop_simple_key(&mut self) {
        let closed = self.simple_keys.pop().map(|key| key.token);
        if let Some(outer) = self.simple_keys.last_mut() {
            outer.forgotten |= Some(outer.token) == closed;
        }
    }

    /// Puts the key token before what has turned out to be a key.
    pub(super) fn insert_key(&mut self, level: usize) {
        let SimpleKey {
            token: number,
            mark,
            ..
        } = self.simple_keys[level];
        let key = Token {
            kind: TokenKind::Key,
            start: mark,
            end: mark,
        };
        self.insert(number, key);
        self.roll_indent(
            mark.column,
            Some(number),
            TokenKind::BlockMappingStart,
            mark,
        );
        self.simple_keys[level].possible = false;
        self.simple_key_allowed = false;
    }
}
