//! `sops rotate`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use windlass_sops::{DataKey, KeyGroup, KeyTextError, KeyType, MasterKey};

use super::context::{Context, now, random};
use super::creation::{encryption_context, named};
use super::document::{Opening, encrypt_failure, text_of};
use super::exit::Exit;
use super::file::{Input, Source, Target, required};
use super::flags::{
    ChangeFlags, ContextFlags, MacFlags, NameFlags, OrderFlags, OutputFlags, ServiceFlags,
    TypeFlags,
};
use super::wrap::Recipients;
use crate::failure::{Done, Failure};

/// Encrypts a file with a new data key, and adds and removes keys
#[derive(Debug, Default, Args)]
#[command(
    override_usage = "sops rotate [OPTIONS] FILE",
    after_help = "\
Examples:
  sops rotate -i secret.yaml
  sops rotate -i --add-age age1… --rm-pgp 85D77543… secret.yaml"
)]
pub(super) struct Rotate {
    /// The file
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) output: OutputFlags,
    #[command(flatten)]
    pub(super) changes: ChangeFlags,
    #[command(flatten)]
    pub(super) context: ContextFlags,
    #[command(flatten)]
    pub(super) types: TypeFlags,
    #[command(flatten)]
    pub(super) name: NameFlags,
    #[command(flatten)]
    pub(super) mac: MacFlags,
    #[command(flatten)]
    pub(super) order: OrderFlags,
    #[command(flatten)]
    pub(super) service: ServiceFlags,
}

/// The keys that are added and removed.
struct Changes {
    added: Vec<MasterKey>,
    removed: Vec<MasterKey>,
}

impl Rotate {
    pub(super) fn run(self, context: &Context) -> Result<Done, Failure> {
        let path = required(&self.files, context)?;
        let source = Source::File(path);
        let target = Target::new(&self.output, source)?;
        let changes = Changes::new(&self.changes, &self.context)?;
        changes.need_a_file(path)?;
        let opening = Opening::new(&self.service, &self.order, self.mac)?;
        let input = Input::read(source, &self.types, &self.name, context)?;
        let (document, open) = opening.open(&input, context)?;
        let mut groups = document.keys().key_groups();
        changes.make(&mut groups, &input, context);
        let key = DataKey::generate(&mut random);
        let recipients = Recipients {
            groups: &groups,
            threshold: document.keys().threshold,
            earlier: Some(document.keys()),
            place: &input.name,
        };
        let keys = recipients.wrap(&key, &opening.services)?;
        let rotated = open.rotate(&key, keys, &now(), &mut random);
        let rotated = rotated.map_err(|error| encrypt_failure(&input, &error))?;
        target.write(&text_of(&rotated, &input, context)?)?;
        Ok(Done::Well)
    }
}

impl Changes {
    fn new(flags: &ChangeFlags, context: &ContextFlags) -> Result<Self, Failure> {
        let context = encryption_context(context)?;
        let mut changes = Self {
            added: Vec::new(),
            removed: Vec::new(),
        };
        for (key_type, name, add, rm) in flags.kinds() {
            let keys = |text: Option<&str>| keys(key_type, text.unwrap_or_default(), &context);
            let added = named(&format!("--add-{name}"), keys(add))?;
            let removed = named(&format!("--rm-{name}"), keys(rm))?;
            changes.added.extend(added);
            changes.removed.extend(removed);
        }
        Ok(changes)
    }

    fn need_a_file(&self, path: &Path) -> Result<(), Failure> {
        let is_there = fs::symlink_metadata(path).is_ok();
        if is_there || (self.added.is_empty() && self.removed.is_empty()) {
            return Ok(());
        }
        let text = format!(
            "{}: there is no such file whose keys could change",
            path.display()
        );
        Err(Exit::KeysOfNoFile
            .because(text)
            .hint("`sops edit` makes a new file"))
    }

    /// Adds to the first group, and removes from all.
    fn make(self, groups: &mut [KeyGroup], input: &Input, context: &Context) {
        for added in self.added {
            match groups.first_mut() {
                Some(first) if !first.keys.contains(&added) => first.keys.push(added),
                _ => context.warn(&format!(
                    "{}: it is encrypted for {added} already",
                    input.name
                )),
            }
        }
        for removed in self.removed {
            let is_removed = |key: &MasterKey| key.to_string() == removed.to_string();
            let mut was_there = false;
            for group in groups.iter_mut() {
                let before = group.keys.len();
                group.keys.retain(|key| !is_removed(key));
                was_there |= group.keys.len() < before;
            }
            if !was_there {
                context.warn(&format!(
                    "{}: it was not encrypted for {removed}",
                    input.name
                ));
            }
        }
    }
}

/// Returns the keys of a list.
fn keys(
    key_type: KeyType,
    list: &str,
    context: &BTreeMap<String, String>,
) -> Result<Vec<MasterKey>, KeyTextError> {
    Ok(match key_type {
        KeyType::Age => MasterKey::age_list(list),
        KeyType::Pgp => MasterKey::pgp_list(list),
        KeyType::AwsKms => MasterKey::kms_list(list, context, ""),
        KeyType::GcpKms => MasterKey::gcp_kms_list(list),
        KeyType::AzureKeyVault => MasterKey::azure_list(list)?,
        KeyType::HashicorpVault => MasterKey::vault_list(list)?,
        KeyType::HuaweiKms => MasterKey::huawei_list(list)?,
    })
}
