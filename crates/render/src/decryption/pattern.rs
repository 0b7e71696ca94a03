//! Patterns of paths: `overlays/dev/*.yaml`, `**/.sops/*.enc`.

use std::fmt;
use std::str::FromStr;

use windlass_tree::TreePath;

/// A pattern for the paths of files, seen from the root of the tree.
///
/// `*` stands for any characters of a name, `?` for one, and `**` as a whole name for any number of
/// directories. All else is meant as it is written, and the whole path has to match.
///
/// ```
/// use windlass_render::PathPattern;
/// use windlass_tree::TreePath;
///
/// let pattern: PathPattern = "kustomize/**/*.enc.yaml".parse()?;
/// assert!(pattern.matches(&TreePath::new("kustomize/web/base/db.enc.yaml")?));
/// assert!(!pattern.matches(&TreePath::new("kustomize/web/base/db.yaml")?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PathPattern {
    names: Vec<String>,
}

/// Why a text is no pattern of paths.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no pattern of paths; write one from the top of the repository, such as kustomize/web/overlays/dev/*.yaml or **/.sops/*.enc"
)]
pub struct PathPatternError {
    text: String,
}

impl FromStr for PathPattern {
    type Err = PathPatternError;

    fn from_str(text: &str) -> Result<Self, PathPatternError> {
        let plain = text.strip_prefix("./").unwrap_or(text);
        let names: Vec<String> = plain.split('/').map(str::to_owned).collect();
        let is_wrong = |name: &String| matches!(name.as_str(), "" | "." | "..");
        if names.iter().any(is_wrong) {
            let text = text.to_owned();
            return Err(PathPatternError { text });
        }
        Ok(Self { names })
    }
}

impl PathPattern {
    /// Returns whether the path matches.
    #[must_use]
    pub fn matches(&self, path: &TreePath) -> bool {
        let names: Vec<&str> = path.as_str().split('/').collect();
        matches_sequence(
            &self.names,
            &names,
            |name| name == "**",
            |pattern, name| {
                let (pattern, name): (Vec<_>, Vec<_>) =
                    (pattern.chars().collect(), name.chars().collect());
                let fits = |one: &char, other: &char| *one == '?' || one == other;
                matches_sequence(&pattern, &name, |character| *character == '*', fits)
            },
        )
    }
}

/// Matches a sequence, where a part of the pattern that is `any` stands for any number of elements. It takes
/// at most the product of both lengths: only the last such part is ever tried again.
fn matches_sequence<P, T>(
    pattern: &[P],
    text: &[T],
    is_any: impl Fn(&P) -> bool,
    fits: impl Fn(&P, &T) -> bool,
) -> bool {
    let (mut at, mut position) = (0, 0);
    let mut last_any: Option<(usize, usize)> = None;
    while position < text.len() {
        if pattern.get(at).is_some_and(&is_any) {
            last_any = Some((at, position));
            at += 1;
        } else if pattern
            .get(at)
            .is_some_and(|part| fits(part, &text[position]))
        {
            at += 1;
            position += 1;
        } else if let Some((any, from)) = last_any {
            last_any = Some((any, from + 1));
            at = any + 1;
            position = from + 1;
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(is_any)
}

impl fmt::Display for PathPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.names.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_whole_paths_only() {
        let matches = |pattern: &str, path: &str| {
            let pattern: PathPattern = pattern.parse().unwrap();
            pattern.matches(&TreePath::new(path).unwrap())
        };
        for (pattern, path, expected) in [
            ("**", "a/b/c.yaml", true),
            ("a/**/c.yaml", "a/c.yaml", true),
            ("a/**/c.yaml", "a/b/b/c.yaml", true),
            ("**/.sops/*.enc", "x/.sops/A.enc", true),
            ("**/.sops/*.enc", ".sops/A.enc", true),
            ("**/.sops/*.enc", ".sops/A.enc.yaml", false),
            ("./a/?.yaml", "a/b.yaml", true),
            ("a/*", "a/b/c", false),
            ("a", "a/b", false),
            ("a/b", "a", false),
            ("*a*b*", "xaxxbx", true),
            ("*a*b*", "xbxxax", false),
            ("**/b/**/c", "a/b/x/b/c", true),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn what_cannot_match_is_no_pattern() {
        for text in ["", "/etc/passwd", "../x", "a//b", "a/"] {
            assert!(text.parse::<PathPattern>().is_err(), "{text}");
        }
    }
}
