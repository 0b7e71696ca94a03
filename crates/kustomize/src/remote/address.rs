//! The addresses of repositories, as kustomize 5.8.1 reads them (`api/internal/git/repospec.go`).

use std::time::Duration;

use windlass_tree::{PathError, TreePath};

/// How long fetching may take unless the address says otherwise, as in kustomize.
const TIMEOUT: Duration = Duration::from_secs(27);

/// A directory of a repository elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteBase {
    /// The repository.
    pub repository: Repository,
    /// The directory in it, as it is written.
    directory: String,
}

/// A repository elsewhere, at a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// How it is reached.
    pub scheme: Scheme,
    /// What `git clone` would be given: `https://github.com/org/repo`, `git@example.com:org/repo`,
    /// `file:///srv/repo`.
    pub url: String,
    /// The branch, tag or commit (`?ref=`, `?version=`); `None` for the one the repository names itself.
    pub revision: Option<String>,
    /// How long fetching it may take (`?timeout=`).
    pub timeout: Duration,
    /// Whether its submodules belong to it (`?submodules=`).
    pub submodules: bool,
}

/// How a repository or file is reached, the least trusted first: what came over a network may not lead to
/// something that is reached with less care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// A repository on this disk.
    File,
    /// HTTP in the clear.
    Http,
    /// SSH.
    Ssh,
    /// HTTP over TLS.
    Https,
}

impl RemoteBase {
    /// Reads an address; `None` when the text is a path.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.starts_with('/') {
            return None;
        }
        let (address, query) = text.split_once('?').unwrap_or((text, ""));
        let (scheme, host, rest) = split_host(address)?;
        let (path, directory) = split_directory(rest, scheme)?;
        let query = Query::parse(query);
        Some(Self {
            repository: Repository {
                scheme,
                url: format!("{host}{path}"),
                revision: query.revision,
                timeout: query.timeout,
                submodules: query.submodules,
            },
            directory: directory.trim_start_matches('/').to_owned(),
        })
    }

    /// Returns the directory, which must be inside the repository.
    pub fn directory(&self) -> Result<TreePath, PathError> {
        TreePath::new(&self.directory)
    }
}

impl Scheme {
    const ALL: [(Self, &str); 4] = [
        (Self::Ssh, "ssh://"),
        (Self::Https, "https://"),
        (Self::Http, "http://"),
        (Self::File, "file://"),
    ];

    fn strip(text: &str) -> Option<(Self, &'static str, &str)> {
        Self::ALL.iter().find_map(|(scheme, prefix)| {
            strip_ignoring_case(text, prefix).map(|rest| (*scheme, *prefix, rest))
        })
    }

    /// Returns how an address of a file is reached.
    pub(crate) fn of_url(url: &str) -> Self {
        Self::strip(url).map_or(Self::Http, |(scheme, _, _)| scheme)
    }
}

/// Splits an address into scheme, everything up to the path, and the path.
fn split_host(address: &str) -> Option<(Scheme, String, &str)> {
    let address = strip_ignoring_case(address, "git::").unwrap_or(address);
    let (scheme, rest) = match Scheme::strip(address) {
        Some((Scheme::File, prefix, rest)) => return Some((Scheme::File, prefix.to_owned(), rest)),
        Some((scheme, prefix, rest)) => (Some((scheme, prefix)), rest),
        None => (None, address),
    };
    let (user, rest) = split_user(rest);
    let is_github = ["github.com/", "github.com:"]
        .iter()
        .any(|host| strip_ignoring_case(rest, host).is_some());
    // The form of scp, user@host:path, has no scheme.
    let is_scp = scheme.is_none() && (!user.is_empty() || is_github);
    if scheme.is_none() && !is_scp {
        return None;
    }
    let end = separator(rest, is_scp)?;
    let (host, path) = rest.split_at(end + 1);
    let (scheme, prefix) = scheme.unwrap_or((Scheme::Ssh, ""));
    Some(match (is_github, scheme) {
        (true, Scheme::Ssh) if prefix.is_empty() && user.is_empty() => {
            (Scheme::Https, "https://github.com/".to_owned(), path)
        }
        (true, _) if !user.is_empty() || scheme == Scheme::Ssh => {
            (Scheme::Ssh, format!("{user}github.com:"), path)
        }
        (true, _) => (Scheme::Https, "https://github.com/".to_owned(), path),
        (false, _) => (scheme, format!("{prefix}{user}{host}"), path),
    })
}

