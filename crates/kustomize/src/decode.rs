//! From nodes to the fields of a kustomization, by the rules of Go's JSON decoder.

use windlass_tree::TreePath;
use windlass_yaml::{Node, Position};

use crate::error::{BuildError, KustomizationProblem, Place, Problem};
use crate::nearest::nearest;
use crate::yaml11::{Json, json, key_text};

/// A value and where it stood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Located<T> {
    pub(crate) value: T,
    pub(crate) at: Position,
}

/// Reads fields and collects what is wrong with them.
pub(crate) struct Decoder {
    file: TreePath,
    /// Whether unknown fields and numbers in the place of texts are mistakes: they are in a
    /// kustomization, and are not in the config of a plugin.
    is_strict: bool,
    /// How many lines stand in the file before the text that the nodes were read from.
    line_offset: u32,
    path: Vec<&'static str>,
    /// The name of the Go type that is being read, for messages.
    type_name: &'static str,
    errors: Vec<BuildError>,
}

impl Decoder {
    pub(crate) fn strict(file: &TreePath) -> Self {
        Self::new(file, true, 0)
    }

    pub(crate) fn lenient(file: &TreePath, line_offset: u32) -> Self {
        Self::new(file, false, line_offset)
    }

    /// Returns whether what is read is a kustomization, not the config of a plugin.
    pub(crate) fn is_strict(&self) -> bool {
        self.is_strict
    }

    fn new(file: &TreePath, is_strict: bool, line_offset: u32) -> Self {
        Self {
            file: file.clone(),
            is_strict,
            line_offset,
            path: Vec::new(),
            type_name: "",
            errors: Vec::new(),
        }
    }

    /// Returns what was wrong.
    pub(crate) fn into_errors(self) -> Vec<BuildError> {
        self.errors
    }

    /// Returns the place of a position.
    pub(crate) fn place(&self, at: Position) -> Place {
        let mut place = Place::at(&self.file, at);
        if place.line > 0 {
            place.line += self.line_offset;
        }
        place
    }

    pub(crate) fn fail(&mut self, at: Position, problem: impl Into<Problem>) {
        let place = self.place(at);
        let problem = Box::new(problem.into());
        self.errors.push(BuildError {
            place,
            problem,
            original: None,
        });
    }

    fn mismatch(&mut self, node: &Node, found: &Json<'_>, wanted: &str) {
        let field = format!("{}.{}", self.type_name, self.path.join("."));
        let problem = KustomizationProblem::WrongType {
            found: found.type_name(),
            field,
            wanted: wanted.to_owned(),
        };
        self.fail(node.start, problem);
    }

