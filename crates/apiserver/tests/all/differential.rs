//! The same requests to this server and to a real kube-apiserver, and every difference between the answers.
//!
//! Scenarios are data: `tests/differential/scenarios/*.yaml` ([`scenario`] says what a step can have), and some are
//! made by chance ([`random`]). Answers are compared
//! as a whole, with what is random or depends on the time named by its first appearance ([`normal`]).
//! `tests/differential/known.yaml` lists the differences that are meant, for the manual too ([`page`]); the rest is written
//! to a report whose path the test prints. How many steps agree stands in `tests/differential/floor.yaml`: the
//! number only rises (`WINDLASS_UPDATE=1` writes it).

mod compare;
mod normal;
mod page;
mod random;
mod report;
mod scenario;
mod side;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::Runtime;
use windlass_apiserver::{Config, Controllers, RunningServer, Server};
use windlass_control_plane::{self as real, Client, ControlPlane};

use compare::{Known, StepResult};
use report::Report;
use scenario::Scenario;
use side::Side;

/// How many scenarios are on their way at once: they spend their time waiting.
const AT_ONCE: usize = 6;

#[test]
#[expect(
    clippy::print_stdout,
    reason = "the numbers are for whoever reads the log of CI"
)]
fn answers_are_those_of_a_real_server() {
    let known = Known::load(&folder().join("known.yaml"));
    let mut scenarios = scenario::load(&folder().join("scenarios"));
    scenarios.extend(random::scenarios());
    let wanted = filter().unwrap_or_default();
    scenarios.retain(|scenario| scenario.name.contains(&wanted));
    let plane = ControlPlane::start(real::Controllers::Housekeeping);
    let (_runtime, server) = embedded();
    let servers = Servers {
        ours: client(&server),
        theirs: plane.client().clone(),
    };
    let results = servers.run_all(&scenarios, &known);
    let report = Report::new(&results);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("differential.txt");
    std::fs::write(&path, report.text()).unwrap();
    println!("{}, details in {}", report.summary(), path.display());
    if filter().is_none() && !tells_all() {
        known.assert_used();
        report.check_floor(&folder().join("floor.yaml"));
    }
}

/// `DIFFERENTIAL=text` runs the scenarios whose name has the text, and does not look at the floor.
fn filter() -> Option<String> {
    std::env::var("DIFFERENTIAL").ok()
}

/// `DIFFERENTIAL_ALL=1` tells the differences that are meant as well, and every value at its full length.
fn tells_all() -> bool {
    std::env::var_os("DIFFERENTIAL_ALL").is_some()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential")
}

fn embedded() -> (Runtime, RunningServer) {
    let runtime = Runtime::new().unwrap();
    let config = Config {
        controllers: Controllers::Housekeeping,
        ..Config::default()
    };
    let server = runtime.block_on(Server::start(config)).unwrap();
    (runtime, server)
}

fn client(server: &RunningServer) -> Client {
    let kubeconfig = server.kubeconfig();
    let field = |name| {
        let mut lines = kubeconfig.lines().map(str::trim);
        lines
            .find_map(|line| line.strip_prefix(name))
            .unwrap()
            .trim()
    };
    let authority = field("certificate-authority-data:");
    Client::new(&server.url(), authority, field("token:"))
}

struct Servers {
    ours: Client,
    theirs: Client,
}

impl Servers {
    /// Runs scenarios, several at once; the results are in their order.
    fn run_all(&self, scenarios: &[Scenario], known: &Known) -> Vec<StepResult> {
        let next = AtomicUsize::new(0);
        let results = Mutex::new(vec![Vec::new(); scenarios.len()]);
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    while let Some((index, scenario)) = take(&next, scenarios) {
                        let result = self.run(index, scenario, known);
                        results.lock().unwrap()[index] = result;
                    }
                });
            }
        });
        results
            .into_inner()
            .unwrap()
            .into_iter()
            .flatten()
            .collect()
    }

    /// Runs the steps of a scenario on both servers, in step.
    fn run(&self, index: usize, scenario: &Scenario, known: &Known) -> Vec<StepResult> {
        let namespace = format!("s{index}");
        let mut ours = Side::new(&self.ours, &namespace);
        let mut theirs = Side::new(&self.theirs, &namespace);
        let mut results = Vec::new();
        for (number, step) in scenario.steps.iter().enumerate() {
            let (ours, theirs) = (ours.take(step), theirs.take(step));
            let name = format!("{}/{}", scenario.name, number + 1);
            results.push(StepResult::new(name, step, &ours, &theirs, known));
        }
        results
    }
}

fn take<'s>(next: &AtomicUsize, scenarios: &'s [Scenario]) -> Option<(usize, &'s Scenario)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    Some((index, scenarios.get(index)?))
}
