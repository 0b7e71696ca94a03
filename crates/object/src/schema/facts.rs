//! The table of facts: unpacked once, on first use.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::Value;

use super::{ListType, MapType, PatchStrategy, Presence, Property, Schema, Target, Type};
use crate::Gvk;

static PACKED: &[u8] = include_bytes!("facts-1.37.json.gz");

/// The facts about all built-in kinds of one Kubernetes version.
#[derive(Debug)]
pub struct Facts {
    version: String,
    definitions: Vec<Definition>,
    names: HashMap<String, u16>,
    /// By `group/version/kind`; the group is empty for the core group.
    kinds: HashMap<String, Kind>,
    /// Whether a kind is namespaced, by `group/kind`.
    scopes: HashMap<String, bool>,
}

/// A named schema, such as `io.k8s.api.apps.v1.DeploymentSpec`.
#[derive(Debug)]
pub struct Definition {
    /// The name in Kubernetes' OpenAPI documents.
    pub name: String,
    /// The schema.
    pub schema: Schema,
    /// The kinds that objects of this definition have.
    pub kinds: Vec<Gvk>,
}

/// A built-in kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    definition: u16,
    namespaced: bool,
}

/// Returns the facts of Kubernetes 1.37.
#[must_use]
pub fn facts() -> &'static Facts {
    static FACTS: OnceLock<Facts> = OnceLock::new();
    FACTS.get_or_init(unpack_own)
}

fn unpack_own() -> Facts {
    Facts::unpack(PACKED).expect("the table of facts is made and tested with the crate")
}

impl Facts {
    /// Returns the Kubernetes version that the facts are of, such as `1.37.0`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns the definitions, sorted by name.
    #[must_use]
    pub fn definitions(&self) -> &[Definition] {
        &self.definitions
    }

    /// Returns the definition `name`, such as `io.k8s.api.core.v1.Pod`.
    #[must_use]
    pub fn definition(&self, name: &str) -> Option<&Definition> {
        self.names.get(name).map(|index| self.definition_at(*index))
    }

    /// Returns what is known about the kind; `None` if it is not built in.
    #[must_use]
    pub fn kind(&self, gvk: &Gvk) -> Option<Kind> {
        let key = format!("{}/{}/{}", gvk.group, gvk.version, gvk.kind);
        self.kinds.get(&key).copied()
    }

    /// Returns the schema of the kind; `None` if it is not built in.
    #[must_use]
    pub fn schema(&self, gvk: &Gvk) -> Option<&Schema> {
        self.kind(gvk)
            .map(|kind| &self.definition_at(kind.definition).schema)
    }

    /// Returns whether objects of the kind live in a namespace; `None` if no version of the kind is
    /// built in.
    #[must_use]
    pub fn is_namespaced(&self, group: &str, kind: &str) -> Option<bool> {
        self.scopes.get(&format!("{group}/{kind}")).copied()
    }

    pub(super) fn definition_index(&self, name: &str) -> Option<u16> {
        self.names.get(name).copied()
    }

    pub(super) fn definition_at(&self, index: u16) -> &Definition {
        &self.definitions[usize::from(index)]
    }

    fn unpack(packed: &[u8]) -> Result<Self, Box<dyn std::error::Error>> {
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(packed).read_to_end(&mut text)?;
        let file: File<'_> = serde_json::from_slice(&text)?;
        let names: HashMap<_, _> = file.definitions.keys().copied().zip(0..).collect();
        let mut facts = Self {
            version: file.kubernetes.to_owned(),
            definitions: Vec::with_capacity(names.len()),
            names: HashMap::new(),
            kinds: HashMap::new(),
            scopes: HashMap::new(),
        };
        for (name, node) in file.definitions {
            facts.insert(name, node, &names)?;
        }
        facts.names = names
            .into_iter()
            .map(|(name, index)| (name.to_owned(), index))
            .collect();
        Ok(facts)
    }

