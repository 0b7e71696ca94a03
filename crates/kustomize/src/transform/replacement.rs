//! `replacements`: the value of one field copied to others.

mod fields;
mod structured;

use windlass_yaml::Node;

use super::Tools;
use crate::edit;
use crate::error::{Place, Problem, Reached, ReplacementProblem};
use crate::fieldspec;
use crate::id::ResId;
use crate::item::Item;
use crate::items::Items;
use crate::kustomization::{FieldOptions, Replacement, Selector, Source, Target};
use crate::reach::reach;
use crate::selector::Matcher;
use crate::work::Work;
use fields::Kind;

pub(crate) use fields::{lookup, smart_split};

const DEFAULT_FIELD: &str = "metadata.name";

/// What is copied.
struct Copied {
    value: Node,
    /// The object and field where the value stands, unless it is only a part of that. What a target
    /// changes there, later targets get.
    live: Option<(usize, Vec<String>)>,
}

impl Copied {
    /// Reads the value again after an object has changed.
    fn refresh(&mut self, index: usize, object: &Node) {
        let Some((_, path)) = self.live.as_ref().filter(|(live, _)| *live == index) else {
            return;
        };
        if let Ok(Some(value)) = lookup(object, path) {
            self.value = value.clone();
            self.value.set_anchor(None);
        }
    }
}

impl From<Node> for Copied {
    fn from(value: Node) -> Self {
        Self { value, live: None }
    }
}

/// Carries out the replacements. One that is wrong does not hide another.
pub(super) fn run(
    items: &mut Items,
    replacements: &[(Place, Replacement)],
    tools: &mut Tools<'_, '_>,
) {
    for (place, replacement) in replacements {
        if let Err(problem) = replace(items, replacement, tools) {
            (tools.report)(Some(place), problem);
        }
        if tools.work.is_exhausted() {
            return;
        }
    }
}

fn replace(
    items: &mut Items,
    replacement: &Replacement,
    tools: &mut Tools<'_, '_>,
) -> Result<(), Problem> {
    let mut copied = value(items, replacement)?;
    let mut targets = replacement.targets.iter().flatten();
    targets.try_for_each(|target| copy_to(items, target, &mut copied, tools))
}

fn value(items: &Items, replacement: &Replacement) -> Result<Copied, Problem> {
    if replacement.targets.is_none() {
        return Err(ReplacementProblem::Incomplete.into());
    }
    match (&replacement.source, &replacement.source_value) {
        (None, None) => Err(ReplacementProblem::Incomplete.into()),
        (Some(_), Some(_)) => Err(ReplacementProblem::TwoSources.into()),
        (None, Some(value)) => Ok(Node::plain(value.as_str()).into()),
        (Some(source), None) => source_value(items, source),
    }
}

/// Returns the identities of an object as replacements see them: without its scope.
fn identities(item: &Item) -> Vec<ResId> {
    let current = ResId {
        is_cluster_scoped: false,
        ..item.current_id()
    };
    std::iter::once(current)
        .chain(item.previous_ids())
        .collect()
}

fn source_value(items: &Items, source: &Source) -> Result<Copied, Problem> {
    let (index, item) = source_object(items, source)?;
    let path = if source.field_path.is_empty() {
        DEFAULT_FIELD
    } else {
        &source.field_path
    };
    let parts = smart_split(path);
    let value = source_field(item, source, path, &parts)?;
    let options = source.options.as_ref();
    let is_part = options.is_some_and(|options| !options.delimiter.is_empty());
    let live = (!is_part).then_some((index, parts));
    Ok(Copied { value, live })
}

/// Returns the only object that the source names.
fn source_object<'i>(items: &'i Items, source: &Source) -> Result<(usize, &'i Item), Problem> {
    let selector = &source.object;
    let is_chosen = |item: &Item| identities(item).iter().any(|id| is_selected(id, selector));
    let chosen = items.iter().enumerate();
    let chosen: Vec<(usize, &Item)> = chosen.filter(|(_, item)| is_chosen(item)).collect();
    let name = describe(source);
    let there = || items.similar(&selector.as_id());
    match chosen[..] {
        [chosen] => Ok(chosen),
        [] => Err(ReplacementProblem::SourceMissing {
            name,
            there: there(),
        }
        .into()),
        ref several => {
            let places = several.iter().map(|(_, item)| item.place.clone()).collect();
            Err(ReplacementProblem::SourceAmbiguous { name, places }.into())
        }
    }
}

