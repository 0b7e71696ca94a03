//! A value typed at a terminal, where nobody sees it.

use std::io::{Stdin, stdin};

use rustix::io::read;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use windlass_sops::SecretBytes;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::terminal::prompt;

/// The longest value that is typed or pasted, in bytes.
const MAX: usize = 1 << 16;

/// Asks for a line, and shows nothing of it.
pub(super) fn hidden(question: &str) -> Result<SecretBytes, Failure> {
    let stdin = stdin();
    let mut quiet = Quiet::new(&stdin)?;
    prompt(question);
    let line = read_line(&stdin);
    prompt("\n");
    let line = line?;
    if quiet.has_more()? {
        return Err(
            Failure::of(["several lines were pasted, and nothing was stored".to_owned()])
                .hint("a value of several lines comes from a file or a pipe: --from-file FILE"),
        );
    }
    Ok(line)
}

/// A terminal that does not echo, and hands out what is typed at once, for a line may be longer than those of
/// a terminal. It is as before when this is dropped, and what was typed too much is forgotten: pasted
/// lines must not become commands.
struct Quiet<'t> {
    terminal: &'t Stdin,
    before: Termios,
    now: Termios,
}

impl<'t> Quiet<'t> {
    fn new(terminal: &'t Stdin) -> Result<Self, Failure> {
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
    fn has_more(&mut self) -> Result<bool, Failure> {
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

fn read_line(terminal: &Stdin) -> Result<SecretBytes, Failure> {
    let mut line = Line(Zeroizing::new(Vec::with_capacity(MAX)));
    let mut byte = Zeroizing::new([0]);
    loop {
        if read(terminal, &mut *byte)? == 0 {
            return Err(Failure::of([
                "the input ended, and nothing was stored".to_owned()
            ]));
        }
        match line.take(byte[0]) {
            Step::More => {}
            Step::Done => return Ok(SecretBytes::new(std::mem::take(&mut *line.0))),
            Step::Cancelled => return Err(Failure::of(["nothing was stored".to_owned()])),
        }
        if line.0.len() == MAX {
            return Err(Failure::of([format!(
                "more than {MAX} bytes were typed, and nothing was stored"
            )])
            .hint("a long value comes from a file or a pipe: --from-file FILE"));
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
