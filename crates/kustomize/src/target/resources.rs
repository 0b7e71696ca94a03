//! The objects of a kustomization: from files, from other kustomizations, from components.

use windlass_tree::TreePath;

use super::{Gathered, Target};
use crate::context::Context;
use crate::decode::Located;
use crate::document;
use crate::error::{LoadProblem, ObjectProblem, Place, Problem};
use crate::item::Item;
use crate::kustomization::FILE_NAMES;
use crate::loader::{Entry, Loader, absolute};
use crate::origin::{self, Note};
use crate::trail::{self, Stage, Step};

impl Target {
    /// Adds the objects that entries of `resources` lead to; `field` is how kustomize calls the work.
    pub(super) fn add_resources(
        &self,
        context: &mut Context<'_>,
        gathered: &mut Gathered,
        resources: &[Located<String>],
        field: &str,
    ) {
        for resource in resources {
            let entry = self.loader.entry(context, &resource.value);
            match entry {
                Ok(Entry::File(file)) => self.add_file(context, gathered, resource, &file, field),
                Ok(Entry::Directory(loader)) => self.add_base(context, gathered, resource, loader),
                Err(problem) => {
                    let path = &resource.value;
                    let original = trail::of_entry(path, &self.loader.root, &problem);
                    let problem = problem.in_resource(path);
                    let original = |_: &str| format!("{field}{original}");
                    context.fail_as(&self.place(resource.at), problem, original);
                }
            }
        }
    }

    fn add_base(
        &self,
        context: &mut Context<'_>,
        gathered: &mut Gathered,
        resource: &Located<String>,
        loader: Loader,
    ) {
        let place = self.place(resource.at);
        let root = loader.root.clone();
        if context.has_failed(&root) {
            return;
        }
        let before = context.error_count();
        let step = |stage| Step {
            entry: Some(resource.value.clone()),
            root: root.clone(),
            stage,
        };
        let child = context.within(step(Stage::Reading), |context| {
            self.child(context, loader, resource, true)
        });
        let Some(mut child) = child else {
            context.give_up(&root);
            gathered.is_whole = false;
            return;
        };
        if child.kustomization.is_component() {
            let path = absolute(&root);
            context.within(step(Stage::Checking), |context| {
                context.fail(&place, LoadProblem::ComponentAsResource { path });
            });
            return;
        }
        let below = context.within(step(Stage::Building), |context| {
            child.gather(context, Gathered::default())
        });
        gathered.items.update_scopes(&context.schemas);
        let merged = gathered.merge(below);
        // A base without its transformers has names that it would not have.
        if context.error_count() > before {
            context.give_up(&root);
            gathered.is_whole = false;
        } else if gathered.is_whole || !is_duplicate(&merged) {
            context.within(step(Stage::Merging), |context| context.note(&place, merged));
        }
    }

    fn add_file(
        &self,
        context: &mut Context<'_>,
        gathered: &mut Gathered,
        path: &Located<String>,
        file: &TreePath,
        field: &str,
    ) {
        let read = self.read_objects(context, path, file, field);
        for item in gathered.items.adopt(read.unwrap_or_default()) {
            let place = item.place.clone();
            let added = gathered.items.append(item);
            if !gathered.is_whole && is_duplicate(&added) {
                continue;
            }
            if let Err(problem) = added {
                let original = trail::of_addition(&path.value, file, &problem);
                let problem = problem.in_resource(&path.value);
                let original = |_: &str| format!("{field}{original}");
                context.fail_as(&place, problem, original);
            }
        }
    }