/// Returns the value of the field that is copied, or a part of it.
fn source_field(
    item: &Item,
    source: &Source,
    path: &str,
    parts: &[String],
) -> Result<Node, Problem> {
    let recorded = holds_records(parts).then(|| item.node_with_records());
    let node = recorded.as_ref().unwrap_or(&item.node);
    let unfit = |problem: Problem| ReplacementProblem::SourceValue {
        path: path.to_owned(),
        object: fieldspec::describe(&item.node),
        problem: Box::new(problem),
        reached: Box::new(reached(&item.node, path)),
    };
    let found = lookup(node, parts).map_err(unfit)?;
    let Some(found) = found.filter(|node| !edit::is_empty(node)) else {
        return Err(ReplacementProblem::SourceField {
            path: path.to_owned(),
            object: source.object.describe(),
            reached: Some(Box::new(reached(&item.node, path))),
        }
        .into());
    };
    Ok(refine(found, source.options.as_ref()).map_err(unfit)?)
}

fn is_selected(id: &ResId, selector: &Selector) -> bool {
    let fits = |wanted: &str, there: &str| wanted.is_empty() || wanted == there;
    let namespace = if selector.namespace == "default" {
        ""
    } else {
        &selector.namespace
    };
    let of_id = if id.namespace == "default" {
        ""
    } else {
        &id.namespace
    };
    fits(&selector.name, &id.name)
        && (selector.namespace.is_empty() || namespace == of_id)
        && fits(&selector.group, &id.gvk.group)
        && fits(&selector.version, &id.gvk.version)
        && fits(&selector.kind, &id.gvk.kind)
}

fn describe(source: &Source) -> String {
    let mut text = source.object.describe();
    if !source.field_path.is_empty() {
        text = format!("{text}:{}", source.field_path);
    }
    match &source.options {
        Some(options) if !options.delimiter.is_empty() || options.create => {
            format!(
                "{text}:{}({}), create={}",
                options.delimiter, options.index, options.create
            )
        }
        _ => text,
    }
}

/// Returns the part of the value that the options name.
fn refine(value: &Node, options: Option<&FieldOptions>) -> Result<Node, Problem> {
    let mut value = value.clone();
    value.set_anchor(None);
    let Some(options) = options.filter(|options| !options.delimiter.is_empty()) else {
        return Ok(value);
    };
    if !value.is_scalar() {
        return Err(ReplacementProblem::DelimiterNeedsScalar.into());
    }
    let text = edit::text(&value).to_owned();
    let part = usize::try_from(options.index)
        .ok()
        .and_then(|index| text.split(&options.delimiter).nth(index));
    let Some(part) = part else {
        return Err(ReplacementProblem::Index {
            index: options.index,
            count: text.split(&options.delimiter).count(),
        }
        .into());
    };
    edit::assign_text(&mut value, part);
    Ok(value)
}

fn copy_to(
    items: &mut Items,
    target: &Target,
    copied: &mut Copied,
    tools: &mut Tools<'_, '_>,
) -> Result<(), Problem> {
    let Some(select) = &target.select else {
        return Err(ReplacementProblem::NoTarget.into());
    };
    let chosen = Matcher::new(select)?;
    let rejected: Vec<(Matcher, &Selector)> = target
        .reject
        .iter()
        .map(|reject| Ok((Matcher::new(reject)?, reject)))
        .collect::<Result<_, Problem>>()?;
    let mut paths = target.field_paths.iter().map(|path| smart_split(path));
    let names_records = paths.any(|path| holds_records(&path))
        || matches!(&copied.live, Some((_, path)) if holds_records(path));
    for (index, item) in items.list_mut().iter_mut().enumerate() {
        let ids = identities(item);
        let mut is_chosen = chosen.selects_metadata(item)?;
        for reject in &rejected {
            is_chosen = is_chosen && !rejects(reject, item, &ids)?;
        }
        if !is_chosen || !ids.iter().any(|id| chosen.selects_id(id)) {
            continue;
        }
        let object = fieldspec::describe(&item.node);
        let mut copy =
            |item: &mut Item| copy_to_object(&mut item.node, index, target, copied, tools.work);
        let done = if names_records {
            item.with_records(copy)
        } else {
            copy(item)
        };
        item.update_scope(tools.schemas);
        done.map_err(|problem| Problem::InObject {
            object,
            problem: Box::new(problem),
        })?;
    }
    Ok(())
}

