//! The states of a pod's containers.

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::switch::{self, Failure};
use super::{KUBELET, references};
use crate::clock::rfc3339;
use crate::controllers::step::Report;
use crate::controllers::world::{Kind, World};
use crate::fields::{self, is_set, list, optional_text, text};
use crate::identity::hex;

/// The statuses of the containers, and what is to tell about them.
pub(super) struct Containers {
    pub(super) init: Vec<Value>,
    pub(super) app: Vec<Value>,
    pub(super) reports: Vec<Report>,
    /// When a container becomes ready or ends by itself.
    pub(super) changes_at: Option<Timestamp>,
}

/// What a container is doing.
enum State {
    Waiting { reason: String, message: String },
    Crashing,
    Running { ready: bool },
    Ended { code: i64 },
}

/// What the states of all containers of a pod depend on.
struct Scene<'a> {
    world: &'a World,
    pod: &'a Value,
    failure: Option<&'a Failure>,
    /// Whether a volume is missing, so that no container is made.
    is_blocked: bool,
    now: Timestamp,
    /// When the containers become ready, or end in a pod of a Job.
    due: Timestamp,
}

impl Containers {
    /// Returns the containers of `pod` as they are at `now`.
    pub(super) fn of(
        world: &World,
        pod: &Value,
        failure: Option<&Failure>,
        is_blocked: bool,
        now: Timestamp,
    ) -> Self {
        let start = text(pod, "/status/startTime").parse().unwrap_or(now);
        let due = start.checked_add(switch::delay(world, pod)).unwrap_or(now);
        let scene = Scene {
            world,
            pod,
            failure,
            is_blocked,
            now,
            due,
        };
        let mut containers = Self {
            init: Vec::new(),
            app: Vec::new(),
            reports: Vec::new(),
            changes_at: (due > now).then_some(due),
        };
        let is_initialized = containers.add_init(&scene);
        for container in list(pod, "/spec/containers") {
            let state = if is_initialized {
                scene.app_state(container)
            } else {
                waiting("PodInitializing", "")
            };
            let status = containers.status(&scene, container, &state, "containers");
            containers.app.push(status);
        }
        containers
    }

    /// Returns whether all init containers have done their work.
    fn add_init(&mut self, scene: &Scene<'_>) -> bool {
        let mut is_initialized = true;
        for container in list(scene.pod, "/spec/initContainers") {
            let state = match scene.problem(container) {
                _ if !is_initialized => waiting("PodInitializing", ""),
                Some(problem) => problem,
                None if text(container, "/restartPolicy") == "Always" => {
                    State::Running { ready: true }
                }
                None => State::Ended { code: 0 },
            };
            is_initialized &= !matches!(state, State::Waiting { .. });
            let status = self.status(scene, container, &state, "initContainers");
            self.init.push(status);
        }
        is_initialized
    }

    /// Returns whether every container is ready.
    pub(super) fn are_ready(&self) -> bool {
        self.app.iter().all(|it| fields::flag(it, "/ready"))
    }

    /// Returns the names of the containers that are not ready, as conditions list them.
    pub(super) fn unready(&self) -> String {
        let unready = self.app.iter().filter(|it| !fields::flag(it, "/ready"));
        let names: Vec<&str> = unready.map(|it| text(it, "/name")).collect();
        names.join(" ")
    }

    /// Returns the names of the init containers that have work left.
    pub(super) fn uninitialized(&self) -> Option<String> {
        let open = self.init.iter().filter(|it| is_set(it, "/state/waiting"));
        let names: Vec<&str> = open.map(|it| text(it, "/name")).collect();
        (!names.is_empty()).then(|| names.join(" "))
    }

    /// Returns the exit code of the pod, when all its containers have ended.
    pub(super) fn exit_code(&self) -> Option<i64> {
        let codes = self.app.iter();
        let codes = codes.map(|it| fields::optional_integer(it, "/state/terminated/exitCode"));
        codes
            .collect::<Option<Vec<i64>>>()
            .map(|codes| codes.into_iter().max().unwrap_or_default())
    }

