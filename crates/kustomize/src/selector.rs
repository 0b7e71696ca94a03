//! Choosing objects: by regular expressions over kind, name and namespace, and by labels.

mod labels;

use windlass_regexp::Regexp;

use crate::error::{Problem, SelectionProblem};
use crate::id::{self, ResId};
use crate::item::Item;
use crate::kustomization::Selector;

pub(crate) use labels::LabelSelector;

/// A compiled [`Selector`].
pub(crate) struct Matcher {
    group: Option<Pattern>,
    version: Option<Pattern>,
    kind: Option<Pattern>,
    name: Option<Pattern>,
    namespace: Option<Pattern>,
    /// kustomize reads label selectors only when it compares an object with them.
    labels: Result<LabelSelector, SelectionProblem>,
    annotations: Result<LabelSelector, SelectionProblem>,
    has_no_labels: bool,
}

impl Matcher {
    pub(crate) fn new(selector: &Selector) -> Result<Self, Problem> {
        Ok(Self {
            group: anchored(&selector.group)?,
            version: anchored(&selector.version)?,
            kind: anchored(&selector.kind)?,
            name: anchored(&selector.name)?,
            namespace: anchored(&selector.namespace)?,
            labels: LabelSelector::parse(&selector.labels),
            annotations: LabelSelector::parse(&selector.annotations),
            has_no_labels: selector.labels.is_empty() && selector.annotations.is_empty(),
        })
    }

    /// Returns whether a patch's target selects the object, by its first or its present name.
    pub(crate) fn selects(&self, item: &Item) -> Result<bool, SelectionProblem> {
        let first = item.previous.first();
        let fits = |pattern, present: &str, first: Option<&str>| {
            matches(pattern, present) || first.is_some_and(|first| matches(pattern, first))
        };
        let (group, version) = id::group_and_version(item.api_version());
        let is_named = fits(
            self.name.as_ref(),
            item.name(),
            first.map(|first| first.name.as_str()),
        ) && matches(self.kind.as_ref(), item.kind())
            && matches(self.group.as_ref(), group)
            && matches(self.version.as_ref(), version)
            && fits(
                self.namespace.as_ref(),
                id::effective_namespace(item.namespace(), item.is_cluster_scoped()),
                first.map(|first| id::effective_namespace(&first.namespace, false)),
            );
        Ok(is_named && self.selects_metadata(item)?)
    }

    /// Returns whether labels and annotations of the object are as wanted.
    pub(crate) fn selects_metadata(&self, item: &Item) -> Result<bool, SelectionProblem> {
        if self.has_no_labels {
            return Ok(true);
        }
        let selects = |selector: &Result<LabelSelector, SelectionProblem>, field| {
            let selector = selector.as_ref().map_err(Clone::clone)?;
            Ok(selector.selects(&crate::edit::metadata_map(&item.node, field)))
        };
        Ok(selects(&self.labels, "labels")? && selects(&self.annotations, "annotations")?)
    }

    /// Returns whether an identity is as wanted, with its namespace as it is written.
    pub(crate) fn selects_id(&self, id: &ResId) -> bool {
        self.selects_kind(id)
            && matches(self.name.as_ref(), &id.name)
            && matches(self.namespace.as_ref(), &id.namespace)
    }

    fn selects_kind(&self, id: &ResId) -> bool {
        matches(self.group.as_ref(), &id.gvk.group)
            && matches(self.version.as_ref(), &id.gvk.version)
            && matches(self.kind.as_ref(), &id.gvk.kind)
    }
}

/// What a whole text has to match.
enum Pattern {
    /// A text without special characters, as most targets have it.
    Text(String),
    Expression(Regexp),
}

fn matches(pattern: Option<&Pattern>, text: &str) -> bool {
    match pattern {
        None => true,
        Some(Pattern::Text(wanted)) => wanted == text,
        Some(Pattern::Expression(pattern)) => pattern.is_match(text),
    }
}

fn anchored(pattern: &str) -> Result<Option<Pattern>, SelectionProblem> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_/:".contains(&byte);
    if pattern.is_empty() {
        return Ok(None);
    }
    if pattern.bytes().all(is_plain) {
        return Ok(Some(Pattern::Text(pattern.to_owned())));
    }
    compile(&format!("^(?:{pattern})$")).map(|pattern| Some(Pattern::Expression(pattern)))
}

/// Compiles a regular expression of Go's.
pub(crate) fn compile(pattern: &str) -> Result<Regexp, SelectionProblem> {
    Regexp::new(pattern).map_err(|invalid| SelectionProblem::Pattern {
        pattern: invalid.pattern,
        reason: invalid.reason,
    })
}

impl Selector {
    /// Returns the selector in kustomize's notation.
    pub(crate) fn describe(&self) -> String {
        self.as_id().to_string()
    }

    /// Returns the identity that the selector names, were it none of patterns.
    pub(crate) fn as_id(&self) -> ResId {
        ResId {
            gvk: windlass_object::Gvk {
                group: self.group.as_str().into(),
                version: self.version.as_str().into(),
                kind: self.kind.as_str().into(),
            },
            name: self.name.clone(),
            namespace: self.namespace.clone(),
            is_cluster_scoped: false,
        }
    }

    /// Returns whether nothing about the identity is wanted.
    pub(crate) fn has_no_id(&self) -> bool {
        [
            &self.group,
            &self.version,
            &self.kind,
            &self.name,
            &self.namespace,
        ]
        .iter()
        .all(|part| part.is_empty())
    }
}
