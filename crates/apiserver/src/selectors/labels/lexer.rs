//! The words of a label selector.

use std::iter::Peekable;
use std::str::CharIndices;

/// The operators that are made of signs, the longer ones first.
const SIGNS: [(&str, Token); 9] = [
    ("==", Token::DoubleEquals),
    ("!=", Token::NotEquals),
    ("=", Token::Equals),
    ("!", Token::Not),
    (">", Token::Greater),
    ("<", Token::Less),
    ("(", Token::Open),
    (")", Token::Close),
    (",", Token::Comma),
];

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    End,
    Identifier,
    Close,
    Comma,
    DoubleEquals,
    Equals,
    Greater,
    In,
    Less,
    Not,
    NotEquals,
    NotIn,
    Open,
}

/// A selector, read word by word.
pub(super) struct Lexer<'t> {
    words: Peekable<Words<'t>>,
}

struct Words<'t> {
    text: &'t str,
    rest: Peekable<CharIndices<'t>>,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let words = Words {
            text,
            rest: text.char_indices().peekable(),
        };
        Self {
            words: words.peekable(),
        }
    }

    /// Returns the next word without taking it. Where values stand, `in` and `notin` are words like others.
    pub(super) fn peek(&mut self) -> (Token, &'t str) {
        as_value(self.words.peek().copied())
    }

    /// Takes the next word where values stand.
    pub(super) fn value(&mut self) -> (Token, &'t str) {
        as_value(self.words.next())
    }

    /// Takes the next word where an operator stands.
    pub(super) fn operator(&mut self) -> (Token, &'t str) {
        self.words.next().unwrap_or((Token::End, ""))
    }
}

fn as_value(word: Option<(Token, &str)>) -> (Token, &str) {
    match word {
        None => (Token::End, ""),
        Some((Token::In | Token::NotIn, text)) => (Token::Identifier, text),
        Some(word) => word,
    }
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

fn is_sign(character: char) -> bool {
    matches!(character, '=' | '!' | '(' | ')' | ',' | '>' | '<')
}

impl<'t> Iterator for Words<'t> {
    type Item = (Token, &'t str);

    fn next(&mut self) -> Option<Self::Item> {
        while self.rest.next_if(|(_, it)| is_blank(*it)).is_some() {}
        let (start, first) = *self.rest.peek()?;
        let text = &self.text[start..];
        if let Some((sign, token)) = SIGNS.iter().find(|(sign, _)| text.starts_with(sign)) {
            for _ in sign.chars() {
                self.rest.next();
            }
            return Some((*token, sign));
        }
        debug_assert!(!is_sign(first), "every sign is an operator");
        let is_end = |it: char| is_sign(it) || is_blank(it);
        let length = text.find(is_end).unwrap_or(text.len());
        while self.rest.next_if(|(at, _)| *at < start + length).is_some() {}
        let word = &text[..length];
        let token = match word {
            "in" => Token::In,
            "notin" => Token::NotIn,
            _ => Token::Identifier,
        };
        Some((token, word))
    }
}