    /// Returns whether a container has been started.
    pub(super) fn has_started(&self) -> bool {
        let mut app = self.app.iter();
        app.all(|it| !is_set(it, "/state/waiting") || is_set(it, "/lastState/terminated"))
    }

    fn status(
        &mut self,
        scene: &Scene<'_>,
        container: &Value,
        state: &State,
        list_name: &str,
    ) -> Value {
        let name = text(container, "/name");
        let previous = previous_status(scene.pod, name);
        if previous.is_none_or(|it| !state.is_same(it)) {
            let field = format!("spec.{list_name}{{{name}}}");
            let reports = state.reports(scene, container).into_iter();
            self.reports.extend(reports.map(|it| it.on(field.clone())));
        }
        state.status(scene, container, previous)
    }
}

impl Scene<'_> {
    /// Returns the state of a container that cannot be started.
    fn problem(&self, container: &Value) -> Option<State> {
        if self.is_blocked {
            return Some(waiting("ContainerCreating", ""));
        }
        let namespace = fields::namespace(self.pod);
        references::config_problem(self.world, namespace, container)
            .map(|message| waiting("CreateContainerConfigError", &message))
    }

    fn app_state(&self, container: &Value) -> State {
        if let Some(problem) = self.problem(container) {
            return problem;
        }
        let ends = self.is_of_job() && self.now >= self.due;
        match self.failure {
            Some(Failure::ImagePull) => {
                let image = text(container, "/image");
                let cause = pull_error(image);
                let message = format!("Back-off pulling image \"{image}\": ErrImagePull: {cause}");
                waiting("ImagePullBackOff", &message)
            }
            Some(Failure::Waiting(reason)) => waiting(reason, "windlass.dev/fail asks for this"),
            Some(Failure::Crash) => State::Crashing,
            Some(Failure::Exit) if ends => State::Ended { code: 1 },
            Some(Failure::Exit) if !self.is_of_job() => State::Crashing,
            _ if ends => State::Ended { code: 0 },
            _ => State::Running {
                ready: self.now >= self.due,
            },
        }
    }

    fn is_of_job(&self) -> bool {
        let owner = self.world.controller_of(self.pod);
        owner.is_some_and(|(kind, _)| kind == Kind::Job)
    }

    /// Returns how a container has ended just now.
    fn termination(&self, code: i64) -> Value {
        let time = rfc3339(self.now);
        let start = optional_text(self.pod, "/status/startTime").unwrap_or(&time);
        json!({
            "exitCode": code,
            "reason": if code == 0 { "Completed" } else { "Error" },
            "startedAt": start,
            "finishedAt": time,
        })
    }

    /// Returns the pod as messages name it: `name_namespace(uid)`.
    fn full_name(&self) -> String {
        let (name, namespace) = (fields::name(self.pod), fields::namespace(self.pod));
        format!("{name}_{namespace}({})", fields::uid(self.pod))
    }
}

fn waiting(reason: &str, message: &str) -> State {
    State::Waiting {
        reason: reason.to_owned(),
        message: message.to_owned(),
    }
}

fn pull_error(image: &str) -> String {
    format!(
        "rpc error: code = NotFound desc = failed to pull and unpack image \"{image}\": failed to \
         resolve reference \"{image}\": {image}: not found"
    )
}

/// Returns 64 digits that always stand for `text`, as the names of images and containers do.
fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn previous_status<'a>(pod: &'a Value, name: &str) -> Option<&'a Value> {
    let init = list(pod, "/status/initContainerStatuses").iter();
    let mut all = init.chain(list(pod, "/status/containerStatuses"));
    all.find(|status| text(status, "/name") == name)
}

impl State {
    fn is_same(&self, previous: &Value) -> bool {
        match self {
            Self::Waiting { reason, message } => {
                text(previous, "/state/waiting/reason") == reason
                    && text(previous, "/state/waiting/message") == message
            }
            Self::Crashing => text(previous, "/state/waiting/reason") == "CrashLoopBackOff",
            Self::Running { .. } => is_set(previous, "/state/running"),
            Self::Ended { .. } => is_set(previous, "/state/terminated"),
        }
    }

