//! A reader at a terminal, who does what a page says from its top to its end.
//!
//! In the home are the example as a repository of its own, `platform`, in which most pages begin, and
//! `windlass`, a clone of this project as far as it matters. Variables and the directory stay from one
//! command to the next.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use super::page::{Action, is_shown, steps};
use crate::scene::{Running, Scene, binary, tool, workspace};

/// What a page may use beside what the system has.
const TOOLS: [&str; 4] = ["kubectl", "sops", "age", "age-keygen"];

const GIT_CONFIG: &str = "[user]\n\tname = Reader\n\temail = reader@example.com\n";

const CLONE: &str = "
mkdir -p ~/windlass/examples && cp -r ~/platform ~/windlass/examples && rm -rf ~/windlass/examples/platform/.git &&
cd ~/windlass && git init -q -b main && git add -A && git commit -q -m 'The project'";

/// A home, and what goes on there.
struct Reader {
    scene: Scene,
    background: Option<Running>,
}

/// Does what the page says. Returns the first thing that is not as it says, with its place.
pub(super) fn follow(page: &Path) -> Result<(), String> {
    let name = page.strip_prefix(workspace()).unwrap_or(page).display();
    let steps =
        steps(&fs::read_to_string(page).unwrap()).map_err(|error| format!("{name}:{error}"))?;
    if steps.is_empty() {
        return Ok(());
    }
    let mut reader = Reader::new();
    for step in steps {
        let done = reader.act(&step.action);
        done.map_err(|error| format!("{name}:{}: {error}", step.line))?;
    }
    Ok(())
}

impl Reader {
    fn new() -> Self {
        let scene = Scene::platform();
        let bin = scene.home().join("bin");
        fs::create_dir(&bin).unwrap();
        symlink(binary(), bin.join("windlass")).unwrap();
        for name in TOOLS {
            symlink(tool(name), bin.join(name)).unwrap();
        }
        fs::write(scene.home().join(".gitconfig"), GIT_CONFIG).unwrap();
        fs::write(scene.home().join(".reader"), "PATH=~/bin:$PATH\ncd ~\n").unwrap();
        let mut reader = Self {
            scene,
            background: None,
        };
        reader.run(CLONE, 0, &[]).unwrap();
        reader.run("cd ~/platform", 0, &[]).unwrap();
        reader
    }

    fn act(&mut self, action: &Action) -> Result<(), String> {
        match action {
            Action::Begin(directory) => self.run(&format!("cd ~/{directory}"), 0, &[]),
            Action::Run {
                command,
                code,
                shown,
            } => self.run(command, *code, shown),
            Action::Start { command, shown } => {
                let script = format!("set -a; . ~/.reader; exec {command}");
                let started = self.scene.spawn(Command::new("bash").args(["-c", &script]));
                self.background = Some(started);
                self.see(shown)
            }
            Action::See { shown } => self.see(shown),
            Action::Interrupt => {
                let running = self
                    .background
                    .take()
                    .ok_or("nothing runs in the background")?;
                let code = running.interrupt();
                (code == Some(0))
                    .then_some(())
                    .ok_or_else(|| format!("Ctrl-C ended it with {code:?}"))
            }
        }
    }

    fn run(&mut self, command: &str, code: i32, shown: &[String]) -> Result<(), String> {
        let script = format!(
            "exec 2>&1; set -a; . ~/.reader\n{command}\ncode=$?\n{{ export -p; printf 'cd %q\\n' \"$PWD\"; }} >~/.reader; exit $code"
        );
        let ran = self.scene.run(Command::new("bash").args(["-c", &script]));
        if ran.code != Some(code) {
            let ended = ran.code;
            return Err(format!(
                "{command}\nended with {ended:?}, not {code}:\n{}",
                ran.stdout
            ));
        }
        let mut lines = ran.stdout.lines();
        let is_missing = |shown: &&String| !lines.any(|line| is_shown(line, shown));
        match shown.iter().find(is_missing) {
            None => Ok(()),
            Some(missing) => Err(format!(
                "{command}\nprinted no line {missing:?}:\n{}",
                ran.stdout
            )),
        }
    }

    fn see(&mut self, shown: &[String]) -> Result<(), String> {
        let running = self
            .background
            .as_mut()
            .ok_or("nothing runs in the background")?;
        let missing = shown
            .iter()
            .find(|shown| !running.prints(|line| is_shown(line, shown)));
        let Some(missing) = missing else {
            return Ok(());
        };
        Err(format!("no line {missing:?} came:\n{}", running.output()))
    }
}
