//! Types, and what follows of a type that is not known yet: as cel-go 0.29 reckons.

mod functions;
mod visit;

use std::fmt;
use std::sync::Arc;

use crate::shape::{Kind, Shape};

pub use visit::{Mistake, Types, check};

/// The type of a part of a program.
#[derive(Clone, Debug, PartialEq)]
enum Type<'s> {
    /// Anything: what only an evaluation knows.
    Dyn,
    /// That of a part that is wrong, which has been said.
    Wrong,
    /// One that is not known yet, by number; in the table of functions, by letter.
    Any(usize),
    /// One by its name, of others: `list(int)`.
    Of(&'static str, Vec<Type<'s>>),
    /// An object with fields, by its name.
    Object(Arc<str>, &'s Shape),
}

/// What is known of types that were not known.
#[derive(Debug, Default)]
struct Known<'s> {
    types: Vec<Option<Type<'s>>>,
    /// What was known before each change, for those that come to nothing.
    changes: Vec<(usize, Option<Type<'s>>)>,
}

/// The first number of an unknown type: smaller ones are letters.
const FIRST: usize = 256;

impl<'s> Type<'s> {
    const fn of(name: &'static str) -> Self {
        Self::Of(name, Vec::new())
    }

    fn list(item: Self) -> Self {
        Self::Of("list", vec![item])
    }

    fn optional(value: Self) -> Self {
        Self::Of("optional_type", vec![value])
    }

    /// Returns the type of the values of a shape, and gives objects a name by their place.
    fn of_shape(shape: &'s Shape, name: &str) -> Self {
        let below = |step: &str| {
            let element = shape.element.as_deref();
            element.map_or(Self::Dyn, |it| {
                Self::of_shape(it, &format!("{name}.{step}"))
            })
        };
        match shape.kind {
            Kind::Bool => Self::of("bool"),
            Kind::Int => Self::of("int"),
            Kind::Double => Self::of("double"),
            Kind::Timestamp => Self::of("timestamp"),
            Kind::Duration => Self::of("duration"),
            Kind::Text => Self::of("string"),
            Kind::Bytes => Self::of("bytes"),
            Kind::List => Self::list(below("@idx")),
            Kind::Map => Self::Of("map", vec![Self::of("string"), below("@elem")]),
            Kind::Object => Self::Object(name.into(), shape),
            Kind::Scalar | Kind::Any => Self::Dyn,
        }
    }

    fn is_dyn(&self) -> bool {
        matches!(self, Self::Dyn | Self::Wrong)
    }

    /// Returns what an optional value may hold; `None` for a type that is not optional.
    fn optional_value(&self) -> Option<&Self> {
        match self {
            Self::Of("optional_type", args) => args.first(),
            _ => None,
        }
    }

    /// Whether a null may stand for a value.
    fn takes_null(&self) -> bool {
        match self {
            Self::Of(name, _) => {
                const NEVER: [&str; 9] = [
                    "bool", "bytes", "double", "int", "list", "map", "string", "type", "uint",
                ];
                !NEVER.contains(name)
            }
            _ => true,
        }
    }

    /// Whether this says as much as the other, or less.
    fn is_as_general_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Dyn | Self::Any(_), _) | (Self::Of("type", _), Self::Of("type", _)) => true,
            (_, Self::Dyn | Self::Any(_)) => false,
            (Self::Of(name, args), Self::Of(other, others)) => {
                let pairs = args.iter().zip(others);
                name == other
                    && args.len() == others.len()
                    && pairs
                        .into_iter()
                        .all(|(it, other)| it.is_as_general_as(other))
            }
            _ => self == other,
        }
    }
}

impl fmt::Display for Type<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dyn => f.write_str("dyn"),
            Self::Wrong => f.write_str("!error!"),
            Self::Any(number) => match u8::try_from(*number) {
                Ok(letter) if letter.is_ascii_uppercase() => write!(f, "{}", char::from(letter)),
                _ => write!(f, "_var{}", number.saturating_sub(FIRST)),
            },
            Self::Object(name, _) => f.write_str(name),
            Self::Of(name, args) if args.is_empty() => f.write_str(name),
            Self::Of(name, args) => {
                let args: Vec<String> = args.iter().map(Self::to_string).collect();
                write!(f, "{name}({})", args.join(", "))
            }
        }
    }
}

