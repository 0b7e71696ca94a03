//! One process at a time: a Lease (coordination.k8s.io/v1) for each environment.
//!
//! It is renewed by writes that the server must take, and a holder counts as gone when its Lease has not changed for
//! its whole duration as seen from here. What clocks say is only shown: they may differ as they like.

mod fence;
mod stored;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};

use crate::{Cluster, ClusterError, Kind, Patience, request};
pub(crate) use fence::Fence;
use stored::Stored;

/// What a process wants to have to itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The namespace of the Lease; it is created if need be.
    pub namespace: String,
    /// The name of the Lease.
    pub name: String,
    /// Who wants it.
    pub holder: Holder,
    /// Whether it is taken although another source had it before.
    pub takes_over: bool,
    /// How long the Lease lasts without a renewal, in whole seconds. It is renewed three times as often.
    pub duration: Duration,
}

/// A process that has a Lease, or wants it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// The machine.
    pub host: String,
    /// The number of the process there.
    pub process: u32,
    /// Where its files come from: the address of a remote repository, or a path.
    pub source: String,
    /// Since when it has the Lease, by its own clock, in RFC 3339; empty if it has none.
    pub since: String,
}

/// A Lease that is ours, for as long as it can be renewed. Dropping it stops the renewals.
pub struct Lease {
    cluster: Cluster,
    claim: Claim,
    identity: String,
    lost: watch::Receiver<Option<String>>,
    /// As it was last written.
    latest: Latest,
    renewing: AbortHandle,
}

/// A Lease as it was last written by us.
type Latest = Arc<Mutex<Stored>>;

/// What a write of a Lease led to.
struct Written {
    /// When it was sent.
    begun: Instant,
    stored: Stored,
}

/// Why there is no Lease to be had.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Another source had it last. Waiting does not change that.
    #[error(
        "Lease {name}: this cluster is kept at {theirs}, and not at {ours}; name another environment, or take it over with --take-over"
    )]
    Foreign {
        /// The Lease.
        name: String,
        /// The source that it is for.
        theirs: String,
        /// Our source.
        ours: String,
    },
    /// The cluster did not give or take it.
    #[error("Lease {name} cannot be had: {error}")]
    Cluster {
        /// The Lease.
        name: String,
        /// What the cluster said.
        error: ClusterError,
    },
}

/// What was seen of a Lease that another process has.
#[derive(Clone, Debug, Default)]
struct Seen {
    version: String,
    since: Option<Instant>,
}

/// What to do about a Lease.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// Take it.
    Take,
    /// Look again later.
    Wait(Holder),
    /// Give up.
    Refuse {
        /// The source that has it.
        theirs: String,
    },
}

impl Cluster {
    /// Waits for the Lease, and has it renewed from then on. `waits` is told who has it, each time that is another.
    ///
    /// A cluster that does not answer while we wait is asked again; that is an error only at the first look.
    pub async fn lease(
        &self,
        claim: &Claim,
        waits: &(dyn Fn(&Holder) + Sync),
    ) -> Result<Lease, LeaseError> {
        let cluster = self.for_leases(claim.duration);
        let identity = format!(
            "{}_{}_{:016x}",
            claim.holder.host,
            claim.holder.process,
            nonce()
        );
        let mut seen = Seen::default();
        let mut told: Option<Holder> = None;
        let mut last = cluster.look(claim).await;
        loop {
            if let Ok(stored) = &last {
                match seen.step(claim, stored.as_ref(), Instant::now()) {
                    Step::Take => match cluster.take(claim, &identity, stored.as_ref()).await {
                        Ok(Some(written)) => {
                            return Ok(Lease::new(cluster, claim, identity, written));
                        }
                        // Another one was faster.
                        Ok(None) => {}
                        Err(error) => return Err(failure(claim, error)),
                    },
                    Step::Refuse { theirs } => return Err(foreign(claim, theirs)),
                    Step::Wait(holder) => {
                        if told.as_ref() != Some(&holder) {
                            waits(&holder);
                            told = Some(holder);
                        }
                    }
                }
            } else if let (Err(error), None) = (&last, &seen.since) {
                return Err(failure(claim, error.clone()));
            }
            sleep(claim.duration / 10).await;
            last = cluster.look(claim).await;
        }
    }

