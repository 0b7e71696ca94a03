//! Edits of documents that sops encrypted: what it keeps stays byte for byte, and the rest has its shape.

use regex::Regex;
use sha2::{Digest, Sha256};
use windlass_sops::{
    Config, DataKey, Document, KeyGroup, MacCheck, MasterKey, OpenDocument, PlainValue, Plaintext,
    Style, Timestamp, WrappedKeys,
};

use super::shape::{ENCRYPTED, shape};
use super::stand_in::StandIn;
use super::{Case, cases, random, text, vectors};

/// How many cases agree. The number only rises.
const FLOOR: usize = 40;

type Edited = Result<Document, Box<dyn std::error::Error>>;

struct Edit<'c> {
    case: &'c Case<'c>,
    document: Document,
    key: DataKey,
    arguments: Vec<String>,
}

impl Edit<'_> {
    fn open(&self) -> OpenDocument {
        self.document.open(&self.key, MacCheck::Verify).unwrap()
    }

    fn sealed(&self, change: impl FnOnce(&mut Plaintext)) -> Edited {
        let mut open = self.open();
        change(&mut open.plaintext);
        Ok(open.seal(&now(), &mut random())?)
    }

    fn set(&self, path: &str, value: &str) -> Edited {
        let (path, value) = (path.parse()?, PlainValue::from_json(value.as_bytes())?);
        self.sealed(|plaintext| {
            plaintext.set(&path, value).unwrap();
        })
    }

    fn unset(&self, path: &str) -> Edited {
        let path = path.parse()?;
        self.sealed(|plaintext| plaintext.unset(&path).unwrap())
    }

    /// Does what the `sed` of the case does.
    fn edit(&self) -> Edited {
        let program = text(self.case.case, "/env/EDITOR");
        let command = program.rsplit(' ').next().unwrap();
        let mut open = self.open();
        let clear = open.plaintext.to_bytes()?;
        let clear = clear.expose_text().unwrap();
        let changed = match command.split('/').collect::<Vec<_>>()[..] {
            ["s", from, to, ""] => clear.replacen(from, to, 1),
            _ => clear.split_once('\n').unwrap().1.to_owned(),
        };
        open.plaintext = Plaintext::parse(changed.as_bytes(), self.document.format())?;
        Ok(open.seal(&now(), &mut random())?)
    }

    fn rotate(&self) -> Edited {
        let mut groups = self.document.keys().key_groups();
        groups[0].keys.extend(self.keys("--add-"));
        let threshold = self.document.keys().threshold;
        let key = DataKey::generate(&mut random());
        let wrapping = key.wrapping(&groups, threshold, &now(), &mut random())?;
        let keys = wrapping.with_dates_of(self.document.keys());
        let keys = keys.ask(&StandIn(self.case.keyring()))?;
        Ok(self.open().rotate(&key, keys, &now(), &mut random())?)
    }

    fn update_keys(&self) -> Edited {
        let config = self.case.substituted(text(self.case.case, "/config"));
        let config = Config::parse(&config)?;
        let rule = config.creation_rule("doc")?.unwrap();
        let threshold = self.document.keys().threshold.min(rule.groups.len());
        Ok(self
            .document
            .clone()
            .with_keys(self.wrap(&rule.groups, threshold)?))
    }

    fn add_group(&self) -> Edited {
        let mut groups = self.document.keys().key_groups();
        let keys = self.keys("--");
        groups.push(KeyGroup { keys });
        let flag = "--shamir-secret-sharing-threshold";
        let at = self.arguments.iter().position(|argument| argument == flag);
        let given = at.map(|at| self.arguments[at + 1].parse().unwrap());
        let threshold = given.unwrap_or(self.document.keys().threshold);
        Ok(self
            .document
            .clone()
            .with_keys(self.wrap(&groups, threshold)?))
    }

    fn wrap(
        &self,
        groups: &[KeyGroup],
        threshold: usize,
    ) -> Result<WrappedKeys, Box<dyn std::error::Error>> {
        let wrapping = self
            .key
            .wrapping(groups, threshold, &now(), &mut random())?;
        Ok(wrapping.ask(&StandIn(self.case.keyring()))?)
    }

    /// Returns the keys of flags such as `--add-age`.
    fn keys(&self, prefix: &str) -> Vec<MasterKey> {
        let context = [("A".to_owned(), "b".to_owned())].into();
        let pairs = self.arguments.windows(2);
        pairs
            .flat_map(|pair| match pair[0].strip_prefix(prefix) {
                Some("age") => MasterKey::age_list(&pair[1]),
                Some("pgp") => MasterKey::pgp_list(&pair[1]),
                Some("kms") => MasterKey::kms_list(&pair[1], &context, ""),
                _ => Vec::new(),
            })
            .collect()
    }

    fn edited(&self) -> Edited {
        let arguments: Vec<_> = self.arguments.iter().map(String::as_str).collect();
        match arguments[..] {
            ["set", _, path, value] => self.set(path, value),
            ["--set", assignment, _] => {
                let (path, value) = assignment.split_once(' ').unwrap();
                self.set(path, value)
            }
            ["unset", _, path] => self.unset(path),
            ["edit", _] => self.edit(),
            ["rotate" | "-r", ..] => self.rotate(),
            ["updatekeys", ..] => self.update_keys(),
            ["groups", "add", ..] => self.add_group(),
            _ => panic!("{arguments:?}"),
        }
    }
}

