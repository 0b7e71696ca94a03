//! The pack in a Git server's answer, written as a repository.

use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::FetchError;
use super::http::Answer;
use super::references::length;

/// Writes a repository with nothing but the objects of the answer.
pub(super) fn write(repository: &Path, answer: Answer, limit: u64) -> Result<(), FetchError> {
    let git = |reason: String| FetchError::Git { reason };
    gix::init_bare(repository).map_err(|error| git(error.to_string()))?;
    let budget = answer.budget();
    let mut lines = Lines {
        inner: answer.into_reader(),
    };
    skip_to_pack(&mut lines)?;
    let mut bands = BufReader::new(Bands {
        lines,
        chunk: io::Cursor::new(Vec::new()),
        taken: 0,
        limit,
    });
    let options = gix_pack::bundle::write::Options {
        thread_limit: Some(1),
        alloc_limit_bytes: usize::try_from(windlass_tree::MAX_FILE_SIZE).ok(),
        ..gix_pack::bundle::write::Options::default()
    };
    gix_pack::Bundle::write_to_directory(
        &mut bands,
        Some(&repository.join("objects/pack")),
        &mut gix::progress::Discard,
        &AtomicBool::new(false),
        None::<gix::objs::find::Never>,
        gix::hash::Kind::Sha1,
        options,
    )
    .map_err(|error| {
        if bands.get_ref().taken > limit {
            return FetchError::TooLarge { limit };
        }
        budget
            .confirm()
            .err()
            .unwrap_or_else(|| git(error.to_string()))
    })?;
    Ok(())
}

/// Reads what stands before the pack: what is shallow, and that nothing is in common.
fn skip_to_pack(lines: &mut Lines<impl Read>) -> Result<(), FetchError> {
    let git = |reason: String| FetchError::Git { reason };
    loop {
        let line = lines.next().map_err(|error| git(error.to_string()))?;
        let text = String::from_utf8_lossy(&line);
        if let Some(reason) = text.strip_prefix("ERR ") {
            return Err(git(reason.trim_end().to_owned()));
        }
        if text.starts_with("NAK") || text.starts_with("ACK") {
            return Ok(());
        }
    }
}

/// Lines of the protocol.
struct Lines<R> {
    inner: R,
}

impl<R: Read> Lines<R> {
    /// Returns the next line; a flush is an empty one.
    fn next(&mut self) -> io::Result<Vec<u8>> {
        let mut header = [0; 4];
        self.inner.read_exact(&mut header)?;
        let length = length(header).ok_or_else(|| io::Error::other("a line has no length"))?;
        let mut line = vec![0; length.saturating_sub(4)];
        self.inner.read_exact(&mut line)?;
        Ok(line)
    }
}

/// The bytes of the pack, from between what the server says to people.
struct Bands<R> {
    lines: Lines<R>,
    chunk: io::Cursor<Vec<u8>>,
    taken: u64,
    limit: u64,
}

impl<R: Read> Read for Bands<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.chunk.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let line = self.lines.next()?;
            match line.split_first() {
                None => return Ok(0),
                Some((1, data)) => self.take(data)?,
                Some((2, _)) => {}
                Some((3, reason)) => {
                    return Err(io::Error::other(
                        String::from_utf8_lossy(reason).into_owned(),
                    ));
                }
                Some(_) => return Err(io::Error::other("the server does not send side bands")),
            }
        }
    }
}

impl<R> Bands<R> {
    fn take(&mut self, data: &[u8]) -> io::Result<()> {
        self.taken += data.len() as u64;
        if self.taken > self.limit {
            return Err(io::Error::other("the pack is too large"));
        }
        self.chunk = io::Cursor::new(data.to_vec());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bands(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut bands = Bands {
            lines: Lines { inner: bytes },
            chunk: io::Cursor::new(Vec::new()),
            taken: 0,
            limit: 4,
        };
        let mut all = Vec::new();
        bands.read_to_end(&mut all).map(|_| all)
    }

    #[test]
    fn the_pack_is_what_stands_in_the_first_band() {
        assert_eq!(
            bands(b"0007\x01PA000a\x02hello0007\x01CK0000").unwrap(),
            b"PACK"
        );
    }

    #[test]
    fn a_pack_has_as_many_bytes_as_the_limit_and_no_more() {
        assert!(bands(b"0009\x01PACK0000").is_ok());
        assert!(bands(b"000a\x01PACK!0000").is_err());
    }

    #[test]
    fn what_the_server_complains_about_is_an_error() {
        assert_eq!(bands(b"0008\x03no!").unwrap_err().to_string(), "no!");
    }

    #[test]
    fn an_answer_that_is_cut_off_is_no_end() {
        assert!(bands(b"0007\x01PA").is_err());
        assert!(bands(b"0009\x01PA").is_err());
    }
}
