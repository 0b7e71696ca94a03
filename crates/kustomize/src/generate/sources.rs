//! Where the data of generators comes from: env files, literals and files, in this order.

use std::collections::HashSet;

use super::data::Pair;
use crate::context::Context;
use crate::decode::Located;
use crate::error::{GeneratorProblem, Place, Problem};
use crate::kustomization::GeneratorArgs;
use crate::loader::Loader;

/// Reads all sources; says everything that is wrong with them.
pub(super) fn read(
    context: &mut Context<'_>,
    loader: &Loader,
    place: &Place,
    args: &GeneratorArgs,
) -> Option<Vec<Pair>> {
    let before = context.error_count();
    let mut pairs = Vec::new();
    for env in &args.envs {
        let read = read_env(context, loader, &env.value);
        pairs.extend(note(context, place, env, read).into_iter().flatten());
    }
    for literal in &args.literals {
        let parsed = parse_literal(&literal.value);
        pairs.extend(note(context, place, literal, parsed));
    }
    for file in &args.files {
        let read = read_file(context, loader, &file.value);
        pairs.extend(note(context, place, file, read));
    }
    let mut seen = HashSet::new();
    for (key, _) in &pairs {
        if !seen.insert(key.clone()) {
            let name = args.name.clone();
            context.fail(
                place,
                GeneratorProblem::RepeatedKey {
                    name,
                    key: key.clone(),
                },
            );
        }
    }
    (context.error_count() == before).then_some(pairs)
}

/// Takes note of a mistake where the source stands.
fn note<T>(
    context: &mut Context<'_>,
    place: &Place,
    source: &Located<String>,
    result: Result<T, Problem>,
) -> Option<T> {
    let place = if source.at.is_known() {
        Place::at(&place.path, source.at)
    } else {
        place.clone()
    };
    context.note(&place, result)
}

fn read_env(context: &mut Context<'_>, loader: &Loader, path: &str) -> Result<Vec<Pair>, Problem> {
    let (file, bytes) = loader.read(context, path)?;
    let mut pairs = Vec::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text = std::str::from_utf8(line).map_err(|_| GeneratorProblem::EnvEncoding {
            file: file.clone(),
            line: index + 1,
        })?;
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

fn read_file(context: &mut Context<'_>, loader: &Loader, source: &str) -> Result<Pair, Problem> {
    let (key, path) = match source.split('=').collect::<Vec<_>>()[..] {
        [path] => (path.rsplit('/').next().unwrap_or(path), path),
        [key, path] if !key.is_empty() && !path.is_empty() => (key, path),
        _ => {
            return Err(GeneratorProblem::FileSource {
                source_text: source.to_owned(),
            }
            .into());
        }
    };
    let (_, bytes) = loader.read(context, path)?;
    Ok((key.to_owned(), bytes.to_vec()))
}