/// Returns whether a path leads to all annotations at once, or to what holds them.
fn holds_records(path: &[String]) -> bool {
    let is = |index: usize, wanted: &str| path[index] == wanted || path[index] == "*";
    match path.len() {
        1 => is(0, "metadata"),
        2 => is(0, "metadata") && is(1, "annotations"),
        _ => false,
    }
}

/// Labels and identity reject each for itself.
fn rejects(
    (matcher, selector): &(Matcher, &Selector),
    item: &Item,
    ids: &[ResId],
) -> Result<bool, Problem> {
    let has_labels = !selector.annotations.is_empty() || !selector.labels.is_empty();
    Ok(has_labels && matcher.selects_metadata(item)?
        || !selector.has_no_id() && ids.iter().any(|id| matcher.selects_id(id)))
}

fn copy_to_object(
    object: &mut Node,
    index: usize,
    target: &Target,
    copied: &mut Copied,
    work: &mut Work,
) -> Result<(), Problem> {
    let default = [DEFAULT_FIELD.to_owned()];
    let paths = if target.field_paths.is_empty() {
        &default[..]
    } else {
        &target.field_paths
    };
    for path in paths {
        copied.refresh(index, object);
        copy_to_field(object, path, target.options.as_ref(), &copied.value, work)?;
    }
    copied.refresh(index, object);
    Ok(())
}

fn copy_to_field(
    object: &mut Node,
    path: &str,
    options: Option<&FieldOptions>,
    value: &Node,
    work: &mut Work,
) -> Result<(), Problem> {
    let creates = options.is_some_and(|options| options.create);
    let create = creates.then(|| Kind::of(value));
    let parts = smart_split(path);
    edit::check_nesting(parts.len(), Some(value))?;
    work.copy(value)?;
    if structured::set(object, &parts, create, value, work)? {
        return Ok(());
    }
    let set = &mut |field: &mut Node| {
        work.copy(value)?;
        set_field(field, options, value)
    };
    let unfit = |problem, reached| ReplacementProblem::Field {
        path: path.to_owned(),
        creates,
        problem,
        reached,
    };
    match fields::visit(object, &parts, create, set) {
        Ok(0) => Err(unfit(None, Some(Box::new(reached(object, path)))).into()),
        Ok(_) => Ok(()),
        Err(problem) => Err(unfit(Some(Box::new(problem)), None).into()),
    }
}

/// Returns how far a path leads into an object.
fn reached(object: &Node, path: &str) -> Reached {
    let step = |node: &Node, part: &str| {
        let found = lookup(node, &[part.to_owned()]).ok().flatten();
        found.filter(|found| !found.is_null()).cloned()
    };
    reach(object, &smart_split(path), step, |parts| parts.join("."))
}

fn set_field(
    field: &mut Node,
    options: Option<&FieldOptions>,
    value: &Node,
) -> Result<(), Problem> {
    let Some(options) = options.filter(|options| !options.delimiter.is_empty()) else {
        fields::put(field, value);
        return Ok(());
    };
    if !field.is_scalar() {
        return Err(ReplacementProblem::DelimiterNeedsScalar.into());
    }
    let text = if value.is_null() {
        ""
    } else {
        edit::text(value)
    };
    let mut parts: Vec<&str> = edit::text(field).split(&options.delimiter).collect();
    match usize::try_from(options.index) {
        Err(_) => parts.insert(0, text),
        Ok(index) if index < parts.len() => parts[index] = text,
        Ok(_) => parts.push(text),
    }
    let joined = parts.join(&options.delimiter);
    fields::put_text(field, &joined);
    Ok(())
}
