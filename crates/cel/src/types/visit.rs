//! The types of a program, part by part, and where they do not fit.

use kube_cel::cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, ListExpr, LiteralValue, MapExpr,
    SelectExpr,
};

use super::functions::{self, Overload};
use super::{Known, Type};
use crate::error::CompileError;
use crate::places::{Places, places};
use crate::program::{is_constant_sound, parse};
use crate::shape::Shape;
use crate::sugar;

/// Something that does not fit, in the words of cel-go 0.29.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

/// What the types of a program say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Types {
    /// The mistakes, by their place.
    pub mistakes: Vec<Mistake>,
    /// The type of the result, such as `bool`; `dyn` where only an evaluation knows.
    pub result: String,
}

/// Looks whether the types of a program fit whose `self` and `oldSelf` have the shape; `oldSelf` may be optional.
///
/// Functions that are not evaluated here are known as well.
///
/// # Errors
///
/// [`CompileError`]: a text that is too large, not in the language, or has a loop of two variables.
pub fn check(source: &str, shape: &Shape, old_is_optional: bool) -> Result<Types, CompileError> {
    let mut expression = parse(source)?;
    crate::check::loops(&expression)?;
    let places = places(&expression, source);
    sugar::make_out(&mut expression);
    let this = Type::of_shape(shape, "selfType0");
    let old = if old_is_optional {
        Type::optional(this.clone())
    } else {
        this.clone()
    };
    let mut visitor = Visitor {
        known: Known::default(),
        names: vec![("self", this), ("oldSelf", old)],
        places: &places,
        here: 0,
        mistakes: Vec::new(),
    };
    let result = visitor.visit(&expression);
    let result = visitor.known.resolved(&result, true).to_string();
    if visitor.mistakes.is_empty() {
        visitor.check_constants(&expression);
    }
    let mut mistakes: Vec<Mistake> = visitor
        .mistakes
        .into_iter()
        .map(|(at, message)| located(source, at, message))
        .collect();
    mistakes.sort_by_key(|it| (it.line, it.column));
    Ok(Types { mistakes, result })
}

fn located(source: &str, at: usize, message: String) -> Mistake {
    let before = source.get(..at).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    Mistake {
        line: before.matches('\n').count() + 1,
        column: line.chars().count() + 1,
        message,
    }
}

struct Visitor<'s, 'e> {
    known: Known<'s>,
    /// The variables, the innermost last.
    names: Vec<(&'e str, Type<'s>)>,
    places: &'e Places,
    /// Where the innermost part is that stands in the text: what a macro makes stands with it.
    here: usize,
    mistakes: Vec<(usize, String)>,
}

