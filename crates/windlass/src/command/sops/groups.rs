//! `sops groups`: key groups added to a file and taken from it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use windlass_sops::{Document, KeyGroup, MasterKey};

use super::context::Context;
use super::creation::{encryption_context, named};
use super::document::{Opening, parse, text_of};
use super::exit::Exit;
use super::file::{Input, Source, Target, missing};
use super::flags::{
    ContextFlags, MacFlags, NameFlags, OrderFlags, OutputFlags, ServiceFlags, ThresholdFlags,
    TypeFlags,
};
use super::wrap::Recipients;
use crate::failure::{Done, Failure};

/// Adds key groups to a file, and takes them away
#[derive(Debug, Args)]
#[command(after_help = "\
With several groups a file opens when keys of as many of them are at hand as --shamir-secret-sharing-threshold says.
Groups are counted from 0. Values stay as they are.")]
pub(super) struct Groups {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Add(Box<Add>),
    Delete(Delete),
}

/// Adds a key group to a file
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sops groups add -i --file secret.yaml --age age1… --age age1… --shamir-secret-sharing-threshold 2")]
struct Add {
    #[command(flatten)]
    common: Common,
    /// age recipients; may be given several times
    #[arg(long, value_name = "RECIPIENTS")]
    age: Vec<String>,
    /// PGP fingerprints
    #[arg(long, value_name = "FINGERPRINTS")]
    pgp: Vec<String>,
    /// ARNs of AWS KMS keys
    #[arg(long, value_name = "ARNS")]
    kms: Vec<String>,
    /// The AWS profile with which the AWS KMS keys are asked
    #[arg(long, value_name = "NAME")]
    aws_profile: Option<String>,
    /// Google Cloud KMS keys
    #[arg(long, value_name = "NAMES")]
    gcp_kms: Vec<String>,
    /// URLs of Azure Key Vault keys
    #[arg(long, value_name = "URLS")]
    azure_kv: Vec<String>,
    /// URLs of keys of HashiCorp Vault's transit engine
    #[arg(long, value_name = "URLS")]
    hc_vault_transit: Vec<String>,
    /// Huawei Cloud KMS keys
    #[arg(long, value_name = "KEYS")]
    hckms: Vec<String>,
    #[command(flatten)]
    context: ContextFlags,
}

/// Takes a key group from a file
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sops groups delete -i --file secret.yaml 1")]
struct Delete {
    #[command(flatten)]
    common: Common,
    /// The group, counted from 0
    #[arg(value_name = "INDEX")]
    index: usize,
}

#[derive(Debug, Args)]
struct Common {
    /// The file
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Write the result to the file itself instead of standard output
    #[arg(long, short)]
    in_place: bool,
    #[command(flatten)]
    threshold: ThresholdFlags,
    #[command(flatten)]
    order: OrderFlags,
    #[command(flatten)]
    service: ServiceFlags,
}

impl Groups {
    pub(super) fn run(self, context: &Context) -> Result<Done, Failure> {
        match self.verb {
            Verb::Add(verb) => {
                let group = verb.group()?;
                verb.common.change(context, |_, _, groups| {
                    groups.push(group);
                    Ok(())
                })
            }
            Verb::Delete(verb) => verb.common.change(context, |input, threshold, groups| {
                delete(input, threshold, groups, verb.index)
            }),
        }
    }
}

impl Add {
    fn group(&self) -> Result<KeyGroup, Failure> {
        let context: BTreeMap<_, _> = encryption_context(&self.context)?;
        let profile = self.aws_profile.as_deref().unwrap_or_default();
        let mut keys = Vec::new();
        keys.extend(MasterKey::pgp_list(&self.pgp.join(",")));
        keys.extend(MasterKey::kms_list(&self.kms.join(","), &context, profile));
        keys.extend(MasterKey::gcp_kms_list(&self.gcp_kms.join(",")));
        let huawei = MasterKey::huawei_list(&self.hckms.join(","));
        keys.extend(named("--hckms", huawei)?);
        let vault = MasterKey::vault_list(&self.hc_vault_transit.join(","));
        keys.extend(named("--hc-vault-transit", vault)?);
        let azure = MasterKey::azure_list(&self.azure_kv.join(","));
        keys.extend(named("--azure-kv", azure)?);
        keys.extend(MasterKey::age_list(&self.age.join(",")));
        if keys.is_empty() {
            let failure = Exit::Generic.because("the new group has no key");
            return Err(failure.hint("name one, such as --age age1…"));
        }
        Ok(KeyGroup { keys })
    }
}

impl Common {
    /// Changes the groups of the file and wraps its data key for them.
    fn change(
        self,
        context: &Context,
        change: impl FnOnce(&Input, usize, &mut Vec<KeyGroup>) -> Result<(), Failure>,
    ) -> Result<Done, Failure> {
        let path = self.file.as_deref().ok_or_else(missing)?;
        let source = Source::File(path);
        let output = OutputFlags {
            in_place: self.in_place,
            output: None,
        };
        let target = Target::new(&output, source)?;
        let opening = Opening::new(&self.service, &self.order, MacFlags::default())?;
        let input = Input::read(
            source,
            &TypeFlags::default(),
            &NameFlags::default(),
            context,
        )?;
        let document = parse(&input)?;
        let threshold = self.threshold(&document);
        let mut groups = document.keys().key_groups();
        change(&input, threshold, &mut groups)?;
        let key = opening.proven_key(&input, &document)?;
        let recipients = Recipients {
            groups: &groups,
            threshold,
            earlier: Some(document.keys()),
            place: &input.name,
        };
        let keys = recipients.wrap(&key, &opening.services)?;
        target.write(&text_of(&document.with_keys(keys), &input, context)?)?;
        Ok(Done::Well)
    }

    fn threshold(&self, document: &Document) -> usize {
        let flag = self.threshold.shamir_secret_sharing_threshold;
        flag.filter(|threshold| *threshold != 0)
            .unwrap_or(document.keys().threshold)
    }
}

fn delete(
    input: &Input,
    threshold: usize,
    groups: &mut Vec<KeyGroup>,
    index: usize,
) -> Result<(), Failure> {
    let count = groups.len();
    if index >= count {
        let text = format!("there is no key group {index}; it has {count}, counted from 0");
        return Err(input.failure(Exit::Generic, text));
    }
    groups.remove(index);
    if groups.len() < threshold {
        let text = format!(
            "{threshold} key groups are needed to open it, and {} would be left",
            groups.len()
        );
        let failure = input.failure(Exit::Generic, text);
        return Err(failure.hint("--shamir-secret-sharing-threshold NUMBER lowers what is needed"));
    }
    Ok(())
}
