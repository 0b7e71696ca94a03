//! `windlass up`: everything on this machine.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use crate::access::{Access, Embedded};
use crate::cli::{ClusterArgs, EnvironmentArgs, EventOutput, GuardArgs, ObjectArgs, duration};
use crate::desired::{self, Selection};
use crate::failure::{Done, Failure};
use crate::haul::{Ahead, Ended, Order};
use crate::report::{self, Event, Report};
use crate::scene::Scene;
use crate::style::Style;
use crate::turn;

use super::runtime;

/// Brings a cluster to what the repository says, and keeps it there
///
/// Starts an embedded API server on this machine (or uses the cluster of --kubeconfig or --context), renders
/// every service of the environment, decrypts its secrets, applies, waits until all is healthy, and goes on
/// with each commit and each change in the cluster. Ctrl-C ends it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  windlass up --env dev                         this repository
  windlass up examples/platform --env dev --once
  windlass up --env staging --context staging   a real cluster")]
pub(crate) struct Up {
    /// The repository, or the directory in one that holds kustomize/
    #[arg(value_name = "REPO", default_value = ".")]
    repo: PathBuf,
    #[command(flatten)]
    environment: EnvironmentArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    guards: GuardArgs,
    #[command(flatten)]
    objects: ObjectArgs,
    /// Take the source as it is now, and end when converged (exit code 0) or stuck (1)
    #[arg(long)]
    once: bool,
    /// With --once: how long convergence may take, such as 90s or 5m
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = duration)]
    timeout: Duration,
    /// With a real cluster: take the environment over from another repository that has kept the cluster so far
    #[arg(long)]
    take_over: bool,
    /// How to print: text is a live table on a terminal and lines elsewhere, json is events
    #[arg(long, short, value_enum, default_value_t = EventOutput::Text)]
    output: EventOutput,
}

impl Up {
    pub(crate) fn run(self, style: Style) -> Result<Done, Failure> {
        let report = report::new(self.output, style);
        runtime()?.block_on(self.haul(&*report))
    }

    async fn haul(self, report: &dyn Report) -> Result<Done, Failure> {
        let scene = Arc::new(Scene::open(&self.repo, &self.environment.source)?);
        let env = self.environment.env.clone();
        // A mistake in these needs no API server, and the name of an environment becomes that of a directory.
        let ahead = begin(&scene, &env)?;
        let cluster = self.cluster.with(&self.objects);
        let access = Access::open(&cluster, &self.repo, &env, Embedded::Start).await?;
        report.event(&Event::Server {
            server: access.cluster.server().to_owned(),
            kubeconfig: access.kubeconfig().map(|path| path.display().to_string()),
        });
        let order = Order {
            scene,
            env,
            once: self.once,
            timeout: Some(self.timeout),
            guards: self.guards.guards(cluster.drift),
            approvals: self.guards.approve,
        };
        let is_ours = access.kubeconfig().is_some();
        let claim = if is_ours {
            None
        } else {
            Some(turn::claim(&self.repo, &order.env, self.take_over)?)
        };
        let ended = access.during(async |cluster| {
            turn::haul(order, ahead, cluster, claim.as_ref(), report).await
        });
        Ok(match ended.await? {
            Ended::Converged => Done::Well,
            Ended::Interrupted if !self.once => Done::Well,
            Ended::Stuck | Ended::TimedOut | Ended::Interrupted => Done::Badly,
        })
    }
}

/// Begins to render, if the source, its keys and the environment are there.
fn begin(scene: &Arc<Scene>, env: &str) -> Result<Ahead, Failure> {
    let snapshot = scene.snapshot()?;
    let keys = scene.keys(&snapshot)?;
    let everything = Selection {
        services: &[],
        addons: true,
    };
    let units = desired::units(&*snapshot.tree, env, everything)?;
    Ok(Ahead::begin(scene, snapshot, keys, units))
}
