//! What happens, as values.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use windlass_cluster::{Holder, Progress};
use windlass_object::ObjectRef;
use windlass_plan::{Field, Op, Plan, clean};

use crate::terminal::shown;

/// Something that happened.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(crate) enum Event {
    /// The API server can be reached.
    Server {
        /// Its address.
        server: String,
        /// The kubeconfig for kubectl, where Windlass wrote it.
        kubeconfig: Option<String>,
    },
    /// Another process is at work on the environment, and has to end first.
    WaitingForTurn {
        host: String,
        process: u32,
        since: String,
        source: String,
    },
    /// The cluster does not let this process go on.
    TurnLost { reason: String },
    /// A revision was read.
    Revision {
        revision: String,
        env: String,
        units: usize,
    },
    /// The source could not be read; nothing changes.
    SourceFailed { reason: String },
    /// Changes of a kind of objects are not seen at the moment; the watch is tried again and again.
    WatchFailing { kind: String, reason: String },
    /// Something in a unit's files deserves a look.
    Warning { unit: String, text: String },
    /// What is to be done to a unit.
    Plan { unit: String, plan: Box<Plan> },
    /// A saved plan of a unit is not what would be done now, and is not carried out.
    Stale {
        unit: String,
        differences: Vec<String>,
    },
    /// An object was written or deleted.
    Applied { unit: String, op: Op, id: ObjectRef },
    /// An object waits for another.
    Waiting {
        unit: String,
        id: ObjectRef,
        wait_for: ObjectRef,
    },
    /// An object could not be written.
    Failed {
        unit: String,
        id: ObjectRef,
        reason: String,
    },
    /// A live object was changed by someone else.
    Drift {
        unit: String,
        id: ObjectRef,
        fields: Vec<Field>,
        /// Whether it is changed back.
        corrected: bool,
    },
    /// A unit stands differently from before.
    Unit {
        unit: String,
        standing: &'static str,
        details: Vec<String>,
    },
    /// The time is up, or nothing is left to try, and these units are not ready.
    NotConverged {
        timed_out: bool,
        units: Vec<Unready>,
    },
    /// Every plan was carried out, and nobody waited for the objects.
    Finished {
        revision: String,
        units: usize,
        written: usize,
    },
    /// Every unit is ready.
    Converged {
        revision: String,
        units: usize,
        objects: usize,
        #[serde(rename = "seconds", serialize_with = "seconds")]
        elapsed: Duration,
    },
}

/// A unit that is not ready.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Unready {
    pub(crate) unit: String,
    pub(crate) standing: &'static str,
    pub(crate) details: Vec<String>,
}

impl Event {
    /// Returns that another process is at work.
    pub(crate) fn waiting_for(holder: &Holder) -> Self {
        let Holder {
            host,
            process,
            since,
            source,
        } = holder.clone();
        Self::WaitingForTurn {
            host,
            process,
            since,
            source,
        }
    }

    /// Returns what the running of a plan says about a unit.
    pub(crate) fn of_progress(unit: &str, progress: &Progress<'_>) -> Self {
        let unit = unit.to_owned();
        match progress {
            Progress::Done(action) => Self::Applied {
                unit,
                op: action.op,
                id: action.id.clone(),
            },
            Progress::Waiting { action, wait } => Self::Waiting {
                unit,
                id: action.id.clone(),
                wait_for: wait.id.clone(),
            },
            Progress::Failed(failure) => Self::Failed {
                unit,
                id: failure.id.clone(),
                reason: failure.to_string(),
            },
        }
    }
}

fn seconds<S: serde::Serializer>(elapsed: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((elapsed.as_secs_f64() * 1000.0).round() / 1000.0)
}

