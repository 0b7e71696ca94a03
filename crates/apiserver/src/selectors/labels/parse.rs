//! The grammar of label selectors, with the messages of `k8s.io/apimachinery/pkg/labels` 1.37.

use std::collections::BTreeSet;

use super::lexer::{Lexer, Token};
use super::{Requirement, Test};
use crate::status::join_causes;
use crate::validation::{FieldErrors, names};

const OPERATORS: &str = "in, notin, =, ==, !=, gt, lt";

/// Returns the requirements that a text spells.
pub(super) fn selector(text: &str) -> Result<Vec<Requirement>, String> {
    let mut lexer = Lexer::new(text);
    let mut requirements = Vec::new();
    loop {
        match lexer.peek() {
            (Token::Identifier | Token::Not, _) => {}
            (Token::End, _) => return Ok(requirements),
            (_, found) => {
                return Err(format!(
                    "found '{found}', expected: !, identifier, or 'end of string'"
                ));
            }
        }
        let requirement = requirement(&mut lexer)
            .map_err(|error| format!("unable to parse requirement: {error}"))?;
        requirements.push(requirement);
        match lexer.value() {
            (Token::End, _) => return Ok(requirements),
            (Token::Comma, _) => {}
            (_, found) => return Err(format!("found '{found}', expected: ',' or 'end of string'")),
        }
        let (next, found) = lexer.peek();
        if !matches!(next, Token::Identifier | Token::Not) {
            return Err(format!("found '{found}', expected: identifier after ','"));
        }
    }
}

fn requirement(lexer: &mut Lexer<'_>) -> Result<Requirement, String> {
    let (mut token, mut key) = lexer.value();
    let is_absent = token == Token::Not;
    if is_absent {
        (token, key) = lexer.value();
    }
    if token != Token::Identifier {
        return Err(format!("found '{key}', expected: identifier"));
    }
    check(|errors| check_key("<nil>", key, errors))?;
    let is_alone = matches!(lexer.peek().0, Token::End | Token::Comma);
    let test = match (is_absent, is_alone) {
        (true, _) => Test::Absent,
        (false, true) => Test::Exists,
        (false, false) => test(lexer, key)?,
    };
    let key = key.to_owned();
    Ok(Requirement { key, test })
}

fn test(lexer: &mut Lexer<'_>, key: &str) -> Result<Test, String> {
    let (operator, found) = lexer.operator();
    let values = match operator {
        Token::In | Token::NotIn => values(lexer)?,
        Token::Equals | Token::DoubleEquals | Token::NotEquals | Token::Greater | Token::Less => {
            vec![exact(lexer)?]
        }
        _ => return Err(format!("found '{found}', expected: {OPERATORS}")),
    };
    let compares = matches!(operator, Token::Greater | Token::Less);
    check(|errors| check_values(key, &values, compares, errors))?;
    let number = || values[0].parse().unwrap_or_default();
    Ok(match operator {
        Token::NotIn | Token::NotEquals => Test::NotIn(values),
        Token::Greater => Test::Greater(number()),
        Token::Less => Test::Less(number()),
        _ => Test::In(values),
    })
}

fn exact(lexer: &mut Lexer<'_>) -> Result<String, String> {
    if matches!(lexer.peek().0, Token::End | Token::Comma) {
        return Ok(String::new());
    }
    match lexer.value() {
        (Token::Identifier, value) => Ok(value.to_owned()),
        (_, found) => Err(format!("found '{found}', expected: identifier")),
    }
}

fn values(lexer: &mut Lexer<'_>) -> Result<Vec<String>, String> {
    let (token, found) = lexer.value();
    if token != Token::Open {
        return Err(format!("found '{found}' expected: '('"));
    }
    match lexer.peek() {
        (Token::Identifier | Token::Comma, _) => {}
        (Token::Close, _) => {
            lexer.value();
            return Ok(vec![String::new()]);
        }
        (_, found) => {
            return Err(format!("found '{found}', expected: ',', ')' or identifier"));
        }
    }
    let values = listed(lexer)?;
    lexer.value();
    Ok(values.into_iter().collect())
}

/// Returns the values up to a closing parenthesis, which is next. Nothing between two commas is a value too.
fn listed(lexer: &mut Lexer<'_>) -> Result<BTreeSet<String>, String> {
    let mut values = BTreeSet::new();
    loop {
        match lexer.value() {
            (Token::Identifier, value) => {
                values.insert(value.to_owned());
                match lexer.peek() {
                    (Token::Comma, _) => {}
                    (Token::Close, _) => return Ok(values),
                    (_, found) => return Err(format!("found '{found}', expected: ',' or ')'")),
                }
            }
            (Token::Comma, _) => {
                let next = lexer.peek().0;
                if values.is_empty() || matches!(next, Token::Close | Token::Comma) {
                    values.insert(String::new());
                }
                if next == Token::Close {
                    return Ok(values);
                }
            }
            (_, found) => return Err(format!("found '{found}', expected: ',', or identifier")),
        }
    }
}

fn check(find: impl FnOnce(&mut FieldErrors)) -> Result<(), String> {
    let mut errors = FieldErrors::default();
    find(&mut errors);
    if errors.is_empty() {
        return Ok(());
    }
    Err(join_causes(&errors.into_causes()))
}

fn check_key(path: &str, key: &str, errors: &mut FieldErrors) {
    let wrong = names::qualified(key);
    if !wrong.is_empty() {
        errors.invalid(path, &key.into(), &wrong.join("; "));
    }
}

fn check_values(key: &str, values: &[String], compares: bool, errors: &mut FieldErrors) {
    for (index, value) in values.iter().enumerate() {
        if compares && value.parse::<i64>().is_err() {
            let why = "for 'Gt', 'Lt' operators, the value must be an integer";
            errors.invalid(&format!("values[{index}]"), &value.as_str().into(), why);
        }
    }
    for (index, value) in values.iter().enumerate() {
        let wrong = names::label_value(value);
        if !wrong.is_empty() {
            let path = format!("values[{index}][{key}]");
            errors.invalid(&path, &value.as_str().into(), &wrong.join("; "));
        }
    }
}