    /// Calls `each` for the fields of an object.
    pub(crate) fn object(
        &mut self,
        node: &Node,
        type_name: &'static str,
        fields: &[&'static str],
        mut each: impl FnMut(&mut Self, &'static str, &Node),
    ) {
        let outer = std::mem::replace(&mut self.type_name, type_name);
        match json(node) {
            Json::Null => {}
            Json::Object(mapping) => {
                for (key, value) in mapping.iter() {
                    self.field(key, value, fields, &mut each);
                }
            }
            found if self.path.is_empty() => {
                let (found, type_name) = (found.type_name(), self.type_name);
                self.fail(
                    node.start,
                    KustomizationProblem::NotAMapping { found, type_name },
                );
            }
            found => {
                self.type_name = outer;
                self.mismatch(node, &found, &format!("types.{type_name}"));
            }
        }
        self.type_name = outer;
    }

    fn field(
        &mut self,
        key: &Node,
        value: &Node,
        fields: &[&'static str],
        each: &mut impl FnMut(&mut Self, &'static str, &Node),
    ) {
        let name = key_text(key);
        let exact = fields.iter().find(|field| **field == name);
        let known = exact.or_else(|| {
            fields
                .iter()
                .find(|field| field.eq_ignore_ascii_case(&name))
        });
        if let Some(&known) = known {
            self.path.push(known);
            each(self, known, value);
            self.path.pop();
        } else if self.is_strict {
            let nearest = nearest(&name, fields.iter().copied()).map(str::to_owned);
            self.fail(
                key.start,
                KustomizationProblem::UnknownField {
                    field: name.into_owned(),
                    nearest,
                },
            );
        }
    }

    pub(crate) fn string(&mut self, node: &Node) -> String {
        match json(node) {
            Json::Null => String::new(),
            Json::String(text) => text.to_owned(),
            Json::Number(text) if !self.is_strict => text,
            Json::Bool(value) if !self.is_strict => value.to_string(),
            found => {
                self.mismatch(node, &found, "string");
                String::new()
            }
        }
    }

    pub(crate) fn located(&mut self, node: &Node) -> Located<String> {
        Located {
            value: self.string(node),
            at: node.start,
        }
    }

    pub(crate) fn boolean(&mut self, node: &Node) -> bool {
        match json(node) {
            Json::Null => false,
            Json::Bool(value) => value,
            found => {
                self.mismatch(node, &found, "bool");
                false
            }
        }
    }

    pub(crate) fn integer(&mut self, node: &Node) -> i64 {
        match json(node) {
            Json::Null => 0,
            Json::Number(text) if text.parse::<i64>().is_ok() => text.parse().unwrap_or_default(),
            found => {
                self.mismatch(node, &found, "int64");
                0
            }
        }
    }

    /// Returns what `each` makes of the elements of a list; nothing for null.
    pub(crate) fn list<T>(
        &mut self,
        node: &Node,
        mut each: impl FnMut(&mut Self, &Node) -> T,
    ) -> Vec<T> {
        match json(node) {
            Json::Null => Vec::new(),
            Json::Array(items) => {
                let elements = items.iter().map(|item| self.whole(|this| each(this, item)));
                elements.flatten().collect()
            }
            found => {
                let wanted = list_type(self.path.last().copied().unwrap_or_default());
                self.mismatch(node, &found, wanted);
                Vec::new()
            }
        }
    }

    /// Returns what was read, unless something was wrong with it: what is left would only look wrong.
    fn whole<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let before = self.errors.len();
        let value = read(self);
        (self.errors.len() == before).then_some(value)
    }

    pub(crate) fn strings(&mut self, node: &Node) -> Vec<String> {
        self.list(node, Self::string)
    }

    pub(crate) fn located_strings(&mut self, node: &Node) -> Vec<Located<String>> {
        self.list(node, Self::located)
    }

    /// Returns the pairs of a mapping of texts, sorted by key; of equal keys the last one counts.
    pub(crate) fn string_map(&mut self, node: &Node) -> Vec<(String, String)> {
        match json(node) {
            Json::Null => Vec::new(),
            Json::Object(mapping) => {
                let pairs: std::collections::BTreeMap<String, String> = mapping
                    .iter()
                    .map(|(key, value)| (key_text(key).into_owned(), self.string(value)))
                    .collect();
                pairs.into_iter().collect()
            }
            found => {
                self.mismatch(node, &found, "map[string]string");
                Vec::new()
            }
        }
    }
}

/// Returns the Go type of a field that is a list.
fn list_type(field: &str) -> &'static str {
    match field {
        "patches" | "patchesJson6902" => "[]types.Patch",
        "images" | "imageTags" => "[]types.Image",
        "labels" => "[]types.Label",
        "replacements" => "[]types.ReplacementField",
        "replicas" => "[]types.Replica",
        "vars" => "[]types.Var",
        "configMapGenerator" => "[]types.ConfigMapArgs",
        "secretGenerator" => "[]types.SecretArgs",
        "targets" => "[]*types.TargetSelector",
        "reject" => "[]*types.Selector",
        "fields" | "fieldSpecs" => "types.FsSlice",
        _ => "[]string",
    }
}
