//! `windlass secret rekey`.

mod config;
pub(super) mod files;
mod write;

use std::path::PathBuf;

use clap::Args;
use windlass_sops::{Document, KeyGroup, MacCheck, MasterKey, Style as Layout};
use windlass_tree::TreePath;

use super::checkout::Checkout;
use super::rules::{self, FoundRule};
use super::{Keys, RepositoryArgs, commit_hint, recipient, sealed, warn};
use crate::command::unrendered;
use crate::failure::{Done, Failure};
use crate::keys::together::{self, is_elsewhere, is_remote};
use crate::style::Style;
use crate::terminal::{complain, say};

/// Encrypts the secrets of an environment for other keys, each with a new data key
///
/// All encrypted files are meant: values, and whole manifests. Everything is done in memory before the
/// first file is replaced; when one file cannot be opened or encrypted, none is. When it was ended before the
/// last file, the same command does the rest: a file that has the keys already stays as it is where it cannot
/// be opened any more. Whoever could read the old files can still read them in the history of Git, so change
/// the values where that matters.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  windlass secret rekey --env dev                               for the keys that .sops.yaml names
  windlass secret rekey --env prod --to arn:aws:kms:eu-west-1:111122223333:key/… --update-config
  windlass secret rekey --all --to age1… --to age1… --dry-run")]
pub(crate) struct Rekey {
    /// The environment
    #[arg(long, short, value_name = "ENV", required_unless_present = "all")]
    env: Option<String>,
    /// Every encrypted file of the repository
    #[arg(long, conflicts_with_all = ["env", "shared"])]
    all: bool,
    /// The files too that the environment shares with others
    #[arg(long)]
    shared: bool,
    /// A key to encrypt for: age1…, a PGP fingerprint, arn:aws:kms:…, projects/…, or the URL of a key of
    /// Vault or Azure; may be given several times (default: the keys that .sops.yaml names)
    #[arg(long, value_name = "KEY")]
    to: Vec<String>,
    #[command(flatten)]
    aws: recipient::AwsArgs,
    /// Write the keys of --to into the creation rules of .sops.yaml too
    #[arg(long, requires = "to")]
    update_config: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    repository: RepositoryArgs,
}

/// A file that was encrypted anew, in memory.
struct Anew {
    path: TreePath,
    from: Vec<String>,
    to: Vec<String>,
    document: Document,
    rule: Option<FoundRule>,
    /// It had the keys already and cannot be opened, so it stays as it is.
    is_kept: bool,
}

impl Rekey {
    pub(super) fn run(self, style: Style) -> Result<Done, Failure> {
        let to = self.to.iter().map(|text| recipient::parse(text, &self.aws));
        let to = to.collect::<Result<Vec<_>, _>>()?;
        let checkout = Checkout::open(&self.repository.repo)?;
        let keys = checkout.keys(&self.repository)?;
        let chosen = files::choose(&checkout, self.env.as_deref(), self.shared)?;
        for path in &chosen.left_out {
            complain(&format!(
                "{}: is shared with other environments and stays as it is (--shared)",
                checkout.shown(path)
            ));
        }
        if chosen.documents.is_empty() {
            return Err(Failure::of([
                "there is no encrypted file to encrypt anew".to_owned()
            ]));
        }
        let before = before(&checkout, &chosen.documents)?;
        let anew = encrypt_all(&checkout, &chosen.documents, &to, &keys)?;
        let mut writes = Vec::new();
        for one in anew.iter().filter(|one| !one.is_kept) {
            let layout = one
                .rule
                .as_ref()
                .map_or_else(Layout::default, |rule| rule.style);
            writes.push((checkout.on_disk(&one.path), one.document.to_bytes(layout)?));
        }
        let stale = stale_rules(&anew);
        if self.update_config {
            writes.extend(config::update(&checkout, &stale, &anew_paths(&anew), &to)?);
        }
        if !self.dry_run {
            must_be_unchanged(&checkout, &before)?;
            write::all(&checkout, &writes)?;
        }
        self.report(&checkout, &anew, &writes, style);
        if !self.update_config {
            for rule in &stale {
                let remedy = if config::needs_key_groups(&to) {
                    "give it key_groups, which can have an encryption context".to_owned()
                } else {
                    format!("--update-config writes\n{}", config::lines(&to))
                };
                warn(
                    style,
                    &format!(
                        "{}: names other keys, which new values would get; {remedy}",
                        rule.place(&checkout)
                    ),
                );
            }
        }
        if !anew.iter().any(|one| one.document.data_key(&keys).is_ok()) {
            warn(
                style,
                "none of the keys that are present here opens these files any more",
            );
        }
        Ok(Done::Well)
    }

