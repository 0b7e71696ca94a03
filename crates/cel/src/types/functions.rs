//! The functions of the language with the types that they take and give, in a table.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::Type;

/// One way to call a function.
#[derive(Clone, Debug)]
pub(super) struct Overload {
    pub(super) target: Option<Type<'static>>,
    pub(super) args: Vec<Type<'static>>,
    pub(super) result: Type<'static>,
}

const TABLE: &str = include_str!("functions.txt");

static FUNCTIONS: LazyLock<HashMap<&'static str, Vec<Overload>>> = LazyLock::new(|| {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(function).collect()
});

/// Returns the ways to call a function; `None` for one that is not declared.
pub(super) fn overloads(name: &str) -> Option<&'static [Overload]> {
    FUNCTIONS.get(name).map(Vec::as_slice)
}

fn function(line: &'static str) -> Option<(&'static str, Vec<Overload>)> {
    let (name, overloads) = line.split_once("; ")?;
    let overloads = overloads.split("; ").filter_map(overload);
    Some((name, overloads.collect()))
}

/// Reads `target.(argument, argument) -> result`.
fn overload(text: &'static str) -> Option<Overload> {
    let (call, result) = text.rsplit_once(" -> ")?;
    let (target, args) = match call.find(".(") {
        Some(at) => (Some(read(&call[..at])), &call[at + 1..]),
        None => (None, call),
    };
    let args = args.strip_prefix('(')?.strip_suffix(')')?;
    Some(Overload {
        target,
        args: list(args),
        result: read(result),
    })
}

fn read(text: &'static str) -> Type<'static> {
    let is_variable = |it: &str| it.len() == 1 && it.starts_with(|it: char| it.is_uppercase());
    match text.split_once('(') {
        _ if text == "dyn" => Type::Dyn,
        _ if is_variable(text) => Type::Any(usize::from(text.as_bytes()[0])),
        Some((name, args)) => Type::Of(name, list(args.strip_suffix(')').unwrap_or(args))),
        None => Type::of(text),
    }
}

/// Reads types with commas between them, none of which is within brackets.
fn list(text: &'static str) -> Vec<Type<'static>> {
    let (mut depth, mut start, mut types) = (0_usize, 0, Vec::new());
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                types.push(read(text[start..at].trim()));
                start = at + 1;
            }
            _ => {}
        }
    }
    if !text[start..].trim().is_empty() {
        types.push(read(text[start..].trim()));
    }
    types
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
        for line in lines {
            let (name, overloads) = line.split_once("; ").unwrap();
            let known = &FUNCTIONS[name];
            let texts = known.iter().map(|it| {
                let target = it.target.as_ref().map(|it| format!("{it}."));
                let args: Vec<String> = it.args.iter().map(Type::to_string).collect();
                let target = target.unwrap_or_default();
                format!("{target}({}) -> {}", args.join(", "), it.result)
            });
            assert_eq!(texts.collect::<Vec<_>>().join("; "), overloads);
        }
    }
}
