//! One `up` at a time for each environment of a cluster that others can reach, too.
//!
//! The state directory of the embedded API server has a lock of its own, and nobody else knows its cluster; there is
//! no Lease in it.

use std::path::Path;
use std::time::{Duration, Instant};

use windlass_cluster::{Claim, Cluster, Holder, Lease};
use windlass_source::Repository;

use crate::desired::NAMESPACE;
use crate::failure::Failure;
use crate::haul::{self, Ahead, Ended, Order};
use crate::report::{Event, Report};
use crate::terminal::closed;

/// How long a process that ends without a word holds up the next one. It is renewed three times as often, and these
/// are the only writes of a process that has nothing to do.
const DURATION: Duration = Duration::from_secs(30);

/// Returns what this process wants to have to itself.
pub(crate) fn claim(repository: &Path, env: &str, takes_over: bool) -> Result<Claim, Failure> {
    Ok(Claim {
        namespace: NAMESPACE.to_owned(),
        name: format!("windlass-{}", windlass_render::identity(env, "up")),
        holder: Holder {
            host: rustix::system::uname()
                .nodename()
                .to_string_lossy()
                .into_owned(),
            process: std::process::id(),
            source: source(repository)?,
            since: String::new(),
        },
        takes_over,
        duration: DURATION,
    })
}

/// Returns where the files come from: what all clones of a repository have in common, or else the path.
fn source(repository: &Path) -> Result<String, Failure> {
    let origin = Repository::discover(repository)
        .ok()
        .and_then(|repository| repository.origin());
    if let Some(origin) = origin {
        return Ok(origin);
    }
    let path = repository.canonicalize();
    let path = path.map_err(|error| Failure::of([format!("{}: {error}", repository.display())]))?;
    Ok(path.display().to_string())
}

/// Hauls while it is our turn. When the turn is lost, what is under way ends at once, and the next turn is waited for;
/// with `--once` that is a failure.
pub(crate) async fn haul(
    mut order: Order,
    ahead: Ahead,
    cluster: &Cluster,
    claim: Option<&Claim>,
    report: &dyn Report,
) -> Result<Ended, Failure> {
    let mut ahead = Some(ahead);
    let Some(claim) = claim else {
        return hauled(&order, ahead, cluster.clone(), report).await;
    };
    loop {
        let asked = Instant::now();
        let Some(lease) = lease(&order, cluster, claim, report).await? else {
            return Ok(Ended::TimedOut);
        };
        order.timeout = order
            .timeout
            .map(|limit| limit.saturating_sub(asked.elapsed()));
        let lost = tokio::select! {
            ended = hauled(&order, ahead.take(), cluster.clone().under(&lease), report) => {
                lease.release().await;
                return ended;
            }
            reason = lease.lost() => reason,
        };
        report.event(&Event::TurnLost {
            reason: lost.clone(),
        });
        if order.once {
            return Err(Failure::of([format!("the lease was lost: {lost}")])
                .hint("nothing was written after that; run it again"));
        }
    }
}

/// Waits for our turn; `None` means that the time was up.
async fn lease(
    order: &Order,
    cluster: &Cluster,
    claim: &Claim,
    report: &dyn Report,
) -> Result<Option<Lease>, Failure> {
    let waits = |holder: &Holder| report.event(&Event::waiting_for(holder));
    let lease = cluster.lease(claim, &waits);
    let Some(limit) = order.timeout.filter(|_| order.once) else {
        return Ok(Some(lease.await?));
    };
    if let Ok(lease) = tokio::time::timeout(limit, lease).await {
        return Ok(Some(lease?));
    }
    report.event(&Event::NotConverged {
        timed_out: true,
        units: Vec::new(),
    });
    Ok(None)
}

async fn hauled(
    order: &Order,
    ahead: Option<Ahead>,
    cluster: Cluster,
    report: &dyn Report,
) -> Result<Ended, Failure> {
    tokio::select! {
        ended = haul::run(order, ahead, cluster, report) => ended,
        () = closed() => Ok(Ended::Interrupted),
    }
}
