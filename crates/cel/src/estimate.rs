//! What an evaluation can cost at most for values of which only the shape is known: the estimate by which
//! kube-apiserver 1.37 refuses rules before there is any object (cel-go 0.29 `checker.Cost`, with the functions of
//! `k8s.io/apiserver/pkg/cel/library`). It counts other things than [`crate::Program::cost`] does.

mod call;

use kube_cel::cel::common::ast::{ComprehensionExpr, Expr, IdedExpr, LiteralValue, SelectExpr};

use crate::check::entry_parts;
use crate::shape::{Kind, Shape};

/// What a list or a mapping costs that the program makes.
const LIST: u64 = 10;
const MAPPING: u64 = 30;

/// The least and the most bytes or items of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Size {
    least: u64,
    most: u64,
}

/// What is known of a part of the program.
#[derive(Clone, Debug)]
struct Part<'s> {
    /// The most that it costs.
    cost: u64,
    /// How large its value is; `None` where nothing is known of that.
    size: Option<Size>,
    /// What its value is.
    kind: Known<'s>,
    /// Where the value is: a variable, and the way from it.
    path: Vec<String>,
}

/// What a value is.
#[derive(Clone, Debug)]
enum Known<'s> {
    /// A part of a variable.
    Shape(&'s Shape),
    /// A number, a truth value, a time.
    Scalar,
    Text,
    Bytes,
    /// A list that the program makes.
    List(Box<Known<'s>>),
    Map,
    /// Anything.
    Other,
}

/// Returns the most that a program costs whose `self` and `oldSelf` have the shape.
pub(crate) fn estimate(expression: &IdedExpr, shape: &Shape) -> u64 {
    let mut estimator = Estimator {
        root: shape,
        locals: Vec::new(),
    };
    estimator.visit(expression).cost
}

struct Estimator<'s> {
    root: &'s Shape,
    locals: Vec<(String, Part<'s>)>,
}

impl Size {
    const UNKNOWN: Self = Self {
        least: 0,
        most: u64::MAX,
    };

    fn exactly(count: usize) -> Self {
        let count = count as u64;
        Self {
            least: count,
            most: count,
        }
    }

    fn up_to(most: u64) -> Self {
        Self { least: 0, most }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            least: self.least.saturating_add(other.least),
            most: self.most.saturating_add(other.most),
        }
    }

    fn times(self, other: Self) -> Self {
        Self {
            least: self.least.saturating_mul(other.least),
            most: self.most.saturating_mul(other.most),
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            least: self.least.min(other.least),
            most: self.most.max(other.most),
        }
    }
}

impl Known<'_> {
    fn kind(&self) -> Kind {
        match self {
            Self::Shape(shape) => shape.kind.broad(),
            Self::Scalar => Kind::Scalar,
            Self::Text => Kind::Text,
            Self::Bytes => Kind::Bytes,
            Self::List(_) => Kind::List,
            Self::Map => Kind::Map,
            Self::Other => Kind::Any,
        }
    }

    fn item(&self) -> Self {
        match self {
            Self::Shape(shape) => shape.element.as_deref().map_or(Self::Other, Self::Shape),
            Self::List(item) => (**item).clone(),
            _ => Self::Other,
        }
    }

    fn field(&self, name: &str) -> Self {
        match self {
            Self::Shape(shape) if shape.kind == Kind::Map => self.item(),
            Self::Shape(shape) => shape.fields.get(name).map_or(Self::Other, Self::Shape),
            _ => Self::Other,
        }
    }
}

impl<'s> Part<'s> {
    fn new(cost: u64, kind: Known<'s>) -> Self {
        Self {
            cost,
            size: None,
            kind,
            path: Vec::new(),
        }
    }

    fn size(&self) -> Size {
        self.size.unwrap_or(Size::UNKNOWN)
    }
}