    fn report(
        &self,
        checkout: &Checkout,
        anew: &[Anew],
        writes: &[(PathBuf, Vec<u8>)],
        style: Style,
    ) {
        for one in anew {
            let keys = if one.is_kept {
                let keys = one.to.join(", ");
                format!("is for {keys} already, and no key here opens it; it stays as it is")
            } else if one.from == one.to {
                format!("a new data key, for {} as before", one.to.join(", "))
            } else {
                format!("{} → {}", one.from.join(", "), one.to.join(", "))
            };
            say(&format!("{}: {keys}", checkout.shown(&one.path)));
        }
        if self.dry_run {
            return complain(&format!(
                "{} files would be written; nothing was (--dry-run)",
                writes.len()
            ));
        }
        if writes.is_empty() {
            return complain("nothing was left to do");
        }
        let files: Vec<_> = writes
            .iter()
            .map(|(path, _)| checkout.shown_on_disk(path))
            .collect();
        let what = self.env.as_deref().unwrap_or("all environments");
        complain(&format!(
            "to commit: {}",
            commit_hint(&files, &format!("Encrypt the secrets of {what} anew"))
        ));
        if anew
            .iter()
            .any(|one| one.from.iter().any(|key| !one.to.contains(key)))
        {
            warn(
                style,
                "who could read these values before can still do so in the history of Git: change them too",
            );
        }
    }
}

/// Returns what the files hold, before key services are asked, which may take a while.
fn before(
    checkout: &Checkout,
    documents: &[(TreePath, Document)],
) -> Result<Vec<(PathBuf, Vec<u8>)>, Failure> {
    let read = |(path, _): &(TreePath, Document)| {
        let path = checkout.on_disk(path);
        let bytes = std::fs::read(&path)?;
        Ok((path, bytes))
    };
    documents.iter().map(read).collect()
}

/// Refuses to write over what somebody else wrote meanwhile.
fn must_be_unchanged(checkout: &Checkout, before: &[(PathBuf, Vec<u8>)]) -> Result<(), Failure> {
    let is_changed =
        |(path, bytes): &&(PathBuf, Vec<u8>)| std::fs::read(path).ok().as_ref() != Some(bytes);
    let changed = before.iter().filter(is_changed).map(|(path, _)| {
        let path = checkout.shown_on_disk(path);
        format!("{path}: it was changed by somebody else meanwhile")
    });
    let changed: Vec<String> = changed.collect();
    if changed.is_empty() {
        return Ok(());
    }
    Err(Failure::of(changed).hint("nothing was written; run the command again"))
}

/// Encrypts all files in memory, or returns every reason why that is not possible.
fn encrypt_all(
    checkout: &Checkout,
    documents: &[(TreePath, Document)],
    to: &[MasterKey],
    keys: &Keys,
) -> Result<Vec<Anew>, Failure> {
    let asks = to.iter().any(|key| is_elsewhere(key.key_type()));
    let encrypted = together::each(
        documents,
        |(_, document)| asks || is_remote(document),
        |(path, document)| encrypt(checkout, path, document, to, keys),
    );
    let mut anew = Vec::new();
    let mut errors = Vec::new();
    for ((path, _), encrypted) in documents.iter().zip(encrypted) {
        match encrypted {
            Ok(one) => anew.push(one),
            Err(failure) => errors.push(format!("{}: {failure}", checkout.shown(path))),
        }
    }
    if errors.is_empty() {
        return Ok(anew);
    }
    Err(unrendered(errors, keys).hint("nothing was written: all files are encrypted anew, or none"))
}

fn encrypt(
    checkout: &Checkout,
    path: &TreePath,
    document: &Document,
    to: &[MasterKey],
    keys: &Keys,
) -> Result<Anew, Failure> {
    let rule = rules::rule_for(checkout, path)?;
    let (groups, threshold) = if to.is_empty() {
        let rule = rule.as_ref().ok_or_else(|| {
            Failure::of([format!(
                "no {} says which keys it should have; name them with --to",
                rules::NAME
            )])
        })?;
        (rule.groups.clone(), rule.threshold)
    } else if document.keys().groups.len() > 1 {
        return Err(Failure::of([format!(
            "it needs keys of {} groups, and --to is one group; write the groups into {} and leave --to out",
            document.keys().groups.len(),
            rules::NAME
        )]));
    } else {
        (vec![to.iter().cloned().collect::<KeyGroup>()], 0)
    };
    let from = sealed::recipients(document);
    let old = match document.data_key(keys) {
        Ok(key) => Some(key),
        // It was written by a run of this command that did not come to its end. Without any key, it is another mistake.
        Err(_) if !keys.is_empty() && rules::has_keys(document, &groups, threshold) => None,
        Err(error) => return Err(error.into()),
    };
    let anew = match &old {
        None => document.clone(),
        Some(old) => {
            let open = document.open(old, MacCheck::Verify)?;
            let (key, wrapped) = sealed::new_key(&groups, threshold, keys)?;
            open.rotate(&key, wrapped, &sealed::now(), &mut sealed::random)?
        }
    };
    Ok(Anew {
        path: path.clone(),
        from,
        to: sealed::recipients(&anew),
        document: anew,
        rule,
        is_kept: old.is_none(),
    })
}

/// Returns the creation rules that name other keys than the files now have, each once.
fn stale_rules(anew: &[Anew]) -> Vec<FoundRule> {
    let mut stale: Vec<FoundRule> = Vec::new();
    for one in anew {
        let Some(rule) = &one.rule else { continue };
        let is_known = stale.iter().any(|known| known.is_same(rule));
        if !is_known && rule.difference(&one.document).is_some() {
            stale.push(rule.clone());
        }
    }
    stale
}

fn anew_paths(anew: &[Anew]) -> Vec<&TreePath> {
    anew.iter().map(|one| &one.path).collect()
}
