//! `edit fix --vars`: a var becomes a replacement, and a placeholder stands where manifests had the var.

use std::collections::{BTreeMap, BTreeSet};

use windlass_yaml::{Mapping, Node, Value, parse};

use super::fields::{get, list, set_key, text, texts};
use super::patches::PatchTarget;
use super::{FileError, KustomizationFile};
use crate::FILE_NAMES;

const VARS: &str = "vars";
const REPLACEMENTS: &str = "replacements";

/// A file that may hold vars.
struct Manifest {
    path: String,
    text: String,
    /// What the entry of `patches` says that names it.
    patch: Option<Patch>,
}

/// Which objects a patch is for, and what it may change of their identity.
#[derive(PartialEq)]
struct Patch {
    target: PatchTarget,
    changes_name: bool,
    changes_kind: bool,
}

/// Where a manifest has a var.
struct Place {
    path: String,
    /// What the text is split at, and which part of it the var is; none when it is the whole text.
    part: Option<(char, usize)>,
}

/// The name of a var as manifests write it, and what stands there afterwards.
struct Var<'a>(&'a str);

impl KustomizationFile {
    /// Turns `vars` into `replacements` (`edit fix --vars`), and returns the manifests that have placeholders now, by
    /// path. `read` returns the text of a file beside the kustomization, if there is such a file.
    ///
    /// Looked at are the files of `resources`, `components` and `patches` here and in bases. A target is chosen as kustomize
    /// does it: an object by its kind, name and namespace; what a patch changes by the target of the patch. Other
    /// than there, replacements that are there stay, and bases are followed from where they stand.
    ///
    /// # Errors
    ///
    /// A var stands between two different characters, so that no delimiter cuts it out, or in a JSON patch; a base is
    /// not YAML.
    pub fn fix_vars(
        &mut self,
        read: impl Fn(&str) -> Option<String>,
    ) -> Result<BTreeMap<String, String>, FileError> {
        for field in [VARS, REPLACEMENTS, "resources", "components", "patches"] {
            self.own(field)?;
        }
        let mut search = Search {
            read,
            manifests: Vec::new(),
            directories: BTreeSet::new(),
        };
        search.kustomization(self.fields(), "")?;
        let mut manifests = search.manifests;
        let mut replacements = Vec::new();
        let mut edited = BTreeMap::new();
        for entry in self.items(VARS) {
            let var = Var(text(entry, "name"));
            let mut targets = Vec::new();
            for manifest in &manifests {
                targets.extend(manifest.targets(&var)?);
            }
            replacements.push(replacement(entry, targets));
            for manifest in manifests.iter_mut().filter(|it| var.is_in(&it.text)) {
                manifest.text = manifest.text.replace(&var.written(), &var.placeholder());
                edited.insert(manifest.path.clone(), manifest.text.clone());
            }
        }
        self.replace_vars(replacements);
        Ok(edited)
    }

    fn replace_vars(&mut self, replacements: Vec<Node>) {
        if self.items(REPLACEMENTS).is_empty() && !replacements.is_empty() {
            self.remove(REPLACEMENTS);
            set_key(self.fields_mut(), VARS, REPLACEMENTS);
            self.fields_mut()
                .insert(REPLACEMENTS, Node::sequence(replacements));
        } else {
            self.remove(VARS);
            if !replacements.is_empty() {
                list(self.fields_mut(), REPLACEMENTS).extend(replacements);
            }
        }
    }
}

/// The files that kustomizations name.
struct Search<R> {
    read: R,
    manifests: Vec<Manifest>,
    directories: BTreeSet<String>,
}