    fn status(&self, scene: &Scene<'_>, container: &Value, previous: Option<&Value>) -> Value {
        let name = text(container, "/name");
        let image = text(container, "/image");
        let ready = match self {
            Self::Running { ready } => *ready,
            // An init container that has done its work is ready, one of the pod is not.
            Self::Ended { code: 0 } => is_init(scene.pod, name),
            _ => false,
        };
        let mut status = json!({
            "name": name, "image": image, "imageID": "", "ready": ready,
            "started": matches!(self, Self::Running { .. }),
            "restartCount": i64::from(matches!(self, Self::Crashing)),
            "state": self.state(scene, previous), "lastState": {},
        });
        if !matches!(self, Self::Waiting { .. }) {
            status["imageID"] = format!("{image}@sha256:{}", digest(image)).into();
            let identity = format!("{}/{name}", fields::uid(scene.pod));
            status["containerID"] = format!("windlass://{}", digest(&identity)).into();
        }
        if matches!(self, Self::Crashing) {
            let ended = previous.and_then(|it| it.pointer("/lastState/terminated"));
            let ended = ended.cloned().unwrap_or_else(|| scene.termination(1));
            status["lastState"] = json!({ "terminated": ended });
        }
        status
    }

    fn state(&self, scene: &Scene<'_>, previous: Option<&Value>) -> Value {
        let kept = |pointer| previous.and_then(|it| it.pointer(pointer)).cloned();
        match self {
            Self::Waiting { reason, message } => match message.as_str() {
                "" => json!({"waiting": {"reason": reason}}),
                message => json!({"waiting": {"reason": reason, "message": message}}),
            },
            Self::Crashing => {
                let name = previous.map_or("", |it| text(it, "/name"));
                let pod = scene.full_name();
                let message = format!("back-off 10s restarting failed container={name} pod={pod}");
                json!({"waiting": {"reason": "CrashLoopBackOff", "message": message}})
            }
            Self::Running { .. } => json!({
                "running": kept("/state/running")
                    .unwrap_or_else(|| json!({"startedAt": rfc3339(scene.now)})),
            }),
            Self::Ended { code } => json!({
                "terminated": kept("/state/terminated").unwrap_or_else(|| scene.termination(*code)),
            }),
        }
    }

    /// Returns what the kubelet tells when a container comes into this state.
    fn reports(&self, scene: &Scene<'_>, container: &Value) -> Vec<Report> {
        let image = text(container, "/image");
        let pulled = format!("Container image \"{image}\" already present on machine");
        let started = [
            Report::normal(KUBELET, "Pulled", pulled),
            Report::normal(KUBELET, "Created", "Container created"),
            Report::normal(KUBELET, "Started", "Container started"),
        ];
        let failed = |message: String| Report::warning(KUBELET, "Failed", message);
        match self {
            Self::Running { .. } | Self::Ended { .. } => started.to_vec(),
            Self::Crashing => {
                let name = text(container, "/name");
                let pod = scene.full_name();
                let message = format!("Back-off restarting failed container {name} in pod {pod}");
                let mut reports = started.to_vec();
                reports.push(Report::warning(KUBELET, "BackOff", message));
                reports
            }
            Self::Waiting { reason, message } => match reason.as_str() {
                "ContainerCreating" | "PodInitializing" => Vec::new(),
                "ImagePullBackOff" => vec![
                    Report::normal(KUBELET, "Pulling", format!("Pulling image \"{image}\"")),
                    failed(format!(
                        "Failed to pull image \"{image}\": {}",
                        pull_error(image)
                    )),
                    failed("Error: ErrImagePull".to_owned()),
                    Report::normal(
                        KUBELET,
                        "BackOff",
                        format!("Back-off pulling image \"{image}\""),
                    ),
                    failed("Error: ImagePullBackOff".to_owned()),
                ],
                _ => vec![failed(format!("Error: {message}"))],
            },
        }
    }
}

fn is_init(pod: &Value, name: &str) -> bool {
    let mut init = list(pod, "/spec/initContainers").iter();
    init.any(|container| text(container, "/name") == name)
}