    fn insert(&mut self, name: &str, mut node: Node<'_>, names: &Names<'_>) -> Result<(), String> {
        let definition = u16::try_from(self.definitions.len()).map_err(|e| e.to_string())?;
        let mut kinds = Vec::new();
        for text in std::mem::take(&mut node.g) {
            let key = text.trim_end_matches('!');
            let namespaced = key.len() == text.len();
            let [group, version, kind] = key.splitn(3, '/').collect::<Vec<_>>()[..] else {
                return Err(format!("{name}: bad kind {text}"));
            };
            kinds.push(Gvk {
                group: group.into(),
                version: version.into(),
                kind: kind.into(),
            });
            self.scopes.insert(format!("{group}/{kind}"), namespaced);
            let kind = Kind {
                definition,
                namespaced,
            };
            self.kinds.insert(key.to_owned(), kind);
        }
        self.definitions.push(Definition {
            name: name.to_owned(),
            schema: node.schema(names)?,
            kinds,
        });
        Ok(())
    }
}

impl Kind {
    /// Returns the definition of the kind's objects.
    #[must_use]
    pub fn definition(self) -> &'static Definition {
        facts().definition_at(self.definition)
    }

    /// Returns whether objects of the kind live in a namespace.
    #[must_use]
    pub fn is_namespaced(self) -> bool {
        self.namespaced
    }
}

type Names<'a> = HashMap<&'a str, u16>;

#[derive(Deserialize)]
struct File<'a> {
    kubernetes: &'a str,
    #[serde(borrow)]
    definitions: BTreeMap<&'a str, Node<'a>>,
}

/// A node as the script writes it; the script's header says what each letter means.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Node<'a> {
    t: Option<&'a str>,
    #[serde(rename = "$")]
    reference: Option<&'a str>,
    f: Option<&'a str>,
    #[serde(borrow)]
    p: BTreeMap<&'a str, Node<'a>>,
    i: Option<Box<Node<'a>>>,
    a: Option<Box<Node<'a>>>,
    r: Vec<&'a str>,
    e: Vec<Value>,
    l: Option<&'a str>,
    k: Vec<&'a str>,
    m: Option<&'a str>,
    s: Option<&'a str>,
    y: Option<&'a str>,
    d: Option<Value>,
    w: Option<&'a str>,
    g: Vec<&'a str>,
}

impl Node<'_> {
    fn schema(self, names: &Names<'_>) -> Result<Schema, String> {
        let (list, keys) = self.list();
        let properties = self.p.into_iter().map(|(name, node)| {
            let property = node.property(names)?;
            Ok((Box::from(name), property))
        });
        let target = |node: Option<Box<Self>>| node.map(|node| node.target(names)).transpose();
        Ok(Schema {
            kind: kind(self.t)?,
            format: self.f.map(Box::from),
            properties: properties.collect::<Result<_, String>>()?,
            items: target(self.i)?,
            additional: target(self.a)?,
            required: self.r.into_iter().map(Box::from).collect(),
            list,
            keys,
            map: if self.m == Some("a") {
                MapType::Atomic
            } else {
                MapType::Granular
            },
            enumeration: self.e,
            default: self.d,
            ..Schema::default()
        })
    }

    fn property(mut self, names: &Names<'_>) -> Result<Property, String> {
        let words = self.s.unwrap_or_default();
        let has = |word| words.split(',').any(|other| other == word);
        Ok(Property {
            presence: match self.w {
                Some("a") => Presence::Always,
                Some("n") => Presence::Null,
                Some("p") => Presence::Set,
                _ => Presence::NotEmpty,
            },
            strategy: PatchStrategy {
                merge: has("merge"),
                retain_keys: has("retainKeys"),
                replace: has("replace"),
            },
            merge_key: self.y.take().map(Box::from),
            target: self.target(names)?,
        })
    }

    fn target(self, names: &Names<'_>) -> Result<Target, String> {
        match self.reference {
            Some(name) => match names.get(name) {
                Some(index) => Ok(Target::Definition(*index)),
                None => Err(format!("no definition {name}")),
            },
            None => Ok(Target::Inline(Box::new(self.schema(names)?))),
        }
    }

    /// A list without a list type takes its merge key from the patch strategy, as Kubernetes'
    /// conversion of OpenAPI to apply's schema does.
    fn list(&self) -> (ListType, Vec<Box<str>>) {
        let merges = self.s.is_some_and(|words| words.starts_with("merge"));
        match (self.l, self.y) {
            (Some("s"), _) => (ListType::Set, Vec::new()),
            (Some("m"), _) => (
                ListType::Map,
                self.k.iter().copied().map(Box::from).collect(),
            ),
            (None, Some(key)) if merges => (ListType::Map, vec![Box::from(key)]),
            (None, None) if merges => (ListType::Set, Vec::new()),
            _ => (ListType::Atomic, Vec::new()),
        }
    }
}

