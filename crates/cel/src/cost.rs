//! An upper bound of what an evaluation costs, from the program and the sizes of its values.
//!
//! The interpreter counts nothing, so a loop within a loop over a large list would hold its caller for hours.

use kube_cel::cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue};
use kube_cel::cel::objects::Value;

use crate::check::entry_parts;
use crate::value::Variables;

/// The most that an evaluation may cost: well under a second.
pub const MAX_COST: u64 = 10_000_000;

/// What a regular expression costs that only the evaluation knows.
const UNKNOWN_PATTERN: u64 = 100_000;

/// How large what a part of the program gives can be.
#[derive(Clone)]
enum Size<'v> {
    /// One of these.
    Known(Vec<&'v Value>),
    /// So many bytes and items together.
    AtMost(u64),
}

struct Bounds<'v> {
    scope: Vec<(&'v str, Size<'v>)>,
}

pub(crate) fn bound(expression: &IdedExpr, variables: &Variables) -> u64 {
    let known = variables.0.iter();
    let scope = known.map(|(name, value)| (&**name, Size::Known(vec![&value.0])));
    let mut bounds = Bounds {
        scope: scope.collect(),
    };
    bounds.visit(expression).1
}

impl<'v> Bounds<'v> {
    /// Returns the size of what the expression gives, and what that costs.
    fn visit(&mut self, expression: &'v IdedExpr) -> (Size<'v>, u64) {
        match &expression.expr {
            Expr::Literal(LiteralValue::String(text)) => {
                (Size::AtMost(1 + text.inner().len() as u64), 1)
            }
            Expr::Literal(LiteralValue::Bytes(bytes)) => {
                (Size::AtMost(1 + bytes.inner().len() as u64), 1)
            }
            Expr::Literal(_) | Expr::Unspecified => (Size::AtMost(1), 1),
            Expr::Ident(name) => (self.lookup(name), 1),
            Expr::Select(select) => {
                let (size, cost) = self.visit(&select.operand);
                let size = if select.test {
                    Size::AtMost(1)
                } else {
                    size.field(&select.field)
                };
                (size, cost + 1)
            }
            Expr::List(list) => self.sum(&list.elements.iter().collect::<Vec<_>>()),
            Expr::Map(map) => {
                let parts = map
                    .entries
                    .iter()
                    .flat_map(|entry| entry_parts(&entry.expr));
                self.sum(&parts.collect::<Vec<_>>())
            }
            Expr::Struct(_) => (Size::AtMost(1), u64::MAX),
            Expr::Call(call) => self.call(call),
            Expr::Comprehension(it) => self.comprehension(it),
        }
    }

    fn lookup(&self, name: &str) -> Size<'v> {
        let mut scope = self.scope.iter().rev();
        let found = scope.find(|(known, _)| *known == name);
        found.map_or(Size::AtMost(1), |(_, size)| size.clone())
    }

    fn sum(&mut self, parts: &[&'v IdedExpr]) -> (Size<'v>, u64) {
        let (mut size, mut cost) = (1_u64, 1_u64);
        for part in parts {
            let (part, spent) = self.visit(part);
            size = size.saturating_add(part.total());
            cost = cost.saturating_add(spent);
        }
        (Size::AtMost(size), cost.saturating_add(size))
    }

    fn call(&mut self, call: &'v CallExpr) -> (Size<'v>, u64) {
        let mut sizes = Vec::new();
        let mut cost = 1_u64;
        for part in call.target.as_deref().into_iter().chain(&call.args) {
            let (size, spent) = self.visit(part);
            cost = cost.saturating_add(spent);
            sizes.push(size);
        }
        if let ("_[_]" | "_[?_]", Some(list)) = (&*call.func_name, sizes.first()) {
            return (list.items(), cost.saturating_add(1));
        }
        let totals: Vec<u64> = sizes.iter().map(Size::total).collect();
        let sum = totals
            .iter()
            .fold(0_u64, |sum, size| sum.saturating_add(*size));
        let product = totals
            .iter()
            .fold(1_u64, |sum, size| sum.saturating_mul(*size));
        let (size, extra) = match &*call.func_name {
            "_&&_" | "_||_" | "!_" | "@not_strictly_false" => (1, 1),
            "_==_" | "_!=_" | "_<_" | "_<=_" | "_>_" | "_>=_" | "@in" | "startsWith"
            | "endsWith" | "contains" | "size" => (1, sum),
            "_?_:_" => (totals.iter().skip(1).copied().max().unwrap_or(1), 1),
            "matches" | "find" | "findAll" => (sum, pattern_cost(call, sum)),
            "replace" | "join" | "equivalent" | "intersects" => (product, product),
            _ => (
                sum.saturating_mul(2).saturating_add(64),
                sum.saturating_mul(2),
            ),
        };
        (Size::AtMost(size), cost.saturating_add(extra))
    }

    fn comprehension(&mut self, it: &'v ComprehensionExpr) -> (Size<'v>, u64) {
        let (range, range_cost) = self.visit(&it.iter_range);
        let (start, start_cost) = self.visit(&it.accu_init);
        let count = range.count();
        let item = range.items();
        let item_size = item.total();
        self.scope.push((&it.iter_var, item));
        self.scope.push((&it.accu_var, Size::AtMost(1)));
        let (step, step_cost) = self.visit(&it.loop_step);
        let (_, condition_cost) = self.visit(&it.loop_cond);
        // What is gathered is copied in each round.
        let gathered = step
            .total()
            .saturating_mul(count)
            .saturating_add(start.total());
        self.scope.pop();
        self.scope.push((&it.accu_var, Size::AtMost(gathered)));
        let (result, result_cost) = self.visit(&it.result);
        self.scope.truncate(self.scope.len() - 2);
        let copies = if step.total() > 4 { gathered } else { 4 };
        let round = [step_cost, condition_cost, item_size, copies];
        let round = round
            .iter()
            .fold(1_u64, |sum, cost| sum.saturating_add(*cost));
        let parts = [
            range_cost,
            start_cost,
            result_cost,
            round.saturating_mul(count),
        ];
        let cost = parts
            .iter()
            .fold(0_u64, |sum, cost| sum.saturating_add(*cost));
        (Size::AtMost(result.total()), cost)
    }
}

