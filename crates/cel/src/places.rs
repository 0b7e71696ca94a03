//! Where the parts of a program stand in its text. The parser numbers them and does not tell; here the words of the
//! text are read along with the tree. What a macro makes stands where its bracket opens.

use std::collections::HashMap;

use kube_cel::cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr};

use crate::check::entry_parts;

/// The places, in bytes from the start, by the number of a part.
pub(crate) type Places = HashMap<u64, usize>;

/// Returns where the parts of a program stand.
pub(crate) fn places(expression: &IdedExpr, source: &str) -> Places {
    let mut reader = Reader {
        words: words(source),
        next: 0,
        places: Places::new(),
    };
    reader.read(expression);
    reader.places
}

struct Reader<'t> {
    words: Vec<(usize, &'t str)>,
    next: usize,
    places: Places,
}

impl Reader<'_> {
    /// Goes on behind the next such word; returns where it stands.
    fn find(&mut self, is: impl Fn(&str) -> bool) -> Option<usize> {
        let found = self.words[self.next..].iter().position(|(_, it)| is(it))?;
        let at = self.words[self.next + found].0;
        self.next += found + 1;
        Some(at)
    }

    fn word(&mut self, word: &str) -> Option<usize> {
        self.find(|it| it == word)
    }

    fn mark(&mut self, id: u64, at: Option<usize>) {
        self.places.extend(at.map(|at| (id, at)));
    }

    fn read(&mut self, expression: &IdedExpr) {
        let id = expression.id;
        match &expression.expr {
            Expr::Ident(name) => {
                let at = self.word(name);
                self.mark(id, at);
            }
            Expr::Literal(_) => {
                let at = self.find(is_literal);
                self.mark(id, at);
            }
            Expr::Select(select) if select.test => {
                self.word("has");
                let at = self.word("(");
                self.mark(id, at);
                self.read(&select.operand);
                self.word(".");
            }
            Expr::Select(select) => {
                self.read(&select.operand);
                let at = self.word(".");
                self.mark(id, at);
            }
            Expr::Call(call) => self.call(id, call),
            Expr::Comprehension(it) => self.comprehension(id, it),
            Expr::List(list) => {
                let at = self.word("[");
                self.mark(id, at);
                list.elements.iter().for_each(|it| self.read(it));
            }
            Expr::Map(map) => {
                let at = self.word("{");
                self.mark(id, at);
                let parts = map.entries.iter().flat_map(|it| entry_parts(&it.expr));
                parts.for_each(|it| self.read(it));
            }
            Expr::Struct(_) | Expr::Unspecified => {}
        }
    }

    fn call(&mut self, id: u64, call: &CallExpr) {
        let mut args = call.args.iter();
        let symbol = call.func_name.trim_matches('_');
        let opens = match &*call.func_name {
            "!_" | "-_" => symbol,
            name if name == "@in" || (name.starts_with('_') && name.ends_with(['_', ']'])) => {
                args.next().into_iter().for_each(|it| self.read(it));
                match symbol {
                    "?_:" => "?",
                    "[_]" | "[?_]" => "[",
                    "?." => ".",
                    "@in" => "in",
                    symbol => symbol,
                }
            }
            name => {
                call.target.iter().for_each(|it| self.read(it));
                self.word(name);
                "("
            }
        };
        let at = self.word(opens);
        self.mark(id, at);
        if call.func_name == "_?._" {
            call.args.iter().skip(1).for_each(|it| self.mark(it.id, at));
            return;
        }
        args.for_each(|it| self.read(it));
    }

    fn comprehension(&mut self, id: u64, it: &ComprehensionExpr) {
        self.read(&it.iter_range);
        let at = self.word("(");
        self.mark(id, at);
        self.word(&it.iter_var);
        for part in written(it) {
            self.read(part);
        }
    }
}

/// Returns the parts of a loop that stand in the text: its condition, and what it makes of an item.
fn written(it: &ComprehensionExpr) -> Vec<&IdedExpr> {
    let is_item = |expression: &IdedExpr| matches!(&expression.expr, Expr::Ident(name) if *name == it.iter_var);

    let Expr::Call(step) = &it.loop_step.expr else {
        return Vec::new();
    };
    match (&*step.func_name, &step.args[..]) {
        ("_&&_" | "_||_", [_, condition]) => vec![condition],
        ("_?_:_", [condition, made, _]) => {
            let made = gathered(made).filter(|made| !is_item(made));
            std::iter::once(condition).chain(made).collect()
        }
        _ => gathered(&it.loop_step).into_iter().collect(),
    }
}

/// Returns the item of `list + [item]`.
fn gathered(step: &IdedExpr) -> Option<&IdedExpr> {
    let Expr::Call(call) = &step.expr else {
        return None;
    };
    match call.args.last().map(|it| &it.expr) {
        Some(Expr::List(list)) if call.func_name == "_+_" => list.elements.first(),
        _ => None,
    }
}

fn is_literal(word: &str) -> bool {
    let is_quoted = word.ends_with(['\'', '"']);
    let is_number = word.starts_with(|it: char| it.is_ascii_digit());
    is_quoted || is_number || ["true", "false", "null"].contains(&word)
}

/// Returns the words of a text, and where each begins.
fn words(source: &str) -> Vec<(usize, &str)> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(first) = source[at..].chars().next() {
        let rest = &source[at..];
        let length = if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        } else if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        } else {
            length(rest, first)
        };
        words.push((at, &rest[..length]));
        at += length;
    }
    words
}

fn length(rest: &str, first: char) -> usize {
    let letters = |is: fn(char) -> bool| rest.find(|it| !is(it)).unwrap_or(rest.len());
    if first.is_ascii_digit() {
        return letters(|it| it.is_ascii_alphanumeric() || it == '.');
    }
    let prefix = if first.is_alphabetic() || first == '_' {
        let length = letters(|it| it.is_alphanumeric() || it == '_');
        let opens = rest[length..].starts_with(['\'', '"']);
        let is_prefix =
            opens && length <= 2 && rest[..length].chars().all(|it| "rRbB".contains(it));
        if !is_prefix {
            return length;
        }
        length
    } else {
        0
    };
    if let Some(quote) = rest[prefix..]
        .chars()
        .next()
        .filter(|it| "'\"".contains(*it))
    {
        return prefix + quoted(&rest[prefix..], quote, rest[..prefix].contains(['r', 'R']));
    }
    let two = ["==", "!=", "<=", ">=", "&&", "||"];
    let is_two = two.iter().any(|it| rest.starts_with(it));
    if is_two { 2 } else { first.len_utf8() }
}

/// Returns the length of a text with its quotes.
fn quoted(rest: &str, quote: char, is_raw: bool) -> usize {
    let triple = quote.to_string().repeat(3);
    let end = if rest.starts_with(&triple) {
        &triple
    } else {
        &triple[..1]
    };
    let mut at = end.len();
    while at < rest.len() && !rest[at..].starts_with(end) {
        let escapes = !is_raw && rest[at..].starts_with('\\');
        let mut letters = rest[at..].chars();
        at += letters.next().map_or(1, char::len_utf8);
        if escapes {
            at += letters.next().map_or(0, char::len_utf8);
        }
    }
    (at + end.len()).min(rest.len())
}
