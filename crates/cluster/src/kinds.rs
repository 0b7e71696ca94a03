//! What a cluster serves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;
use windlass_object::Gvk;

use crate::served::FRESH;
use crate::{Cluster, ClusterError, request};

/// How many groups are asked for at once, where the server has no aggregated discovery.
const PARALLEL: usize = 8;

/// A kind in a version that is served.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// The API group, empty for the core group.
    pub group: String,
    /// The version.
    pub version: String,
    /// The kind.
    pub kind: String,
    /// The plural, as in paths.
    pub plural: String,
    /// Whether objects of the kind are in namespaces.
    pub namespaced: bool,
}

/// The kinds that a cluster serves.
///
/// A group whose server does not answer (a dead metrics API, for one) is not known, which is not the
/// same as not served: see [`Kinds::is_known`].
#[derive(Clone, Debug, Default)]
pub struct Kinds {
    /// By group and then by kind; the version that the server prefers comes first.
    kinds: BTreeMap<String, BTreeMap<String, Vec<Kind>>>,
    unknown: BTreeSet<String>,
}

impl Kinds {
    /// Returns the kind in just this version.
    #[must_use]
    pub fn get(&self, gvk: &Gvk) -> Option<&Kind> {
        let mut versions = self.versions(&gvk.group, &gvk.kind).iter();
        versions.find(|kind| kind.version == gvk.version)
    }

    /// Returns the kind in the version that the server prefers.
    #[must_use]
    pub fn preferred(&self, group: &str, kind: &str) -> Option<&Kind> {
        self.versions(group, kind).first()
    }

    /// Returns whether it is known what the group serves.
    #[must_use]
    pub fn is_known(&self, group: &str) -> bool {
        !self.unknown.contains(group)
    }

    /// Returns whether anything of the group is served.
    pub(crate) fn has_group(&self, group: &str) -> bool {
        self.kinds.contains_key(group)
    }

    fn versions(&self, group: &str, kind: &str) -> &[Kind] {
        let group = self.kinds.get(group);
        let versions = group.and_then(|group| group.get(kind));
        versions.map_or(&[], Vec::as_slice)
    }

    fn insert(&mut self, kind: Kind) {
        let group = self.kinds.entry(kind.group.clone()).or_default();
        group.entry(kind.kind.clone()).or_default().push(kind);
    }

    fn insert_aggregated(&mut self, list: AggregatedList) {
        for group in list.items {
            for version in group.versions {
                if version.freshness.as_deref() == Some("Stale") {
                    self.unknown.insert(group.metadata.name.clone());
                }
                for resource in version.resources {
                    let Some(response_kind) = resource.response_kind else {
                        continue;
                    };
                    self.insert(Kind {
                        group: group.metadata.name.clone(),
                        version: version.version.clone(),
                        kind: response_kind.kind,
                        plural: resource.resource,
                        namespaced: resource.scope == "Namespaced",
                    });
                }
            }
        }
    }

    fn insert_legacy(&mut self, group: &str, version: &str, list: LegacyResources) {
        // A name with a slash is a subresource.
        for resource in list
            .resources
            .into_iter()
            .filter(|resource| !resource.name.contains('/'))
        {
            self.insert(Kind {
                group: group.to_owned(),
                version: version.to_owned(),
                kind: resource.kind,
                plural: resource.name,
                namespaced: resource.namespaced,
            });
        }
    }
}

impl Cluster {
    /// Returns what the cluster serves, as far as is known since the last refresh.
    pub async fn kinds(&self) -> Arc<Kinds> {
        Arc::clone(&*self.kinds.read().await)
    }

    /// Returns what the cluster serves, as found out a moment ago or now.
    pub async fn recent_kinds(&self) -> Result<Arc<Kinds>, ClusterError> {
        self.kinds_since(Instant::now().checked_sub(FRESH)).await
    }

    /// Finds out anew what the cluster serves.
    pub async fn refresh_kinds(&self) -> Result<Arc<Kinds>, ClusterError> {
        self.kinds_since(Some(Instant::now())).await
    }

