//! Reads nodes of YAML, and gathers what is wrong with them.

use windlass_yaml::{Node, ScalarStyle};

/// Reads one file.
pub(super) struct Reader<'f> {
    file: &'f str,
    lines: Vec<&'f str>,
    /// With their lines and columns.
    mistakes: Vec<(usize, usize, String)>,
}

impl<'f> Reader<'f> {
    pub(super) fn new(file: &'f str, bytes: &'f [u8]) -> Self {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        Self {
            file,
            lines: text.lines().collect(),
            mistakes: Vec::new(),
        }
    }

    /// Returns what was read, or every mistake.
    pub(super) fn into_result<T>(self, read: T) -> Result<T, Vec<String>> {
        if self.mistakes.is_empty() {
            return Ok(read);
        }
        let mut mistakes = self.mistakes;
        mistakes.sort();
        let texts = mistakes.into_iter();
        let texts =
            texts.map(|(line, column, text)| format!("{}:{line}:{column}: {text}", self.file));
        Err(texts.collect())
    }

    pub(super) fn mistake(&mut self, node: &Node, text: &str) {
        let (line, column) = (node.start.line as usize, node.start.column as usize);
        self.mistakes.push((line, column, text.to_owned()));
    }

    /// Returns the value; a mistake is about the node.
    pub(super) fn checked<T>(
        &mut self,
        node: &Node,
        value: Result<T, impl std::fmt::Display>,
    ) -> Option<T> {
        value
            .map_err(|error| self.mistake(node, &error.to_string()))
            .ok()
    }

    /// Returns the fields of a mapping, which must be of those known. Nothing has no fields.
    pub(super) fn fields<'n>(
        &mut self,
        node: &'n Node,
        known: &[&str],
    ) -> Vec<(&'n str, &'n Node)> {
        let Some(mapping) = node.as_mapping() else {
            if !node.is_null() {
                self.mistake(node, "a mapping belongs here");
            }
            return Vec::new();
        };
        let mut fields = Vec::new();
        for (key, value) in mapping.iter() {
            match key.text() {
                Some(name) if known.contains(&name) => fields.push((name, value)),
                _ => {
                    let name = key.text().unwrap_or("such a key");
                    self.mistake(
                        key,
                        &format!("there is no {name}; known are {}", known.join(", ")),
                    );
                }
            }
        }
        fields
    }

    /// Returns the items of a list.
    pub(super) fn items<'n>(&mut self, node: &'n Node) -> &'n [Node] {
        if node.as_sequence().is_none() && !node.is_null() {
            self.mistake(node, "a list belongs here");
        }
        node.as_sequence().unwrap_or_default()
    }

    /// Returns the texts of a list, with their nodes.
    pub(super) fn texts<'n>(&mut self, node: &'n Node) -> Vec<(&'n str, &'n Node)> {
        let items = self.items(node).iter();
        items
            .filter_map(|item| Some((self.text(item)?, item)))
            .collect()
    }

    /// Returns the text of a node.
    pub(super) fn text<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        if node.text().is_none() || node.is_null() {
            self.mistake(node, "a text belongs here");
            return None;
        }
        node.text()
    }

    /// Returns whether an item is about an environment: it names it, or none.
    pub(super) fn is_about(&mut self, item: &Node, env: &str) -> bool {
        let Some(node) = item.get("environments") else {
            return true;
        };
        self.texts(node).iter().any(|(name, _)| *name == env)
    }

    /// Returns a compiled expression; a mistake in it is told with its place in the file.
    pub(super) fn compiled<T>(
        &mut self,
        node: &Node,
        compiled: Result<T, windlass_health::CompileError>,
    ) -> Option<T> {
        compiled
            .map_err(|error| {
                let (line, column) = match error.place() {
                    Some((line, column)) => self.within(node, line, column),
                    None => (node.start.line as usize, node.start.column as usize),
                };
                self.mistakes.push((line, column, error.message()));
            })
            .ok()
    }

    /// Returns where a line and column of the text of a node are in the file.
    fn within(&self, node: &Node, line: usize, column: usize) -> (usize, usize) {
        let (first, at) = (node.start.line as usize, node.start.column as usize);
        let style = node
            .as_scalar()
            .map(|scalar| scalar.style)
            .unwrap_or_default();
        match style {
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let text = self.lines.get(first).copied().unwrap_or_default();
                (first + line, text.len() - text.trim_start().len() + column)
            }
            ScalarStyle::Plain => (first + line - 1, at + column - 1),
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                (first + line - 1, at + column)
            }
        }
    }
}