    /// Returns the same connection, which writes only while the Lease is ours.
    #[must_use]
    pub fn under(mut self, lease: &Lease) -> Self {
        self.fence.clone_from(&lease.cluster.fence);
        self
    }

    /// Returns a connection that is not held up by what else goes on.
    fn for_leases(&self, duration: Duration) -> Self {
        let mut cluster = self.clone().with_patience(Patience {
            answer: duration / 3,
            total: duration / 3,
            ..self.patience
        });
        cluster.flow = std::sync::Arc::default();
        cluster.fence = Fence::new(duration * 2 / 3);
        cluster
    }

    async fn look(&self, claim: &Claim) -> Result<Option<Stored>, ClusterError> {
        let request = request::get(&leases(), Some(&claim.namespace), &claim.name);
        match self.send_opt(request, &claim.name).await? {
            None => Ok(None),
            Some(value) => match Stored::parse(&value) {
                Some(stored) => Ok(Some(stored)),
                None => Err(self.no_version()),
            },
        }
    }

    fn no_version(&self) -> ClusterError {
        self.unexpected("a Lease without a version")
    }

    /// Takes the Lease in the version that was seen; `None` means that it is not as it was seen.
    async fn take(
        &self,
        claim: &Claim,
        identity: &str,
        stored: Option<&Stored>,
    ) -> Result<Option<Written>, ClusterError> {
        if stored.is_none() {
            self.make_namespace(&claim.namespace).await?;
        }
        let object = stored::object(claim, identity, stored);
        self.store(
            claim,
            identity,
            stored.map(|stored| stored.version.as_str()),
            object,
        )
        .await
    }