/// What a regular expression costs: it is compiled each time, and counted repetitions multiply it.
fn pattern_cost(call: &CallExpr, sum: u64) -> u64 {
    let pattern = match call.args.first().map(|it| &it.expr) {
        Some(Expr::Literal(LiteralValue::String(text))) => text.inner(),
        _ => return UNKNOWN_PATTERN.saturating_add(sum.saturating_mul(sum)),
    };
    let numbers = pattern.split(|letter: char| !letter.is_ascii_digit());
    let repeats = numbers.filter_map(|digits| digits.parse::<u64>().ok());
    let weight = repeats.fold(pattern.len() as u64, |weight, count| {
        weight.saturating_mul(count.max(1))
    });
    weight
        .saturating_mul(100)
        .saturating_add(sum.saturating_mul(1 + pattern.len() as u64 / 8))
}

impl Size<'_> {
    fn total(&self) -> u64 {
        match self {
            Self::Known(values) => values.iter().map(|value| measure(value)).max().unwrap_or(1),
            Self::AtMost(size) => *size,
        }
    }

    /// Returns how many items there can be.
    fn count(&self) -> u64 {
        let Self::Known(values) = self else {
            return self.total();
        };
        let counts = values.iter().map(|value| match value {
            Value::List(items) => items.len() as u64,
            Value::Map(map) => map.map.len() as u64,
            _ => 0,
        });
        counts.max().unwrap_or(0)
    }

    fn field(&self, name: &str) -> Self {
        let Self::Known(values) = self else {
            return self.clone();
        };
        let name = kube_cel::cel::objects::Key::from(name);
        let found = values.iter().filter_map(|value| match value {
            Value::Map(map) => map.map.get(&name),
            _ => None,
        });
        Self::Known(found.collect())
    }

    /// Returns what a loop or an index can give: the items of a list; the keys of a map or its values.
    fn items(&self) -> Self {
        let Self::Known(values) = self else {
            return self.clone();
        };
        let mut items = Vec::new();
        for value in values {
            match value {
                Value::List(list) => items.extend(list.iter()),
                Value::Map(_) => return Self::AtMost(self.total()),
                _ => {}
            }
        }
        Self::Known(items)
    }
}

fn measure(value: &Value) -> u64 {
    match value {
        Value::List(items) => 1 + items.iter().map(measure).sum::<u64>(),
        Value::Map(map) => {
            let pairs = map.map.iter();
            1 + pairs
                .map(|(key, value)| key.to_string().len() as u64 + measure(value))
                .sum::<u64>()
        }
        Value::String(text) => 1 + text.len() as u64,
        Value::Bytes(bytes) => 1 + bytes.len() as u64,
        _ => 1,
    }
}