fn kind(letter: Option<&str>) -> Result<Type, String> {
    Ok(match letter {
        Some("o") => Type::Object,
        Some("a") => Type::Array,
        Some("s") => Type::String,
        Some("i") => Type::Integer,
        Some("n") => Type::Number,
        Some("b") => Type::Boolean,
        Some("x") => Type::IntOrString,
        Some("q") => Type::Quantity,
        Some("*") | None => Type::Any,
        Some(other) => return Err(format!("unknown type {other}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(api_version: &str, kind: &str) -> &'static Schema {
        let schema = facts().schema(&Gvk::new(api_version, kind)).unwrap();
        schema.property("spec").unwrap().schema()
    }

    #[test]
    fn the_table_is_of_kubernetes_1_37_and_holds_all_definitions() {
        assert_eq!(facts().version(), "1.37.0");
        assert_eq!(facts().definitions().len(), 862);
    }

    #[test]
    fn ports_of_a_service_merge_by_port_in_patches_and_by_port_and_protocol_in_apply() {
        let ports = spec("v1", "Service").property("ports").unwrap();
        assert_eq!(ports.merge_key(), Some("port"));
        let keys: Vec<_> = ports.schema().list_keys().iter().map(|k| &**k).collect();
        assert_eq!(keys, ["port", "protocol"]);
        let protocol = ports.schema().items().field("protocol").unwrap();
        assert_eq!(protocol.default_value(), Some(&Value::from("TCP")));
    }

    #[test]
    fn the_strategy_of_a_deployment_keeps_only_named_keys_and_is_always_written() {
        let strategy = spec("apps/v1", "Deployment").property("strategy").unwrap();
        assert!(strategy.patch_strategy().retain_keys);
        assert_eq!(strategy.presence(), Presence::Always);
        assert_eq!(
            strategy.definition().unwrap().name,
            "io.k8s.api.apps.v1.DeploymentStrategy"
        );
    }

    #[test]
    fn one_place_may_override_the_map_type_of_its_definition() {
        let claim = spec("v1", "PersistentVolume").field("claimRef").unwrap();
        assert_eq!(claim.map_type(), MapType::Granular);
        let reference = facts()
            .definition("io.k8s.api.core.v1.ObjectReference")
            .unwrap();
        assert_eq!(reference.schema.map_type(), MapType::Atomic);
    }

    #[test]
    fn scope_is_known_for_built_in_kinds_only() {
        assert_eq!(facts().is_namespaced("", "Namespace"), Some(false));
        assert_eq!(facts().is_namespaced("apps", "Deployment"), Some(true));
        assert_eq!(
            facts().is_namespaced("rbac.authorization.k8s.io", "ClusterRole"),
            Some(false)
        );
        assert_eq!(facts().is_namespaced("example.com", "Widget"), None);
    }
}
