//! Lists of paths and of words: resources, components, generators, transformers, build metadata.

use windlass_yaml::Node;

use super::{FileError, KustomizationFile, Note, PathField, matches};

impl PathField {
    fn name(self) -> &'static str {
        match self {
            Self::Resources => "resources",
            Self::Components => "components",
            Self::Generators => "generators",
            Self::Transformers => "transformers",
        }
    }

    /// What one entry is called.
    fn entry(self) -> &'static str {
        match self {
            Self::Resources => "resource",
            Self::Components => "component",
            Self::Generators => "generator",
            Self::Transformers => "transformer",
        }
    }
}

const BUILD_METADATA: &str = "buildMetadata";

impl KustomizationFile {
    /// Adds paths (`edit add resource`, `component`, `generator`, `transformer`). What is there already
    /// becomes a note; the file itself is left out of its resources and components.
    pub fn add_paths(&mut self, field: PathField, paths: &[String]) -> Result<(), FileError> {
        self.own(field.name())?;
        let takes_itself = matches!(field, PathField::Generators | PathField::Transformers);
        for path in paths {
            if *path == self.name && !takes_itself {
                continue;
            }
            if self.has_path(field, path) {
                self.notes.push(Note::Present {
                    what: field.entry(),
                    name: path.clone(),
                });
                continue;
            }
            self.modernise(field)?;
            self.items_mut(field.name())?.push(Node::string(&**path));
        }
        Ok(())
    }

    /// Adds directories to the resources (`edit add base`).
    ///
    /// # Errors
    ///
    /// One of them is there already.
    pub fn add_bases(&mut self, paths: &[String]) -> Result<(), FileError> {
        for path in paths {
            if self.has_path(PathField::Resources, path) {
                return Err(self.present("base", path, ""));
            }
            self.add_paths(PathField::Resources, std::slice::from_ref(path))?;
        }
        Ok(())
    }

    /// Removes the paths that match one of the patterns (`edit remove resource`, `transformer`; kustomize has no
    /// `edit remove component`). A pattern that none matches becomes a note.
    pub fn remove_paths(&mut self, field: PathField, patterns: &[String]) -> Result<(), FileError> {
        self.own(field.name())?;
        let mut removed: Vec<String> = Vec::new();
        for pattern in patterns {
            let mut is_used = false;
            for path in self.paths(field) {
                if matches(pattern, path)? {
                    removed.push(path.to_owned());
                    is_used = true;
                }
            }
            if !is_used {
                self.notes.push(Note::Absent {
                    what: field.entry(),
                    name: pattern.clone(),
                });
            }
        }
        if removed.is_empty() {
            return Ok(());
        }
        self.modernise(field)?;
        let is_removed = |item: &Node| removed.iter().any(|path| item.text() == Some(path));
        self.retain(field.name(), |item| !is_removed(item))
    }

    /// Adds options of a build (`edit add buildmetadata`).
    ///
    /// # Errors
    ///
    /// One of them is there already.
    pub fn add_build_metadata(&mut self, options: &[String]) -> Result<(), FileError> {
        for option in options {
            if has(self.items(BUILD_METADATA), option) {
                return Err(self.present("buildMetadata option", option, ""));
            }
            self.items_mut(BUILD_METADATA)?
                .push(Node::string(&**option));
        }
        Ok(())
    }

    /// Sets the options of a build, instead of those that are there (`edit set buildmetadata`).
    pub fn set_build_metadata(&mut self, options: &[String]) -> Result<(), FileError> {
        let items = self.items_mut(BUILD_METADATA)?;
        let old = std::mem::take(items);
        for option in options {
            let same = old.iter().find(|item| item.text() == Some(option));
            items.push(same.cloned().unwrap_or_else(|| Node::string(&**option)));
        }
        Ok(())
    }

    /// Removes options of a build (`edit remove buildmetadata`).
    pub fn remove_build_metadata(&mut self, options: &[String]) -> Result<(), FileError> {
        if self.field(BUILD_METADATA).is_none() {
            return Ok(());
        }
        let is_removed = |item: &Node| options.iter().any(|it| item.text() == Some(it));
        self.retain(BUILD_METADATA, |item| !is_removed(item))
    }

    /// Moves what the old spelling of a field has to the new one.
    fn modernise(&mut self, field: PathField) -> Result<(), FileError> {
        match field {
            PathField::Resources => self.rename("bases", "resources"),
            _ => Ok(()),
        }
    }

    fn paths(&self, field: PathField) -> impl Iterator<Item = &str> {
        let old = match field {
            PathField::Resources => self.items("bases"),
            _ => &[],
        };
        let items = self.items(field.name()).iter().chain(old);
        items.filter_map(Node::text)
    }

    fn has_path(&self, field: PathField, path: &str) -> bool {
        self.paths(field).any(|other| other == path)
    }

    pub(super) fn present(
        &self,
        what: &'static str,
        name: &str,
        advice: &'static str,
    ) -> FileError {
        FileError::Present {
            file: self.name.clone(),
            what,
            name: name.to_owned(),
            advice,
        }
    }
}

fn has(items: &[Node], text: &str) -> bool {
    items.iter().any(|item| item.text() == Some(text))
}
