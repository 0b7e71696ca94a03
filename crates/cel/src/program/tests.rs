use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::value::Value;

fn given(json: &Json) -> Variables {
    Variables::new().with("self", Value::from_json(json))
}

fn holds(source: &str, json: &Json) -> Result<bool, String> {
    let program = compile(source, &["self"]).map_err(|error| error.to_string())?;
    program
        .holds(&given(json))
        .map_err(|error| error.to_string())
}

#[test]
fn rules_hold_or_do_not() {
    let object = json!({"low": 1, "high": 2, "items": ["a", "b"], "map": {"a-b": 1}, "port": "http", "size": "1Gi"});
    for source in [
        "self.low <= self.high",
        "!has(self.step) || self.step > 0",
        "self.items.all(x, x.matches('^[a-z]$'))",
        "self.items.exists(x, x == 'b') && size(self.items) == 2",
        "self.items.map(x, x + x) == ['aa', 'bb']",
        "'a-b' in self.map && self.map['a-b'] == 1",
        "type(self.port) == string ? self.port.size() < 5 : dyn(self.port) > 0",
        "quantity(self.size).isGreaterThan(quantity('500Mi'))",
        "self[?'step'].orValue(3) == 3",
        "sets.contains(self.items, ['a'])",
        "isIP('10.0.0.1') && cidr('10.0.0.0/8').containsIP('10.1.1.1')",
        "'%d of %s'.format([1, 'a']) == '1 of a'",
        "timestamp('2020-01-01T00:00:00Z') + duration('1h') > timestamp('2020-01-01T00:00:00Z')",
    ] {
        assert_eq!(holds(source, &object), Ok(true), "{source}");
        assert_eq!(
            holds(&format!("!({source})"), &object),
            Ok(false),
            "{source}"
        );
    }
}

#[test]
fn optional_values_are_asked_for_and_mapped() {
    let object = json!({"a": {"b": 1}, "list": [1, 2], "map": {"x": "y"}, "empty": ""});
    for source in [
        "self.?a.b.hasValue() && self.?a.?b.value() == 1",
        "!self.?none.b.hasValue() && !self.?none.?b.?c.hasValue() && !self.a.?none.hasValue()",
        "self.?none.b.orValue(3) == 3 && self.?a.b.orValue(3) == 1",
        "has(self.?a.b) && !has(self.?a.c) && !has(self.?none.c)",
        "self.list[?1].value() == 2 && !self.list[?2].hasValue() && self.?list[0].value() == 1",
        "self.map[?'x'].orValue('') == 'y' && self.?map['z'].orValue('w') == 'w'",
        "self.?none.or(self.?empty).or(optional.of('x')).value() == ''",
        "optional.ofNonZeroValue(self.empty).orValue('x') == 'x' && !optional.none().hasValue()",
        "self.?a.b.optMap(x, x + 1).value() == 2 && !self.?none.optMap(x, x + 1).hasValue()",
        "self.?a.optFlatMap(x, x.?b).value() == 1 && !self.?a.optFlatMap(x, x.?c).hasValue()",
        "self.list.all(x, optional.of(x).optMap(y, y * 2).orValue(0) == x + x)",
        "optional.of(1) == optional.of(1) && optional.of(1) != optional.none()",
        "[1, ?self.?none, ?self.?a.b] == [1, 1] && {?'k': self.?none, 'l': 1}.size() == 1",
        "(has(self.none) ? self.?none : self.?a).b.value() == 1",
    ] {
        assert_eq!(holds(source, &object), Ok(true), "{source}");
    }
    insta::assert_snapshot!(holds("self.?none.value() == 1", &object).unwrap_err(), @"optional.none() dereference");
    let many = format!("self.?a{}.hasValue()", ".optMap(x, x)".repeat(7));
    insta::assert_snapshot!(holds(&many, &object).unwrap_err(), @"the expression has 7 calls of optMap and optFlatMap, and at most 6 are allowed");
}

#[test]
fn mistakes_are_errors_that_say_where() {
    let deep = format!("{}1{} == 1", "(".repeat(99), ")".repeat(99));
    let texts = [
        "self.a >",
        "self.a > 1 && other.b",
        "self.b > 1",
        "self.a",
        "self.a == 1 && Foo{a: 1}.a == 1",
        "lists.range(1000000000).size() > 1",
        "'%.99999f'.format([1.0]) == ''",
        "self.items.all(i, x, x > i)",
        "1 / 0 == 1",
        "'a' < 1",
        &deep,
    ];
    let said = texts.map(|source| holds(source, &json!({"a": 1})).unwrap_err());
    insta::assert_snapshot!(said.join("\n"), @r"
    1:9: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}
    1:15: undeclared reference to 'other' (in container '')
    no such key: b
    the expression gives int, not bool
    making a message is not supported here
    range() is not supported here
    a format that is no plain text is not supported here
    a loop of two variables is not supported here
    division by zero
    no such overload
    the expression has 99 brackets open at once, and at most 24 are allowed
    ");
}

