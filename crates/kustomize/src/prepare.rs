//! Patches and replacements made ready: files are read, texts parsed, before anything is changed.

use windlass_tree::TreePath;

use crate::decode::{Decoder, Located};
use crate::document::{self, Fault};
use crate::edit;
use crate::error::{PatchProblem, Place, Problem, ReplacementProblem};
use crate::item::Item;
use crate::json_patch::JsonPatch;
use crate::kustomization::{self, Patch, Replacement, ReplacementField};
use crate::loader;
use crate::plugin::Setup;
use crate::transform::{Body, JsonPatching, Patching, StrategicPatching, Transformer};

/// The text of a patch and where it stands.
struct Source {
    text: Vec<u8>,
    place: Place,
    layout: Layout,
}

/// How a text lies in its file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// It is the file.
    File,
    /// It begins in the line below its key.
    Block,
    /// It stands in the line of its key.
    Line,
}

fn inline(setup: &Setup<'_, '_>, text: &Located<String>) -> Source {
    let mut place = setup.place.clone();
    if text.at.is_known() {
        place = Place::at(&setup.place.path, text.at);
    }
    let layout = if text.value.contains('\n') {
        Layout::Block
    } else {
        Layout::Line
    };
    Source {
        text: text.value.clone().into_bytes(),
        place,
        layout,
    }
}

fn file(setup: &mut Setup<'_, '_>, path: &str) -> Result<Source, Problem> {
    let (file, bytes) = setup.loader.read(setup.context, path)?;
    Ok(Source {
        text: bytes.to_vec(),
        place: Place::file(file),
        layout: Layout::File,
    })
}

impl Source {
    /// Returns the place of a position in the text.
    fn at(&self, at: windlass_yaml::Position) -> Place {
        let mut place = self.place.clone();
        match self.layout {
            Layout::File => return Place::at(&place.path, at),
            Layout::Block => {
                place.line += at.line.max(1);
                // How far the text is indented is known to the file alone.
                place.column = 0;
            }
            Layout::Line => {}
        }
        place
    }

    fn items(&self, setup: &Setup<'_, '_>) -> Result<Vec<Item>, Fault> {
        let nodes = document::objects(&self.text)?;
        let item = |node: windlass_yaml::Node| {
            let place = self.at(node.start);
            Item::new(node, place, &setup.context.schemas)
        };
        Ok(nodes.into_iter().map(item).collect())
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.text).into_owned()
    }
}

/// Makes an entry of `patches` ready.
pub(crate) fn patch(setup: &mut Setup<'_, '_>, patch: &Patch) -> Result<Transformer, Problem> {
    let text = patch.text.value.trim();
    let (source, name) = match (text.is_empty(), patch.path.value.is_empty()) {
        (true, true) => return Err(PatchProblem::Missing.into()),
        (false, false) => return Err(PatchProblem::Twice.into()),
        (false, true) => {
            let mut source = inline(setup, &patch.text);
            source.text = text.as_bytes().to_vec();
            // The text is not printed, since it may hold a secret.
            (source, "[patch: …]".to_owned())
        }
        (true, false) => {
            let path = &patch.path.value;
            let read = file(setup, path).map_err(|problem| PatchProblem::File {
                path: loader::shown(path).to_owned(),
                problem: Box::new(problem),
            })?;
            (read, format!("[path: {path:?}]"))
        }
    };
    let body = body(setup, &source, &name, patch)?;
    Ok(Transformer::Patch(Patching {
        body,
        target: patch.target.clone(),
        source: name,
    }))
}

/// Finds out whether a text is a strategic merge patch or a JSON patch. It cannot be both: one has
/// objects, the other is a list.
fn body(
    setup: &Setup<'_, '_>,
    source: &Source,
    name: &str,
    patch: &Patch,
) -> Result<Body, Problem> {
    let fault = match source.items(setup) {
        Ok(mut items) => {
            for item in &mut items {
                allow(item, patch);
            }
            return Ok(Body::Strategic(items));
        }
        Err(fault) => fault,
    };
    let text = source.text();
    JsonPatch::parse(&text).map(Body::Json).map_err(|problem| {
        let is_list = text.trim_start().starts_with(['[', '-']);
        let unreadable = PatchProblem::Unreadable {
            source_name: name.to_owned(),
            problem: Box::new(match fault.problem {
                _ if is_list => problem,
                _ if looks_like_path(source, &text) => PatchProblem::PathAsText.into(),
                other => other,
            }),
        };
        Problem::InFile {
            place: source.at(fault.at),
            problem: Box::new(unreadable.into()),
        }
    })
}

/// Returns whether an inline patch is one word, as `edit fix` makes it of a file that is not there.
fn looks_like_path(source: &Source, text: &str) -> bool {
    source.layout == Layout::Line && !text.contains(char::is_whitespace)
}

/// Takes note of what a patch may change. kustomize does so in annotations of the patch, and makes all of
/// them strings on the way, even nulls that were to remove one.
fn allow(item: &mut Item, patch: &Patch) {
    item.may_rename = patch.may_rename;
    item.may_change_kind = patch.may_change_kind;
    if patch.may_rename || patch.may_change_kind {
        let annotations = edit::metadata_map(&item.node, "annotations");
        edit::set_metadata_map(&mut item.node, "annotations", annotations);
    }
}

