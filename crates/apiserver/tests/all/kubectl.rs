//! A server of one's own for a test, and the `kubectl` that talks to it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use std::{env, fs};

use tempfile::TempDir;
use tokio::runtime::Runtime;
use windlass_apiserver::{Config, RunningServer, Server};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server in a temporary directory; it ends with this value.
pub(crate) struct Cluster {
    server: Option<RunningServer>,
    runtime: Runtime,
    directory: TempDir,
}

/// What a `kubectl` has said.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Cluster {
    /// Starts a server that keeps everything in memory.
    pub(crate) fn start() -> Self {
        let mut cluster = Self {
            server: None,
            runtime: Runtime::new().unwrap(),
            directory: tempfile::tempdir().unwrap(),
        };
        cluster.serve(Config::default());
        cluster
    }

    /// Ends the server, if there is one, and starts one that keeps its state in a directory.
    pub(crate) fn restart(&mut self) {
        self.stop();
        self.serve(Config {
            state: Some(self.path("state")),
            ..Config::default()
        });
    }

    fn serve(&mut self, config: Config) {
        let server = self.runtime.block_on(Server::start(config)).unwrap();
        server.write_kubeconfig(&self.path("kubeconfig")).unwrap();
        self.server = Some(server);
    }

    fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server.shutdown());
        }
    }

    /// Writes a file beside which `kubectl` runs.
    pub(crate) fn file(&self, name: &str, content: &str) -> &Self {
        fs::write(self.path(name), content).unwrap();
        self
    }

    /// Returns the path of such a file.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Runs `kubectl` with arguments that are split at blanks.
    pub(crate) fn run(&self, arguments: &str) -> Said {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        self.run_with(&arguments)
    }

    /// Runs `kubectl`.
    pub(crate) fn run_with(&self, arguments: &[&str]) -> Said {
        Said::from(self.command(arguments).output().unwrap())
    }

    /// Runs `kubectl`, which must succeed, and returns its output.
    pub(crate) fn ok(&self, arguments: &str) -> String {
        self.run(arguments).succeeded(arguments)
    }

    /// Runs `kubectl`, which must succeed, and returns its output.
    pub(crate) fn ok_with(&self, arguments: &[&str]) -> String {
        self.run_with(arguments).succeeded(&arguments.join(" "))
    }

    /// Applies manifests.
    pub(crate) fn apply(&self, manifests: &str) -> String {
        self.file("manifests.yaml", manifests);
        self.ok("apply -f manifests.yaml")
    }

    /// Returns what a JSONPath of an object leads to.
    pub(crate) fn field(&self, object: &str, path: &str) -> String {
        self.ok_with(&["get", object, "-o", &format!("jsonpath={{{path}}}")])
    }

    /// Waits until a JSONPath of an object leads to `wanted`.
    pub(crate) fn wait_for(&self, object: &str, path: &str, wanted: &str) {
        let condition = format!("--for=jsonpath={{{path}}}={wanted}");
        self.ok_with(&["wait", object, &condition, "--timeout=30s"]);
    }

    /// Starts a `kubectl` that goes on, writing to `file`.
    pub(crate) fn follow(&self, arguments: &str, file: &str) -> Following {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        let path = self.path(file);
        let output = fs::File::create(&path).unwrap();
        let child = self.command(&arguments).stdout(output).spawn().unwrap();
        Following { child, path }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the tests drive the real kubectl"
    )]
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(kubectl());
        command
            .args(arguments)
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.directory.path())
            .env("KUBECONFIG", self.path("kubeconfig"))
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .stdout(Stdio::piped());
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Said {
    /// Returns the output of a `kubectl` that must have succeeded.
    fn succeeded(self, arguments: &str) -> String {
        assert_eq!(
            self.code, 0,
            "kubectl {arguments} fails\n{}{}",
            self.out, self.err
        );
        self.out
    }

    /// Returns the errors of a `kubectl` that must have failed.
    pub(crate) fn failed(self) -> String {
        assert_ne!(self.code, 0, "it must fail, but says\n{}", self.out);
        self.err
    }
}

/// A `kubectl` that goes on.
pub(crate) struct Following {
    child: Child,
    path: PathBuf,
}

impl Following {
    /// Waits until it has written `text`, and returns everything that it has written.
    pub(crate) fn until(&self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let written = fs::read_to_string(&self.path).unwrap_or_default();
            if written.contains(text) {
                return written;
            }
            assert!(Instant::now() < deadline, "waited for {text} in\n{written}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the `kubectl` to test with: version 1.37, wherever it is.
fn kubectl() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        find().unwrap_or_else(|| {
            panic!(
                "there is no kubectl 1.37: run ./test, which installs it (or set WINDLASS_KUBECTL)"
            )
        })
    })
}

fn find() -> Option<PathBuf> {
    if let Some(path) = env::var_os("WINDLASS_KUBECTL") {
        return Some(path.into());
    }
    let tools = env::var_os("WINDLASS_TOOLS").map(PathBuf::from);
    let home = env::var_os("HOME").map(PathBuf::from);
    let tools = tools.or_else(|| Some(home?.join(".cache/windlass/tools")));
    let installed = tools.map(|tools| tools.join("bin/kubectl"));
    installed
        .filter(|path| path.exists())
        .or_else(|| Some(PathBuf::from("kubectl")).filter(|path| is_current(path)))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the tests drive the real kubectl"
)]
fn is_current(kubectl: &Path) -> bool {
    let version = Command::new(kubectl).args(["version", "--client"]).output();
    version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("v1.37"))
}

/// Returns `text` with what changes from run to run replaced: times, addresses, hashes, generated endings.
pub(crate) fn normal(text: &str) -> String {
    let rules = [
        (r"(?m)[ \t]+$", ""),
        (
            r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
            "UID",
        ),
        (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
        (r"\b\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+]0000", "TIME"),
        (
            r"-[bcdfghjklmnpqrstvwxz24-9]{6,10}-[bcdfghjklmnpqrstvwxz24-9]{5}\b",
            "-HASH-ENDING",
        ),
        (
            r"kube-api-access-[bcdfghjklmnpqrstvwxz24-9]{5}\b",
            "kube-api-access-ENDING",
        ),
        (r"-[bcdfghjklmnpqrstvwxz24-9]{6,10}\b", "-HASH"),
        (r"=[bcdfghjklmnpqrstvwxz24-9]{6,10}\b", "=HASH"),
        (r"10\.244\.\d+\.\d+", "POD-IP"),
        (r"10\.96\.\d+\.(\d\d+|[2-9])\b", "SERVICE-IP"),
        (r"\b[0-9a-f]{64}\b", "DIGEST"),
        (r"\b\d+m?s\b", "AGE"),
        (r" {2,}", "  "),
    ];
    let mut text = text.to_owned();
    for (pattern, replacement) in rules {
        let pattern = regex::Regex::new(pattern).unwrap();
        text = pattern.replace_all(&text, replacement).into_owned();
    }
    text.trim_end().to_owned()
}
