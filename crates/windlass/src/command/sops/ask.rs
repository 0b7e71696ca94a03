//! A question that is answered with y or n.

use std::io::{self, Write as _};

use super::exit::Exit;
use crate::failure::Failure;
use crate::terminal::write_stdout;

/// Asks until the answer is `y` or `n`, as sops does. Where nobody answers, nothing may be done.
pub(super) fn ask(question: &str) -> Result<bool, Failure> {
    loop {
        write_stdout(question)?;
        io::stdout().flush()?;
        let mut line = String::new();
        let read = io::stdin().read_line(&mut line);
        match (read, line.trim()) {
            (Ok(1..), "y") => return Ok(true),
            (Ok(1..), "n") => return Ok(false),
            (Ok(1..), _) => {}
            (Ok(0) | Err(_), _) => {
                let failure = Exit::Generic.because("nobody answered, so nothing was done");
                return Err(failure.hint("where no person is asked, say so with --yes"));
            }
        }
    }
}