fn now() -> Timestamp {
    Timestamp::from_unix(1_769_850_300)
}

impl Case<'_> {
    /// Returns how the answer differs, if it does.
    fn edited_difference(&self) -> Option<String> {
        let before = self.read("/file");
        let document = Document::parse(&before, self.format()).unwrap();
        let key = document.data_key(&self.keyring()).unwrap();
        let arguments = self.arguments();
        if arguments[0] == "decrypt" {
            let plaintext = document.decrypt_with(&key, MacCheck::Verify).unwrap();
            let same = plaintext.to_bytes().unwrap().expose() == self.read("/expect/bytes");
            return (!same).then(|| "opens to another text".to_owned());
        }
        let edit = Edit {
            case: self,
            document,
            key,
            arguments,
        };
        let edited = match edit.edited() {
            Ok(edited) => edited.to_bytes(Style::default()).unwrap(),
            Err(error) => return Some(error.to_string()),
        };
        self.bytes_difference(&String::from_utf8(edited).unwrap())
    }

    fn bytes_difference(&self, edited: &str) -> Option<String> {
        let encrypted = Regex::new(ENCRYPTED).unwrap();
        let short = |value: &str| format!("{:x}", Hex(&Sha256::digest(value)[..8]));
        let have: Vec<_> = encrypted
            .find_iter(edited)
            .map(|found| short(found.as_str()))
            .collect();
        let kept = self.case["expect"]["kept"].as_array().into_iter().flatten();
        let mut kept = kept.filter_map(serde_json::Value::as_str);
        if let Some(lost) = kept.find(|kept| !have.iter().any(|have| have == kept)) {
            return Some(format!("the ciphertext {lost} is lost"));
        }
        let ours = shape(edited, self.format());
        let theirs = self.read("/expect/shape");
        let theirs = String::from_utf8_lossy(&theirs);
        let mut lines = ours.lines().zip(theirs.lines());
        match lines.find(|(ours, theirs)| ours != theirs) {
            Some((ours, theirs)) => Some(format!("{ours:?} is not {theirs:?}")),
            None => (ours != theirs).then(|| "another length".to_owned()),
        }
    }
}

struct Hex<'b>(&'b [u8]);

impl std::fmt::LowerHex for Hex<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0
            .iter()
            .try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

#[test]
fn edited_documents_keep_what_sops_keeps() {
    let Some(vectors) = vectors() else {
        return;
    };
    let (mut agree, mut differ) = (0, Vec::new());
    for case in cases(&vectors, &["edit"]) {
        let (case, vectors) = (&case, &vectors);
        match (Case { vectors, case }).edited_difference() {
            None => agree += 1,
            Some(difference) => differ.push(format!("{}: {difference}", text(case, "/id"))),
        }
    }
    println!("{agree} cases agree, {} differ", differ.len());
    assert!(differ.is_empty(), "{}", differ.join("\n"));
    assert!(agree >= FLOOR, "only {agree} of {FLOOR} cases agree");
}
