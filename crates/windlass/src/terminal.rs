//! What goes to standard output and standard error: a reader may go away, and foreign text may not steer a
//! terminal.

use std::io::{ErrorKind, IsTerminal as _, Write as _, stdin};

use tokio::sync::Notify;
use windlass_plan::clean;

use crate::failure::Failure;

/// Told when the reader of standard output has gone away.
static CLOSED: Notify = Notify::const_new();

/// Writes to standard output. A reader that has gone away, such as `head`, is no mistake.
pub(crate) fn write_stdout(text: &str) -> Result<(), Failure> {
    write_stdout_bytes(text.as_bytes())
}

/// Writes bytes to standard output, as [`write_stdout`] does.
pub(crate) fn write_stdout_bytes(bytes: &[u8]) -> Result<(), Failure> {
    match std::io::stdout().lock().write_all(bytes) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {
            CLOSED.notify_one();
            Ok(())
        }
        written => Ok(written?),
    }
}

/// Returns how many columns the terminal has that standard output is, if it is one and tells.
pub(crate) fn columns() -> Option<usize> {
    /// What is narrower is no place for a plan.
    const LEAST: usize = 60;
    let stdout = std::io::stdout();
    let size = stdout
        .is_terminal()
        .then(|| rustix::termios::tcgetwinsize(&stdout));
    let columns = usize::from(size?.ok()?.ws_col);
    (columns > 0).then_some(columns.max(LEAST))
}

/// Writes a line to standard output. Whatever is wrong with that, [`closed`] returns.
pub(crate) fn say(line: &str) {
    if write_stdout(&format!("{line}\n")).is_err() {
        CLOSED.notify_one();
    }
}

/// Writes a line to standard error. When that is closed, there is nobody to tell.
pub(crate) fn complain(line: &str) {
    drop(writeln!(std::io::stderr().lock(), "{line}"));
}

/// Asks a question on standard error that `y` or `yes` affirms. Without a terminal nobody is asked.
pub(crate) fn confirms(question: &str) -> Result<bool, Failure> {
    if !stdin().is_terminal() {
        return Ok(false);
    }
    prompt(question);
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Writes to standard error what is to be answered on the same line. When that is closed, there is nobody to ask;
/// what is typed counts nevertheless.
pub(crate) fn prompt(question: &str) {
    let mut stderr = std::io::stderr().lock();
    drop(stderr.write_all(question.as_bytes()));
    drop(stderr.flush());
}

/// Returns when nobody reads standard output any more.
pub(crate) async fn closed() {
    CLOSED.notified().await;
}

/// Returns a foreign text for people: its further lines are indented below the first, and what could move a
/// cursor or reorder text is escaped.
pub(crate) fn shown(text: &str) -> String {
    text.lines().map(clean).collect::<Vec<_>>().join("\n    ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_cannot_steer_a_terminal() {
        let text = "red \u{1b}[31m\r, hidden\u{202e}, bell\u{7}";
        assert_eq!(
            shown(text),
            r"red \u{1b}[31m\u{d}, hidden\u{202e}, bell\u{7}"
        );
    }

    #[test]
    fn a_further_line_cannot_pass_for_one_of_ours() {
        assert_eq!(
            shown("refused\nconverged: all"),
            "refused\n    converged: all"
        );
    }

    #[test]
    fn letters_of_every_language_stay() {
        assert_eq!(shown("Grüße, 世界 ✓"), "Grüße, 世界 ✓");
    }
}
