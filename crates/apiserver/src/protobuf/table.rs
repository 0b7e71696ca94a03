//! The numbers and types of fields, from the protocol buffers of k8s.io/api and k8s.io/apimachinery
//! v0.37.0; `tools/protobuf-fields.py` makes the table.

use std::collections::HashMap;
use std::io::Read;
use std::sync::OnceLock;

static PACKED: &[u8] = include_bytes!("fields-1.37.txt.gz");

/// The fields of all messages.
#[derive(Debug, Default)]
pub(super) struct Table(HashMap<String, HashMap<u32, Field>>);

/// A field.
#[derive(Debug)]
pub(super) struct Field {
    /// Its name.
    pub(super) name: String,
    /// What its values are.
    pub(super) kind: Kind,
    /// How many values it has.
    pub(super) shape: Shape,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Kind {
    /// A text.
    Text,
    /// Bytes, in JSON as Base64.
    Bytes,
    /// A whole number.
    Integer,
    /// True or false.
    Flag,
    /// A message of this name.
    Message(String),
}

/// How many values a field has.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// One.
    Single,
    /// Any number.
    List,
    /// Any number, each under a name.
    Map,
}

/// Returns the table.
pub(super) fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut text = String::new();
        flate2::read::GzDecoder::new(PACKED)
            .read_to_string(&mut text)
            .expect("the table is made and tested with the crate");
        Table::parse(&text)
    })
}

impl Table {
    /// Returns the field of a message.
    pub(super) fn field(&self, message: &str, number: u32) -> Option<&Field> {
        self.0.get(message)?.get(&number)
    }

    /// Reads lines `=MESSAGE` and `NUMBER NAME TYPE`; `*` before the type marks lists, `%` maps.
    fn parse(text: &str) -> Self {
        let mut table = Self::default();
        let mut message = String::new();
        for line in text.lines() {
            if let Some(name) = line.strip_prefix('=') {
                name.clone_into(&mut message);
                continue;
            }
            let parts: Vec<&str> = line.split(' ').collect();
            if let [number, name, kind] = parts[..]
                && let Ok(number) = number.parse()
            {
                let fields = table.0.entry(message.clone()).or_default();
                fields.insert(number, Field::parse(name, kind));
            }
        }
        table
    }
}

impl Field {
    fn parse(name: &str, kind: &str) -> Self {
        let (shape, kind) = match (kind.strip_prefix('*'), kind.strip_prefix('%')) {
            (Some(kind), _) => (Shape::List, kind),
            (_, Some(kind)) => (Shape::Map, kind),
            _ => (Shape::Single, kind),
        };
        let kind = match kind {
            "s" => Kind::Text,
            "y" => Kind::Bytes,
            "i" => Kind::Integer,
            "b" => Kind::Flag,
            message => Kind::Message(message.to_owned()),
        };
        Self {
            name: name.to_owned(),
            kind,
            shape,
        }
    }
}
