//! A program: compiled, looked into, evaluated.

use std::sync::{Arc, LazyLock};

use kube_cel::KubeCelExt;
use kube_cel::cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue};
use kube_cel::cel::parser::Parser;
use kube_cel::cel::{self, Context, ParseErrors};

use crate::check;
use crate::cost::{self, MAX_COST};
use crate::error::{CompileError, EvaluationError};
use crate::estimate;
use crate::shape::Shape;
use crate::sugar;
use crate::value::Variables;

/// How deeply the parser descends: its own frames are large.
const MAX_RECURSION: u16 = 48;

/// The names of types, which a program compares with `type(x)`.
pub(crate) const TYPES: [&str; 10] = [
    "bool",
    "bytes",
    "double",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "type",
    "uint",
];

/// A compiled expression.
#[derive(Clone, Debug)]
pub struct Program {
    /// As written, with its macros made out.
    expression: IdedExpr,
    /// As the interpreter takes it.
    runnable: IdedExpr,
}

/// Compiles an expression over these variables.
///
/// # Errors
///
/// [`CompileError`]: a text that is too large, not in the language, names something else, or needs what is not
/// evaluated here.
pub fn compile(source: &str, variables: &[&str]) -> Result<Program, CompileError> {
    let mut expression = parse(source)?;
    sugar::make_out(&mut expression);
    check::expression(&expression, source, variables)?;
    let mut runnable = expression.clone();
    sugar::make_runnable(&mut runnable);
    Ok(Program {
        expression,
        runnable,
    })
}

/// Returns a program as written, which is not too large.
pub(crate) fn parse(source: &str) -> Result<IdedExpr, CompileError> {
    check::text(source)?;
    let parser = Parser::new()
        .enable_optional_syntax(true)
        .max_recursion_depth(MAX_RECURSION);
    let expression = parser.parse(source).map_err(|errors| syntax(&errors))?;
    check::macros(&expression)?;
    Ok(expression)
}

/// Returns whether a function that makes a value of a text, or a pattern, takes this one.
pub(crate) fn is_constant_sound(function: &str, text: &IdedExpr) -> bool {
    let node = |expr| IdedExpr { id: text.id, expr };
    let is_pattern = function == "matches";
    let subject = node(Expr::Literal(LiteralValue::String(String::new().into())));
    let call = node(Expr::Call(CallExpr {
        func_name: function.to_owned(),
        target: is_pattern.then(|| Box::new(subject)),
        args: vec![text.clone()],
    }));
    let is_dear = cost::bound(&call, &Variables::new()) > MAX_COST;
    is_dear || cel::Value::resolve(&call, &FUNCTIONS).is_ok()
}

fn syntax(errors: &ParseErrors) -> CompileError {
    let first = errors.errors.first();
    let at = |number: isize| usize::try_from(number).unwrap_or(0).max(1);
    CompileError::Syntax {
        line: first.map_or(1, |error| at(error.pos.0)),
        column: first.map_or(1, |error| at(error.pos.1)),
        message: first.map_or_else(String::new, |error| error.msg.clone()),
    }
}

impl Program {
    /// Returns whether the program names the variable.
    pub fn uses(&self, variable: &str) -> bool {
        let mut found = false;
        check::walk(&self.expression, &mut |expression| {
            found |= matches!(&expression.expr, Expr::Ident(name) if name == variable);
        });
        found
    }

    /// Returns an upper bound of what an evaluation costs: about a step of the interpreter, or a byte copied, each.
    pub fn cost(&self, variables: &Variables) -> u64 {
        cost::bound(&self.runnable, variables)
    }

    /// Returns what kube-apiserver 1.37 reckons that an evaluation costs at most, when `self` and `oldSelf` have
    /// this shape. It counts other things than [`Program::cost`] does.
    pub fn estimate(&self, shape: &Shape) -> u64 {
        estimate::estimate(&self.expression, shape)
    }

    /// Returns whether the expression is true.
    ///
    /// # Errors
    ///
    /// [`EvaluationError`]: it could cost too much, fails, or is no boolean.
    pub fn holds(&self, variables: &Variables) -> Result<bool, EvaluationError> {
        match self.evaluate(variables)? {
            cel::Value::Bool(flag) => Ok(flag),
            other => Err(mistyped(&other, "bool")),
        }
    }

    /// Returns the text that the expression gives.
    ///
    /// # Errors
    ///
    /// [`EvaluationError`]: it could cost too much, fails, or is no string.
    pub fn text(&self, variables: &Variables) -> Result<String, EvaluationError> {
        match self.evaluate(variables)? {
            cel::Value::String(text) => Ok(text.to_string()),
            other => Err(mistyped(&other, "string")),
        }
    }

    fn evaluate(&self, variables: &Variables) -> Result<cel::Value, EvaluationError> {
        let cost = self.cost(variables);
        if cost > MAX_COST {
            let limit = MAX_COST;
            return Err(EvaluationError::TooCostly { cost, limit });
        }
        let mut context = FUNCTIONS.new_inner_scope();
        for (name, value) in &variables.0 {
            context.add_variable_from_value(name.clone(), value.0.clone());
        }
        Ok(cel::Value::resolve(&self.runnable, &context)?)
    }
}

fn mistyped(found: &cel::Value, wanted: &'static str) -> EvaluationError {
    let found = found.type_of().to_string();
    EvaluationError::Type { found, wanted }
}

/// The functions, made when the first program runs.
static FUNCTIONS: LazyLock<Context<'static>> = LazyLock::new(|| {
    let mut context = Context::default().with_all();
    context.add_function("dyn", dynamic);
    context.add_function("type", type_of);
    for name in TYPES {
        context.add_variable_from_value(name, type_value(name));
    }
    context
});

#[expect(
    clippy::unnecessary_wraps,
    reason = "the form of a function of the library"
)]
fn dynamic(value: cel::Value) -> cel::ResolveResult {
    Ok(value)
}

#[expect(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "the form of a function of the library"
)]
fn type_of(value: cel::Value) -> cel::ResolveResult {
    Ok(type_value(&type_name(&value)))
}

/// A type as a value: a text that no program can write, for it has a control character.
fn type_value(name: &str) -> cel::Value {
    cel::Value::String(Arc::new(format!("\u{1}{name}")))
}

fn type_name(value: &cel::Value) -> String {
    match value {
        cel::Value::Float(_) => "double".to_owned(),
        cel::Value::Null => "null_type".to_owned(),
        other => other.type_of().to_string(),
    }
}

#[cfg(test)]
mod tests;
