//! `windlass secret set`.

use clap::Args;
use windlass_kustomize::{FILE_NAMES, KustomizationFile, PathField};
use windlass_object::Fingerprint;
use windlass_render::{Stub, Unit, stub_path};
use windlass_sops::{
    Document, KeyService, MacCheck, OpenDocument, PlainValue, SecretBytes, Style as Layout,
};
use windlass_tree::{EntryKind, Tree as _, TreePath};

use super::checkout::Checkout;
use super::place::{self, Slot};
use super::rules::{self, FoundRule};
use super::value::ValueSource;
use super::{NameArgs, commit_hint, sealed, warn};
use crate::failure::{Done, Failure};
use crate::style::Style;
use crate::terminal::{complain, say};

/// Encrypts a value of a service for an environment, and stores it
///
/// At a terminal the value is asked for and not shown; otherwise it is read from standard input, as it
/// is. An existing file keeps its keys, as with `sops edit`; a new one gets those of the nearest
/// .sops.yaml. A key that secret-stub.yaml lacks is added there.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  windlass secret set hydra DATABASE_URL --env dev              asks for the value
  windlass secret set hydra SYSTEM_SECRET --env dev --random 32
  windlass secret set hydra DATABASE_URL --env dev --postgres \\
    --host db.dev.example.com:5432 --user hydra --database hydra --param sslmode=verify-full
  windlass secret set cdc MONGO_URL --env dev --mongodb --srv \\
    --host cluster0.example.net --user cdc --database shop
  pass show dev/hydra | windlass secret set hydra DATABASE_URL --env dev --trim
  windlass secret set api TLS_KEY --env dev --from-file tls.key")]
pub(crate) struct Set {
    #[command(flatten)]
    name: NameArgs,
    /// Change a value that other environments use too
    #[arg(long)]
    shared: bool,
    /// Make secret-stub.yaml, and list secret.yaml in the kustomization, where the service has no secrets yet
    #[arg(long)]
    create_stub: bool,
    #[command(flatten)]
    value: ValueSource,
}

/// How the value is stored.
enum Store {
    /// In the file that is there, with its keys.
    Edit(Box<OpenDocument>, SecretBytes),
    /// In a file with the keys of a rule; the text says why not with those of the file that is there.
    Make(Option<String>),
}

impl Set {
    pub(super) fn run(self, style: Style) -> Result<Done, Failure> {
        self.name.check()?;
        self.value.check()?;
        let checkout = Checkout::open(&self.name.repository.repo)?;
        let unit = checkout.unit(&self.name.env, &self.name.service)?;
        let slot = self.slot(&checkout, &unit)?;
        place::guard(&slot, &unit, self.shared)?;
        let path = slot.value(&self.name.name)?;
        let keys = checkout.keys(&self.name.repository)?;
        let rule = rules::rule_for(&checkout, &path)?;
        let store = store(&checkout, &path, &slot, &self.name.name, &keys)?;
        let rule = match &store {
            Store::Make(_) => Some(rule.ok_or_else(|| no_rule(&checkout, &slot))?),
            Store::Edit(..) => rule,
        };
        // The last question, so that nobody types a value for nothing.
        let value = self.value.read(&self.name.name)?;
        value.warnings.iter().for_each(|text| warn(style, text));
        let sealed = seal(&store, &value.bytes, rule.as_ref(), &keys)?;
        let mut changed = Vec::new();
        if let Some(sealed) = &sealed {
            changed.push((
                path.clone(),
                sealed.document.to_bytes(layout(rule.as_ref()))?,
            ));
        }
        changed.extend(self.stub_edits(&checkout, &slot)?);
        if let Some(difference) = difference(&store, sealed.as_ref(), rule.as_ref()) {
            let at = rule
                .as_ref()
                .map(|rule| rule.place(&checkout))
                .unwrap_or_default();
            warn(
                style,
                &format!("{}: {difference} ({at})", checkout.shown(&path)),
            );
        }
        for (path, bytes) in &changed {
            checkout.write(path, bytes)?;
        }
        self.report(&checkout, &path, sealed.as_ref(), &value.bytes, &changed);
        if let Store::Make(Some(reason)) = &store {
            warn(
                style,
                &format!("{}: was made anew: {reason}", checkout.shown(&path)),
            );
        }
        Ok(Done::Well)
    }

    /// Returns the place for the value.
    fn slot(&self, checkout: &Checkout, unit: &Unit) -> Result<Slot, Failure> {
        let slots = place::slots(&checkout.tree, unit)?;
        if let Some(slot) = place::find(&slots, &self.name.name) {
            return Ok(slot.clone());
        }
        if self.create_stub {
            return Slot::of(&checkout.tree, &unit.directory, false);
        }
        let stub = checkout.shown(&stub_path(&unit.directory));
        Err(Failure::of([format!(
            "{} has no secrets in {} yet: {stub} does not exist",
            self.name.service, self.name.env
        )])
        .hint("--create-stub makes it, and lists secret.yaml in the kustomization"))
    }

    /// Returns the stub with the key, and the kustomization with the Secret, as far as they lack it.
    fn stub_edits(
        &self,
        checkout: &Checkout,
        slot: &Slot,
    ) -> Result<Vec<(TreePath, Vec<u8>)>, Failure> {
        let path = stub_path(&slot.directory);
        let wrong = |problem: &dyn std::fmt::Display| Failure::of([format!("{path}: {problem}")]);
        let mut stub = match slot.stub {
            Some(_) => Stub::parse(&checkout.text(&path)?).map_err(|problem| wrong(&problem))?,
            None if self.create_stub => {
                Stub::new(self.name.service.rsplit('/').next().unwrap_or_default())
            }
            None => {
                return Err(wrong(&"is missing").hint("--create-stub makes it"));
            }
        };
        if !stub.add_key(&self.name.name) {
            return Ok(Vec::new());
        }
        let text = stub.finish().map_err(|error| wrong(&error))?;
        let mut edits = vec![(path.clone(), text.into_bytes())];
        if slot.stub.is_none() {
            edits.extend(list_secret(checkout, &slot.directory)?);
        }
        Ok(edits)
    }

