//! The built-in table of fields.

use std::sync::{Arc, OnceLock};

use super::{Config, NameReference};
use crate::fieldspec::FieldSpec;
use crate::id::GvkSelector;

const TABLE: &str = include_str!("defaults.txt");

/// Returns the fields that kustomize 5.8.1 changes when nothing is configured.
pub(crate) fn built_in() -> Arc<Config> {
    static CONFIG: OnceLock<Arc<Config>> = OnceLock::new();
    Arc::clone(CONFIG.get_or_init(|| {
        let mut config = read(TABLE);
        config.sort();
        Arc::new(config)
    }))
}

/// Returns a config without fields.
pub(crate) fn none() -> Arc<Config> {
    static CONFIG: OnceLock<Arc<Config>> = OnceLock::new();
    Arc::clone(CONFIG.get_or_init(Arc::default))
}

fn read(table: &str) -> Config {
    let mut config = Config::default();
    let mut section = "";
    for line in table.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["section", name] => section = name,
            ["target", group, version, kind] => config.name_reference.push(NameReference {
                target: selector(group, version, kind),
                referrers: Vec::new(),
            }),
            [group, version, kind, create @ ("create" | "keep"), path] => {
                let spec = FieldSpec {
                    gvk: selector(group, version, kind),
                    path: path.to_owned(),
                    create: create == "create",
                };
                add(&mut config, section, spec);
            }
            _ => {}
        }
    }
    config
}

fn add(config: &mut Config, section: &str, spec: FieldSpec) {
    if section == "nameReference" {
        if let Some(reference) = config.name_reference.last_mut() {
            reference.referrers.push(spec);
        }
    } else if let Some(list) = config.section_mut(section) {
        list.push(spec);
    }
}

fn selector(group: &str, version: &str, kind: &str) -> GvkSelector {
    let word = |word: &str| {
        if word == "-" {
            String::new()
        } else {
            word.to_owned()
        }
    };
    GvkSelector {
        group: word(group),
        version: word(version),
        kind: word(kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_section_that_kustomize_fills() {
        let config = built_in();
        let empty: Vec<_> = super::super::SECTIONS
            .iter()
            .zip(config.lists())
            .filter(|(_, list)| list.is_empty())
            .map(|(name, _)| *name)
            .collect();
        assert_eq!(empty, ["labels"]);
        assert_eq!(config.name_reference.len(), 16);
    }
}
