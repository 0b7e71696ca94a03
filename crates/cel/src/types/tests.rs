use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

/// Each with what kube-apiserver 1.37 says of it, behind `//`; nothing where it has nothing to say.
const RULES: &str = "
self.n > 'a' // 1:8: found no matching overload for '_>_' applied to '(int, string)'
self.s + 1 == 'b' // 1:8: found no matching overload for '_+_' applied to '(string, int)'
!self.n // 1:1: found no matching overload for '!_' applied to '(int)'
self.flag && self.n // 1:18: expected type 'bool' but found 'int'
size(self.n) > 1 // 1:5: found no matching overload for 'size' applied to '(int)'
self.n.size() > 1 // 1:12: found no matching overload for 'size' applied to 'int.()'
self.n == 1.0 // 1:8: found no matching overload for '_==_' applied to '(int, double)'
self.n > 1.5
nothing(self.n) // 1:8: undeclared reference to 'nothing' (in container '')
self.s.nothing() // 1:15: undeclared reference to 'nothing' (in container '')
self.names.all(x, x > 1) // 1:21: found no matching overload for '_>_' applied to '(string, int)'
self.n.all(x, x > 1) // 1:5: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)
self.names.map(x, x.size()) == ['a'] // 1:29: found no matching overload for '_==_' applied to '(list(int), list(string))'
self.names[0] == 1 // 1:15: found no matching overload for '_==_' applied to '(string, int)'
[1, 'a'].size() == 2 // 1:5: expected type 'int' but found 'string'
self.names == []
{}.size() == 0 && [].all(x, x == 1)
self.any > 1 && self.any.size() > 1 && dyn(self.n) == 'a'
self.when > 1 // 1:11: found no matching overload for '_>_' applied to '(timestamp, int)'
self.when.getHours() > 1 && self.when - self.when < duration('1h')
duration('1x') > duration('1s') // 1:10: invalid duration argument
self.s.matches('[') // 1:16: invalid matches argument
type(self.n) == int && type(self.n) != string
self.o.q == 1 // 1:7: undefined field 'q'
has(self.o.q) // 1:4: undefined field 'q'
self.n.q == 1 // 1:7: type 'int' does not support field selection
self.o == 1 // 1:8: found no matching overload for '_==_' applied to '(selfType0.o, int)'
self.?o.p.orValue(1) // 1:18: found no matching overload for 'orValue' applied to 'optional_type(bool).(int)'
self.?n.optMap(x, x + 1).orValue(2) == self.?n.value()
self.?n.optMap(x, x + 'a').hasValue() // 1:21: found no matching overload for '_+_' applied to '(int, string)'
optional.none().orValue(1) == 1
sets.contains(self.names, [1]) // 1:14: found no matching overload for 'sets.contains' applied to '(list(string), list(int))'
quantity(self.s).isGreaterThan(quantity('1')) && ip(self.s).family() == 4
'//' + r'\\' == \"\"\"a'\"\"\" && self.n > 'a' // 1:35: found no matching overload for '_>_' applied to '(int, string)'
";

fn shape() -> Shape {
    let scalar = |kind| Shape::new(kind, 10, 1);
    let mut names = scalar(Kind::List);
    names.element = Some(Box::new(scalar(Kind::Text)));
    let mut inner = scalar(Kind::Object);
    inner.fields.insert("p".to_owned(), scalar(Kind::Bool));
    let mut shape = scalar(Kind::Object);
    let fields = [
        ("n", scalar(Kind::Int)),
        ("s", scalar(Kind::Text)),
        ("flag", scalar(Kind::Bool)),
        ("any", scalar(Kind::Any)),
        ("when", scalar(Kind::Timestamp)),
        ("names", names),
        ("o", inner),
    ];
    let fields = fields.map(|(name, it)| (name.to_owned(), it));
    shape.fields.extend(fields);
    shape
}

#[test]
fn what_does_not_fit_is_said_as_a_real_server_says_it() {
    let shape = shape();
    let mut said = String::from("\n");
    for line in RULES.lines().filter(|line| !line.is_empty()) {
        let rule = line.rsplit_once(" // ").map_or(line, |(rule, _)| rule);
        let types = check(rule, &shape, false).unwrap();
        said += rule;
        for it in &types.mistakes {
            write!(said, " // {}:{}: {}", it.line, it.column, it.message).unwrap();
        }
        said += "\n";
    }
    assert_eq!(said, RULES);
}

#[test]
fn every_mistake_is_told_with_its_line() {
    let rule = "self.n >\n  'ä' + 1 || x // no x\n  == self.s";
    let types = check(rule, &shape(), false).unwrap();
    let lines = types
        .mistakes
        .iter()
        .map(|it| format!("{}:{} {}", it.line, it.column, it.message));
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r#"
    2:7 found no matching overload for '_+_' applied to '(string, int)'
    2:14 undeclared reference to 'x' (in container '')
    "#);
}

#[test]
fn the_result_has_a_type_and_the_old_value_may_be_optional() {
    let shape = shape();
    let result = |rule, old| check(rule, &shape, old).unwrap().result;
    let rules = [
        "self.n",
        "self.any",
        "self.names.map(x, x.size())",
        "{'a': self.?n}",
        "oldSelf",
    ];
    let found = rules.map(|rule| result(rule, true));
    let wanted = [
        "int",
        "dyn",
        "list(int)",
        "map(string, optional_type(int))",
        "optional_type(selfType0)",
    ];
    assert_eq!(found, wanted);
    assert_eq!(result("oldSelf.n", false), "int");
}

proptest! {
    #[test]
    fn no_rule_makes_it_panic(words in proptest::collection::vec(proptest::sample::select(WORDS), 0..16)) {
        let _ = check(&words.concat(), &shape(), words.len() % 2 == 0);
    }
}

const WORDS: &[&str] = &[
    "self",
    ".n",
    ".?n",
    ".s",
    ".names",
    ".o",
    ".?o",
    ".p",
    ".any",
    ".when",
    "oldSelf",
    "x",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "?",
    ":",
    ", ",
    " + ",
    " == ",
    " > ",
    " && ",
    " || ",
    "!",
    "-",
    " in ",
    "1",
    "1.5",
    "'é'",
    "r'\\'",
    "\"\"\"",
    "b'a'",
    "null",
    "true",
    "has(",
    ".all(x, ",
    ".map(x, ",
    ".filter(x, ",
    ".exists_one(x, ",
    ".optMap(x, ",
    ".orValue(",
    ".value()",
    "optional.of(",
    "optional.none()",
    ".size()",
    "size(",
    "type(",
    "dyn(",
    "// x\n",
    "\n",
    "duration(",
    ".matches(",
];