/// Makes an entry of `patchesJson6902` ready.
pub(crate) fn json_patch(setup: &mut Setup<'_, '_>, patch: &Patch) -> Result<Transformer, Problem> {
    let Some(target) = patch
        .target
        .clone()
        .filter(|target| !target.name.is_empty())
    else {
        return Err(PatchProblem::JsonName.into());
    };
    let path = &patch.path.value;
    let mut place = None;
    let text = match (patch.text.value.is_empty(), patch.path.value.is_empty()) {
        (true, true) => return Err(PatchProblem::JsonMissing.into()),
        (false, false) => return Err(PatchProblem::JsonTwice.into()),
        (false, true) => patch.text.value.clone(),
        (true, false) => {
            let read = file(setup, path)?;
            place = Some(read.place.clone());
            read.text()
        }
    };
    let parsed = JsonPatch::parse(&text).and_then(|parsed| {
        let name = path.clone();
        let problem = || PatchProblem::JsonEmpty { name }.into();
        if parsed.is_empty() {
            Err(problem())
        } else {
            Ok(parsed)
        }
    });
    let patch = parsed.map_err(|problem| match place {
        Some(place) => Problem::InFile {
            place,
            problem: Box::new(problem),
        },
        None => problem,
    })?;
    Ok(Transformer::JsonPatch(JsonPatching { patch, target }))
}

/// Makes `patchesStrategicMerge` ready: each entry is a patch, or a file of patches.
pub(crate) fn strategic(
    setup: &mut Setup<'_, '_>,
    entries: &[Located<String>],
    more: &Located<String>,
) -> Result<Transformer, Problem> {
    if entries.is_empty() && more.value.is_empty() {
        return Err(PatchProblem::StrategicMissing.into());
    }
    let mut patches = Vec::new();
    let before = setup.context.error_count();
    for entry in entries {
        let place = entry_place(setup, entry);
        let read = strategic_entry(setup, entry);
        patches.extend(setup.context.note(&place, read).into_iter().flatten());
    }
    if !more.value.is_empty() {
        patches.extend(inline_items(setup, more)?);
    }
    if patches.is_empty() && setup.context.error_count() == before {
        return Err(PatchProblem::StrategicEmpty.into());
    }
    Ok(Transformer::StrategicPatches(StrategicPatching { patches }))
}

fn entry_place(setup: &Setup<'_, '_>, entry: &Located<String>) -> Place {
    if entry.at.is_known() {
        Place::at(&setup.place.path, entry.at)
    } else {
        setup.place.clone()
    }
}

fn strategic_entry(
    setup: &mut Setup<'_, '_>,
    entry: &Located<String>,
) -> Result<Vec<Item>, Problem> {
    if let Ok(items) = inline(setup, entry).items(setup) {
        return Ok(items);
    }
    if entry.value.contains('\n') {
        // A text of several lines is no path: say what is wrong with it as a patch.
        return inline_items(setup, entry);
    }
    let source = file(setup, &entry.value)?;
    source
        .items(setup)
        .map_err(|fault| in_file(&source.place.path, fault))
}

/// Reads the patches in a text; says which line is wrong.
fn inline_items(setup: &Setup<'_, '_>, text: &Located<String>) -> Result<Vec<Item>, Problem> {
    let source = inline(setup, text);
    source.items(setup).map_err(|fault| Problem::InFile {
        place: source.at(fault.at),
        problem: Box::new(fault.problem),
    })
}

fn in_file(path: &TreePath, fault: Fault) -> Problem {
    Problem::InFile {
        place: Place::at(path, fault.at),
        problem: Box::new(fault.problem),
    }
}

/// Makes `replacements` ready: files are read.
pub(crate) fn replacements(setup: &mut Setup<'_, '_>, entries: &[ReplacementField]) -> Transformer {
    let mut replacements = Vec::new();
    for entry in entries {
        let place = Place::at(&setup.place.path, entry.inline.at);
        let read = replacement_entry(setup, entry, &place);
        replacements.extend(setup.context.note(&place, read).into_iter().flatten());
    }
    Transformer::Replacements(replacements)
}

fn replacement_entry(
    setup: &mut Setup<'_, '_>,
    entry: &ReplacementField,
    place: &Place,
) -> Result<Vec<(Place, Replacement)>, Problem> {
    let inline = &entry.inline;
    if entry.path.value.is_empty() {
        return Ok(vec![(place.clone(), inline.clone())]);
    }
    if inline.source.is_some() || inline.targets.as_ref().is_some_and(|t| !t.is_empty()) {
        return Err(ReplacementProblem::PathAndInline.into());
    }
    replacement_file(setup, &entry.path.value)
}

/// Reads a file with one replacement or a list of them.
fn replacement_file(
    setup: &mut Setup<'_, '_>,
    path: &str,
) -> Result<Vec<(Place, Replacement)>, Problem> {
    let (file, bytes) = setup.loader.read(setup.context, path)?;
    let root = document::first(&bytes).map_err(|fault| in_file(&file, fault))?;
    let mut decoder = Decoder::lenient(&file, 0);
    let replacements = if root.is_sequence() {
        decoder.list(&root, kustomization::replacement)
    } else if root.is_mapping() {
        vec![kustomization::replacement(&mut decoder, &root)]
    } else {
        let found = crate::yaml11::json(&root).type_name();
        return Err(ReplacementProblem::File { found }.into());
    };
    setup.context.extend(decoder.into_errors());
    let with_place = |replacement: Replacement| (Place::at(&file, replacement.at), replacement);
    Ok(replacements.into_iter().map(with_place).collect())
}
