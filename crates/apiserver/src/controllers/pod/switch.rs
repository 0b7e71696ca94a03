//! The switch that makes workloads fail on purpose, and the one that makes them slow.
//!
//! `windlass.dev/fail` names what goes wrong; `windlass.dev/ready-after` how long a container runs before
//! it is ready, or a Job's before it ends. Both are read from the pod, so from its template, or else from
//! the workload that it belongs to.

use jiff::SignedDuration;
use serde_json::Value;

use crate::controllers::world::World;
use crate::fields::annotation;

const FAIL: &str = "windlass.dev/fail";
const READY_AFTER: &str = "windlass.dev/ready-after";

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::controllers) enum Failure {
    /// The image cannot be pulled (`ImagePullBackOff`, `ErrImagePull`).
    ImagePull,
    /// The containers end as soon as they start (`CrashLoopBackOff`).
    Crash,
    /// No node has room (`FailedScheduling`, `Unschedulable`).
    Scheduling,
    /// The pods of a Job fail until it gives up (`BackoffLimitExceeded`, `Error`).
    Exit,
    /// The containers wait for any other reason.
    Waiting(String),
}

/// Returns what shall go wrong with a pod.
pub(in crate::controllers) fn failure(world: &World, pod: &Value) -> Option<Failure> {
    let reason = setting(world, pod, FAIL)?;
    Some(match reason.as_str() {
        "" | "false" => return None,
        "ImagePullBackOff" | "ErrImagePull" => Failure::ImagePull,
        "CrashLoopBackOff" => Failure::Crash,
        "FailedScheduling" | "Unschedulable" => Failure::Scheduling,
        "BackoffLimitExceeded" | "Error" => Failure::Exit,
        _ => Failure::Waiting(reason),
    })
}

/// Returns whether an annotation is one of the switches. They are not copied to ReplicaSets, where they
/// would outlive that of the Deployment.
pub(in crate::controllers) fn is_switch(key: &str) -> bool {
    [FAIL, READY_AFTER].contains(&key)
}

/// Returns how long a container of a pod runs before it is ready; zero by default.
pub(super) fn delay(world: &World, pod: &Value) -> SignedDuration {
    setting(world, pod, READY_AFTER)
        .and_then(|text| text.parse().ok())
        .unwrap_or(SignedDuration::ZERO)
}

/// Returns an annotation of the pod, or of the nearest of its owners that has it.
fn setting(world: &World, pod: &Value, key: &str) -> Option<String> {
    if let Some(value) = annotation(pod, key) {
        return Some(value.to_owned());
    }
    let mut owner = world.controller_of(pod);
    while let Some((_, object)) = owner {
        if let Some(value) = annotation(object, key) {
            return Some(value.to_owned());
        }
        owner = world.controller_of(object);
    }
    None
}
