//! What calls cost, function by function.

use kube_cel::cel::common::ast::CallExpr;

use super::{Estimator, Known, Part, Size, sum};
use crate::shape::Kind;

/// What a byte of a text costs that is read, and one of a regular expression, in thousandths.
const READ: u64 = 100;
const PATTERN: u64 = 250;

/// What the patterns of named formats cost, as a factor.
const NAMED_PATTERN: u64 = 32;

/// What a call costs beyond its arguments, and what it gives.
struct Outcome<'s> {
    cost: u64,
    size: Option<Size>,
    kind: Known<'s>,
}

impl Outcome<'_> {
    fn scalar(cost: u64) -> Self {
        Self {
            cost,
            size: None,
            kind: Known::Scalar,
        }
    }

    fn other(cost: u64) -> Self {
        Self {
            cost,
            size: None,
            kind: Known::Other,
        }
    }

    fn text(cost: u64, size: Option<Size>) -> Self {
        Self {
            cost,
            size,
            kind: Known::Text,
        }
    }
}

impl<'s> Estimator<'s> {
    pub(super) fn call(&mut self, call: &CallExpr) -> Part<'s> {
        let args: Vec<Part<'s>> = call.args.iter().map(|it| self.visit(it)).collect();
        if let ("dyn", [arg]) = (&*call.func_name, &args[..]) {
            let mut part = Part::new(arg.cost.saturating_add(1), Known::Other);
            part.size = arg.size;
            return part;
        }
        let target = call.target.as_deref().map(|it| self.visit(it));
        let outcome = match (&*call.func_name, &args[..]) {
            ("_&&_" | "_||_", _) => Outcome::scalar(0),
            ("_?_:_", [condition, yes, no]) => return conditional(condition, yes, no),
            ("_[_]", [list, index]) => return self.index(list, index),
            (name, args) if operator(name).is_some() => binary(name, args),
            (name, args) => match &target {
                Some(target) => self.method(name, target, args),
                None => function(name, args),
            },
        };
        let before = target.map_or(0, |target| target.cost);
        let cost = sum(&args)
            .saturating_add(before)
            .saturating_add(outcome.cost);
        let mut part = Part::new(cost, outcome.kind);
        let by_type = (part.kind.kind() == Kind::Scalar).then(|| Size::exactly(1));
        part.size = outcome.size.or(by_type);
        part
    }

    fn index(&self, list: &Part<'s>, index: &Part<'s>) -> Part<'s> {
        let cost = list.cost.saturating_add(index.cost).saturating_add(1);
        let step = match list.kind.kind() {
            Kind::List => "@items",
            Kind::Map => "@values",
            _ => return Part::new(cost, Known::Other),
        };
        let mut path = list.path.clone();
        path.push(step.to_owned());
        self.placed(cost, list.kind.item(), path)
    }

    fn method(&self, name: &str, target: &Part<'s>, args: &[Part<'s>]) -> Outcome<'s> {
        let size = target.size();
        match (name, args) {
            ("isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf", _) => {
                self.over_items(name, target)
            }
            ("lowerAscii" | "upperAscii" | "substring" | "trim", _) => {
                Outcome::text(read(size), Some(size))
            }
            ("replace", [old, new, ..]) => {
                let longest = replaced(size, old.size(), new.size());
                Outcome::text(part_of(size.most, 2 * READ), Some(longest))
            }
            ("split", _) => Outcome {
                cost: part_of(size.most, 2 * READ),
                size: Some(Size::up_to(size.most)),
                kind: Known::List(Box::new(Known::Text)),
            },
            ("join", args) => {
                let item = self.item_size(target);
                let mut joined = size.times(item);
                if let Some(separator) = args.first() {
                    let between = Size {
                        least: size.least.saturating_sub(1),
                        most: size.most.saturating_sub(1),
                    };
                    joined = joined.plus(separator.size().times(between));
                }
                Outcome::text(read(joined), Some(joined))
            }
            ("find" | "findAll", [pattern, ..]) => Outcome {
                cost: matching(size, pattern.size()),
                size: Some(Size::up_to(size.most)),
                kind: if name == "find" {
                    Known::Text
                } else {
                    Known::List(Box::new(Known::Text))
                },
            },
            ("matches", [pattern]) => Outcome::scalar(matching(size, pattern.size())),
            ("contains", [part]) => Outcome::scalar(read(size).saturating_mul(read(part.size()))),
            ("startsWith" | "endsWith", [part]) => Outcome::scalar(read(part.size())),
            ("format", _) => Outcome::text(read(size), None),
            ("validate", [text]) => Outcome::other(read(text.size()).saturating_mul(NAMED_PATTERN)),
            ("containsIP", [text]) => Outcome::scalar(4_u64.saturating_add(read_if_text(text))),
            ("containsCIDR", [text]) => Outcome::scalar(7_u64.saturating_add(read_if_text(text))),
            ("charAt" | "quote", _) => Outcome::text(1, None),
            (
                "size" | "sign" | "isInteger" | "asInteger" | "compareTo" | "isGreaterThan"
                | "isLessThan" | "exists" | "all",
                _,
            ) => Outcome::scalar(1),
            (name, _) if name.starts_with("get") || name.starts_with("is") => Outcome::scalar(1),
            _ => Outcome::other(1),
        }
    }

    fn over_items(&self, name: &str, target: &Part<'s>) -> Outcome<'s> {
        let size = target.size();
        if target.kind.kind() != Kind::List {
            return Outcome::scalar(read(size));
        }
        let item = target.kind.item();
        let each = match item.kind() {
            Kind::Text | Kind::Bytes => 1_u64.saturating_add(read(self.item_size(target))),
            _ => 1,
        };
        let cost = size.most.saturating_mul(each);
        match name {
            "max" | "min" | "sum" => Outcome {
                cost,
                size: None,
                kind: item,
            },
            _ => Outcome::scalar(cost),
        }
    }

    fn item_size(&self, list: &Part<'s>) -> Size {
        let mut path = list.path.clone();
        if !path.is_empty() {
            path.push("@items".to_owned());
        }
        let size = self.sized(&path, &list.kind.item());
        size.unwrap_or(Size::UNKNOWN)
    }
}

