//! Repositories and files that are fetched over a network.

mod budget;
mod http;
mod kept;
mod pack;
mod references;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::{GitTree, Repository, SourceError};
pub use budget::Limits;
use budget::{Budget, Deadline};
use http::{Client, Web};
use references::References;

/// Fetches repositories and files, one commit at a time, and keeps the commits in a directory.
///
/// Git is spoken over HTTP (protocol version 0, which every server has), without a git program. A commit that is
/// kept is not fetched again; a branch or tag is looked up at the server each time.
pub struct Fetcher {
    client: Client,
    cache: PathBuf,
    budget: Arc<Budget>,
}

/// Why something could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// An address of SSH.
    #[error(
        "repositories are not fetched over SSH: that needs the ssh program and its keys, and windlass runs no program; use https://, or file:// with a clone on this disk"
    )]
    Ssh,
    /// HTTP without TLS to another machine.
    #[error(
        "http:// is not protected: whoever is on the way decides what is built; use https:// (http:// is for this machine only)"
    )]
    Plain,
    /// An address with a password in it.
    #[error(
        "the address holds a password, which ends in logs and in the repository; fetch into a clone on this disk and use file://"
    )]
    Password,
    /// The address is none.
    #[error("this is no address: {reason}")]
    Address {
        /// What is wrong with it.
        reason: String,
    },
    /// The server did not answer as it should.
    #[error("{reason}")]
    Web {
        /// What happened.
        reason: String,
    },
    /// The server says no, or something else.
    #[error("the server answers {status}{}{}", hint(*status), if *had_user { "; the user in the address was left out" } else { "" })]
    Status {
        /// The status of HTTP.
        status: u16,
        /// Whether the address had a user, who was not sent.
        had_user: bool,
    },
    /// It took too long.
    #[error("it took longer than {} s; add ?timeout=SECONDS to the address", limit.as_secs())]
    Timeout {
        /// The time it had.
        limit: Duration,
    },
    /// Everything took too long.
    #[error("all that one build fetches may take {} s", limit.as_secs())]
    TooLong {
        /// The limit.
        limit: Duration,
    },
    /// More repositories and files than are fetched.
    #[error("one build fetches at most {limit} repositories and files")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// More bytes than are fetched.
    #[error("one build fetches at most {limit} bytes")]
    TooMuch {
        /// The limit.
        limit: u64,
    },
    /// More bytes than are taken.
    #[error("it has more than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// What answers is no Git server.
    #[error(
        "there is no Git repository at this address; write https://HOST/PATH.git//DIRECTORY where the repository ends, and for a file an address that ends in .yaml, .yml or .json"
    )]
    NotGit,
    /// The repository has no such branch, tag or commit.
    #[error(
        "the repository has no branch, tag or commit {revision:?}; it has {}",
        shown(known)
    )]
    NoRevision {
        /// The name.
        revision: String,
        /// Some that it has.
        known: Vec<String>,
    },
    /// The answer of the Git server is not as it should be.
    #[error("the Git server's answer cannot be used: {reason}")]
    Git {
        /// Why.
        reason: String,
    },
    /// A repository on this disk.
    #[error(transparent)]
    Local(#[from] SourceError),
    /// The directory that keeps the commits.
    #[error("{path}: {reason}")]
    Cache {
        /// The directory.
        path: PathBuf,
        /// What the operating system said.
        reason: std::io::Error,
    },
}

impl Fetcher {
    /// Returns a fetcher for one build, which keeps commits below `cache`. The directory is made when it is needed,
    /// and can be deleted at any time.
    #[must_use]
    pub fn new(cache: PathBuf, limits: Limits) -> Self {
        let budget = Arc::new(Budget::new(limits));
        Self {
            client: Client::new(Arc::clone(&budget)),
            cache,
            budget,
        }
    }

    /// Returns the file at an address.
    pub fn file(&self, url: &str, timeout: Duration) -> Result<Vec<u8>, FetchError> {
        let web = Web::parse(url)?;
        let deadline = self.budget.begin(timeout)?;
        self.client
            .get(&web, deadline)?
            .read_all(windlass_tree::MAX_FILE_SIZE)
    }

