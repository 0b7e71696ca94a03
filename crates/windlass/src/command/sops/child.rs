//! The programs that the sops program starts for a person, and the signals that are passed on to them.
//!
//! Windlass never forks (docs: promise 2). The sops program is the exception, in three cases: the person's editor
//! and the command that was given to `exec-env` or `exec-file`, both here, and gpg (`windlass_keys::Gpg`). Nothing
//! else in the workspace may start a program.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::future::poll_fn;
use std::io::{self, BufRead as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, ExitStatus};
use std::task::Poll;

use rustix::process::{Pid, Signal};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{self, SignalKind};
use tokio::sync::oneshot;

use super::account::Account;

/// The signals that end or steer a program.
const SIGNALS: [Signal; 6] = [
    Signal::INT,
    Signal::TERM,
    Signal::HUP,
    Signal::QUIT,
    Signal::USR1,
    Signal::USR2,
];

/// Takes the signals of this process from now on, so that it can put away what must not stay, and passes them on to
/// the program that it waits for.
///
/// A signal that was ignored when this process began (`nohup`) stays ignored, here and there.
pub(super) struct Watch {
    runtime: Runtime,
    signals: Vec<(Signal, unix::Signal)>,
}

/// How a program ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    status: ExitStatus,
    /// The first signal that came meanwhile.
    signal: Option<Signal>,
}

/// A signal came that asks this process to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interrupted;

impl Watch {
    /// Begins to take the signals.
    pub(super) fn begin() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let ignored = ignored_signals();
        let context = runtime.enter();
        let mut signals = Vec::new();
        for signal in SIGNALS {
            let number = signal.as_raw();
            if ignored & (1 << (number - 1)) == 0 {
                signals.push((signal, unix::signal(SignalKind::from_raw(number))?));
            }
        }
        drop(context);
        Ok(Self { runtime, signals })
    }

    /// Starts a program and waits for its end. Signals that come meanwhile are passed on.
    pub(super) fn run(&mut self, command: Command) -> io::Result<Ended> {
        let signals = &mut self.signals;
        self.runtime.block_on(async {
            let mut child = tokio::process::Command::from(command).spawn()?;
            let mut first = None;
            loop {
                tokio::select! {
                    status = child.wait() => {
                        return Ok(Ended { status: status?, signal: first });
                    }
                    signal = next(signals) => {
                        first.get_or_insert(signal);
                        pass_on(signal, child.id());
                    }
                }
            }
        })
    }

    /// Waits for a line of standard input. Returns `false` at its end.
    pub(super) fn enter(&mut self) -> Result<bool, Interrupted> {
        let (entered, line) = oneshot::channel();
        // A thread of its own, which ends with the process: nobody waits for a line any more after a signal.
        std::thread::spawn(move || entered.send(io::stdin().lock().read_line(&mut String::new())));
        let signals = &mut self.signals;
        self.runtime.block_on(async {
            tokio::select! {
                read = line => Ok(matches!(read, Ok(Ok(length)) if length > 0)),
                _ = next(signals) => Err(Interrupted),
            }
        })
    }
}

impl Ended {
    /// Returns whether the program says that it did its work.
    pub(super) fn is_success(self) -> bool {
        self.status.success()
    }

    /// Returns whether this process was asked to end meanwhile.
    pub(super) fn was_interrupted(self) -> bool {
        self.signal.is_some_and(|signal| {
            [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT].contains(&signal)
        })
    }

    /// Returns the exit code; 128 and the number of the signal that ended the program, as shells have it.
    pub(super) fn code(self) -> u8 {
        let signal = self.status.signal().map(|signal| 128 + signal);
        let code = self.status.code().or(signal);
        code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
    }
}

/// Returns the command that runs a program with these arguments.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place for a person's editor and for the command of exec-env and exec-file (promise 2)"
)]
pub(super) fn program(
    program: impl AsRef<OsStr>,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

/// Returns the command that has the shell run a line, for a user if one is named.
pub(super) fn shell(line: &str, user: Option<&Account>) -> Command {
    let mut command = program("/bin/sh", ["-c", line]);
    if let Some(user) = user {
        // This leaves the groups of the person who called as well.
        command.uid(user.uid).gid(user.gid);
    }
    command
}

async fn next(signals: &mut [(Signal, unix::Signal)]) -> Signal {
    poll_fn(|context| {
        for (signal, listener) in &mut *signals {
            if let Poll::Ready(Some(())) = listener.poll_recv(context) {
                return Poll::Ready(*signal);
            }
        }
        Poll::Pending
    })
    .await
}

fn pass_on(signal: Signal, child: Option<u32>) {
    let from_keyboard = matches!(signal, Signal::INT | Signal::QUIT) && is_in_foreground();
    // The keyboard sends these to all programs of the foreground; a second one would count twice.
    if from_keyboard {
        return;
    }
    let pid = child
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // A program that has ended needs no signal.
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// Returns whether this process has a terminal and is in its foreground.
fn is_in_foreground() -> bool {
    let Ok(terminal) = File::open("/dev/tty") else {
        return false;
    };
    rustix::termios::tcgetpgrp(terminal)
        .is_ok_and(|foreground| foreground == rustix::process::getpgrp())
}

/// Returns the signals that are ignored, a bit for each; none where the system does not say it this way.
fn ignored_signals() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_that_of_the_program_or_of_its_signal() {
        let mut watch = Watch::begin().unwrap();
        for (line, code) in [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143)] {
            let ended = watch.run(shell(line, None)).unwrap();
            assert_eq!(ended.code(), code, "{line}");
            assert_eq!(ended.is_success(), code == 0);
            assert!(!ended.was_interrupted());
        }
    }
}
