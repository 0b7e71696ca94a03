//! The state by itself: no cluster, no time but what is passed in.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::json;
use windlass_cluster::{Applied, Assessed, Change};
use windlass_health::Health;
use windlass_object::{FingerprintKey, Object, ObjectRef};
use windlass_plan::{Approvals, Desired, DesiredSet, Guards, Held, Inputs, Inventory, Unit, plan};

use super::unit::{LOOKS, REPAIRS};
use super::{Haul, Look, Standing, Verdict};
use crate::haul::job::Outcome;

/// One unit, `web`, that wants one ConfigMap.
struct Scene {
    haul: Haul,
    unit: Unit,
    now: Instant,
}

fn config_map(value: &str) -> Object {
    Object::new(json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "web", "namespace": "shop"}, "data": {"key": value},
    }))
    .unwrap()
}

fn id() -> ObjectRef {
    config_map("1").id().clone()
}

fn health(ready: bool) -> Assessed {
    let status = if ready { "Bound" } else { "Pending" };
    let claim =
        json!({"kind": "PersistentVolumeClaim", "apiVersion": "v1", "status": {"phase": status}});
    Assessed::Known(windlass_health::assess(&claim))
}

impl Scene {
    fn new() -> Self {
        let unit = Unit::new("windlass-system", "dev.web");
        let mut scene = Self {
            haul: Haul::default(),
            unit,
            now: Instant::now(),
        };
        scene.want("1");
        scene
    }

    fn want(&mut self, value: &str) {
        let set = DesiredSet::new(&self.unit, [config_map(value)]).unwrap();
        self.take(Desired::Complete(set));
    }

    fn take(&mut self, desired: Desired) {
        let wanted = vec![("web".to_owned(), self.unit.clone(), desired)];
        self.haul.set_desired(wanted, &[], self.now);
    }

    /// Runs a job that finds nothing to do.
    fn reconcile(&mut self) {
        self.reconcile_seeing(BTreeMap::new());
    }

    /// Runs a job that finds nothing to do, and these objects well.
    fn reconcile_seeing(&mut self, well: BTreeMap<ObjectRef, Health>) {
        self.haul.start("web");
        let unit = &self.unit;
        let empty = Desired::Complete(DesiredSet::new(unit, []).unwrap());
        let plan = plan(&Inputs {
            unit,
            revision: "main",
            desired: &empty,
            inventory: &Held::Known(Inventory::default()),
            observed: &BTreeMap::new(),
            others: &windlass_plan::Others::default(),
            approvals: &Approvals::default(),
            guards: &Guards::default(),
            manager: "windlass",
            key: &FingerprintKey::new([1; 32]),
        });
        let outcome = Outcome {
            plan,
            applied: Applied::default(),
            inventory: None,
            versions: [(id(), "7".to_owned())].into(),
            well,
            problem: None,
            is_overtaken: false,
        };
        self.haul.finish("web", outcome, self.now);
    }

    fn look(&mut self) -> Vec<Look> {
        self.haul.take_unassessed()
    }

    fn change(&mut self, version: Option<&str>, shape: &str) {
        let change = Change {
            unit: self.unit.clone(),
            id: id(),
            version: version.map(str::to_owned),
            shape: shape.to_owned(),
        };
        self.haul.change(change, self.now);
    }

    fn is_due(&self) -> bool {
        !self.haul.due(self.now).is_empty()
    }
}

#[test]
fn a_unit_is_ready_when_its_job_is_done_and_its_objects_are_well() {
    let mut scene = Scene::new();
    assert!(scene.is_due());
    scene.reconcile();
    assert_eq!(scene.haul.verdict(), Verdict::Working);
    let look = scene.look().remove(0);
    scene.haul.assess(look, health(true));
    assert_eq!(scene.haul.verdict(), Verdict::Converged);
}

#[test]
fn what_a_job_saw_well_is_not_looked_at_before_it_changes() {
    let mut scene = Scene::new();
    let Assessed::Known(well) = health(true) else {
        panic!("it is known");
    };
    scene.reconcile_seeing([(id(), well)].into());
    assert_eq!(scene.haul.verdict(), Verdict::Converged);
    scene.change(Some("7"), "a");
    assert!(scene.look().is_empty(), "the watch told what the job saw");
    scene.change(Some("8"), "a");
    assert_eq!(scene.look().len(), 1);
}

