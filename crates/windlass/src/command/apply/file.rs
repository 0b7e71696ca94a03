//! A saved plan: read, and compared with what would be done now.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use windlass_cluster::Cluster;
use windlass_plan::SavedPlans;

use crate::command::survey::{Survey, Surveyed};
use crate::failure::Failure;
use crate::report::Event;

/// The largest file that is read, in bytes: more than ten thousand objects need.
const MAX: u64 = 256 << 20;

/// Returns the plans that were saved at `path`.
pub(super) fn read(path: &Path) -> Result<SavedPlans, Failure> {
    let wrong = |what: String| Failure::of([format!("{}: {what}", path.display())]);
    let file = File::open(path).map_err(|error| wrong(error.to_string()))?;
    let mut text = String::new();
    let read = file.take(MAX + 1).read_to_string(&mut text);
    let read = read.map_err(|error| wrong(error.to_string()))?;
    if read as u64 > MAX {
        return Err(wrong(format!("it is larger than {} MiB", MAX >> 20)));
    }
    SavedPlans::from_json(&text).map_err(|error| {
        wrong(error.to_string()).hint("make it anew with windlass plan --out FILE")
    })
}

/// Returns the commit in a revision such as `main@sha1:…`.
pub(super) fn commit(revision: &str) -> &str {
    revision.rsplit(':').next().unwrap_or(revision)
}

/// Returns an error when the plan was made for another cluster.
pub(super) async fn check_cluster(saved: &SavedPlans, cluster: &Cluster) -> Result<(), Failure> {
    if cluster.uid().await? == saved.cluster.uid {
        return Ok(());
    }
    let failure = Failure::of([format!(
        "the plan was made for another cluster: {}; this is {}",
        saved.cluster.server,
        cluster.server()
    )]);
    Err(failure.hint(
        "name that cluster with --context, --kubeconfig or --state, as for the plan; or plan anew",
    ))
}

/// Takes the units out of the survey whose plan is not what was saved, and returns what is different. One for which
/// nothing is left to do stays.
pub(super) fn leave_out_stale(saved: &SavedPlans, survey: &mut Survey) -> Vec<Event> {
    let is_as_saved = |unit: &Surveyed| {
        let plan = saved.plan(&unit.name);
        unit.plan.is_converged()
            || plan
                .is_some_and(|plan| plan.does_the_same(&unit.plan) || plan.is_left_in(&unit.plan))
    };
    let names = survey.units.iter().map(|unit| unit.name.clone());
    let mut kept: BTreeSet<String> = names.collect();
    loop {
        // What a unit that is left out would have made is not coming.
        survey.complete_among(|name| kept.contains(name));
        let units = survey.units.iter();
        let stale = units.filter(|unit| kept.contains(&unit.name) && !is_as_saved(unit));
        let stale: Vec<String> = stale.map(|unit| unit.name.clone()).collect();
        if stale.is_empty() {
            break;
        }
        kept.retain(|name| !stale.contains(name));
    }
    let gone = saved.units.iter().filter(|unit| {
        let is_there = survey.units.iter().any(|other| other.name == unit.name);
        !is_there && unit.plan.writes()
    });
    let mut events: Vec<Event> = gone
        .map(|unit| Event::Stale {
            unit: unit.name.clone(),
            differences: vec!["there is nothing of it any more".to_owned()],
        })
        .collect();
    let stale = survey
        .units
        .extract_if(.., |unit| !kept.contains(&unit.name));
    events.extend(stale.map(|unit| Event::Stale {
        differences: match saved.plan(&unit.name) {
            Some(plan) => plan.differences(&unit.plan),
            None => vec!["it was not in the plan".to_owned()],
        },
        unit: unit.name,
    }));
    events
}
