//! The table of the built-in kinds.

use std::sync::OnceLock;

use super::{Schema, Type, TypeId};

const FACTS: &str = include_str!("facts.txt");

/// Returns the schema of the built-in kinds. It is read once, in well under a millisecond.
pub(super) fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| read(FACTS))
}

fn read(facts: &str) -> Schema {
    let mut schema = Schema::default();
    // Types refer to later ones by number, so their places are made first.
    let count = facts
        .lines()
        .filter(|line| line.starts_with("type "))
        .count();
    schema.types.resize_with(count, Type::default);
    let mut current = 0;
    for line in facts.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["type", number] => current = number.parse().unwrap_or_default(),
            ["field", name, how, next, strategy, ref keys @ ..] => {
                let field = add_field(&mut schema, how, next.parse().ok(), strategy, keys);
                schema.types[current].fields.insert(name.into(), field);
            }
            ["kind", api_version, kind, scope, number] => {
                add_kind(&mut schema, (api_version, kind), scope, number.parse().ok());
            }
            _ => {}
        }
    }
    schema
}

fn add_field(
    schema: &mut Schema,
    how: &str,
    next: Option<TypeId>,
    strategy: &str,
    keys: &[&str],
) -> TypeId {
    let mut field = Type {
        is_list: how == "[]",
        strategy: if strategy == "-" { "" } else { strategy }.into(),
        keys: keys
            .iter()
            .flat_map(|keys| keys.split(','))
            .map(str::to_owned)
            .collect(),
        ..Type::default()
    };
    match how {
        "[]" => field.items = next,
        "{}" => field.values = next,
        // An object is the type itself.
        _ if let Some(next) = next => return next,
        _ => {}
    }
    schema.types.push(field);
    schema.types.len() - 1
}

fn add_kind(schema: &mut Schema, kind: (&str, &str), scope: &str, id: Option<TypeId>) {
    let key = (kind.0.to_owned(), kind.1.to_owned());
    if scope != "-" {
        schema.namespaced.insert(key.clone(), scope == "n");
    }
    if let Some(id) = id {
        schema.kinds.insert(key, id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_merge_by_name_and_service_ports_by_port() {
        let schema = schema();
        let deployment = schema.kind("apps/v1", "Deployment").unwrap();
        let field = |id, name: &str| schema.get(id).fields[name];
        let pod = field(field(field(deployment, "spec"), "template"), "spec");
        let containers = schema.get(field(pod, "containers"));
        assert_eq!(containers.keys, ["name"]);
        assert!(containers.merges() && containers.is_list);
        let ports = schema.get(field(containers.items.unwrap(), "ports"));
        assert_eq!(ports.keys, ["containerPort", "protocol"]);
    }

    #[test]
    fn roles_have_a_namespace_and_cluster_roles_have_none() {
        let of = |kind: &str| {
            let key = ("rbac.authorization.k8s.io/v1".to_owned(), kind.to_owned());
            schema().namespaced.get(&key).copied()
        };
        assert_eq!(of("Role"), Some(true));
        assert_eq!(of("ClusterRole"), Some(false));
        assert_eq!(of("Nonsense"), None);
    }
}
