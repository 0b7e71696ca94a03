//! The objects of a kustomization: from files, from other kustomizations, from components.

use super::{Gathered, Target};
use crate::context::Context;
use crate::decode::Located;
use crate::document;
use crate::error::{LoadProblem, Place};
use crate::item::Item;
use crate::loader::Entry;
use crate::origin::{self, Note};

impl Target {
    /// Adds the objects that entries of `resources` lead to.
    pub(super) fn add_resources(
        &self,
        context: &mut Context<'_>,
        gathered: &mut Gathered,
        resources: &[Located<String>],
    ) {
        for resource in resources {
            let place = self.place(resource.at);
            let entry = self.loader.entry(context, &resource.value);
            let entry = entry.map_err(|problem| problem.in_resource(&resource.value));
            match context.note(&place, entry) {
                Some(Entry::File(_)) => self.add_file(context, gathered, resource),
                Some(Entry::Directory(loader)) => {
                    let Some(mut child) = self.child(context, loader, resource, true) else {
                        continue;
                    };
                    if child.kustomization.is_component() {
                        let path = child.loader.root.clone();
                        context.fail(&place, LoadProblem::ComponentAsResource { path });
                        continue;
                    }
                    let below = child.gather(context, Gathered::default());
                    context.note(&place, gathered.merge(below));
                }
                None => {}
            }
        }
    }

    fn add_file(&self, context: &mut Context<'_>, gathered: &mut Gathered, path: &Located<String>) {
        for item in self.read_objects(context, path).unwrap_or_default() {
            let added = gathered.items.append(item);
            let added = added.map_err(|problem| problem.in_resource(&path.value));
            context.note(&self.place(path.at), added);
        }
    }

    /// Reads the objects of a file.
    pub(super) fn read_objects(
        &self,
        context: &mut Context<'_>,
        path: &Located<String>,
    ) -> Option<Vec<Item>> {
        let read = self.loader.read(context, &path.value);
        let (file, bytes) = context.note(&self.place(path.at), read)?;
        let nodes = match document::objects(&bytes) {
            Ok(nodes) => nodes,
            Err(fault) => {
                let problem = fault.problem.in_resource(&path.value);
                context.fail(&Place::at(&file, fault.at), problem);
                return None;
            }
        };
        let counted = context.count_values(&nodes);
        context.note(&self.place(path.at), counted)?;
        let item = |node: windlass_yaml::Node| {
            let place = Place::at(&file, node.start);
            let mut item = Item::new(node, place, &context.schemas);
            item.origin = self.origin.as_ref().map(|origin| Note {
                path: origin::join(origin, &path.value),
                ..Note::default()
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
        let place = self.place(path.at);
        let entry = self.loader.entry(context, &path.value);
        let loader = match context.note(&place, entry) {
            Some(Entry::Directory(loader)) => loader,
            Some(Entry::File(path)) => {
                context.fail(&place, LoadProblem::ComponentIsFile { path });
                return gathered;
            }
            None => return gathered,
        };
        let Some(mut child) = self.child(context, loader, path, false) else {
            return gathered;
        };
        if !child.kustomization.is_component() {
            let path = child.loader.root.clone();
            let kind = child.kustomization.kind.value.clone();
            context.fail(&place, LoadProblem::NotAComponent { path, kind });
            return gathered;
        }
        let below = child.gather(context, gathered);
        let mut merged = Gathered::default();
        context.note(&place, merged.merge(below));
        merged
    }
}
