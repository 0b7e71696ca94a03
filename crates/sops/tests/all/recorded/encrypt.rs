//! Documents that sops encrypted: ours have the same shape, and open to the same text.

use std::collections::BTreeMap;

use windlass_sops::{
    Config, CreationRule, DataKey, Document, KeyGroup, MacCheck, MasterKey, Plaintext, Rules,
    Selection, SelectionKind, Style, Timestamp,
};

use super::shape::shape;
use super::stand_in::StandIn;
use super::{Case, cases, random, text, vectors};

/// How many cases have the same bytes as those of sops but for what is random. The number only rises.
const FLOOR: usize = 215;

impl Case<'_> {
    fn rule(&self) -> CreationRule {
        let config = self.substituted(text(self.case, "/config"));
        let flat = "creation_rules: [{}]".to_owned();
        let config = if config.is_empty() { flat } else { config };
        let config = Config::parse(&config).unwrap();
        let mut rule = config.creation_rule("doc").unwrap().unwrap().clone();
        let mut keys = Vec::new();
        let arguments: Vec<String> = self.arguments();
        let context = value(&arguments, "--encryption-context").unwrap_or_default();
        let context: BTreeMap<_, _> = context
            .split(',')
            .filter_map(|pair| pair.split_once(':'))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        let list = |flag| value(&arguments, flag).unwrap_or_default();
        keys.extend(MasterKey::kms_list(list("--kms"), &context, ""));
        keys.extend(MasterKey::pgp_list(list("--pgp")));
        keys.extend(MasterKey::vault_list(list("--hc-vault-transit")).unwrap());
        keys.extend(MasterKey::age_list(list("--age")));
        if !keys.is_empty() {
            rule.groups = vec![KeyGroup { keys }];
        }
        for kind in SelectionKind::ALL {
            let flag = format!("--{}", kind.field().replace('_', "-"));
            if let Some(text) = value(&arguments, &flag) {
                rule.selection = Some(Selection::new(kind, text).unwrap());
            }
        }
        rule
    }

    pub(super) fn arguments(&self) -> Vec<String> {
        let arguments = self.case["args"].as_array().into_iter().flatten();
        let arguments = arguments.map(|argument| self.substituted(argument.as_str().unwrap()));
        arguments.collect()
    }

    fn encrypt(&self) -> Result<Document, String> {
        let rule = self.rule();
        let plaintext = Plaintext::parse(&self.read("/src"), self.format());
        let plaintext = plaintext.map_err(|error| error.to_string())?;
        let (mut random, now) = (random(), Timestamp::from_unix(1_769_850_300));
        let key = DataKey::generate(&mut random);
        let wrapping = key.wrapping(&rule.groups, rule.threshold, &now, &mut random);
        let wrapping = wrapping.map_err(|error| error.to_string())?;
        let keys = wrapping
            .ask(&StandIn(self.keyring()))
            .map_err(|error| error.to_string())?;
        let rules = Rules {
            selection: rule.selection.unwrap_or_default(),
            mac_only_encrypted: rule.mac_only_encrypted,
        };
        let document = plaintext.encrypt(&key, keys, rules, &now, &mut random);
        let document = document.map_err(|error| error.to_string())?;
        self.opens_to_the_plaintext(&document, &key)?;
        Ok(document)
    }

    fn opens_to_the_plaintext(&self, document: &Document, key: &DataKey) -> Result<(), String> {
        let bytes = document
            .to_bytes(Style::default())
            .map_err(|error| error.to_string())?;
        let again = Document::parse(&bytes, self.format()).map_err(|error| error.to_string())?;
        let opened = again
            .decrypt_with(key, MacCheck::Verify)
            .map_err(|error| error.to_string())?;
        let opened = opened.to_bytes().map_err(|error| error.to_string())?;
        if opened.expose() == self.read("/expect/plain") {
            Ok(())
        } else {
            Err("opens to another text".to_owned())
        }
    }

    /// Returns how the answer differs, if it does.
    fn encrypted_difference(&self) -> Option<String> {
        let document = match self.encrypt() {
            Ok(document) => document,
            Err(error) => return Some(error),
        };
        let bytes = document.to_bytes(Style::default()).unwrap();
        let ours = shape(&String::from_utf8_lossy(&bytes), self.format());
        let theirs = self.read("/expect/shape");
        let theirs = String::from_utf8_lossy(&theirs);
        let mut lines = ours.lines().zip(theirs.lines());
        match lines.find(|(ours, theirs)| ours != theirs) {
            Some((ours, theirs)) => Some(format!("{ours:?} is not {theirs:?}")),
            None if ours != theirs => Some("another length".to_owned()),
            None => None,
        }
    }
}

fn value<'a>(arguments: &'a [String], flag: &str) -> Option<&'a str> {
    let at = arguments.iter().position(|argument| argument == flag)?;
    arguments.get(at + 1).map(String::as_str)
}

#[test]
fn encrypted_documents_have_the_shape_of_those_of_sops() {
    let Some(vectors) = vectors() else {
        return;
    };
    let (mut agree, mut differ) = (0, Vec::new());
    for case in cases(&vectors, &["encrypt"]) {
        let (case, vectors) = (&case, &vectors);
        match (Case { vectors, case }).encrypted_difference() {
            None => agree += 1,
            Some(difference) => differ.push(format!("{}: {difference}", text(case, "/id"))),
        }
    }
    println!("{agree} cases agree, {} differ", differ.len());
    assert!(differ.is_empty(), "{}", differ.join("\n"));
    assert!(agree >= FLOOR, "only {agree} of {FLOOR} cases agree");
}