impl fmt::Display for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server {
                server,
                kubeconfig: None,
            } => write!(formatter, "cluster {server}"),
            Self::Server {
                server,
                kubeconfig: Some(kubeconfig),
            } => {
                write!(
                    formatter,
                    "API server {server}\nfor kubectl: export KUBECONFIG={kubeconfig}"
                )
            }
            Self::WaitingForTurn {
                host,
                process,
                since,
                source,
            } => write!(
                formatter,
                "waiting for another windlass to end: process {process} on {}, since {}, from {}",
                clean(host),
                clean(since),
                clean(source)
            ),
            Self::TurnLost { reason } => {
                write!(
                    formatter,
                    "the lease is lost, and nothing is written: {}",
                    shown(reason)
                )
            }
            Self::Revision {
                revision,
                env,
                units,
            } => {
                write!(
                    formatter,
                    "{}: environment {env}, {units} units",
                    short(revision)
                )
            }
            Self::SourceFailed { reason } => {
                write!(
                    formatter,
                    "the source cannot be read, and nothing is changed: {}",
                    shown(reason)
                )
            }
            Self::WatchFailing { kind, reason } => {
                write!(
                    formatter,
                    "changes of {kind} are not seen: {}",
                    shown(reason)
                )
            }
            Self::Warning { unit, text } => {
                write!(formatter, "{unit}: warning: {}", shown(text))
            }
            Self::Plan { plan, .. } => plan.fmt(formatter),
            Self::Stale { unit, differences } => {
                write!(
                    formatter,
                    "{unit}: not applied, since its plan is another one now"
                )?;
                differences
                    .iter()
                    .try_for_each(|difference| write!(formatter, "\n    {}", shown(difference)))
            }
            Self::Applied { unit, op, id } => write!(formatter, "{unit}: {id} {}", past(*op)),
            Self::Waiting { unit, id, wait_for } => {
                write!(formatter, "{unit}: {id} waits for {wait_for}")
            }
            Self::Failed { unit, reason, .. } => {
                write!(formatter, "{unit}: {}", shown(reason))
            }
            Self::Drift {
                unit,
                id,
                fields,
                corrected,
            } => {
                let left = if *corrected { "" } else { ", and is left so" };
                write!(formatter, "{unit}: {id} was changed in the cluster{left}")?;
                fields.iter().try_for_each(|field| {
                    let change = format!("{:.160}", field.change);
                    write!(formatter, "\n    {}", clean(&change))?;
                    field.written_by.iter().try_for_each(|writer| {
                        write!(formatter, " ({})", clean(&writer.to_string()))
                    })
                })
            }
            Self::Unit {
                unit,
                standing,
                details,
            } => write_unit(formatter, unit, standing, details),
            Self::NotConverged { timed_out, units } => {
                let why = if *timed_out {
                    "the time is up"
                } else {
                    "nothing is left to try"
                };
                write!(formatter, "not converged, and {why}:")?;
                units.iter().try_for_each(|unready| {
                    formatter.write_str("\n")?;
                    write_unit(formatter, &unready.unit, unready.standing, &unready.details)
                })
            }
            Self::Finished {
                revision,
                units,
                written,
            } => write!(
                formatter,
                "applied: {units} units, {written} objects written at {}",
                short(revision)
            ),
            Self::Converged {
                units,
                objects,
                elapsed,
                revision,
            } => write!(
                formatter,
                "converged: {units} units, {objects} objects at {} in {:.1} s",
                short(revision),
                elapsed.as_secs_f64()
            ),
        }
    }
}

fn write_unit(
    formatter: &mut fmt::Formatter<'_>,
    unit: &str,
    standing: &str,
    details: &[String],
) -> fmt::Result {
    write!(formatter, "{unit}: {standing}")?;
    details
        .iter()
        .try_for_each(|detail| write!(formatter, "\n    {}", shown(detail)))
}

/// Returns a revision with the first twelve digits of its commit.
pub(crate) fn short(revision: &str) -> &str {
    let commit = revision.find("sha1:").map(|at| at + "sha1:".len() + 12);
    commit
        .and_then(|end| revision.get(..end))
        .unwrap_or(revision)
}

fn past(op: Op) -> &'static str {
    match op {
        Op::Create => "created",
        Op::Update => "configured",
        Op::Adopt => "adopted",
        Op::Replace => "replaced",
        Op::Prune => "deleted",
        Op::Unchanged => "unchanged",
        Op::Skip => "skipped",
        Op::Blocked => "blocked",
        Op::Conflict => "in conflict",
        Op::Failed => "refused",
    }
}