impl<'s> Estimator<'s> {
    fn visit(&mut self, expression: &IdedExpr) -> Part<'s> {
        match &expression.expr {
            Expr::Literal(literal) => literal_part(literal),
            Expr::Ident(name) => self.variable(name),
            Expr::Select(select) => self.select(select),
            Expr::Call(call) => self.call(call),
            Expr::List(list) => {
                let parts: Vec<_> = list.elements.iter().map(|it| self.visit(it)).collect();
                let cost = sum(&parts).saturating_add(LIST);
                let item = parts.first().map_or(Known::Other, |it| it.kind.clone());
                let mut part = Part::new(cost, Known::List(Box::new(item)));
                part.size = Some(Size::exactly(list.elements.len()));
                part
            }
            Expr::Map(map) => {
                let entries = map.entries.iter().flat_map(|it| entry_parts(&it.expr));
                let parts: Vec<_> = entries.map(|it| self.visit(it)).collect();
                let mut part = Part::new(sum(&parts).saturating_add(MAPPING), Known::Map);
                part.size = Some(Size::exactly(map.entries.len()));
                part
            }
            Expr::Comprehension(it) => self.comprehension(it),
            Expr::Struct(_) | Expr::Unspecified => Part::new(u64::MAX, Known::Other),
        }
    }

    fn variable(&self, name: &str) -> Part<'s> {
        let mut locals = self.locals.iter().rev();
        if let Some((_, local)) = locals.find(|(known, _)| known == name) {
            let size = self.sized(&local.path, &local.kind).or(local.size);
            return Part {
                cost: 1,
                size,
                ..local.clone()
            };
        }
        let kind = match name {
            "self" | "oldSelf" => Known::Shape(self.root),
            _ => Known::Other,
        };
        self.placed(1, kind, vec![name.to_owned()])
    }

    fn select(&mut self, select: &SelectExpr) -> Part<'s> {
        let operand = self.visit(&select.operand);
        if select.test {
            let mut part = Part::new(operand.cost, Known::Scalar);
            part.size = Some(Size::exactly(1));
            return part;
        }
        let step = matches!(operand.kind.kind(), Kind::Map | Kind::Object);
        let cost = operand.cost.saturating_add(u64::from(step));
        let kind = operand.kind.field(&select.field);
        let mut path = operand.path;
        path.push(select.field.clone());
        self.placed(cost, kind, path)
    }

    fn placed(&self, cost: u64, kind: Known<'s>, path: Vec<String>) -> Part<'s> {
        Part {
            cost,
            size: self.sized(&path, &kind),
            kind,
            path,
        }
    }

    /// Returns the size by the place, or else by what it is.
    fn sized(&self, path: &[String], kind: &Known<'s>) -> Option<Size> {
        let by_type = (kind.kind() == Kind::Scalar).then(|| Size::exactly(1));
        self.size_at(path).or(by_type)
    }

    /// Whatever a way begins with, it is taken for the variable: cel-go does so, too.
    fn size_at(&self, path: &[String]) -> Option<Size> {
        let (_, steps) = path.split_first()?;
        let mut shape = self.root;
        for (index, step) in steps.iter().enumerate() {
            shape = match step.as_str() {
                "@items" | "@values" => shape.element.as_deref()?,
                "@keys" if shape.kind == Kind::Map && index + 1 == steps.len() => {
                    return Some(Size::up_to(0));
                }
                name => shape.fields.get(name)?,
            };
        }
        Some(Size::up_to(shape.most))
    }

    fn comprehension(&mut self, it: &ComprehensionExpr) -> Part<'s> {
        let range = self.visit(&it.iter_range);
        let start = self.visit(&it.accu_init);
        let is_list = range.kind.kind() == Kind::List;
        let mut item = Part::new(
            1,
            if is_list {
                range.kind.item()
            } else {
                Known::Text
            },
        );
        item.path.clone_from(&range.path);
        item.path
            .push(if is_list { "@items" } else { "@keys" }.to_owned());
        self.locals.push((it.accu_var.clone(), start.clone()));
        self.locals.push((it.iter_var.clone(), item));
        let condition = self.visit(&it.loop_cond);
        let step = self.visit(&it.loop_step);
        self.locals.pop();
        let result = self.visit(&it.result);
        self.locals.pop();
        let round = step.cost.saturating_add(condition.cost);
        let rounds = range.size().most.saturating_mul(round);
        let cost = [range.cost, start.cost, result.cost, rounds];
        let cost = cost.iter().fold(0_u64, |sum, it| sum.saturating_add(*it));
        let gathers = matches!(start.kind, Known::List(_) | Known::Map);
        let mut part = Part::new(cost, if gathers { step.kind } else { result.kind });
        part.size = if gathers {
            Some(range.size())
        } else {
            start.size
        };
        part
    }
}

fn literal_part<'s>(literal: &LiteralValue) -> Part<'s> {
    let (kind, size) = match literal {
        LiteralValue::String(text) => (Known::Text, text.inner().chars().count()),
        LiteralValue::Bytes(bytes) => (Known::Bytes, bytes.inner().len()),
        _ => (Known::Scalar, 1),
    };
    let mut part = Part::new(0, kind);
    part.size = Some(Size::exactly(size));
    part
}

fn sum(parts: &[Part<'_>]) -> u64 {
    let costs = parts.iter().map(|part| part.cost);
    costs.fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests;