/// Splits `user@` off.
fn split_user(text: &str) -> (&str, &str) {
    let name = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .unwrap_or(text.len());
    let is_user =
        text.starts_with(|c: char| c.is_ascii_alphabetic()) && text[name..].starts_with('@');
    text.split_at(if is_user { name + 1 } else { 0 })
}

/// Returns where the host ends.
fn separator(text: &str, is_scp: bool) -> Option<usize> {
    let slash = text.find('/');
    let colon = text.find(':').filter(|_| is_scp);
    match (slash, colon) {
        (Some(slash), Some(colon)) if colon > 0 && colon < slash => Some(colon),
        (None, colon) => colon,
        (slash, _) => slash,
    }
}

/// Splits a path into that of the repository and that of the directory in it: at `_git/`, `//` or `.git`, or
/// behind the second part, as GitHub has it. The whole path of `file://` is the repository.
fn split_directory(path: &str, scheme: Scheme) -> Option<(&str, &str)> {
    let marked = if let Some(at) = path.find("_git/") {
        let name = at + "_git/".len();
        let end = path[name..].find('/').map_or(path.len(), |end| name + end);
        Some(path.split_at(end))
    } else if let Some(at) = path.find("//") {
        Some((&path[..at], &path[at + 2..]))
    } else {
        path.find(".git").map(|at| path.split_at(at + ".git".len()))
    };
    let (repository, directory) = match marked {
        Some(split) => split,
        None if scheme == Scheme::File => (path, ""),
        None => {
            let (first, _) = path.match_indices('/').next()?;
            let second = path[first + 1..].find('/');
            path.split_at(second.map_or(path.len(), |second| first + 1 + second))
        }
    };
    (!repository.is_empty()).then_some((repository, directory))
}

struct Query {
    revision: Option<String>,
    timeout: Duration,
    submodules: bool,
}

impl Query {
    fn parse(text: &str) -> Self {
        let get = |name: &str| {
            let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
            let mut values = pairs
                .filter(|(key, _)| *key == name)
                .map(|(_, value)| value);
            values.next().filter(|value| !value.is_empty())
        };
        let revision = get("ref").or_else(|| get("version")).map(decode);
        Self {
            revision,
            timeout: get("timeout").and_then(seconds).unwrap_or(TIMEOUT),
            submodules: !matches!(
                get("submodules"),
                Some("0" | "f" | "F" | "false" | "FALSE" | "False")
            ),
        }
    }
}

/// Undoes percent-encoding. What is not UTF-8 behind it stays as it is.
fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).filter(|_| *first == b'%');
        let hex = hex.and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(byte.unwrap_or(if *first == b'+' { b' ' } else { *first }));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// Reads `61`, `61s`, `2m` or `1m30s`; anything else is `None`.
fn seconds(text: &str) -> Option<Duration> {
    let mut total = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let number: u64 = rest[..digits].parse().ok()?;
        let unit = &rest[digits..];
        let (scale, tail) = match unit.chars().next() {
            None if digits == text.len() => (1, ""),
            Some('s') => (1, &unit[1..]),
            Some('m') if !unit.starts_with("ms") => (60, &unit[1..]),
            Some('h') => (3600, &unit[1..]),
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(scale)?)?;
        rest = tail;
    }
    (total > 0).then(|| Duration::from_secs(total))
}