impl<R: Fn(&str) -> Option<String>> Search<R> {
    /// Finds the files that a kustomization in a directory names.
    fn kustomization(&mut self, root: &Mapping, directory: &str) -> Result<(), FileError> {
        let items = |field| get(root, field).and_then(Node::as_sequence);
        let fields = ["resources", "bases", "components"];
        for path in fields.into_iter().filter_map(items).flatten() {
            let path = join(directory, path.text().unwrap_or_default());
            match (self.read)(&path) {
                Some(text) => self.manifest(path, text, None),
                None => self.directory(&path)?,
            }
        }
        for patch in items("patches").unwrap_or_default() {
            let path = join(directory, text(patch, "path"));
            if let Some(text) = (self.read)(&path) {
                self.manifest(path, text, Some(Patch::read(patch)));
            }
        }
        Ok(())
    }

    fn manifest(&mut self, path: String, text: String, patch: Option<Patch>) {
        let mut known = self.manifests.iter();
        if !known.any(|it| it.path == path && it.patch == patch) {
            self.manifests.push(Manifest { path, text, patch });
        }
    }

    fn directory(&mut self, path: &str) -> Result<(), FileError> {
        if !self.directories.insert(path.to_owned()) {
            return Ok(());
        }
        for file in FILE_NAMES.map(|name| join(path, name)) {
            let Some(text) = (self.read)(&file) else {
                continue;
            };
            let documents = parse(&text).map_err(|error| FileError::Yaml { file, error })?;
            if let Some(root) = documents.first().and_then(|base| base.root.as_mapping()) {
                self.kustomization(root, path)?;
            }
        }
        Ok(())
    }
}

/// Returns a path below a directory, without the steps that lead back.
fn join(directory: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let is_absolute = path.starts_with('/');
    let directory = if is_absolute { "" } else { directory };
    for part in directory.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    let root = if is_absolute || directory.starts_with('/') {
        "/"
    } else {
        ""
    };
    format!("{root}{}", parts.join("/"))
}

impl Manifest {
    /// Returns the targets that put a value where the var is. A file that is not YAML has none.
    fn targets(&self, var: &Var<'_>) -> Result<Vec<Node>, FileError> {
        if !var.is_in(&self.text) {
            return Ok(Vec::new());
        }
        let documents = parse(&self.text).unwrap_or_default();
        let mut targets = Vec::new();
        for object in documents
            .iter()
            .flat_map(|document| objects(&document.root))
        {
            let mut places = Vec::new();
            var.find(object, "", &mut places)
                .map_err(|value| FileError::VarBetween {
                    file: self.path.clone(),
                    line: value.start.line,
                    var: var.written(),
                })?;
            if object.is_sequence() && !places.is_empty() {
                let (file, var) = (self.path.clone(), var.written());
                return Err(FileError::VarInJsonPatch { file, var });
            }
            let select = self.select(object).node();
            targets.extend(places.into_iter().map(|place| place.target(select.clone())));
        }
        Ok(targets)
    }

    fn select(&self, object: &Node) -> PatchTarget {
        let metadata = |field| object.get("metadata").map_or("", |it| text(it, field));
        let own = PatchTarget {
            kind: text(object, "kind").to_owned(),
            name: metadata("name").to_owned(),
            namespace: metadata("namespace").to_owned(),
            ..PatchTarget::of_version(text(object, "apiVersion"))
        };
        match &self.patch {
            Some(patch) => patch.select(own),
            None => own,
        }
    }
}

/// Returns the objects of a list, or the one.
fn objects(root: &Node) -> &[Node] {
    let is_list = matches!(text(root, "kind"), "List" | "ResourceList");
    let items = root.get("items").and_then(Node::as_sequence);
    items
        .filter(|_| is_list)
        .unwrap_or(std::slice::from_ref(root))
}

impl Patch {
    fn read(entry: &Node) -> Self {
        let field = |name| entry.as_mapping().and_then(|entry| get(entry, name));
        let allows = |option| {
            let options = field("options").and_then(Node::as_mapping);
            let value = options.and_then(|options| get(options, option));
            value.and_then(Node::as_bool).unwrap_or(false)
        };
        Self {
            target: field("target").map(PatchTarget::read).unwrap_or_default(),
            changes_name: allows("allowNameChange"),
            changes_kind: allows("allowKindChange"),
        }
    }

