//! Laws of field sets.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        "[a-c]".prop_map(|name| Step::Field(name.into())),
        ("[a-b]", 0..3).prop_map(|(name, value)| Step::Key([(name.into(), json!(value))].into())),
        prop_oneof![Just(json!("x")), Just(json!(1)), Just(json!(true))].prop_map(Step::Value),
        (0..3_i64).prop_map(Step::Index),
    ]
}

fn set() -> impl Strategy<Value = FieldSet> {
    let paths = prop::collection::vec(prop::collection::vec(step(), 1..4), 0..6);
    paths.prop_map(|paths| {
        let one = |path: Vec<Step>| {
            let node = path.into_iter().rev().fold(Node::leaf(), |below, step| {
                let mut children = FieldSet::default();
                children.insert(step, below);
                Node {
                    member: false,
                    children,
                }
            });
            node.children
        };
        let sets = paths.into_iter().map(one);
        sets.fold(FieldSet::default(), |all, one| all.union(&one))
    })
}

proptest! {
    #[test]
    fn a_set_survives_its_encoding(set in set()) {
        prop_assert_eq!(decode_set(&encode_set(&set)), Ok(set));
    }

    #[test]
    fn union_and_intersection_are_commutative_and_idempotent(a in set(), b in set()) {
        prop_assert_eq!(a.union(&b), b.union(&a));
        prop_assert_eq!(a.intersection(&b), b.intersection(&a));
        prop_assert_eq!(a.union(&a), a.clone());
        prop_assert_eq!(a.intersection(&a), a);
    }

    #[test]
    fn union_is_associative(a in set(), b in set(), c in set()) {
        prop_assert_eq!(a.union(&b).union(&c), a.union(&b.union(&c)));
    }

    #[test]
    fn a_set_is_what_it_shares_and_what_it_does_not(a in set(), b in set()) {
        prop_assert_eq!(a.intersection(&b).union(&a.difference(&b)), a.clone());
        prop_assert!(a.difference(&b).intersection(&b).is_empty());
        prop_assert!(a.difference(&a).is_empty());
    }

    #[test]
    fn entries_survive_being_written(fields in set(), name in "[a-z]{1,8}", apply in any::<bool>()) {
        prop_assume!(!fields.is_empty());
        let entry = Entry {
            manager: Manager {
                name,
                operation: if apply { Operation::Apply } else { Operation::Update },
                api_version: "apps/v1".to_owned(),
                subresource: "status".to_owned(),
            },
            time: Some("2026-01-01T00:00:00Z".to_owned()),
            fields,
        };
        let mut object = json!({"metadata": {}});
        set_entries(&mut object, vec![entry.clone()]);
        prop_assert_eq!(entries(&object), Ok(vec![entry]));
    }

    #[test]
    fn no_text_makes_the_reader_panic(key in ".{0,12}", form in "[fkvi]:") {
        let _ = decode_set(&json!({ key.as_str(): {} }));
        let _ = decode_set(&json!({ format!("{form}{key}"): {"f:x": {}} }));
        let _ = decode_set(&Value::String(key));
    }
}

#[test]
fn only_the_newest_updates_have_entries_of_their_own() {
    let mut object = json!({"metadata": {}});
    let update = |index: u32| {
        let mut fields = FieldSet::default();
        fields.insert(Step::Field(format!("f{index}").into()), Node::leaf());
        Entry {
            manager: Manager {
                name: format!("manager-{index:02}"),
                operation: Operation::Update,
                api_version: "v1".to_owned(),
                subresource: String::new(),
            },
            time: Some(format!("2026-01-01T00:00:{index:02}Z")),
            fields,
        }
    };
    set_entries(&mut object, (0..14).map(update).collect());
    let found = entries(&object).unwrap();
    assert_eq!(found.len(), 10);
    assert_eq!(found[0].manager.name, "ancient-changes");
    let all = found
        .iter()
        .fold(FieldSet::default(), |all, entry| all.union(&entry.fields));
    assert_eq!(all.iter().count(), 14, "nothing that was owned is lost");
}