#[test]
fn an_object_is_not_looked_at_twice_at_once_so_an_old_answer_never_hides_a_new_one() {
    let mut scene = Scene::new();
    scene.reconcile();
    let first = scene.look().remove(0);
    scene.change(Some("8"), "a");
    assert!(
        scene.look().is_empty(),
        "a second look began before the first came back"
    );
    scene.haul.assess(first, health(false));
    let second = scene.look().remove(0);
    scene.haul.assess(second, health(true));
    assert_eq!(scene.haul.verdict(), Verdict::Converged);
}

#[test]
fn an_answer_from_before_the_last_job_is_not_news() {
    let mut scene = Scene::new();
    scene.reconcile();
    let old = scene.look().remove(0);
    scene.want("2");
    scene.reconcile();
    scene.haul.assess(old, health(true));
    assert_eq!(scene.haul.verdict(), Verdict::Working);
}

#[test]
fn a_status_change_is_looked_at_and_a_changed_spec_is_reconciled() {
    let mut scene = Scene::new();
    scene.reconcile();
    scene.change(Some("7"), "generation 1");
    assert!(!scene.is_due(), "our own write");
    scene.change(Some("8"), "generation 1");
    assert!(!scene.is_due(), "only the status");
    scene.change(Some("9"), "generation 2");
    assert!(scene.is_due());
}

#[test]
fn a_deleted_object_is_reconciled() {
    let mut scene = Scene::new();
    scene.reconcile();
    scene.change(None, "generation 1");
    assert!(scene.is_due());
}

#[test]
fn a_revision_that_wants_the_same_starts_no_job() {
    let mut scene = Scene::new();
    scene.reconcile();
    scene.want("1");
    assert!(!scene.is_due());
    scene.want("2");
    assert!(scene.is_due());
}

#[test]
fn a_unit_that_fails_to_render_stays_and_is_not_ready() {
    let mut scene = Scene::new();
    scene.reconcile();
    let look = scene.look().remove(0);
    scene.haul.assess(look, health(true));
    scene.take(Desired::Failed {
        reason: "no key".to_owned(),
    });
    assert_eq!(
        *scene.haul.get("web").unwrap().standing(),
        Standing::Working
    );
    assert!(scene.is_due());
    assert_ne!(scene.haul.verdict(), Verdict::Converged);
}

#[test]
fn a_unit_that_is_removed_and_added_again_while_its_job_runs_has_one_job() {
    let mut scene = Scene::new();
    scene.haul.start("web");
    scene.haul.set_desired(Vec::new(), &[], scene.now);
    scene.want("2");
    assert!(!scene.is_due(), "a second job began beside the first");
}

#[test]
fn what_is_not_well_is_looked_at_again_without_a_change() {
    let mut scene = Scene::new();
    scene.reconcile();
    let look = scene.look().remove(0);
    scene.haul.assess(look, health(false));
    scene.haul.look_again(scene.now);
    assert!(scene.look().is_empty());
    scene.haul.look_again(scene.now + LOOKS.0);
    assert_eq!(scene.look().len(), 1);
}

#[test]
fn a_fight_over_an_object_slows_down() {
    let mut scene = Scene::new();
    scene.reconcile();
    scene.change(Some("8"), "generation 1");
    for generation in 2..=REPAIRS + 1 {
        scene.change(Some("9"), &format!("generation {generation}"));
        assert!(scene.is_due(), "repair {generation}");
        scene.reconcile();
    }
    scene.change(Some("10"), "generation 10");
    assert!(!scene.is_due(), "the fight goes on without a pause");
    assert!(scene.haul.next_due().is_some());
}

#[test]
fn a_job_that_panicked_fails_its_unit_only() {
    let mut scene = Scene::new();
    scene.haul.start("web");
    scene.haul.fail("web", "a bug");
    assert_eq!(scene.haul.verdict(), Verdict::Stuck);
    scene.want("2");
    assert!(scene.is_due());
}
