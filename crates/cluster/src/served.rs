//! What the cluster serves of the kinds that someone asks about, and whether what it does not serve may
//! exist all the same.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;
use smol_str::SmolStr;
use windlass_object::{Gvk, ObjectRef, PackedObject};

use crate::{Cluster, ClusterError, Kind, Kinds, request};

/// How old the answer of discovery may be when a kind is missing in it.
pub(crate) const FRESH: Duration = Duration::from_secs(1);

/// What the cluster serves, looked up for certain kinds.
pub(crate) struct Served {
    pub(crate) kinds: Arc<Kinds>,
    /// Group and kind of every CustomResourceDefinition, or why they are not known. It is asked for only
    /// when a kind is missing.
    defined: Result<BTreeSet<(SmolStr, SmolStr)>, String>,
}

/// The kinds that someone asks about.
#[derive(Default)]
pub(crate) struct Wanted {
    exact: BTreeSet<Gvk>,
    any: BTreeSet<(SmolStr, SmolStr)>,
}

impl Wanted {
    /// Asks for the kinds of desired objects in just their versions, and for those of held ones in any.
    pub(crate) fn new<'a>(
        desired: impl IntoIterator<Item = &'a PackedObject>,
        held: impl IntoIterator<Item = &'a ObjectRef>,
    ) -> Self {
        let key = |id: &ObjectRef| (id.group.clone(), id.kind.clone());
        Self {
            exact: desired
                .into_iter()
                .map(|object| object.gvk().clone())
                .collect(),
            any: held.into_iter().map(key).collect(),
        }
    }

    /// Returns group and kind of what is not served.
    fn missing(&self, kinds: &Kinds) -> BTreeSet<(SmolStr, SmolStr)> {
        let exact = self.exact.iter().filter(|gvk| kinds.get(gvk).is_none());
        let exact = exact.map(|gvk| (gvk.group.clone(), gvk.kind.clone()));
        let any = self.any.iter();
        let any = any.filter(|(group, kind)| kinds.preferred(group, kind).is_none());
        exact.chain(any.cloned()).collect()
    }
}

impl Served {
    /// Returns why an object of a kind that is not served may exist all the same; `None` when it cannot.
    ///
    /// Discovery alone does not say so: a group is missing in it while its server starts, and what a proxy
    /// answers in place of it may be empty.
    pub(crate) fn doubt(&self, group: &str, kind: &str) -> Option<String> {
        if !self.kinds.is_known(group) {
            return Some(format!("the API group {group} does not answer"));
        }
        match &self.defined {
            Err(reason) => Some(format!(
                "whether the cluster has {kind} is not known: {reason}"
            )),
            Ok(defined) if defined.contains(&(group.into(), kind.into())) => Some(format!(
                "the cluster defines {kind} in {group}, but does not serve it"
            )),
            Ok(_) if is_kubernetes_own(group) && !self.kinds.has_group(group) => Some(format!(
                "the cluster serves nothing of the API group {group}, which is one of Kubernetes"
            )),
            Ok(_) => None,
        }
    }
}

/// Whether the group may be served without a CustomResourceDefinition, so that none need be there for it.
fn is_kubernetes_own(group: &str) -> bool {
    !group.contains('.') || group.ends_with(".k8s.io")
}

impl Cluster {
    /// Returns what the cluster serves. When something of `wanted` is missing, it is asked anew, but not
    /// more than once a second unless a definition says that there is news.
    pub(crate) async fn served(&self, wanted: &Wanted) -> Served {
        let (kinds, defined) = match self.look_up(wanted).await {
            Ok((kinds, defined)) => (kinds, Ok(defined)),
            Err(error) => (self.kinds().await, Err(error.to_string())),
        };
        Served { kinds, defined }
    }

    async fn look_up(
        &self,
        wanted: &Wanted,
    ) -> Result<(Arc<Kinds>, BTreeSet<(SmolStr, SmolStr)>), ClusterError> {
        let is_outdated = self.is_outdated.swap(false, Ordering::Relaxed);
        let kinds = self.kinds().await;
        if !is_outdated && wanted.missing(&kinds).is_empty() {
            return Ok((kinds, BTreeSet::new()));
        }
        let kinds = self.recent_kinds().await?;
        let missing = wanted.missing(&kinds);
        if missing.is_empty() {
            return Ok((kinds, BTreeSet::new()));
        }
        let defined = self.defined().await?;
        if missing.is_disjoint(&defined) {
            return Ok((kinds, defined));
        }
        Ok((self.refresh_kinds().await?, defined))
    }

    /// Returns group and kind of every CustomResourceDefinition.
    async fn defined(&self) -> Result<BTreeSet<(SmolStr, SmolStr)>, ClusterError> {
        let definitions = Kind {
            group: "apiextensions.k8s.io".to_owned(),
            version: "v1".to_owned(),
            kind: "CustomResourceDefinition".to_owned(),
            plural: "customresourcedefinitions".to_owned(),
            namespaced: false,
        };
        let items = self.list(request::list(&definitions, None, "")).await?;
        let names = items.iter().map(|item| {
            let text = |pointer| item.pointer(pointer).and_then(Value::as_str);
            let names = text("/spec/group").zip(text("/spec/names/kind"));
            names.map(|(group, kind)| (group.into(), kind.into()))
        });
        let names: Option<BTreeSet<_>> = names.collect();
        names.ok_or_else(|| self.unexpected("a CustomResourceDefinition without group or kind"))
    }
}
