//! From Go's syntax to that of the `regex` crate.

/// Returns a pattern of Go's `regexp` as the `regex` crate writes it: a brace that begins no repetition
/// stands for itself (so `${NAME}` is a pattern), `\w` and its like are ASCII, `\Q` quotes up to `\E`, and
/// a class knows no operators. Go refuses what repeats a repetition, or more than a thousand times.
pub(crate) fn from_go(pattern: &str) -> Result<String, (&'static str, &str)> {
    let mut translated = String::with_capacity(pattern.len());
    let mut class_start = None;
    let mut at = 0;
    let mut repeated = 0..0;
    while let Some(character) = pattern[at..].chars().next() {
        let rest = &pattern[at..];
        if let Some(length) = repetition(rest).filter(|_| class_start.is_none()) {
            if repeated.end == at && at > 0 {
                let both = &pattern[repeated.start..at + length];
                return Err(("invalid nested repetition operator", both));
            }
            let operator = &rest[..length];
            if !has_valid_counts(operator) {
                return Err(("invalid repeat count", operator));
            }
            let is_lazy = rest[length..].starts_with('?');
            let end = at + length + usize::from(is_lazy);
            translated.push_str(&pattern[at..end]);
            repeated = at..end;
            at = end;
            continue;
        }
        if character == '\\' {
            at += push_escape(&mut translated, rest, class_start.is_some());
            continue;
        }
        match (character, class_start) {
            ('[', None) => class_start = Some(at),
            ('[', Some(_)) if !rest.starts_with("[:") => translated.push('\\'),
            ('{', None) | ('&' | '~', Some(_)) => translated.push('\\'),
            (']', Some(start)) if !matches!(&pattern[start..at], "[" | "[^") => class_start = None,
            _ => {}
        }
        translated.push(character);
        at += character.len_utf8();
    }
    Ok(translated)
}

/// Translates the escape that a text begins with, and returns its length.
fn push_escape(translated: &mut String, text: &str, is_in_class: bool) -> usize {
    let Some(letter) = text[1..].chars().next() else {
        translated.push('\\');
        return 1;
    };
    let class = match letter.to_ascii_lowercase() {
        'd' => "0-9",
        'w' => "0-9A-Za-z_",
        's' => r"\t\n\f\r ",
        _ => "",
    };
    let length = match letter {
        'p' | 'P' if text[2..].starts_with('{') => text.find('}').map_or(2, |end| end + 1),
        'Q' => text.find(r"\E").map_or(text.len(), |end| end + 2),
        _ => 1 + letter.len_utf8(),
    };
    match letter {
        'd' | 'w' | 's' if is_in_class => translated.push_str(class),
        'd' | 'w' | 's' => translated.extend(["[", class, "]"]),
        'D' | 'W' | 'S' => translated.extend(["[^", class, "]"]),
        'b' if !is_in_class => translated.push_str(r"(?-u:\b)"),
        'B' if !is_in_class => translated.push_str(r"(?-u:\B)"),
        'Q' => translated.push_str(&regex::escape(text[2..length].trim_end_matches(r"\E"))),
        _ => translated.push_str(&text[..length]),
    }
    length
}

/// Returns the length of the repetition that a text begins with: `*`, `+`, `?`, `{n}`, `{n,}` or `{n,m}`.
fn repetition(text: &str) -> Option<usize> {
    if text.starts_with(['*', '+', '?']) {
        return Some(1);
    }
    let (counts, _) = text.strip_prefix('{')?.split_once('}')?;
    let (least, most) = counts.split_once(',').unwrap_or((counts, ""));
    let is_number = |count: &str| count.bytes().all(|byte| byte.is_ascii_digit());
    let is_repetition = !least.is_empty() && is_number(least) && is_number(most);
    is_repetition.then_some(counts.len() + 2)
}

/// Returns whether the numbers of a repetition, if it has any, are in order and not too large.
fn has_valid_counts(repetition: &str) -> bool {
    let counts = repetition.trim_matches(['{', '}']);
    let numbers = counts.split(',').filter(|count| !count.is_empty());
    let mut least = 0;
    for count in numbers.filter(|count| count.starts_with(|first: char| first.is_ascii_digit())) {
        let count = count.parse().unwrap_or(u32::MAX);
        if count > 1000 || count < least {
            return false;
        }
        least = count;
    }
    true
}
