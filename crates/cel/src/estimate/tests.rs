use std::collections::BTreeMap;

use crate::compile;
use crate::shape::{Kind, Shape};

fn list(item: Shape, most: u64) -> Shape {
    Shape {
        element: Some(Box::new(item)),
        ..Shape::new(Kind::List, most, 2)
    }
}

/// An object with texts of at most 100 bytes.
fn shape() -> Shape {
    let text = || Shape::new(Kind::Text, 100, 2);
    let fields = [
        ("a", text()),
        ("b", text()),
        ("n", Shape::new(Kind::Scalar, 0, 1)),
        ("names", list(text(), 10)),
        ("many", list(list(text(), 1000), 1000)),
    ];
    Shape {
        fields: fields.map(|(name, shape)| (name.to_owned(), shape)).into(),
        ..Shape::new(Kind::Object, 0, 2)
    }
}

fn cost(text: &str) -> u64 {
    compile(text, &["self", "oldSelf"])
        .unwrap()
        .estimate(&shape())
}

/// The numbers are those of kube-apiserver 1.37.
#[test]
fn what_a_rule_can_cost_follows_from_the_sizes_of_what_it_reads() {
    for (text, wanted) in [
        ("true", 0),
        ("self.n > 1", 3),
        ("self.a == self.b", 14),
        ("self.a.startsWith('abc')", 3),
        ("self.a.contains(self.b)", 104),
        ("self.a.matches('^[a-z]+$')", 24),
        ("self.names.size() < 3", 4),
        ("self.names.all(x, x != 'abc')", 53),
        ("has(self.a)", 1),
    ] {
        assert_eq!(cost(text), wanted, "{text}");
    }
}

#[test]
fn loops_within_loops_multiply() {
    assert!(cost("self.many.all(x, x.all(y, self.names.exists(z, z == y)))") > 10_000_000);
    assert!(cost("self.names.all(x, self.names.exists_one(y, x == y))") < 10_000);
}

#[test]
fn what_nothing_is_known_of_has_no_bound() {
    let any = Shape::new(Kind::Any, u64::MAX, 1);
    let fields = BTreeMap::from([("x".to_owned(), any)]);
    let shape = Shape {
        fields,
        ..Shape::new(Kind::Object, 0, 2)
    };
    let program = compile("self.x.all(y, y.contains(y))", &["self"]).unwrap();
    assert_eq!(program.estimate(&shape), u64::MAX);
}