    /// Reads the objects of a file.
    fn read_objects(
        &self,
        context: &mut Context<'_>,
        path: &Located<String>,
        file: &TreePath,
        field: &str,
    ) -> Option<Vec<Item>> {
        if context.is_exhausted() {
            return None;
        }
        let read = context.read(file);
        let bytes = context.note(&self.place(path.at), read)?;
        let nodes = match document::objects(&bytes) {
            Ok(nodes) => nodes,
            Err(fault) => {
                let original = trail::of_content(&path.value, file, &fault.problem);
                let problem = match fault.problem {
                    problem @ Problem::Object(_) if FILE_NAMES.contains(&file.file_name()) => {
                        let problem = Box::new(problem);
                        LoadProblem::KustomizationAsFile { problem }.into()
                    }
                    other => other,
                };
                let problem = problem.in_resource(&path.value);
                let original = |_: &str| format!("{field}{original}");
                context.fail_as(&Place::at(file, fault.at), problem, original);
                return None;
            }
        };
        let counted = context.count_values(&nodes);
        context.note(&self.place(path.at), counted)?;
        if self.origin.is_some() {
            let checked = nodes.iter().try_for_each(origin::check_annotations);
            context.note(&self.place(path.at), checked)?;
        }
        let item = |node: windlass_yaml::Node| {
            let place = Place::at(file, node.start);
            let mut item = Item::new(node, place, &context.schemas);
            item.origin = self.origin.as_ref().map(|origin| {
                Box::new(Note {
                    path: origin::join(origin, &path.value),
                    ..Note::default()
                })
            });
            item
        };
        Some(nodes.into_iter().map(item).collect())
    }

    /// Lets each component add to and change what is there so far.
    pub(super) fn add_components(&self, context: &mut Context<'_>, gathered: Gathered) -> Gathered {
        let mut gathered = gathered;
        for component in &self.kustomization.components {
            gathered = self.add_component(context, gathered, component);
        }
        gathered
    }

    fn add_component(
        &self,
        context: &mut Context<'_>,
        gathered: Gathered,
        path: &Located<String>,
    ) -> Gathered {
        let Some(loader) = self.component_loader(context, path) else {
            return gathered;
        };
        let root = loader.root.clone();
        let step = |stage| Step {
            entry: None,
            root: root.clone(),
            stage,
        };
        let child = context.within(step(Stage::Reading), |context| {
            self.child(context, loader, path, false)
        });
        let Some(mut child) = child else {
            return gathered;
        };
        let place = self.place(path.at);
        if child.is_whole && !child.kustomization.is_component() {
            let path = absolute(&root);
            let kind = child.kustomization.kind.value.clone();
            context.within(step(Stage::Checking), |context| {
                context.fail(&place, LoadProblem::NotAComponent { path, kind });
            });
            return gathered;
        }
        let below = context.within(step(Stage::Building), |context| {
            child.gather(context, gathered)
        });
        let mut merged = Gathered::default();
        let done = merged.merge(below);
        context.within(step(Stage::Merging), |context| context.note(&place, done));
        merged
    }

    /// Returns the loader of the directory that an entry of `components` leads to.
    fn component_loader(
        &self,
        context: &mut Context<'_>,
        path: &Located<String>,
    ) -> Option<Loader> {
        let place = self.place(path.at);
        let problem = match self.loader.entry(context, &path.value) {
            Ok(Entry::Directory(loader)) => return Some(loader),
            Ok(Entry::File(file)) => LoadProblem::ComponentIsFile {
                path: absolute(&file),
            }
            .into(),
            Err(problem) => problem,
        };
        fail_component(context, &place, problem);
        None
    }
}

/// Returns whether an object was there already: one that its transformers have not renamed may only seem so.
fn is_duplicate(added: &Result<(), Problem>) -> bool {
    matches!(
        added,
        Err(Problem::Object(ObjectProblem::DuplicateId { .. }))
    )
}

/// Says that an entry of `components` leads to no directory.
fn fail_component(context: &mut Context<'_>, place: &Place, problem: Problem) {
    let is_missing = matches!(problem, Problem::Load(LoadProblem::MissingFile { .. }));
    context.fail_as(place, problem, |words| {
        let text = if is_missing {
            format!("must build at directory: not a valid directory: {words}")
        } else {
            words.to_owned()
        };
        format!("accumulating components: loader.New {text:?}")
    });
}
