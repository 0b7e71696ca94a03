//! What a Lease looks like in the cluster.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Claim, Holder};

/// The annotations that say who holds it, for people and for the check of the source.
const HOST: &str = "windlass.dev/host";
const PROCESS: &str = "windlass.dev/process";
const SOURCE: &str = "windlass.dev/source";

/// A Lease as it is in the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) version: String,
    /// What tells the holder from all others; empty if there is none.
    pub(super) identity: String,
    pub(super) holder: Holder,
    pub(super) duration: Duration,
    transitions: u64,
}

impl Stored {
    pub(super) fn parse(value: &Value) -> Option<Self> {
        let text = |pointer| {
            value
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let number = |pointer| {
            value
                .pointer(pointer)
                .and_then(Value::as_u64)
                .unwrap_or_default()
        };
        let annotation = |name| {
            let annotations = value.pointer("/metadata/annotations");
            let text = annotations.and_then(|all| all.get(name)?.as_str());
            text.unwrap_or_default().to_owned()
        };
        let holder = Holder {
            host: annotation(HOST),
            process: annotation(PROCESS).parse().unwrap_or_default(),
            source: annotation(SOURCE),
            since: text("/spec/acquireTime").to_owned(),
        };
        let stored = Self {
            version: text("/metadata/resourceVersion").to_owned(),
            identity: text("/spec/holderIdentity").to_owned(),
            holder,
            duration: Duration::from_secs(number("/spec/leaseDurationSeconds")),
            transitions: number("/spec/leaseTransitions"),
        };
        (!stored.version.is_empty()).then_some(stored)
    }
}

/// Returns the Lease as it is while `claim` has it, in place of what is stored.
pub(super) fn object(claim: &Claim, identity: &str, stored: Option<&Stored>) -> Value {
    let now = format!("{:.6}", jiff::Timestamp::now());
    let is_ours = stored.is_some_and(|stored| stored.identity == identity);
    let (since, transitions) = match stored {
        Some(stored) if is_ours => (stored.holder.since.clone(), stored.transitions),
        Some(stored) => (now.clone(), stored.transitions + 1),
        None => (now.clone(), 0),
    };
    let spec = json!({
        "holderIdentity": identity,
        "leaseDurationSeconds": claim.duration.as_secs().max(1),
        "acquireTime": since,
        "renewTime": now,
        "leaseTransitions": transitions,
    });
    with_spec(claim, &claim.holder, &spec)
}

/// Returns the Lease as it is when nobody has it. It still says for which source it is.
pub(super) fn released(claim: &Claim, stored: &Stored) -> Value {
    with_spec(
        claim,
        &stored.holder,
        &json!({"leaseTransitions": stored.transitions}),
    )
}

fn with_spec(claim: &Claim, holder: &Holder, spec: &Value) -> Value {
    json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {
            "name": claim.name,
            "namespace": claim.namespace,
            "labels": {"app.kubernetes.io/managed-by": "windlass"},
            "annotations": {
                HOST: holder.host,
                PROCESS: holder.process.to_string(),
                SOURCE: holder.source,
            },
        },
        "spec": spec,
    })
}
