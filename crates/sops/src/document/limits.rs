//! How large a document may be.

use super::LimitError;
use crate::value::{Branch, Item, Value};

/// The largest document that is read, in bytes: 16 MiB.
pub const MAX_SIZE: usize = 16 * 1024 * 1024;

/// The deepest nesting of mappings and lists in a document.
pub const MAX_DEPTH: usize = 100;

/// The largest number of values and comments in a document.
pub const MAX_VALUES: usize = 500_000;

pub(crate) fn check_size(bytes: &[u8]) -> Result<(), LimitError> {
    let size = bytes.len();
    if size > MAX_SIZE {
        return Err(LimitError::TooLarge { size });
    }
    Ok(())
}

pub(crate) fn check_limits(documents: &[Branch]) -> Result<(), LimitError> {
    let mut left = MAX_VALUES;
    for document in documents {
        check_branch(document, MAX_DEPTH, &mut left)?;
    }
    Ok(())
}

fn check_branch(branch: &[Item], depth: usize, left: &mut usize) -> Result<(), LimitError> {
    let depth = depth.checked_sub(1).ok_or(LimitError::TooDeep)?;
    for item in branch {
        take_one(left)?;
        if let Item::Pair(_, value) = item {
            check_value(value, depth, left)?;
        }
    }
    Ok(())
}

fn check_value(value: &Value, depth: usize, left: &mut usize) -> Result<(), LimitError> {
    match value {
        Value::Branch(branch) => check_branch(branch, depth, left),
        Value::List(values) => {
            let depth = depth.checked_sub(1).ok_or(LimitError::TooDeep)?;
            values.iter().try_for_each(|value| {
                take_one(left)?;
                check_value(value, depth, left)
            })
        }
        Value::Null | Value::Scalar(_) | Value::Comment(_) => Ok(()),
    }
}

fn take_one(left: &mut usize) -> Result<(), LimitError> {
    *left = left.checked_sub(1).ok_or(LimitError::TooManyValues)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Document, Format, ParseError};

    #[test]
    fn sizes_beyond_the_limits_are_refused() {
        let parse = |text: &str| Document::parse(text.as_bytes(), Format::Json).unwrap_err();
        let size = MAX_SIZE + 1;
        let large = parse(&" ".repeat(size));
        assert_eq!(large, ParseError::Limit(LimitError::TooLarge { size }));
        let deep = format!("{}{}", "{\"a\":".repeat(101), "1") + &"}".repeat(101);
        assert_eq!(parse(&deep), ParseError::Limit(LimitError::TooDeep));
        let long = format!("{{\"a\":[{}0]}}", "0,".repeat(MAX_VALUES));
        assert_eq!(parse(&long), ParseError::Limit(LimitError::TooManyValues));
    }
}
