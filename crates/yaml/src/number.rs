//! Numbers as Go reads and prints them.

/// Returns the integer that Go's `strconv.ParseInt(text, 0, 64)` reads, after `_` was taken out.
pub(crate) fn parse_int(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let magnitude = parse_magnitude(digits)?;
    if negative {
        0i64.checked_sub_unsigned(magnitude)
    } else {
        i64::try_from(magnitude).ok()
    }
}

/// Returns the integer that Go's `strconv.ParseUint(text, 0, 64)` reads.
pub(crate) fn parse_uint(text: &str) -> Option<u64> {
    parse_magnitude(text)
}

/// Reads digits with Go's base prefixes: `0x`, `0b`, `0o` and a leading `0` for octal.
fn parse_magnitude(digits: &str) -> Option<u64> {
    let (base, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (16, &digits[2..]),
        [b'0', b'b' | b'B', _, ..] => (2, &digits[2..]),
        [b'0', b'o' | b'O', _, ..] => (8, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    parse_radix(digits, base)
}

/// Reads digits of a base; unlike std it allows no sign.
pub(crate) fn parse_radix(digits: &str, base: u32) -> Option<u64> {
    let first = digits.as_bytes().first()?;
    if matches!(first, b'+' | b'-') {
        return None;
    }
    u64::from_str_radix(digits, base).ok()
}

/// Returns the number of a text such as `-1.5e3`, by go-yaml's pattern for floats; `None` when the
/// text is none or the number is too large.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match digits.find(['e', 'E']) {
        Some(at) => (&digits[..at], Some(&digits[at + 1..])),
        None => (digits, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, fraction),
        None => (mantissa, ""),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    let has_digits = !whole.is_empty() || !fraction.is_empty();
    if !has_digits || !all_digits(whole) || !all_digits(fraction) || !exponent_fits {
        return None;
    }
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// Returns a float as Go's `strconv.FormatFloat(value, 'g', -1, 64)` prints it, which go-yaml uses.
pub(crate) fn format_general(value: f64) -> String {
    if value == 0.0 {
        return format!("{value}");
    }
    let (digits, exponent) = shortest(value);
    // Go decides for the shortest form as for a precision of 6.
    if (-4..6).contains(&exponent) {
        format!("{value}")
    } else {
        format_exponent(value, &digits, exponent)
    }
}

/// Returns a float as Go's `encoding/json` prints it: plain digits, or an exponent below 1e-6 and
/// from 1e21 on.
pub(crate) fn format_json(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        let (digits, exponent) = shortest(value);
        // Go takes the leading zero out of e-07 here, but not out of e+07.
        return format_exponent(value, &digits, exponent).replace("e-0", "e-");
    }
    format!("{value}")
}

/// Returns the shortest decimal digits of a float and the exponent of the first one.
fn shortest(value: f64) -> (String, i32) {
    let text = format!("{:e}", value.abs());
    let (mantissa, exponent) = text.split_once('e').expect("{:e} prints an exponent");
    let exponent = exponent.parse().expect("{:e} prints a decimal exponent");
    (mantissa.replace('.', ""), exponent)
}

fn format_exponent(value: f64, digits: &str, exponent: i32) -> String {
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let point = if digits.len() > 1 { "." } else { "" };
    let exponent_sign = if exponent < 0 { '-' } else { '+' };
    let (first, rest) = digits.split_at(1);
    format!(
        "{sign}{first}{point}{rest}e{exponent_sign}{:02}",
        exponent.abs()
    )
}
