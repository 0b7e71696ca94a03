//! What a text may hold, looked at before anything of it is evaluated.

use std::collections::HashSet;

use kube_cel::cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue};

use crate::error::CompileError;
use crate::program::TYPES;

/// How long a text may be, in bytes.
const MAX_LENGTH: usize = 16 * 1024;

/// How many brackets may be open at once.
const MAX_NESTING: usize = 24;

/// How deep the tree may be: the interpreter descends it, and a chain of operators is as deep as it is long.
const MAX_DEPTH: usize = 120;

/// How many operators may stand in a row before an operand (`!!x`): the parser descends for each.
const MAX_UNARY: usize = 16;

/// How many sums and differences a program with instants may have: each can double a duration, and the library's
/// calendar ends in the year 262,000.
const MAX_TIME_SUMS: usize = 4;

/// How many of `optMap` and `optFlatMap` a program may have: each doubles what is before it.
const MAX_OPTIONAL_MAPS: usize = 6;

/// The functions of Kubernetes 1.37 that are evaluated here. Others that the library has are not in Kubernetes, or
/// can be made to take all memory (`lists.range`).
const FUNCTIONS: &str = "
    contains size startsWith endsWith string bytes double int uint bool matches duration timestamp dyn type
    getFullYear getMonth getDayOfYear getDayOfMonth getDate getDayOfWeek getHours getMinutes getSeconds
    getMilliseconds value hasValue or orValue optMap optFlatMap of none ofNonZeroValue
    charAt indexOf lastIndexOf join lowerAscii upperAscii replace split substring trim format quote
    isSorted sum min max find findAll equivalent intersects named validate
    dns1123Label dns1123Subdomain dns1035Label qualifiedName dns1123LabelPrefix dns1123SubdomainPrefix
    dns1035LabelPrefix labelValue uri uuid byte date datetime
    quantity isQuantity sign isInteger asInteger asApproximateFloat add sub isGreaterThan isLessThan compareTo
    ip isIP isCanonical family isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast
    cidr isCIDR containsIP containsCIDR prefixLength masked
    semver isSemver major minor patch
";

/// The prefixes of functions, which look like variables.
const NAMESPACES: [&str; 5] = ["sets", "ip", "format", "optional", "strings"];

/// Refuses a text that could exhaust the parser's stack.
pub(crate) fn text(source: &str) -> Result<(), CompileError> {
    within("bytes", source.len(), MAX_LENGTH)?;
    let (mut open, mut deepest, mut row, mut longest) = (0_usize, 0, 0_usize, 0);
    let mut before = ' ';
    for letter in source.chars() {
        match letter {
            // A field or an item that may be missing.
            '?' if ".[{,".contains(before) => {}
            '(' | '[' | '{' | '?' => open += 1,
            ')' | ']' | '}' | ':' => open = open.saturating_sub(1),
            _ => {}
        }
        match letter {
            '!' | '-' => row += 1,
            ' ' | '\t' | '\n' | '\r' => {}
            _ => row = 0,
        }
        (deepest, longest) = (deepest.max(open), longest.max(row));
        if !letter.is_whitespace() {
            before = letter;
        }
    }
    within("brackets open at once", deepest, MAX_NESTING)?;
    within("signs in a row", longest, MAX_UNARY)
}

fn within(what: &'static str, found: usize, limit: usize) -> Result<(), CompileError> {
    if found > limit {
        return Err(CompileError::TooLarge { what, found, limit });
    }
    Ok(())
}

/// Refuses a program that would be too large once its macros are made out.
pub(crate) fn macros(expression: &IdedExpr) -> Result<(), CompileError> {
    within("levels", depth(expression), MAX_DEPTH)?;
    let mut count = 0;
    walk(expression, &mut |it| {
        if let Expr::Call(call) = &it.expr {
            count += usize::from(["optMap", "optFlatMap"].contains(&&*call.func_name));
        }
    });
    within("calls of optMap and optFlatMap", count, MAX_OPTIONAL_MAPS)
}

/// Refuses loops that the parser does not make out.
pub(crate) fn loops(expression: &IdedExpr) -> Result<(), CompileError> {
    let mut found = false;
    walk(expression, &mut |it| {
        found |= matches!(&it.expr, Expr::Call(call) if is_loop(call));
    });
    let what = TWO_VARIABLES.to_owned();
    if found {
        return Err(CompileError::Unsupported { what });
    }
    Ok(())
}

/// Refuses a program that names what is not there, or what the interpreter must not see.
pub(crate) fn expression(
    expression: &IdedExpr,
    source: &str,
    variables: &[&str],
) -> Result<(), CompileError> {
    within("levels", depth(expression), MAX_DEPTH)?;
    let mut names: HashSet<&str> = variables.iter().copied().collect();
    names.extend(TYPES);
    let mut wrong = None;
    walk(expression, &mut |it| {
        if let Expr::Comprehension(it) = &it.expr {
            names.extend([&*it.iter_var, &*it.accu_var]);
            names.extend(it.iter_var2.as_deref());
        }
        wrong = wrong.take().or_else(|| refused(it));
    });
    walk(expression, &mut |it| {
        if let Expr::Ident(name) = &it.expr
            && !names.contains(name.as_str())
            && !NAMESPACES.contains(&name.as_str())
        {
            wrong = wrong.take().or_else(|| Some(undeclared(name, source)));
        }
    });
    wrong.map_or(Ok(()), Err)?;
    check_times(expression)
}

