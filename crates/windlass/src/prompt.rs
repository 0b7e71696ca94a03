//! A value or a passphrase typed at a terminal, where nobody sees it.

use std::fs::File;
use std::io::{self, Write as _, stdin};
use std::os::fd::{AsFd as _, BorrowedFd};

use rustix::io::read;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use windlass_sops::SecretBytes;
use zeroize::Zeroizing;

use crate::terminal::prompt;

/// The longest line that is typed or pasted, in bytes.
const MAX: usize = 1 << 16;

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unread {
    /// There is no terminal, or it fails.
    #[error("there is no terminal to ask at ({0})")]
    Terminal(#[from] io::Error),
    /// Lines followed that nobody asked for.
    #[error("several lines were pasted")]
    Lines,
    /// The line is longer than what is kept in memory.
    #[error("more than {MAX} bytes were typed")]
    TooLong,
    /// The input ended before the line did.
    #[error("the input ended")]
    Ended,
    /// The person gave up.
    #[error("it was given up")]
    Cancelled,
}

impl From<rustix::io::Errno> for Unread {
    fn from(error: rustix::io::Errno) -> Self {
        Self::Terminal(error.into())
    }
}

/// Asks for a line on standard input, which is a terminal, and shows nothing of it.
pub(crate) fn hidden(question: &str) -> Result<SecretBytes, Unread> {
    ask(stdin().as_fd(), prompt, question)
}

/// Asks at the terminal that this process belongs to, whatever standard input is.
pub(crate) fn hidden_at_terminal(question: &str) -> Result<SecretBytes, Unread> {
    let terminal = File::options().read(true).write(true).open("/dev/tty")?;
    let say = |text: &str| drop((&terminal).write_all(text.as_bytes()));
    ask(terminal.as_fd(), say, question)
}

fn ask(
    terminal: BorrowedFd<'_>,
    say: impl Fn(&str),
    question: &str,
) -> Result<SecretBytes, Unread> {
    let mut quiet = Quiet::new(terminal)?;
    say(question);
    let line = read_line(terminal);
    say("\n");
    let line = line?;
    if quiet.has_more()? {
        return Err(Unread::Lines);
    }
    Ok(line)
}

/// A terminal that does not echo, and hands out what is typed at once, for a line may be longer than those of
/// a terminal. It is as before when this is dropped, and what was typed too much is forgotten: pasted
/// lines must not become commands.
struct Quiet<'t> {
    terminal: BorrowedFd<'t>,
    before: Termios,
    now: Termios,
}

impl<'t> Quiet<'t> {
    fn new(terminal: BorrowedFd<'t>) -> Result<Self, Unread> {
        let before = tcgetattr(terminal)?;
        let mut now = before.clone();
        // Without ISIG, Ctrl-C is a byte that we answer, and the terminal is left as it was.
        now.local_modes -=
            LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG | LocalModes::IEXTEN;
        now.special_codes[SpecialCodeIndex::VMIN] = 1;
        now.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(terminal, OptionalActions::Now, &now)?;
        Ok(Self {
            terminal,
            before,
            now,
        })
    }

    /// Returns whether more follows within a tenth of a second.
    fn has_more(&mut self) -> Result<bool, Unread> {
        self.now.special_codes[SpecialCodeIndex::VMIN] = 0;
        self.now.special_codes[SpecialCodeIndex::VTIME] = 1;
        tcsetattr(self.terminal, OptionalActions::Now, &self.now)?;
        let mut byte = [0];
        Ok(read(self.terminal, &mut byte)? != 0)
    }
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        // There is nothing else to try.
        let _ = tcsetattr(self.terminal, OptionalActions::Flush, &self.before);
    }
}

fn read_line(terminal: BorrowedFd<'_>) -> Result<SecretBytes, Unread> {
    let mut line = Line(Zeroizing::new(Vec::with_capacity(MAX)));
    let mut byte = Zeroizing::new([0]);
    loop {
        if read(terminal, &mut *byte)? == 0 {
            return Err(Unread::Ended);
        }
        match line.take(byte[0]) {
            Step::More => {}
            Step::Done => return Ok(SecretBytes::new(std::mem::take(&mut *line.0))),
            Step::Cancelled => return Err(Unread::Cancelled),
        }
        if line.0.len() == MAX {
            return Err(Unread::TooLong);
        }
    }
}

/// A line that is typed.
struct Line(Zeroizing<Vec<u8>>);

#[derive(Debug, PartialEq, Eq)]
enum Step {
    More,
    Done,
    Cancelled,
}

impl Line {
    fn take(&mut self, byte: u8) -> Step {
        const CTRL_C: u8 = 3;
        const CTRL_D: u8 = 4;
        const BACKSPACE: u8 = 8;
        const CTRL_U: u8 = 21;
        const DELETE: u8 = 127;
        match byte {
            b'\n' | b'\r' => return Step::Done,
            CTRL_C => return Step::Cancelled,
            CTRL_D if self.0.is_empty() => return Step::Cancelled,
            CTRL_D => return Step::Done,
            BACKSPACE | DELETE => self.remove_character(),
            CTRL_U => self.0.clear(),
            byte => self.0.push(byte),
        }
        Step::More
    }

    /// Removes the last character, which has several bytes when it is not ASCII.
    fn remove_character(&mut self) {
        while self.0.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &str) -> (String, Step) {
        let mut line = Line(Zeroizing::new(Vec::new()));
        let steps = keys.bytes().map(|byte| line.take(byte));
        let step = steps.last().unwrap_or(Step::More);
        (String::from_utf8(line.0.to_vec()).unwrap(), step)
    }

    #[test]
    fn a_line_can_be_corrected_and_given_up() {
        assert_eq!(typed("secret\n"), ("secret".to_owned(), Step::Done));
        assert_eq!(typed("aé\u{7f}b\u{8}c\r"), ("ac".to_owned(), Step::Done));
        assert_eq!(
            typed("wrong\u{15}right\u{4}"),
            ("right".to_owned(), Step::Done)
        );
        assert_eq!(typed("x\u{3}").1, Step::Cancelled);
        assert_eq!(typed("\u{4}").1, Step::Cancelled);
    }
}
