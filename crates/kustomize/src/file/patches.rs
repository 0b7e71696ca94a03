//! Patches.

use windlass_yaml::{Node, Scalar, ScalarStyle, Value};

use super::fields::{get, text, texts};
use super::{FileError, KustomizationFile, Note};

/// An entry of `patches`; empty texts are fields that it does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewPatch {
    /// The file with the patch.
    pub path: String,
    /// The patch itself, instead of a file.
    pub patch: String,
    /// Which objects it is for.
    pub target: PatchTarget,
}

/// The objects that a patch is for; empty texts do not count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PatchTarget {
    /// The annotations that they have.
    pub annotation_selector: String,
    /// Their API group.
    pub group: String,
    /// Their kind.
    pub kind: String,
    /// The labels that they have.
    pub label_selector: String,
    /// Their name.
    pub name: String,
    /// Their namespace.
    pub namespace: String,
    /// Their API version.
    pub version: String,
}

impl PatchTarget {
    /// Returns the fields in the order in which kustomize prints them.
    fn fields(&self) -> [(&'static str, &str); 7] {
        [
            ("annotationSelector", &self.annotation_selector),
            ("group", &self.group),
            ("kind", &self.kind),
            ("labelSelector", &self.label_selector),
            ("name", &self.name),
            ("namespace", &self.namespace),
            ("version", &self.version),
        ]
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the target with nothing but the group and version of an `apiVersion`.
    pub(super) fn of_version(api_version: &str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            ..Self::default()
        }
    }

    pub(super) fn read(target: &Node) -> Self {
        let field = |name| text(target, name).to_owned();
        Self {
            annotation_selector: field("annotationSelector"),
            group: field("group"),
            kind: field("kind"),
            label_selector: field("labelSelector"),
            name: field("name"),
            namespace: field("namespace"),
            version: field("version"),
        }
    }

    pub(super) fn node(&self) -> Node {
        texts(self.fields())
    }
}

impl NewPatch {
    fn node(&self) -> Node {
        let mut node = Node::mapping::<&str>([]);
        if !self.patch.is_empty() {
            node.set("patch", block_text(&self.patch));
        }
        if !self.path.is_empty() {
            node.set("path", Node::string(&*self.path));
        }
        if !self.target.is_empty() {
            node.set("target", self.target.node());
        }
        node
    }

    /// Returns whether an entry is this patch, with nothing more.
    fn is(&self, entry: &Node) -> bool {
        let field = |name: &str| {
            let value = entry.as_mapping().and_then(|entry| get(entry, name));
            value.filter(|value| !value.is_null())
        };
        let same_target = match field("target") {
            Some(target) => !self.target.is_empty() && PatchTarget::read(target) == self.target,
            None => self.target.is_empty(),
        };
        text(entry, "path") == self.path
            && text(entry, "patch") == self.patch
            && same_target
            && field("options").is_none()
    }

    fn name(&self) -> String {
        if self.path.is_empty() {
            self.patch.lines().next().unwrap_or_default().to_owned()
        } else {
            self.path.clone()
        }
    }
}

impl KustomizationFile {
    /// Adds a patch (`edit add patch`). One that is there already becomes a note.
    pub fn add_patch(&mut self, new: &NewPatch) -> Result<(), FileError> {
        self.own("patches")?;
        if self.items("patches").iter().any(|entry| new.is(entry)) {
            self.notes.push(Note::Present {
                what: "patch",
                name: new.name(),
            });
            return Ok(());
        }
        self.items_mut("patches")?.push(new.node());
        Ok(())
    }

    /// Removes a patch that has exactly these fields (`edit remove patch`). One that is not there becomes a
    /// note.
    pub fn remove_patch(&mut self, old: &NewPatch) -> Result<(), FileError> {
        self.own("patches")?;
        if !self.items("patches").iter().any(|entry| old.is(entry)) {
            self.notes.push(Note::Absent {
                what: "patch",
                name: old.name(),
            });
            return Ok(());
        }
        self.retain("patches", |entry| !old.is(entry))
    }
}

/// Returns a text of several lines as a block, another one as any text.
pub(super) fn block_text(text: &str) -> Node {
    if !text.contains('\n') {
        return Node::string(text);
    }
    Node::new(Value::Scalar(Scalar {
        text: text.into(),
        style: ScalarStyle::Literal,
    }))
}