fn depth(expression: &IdedExpr) -> usize {
    let below = children(expression).into_iter().map(depth);
    1 + below.max().unwrap_or(0)
}

fn refused(expression: &IdedExpr) -> Option<CompileError> {
    let what = match &expression.expr {
        Expr::Struct(_) | Expr::Unspecified => "making a message".to_owned(),
        Expr::Comprehension(it) if it.iter_var2.is_some() => TWO_VARIABLES.to_owned(),
        Expr::Call(call) if is_loop(call) => TWO_VARIABLES.to_owned(),
        Expr::Call(call) if !is_known(&call.func_name) => format!("{}()", call.func_name),
        Expr::Call(call) if call.func_name == "format" && !is_plain_format(call) => {
            "a format that is no plain text".to_owned()
        }
        _ => return None,
    };
    Some(CompileError::Unsupported { what })
}

const TWO_VARIABLES: &str = "a loop of two variables";

/// Whether a call is a macro that the parser does not make out.
fn is_loop(call: &CallExpr) -> bool {
    let is_macro = match &*call.func_name {
        "all" | "exists" | "existsOne" | "exists_one" | "transformMapEntry" => call.args.len() == 3,
        "transformList" | "transformMap" => [3, 4].contains(&call.args.len()),
        _ => false,
    };
    is_macro && call.target.is_some()
}

fn is_known(name: &str) -> bool {
    let is_operator = name.starts_with(['_', '!', '-', '@']);
    is_operator || FUNCTIONS.split_whitespace().any(|it| it == name)
}

/// The precision of a format is as large as its text says, and fills memory, or ends the process.
fn is_plain_format(call: &CallExpr) -> bool {
    let Some(Expr::Literal(LiteralValue::String(text))) = call.target.as_ref().map(|it| &it.expr)
    else {
        return false;
    };
    let mut digits = 0;
    text.inner().chars().all(|letter| {
        digits = if letter.is_ascii_digit() {
            digits + 1
        } else {
            0
        };
        digits <= 2
    })
}

/// Instants and durations have bounds that the library does not look at.
fn check_times(expression: &IdedExpr) -> Result<(), CompileError> {
    let (mut has_times, mut sums) = (false, 0);
    walk(expression, &mut |it| {
        if let Expr::Call(call) = &it.expr {
            has_times |= ["timestamp", "duration"].contains(&&*call.func_name);
            sums += usize::from(["_+_", "_-_"].contains(&&*call.func_name));
            sums += if call.func_name == "sum" {
                MAX_TIME_SUMS + 1
            } else {
                0
            };
        }
    });
    if has_times {
        within("sums beside instants or durations", sums, MAX_TIME_SUMS)?;
    }
    Ok(())
}

/// Where a name first stands in the text, as a word of its own.
fn undeclared(name: &str, source: &str) -> CompileError {
    let is_letter = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut places = source.match_indices(name).map(|(at, _)| at);
    let at = places.find(|at| {
        let (before, after) = (&source[..*at], &source[at + name.len()..]);
        !before.ends_with(|it| is_letter(it) || it == '.') && !after.starts_with(is_letter)
    });
    let before = &source[..at.unwrap_or(0)];
    CompileError::Undeclared {
        name: name.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before
            .rsplit('\n')
            .next()
            .map_or(0, |line| line.chars().count())
            + 1,
    }
}

/// Calls the function with each part of an expression.
pub(crate) fn walk<'e>(expression: &'e IdedExpr, visit: &mut dyn FnMut(&'e IdedExpr)) {
    visit(expression);
    for child in children(expression) {
        walk(child, visit);
    }
}

fn children(expression: &IdedExpr) -> Vec<&IdedExpr> {
    match &expression.expr {
        Expr::Call(call) => call
            .target
            .as_deref()
            .into_iter()
            .chain(&call.args)
            .collect(),
        Expr::Comprehension(it) => vec![
            &it.iter_range,
            &it.accu_init,
            &it.loop_cond,
            &it.loop_step,
            &it.result,
        ],
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => map
            .entries
            .iter()
            .flat_map(|entry| entry_parts(&entry.expr))
            .collect(),
        Expr::Struct(it) => it
            .entries
            .iter()
            .flat_map(|entry| entry_parts(&entry.expr))
            .collect(),
        Expr::Select(select) => vec![&select.operand],
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => Vec::new(),
    }
}

pub(crate) fn entry_parts(entry: &EntryExpr) -> Vec<&IdedExpr> {
    match entry {
        EntryExpr::StructField(field) => vec![&field.value],
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
    }
}