    async fn store(
        &self,
        claim: &Claim,
        identity: &str,
        version: Option<&str>,
        mut object: Value,
    ) -> Result<Option<Written>, ClusterError> {
        let begun = Instant::now();
        let namespace = Some(claim.namespace.as_str());
        let request = match version {
            None => request::create(&leases(), namespace, &object, self.manager()),
            Some(version) => {
                object["metadata"]["resourceVersion"] = version.into();
                // Replaced as a whole: an apply would leave what the creation wrote.
                request::replace(&leases(), namespace, &claim.name, &object, self.manager())
            }
        };
        // The fence is for what is done under the Lease.
        match self.send_unfenced(request).await {
            Ok(answer) => {
                let stored = Stored::parse(&answer).ok_or_else(|| self.no_version())?;
                Ok(Some(Written { begun, stored }))
            }
            // Perhaps the answer to the first attempt was lost, and it is there, in a version that nobody saw.
            Err(error) if error.is_conflict() || error.is_unreachable() => {
                match self.look(claim).await? {
                    Some(stored)
                        if stored.identity == identity
                            && version != Some(stored.version.as_str()) =>
                    {
                        Ok(Some(Written { begun, stored }))
                    }
                    _ if error.is_conflict() => Ok(None),
                    _ => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }
}

impl Lease {
    fn new(cluster: Cluster, claim: &Claim, identity: String, written: Written) -> Self {
        cluster.fence.open(written.begun);
        let (sender, lost) = watch::channel(None);
        let latest = Arc::new(Mutex::new(written.stored));
        let renewing = renew(
            cluster.clone(),
            claim.clone(),
            identity.clone(),
            Arc::clone(&latest),
            sender,
        );
        Self {
            cluster,
            claim: claim.clone(),
            identity,
            lost,
            latest,
            renewing: tokio::spawn(renewing).abort_handle(),
        }
    }

    /// Waits until the Lease is lost, and returns why. Nothing is written any more then.
    pub async fn lost(&self) -> String {
        let mut lost = self.lost.clone();
        let reason = lost.wait_for(Option::is_some).await;
        let reason = reason.ok().and_then(|reason| reason.clone());
        reason.unwrap_or_else(|| "it is not renewed any more".to_owned())
    }

    /// Gives the Lease back, so that the next one need not wait. If that fails, it runs out by itself.
    pub async fn release(self) {
        self.renewing.abort();
        self.cluster.fence.close();
        if let Ok(Some(_)) = self.give_back(&latest(&self.latest)).await {
            return;
        }
        // A renewal may have been under way, and the answer to it was not waited for.
        if let Ok(Some(stored)) = self.cluster.look(&self.claim).await
            && stored.identity == self.identity
        {
            drop(self.give_back(&stored).await);
        }
    }

    async fn give_back(&self, stored: &Stored) -> Result<Option<Written>, ClusterError> {
        let object = stored::released(&self.claim, stored);
        let version = Some(stored.version.as_str());
        self.cluster.store(&self.claim, "", version, object).await
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewing.abort();
        self.cluster.fence.close();
    }
}

/// A write that a panic broke off left the one before.
fn latest(latest: &Mutex<Stored>) -> Stored {
    let latest = latest.lock().unwrap_or_else(PoisonError::into_inner);
    latest.clone()
}

/// Renews the Lease until that fails for too long.
async fn renew(
    cluster: Cluster,
    claim: Claim,
    identity: String,
    latest: Latest,
    lost: watch::Sender<Option<String>>,
) {
    let mut pause = claim.duration / 3;
    loop {
        sleep(pause).await;
        let why = match cluster.renew_once(&claim, &identity).await {
            Ok(Some(written)) => {
                cluster.fence.open(written.begun);
                *latest.lock().unwrap_or_else(PoisonError::into_inner) = written.stored;
                pause = claim.duration / 3;
                continue;
            }
            Ok(None) => {
                cluster.fence.close();
                "another process has it".to_owned()
            }
            Err(error) => error.to_string(),
        };
        if !cluster.fence.is_open() {
            // The one who waits for it may be gone.
            let _ = lost.send(Some(why));
            return;
        }
        pause = claim.duration / 30;
    }
}

impl Cluster {
    /// Renews a Lease that is ours; `None` means that it is not.
    async fn renew_once(
        &self,
        claim: &Claim,
        identity: &str,
    ) -> Result<Option<Written>, ClusterError> {
        let Some(stored) = self.look(claim).await? else {
            // Someone deleted it, which takes the right to write from nobody.
            return self.take(claim, identity, None).await;
        };
        if stored.identity != identity {
            return Ok(None);
        }
        let object = stored::object(claim, identity, Some(&stored));
        self.store(claim, identity, Some(&stored.version), object)
            .await
    }
}

impl Seen {
    /// Returns what to do about a Lease that is as in `stored` now.
    fn step(&mut self, claim: &Claim, stored: Option<&Stored>, now: Instant) -> Step {
        let Some(stored) = stored else {
            return Step::Take;
        };
        let theirs = &stored.holder.source;
        if !claim.takes_over && !theirs.is_empty() && *theirs != claim.holder.source {
            let theirs = theirs.clone();
            return Step::Refuse { theirs };
        }
        if stored.identity.is_empty() {
            return Step::Take;
        }
        if self.version != stored.version {
            self.version.clone_from(&stored.version);
            self.since = None;
        }
        let since = *self.since.get_or_insert(now);
        if now - since >= stored.duration.max(claim.duration) {
            Step::Take
        } else {
            Step::Wait(stored.holder.clone())
        }
    }
}

fn leases() -> Kind {
    Kind {
        group: "coordination.k8s.io".to_owned(),
        version: "v1".to_owned(),
        kind: "Lease".to_owned(),
        plural: "leases".to_owned(),
        namespaced: true,
    }
}

/// Returns a number that no other process has. Without random bytes, the number of the process must do.
fn nonce() -> u64 {
    let mut bytes = [0; 8];
    let _ = getrandom::fill(&mut bytes);
    u64::from_ne_bytes(bytes)
}

fn failure(claim: &Claim, error: ClusterError) -> LeaseError {
    LeaseError::Cluster {
        name: format!("{}/{}", claim.namespace, claim.name),
        error,
    }
}

fn foreign(claim: &Claim, theirs: String) -> LeaseError {
    LeaseError::Foreign {
        name: format!("{}/{}", claim.namespace, claim.name),
        theirs,
        ours: claim.holder.source.clone(),
    }
}