    /// Returns which objects have what the patch says; `own` is what it calls itself.
    fn select(&self, own: PatchTarget) -> PatchTarget {
        if self.changes_name && self.changes_kind {
            return own;
        }
        let mut select = self.target.clone();
        if self.changes_name {
            select.name = own.name;
        }
        if self.changes_kind {
            select.kind = own.kind;
        }
        if !own.namespace.is_empty() {
            select.namespace = own.namespace;
        }
        select
    }
}

impl Var<'_> {
    fn written(&self) -> String {
        format!("$({})", self.0)
    }

    fn placeholder(&self) -> String {
        format!("{}_PLACEHOLDER", self.0)
    }

    fn is_in(&self, text: &str) -> bool {
        text.contains(&self.written())
    }

    /// Finds the var in the values below a node, or the first value that no delimiter cuts it out of.
    fn find<'n>(&self, node: &'n Node, path: &str, found: &mut Vec<Place>) -> Result<(), &'n Node> {
        let below = |step: &str| match path {
            "" => step.to_owned(),
            _ => format!("{path}.{step}"),
        };
        match &node.value {
            Value::Sequence(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.find(item, &below(&index.to_string()), found)?;
                }
            }
            Value::Mapping(mapping) => {
                for (key, value) in mapping.iter() {
                    let key = key.text().unwrap_or_default();
                    let step = if key.contains('.') {
                        format!("[{key}]")
                    } else {
                        key.to_owned()
                    };
                    self.find(value, &below(&step), found)?;
                }
            }
            Value::Scalar(scalar) if self.is_in(&scalar.text) => {
                let part = self.part(&scalar.text).ok_or(node)?;
                let path = path.to_owned();
                found.push(Place { path, part });
            }
            Value::Scalar(_) | Value::Alias(_) => {}
        }
        Ok(())
    }

    /// Returns which part of a text the var is; none when no delimiter makes it one.
    #[expect(
        clippy::option_option,
        reason = "no delimiter is needed, and none fits, are two things"
    )]
    fn part(&self, text: &str) -> Option<Option<(char, usize)>> {
        let written = self.written();
        let (before, after) = text.split_once(&written)?;
        let (delimiter, index) = match (before.chars().next_back(), after.chars().next()) {
            (None, None) => return Some(None),
            (None, Some(next)) => (next, 0),
            (Some(last), None) => (last, text.split(last).count() - 1),
            (Some(last), Some(next)) if last == next => {
                (last, text.split(last).position(|part| part == written)?)
            }
            _ => return None,
        };
        Some(Some((delimiter, index)))
    }
}

impl Place {
    fn target(self, select: Node) -> Node {
        let mut target = Node::mapping([
            ("select", select),
            ("fieldPaths", Node::sequence([Node::string(self.path)])),
        ]);
        if let Some((delimiter, index)) = self.part {
            let mut options = Node::mapping([("delimiter", Node::string(delimiter.to_string()))]);
            if let Some(index) = i64::try_from(index).ok().filter(|index| *index != 0) {
                options.set("index", Node::int(index));
            }
            target.set("options", options);
        }
        target
    }
}

fn replacement(var: &Node, targets: Vec<Node>) -> Node {
    let at = |field| var.as_mapping().and_then(|var| get(var, field));
    let object = |field| at("objref").map_or("", |object| text(object, field));
    let field_path = at("fieldref").map_or("", |field| text(field, "fieldPath"));
    let version = PatchTarget::of_version(object("apiVersion"));
    let source = texts([
        ("group", &*version.group),
        ("version", &version.version),
        ("kind", object("kind")),
        ("name", object("name")),
        ("namespace", object("namespace")),
        ("fieldPath", field_path),
    ]);
    let mut replacement = Node::mapping([("source", source)]);
    if !targets.is_empty() {
        replacement.set("targets", Node::sequence(targets));
    }
    replacement
}
