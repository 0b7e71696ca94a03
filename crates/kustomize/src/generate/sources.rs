//! Where the data of generators comes from: env files, literals and files, in this order.

use std::collections::HashSet;
use std::sync::Arc;

use windlass_tree::TreePath;

use super::data::Pair;
use crate::context::Context;
use crate::decode::Located;
use crate::error::{GeneratorProblem, Place, Problem};
use crate::kustomization::GeneratorArgs;
use crate::loader::{self, Loader};
use crate::remote;
use crate::secret_files::SecretSource;

/// Reads all sources; says everything that is wrong with them.
pub(super) fn read(
    context: &mut Context<'_>,
    loader: &Loader,
    place: &Place,
    args: &GeneratorArgs,
    kind: &'static str,
) -> Option<Vec<Pair>> {
    let before = context.error_count();
    let mut pairs = Vec::new();
    let shown = |list: &[Located<String>]| -> Vec<String> {
        let list = list.iter().map(|source| shown(&source.value, kind));
        list.collect()
    };
    for env in &args.envs {
        let read = check_path(context, loader, &env.value, &env.value, kind)
            .and_then(|()| read_env(context, loader, &env.value, kind));
        let list = ("env source files:", &*shown(&args.envs));
        pairs.extend(note(context, place, env, list, read).into_iter().flatten());
    }
    for literal in &args.literals {
        let parsed = parse_literal(&literal.value);
        // The literals are not shown, since they may be secrets.
        let list = ("literal sources", &["…".to_owned()][..]);
        pairs.extend(note(context, place, literal, list, parsed));
    }
    for file in &args.files {
        let read = read_file(context, loader, &file.value, kind);
        let list = ("file sources:", &*shown(&args.files));
        pairs.extend(note(context, place, file, list, read));
    }
    let mut seen = HashSet::new();
    for (key, _) in &pairs {
        if !seen.insert(key.clone()) {
            let name = args.name.clone();
            context.fail(
                place,
                GeneratorProblem::RepeatedKey {
                    kind,
                    name,
                    key: key.clone(),
                },
            );
        }
    }
    (context.error_count() == before).then_some(pairs)
}

/// Returns a source as messages show it: what stands where a Secret's file should be named may be its value.
fn shown(source: &str, kind: &str) -> String {
    match source.split_once('=') {
        Some((key, _)) if kind == "Secret" => format!("{key}=…"),
        _ => loader::shown(source).to_owned(),
    }
}

/// Refuses what looks like a literal of a Secret and is no path: a message about the path would show it.
fn check_path(
    context: &Context<'_>,
    loader: &Loader,
    source: &str,
    path: &str,
    kind: &str,
) -> Result<(), Problem> {
    let may_show = kind != "Secret" || !source.contains('=');
    if may_show || remote::is_url(path) || loader.is_there(context, path) {
        return Ok(());
    }
    let text = shown(source, kind);
    Err(GeneratorProblem::NoSuchFile { text }.into())
}

/// Takes note of a mistake where the source stands. kustomize names the whole list.
fn note<T>(
    context: &mut Context<'_>,
    place: &Place,
    source: &Located<String>,
    (field, list): (&str, &[String]),
    result: Result<T, Problem>,
) -> Option<T> {
    let place = if source.at.is_known() {
        Place::at(&place.path, source.at)
    } else {
        place.clone()
    };
    let original = |words: &str| format!("loading KV pairs: {field} [{}]: {words}", list.join(" "));
    result
        .map_err(|problem| context.fail_as(&place, problem, original))
        .ok()
}

fn read_env(
    context: &mut Context<'_>,
    loader: &Loader,
    path: &str,
    kind: &str,
) -> Result<Vec<Pair>, Problem> {
    let (file, bytes) = open(context, loader, path, SecretSource::Env, kind)?;
    let mut pairs = Vec::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text = std::str::from_utf8(line).map_err(|_| encoding(&file, index))?;
        let text = if index == 0 {
            text.trim_start_matches('\u{feff}')
        } else {
            text
        };
        let text = text.trim_start();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        if !key.is_empty() {
            pairs.push((key.to_owned(), value.as_bytes().to_vec()));
        }
    }
    Ok(pairs)
}

/// Says which line of an env file is no text; lines are counted from 0 as kustomize does, places from 1.
fn encoding(file: &TreePath, index: usize) -> Problem {
    let line = u32::try_from(index).unwrap_or(u32::MAX - 1);
    let place = Place {
        line: line + 1,
        ..Place::file(file.clone())
    };
    Problem::InFile {
        place,
        problem: Box::new(GeneratorProblem::EnvEncoding { line }.into()),
    }
}

fn parse_literal(source: &str) -> Result<Pair, Problem> {
    match source.split_once('=') {
        Some((key, value)) if !key.is_empty() => {
            Ok((key.to_owned(), unquote(value).as_bytes().to_vec()))
        }
        _ => Err(GeneratorProblem::Literal.into()),
    }
}

/// Removes quotes around a value.
fn unquote(value: &str) -> &str {
    for quote in ['"', '\''] {
        let inner = value
            .strip_prefix(quote)
            .and_then(|value| value.strip_suffix(quote));
        if let Some(inner) = inner {
            return inner;
        }
    }
    value
}

fn read_file(
    context: &mut Context<'_>,
    loader: &Loader,
    source: &str,
    kind: &str,
) -> Result<Pair, Problem> {
    let text = shown(source, kind);
    let (key, path) = match source.split('=').collect::<Vec<_>>()[..] {
        [path] => (path.rsplit('/').next().unwrap_or(path), path),
        ["", path] => {
            let path = if kind == "Secret" { "…" } else { path }.to_owned();
            return Err(GeneratorProblem::FileKey { path, text }.into());
        }
        [key, ""] => {
            let key = key.to_owned();
            return Err(GeneratorProblem::FilePath { key, text }.into());
        }
        [key, path] => (key, path),
        _ => return Err(GeneratorProblem::FileEquals { text }.into()),
    };
    check_path(context, loader, source, path, kind)?;
    let source = SecretSource::File { key };
    let (_, bytes) = open(context, loader, path, source, kind)?;
    Ok((key.to_owned(), bytes.to_vec()))
}

/// Reads a file; one that goes into a Secret may be encrypted.
fn open(
    context: &mut Context<'_>,
    loader: &Loader,
    path: &str,
    source: SecretSource<'_>,
    kind: &str,
) -> Result<(TreePath, Arc<[u8]>), Problem> {
    let (file, bytes) = loader.read(context, path)?;
    if kind != "Secret" {
        return Ok((file, bytes));
    }
    let bytes = context.secret_files.open(&file, source, bytes)?;
    Ok((file, bytes))
}
