//! The references that a Git server advertises, and the request for one commit (`gitprotocol-pack`, version 0).

use super::{FetchError, full_commit};

/// Where Git looks for a name, in its order (`git help revisions`).
const PREFIXES: [&str; 4] = ["", "refs/", "refs/tags/", "refs/heads/"];

/// The references of a repository and what its server can do.
pub(super) struct References {
    /// Name and object; for an annotated tag a second one, with `^{}` behind its name, and its commit.
    list: Vec<(String, String)>,
    capabilities: Vec<String>,
}

/// What a name leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// What is asked for: a commit or an annotated tag.
    pub(super) object: String,
    /// The commit.
    pub(super) commit: String,
}

impl References {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, FetchError> {
        let mut this = Self {
            list: Vec::new(),
            capabilities: Vec::new(),
        };
        let mut rest = bytes;
        while !rest.is_empty() {
            let (line, tail) = split_line(rest).ok_or_else(|| git("its references are cut off"))?;
            rest = tail;
            let line = String::from_utf8_lossy(line);
            this.add(line.trim_end())?;
        }
        Ok(this)
    }

    fn add(&mut self, line: &str) -> Result<(), FetchError> {
        if let Some(reason) = line.strip_prefix("ERR ") {
            return Err(git(reason));
        }
        let (line, capabilities) = line.split_once('\0').unwrap_or((line, ""));
        self.capabilities
            .extend(capabilities.split_whitespace().map(str::to_owned));
        if let Some((object, name)) = line.split_once(' ')
            && let Some(object) = full_commit(object)
            && name != "capabilities^{}"
        {
            self.list.push((name.to_owned(), object));
        }
        Ok(())
    }

    /// Returns what a branch, tag, reference or commit leads to, or HEAD.
    ///
    /// The digits of a commit are that commit, as for git, even where a branch is called like it: whoever can push
    /// a branch could put another commit in the place of a pinned one.
    pub(super) fn find(&self, revision: Option<&str>) -> Result<Wanted, FetchError> {
        let name = revision.unwrap_or("HEAD");
        if let Some(commit) = full_commit(name) {
            return Ok(Wanted {
                object: commit.clone(),
                commit,
            });
        }
        let object = |name: &str| self.object(name);
        let found = PREFIXES.iter().find_map(|prefix| {
            let name = format!("{prefix}{name}");
            Some((object(&name)?, object(&format!("{name}^{{}}"))))
        });
        match found {
            Some((object, commit)) => Ok(Wanted {
                object: object.to_owned(),
                commit: commit.unwrap_or(object).to_owned(),
            }),
            None => Err(self.unknown(name)),
        }
    }

    /// Returns the request for what is wanted, without its history.
    pub(super) fn request(&self, wanted: &Wanted) -> Vec<u8> {
        let can = |name: &str| {
            self.capabilities
                .iter()
                .any(|capability| capability == name)
        };
        let asked = ["side-band-64k", "ofs-delta", "no-progress"];
        let asked: Vec<&str> = asked.into_iter().filter(|name| can(name)).collect();
        let mut body = line(&format!("want {} {}\n", wanted.object, asked.join(" ")));
        if can("shallow") {
            body.extend(line("deepen 1\n"));
        }
        body.extend(b"0000");
        body.extend(line("done\n"));
        body
    }

    fn object(&self, name: &str) -> Option<&str> {
        let found = self.list.iter().find(|(known, _)| known == name);
        found.map(|(_, object)| object.as_str())
    }

    fn unknown(&self, name: &str) -> FetchError {
        let short = |(name, _): &(String, String)| {
            let branch = name.strip_prefix("refs/heads/");
            let name = branch.or_else(|| name.strip_prefix("refs/tags/"))?;
            (!name.ends_with("^{}")).then(|| name.to_owned())
        };
        FetchError::NoRevision {
            revision: name.to_owned(),
            known: self.list.iter().filter_map(short).take(20).collect(),
        }
    }
}

/// Returns the first line and the rest; a flush is an empty line. `None` when it is cut off.
pub(super) fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = length(bytes.get(..4)?.try_into().ok()?)?;
    Some((bytes.get(4..length.max(4))?, &bytes[length.max(4)..]))
}

/// Returns the length of a line from its first four bytes, these included; 0 for a flush.
pub(super) fn length(header: [u8; 4]) -> Option<usize> {
    let text = std::str::from_utf8(&header).ok()?;
    let length = usize::from(u16::from_str_radix(text, 16).ok()?);
    (length == 0 || length >= 4).then_some(length)
}

fn line(text: &str) -> Vec<u8> {
    format!("{:04x}{text}", text.len() + 4).into_bytes()
}

fn git(reason: &str) -> FetchError {
    FetchError::Git {
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    const C: &str = "cccccccccccccccccccccccccccccccccccccccc";

    fn references() -> References {
        let mut bytes = line("# service=git-upload-pack\n");
        bytes.extend(b"0000");
        bytes.extend(line(&format!("{A} HEAD\0side-band-64k shallow agent=x\n")));
        bytes.extend(line(&format!("{A} refs/heads/main\n")));
        bytes.extend(line(&format!("{B} refs/tags/v1\n")));
        bytes.extend(line(&format!("{C} refs/tags/v1^{{}}\n")));
        bytes.extend(b"0000");
        References::parse(&bytes).unwrap()
    }

    fn wanted(object: &str, commit: &str) -> Wanted {
        Wanted {
            object: object.to_owned(),
            commit: commit.to_owned(),
        }
    }

    #[test]
    fn a_name_is_looked_for_where_git_looks() {
        let references = references();
        assert_eq!(references.find(None).unwrap(), wanted(A, A));
        assert_eq!(references.find(Some("main")).unwrap(), wanted(A, A));
        assert_eq!(references.find(Some("heads/main")).unwrap(), wanted(A, A));
        assert_eq!(references.find(Some("v1")).unwrap(), wanted(B, C));
        assert_eq!(references.find(Some(C)).unwrap(), wanted(C, C));
    }

    #[test]
    fn a_branch_that_is_called_like_a_commit_does_not_take_its_place() {
        for prefix in ["refs/heads/", "refs/tags/", "refs/", ""] {
            let bytes = line(&format!("{B} {prefix}{A}\0shallow\n"));
            let references = References::parse(&bytes).unwrap();
            assert_eq!(references.find(Some(A)).unwrap(), wanted(A, A), "{prefix}");
            let digits = A.to_uppercase();
            assert_eq!(references.find(Some(&digits)).unwrap(), wanted(A, A));
        }
    }

    #[test]
    fn a_name_that_is_not_there_names_those_that_are() {
        let error = references().find(Some("v2")).unwrap_err().to_string();
        assert!(error.ends_with("it has main, v1"), "{error}");
    }

    #[test]
    fn only_what_the_server_can_do_is_asked_for() {
        let request = references().request(&wanted(B, C));
        let text = String::from_utf8(request).unwrap();
        assert_eq!(
            text,
            format!("0040want {B} side-band-64k\n000ddeepen 1\n00000009done\n")
        );
    }

    #[test]
    fn what_is_cut_off_is_an_error() {
        assert!(References::parse(b"003").is_err());
        assert!(References::parse(b"0040want").is_err());
        assert!(References::parse(b"0002").is_err());
        assert!(References::parse("é012".as_bytes()).is_err());
    }
}