    /// Returns the files of a repository at a revision; `None` stands for the branch that it names itself.
    ///
    /// `https://`, `http://` to this machine, and `file://` are understood.
    pub fn repository(
        &self,
        url: &str,
        revision: Option<&str>,
        timeout: Duration,
    ) -> Result<GitTree, FetchError> {
        if let Some(path) = url.strip_prefix("file://") {
            return local(Path::new(path), revision);
        }
        if !url.starts_with("https://") && !url.starts_with("http://") {
            return Err(FetchError::Ssh);
        }
        let web = Web::parse(url)?;
        let kept = self.cache.join("git").join(directory_name(url));
        if let Some(commit) = revision.and_then(full_commit)
            && let Some(tree) = kept::open(&kept, &commit)
        {
            return Ok(tree);
        }
        let deadline = self.budget.begin(timeout)?;
        let advertised = self.client.references(&web, deadline)?;
        let references = References::parse(&advertised.bytes)?;
        let wanted = references.find(revision)?;
        if let Some(tree) = kept::open(&kept, &wanted.commit) {
            return Ok(tree);
        }
        let request = references.request(&wanted);
        let answer = self.client.fetch(&advertised.service, &request, deadline)?;
        kept::store(&kept, &wanted, answer, self.budget.limits.pack)
    }
}

fn local(path: &Path, revision: Option<&str>) -> Result<GitTree, FetchError> {
    let repository = Repository::discover(path)?;
    if !repository.prefix().is_root() {
        return Err(SourceError::NotRepository {
            path: path.to_owned(),
        }
        .into());
    }
    let revision = repository.revision(revision.unwrap_or("HEAD"))?;
    Ok(repository.tree(&revision)?)
}

/// Returns a name for the directory of a repository's commits.
fn directory_name(url: &str) -> String {
    use std::fmt::Write as _;
    let digest = Sha256::digest(url.as_bytes());
    digest
        .iter()
        .take(16)
        .fold(String::new(), |mut name, byte| {
            // Writing to a String cannot fail.
            let _ = write!(name, "{byte:02x}");
            name
        })
}

/// Returns the commit that a revision names by all its digits, in lower case; it can never be another one.
fn full_commit(revision: &str) -> Option<String> {
    let is_full = revision.len() == 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_full.then(|| revision.to_ascii_lowercase())
}

fn hint(status: u16) -> &'static str {
    match status {
        401 | 403 => {
            ": it wants to know who asks, and windlass sends no credentials; fetch into a clone on this disk and use file://"
        }
        404 => ": it is not there, or not for everybody",
        429 => ": too many requests; try again later",
        _ => "",
    }
}

fn shown(known: &[String]) -> String {
    if known.is_empty() {
        return "none".to_owned();
    }
    known.join(", ")
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    /// Answers one request after another with these bytes, on loopback; returns its address.
    fn server(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 4096]).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        format!("http://{address}/org/repo")
    }

    fn fetcher(limits: Limits) -> Fetcher {
        Fetcher::new(PathBuf::from("/nowhere"), limits)
    }

    const TIMEOUT: Duration = Duration::from_secs(20);

    #[test]
    fn a_fetcher_keeps_to_its_limits() {
        let file = server("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na: b");
        let few = fetcher(Limits {
            fetches: 1,
            ..Limits::default()
        });
        assert_eq!(few.file(&file, TIMEOUT).unwrap(), b"a: b");
        let error = few.file(&file, TIMEOUT).unwrap_err();
        assert!(matches!(error, FetchError::TooMany { limit: 1 }));
        let small = fetcher(Limits {
            bytes: 3,
            ..Limits::default()
        });
        let error = small.file(&file, TIMEOUT).unwrap_err();
        assert!(matches!(error, FetchError::TooMuch { limit: 3 }));
    }

    #[test]
    fn a_list_of_references_has_as_many_bytes_as_the_limit_and_no_more() {
        let url = server(
            "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n\
             Content-Length: 4\r\n\r\n0000",
        );
        let error = |references| {
            let limits = Limits {
                references,
                ..Limits::default()
            };
            let tree = fetcher(limits).repository(&url, None, TIMEOUT);
            tree.err().unwrap()
        };
        assert!(matches!(error(4), FetchError::NoRevision { .. }));
        assert!(matches!(error(3), FetchError::TooLarge { limit: 3 }));
    }

    #[test]
    fn a_redirect_from_this_machine_is_not_followed() {
        let there = server("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na: b");
        let answer =
            format!("HTTP/1.1 302 Found\r\nLocation: {there}\r\nContent-Length: 0\r\n\r\n");
        let url = server(answer.leak());
        let error = fetcher(Limits::default()).file(&url, TIMEOUT).unwrap_err();
        assert!(matches!(error, FetchError::Status { status: 302, .. }));
    }
}