#[test]
fn what_may_take_long_is_not_begun() {
    let list: Vec<Json> = (0..3000).map(Json::from).collect();
    let object = json!({"a": list, "text": "x".repeat(100_000)});
    for source in [
        "self.a.all(x, self.a.all(y, self.a.all(z, x + y + z >= 0)))",
        "self.a.map(x, self.a.map(y, self.a)).size() > 1",
        "[self.text + self.text].map(a, [a + a + a + a].map(b, [b + b + b + b].map(c, c + c + c + c))).size() > 1",
        "self.a.all(x, 'a'.matches('((a{999}){999}){999}'))",
        "self.text.replace('x', self.text).size() > 1",
    ] {
        let refused = holds(source, &object).unwrap_err();
        assert!(
            refused.starts_with("the expression may cost"),
            "{source}: {refused}"
        );
    }
    assert_eq!(holds("self.a.all(x, x >= 0)", &object), Ok(true));
}

#[test]
fn the_deepest_programs_fit_a_small_stack() {
    let chain = |operator: &str, count: usize| vec!["self.a"; count].join(operator);
    let texts = [
        format!("{}1{} == 1", "(".repeat(24), ")".repeat(24)),
        format!("{}1{} == 1", "[".repeat(24), "]".repeat(24)),
        format!("{}true", "!".repeat(16)),
        format!("{} > 0", chain(" + ", 100)),
        format!("{} > 0", chain(" + ", 4000)),
        chain(" == 1 || ", 1000),
        format!("{}1", "true ? ".repeat(25)),
        format!("self{}", ".a".repeat(2000)),
        format!("{}1", "1 in ".repeat(2000)),
        format!("{}1", "- ".repeat(2000)),
        format!("'{}", "\"".repeat(2000)),
    ];
    let run = move || {
        for text in &texts {
            let _: Result<bool, String> = holds(text, &json!({"a": 1}));
        }
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20);
    assert!(thread.spawn(run).unwrap().join().is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(words in proptest::collection::vec(proptest::sample::select(WORDS), 0..20)) {
        let text = words.concat();
        let _: Result<bool, String> = holds(&text, &json!({"a": 1, "b": ["x", 2], "c": {"d": -1.5}, "e": "2h"}));
    }

    #[test]
    fn no_letters_make_it_panic(text in "\\PC{0,40}") {
        let _: Result<bool, String> = holds(&text, &json!({"a": 1}));
    }
}

const WORDS: &[&str] = &[
    "self",
    ".a",
    ".b",
    ".c",
    ".d",
    ".e",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "?",
    " + ",
    " - ",
    " * ",
    " / ",
    " % ",
    " == ",
    " < ",
    " in ",
    " && ",
    " || ",
    "!",
    "-",
    "1",
    "0",
    "9223372036854775807",
    "1u",
    "1.5",
    "'x'",
    "\"",
    "'",
    "b'x'",
    "r'\\'",
    "null",
    "true",
    "x",
    ".all(x, x == 1)",
    ".map(x, x)",
    ".filter(x, true)",
    ".exists_one(x, x)",
    "has(self.a)",
    "size(",
    "string(",
    "int(",
    "uint(",
    "double(",
    "timestamp(",
    "duration(",
    ".size()",
    ".split(",
    ".substring(",
    ".format([1])",
    ".charAt(5)",
    ".indexOf('x')",
    ".replace('x', 'y')",
    "quantity(",
    "semver(",
    "ip(",
    "cidr(",
    ".sum()",
    ".min()",
    ".find('x')",
    ".?a",
    "[?0]",
    "optional.none()",
    ".orValue(1)",
    "type(",
    ".matches('(')",
    "sets.contains(",
    ".getHours()",
    ".join(',')",
    "Foo{",
    "\\",
    "\u{1F600}",
    "//",
    "\n",
];

#[test]
fn an_optional_value_is_asked_before_it_is_taken() {
    let old = |value: Option<Json>| Value::optional(value.map(|json| Value::from_json(&json)));
    let run = |source: &str, value| {
        let variables = Variables::new().with("oldSelf", old(value));
        compile(source, &["oldSelf"]).unwrap().holds(&variables)
    };
    assert_eq!(run("oldSelf.hasValue()", None), Ok(false));
    assert_eq!(run("oldSelf.hasValue()", Some(json!(1))), Ok(true));
    assert_eq!(run("oldSelf.value() == 1", Some(json!(1))), Ok(true));
    assert_eq!(
        run("oldSelf.value().n == 1", Some(json!({"n": 1}))),
        Ok(true)
    );
    assert_eq!(run("oldSelf.orValue(2) == 2", None), Ok(true));
}
