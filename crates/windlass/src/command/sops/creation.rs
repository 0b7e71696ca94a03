//! What a new document gets: its keys and rules, from flags, variables and the `.sops.yaml`.

use std::collections::BTreeMap;
use std::path::Path;

use windlass_sops::{
    CreationRule, DataKey, KeyGroup, KeyTextError, MasterKey, Rules, Selection, SelectionKind,
    WrappedKeys,
};

use super::context::Context;
use super::exit::Exit;
use super::flags::{ContextFlags, KeyFlags, RuleFlags, ThresholdFlags};
use super::service::Services;
use super::wrap::Recipients;
use crate::failure::Failure;

/// The keys and rules of a new document.
#[derive(Debug)]
pub(super) struct Creation {
    pub(super) groups: Vec<KeyGroup>,
    pub(super) threshold: usize,
    pub(super) rules: Rules,
    /// Where the keys stand, for messages.
    place: String,
}

/// The flags that say something of it.
#[derive(Clone, Copy)]
pub(super) struct CreationFlags<'f> {
    pub(super) keys: &'f KeyFlags,
    pub(super) context: &'f ContextFlags,
    pub(super) rules: &'f RuleFlags,
    pub(super) threshold: &'f ThresholdFlags,
}

impl Creation {
    /// Returns what the document at `path` gets. Keys of the flags replace those of the rule.
    pub(super) fn new(
        path: &Path,
        flags: CreationFlags<'_>,
        context: &Context,
    ) -> Result<Self, Failure> {
        let rule = rule(path, context)?;
        let rules = rules(flags.rules, rule, context)?;
        let given = given_keys(flags.keys, flags.context)?;
        let (groups, place) = match (given.is_empty(), rule) {
            (false, _) => (
                vec![given.into_iter().collect()],
                "the flags and variables".to_owned(),
            ),
            (true, Some(rule)) => (rule.groups.clone(), place(rule, context)),
            (true, None) => return Err(no_keys(context)),
        };
        let threshold = flags.threshold.shamir_secret_sharing_threshold;
        let threshold = threshold.filter(|threshold| *threshold != 0);
        Ok(Self {
            groups,
            threshold: threshold.unwrap_or_else(|| rule.map_or(0, |rule| rule.threshold)),
            rules,
            place,
        })
    }

    /// Encrypts a new data key for the keys.
    pub(super) fn wrap(&self, key: &DataKey, services: &Services) -> Result<WrappedKeys, Failure> {
        let recipients = Recipients {
            groups: &self.groups,
            threshold: self.threshold,
            earlier: None,
            place: &self.place,
        };
        recipients.wrap(key, services)
    }
}

fn place(rule: &CreationRule, context: &Context) -> String {
    let file = context.configuration().map(|found| found.path.display());
    file.map_or_else(String::new, |file| format!("{file}:{}", rule.line))
}

/// Returns the creation rule for the document at `path`; `None` when there are no rules.
pub(super) fn rule<'c>(
    path: &Path,
    context: &'c Context,
) -> Result<Option<&'c CreationRule>, Failure> {
    match context.configuration() {
        Some(configuration) => configuration.creation_rule(path),
        None => Ok(None),
    }
}

fn no_keys(context: &Context) -> Failure {
    let why = match context.configuration() {
        Some(configuration) => format!("{} has no creation_rules", configuration.path.display()),
        None => "there is no .sops.yaml here or above".to_owned(),
    };
    Exit::Generic
        .because(format!(
            "no key to encrypt with: no flag or variable names one, and {why}"
        ))
        .hint("name a key, such as --age age1…, or write a .sops.yaml")
}