    fn report(
        &self,
        checkout: &Checkout,
        path: &TreePath,
        sealed: Option<&Sealed>,
        value: &SecretBytes,
        changed: &[(TreePath, Vec<u8>)],
    ) {
        let size = value.expose().len();
        let file = checkout.shown(path);
        match sealed {
            None => say(&format!("{file}: has this value already ({size} bytes)")),
            Some(sealed) => {
                let before = sealed.before.map(|before| format!(", before {before}"));
                say(&format!(
                    "{file}: {size} bytes, fingerprint {}{}; for {}",
                    sealed.fingerprint,
                    before.unwrap_or_default(),
                    sealed::recipients(&sealed.document).join(", ")
                ));
            }
        }
        let files: Vec<String> = changed
            .iter()
            .map(|(path, _)| checkout.shown(path))
            .collect();
        if !files.is_empty() {
            let NameArgs {
                service, name, env, ..
            } = &self.name;
            let commit = commit_hint(&files, &format!("{service}: set {name} in {env}"));
            complain(&format!("to commit: {commit}"));
        }
    }
}

/// Decides how the value is stored.
fn store(
    checkout: &Checkout,
    path: &TreePath,
    slot: &Slot,
    name: &str,
    keys: &dyn KeyService,
) -> Result<Store, Failure> {
    if !slot.has_value(name) {
        return Ok(Store::Make(None));
    }
    let bytes = checkout.tree.read(path)?;
    let opened = Document::parse(&bytes, windlass_sops::Format::Binary)
        .map_err(|error| error.to_string())
        .and_then(|document| open(&document, keys));
    Ok(match opened {
        Ok((open, value)) => Store::Edit(Box::new(open), value),
        Err(reason) => Store::Make(Some(format!(
            "the file that was there did not open: {reason}"
        ))),
    })
}

fn open(document: &Document, keys: &dyn KeyService) -> Result<(OpenDocument, SecretBytes), String> {
    let key = document.data_key(keys).map_err(|error| error.to_string())?;
    let open = document.open(&key, MacCheck::Verify);
    let open = open.map_err(|error| error.to_string())?;
    let value = open.plaintext.clone().into_data();
    Ok((open, value.map_err(|error| error.to_string())?))
}

/// A document to be written.
struct Sealed {
    document: Document,
    fingerprint: Fingerprint,
    /// The fingerprint of the value that it had.
    before: Option<Fingerprint>,
}

/// Returns the document with the value, or `None` when it has it already.
fn seal(
    store: &Store,
    value: &SecretBytes,
    rule: Option<&FoundRule>,
    keys: &dyn KeyService,
) -> Result<Option<Sealed>, Failure> {
    match (store, rule) {
        (Store::Edit(_, before), _) if before == value => Ok(None),
        (Store::Edit(open, before), _) => {
            let mut open = open.clone();
            let path = r#"["data"]"#.parse()?;
            open.plaintext.set(&path, PlainValue::text(value.clone()))?;
            let document = open.seal(&sealed::now(), &mut sealed::random)?;
            Ok(Some(Sealed {
                document,
                fingerprint: sealed::fingerprint(open.data_key(), value),
                before: Some(sealed::fingerprint(open.data_key(), before)),
            }))
        }
        (Store::Make(_), Some(rule)) => {
            let (key, document) = sealed::seal(value, &rule.groups, rule.threshold, keys)?;
            Ok(Some(Sealed {
                document,
                fingerprint: sealed::fingerprint(&key, value),
                before: None,
            }))
        }
        (Store::Make(_), None) => Err(Failure::of([
            "no rule says which keys to encrypt for".to_owned()
        ])),
    }
}

/// Returns how the keys that a file keeps differ from those of the rule.
fn difference(store: &Store, sealed: Option<&Sealed>, rule: Option<&FoundRule>) -> Option<String> {
    match store {
        Store::Edit(..) => rule?.difference(&sealed?.document).map(|difference| {
            format!("{difference}; it was kept so, and `windlass secret rekey` changes that")
        }),
        Store::Make(_) => None,
    }
}

fn layout(rule: Option<&FoundRule>) -> Layout {
    rule.map(|rule| rule.style).unwrap_or_default()
}

fn no_rule(checkout: &Checkout, slot: &Slot) -> Failure {
    let path = slot.directory.join(rules::NAME).unwrap_or_default();
    Failure::of([format!(
        "no {} says which keys to encrypt for; it would stand at {} or above",
        rules::NAME,
        checkout.shown(&path)
    )])
    .hint("`windlass secret keygen` makes a key and shows what to write there")
}

/// Returns the kustomization of a directory with `secret.yaml` among its resources.
fn list_secret(
    checkout: &Checkout,
    directory: &TreePath,
) -> Result<Option<(TreePath, Vec<u8>)>, Failure> {
    for name in FILE_NAMES {
        let path = directory.join(name)?;
        if checkout.tree.kind(&path)? == Some(EntryKind::File) {
            let text = checkout.text(&path)?;
            let mut file = KustomizationFile::read(name, &text)?;
            file.add_paths(PathField::Resources, &["secret.yaml".to_owned()])?;
            let edited = file.finish()?;
            return Ok((edited != text).then(|| (path, edited.into_bytes())));
        }
    }
    Ok(None)
}
