//! `edit fix` of Helm charts: `helmChartInflationGenerator` becomes `helmCharts` and `helmGlobals`.

use windlass_yaml::{Mapping, Node};

use super::fields::{get, remove, set_key, text, texts};
use super::{FileError, KustomizationFile, Note};

const OLD: &str = "helmChartInflationGenerator";
const GLOBALS: &str = "helmGlobals";

/// The fields of a chart that have other names now.
const RENAMED: [(&str, &str); 5] = [
    ("chartName", "name"),
    ("chartVersion", "version"),
    ("chartRepoUrl", "repo"),
    ("values", "valuesFile"),
    ("valuesLocal", "valuesInline"),
];

/// The fields that all charts have in common now.
const GLOBAL: [(&str, &str); 2] = [("chartHome", "chartHome"), ("helmHome", "configHome")];

/// The fields that kustomize drops.
const DROPPED: [&str; 4] = ["chartRepoName", "extraArgs", "helmBin", "releaseNamespace"];

impl KustomizationFile {
    pub(super) fn fix_helm(&mut self) -> Result<(), FileError> {
        if self.field(OLD).is_none() {
            return Ok(());
        }
        let charts = self.items_mut(OLD)?;
        let last = |field| {
            let mut texts = charts.iter().map(|chart| text(chart, field));
            texts.rfind(|text| !text.is_empty()).unwrap_or_default()
        };
        let globals = texts(GLOBAL.map(|(old, new)| (new, last(old))));
        let mut dropped = Vec::new();
        for chart in charts.iter_mut().filter_map(Node::as_mapping_mut) {
            fix_chart(chart, &mut dropped);
        }
        dropped.sort_unstable();
        dropped.dedup();
        self.notes.extend(dropped.into_iter().map(Note::Dropped));
        let is_full = globals
            .as_mapping()
            .is_some_and(|globals| !globals.is_empty());
        if is_full && self.field(GLOBALS).is_none_or(Node::is_null) {
            self.remove(GLOBALS);
            self.ensure(GLOBALS, globals);
        }
        self.rename(OLD, "helmCharts")
    }
}

fn fix_chart(chart: &mut Mapping, dropped: &mut Vec<&'static str>) {
    for (old, new) in RENAMED {
        if get(chart, old).is_some() {
            remove(chart, new);
            set_key(chart, old, new);
        }
    }
    for (field, _) in GLOBAL {
        remove(chart, field);
    }
    for field in DROPPED {
        if get(chart, field).is_some() {
            dropped.push(field);
            remove(chart, field);
        }
    }
}
