//! The keys of a creation rule, changed in the text of `.sops.yaml`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use windlass_sops::MasterKey;
use windlass_tree::TreePath;
use windlass_yaml::{Node, rewrite};

use super::super::checkout::Checkout;
use super::super::recipient;
use super::super::rules::{self, FoundRule};
use super::files;
use crate::failure::Failure;

/// The fields of a creation rule that name keys, or say how many are needed.
const FIELDS: [&str; 10] = [
    "age",
    "pgp",
    "kms",
    "aws_profile",
    "gcp_kms",
    "hckms",
    "azure_keyvault",
    "hc_vault_transit_uri",
    "key_groups",
    "shamir_threshold",
];

/// Returns the texts of the `.sops.yaml` files with the keys `to` in these rules.
pub(super) fn update(
    checkout: &Checkout,
    stale: &[FoundRule],
    anew: &[&TreePath],
    to: &[MasterKey],
) -> Result<Vec<(PathBuf, Vec<u8>)>, Failure> {
    refuse_rules_of_others(checkout, stale, anew)?;
    let mut texts: BTreeMap<PathBuf, String> = BTreeMap::new();
    for rule in stale {
        let text = match texts.remove(&rule.config) {
            Some(text) => text,
            None => std::fs::read_to_string(&rule.config)?,
        };
        let edited = edit(&text, rule.line, to);
        let edited = edited.map_err(|reason| {
            Failure::of([format!("{}: {reason}", rule.place(checkout))])
                .hint("change the keys there yourself, and leave --update-config out")
        })?;
        texts.insert(rule.config.clone(), edited);
    }
    let texts = texts.into_iter();
    Ok(texts
        .map(|(path, text)| (path, text.into_bytes()))
        .collect())
}

/// A rule that is for other files too may not be changed on the way.
fn refuse_rules_of_others(
    checkout: &Checkout,
    stale: &[FoundRule],
    anew: &[&TreePath],
) -> Result<(), Failure> {
    for path in files::whole(&checkout.tree, &[TreePath::root()])? {
        if anew.contains(&&path) {
            continue;
        }
        let rule = rules::rule_for(checkout, &path).ok().flatten();
        if let Some(rule) = rule.filter(|rule| stale.iter().any(|stale| stale.is_same(rule))) {
            return Err(Failure::of([format!(
                "{}: the rule is also for {}, which would keep its keys",
                rule.place(checkout),
                checkout.shown(&path)
            )])
            .hint("give the files a rule of their own first, or leave --update-config out"));
        }
    }
    Ok(())
}

/// Returns the text with other keys in the rule that begins in this line.
fn edit(text: &str, line: u32, to: &[MasterKey]) -> Result<String, String> {
    let documents = windlass_yaml::parse(text).map_err(|error| error.to_string())?;
    let mut root = documents
        .into_iter()
        .next()
        .ok_or("the file is empty")?
        .root;
    let rules = root
        .get_mut("creation_rules")
        .and_then(Node::as_sequence_mut);
    let mut rules = rules.into_iter().flatten();
    let rule = rules.find(|rule| rule.start.line == line && rule.is_mapping());
    let rule = rule.ok_or("the rule is not written where it is used")?;
    for field in FIELDS {
        rule.remove(field);
    }
    for (field, names) in fields(to) {
        rule.set(field, Node::string(names));
    }
    rewrite(text, &root).map_err(|error| error.to_string())
}

/// Returns the fields of a rule that names these keys.
fn fields(to: &[MasterKey]) -> BTreeMap<&'static str, String> {
    let mut fields: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for key in to {
        let (field, name) = recipient::field(key);
        fields.entry(field).or_default().push(name);
        if let MasterKey::AwsKms(kms) = key
            && !kms.profile.is_empty()
        {
            fields.insert("aws_profile", vec![kms.profile.clone()]);
        }
    }
    let fields = fields.into_iter();
    fields
        .map(|(field, names)| (field, names.join(",")))
        .collect()
}

/// Returns whether a rule cannot name one of these keys in its short form, which has no encryption context.
pub(super) fn needs_key_groups(to: &[MasterKey]) -> bool {
    to.iter()
        .any(|key| matches!(key, MasterKey::AwsKms(kms) if !kms.context.is_empty()))
}

/// Returns these fields as lines of a `.sops.yaml`.
pub(super) fn lines(to: &[MasterKey]) -> String {
    let fields = fields(to).into_iter();
    let lines: Vec<_> = fields
        .map(|(field, names)| format!("{field}: {names}"))
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::super::recipient::AwsArgs;
    use super::*;

    #[test]
    fn only_the_keys_of_the_rule_change() {
        let text = "# ours\ncreation_rules:\n- path_regex: ^a\n  age: age1old\n- path_regex: \\.enc$ # values\n  kms: arn:old\n  aws_profile: dev\n";
        let to = [
            recipient::parse("age1new", &AwsArgs::default()).unwrap(),
            recipient::parse("age1more", &AwsArgs::default()).unwrap(),
        ];
        insta::assert_snapshot!(edit(text, 5, &to).unwrap(), @r"
        # ours
        creation_rules:
        - path_regex: ^a
          age: age1old
        - path_regex: \.enc$ # values
          age: age1new,age1more
        ");
        insta::assert_snapshot!(edit(text, 4, &to).unwrap_err(), @"the rule is not written where it is used");
    }
}
