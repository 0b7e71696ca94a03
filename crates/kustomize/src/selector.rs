//! Choosing objects: by regular expressions over kind, name and namespace, and by labels.

mod labels;

use regex::Regex;

use crate::error::{Problem, SelectionProblem};
use crate::id::{self, ResId};
use crate::item::Item;
use crate::kustomization::Selector;

pub(crate) use labels::LabelSelector;

/// A compiled [`Selector`].
pub(crate) struct Matcher {
    group: Option<Pattern>,
    version: Option<Pattern>,
    kind: Option<Pattern>,
    name: Option<Pattern>,
    namespace: Option<Pattern>,
    /// kustomize reads label selectors only when it compares an object with them.
    labels: Result<LabelSelector, SelectionProblem>,
    annotations: Result<LabelSelector, SelectionProblem>,
    has_no_labels: bool,
}

impl Matcher {
    pub(crate) fn new(selector: &Selector) -> Result<Self, Problem> {
        Ok(Self {
            group: anchored(&selector.group)?,
            version: anchored(&selector.version)?,
            kind: anchored(&selector.kind)?,
            name: anchored(&selector.name)?,
            namespace: anchored(&selector.namespace)?,
            labels: LabelSelector::parse(&selector.labels),
            annotations: LabelSelector::parse(&selector.annotations),
            has_no_labels: selector.labels.is_empty() && selector.annotations.is_empty(),
        })
    }

    /// Returns whether a patch's target selects the object, by its first or its present name.
    pub(crate) fn selects(&self, item: &Item) -> Result<bool, SelectionProblem> {
        let first = item.previous.first();
        let fits = |pattern, present: &str, first: Option<&str>| {
            matches(pattern, present) || first.is_some_and(|first| matches(pattern, first))
        };
        let (group, version) = id::group_and_version(item.api_version());
        let is_named = fits(
            self.name.as_ref(),
            item.name(),
            first.map(|first| first.name.as_str()),
        ) && matches(self.kind.as_ref(), item.kind())
            && matches(self.group.as_ref(), group)
            && matches(self.version.as_ref(), version)
            && fits(
                self.namespace.as_ref(),
                id::effective_namespace(item.namespace(), item.is_cluster_scoped()),
                first.map(|first| id::effective_namespace(&first.namespace, false)),
            );
        Ok(is_named && self.selects_metadata(item)?)
    }

    /// Returns whether labels and annotations of the object are as wanted.
    pub(crate) fn selects_metadata(&self, item: &Item) -> Result<bool, SelectionProblem> {
        if self.has_no_labels {
            return Ok(true);
        }
        let selects = |selector: &Result<LabelSelector, SelectionProblem>, field| {
            let selector = selector.as_ref().map_err(Clone::clone)?;
            Ok(selector.selects(&crate::edit::metadata_map(&item.node, field)))
        };
        Ok(selects(&self.labels, "labels")? && selects(&self.annotations, "annotations")?)
    }

    /// Returns whether an identity is as wanted, with its namespace as it is written.
    pub(crate) fn selects_id(&self, id: &ResId) -> bool {
        self.selects_kind(id)
            && matches(self.name.as_ref(), &id.name)
            && matches(self.namespace.as_ref(), &id.namespace)
    }

    fn selects_kind(&self, id: &ResId) -> bool {
        matches(self.group.as_ref(), &id.gvk.group)
            && matches(self.version.as_ref(), &id.gvk.version)
            && matches(self.kind.as_ref(), &id.gvk.kind)
    }
}

/// What a whole text has to match.
enum Pattern {
    /// A text without special characters, as most targets have it.
    Text(String),
    Expression(Regex),
}

fn matches(pattern: Option<&Pattern>, text: &str) -> bool {
    match pattern {
        None => true,
        Some(Pattern::Text(wanted)) => wanted == text,
        Some(Pattern::Expression(pattern)) => pattern.is_match(text),
    }
}

fn anchored(pattern: &str) -> Result<Option<Pattern>, SelectionProblem> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_/:".contains(&byte);
    if pattern.is_empty() {
        return Ok(None);
    }
    if pattern.bytes().all(is_plain) {
        return Ok(Some(Pattern::Text(pattern.to_owned())));
    }
    compile(&format!("^(?:{pattern})$")).map(|pattern| Some(Pattern::Expression(pattern)))
}

/// Compiles a regular expression of Go's; its automaton may not grow without bound.
pub(crate) fn compile(pattern: &str) -> Result<Regex, SelectionProblem> {
    let wrong = |(reason, part): (&str, &str)| SelectionProblem::Pattern {
        pattern: part.to_owned(),
        reason: reason.to_owned(),
    };
    let translated = from_go(pattern).map_err(wrong)?;
    regex::RegexBuilder::new(&translated)
        .size_limit(1 << 20)
        .build()
        .map_err(|error| pattern_problem(pattern, &error))
}

/// Says what is wrong, in Go's words for the commonest mistake.
fn pattern_problem(pattern: &str, error: &regex::Error) -> SelectionProblem {
    let text = error.to_string();
    let reason = text.lines().last().unwrap_or_default();
    let reason = reason.strip_prefix("error: ").unwrap_or(reason);
    let reason = match reason {
        "unclosed group" => "missing closing )",
        "unopened group" => "unexpected )",
        "unclosed character class" => "missing closing ]",
        "repetition operator missing expression" => "missing argument to repetition operator",
        other => other,
    };
    SelectionProblem::Pattern {
        pattern: pattern.to_owned(),
        reason: reason.to_owned(),
    }
}

/// Returns a pattern of Go's `regexp` as the `regex` crate writes it: a brace that begins no repetition
/// stands for itself (so `${NAME}` is a pattern), `\w` and its like are ASCII, `\Q` quotes up to `\E`, and
/// a class knows no operators. Go refuses what repeats a repetition, or more than a thousand times.
fn from_go(pattern: &str) -> Result<String, (&'static str, &str)> {
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

impl Selector {
    /// Returns the selector in kustomize's notation.
    pub(crate) fn describe(&self) -> String {
        self.as_id().to_string()
    }

    /// Returns the identity that the selector names, were it none of patterns.
    pub(crate) fn as_id(&self) -> ResId {
        ResId {
            gvk: windlass_object::Gvk {
                group: self.group.clone(),
                version: self.version.clone(),
                kind: self.kind.clone(),
            },
            name: self.name.clone(),
            namespace: self.namespace.clone(),
            is_cluster_scoped: false,
        }
    }

    /// Returns whether nothing about the identity is wanted.
    pub(crate) fn has_no_id(&self) -> bool {
        [
            &self.group,
            &self.version,
            &self.kind,
            &self.name,
            &self.namespace,
        ]
        .iter()
        .all(|part| part.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_mean_in_go() {
        for (pattern, text, expected) in [
            ("${NAME}", "NAME", false),
            ("}a{|w{", "w{", true),
            ("w{1}[a-z&&b[]{2}", "we&", true),
            (r"\w{1,253}", "web", true),
            (r"\W|\w", "é", true),
            (r"[\w.-]+", "a.b-c", true),
            (r"\p{Greek}+", "αβ", true),
            (r"\Qa.b{\E+", "a.b{{", true),
            (r"\Qa.b\E", "axb", false),
            (r"[]a]\b", "]", false),
        ] {
            let compiled = anchored(pattern).unwrap();
            assert_eq!(matches(compiled.as_ref(), text), expected, "{pattern}");
        }
    }
}