/// Returns the keys of the flags in the order of sops.
fn given_keys(flags: &KeyFlags, context: &ContextFlags) -> Result<Vec<MasterKey>, Failure> {
    let context = encryption_context(context)?;
    let profile = flags.aws_profile.as_deref().unwrap_or_default();
    let text = |flag: &'_ Option<String>| flag.clone().unwrap_or_default();
    let mut keys = MasterKey::kms_list(&text(&flags.kms), &context, profile);
    keys.extend(MasterKey::gcp_kms_list(&text(&flags.gcp_kms)));
    keys.extend(named(
        "--hckms",
        MasterKey::huawei_list(&text(&flags.hckms)),
    )?);
    keys.extend(named(
        "--azure-kv",
        MasterKey::azure_list(&text(&flags.azure_kv)),
    )?);
    keys.extend(MasterKey::pgp_list(&text(&flags.pgp)));
    let vault = MasterKey::vault_list(&text(&flags.hc_vault_transit));
    keys.extend(named("--hc-vault-transit", vault)?);
    keys.extend(MasterKey::age_list(&text(&flags.age)));
    Ok(keys)
}

/// Says which flag, or its variable, has a key that is none.
pub(super) fn named(
    flag: &str,
    keys: Result<Vec<MasterKey>, KeyTextError>,
) -> Result<Vec<MasterKey>, Failure> {
    keys.map_err(|error| Exit::Generic.because(format!("{flag}: {error}")))
}

/// Returns the pairs of `--encryption-context`.
pub(super) fn encryption_context(
    flags: &ContextFlags,
) -> Result<BTreeMap<String, String>, Failure> {
    let text = flags.encryption_context.as_deref().unwrap_or_default();
    let pair =
        |pair: &str| match pair.split(':').collect::<Vec<_>>()[..] {
            [key, value] => Ok((key.to_owned(), value.to_owned())),
            _ => Err(Exit::BadContext
                .because(format!("--encryption-context: {pair:?} is not KEY:VALUE"))),
        };
    if text.is_empty() {
        return Ok(BTreeMap::new());
    }
    text.split(',').map(pair).collect()
}

/// Returns the rules: those of the flags behind the verb, else before it, else of the creation rule.
fn rules(
    flags: &RuleFlags,
    rule: Option<&CreationRule>,
    context: &Context,
) -> Result<Rules, Failure> {
    let outer = context.rules();
    let configured = rule.and_then(|rule| rule.selection.as_ref());
    let mut chosen = Vec::new();
    for kind in SelectionKind::ALL {
        let configured = configured.filter(|selection| selection.kind() == kind);
        match text_of(flags, kind).or_else(|| text_of(outer, kind)) {
            Some(text) => chosen.push(selection(kind, &text)?),
            None => chosen.extend(configured.cloned()),
        }
    }
    if let [first, second, ..] = &chosen[..] {
        let fields = (first.kind().field(), second.kind().field());
        let text = format!("{} and {} exclude each other", fields.0, fields.1);
        let hint = "one of them may be that of the creation rule in .sops.yaml";
        return Err(Exit::Conflict.because(text).hint(hint));
    }
    let configured = rule.is_some_and(|rule| rule.mac_only_encrypted);
    Ok(Rules {
        selection: chosen.pop().unwrap_or_default(),
        mac_only_encrypted: flags.mac_only_encrypted || outer.mac_only_encrypted || configured,
    })
}

fn selection(kind: SelectionKind, text: &str) -> Result<Selection, Failure> {
    Selection::new(kind, text).map_err(|wrong| {
        let flag = wrong.field.replace('_', "-");
        let (pattern, reason) = (wrong.pattern, wrong.reason);
        Exit::Generic.because(format!(
            "--{flag}: {pattern:?} is not a regular expression: {reason}"
        ))
    })
}

fn text_of(flags: &RuleFlags, kind: SelectionKind) -> Option<String> {
    let flag = match kind {
        SelectionKind::UnencryptedSuffix => &flags.unencrypted_suffix,
        SelectionKind::EncryptedSuffix => &flags.encrypted_suffix,
        SelectionKind::UnencryptedRegex => &flags.unencrypted_regex,
        SelectionKind::EncryptedRegex => &flags.encrypted_regex,
        SelectionKind::UnencryptedCommentRegex => &flags.unencrypted_comment_regex,
        SelectionKind::EncryptedCommentRegex => &flags.encrypted_comment_regex,
    };
    flag.clone().filter(|text| !text.is_empty())
}
