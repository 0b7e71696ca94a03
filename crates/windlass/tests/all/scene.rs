//! An empty home, a repository with the example platform, and the programs to use on it.

use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up on it. A condition ends a wait, not this.
const PATIENCE: Duration = Duration::from_mins(1);

/// A home directory that goes away, with a repository `platform` in it.
pub(crate) struct Scene {
    home: tempfile::TempDir,
}

/// What a program printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A program that goes on in the background; it is killed when this is dropped.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Scene {
    /// Returns a home with nothing in it.
    pub(crate) fn empty() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
        }
    }

    /// Returns a home with the example platform, committed.
    pub(crate) fn platform() -> Self {
        let scene = Self::empty();
        copy(&workspace().join("examples/platform"), &scene.repository());
        scene.git(&["init", "-q", "-b", "main"]);
        scene.commit("the platform");
        scene
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn repository(&self) -> PathBuf {
        self.home().join("platform")
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.repository().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.repository().join(path)).unwrap()
    }

    /// Replaces a text that must be there.
    pub(crate) fn replace(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(
            text.contains(from),
            "{path} does not contain {from:?}:\n{text}"
        );
        self.write(path, &text.replace(from, to));
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.repository().join(path)).unwrap();
    }

    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let ran = self.run(
            Command::new("git")
                .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
                .args(arguments)
                .current_dir(self.repository()),
        );
        assert_eq!(ran.code, Some(0), "git {arguments:?}: {ran:?}");
        ran.stdout
    }

    /// Runs `windlass` in the repository.
    pub(crate) fn windlass(&self, arguments: &[&str]) -> Ran {
        self.run(
            Command::new(binary())
                .args(arguments)
                .current_dir(self.repository()),
        )
    }

    /// Runs `windlass` in the repository with something on its standard input.
    pub(crate) fn feed(&self, arguments: &[&str], input: &str) -> Ran {
        let mut command = Command::new(binary());
        command.args(arguments).current_dir(self.repository());
        let command = self.prepare(&mut command).stdin(Stdio::piped());
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A program that needs no input may have ended.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Ran::of(child.wait_with_output().unwrap())
    }

    /// Starts `windlass` in the repository.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let mut command = Command::new(binary());
        self.spawn(command.args(arguments).current_dir(self.repository()))
    }

    /// Starts a program with an environment that holds nothing but HOME and PATH.
    pub(crate) fn spawn(&self, command: &mut Command) -> Running {
        Running::new(self.prepare(command))
    }

    /// Runs the real `kubectl` on the embedded cluster of the environment `dev`.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> Ran {
        let kubeconfig = self.state().join("kubeconfig");
        let mut command = Command::new(tool("kubectl"));
        self.run(
            command
                .args(arguments)
                .env("KUBECONFIG", kubeconfig)
                .current_dir(self.home()),
        )
    }

    /// Runs `kubectl`, which must succeed, and returns what it printed.
    pub(crate) fn kubectl_ok(&self, arguments: &[&str]) -> String {
        let ran = self.kubectl(arguments);
        assert_eq!(ran.code, Some(0), "kubectl {arguments:?}: {ran:?}");
        ran.stdout
    }

    /// Brings the embedded cluster of the environment `dev` to what the repository says.
    pub(crate) fn converge(&self) {
        let ran = self.windlass(&["up", "--env", "dev", "--once"]);
        assert_eq!(ran.code, Some(0), "{}", ran.all());
    }

    /// Returns the state directory of the environment `dev`.
    pub(crate) fn state(&self) -> PathBuf {
        let base = self.home().join(".local/state/windlass");
        let entry = fs::read_dir(&base).unwrap().next().unwrap().unwrap();
        entry.path().join("dev")
    }

    /// Runs a program to its end with an environment that holds nothing but HOME and PATH.
    pub(crate) fn run(&self, command: &mut Command) -> Ran {
        Ran::of(self.prepare(command).output().unwrap())
    }

    fn prepare<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let kubeconfig = command.get_envs().find(|(key, _)| *key == "KUBECONFIG");
        let kubeconfig = kubeconfig.and_then(|(_, value)| value.map(ToOwned::to_owned));
        command
            .env_clear()
            .env("HOME", self.home())
            .env("PATH", "/usr/local/bin:/usr/bin:/bin");
        if let Some(kubeconfig) = kubeconfig {
            command.env("KUBECONFIG", kubeconfig);
        }
        command.stdin(Stdio::null())
    }
}

impl Ran {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Returns standard output and standard error, one after the other.
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

impl Running {
    fn new(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let other = sender.clone();
        std::thread::spawn(move || {
            stdout
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line))
        });
        std::thread::spawn(move || {
            stderr
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| other.send(line))
        });
        Self {
            child,
            lines,
            seen: Vec::new(),
        }
    }

    /// Waits for a line that contains `text`.
    pub(crate) fn wait_for(&mut self, text: &str) {
        self.wait_for_all(&[text]);
    }

    /// Waits until each of `texts` has been in a line, in any order.
    pub(crate) fn wait_for_all(&mut self, texts: &[&str]) {
        let mut missing = texts.to_vec();
        while !missing.is_empty() {
            let is_there = self.prints(|line| missing.iter().any(|text| line.contains(text)));
            assert!(
                is_there,
                "no line with {missing:?}:\n{}",
                self.seen.join("\n")
            );
            let line = self.seen.last().cloned().unwrap_or_default();
            missing.retain(|text| !line.contains(text));
        }
    }

    /// Returns whether a line comes that is wanted.
    pub(crate) fn prints(&mut self, is_wanted: impl Fn(&str) -> bool) -> bool {
        let deadline = Instant::now() + PATIENCE;
        while let Ok(line) = self
            .lines
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            self.seen.push(line);
            if self.seen.last().is_some_and(|line| is_wanted(line)) {
                return true;
            }
        }
        false
    }

    /// Returns all lines until now.
    pub(crate) fn output(&mut self) -> String {
        self.seen.extend(self.lines.try_iter());
        self.seen.join("\n")
    }

    /// Sends Ctrl-C, and returns the exit code.
    pub(crate) fn interrupt(self) -> Option<i32> {
        self.interrupt_and_read().0
    }

    /// Sends Ctrl-C, and returns the exit code and what was printed.
    pub(crate) fn interrupt_and_read(mut self) -> (Option<i32>, String) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-INT", &pid])
                .status()
                .unwrap()
                .success()
        );
        let code = self.child.wait().unwrap().code();
        self.seen.extend(self.lines.iter());
        (code, self.seen.join("\n"))
    }

    /// Ends the program as `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until `condition` holds.
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Returns a program that `./test` has installed.
pub(crate) fn tool(name: &str) -> PathBuf {
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache/windlass/tools"));
    let tools = std::env::var_os("WINDLASS_TOOLS")
        .map(PathBuf::from)
        .or(home)
        .unwrap();
    let path = tools.join("bin").join(name);
    assert!(
        path.exists(),
        "{} is missing; ./test installs it",
        path.display()
    );
    path
}

/// Returns the program under test.
pub(crate) fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_windlass"))
}

/// Returns the top of the source tree.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// Copies a directory with everything in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