fn strip_ignoring_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let start = text.get(..prefix.len())?;
    start
        .eq_ignore_ascii_case(prefix)
        .then(|| &text[prefix.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What kustomize 5.8.1 makes of an address: what it clones, the directory, the revision.
    const ADDRESSES: &[(&str, &str, &str, Option<&str>)] = &[
        (
            "https://github.com/org/repo//a/b?ref=v1",
            "https://github.com/org/repo",
            "a/b",
            Some("v1"),
        ),
        (
            "https://github.com/org/repo/a/b?ref=v1",
            "https://github.com/org/repo",
            "a/b",
            Some("v1"),
        ),
        (
            "https://github.com/org/repo.git/a?version=v2",
            "https://github.com/org/repo.git",
            "a",
            Some("v2"),
        ),
        (
            "github.com/org/repo",
            "https://github.com/org/repo",
            "",
            None,
        ),
        (
            "GitHub.com/org/repo/x",
            "https://github.com/org/repo",
            "x",
            None,
        ),
        (
            "github.com:org/repo",
            "https://github.com/org/repo",
            "",
            None,
        ),
        (
            "git@github.com:org/repo.git//a",
            "git@github.com:org/repo.git",
            "a",
            None,
        ),
        (
            "ssh://git@github.com/org/repo",
            "git@github.com:org/repo",
            "",
            None,
        ),
        (
            "ssh://git@example.com:22/org/repo//a",
            "ssh://git@example.com:22/org/repo",
            "a",
            None,
        ),
        (
            "user@example.com:org/repo/dir",
            "user@example.com:org/repo",
            "dir",
            None,
        ),
        (
            "git::https://example.com/org/repo",
            "https://example.com/org/repo",
            "",
            None,
        ),
        (
            "https://dev.azure.com/org/project/_git/repo/a/b",
            "https://dev.azure.com/org/project/_git/repo",
            "a/b",
            None,
        ),
        (
            "https://user@dev.azure.com/org/p/_git/repo",
            "https://user@dev.azure.com/org/p/_git/repo",
            "",
            None,
        ),
        (
            "https://gitlab.com/a/b/c/repo.git/d?ref=x%2Fy",
            "https://gitlab.com/a/b/c/repo.git",
            "d",
            Some("x/y"),
        ),
        (
            "https://gitlab.com/a/b/c//d",
            "https://gitlab.com/a/b/c",
            "d",
            None,
        ),
        ("file:///srv/repo", "file:///srv/repo", "", None),
        (
            "file:///srv/repo//a?ref=main",
            "file:///srv/repo",
            "a",
            Some("main"),
        ),
        (
            "http://localhost:8080/org/repo/a",
            "http://localhost:8080/org/repo",
            "a",
            None,
        ),
    ];

    #[test]
    fn addresses_are_split_as_kustomize_splits_them() {
        for (text, url, directory, revision) in ADDRESSES {
            let base = RemoteBase::parse(text).unwrap();
            assert_eq!(base.repository.url, *url, "{text}");
            assert_eq!(base.directory, *directory, "{text}");
            assert_eq!(base.repository.revision.as_deref(), *revision, "{text}");
        }
    }

    #[test]
    fn a_path_is_no_address() {
        for text in [
            "base",
            "../base",
            "/srv/repo",
            "example.com/org/repo",
            "https://example.com",
            "a:b",
            "",
        ] {
            assert_eq!(RemoteBase::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_query_says_how_long_it_may_take_and_whether_submodules_belong_to_it() {
        let parse = |query: &str| {
            let repository = RemoteBase::parse(&format!("github.com/o/r?{query}"))
                .unwrap()
                .repository;
            (repository.timeout.as_secs(), repository.submodules)
        };
        assert_eq!(parse(""), (27, true));
        assert_eq!(parse("timeout=61"), (61, true));
        assert_eq!(parse("timeout=1m30s&submodules=false"), (90, false));
        assert_eq!(parse("timeout=-3&submodules=perhaps"), (27, true));
        assert_eq!(parse("timeout=99999999999999999999h"), (27, true));
    }

    #[test]
    fn a_directory_that_leaves_the_repository_is_refused() {
        let base = RemoteBase::parse("https://github.com/org/repo//../other").unwrap();
        assert!(matches!(base.directory(), Err(PathError::Outside { .. })));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "(git::|https?://|ssh://|git@|github.com[:/]|)?.{0,40}") {
            let _ = RemoteBase::parse(&text);
        }
    }
}