fn operator(name: &str) -> Option<()> {
    let is_binary = name.starts_with('_') && name.ends_with('_');
    (is_binary || name == "@in").then_some(())
}

fn binary<'s>(name: &str, args: &[Part<'s>]) -> Outcome<'s> {
    let [left, right] = args else {
        return Outcome::other(1);
    };
    let smaller = left.size().most.min(right.size().most);
    let may_be = |part: &Part<'s>, kinds: &[Kind]| kinds.contains(&part.kind.kind());
    let texts = [Kind::Text, Kind::Bytes];
    match name {
        "_==_" | "_!=_" => Outcome::scalar(part_of(smaller, READ)),
        "_<_" | "_<=_" | "_>_" | "_>=_" => {
            let reads = may_be(left, &texts) && may_be(right, &texts);
            let knows_nothing = may_be(left, &[Kind::Any]) && !may_be(right, &[Kind::Scalar]);
            let cost = part_of(smaller, READ);
            Outcome::scalar(match (reads, knows_nothing) {
                (true, _) => cost,
                (false, true) => cost.max(1),
                (false, false) => 1,
            })
        }
        "@in" if may_be(right, &[Kind::List]) => Outcome::scalar(right.size().most),
        "_+_" => {
            let size = left.size().plus(right.size());
            let (cost, size) = match left.kind.kind() {
                Kind::Text | Kind::Bytes => (read(size), Some(size)),
                Kind::List => (1, Some(size)),
                _ => (1, None),
            };
            let kind = match (&left.kind, left.kind.kind()) {
                // What is gathered has the items of what is added to it.
                (_, Kind::List) => Known::List(Box::new(right.kind.item())),
                (kind, _) => kind.clone(),
            };
            Outcome { cost, size, kind }
        }
        _ => Outcome::scalar(1),
    }
}

fn conditional<'s>(condition: &Part<'s>, yes: &Part<'s>, no: &Part<'s>) -> Part<'s> {
    let cost = condition.cost.saturating_add(yes.cost.max(no.cost));
    let mut part = Part::new(cost, yes.kind.clone());
    part.size = Some(yes.size().or(no.size()));
    part
}

fn function<'s>(name: &str, args: &[Part<'s>]) -> Outcome<'s> {
    let Some(first) = args.first() else {
        return Outcome::other(1);
    };
    let size = first.size();
    match (name, args) {
        ("isIP" | "isCIDR" | "isQuantity" | "isSemver", _) => Outcome::scalar(read(size)),
        ("cidr" | "ip" | "quantity" | "semver", _) => Outcome::other(read(size)),
        ("matches", [_, pattern]) => Outcome::scalar(matching(size, pattern.size())),
        ("bytes", _) if first.kind.kind() == Kind::Text => Outcome {
            cost: read(size),
            size: Some(Size {
                least: size.least,
                most: size.most.saturating_mul(4),
            }),
            kind: Known::Bytes,
        },
        ("string", _) if first.kind.kind() == Kind::Bytes => {
            let least = size.least / 4;
            Outcome::text(read(size), Some(Size { least, ..size }))
        }
        ("string", _) => Outcome::text(1, None),
        (
            "int"
            | "uint"
            | "double"
            | "bool"
            | "size"
            | "duration"
            | "timestamp"
            | "!_"
            | "-_"
            | "@not_strictly_false",
            _,
        ) => Outcome::scalar(1),
        _ => Outcome::other(1),
    }
}

/// Returns how long a text becomes whose parts are replaced.
fn replaced(text: Size, old: Size, new: Size) -> Size {
    let most = if old.least == 0 {
        let count = text.most.saturating_add(1);
        count.saturating_mul(new.most).saturating_add(text.most)
    } else if new.most <= old.least {
        text.most
    } else {
        text.most.div_ceil(old.least).saturating_mul(new.most)
    };
    Size::up_to(most)
}

fn matching(text: Size, pattern: Size) -> u64 {
    let text = part_of(text.most.saturating_add(1), READ);
    text.saturating_mul(part_of(pattern.most, PATTERN))
}

fn read(size: Size) -> u64 {
    part_of(size.most, READ)
}

fn read_if_text(part: &Part<'_>) -> u64 {
    if part.kind.kind() == Kind::Text {
        read(part.size())
    } else {
        0
    }
}

/// Returns so many thousandths of a number, rounded up.
fn part_of(count: u64, thousandths: u64) -> u64 {
    let product = u128::from(count) * u128::from(thousandths);
    u64::try_from(product.div_ceil(1000)).unwrap_or(u64::MAX)
}