    /// Returns what the cluster serves, as found out at `since` or later; `None` means whenever.
    ///
    /// One task asks at a time; those that come meanwhile wait, and ask again only if need be.
    pub(crate) async fn kinds_since(
        &self,
        since: Option<Instant>,
    ) -> Result<Arc<Kinds>, ClusterError> {
        let mut refreshed = self.refreshed.lock().await;
        if refreshed.is_some() && *refreshed >= since {
            return Ok(self.kinds().await);
        }
        let begun = Instant::now();
        let kinds = Arc::new(self.discover().await?);
        *self.kinds.write().await = Arc::clone(&kinds);
        *refreshed = Some(begun);
        Ok(kinds)
    }

    async fn discover(&self) -> Result<Kinds, ClusterError> {
        let mut kinds = Kinds::default();
        for path in ["/api", "/apis"] {
            let answer = self.send(request::groups(path)).await?;
            if answer["kind"] == "APIGroupDiscoveryList" {
                kinds.insert_aggregated(self.parse(answer)?);
            } else {
                self.add_legacy(&mut kinds, path, answer).await?;
            }
        }
        Ok(kinds)
    }

    /// Asks for each group by itself, as servers before Kubernetes 1.26 need it.
    async fn add_legacy(
        &self,
        kinds: &mut Kinds,
        path: &str,
        answer: Value,
    ) -> Result<(), ClusterError> {
        let versions = if path == "/api" {
            let core: LegacyVersions = self.parse(answer)?;
            core.versions
                .into_iter()
                .map(|version| (String::new(), version))
                .collect()
        } else {
            group_versions(self.parse(answer)?)
        };
        let answers = stream::iter(versions).map(|(group, version)| async move {
            let separator = if group.is_empty() { "" } else { "/" };
            let answer = self
                .send(request::groups(&format!(
                    "{path}{separator}{group}/{version}"
                )))
                .await;
            (
                answer.and_then(|answer| self.parse::<LegacyResources>(answer)),
                group,
                version,
            )
        });
        for (answer, group, version) in answers.buffered(PARALLEL).collect::<Vec<_>>().await {
            match answer {
                Ok(list) => kinds.insert_legacy(&group, &version, list),
                Err(_) => drop(kinds.unknown.insert(group)),
            }
        }
        Ok(())
    }

    fn parse<T: for<'a> Deserialize<'a>>(&self, answer: Value) -> Result<T, ClusterError> {
        serde_json::from_value(answer)
            .map_err(|error| self.unexpected(format!("discovery: {error}")))
    }
}

/// Returns group and version of all that is served, the preferred version of each group first.
fn group_versions(groups: LegacyGroups) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for group in groups.groups {
        let preferred = group.preferred_version.map(|version| version.version);
        let mut versions: Vec<String> = group
            .versions
            .into_iter()
            .map(|each| each.version)
            .collect();
        versions.sort_by_key(|version| Some(version) != preferred.as_ref());
        all.extend(
            versions
                .into_iter()
                .map(|version| (group.name.clone(), version)),
        );
    }
    all
}

#[derive(Deserialize)]
struct AggregatedList {
    items: Vec<AggregatedGroup>,
}

#[derive(Deserialize)]
struct AggregatedGroup {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    versions: Vec<AggregatedVersion>,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct AggregatedVersion {
    version: String,
    #[serde(default)]
    freshness: Option<String>,
    #[serde(default)]
    resources: Vec<AggregatedResource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AggregatedResource {
    resource: String,
    scope: String,
    #[serde(default)]
    response_kind: Option<ResponseKind>,
}

#[derive(Deserialize)]
struct ResponseKind {
    kind: String,
}

#[derive(Deserialize)]
struct LegacyGroups {
    groups: Vec<LegacyGroup>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LegacyGroup {
    name: String,
    versions: Vec<LegacyGroupVersion>,
    #[serde(default)]
    preferred_version: Option<LegacyGroupVersion>,
}

#[derive(Deserialize)]
struct LegacyGroupVersion {
    version: String,
}

#[derive(Deserialize)]
struct LegacyVersions {
    versions: Vec<String>,
}

#[derive(Deserialize)]
struct LegacyResources {
    resources: Vec<LegacyResource>,
}

#[derive(Deserialize)]
struct LegacyResource {
    name: String,
    namespaced: bool,
    kind: String,
}