impl<'s> Known<'s> {
    fn new_type(&mut self) -> Type<'s> {
        self.types.push(None);
        Type::Any(FIRST + self.types.len() - 1)
    }

    fn get(&self, number: usize) -> Option<&Type<'s>> {
        self.types.get(number.checked_sub(FIRST)?)?.as_ref()
    }

    /// Returns a type with what is known of it; what is not is anything where `finally` says so.
    fn resolved(&self, of: &Type<'s>, finally: bool) -> Type<'s> {
        match of {
            Type::Any(number) => match self.get(*number) {
                Some(known) => self.resolved(known, finally),
                None if finally => Type::Dyn,
                None => of.clone(),
            },
            Type::Of(name, args) => {
                let args = args.iter().map(|it| self.resolved(it, finally));
                Type::Of(name, args.collect())
            }
            _ => of.clone(),
        }
    }

    /// Whether all of these may stand for all of those; then what follows of it is known.
    fn fit_all(&mut self, these: &[Type<'s>], those: &[Type<'s>]) -> bool {
        let fit = self.try_all(these, those);
        while let Some((place, before)) = self.changes.pop() {
            if !fit {
                self.types[place] = before;
            }
        }
        fit
    }

    fn fits(&mut self, this: &Type<'s>, that: &Type<'s>) -> bool {
        self.fit_all(std::slice::from_ref(this), std::slice::from_ref(that))
    }

    fn try_all(&mut self, these: &[Type<'s>], those: &[Type<'s>]) -> bool {
        these.len() == those.len()
            && these
                .iter()
                .zip(those)
                .all(|(this, that)| self.try_one(this, that))
    }

    fn try_one(&mut self, this: &Type<'s>, that: &Type<'s>) -> bool {
        if let Type::Any(number) = that {
            match self.bind(*number, this) {
                (true, _) => return true,
                (false, true) => return false,
                (false, false) => {}
            }
        }
        if let Type::Any(number) = this {
            return self.bind(*number, that).0;
        }
        match (this, that) {
            (this, that) if this.is_dyn() || that.is_dyn() => true,
            (Type::Of("null", _), other) | (other, Type::Of("null", _)) => other.takes_null(),
            (Type::Of("type", _), Type::Of("type", _)) => true,
            (Type::Of(name, args), Type::Of(other, others)) => {
                name == other && self.try_all(args, others)
            }
            (this, that) => this == that,
        }
    }

    /// Takes a type for one that is not known; returns whether it can be, and whether something was known.
    fn bind(&mut self, number: usize, to: &Type<'s>) -> (bool, bool) {
        if *to == Type::Any(number) {
            return (true, true);
        }
        let Some(known) = self.get(number).cloned() else {
            let is_free = !self.holds(to, number);
            if is_free {
                self.set(number, to.clone());
            }
            return (is_free, false);
        };
        if known == *to {
            return (true, true);
        }
        if !self.try_one(to, &known) {
            return (false, true);
        }
        let general = if to.is_as_general_as(&known) {
            to.clone()
        } else {
            known
        };
        if !self.holds(&general, number) {
            self.set(number, general);
        }
        (true, true)
    }

    fn set(&mut self, number: usize, to: Type<'s>) {
        let place = number.saturating_sub(FIRST);
        if let Some(known) = self.types.get_mut(place) {
            let before = known.replace(to);
            self.changes.push((place, before));
        }
    }

    /// Whether a type has the unknown one in it.
    fn holds(&self, within: &Type<'s>, number: usize) -> bool {
        match within {
            Type::Any(other) if *other == number => true,
            Type::Any(other) => self.get(*other).is_some_and(|it| self.holds(it, number)),
            Type::Of(_, args) => args.iter().any(|it| self.holds(it, number)),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
