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

/// Returns the integer of binary or octal digits that may have a sign of their own, as in `0b-1`.
pub(crate) fn parse_signed_radix(digits: &str, base: u32) -> Option<i64> {
    i64::from_str_radix(digits, base).ok()
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
    let decimal = Decimal::of(value);
    // For the shortest form Go decides as for a precision of 6.
    if (-4..6).contains(&decimal.exponent) {
        decimal.plain()
    } else {
        decimal.scientific()
    }
}

/// Returns a float as Go's `encoding/json` prints it: plain digits, or an exponent below 1e-6 and
/// from 1e21 on.
pub(crate) fn format_json(value: f64) -> String {
    let decimal = Decimal::of(value);
    if (-6..21).contains(&decimal.exponent) {
        decimal.plain()
    } else {
        // Go takes the leading zero out of e-07 here, but not out of e+07.
        decimal.scientific().replace("e-0", "e-")
    }
}

/// The shortest decimal that reads back as a float.
struct Decimal {
    negative: bool,
    /// At least one digit; the point stands behind the first one.
    digits: String,
    exponent: i32,
}

impl Decimal {
    fn of(value: f64) -> Self {
        let magnitude = value.abs();
        let shortest = format!("{magnitude:e}");
        let places = shortest.bytes().take_while(|byte| *byte != b'e').count();
        // Where two decimals are equally short and near, Go takes the even one; so does this format.
        let even = format!("{magnitude:.*e}", places.saturating_sub(2));
        let same = even.parse() == Ok(magnitude);
        let text = if same { even } else { shortest };
        let (mantissa, exponent) = text.split_once('e').expect("{:e} prints an exponent");
        Self {
            negative: value.is_sign_negative(),
            digits: mantissa.replace('.', ""),
            exponent: exponent.parse().expect("{:e} prints a decimal exponent"),
        }
    }

    fn sign(&self) -> &'static str {
        if self.negative { "-" } else { "" }
    }

    fn plain(&self) -> String {
        let (sign, digits) = (self.sign(), &self.digits);
        let Ok(exponent) = usize::try_from(self.exponent) else {
            let zeros = "0".repeat(self.exponent.unsigned_abs() as usize - 1);
            return format!("{sign}0.{zeros}{digits}");
        };
        if digits.len() <= exponent + 1 {
            return format!("{sign}{digits:0<width$}", width = exponent + 1);
        }
        let (whole, fraction) = digits.split_at(exponent + 1);
        format!("{sign}{whole}.{fraction}")
    }

    fn scientific(&self) -> String {
        let (first, rest) = self.digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let exponent_sign = if self.exponent < 0 { '-' } else { '+' };
        let exponent = self.exponent.abs();
        format!(
            "{}{first}{point}{rest}e{exponent_sign}{exponent:02}",
            self.sign()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_as_go_prints_them() {
        // From Go 1.26: strconv.FormatFloat(v, 'g', -1, 64) and json.Marshal(v).
        let cases = [
            (1e20, "1e+20", "100000000000000000000"),
            (1e21, "1e+21", "1e+21"),
            (123_456.75, "123456.75", "123456.75"),
            (1_234_567.5, "1.2345675e+06", "1234567.5"),
            (0.0001, "0.0001", "0.0001"),
            (0.000_01, "1e-05", "0.00001"),
            (1e-7, "1e-07", "1e-7"),
            (-1.5e-10, "-1.5e-10", "-1.5e-10"),
            (0.0, "0", "0"),
            (-0.0, "-0", "-0"),
            (5e-324, "5e-324", "5e-324"),
            // Two decimals of 17 digits are equally near to this one.
            (
                -169_548_629_018_475.12,
                "-1.6954862901847512e+14",
                "-169548629018475.12",
            ),
        ];
        for (value, general, json) in cases {
            assert_eq!(
                (&*format_general(value), &*format_json(value)),
                (general, json)
            );
        }
    }

    #[test]
    fn integers_have_the_prefixes_of_go() {
        assert_eq!(parse_int("0o17"), Some(15));
        assert_eq!(parse_int("017"), Some(15));
        assert_eq!(parse_int("-0x1F"), Some(-31));
        assert_eq!(parse_int("08"), None);
        assert_eq!(parse_int("0x"), None);
        assert_eq!(parse_int("--1"), None);
        assert_eq!(parse_int("-9223372036854775808"), Some(i64::MIN));
        assert_eq!(parse_int("9223372036854775808"), None);
        assert_eq!(parse_uint("18446744073709551615"), Some(u64::MAX));
    }
}
