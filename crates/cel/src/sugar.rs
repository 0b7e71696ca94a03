//! What the language writes in short: the macros of optional values, made out as cel-go 0.29 does, and what the
//! interpreter is given for them.

use kube_cel::cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, ListExpr, LiteralValue,
};

/// Makes `optMap` and `optFlatMap` out in all of an expression.
pub(crate) fn make_out(expression: &mut IdedExpr) {
    each_child(expression, &mut make_out);
    let Expr::Call(call) = &expression.expr else {
        return;
    };
    let wraps = match &*call.func_name {
        "optMap" => true,
        "optFlatMap" => false,
        _ => return,
    };
    if let (Some(target), [variable, mapped]) = (&call.target, &call.args[..])
        && let Expr::Ident(name) = &variable.expr
    {
        expression.expr = mapping(expression.id, target, name, mapped, wraps);
    }
}

/// Returns `target.hasValue() ? optional.of(<mapped, where the name is the value>) : optional.none()`.
fn mapping(id: u64, target: &IdedExpr, name: &str, mapped: &IdedExpr, wraps: bool) -> Expr {
    let node = |expr| IdedExpr { id, expr };
    let of_target = |function| node(method(target.clone(), function, Vec::new()));
    let optional = |function, args| {
        let library = node(Expr::Ident("optional".to_owned()));
        node(method(library, function, args))
    };
    let value = node(Expr::Comprehension(Box::new(ComprehensionExpr {
        iter_range: node(Expr::List(ListExpr::default())),
        iter_var: "#unused".to_owned(),
        iter_var2: None,
        accu_var: name.to_owned(),
        accu_init: of_target("value"),
        loop_cond: node(Expr::Literal(LiteralValue::Boolean(false.into()))),
        loop_step: node(Expr::Ident(name.to_owned())),
        result: mapped.clone(),
    })));
    let found = if wraps {
        optional("of", vec![value])
    } else {
        value
    };
    Expr::Call(CallExpr {
        func_name: "_?_:_".to_owned(),
        target: None,
        args: vec![of_target("hasValue"), found, optional("none", Vec::new())],
    })
}

fn method(target: IdedExpr, function: &str, args: Vec<IdedExpr>) -> Expr {
    Expr::Call(CallExpr {
        func_name: function.to_owned(),
        target: Some(Box::new(target)),
        args,
    })
}

/// Writes fields of optional values as the interpreter takes them: its own `.?` fails where the field is missing, and
/// it does not look for a field in an optional value.
pub(crate) fn make_runnable(expression: &mut IdedExpr) {
    if let Expr::Select(select) = &expression.expr
        && is_optional(&select.operand)
    {
        let (id, operand, field) = (expression.id, &select.operand, select.field.clone());
        let name = Expr::Literal(LiteralValue::String(field.into()));
        let field = IdedExpr { id, expr: name };
        let found = Expr::Call(CallExpr {
            func_name: "_[?_]".to_owned(),
            target: None,
            args: vec![(**operand).clone(), field],
        });
        expression.expr = if select.test {
            method(IdedExpr { id, expr: found }, "hasValue", Vec::new())
        } else {
            found
        };
    }
    if let Expr::Call(call) = &mut expression.expr {
        match &*call.func_name {
            "_?._" => "_[?_]".clone_into(&mut call.func_name),
            "_==_" | "_!=_" if call.args.iter().all(is_optional) => {
                call.args.iter_mut().for_each(list_of);
            }
            _ => {}
        }
    }
    each_child(expression, &mut make_runnable);
}

/// The interpreter finds no two optional values equal, but lists of what is in them.
fn list_of(optional: &mut IdedExpr) {
    let id = optional.id;
    let list = ListExpr::new_with_optionals(vec![std::mem::take(optional)], vec![0]);
    *optional = IdedExpr {
        id,
        expr: Expr::List(list),
    };
}

/// Whether an expression gives an optional value, as far as its form shows.
fn is_optional(expression: &IdedExpr) -> bool {
    match &expression.expr {
        Expr::Select(select) => !select.test && is_optional(&select.operand),
        Expr::Call(call) => match (&*call.func_name, &call.target) {
            ("_?._" | "_[?_]", _) | ("or", Some(_)) => true,
            ("_[_]", _) => call.args.first().is_some_and(is_optional),
            ("_?_:_", _) => call.args.iter().skip(1).any(is_optional),
            ("of" | "none" | "ofNonZeroValue", Some(library)) => {
                matches!(&library.expr, Expr::Ident(name) if name == "optional")
            }
            _ => false,
        },
        _ => false,
    }
}

fn each_child(expression: &mut IdedExpr, change: &mut dyn FnMut(&mut IdedExpr)) {
    match &mut expression.expr {
        Expr::Call(call) => {
            let target = call.target.as_deref_mut().into_iter();
            target.chain(&mut call.args).for_each(change);
        }
        Expr::Comprehension(it) => [
            &mut it.iter_range,
            &mut it.accu_init,
            &mut it.loop_cond,
            &mut it.loop_step,
            &mut it.result,
        ]
        .into_iter()
        .for_each(change),
        Expr::List(list) => list.elements.iter_mut().for_each(change),
        Expr::Map(map) => {
            for entry in &mut map.entries {
                if let EntryExpr::MapEntry(entry) = &mut entry.expr {
                    change(&mut entry.key);
                    change(&mut entry.value);
                }
            }
        }
        Expr::Select(select) => change(&mut select.operand),
        Expr::Struct(_) | Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => {}
    }
}