impl<'s, 'e> Visitor<'s, 'e> {
    fn wrong(&mut self, at: &IdedExpr, message: String) -> Type<'s> {
        let place = self.places.get(&at.id).copied();
        self.mistakes.push((place.unwrap_or(self.here), message));
        Type::Wrong
    }

    fn mismatch(&mut self, at: &IdedExpr, wanted: &Type<'s>, found: &Type<'s>) -> Type<'s> {
        self.wrong(at, format!("expected type '{wanted}' but found '{found}'"))
    }

    fn undeclared(&mut self, at: &IdedExpr, name: &str) -> Type<'s> {
        self.wrong(
            at,
            format!("undeclared reference to '{name}' (in container '')"),
        )
    }

    fn visit(&mut self, expression: &'e IdedExpr) -> Type<'s> {
        let outer = self.here;
        self.here = self.places.get(&expression.id).copied().unwrap_or(outer);
        let found = self.visit_here(expression);
        self.here = outer;
        found
    }

    fn visit_here(&mut self, expression: &'e IdedExpr) -> Type<'s> {
        match &expression.expr {
            Expr::Literal(literal) => literal_type(literal),
            Expr::Ident(name) => match self.variable(name) {
                Some(known) => known,
                None => self.undeclared(expression, name),
            },
            Expr::Select(select) => self.select(expression, select),
            Expr::Call(call) if call.func_name == "_?._" => self.optional_select(expression, call),
            Expr::Call(call) => self.call(expression, call),
            Expr::List(list) => self.list(list),
            Expr::Map(map) => self.map(map),
            Expr::Comprehension(it) => self.comprehension(it),
            Expr::Struct(message) => self.undeclared(expression, &message.type_name),
            Expr::Unspecified => Type::Dyn,
        }
    }

    fn variable(&self, name: &str) -> Option<Type<'s>> {
        let mut names = self.names.iter().rev();
        if let Some((_, known)) = names.find(|(known, _)| *known == name) {
            return Some(known.clone());
        }
        let of = match name {
            "bool" => Type::of("bool"),
            "bytes" => Type::of("bytes"),
            "double" => Type::of("double"),
            "int" => Type::of("int"),
            "list" => Type::list(Type::Dyn),
            "map" => Type::Of("map", vec![Type::Dyn, Type::Dyn]),
            "null_type" => Type::of("null"),
            "string" => Type::of("string"),
            "type" => Type::of("type"),
            "uint" => Type::of("uint"),
            _ => return None,
        };
        Some(Type::Of("type", vec![of]))
    }

    fn select(&mut self, expression: &'e IdedExpr, select: &'e SelectExpr) -> Type<'s> {
        let operand = self.visit(&select.operand);
        let found = self.field(expression, &operand, &select.field, false);
        if select.test {
            return Type::of("bool");
        }
        found
    }

    fn optional_select(&mut self, expression: &'e IdedExpr, call: &'e CallExpr) -> Type<'s> {
        let (Some(operand), Some(field)) = (call.args.first(), call.args.get(1)) else {
            return Type::Dyn;
        };
        let operand = self.visit(operand);
        match &field.expr {
            Expr::Literal(LiteralValue::String(name)) => {
                self.field(expression, &operand, name.inner(), true)
            }
            _ => Type::optional(Type::Dyn),
        }
    }

    fn field(&mut self, at: &IdedExpr, operand: &Type<'s>, name: &str, is_asked: bool) -> Type<'s> {
        let operand = self.known.resolved(operand, false);
        let of = operand.optional_value().unwrap_or(&operand).clone();
        let found = match &of {
            Type::Of("map", args) => args.get(1).cloned().unwrap_or(Type::Dyn),
            Type::Object(object, shape) => match shape.fields.get(name) {
                Some(field) => Type::of_shape(field, &format!("{object}.{name}")),
                None => self.wrong(at, format!("undefined field '{name}'")),
            },
            Type::Any(_) => {
                self.known.fits(&Type::Dyn, &of);
                Type::Dyn
            }
            Type::Dyn | Type::Wrong => Type::Dyn,
            Type::Of(..) => {
                self.wrong(at, format!("type '{of}' does not support field selection"));
                Type::Dyn
            }
        };
        if is_asked || operand.optional_value().is_some() {
            return Type::optional(found);
        }
        found
    }

    fn call(&mut self, expression: &'e IdedExpr, call: &'e CallExpr) -> Type<'s> {
        let args: Vec<Type<'s>> = call.args.iter().map(|it| self.visit(it)).collect();
        if ["_&&_", "_||_"].contains(&&*call.func_name) {
            return self.logical(call, &args);
        }
        let Some(target) = &call.target else {
            return match functions::overloads(&call.func_name) {
                Some(overloads) => {
                    self.resolve(expression, &call.func_name, overloads, None, &args)
                }
                None => self.undeclared(expression, &call.func_name),
            };
        };
        if let Some(name) = qualified(target, &call.func_name)
            && let Some(overloads) = functions::overloads(&name)
        {
            return self.resolve(expression, &name, overloads, None, &args);
        }
        let target = self.visit(target);
        match functions::overloads(&call.func_name) {
            Some(overloads) => {
                self.resolve(expression, &call.func_name, overloads, Some(target), &args)
            }
            None => self.undeclared(expression, &call.func_name),
        }
    }

    fn logical(&mut self, call: &'e CallExpr, args: &[Type<'s>]) -> Type<'s> {
        let mut result = Type::of("bool");
        for (part, found) in call.args.iter().zip(args) {
            if !self.known.fits(found, &Type::of("bool")) {
                result = self.mismatch(part, &Type::of("bool"), found);
            }
        }
        result
    }

    /// Returns what the overloads that fit give: one type, or anything when they differ.
    fn resolve(
        &mut self,
        at: &IdedExpr,
        name: &str,
        overloads: &'static [Overload],
        target: Option<Type<'s>>,
        args: &[Type<'s>],
    ) -> Type<'s> {
        let is_method = target.is_some();
        let given: Vec<Type<'s>> = target.into_iter().chain(args.iter().cloned()).collect();
        let mut result: Option<Type<'s>> = None;
        for overload in overloads {
            if overload.target.is_some() != is_method {
                continue;
            }
            let (wanted, gives) = self.instance(overload);
            if !self.known.fit_all(&given, &wanted) {
                continue;
            }
            let gives = self.known.resolved(&gives, false);
            result = Some(match result {
                Some(known) if known != gives => Type::Dyn,
                _ => gives,
            });
        }
        result.unwrap_or_else(|| {
            let given = given.iter().map(|it| self.known.resolved(it, true));
            let mut texts: Vec<String> = given.map(|it| it.to_string()).collect();
            let target = is_method.then(|| format!("{}.", texts.remove(0)));
            let signature = format!("{}({})", target.unwrap_or_default(), texts.join(", "));
            let message =
                format!("found no matching overload for '{name}' applied to '{signature}'");
            self.wrong(at, message)
        })
    }

    /// Returns the types that an overload takes, its target first, and what it gives, with new unknown types for its
    /// letters.
    fn instance(&mut self, overload: &Overload) -> (Vec<Type<'s>>, Type<'s>) {
        let mut letters = Vec::new();
        let mut new = |of: &Type<'static>| renewed(of, &mut letters, &mut self.known);
        let wanted = overload.target.iter().chain(&overload.args);
        let wanted = wanted.map(&mut new).collect();
        (wanted, new(&overload.result))
    }

    fn list(&mut self, list: &'e ListExpr) -> Type<'s> {
        let mut item = None;
        for (index, element) in list.elements.iter().enumerate() {
            let found = self.visit(element);
            let is_optional = list.optional_indices.contains(&index);
            let found = self.unwrapped(element, found, is_optional);
            item = Some(self.join(element, item, found));
        }
        Type::list(item.unwrap_or_else(|| self.known.new_type()))
    }

    fn map(&mut self, map: &'e MapExpr) -> Type<'s> {
        let (mut key, mut value) = (None, None);
        for entry in &map.entries {
            let EntryExpr::MapEntry(entry) = &entry.expr else {
                continue;
            };
            let found = self.visit(&entry.key);
            key = Some(self.join(&entry.key, key, found));
            let found = self.visit(&entry.value);
            let found = self.unwrapped(&entry.value, found, entry.optional);
            value = Some(self.join(&entry.value, value, found));
        }
        let key = key.unwrap_or_else(|| self.known.new_type());
        let value = value.unwrap_or_else(|| self.known.new_type());
        Type::Of("map", vec![key, value])
    }

    fn unwrapped(&mut self, at: &IdedExpr, found: Type<'s>, is_optional: bool) -> Type<'s> {
        if !is_optional {
            return found;
        }
        match found.optional_value() {
            Some(value) => value.clone(),
            None if found.is_dyn() => found,
            None => {
                self.mismatch(at, &Type::optional(found.clone()), &found);
                found
            }
        }
    }

    fn join(&mut self, at: &IdedExpr, before: Option<Type<'s>>, found: Type<'s>) -> Type<'s> {
        let Some(before) = before else {
            return found;
        };
        if !self.known.fits(&before, &found) {
            return self.mismatch(at, &before, &found);
        }
        if before.is_as_general_as(&found) {
            before
        } else {
            found
        }
    }

    fn comprehension(&mut self, it: &'e ComprehensionExpr) -> Type<'s> {
        let range = self.visit(&it.iter_range);
        let start = self.visit(&it.accu_init);
        let range = self.known.resolved(&range, false);
        let item = match &range {
            Type::Of("list" | "map", args) => args.first().cloned().unwrap_or(Type::Dyn),
            Type::Dyn | Type::Wrong | Type::Any(_) => {
                self.known.fits(&Type::Dyn, &range);
                Type::Dyn
            }
            other => {
                let message = format!(
                    "expression of type '{other}' cannot be range of a comprehension (must be list, map, or dynamic)"
                );
                self.wrong(&it.iter_range, message)
            }
        };
        self.names.push((&it.accu_var, start.clone()));
        self.names.push((&it.iter_var, item));
        let condition = self.visit(&it.loop_cond);
        self.must_be(&it.loop_cond, &Type::of("bool"), &condition);
        let step = self.visit(&it.loop_step);
        self.must_be(&it.loop_step, &start, &step);
        self.names.pop();
        let result = self.visit(&it.result);
        self.names.pop();
        self.known.resolved(&result, false)
    }

    fn must_be(&mut self, at: &IdedExpr, wanted: &Type<'s>, found: &Type<'s>) {
        if !self.known.fits(wanted, found) {
            self.mismatch(at, wanted, found);
        }
    }

    /// Says which texts are no duration, instant or regular expression.
    fn check_constants(&mut self, expression: &'e IdedExpr) {
        crate::check::walk(expression, &mut |it| {
            if let Expr::Call(call) = &it.expr
                && ["duration", "timestamp", "matches"].contains(&&*call.func_name)
                && let Some(text) = call.args.first()
                && let Expr::Literal(LiteralValue::String(_)) = &text.expr
                && !is_constant_sound(&call.func_name, text)
            {
                self.wrong(text, format!("invalid {} argument", call.func_name));
            }
        });
    }
}

fn literal_type<'s>(literal: &LiteralValue) -> Type<'s> {
    Type::of(match literal {
        LiteralValue::Boolean(_) => "bool",
        LiteralValue::Bytes(_) => "bytes",
        LiteralValue::Double(_) => "double",
        LiteralValue::Int(_) => "int",
        LiteralValue::Null => "null",
        LiteralValue::String(_) => "string",
        LiteralValue::UInt(_) => "uint",
    })
}

/// Returns the name of a function whose target may be the beginning of it: `sets.contains`.
fn qualified(target: &IdedExpr, function: &str) -> Option<String> {
    match &target.expr {
        Expr::Ident(name) => Some(format!("{name}.{function}")),
        Expr::Select(select) if !select.test => {
            qualified(&select.operand, &format!("{}.{function}", select.field))
        }
        _ => None,
    }
}

fn renewed<'s>(
    of: &Type<'static>,
    letters: &mut Vec<(usize, Type<'s>)>,
    known: &mut Known<'s>,
) -> Type<'s> {
    match of {
        Type::Any(letter) => {
            if let Some((_, new)) = letters.iter().find(|(it, _)| it == letter) {
                return new.clone();
            }
            let new = known.new_type();
            letters.push((*letter, new.clone()));
            new
        }
        Type::Of(name, args) => {
            let args = args.iter().map(|it| renewed(it, letters, known));
            Type::Of(name, args.collect())
        }
        other => other.clone(),
    }
}
