//! A file of `configurations`.

use windlass_yaml::Node;

use super::{Config, NameReference, SECTIONS};
use crate::decode::Decoder;
use crate::kustomization;

/// Reads a configuration file.
pub(crate) fn from_file(decoder: &mut Decoder, node: &Node) -> Config {
    let mut config = Config::default();
    let mut fields: Vec<&'static str> = SECTIONS.to_vec();
    fields.push("nameReference");
    decoder.object(
        node,
        "TransformerConfig",
        &fields,
        |decoder, field, value| {
            if field == "nameReference" {
                config.name_reference = decoder.list(value, name_reference);
            } else if let Some(section) = config.section_mut(field) {
                *section = kustomization::field_specs(decoder, value);
            }
        },
    );
    config.sort();
    config
}

fn name_reference(decoder: &mut Decoder, node: &Node) -> NameReference {
    const FIELDS: [&str; 4] = ["group", "version", "kind", "fieldSpecs"];
    let mut reference = NameReference::default();
    decoder.object(
        node,
        "NameBackReferences",
        &FIELDS,
        |decoder, field, value| match field {
            "group" => reference.target.group = decoder.string(value),
            "version" => reference.target.version = decoder.string(value),
            "kind" => reference.target.kind = decoder.string(value),
            _ => reference.referrers = kustomization::field_specs(decoder, value),
        },
    );
    reference
}
