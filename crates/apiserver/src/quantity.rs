//! Amounts such as `100m`, `1.5` and `2Gi`, read and printed as Kubernetes does.

/// What an amount looks like; the message of kube-apiserver for one that does not.
pub(crate) const MALFORMED: &str =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const BAD_SUFFIX: &str = "unable to parse quantity's suffix";

/// The finest that is kept: 10⁻⁹, which is one `n`.
const FINEST: i32 = -9;

/// An amount: a whole number of 10⁻⁹, and how it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quantity {
    nanos: i128,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Binary,
    Decimal,
    Exponent,
}

impl Quantity {
    /// Returns the amount that the text says, rounded up to 10⁻⁹.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let (negative, rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
        let (number, suffix) = rest.split_at(end.unwrap_or(rest.len()));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.len() + fraction.len() == 0 || fraction.contains('.') {
            return Err(MALFORMED);
        }
        let (form, base, exponent) = suffix_of(suffix).ok_or(BAD_SUFFIX)?;
        let digits = format!("{whole}{fraction}");
        let exponent = exponent - i32::try_from(fraction.len()).map_err(|_| MALFORMED)?;
        let nanos = scale(&digits, base, exponent).ok_or(MALFORMED)?;
        let nanos = if negative { -nanos } else { nanos };
        Ok(Self { nanos, form })
    }

    /// Returns whether the amount is below zero.
    pub(crate) fn is_negative(self) -> bool {
        self.nanos < 0
    }

    /// Returns whether the amount is larger than the other.
    pub(crate) fn exceeds(self, other: Self) -> bool {
        self.nanos > other.nanos
    }

    /// Returns whether the amount is nothing.
    pub(crate) fn is_zero(self) -> bool {
        self.nanos == 0
    }

    /// Returns both amounts together, in the form of this one.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            nanos: self.nanos.saturating_add(other.nanos),
            form: self.form,
        }
    }

    /// Returns how much more the amount is than the other; nothing when it is less.
    pub(crate) fn beyond(self, other: Self) -> Self {
        Self {
            nanos: self.nanos.saturating_sub(other.nanos).max(0),
            form: self.form,
        }
    }

    /// Returns how many times the other amount this one is.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a ratio is compared and told with a few digits"
    )]
    pub(crate) fn ratio(self, other: Self) -> f64 {
        self.nanos as f64 / other.nanos as f64
    }

    /// Returns the amount as a number.
    pub(crate) fn as_float(self) -> f64 {
        let one = Self {
            nanos: 1_000_000_000,
            form: Form::Decimal,
        };
        self.ratio(one)
    }

    /// Returns the amount as Kubernetes prints it: with the largest suffix that leaves no fraction.
    pub(crate) fn canonical(self) -> String {
        const ONE: i128 = 1_000_000_000;
        let (whole, is_whole) = (self.nanos / ONE, self.nanos % ONE == 0);
        match self.form {
            Form::Binary if is_whole && whole.abs() >= 1024 => binary(whole),
            Form::Exponent => decimal(self.nanos, |exponent| match exponent {
                0 => String::new(),
                exponent => format!("e{exponent}"),
            }),
            _ => decimal(self.nanos, |exponent| {
                let suffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
                let index = usize::try_from(exponent / 3 + 3).unwrap_or(0);
                suffixes.get(index).copied().unwrap_or("E").to_owned()
            }),
        }
    }
}

/// Returns the form, the factor and the exponent of ten that a suffix stands for.
fn suffix_of(suffix: &str) -> Option<(Form, i128, i32)> {
    let binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    if let Some(index) = binary.iter().position(|other| *other == suffix) {
        let power = u32::try_from(index).ok()? + 1;
        return Some((Form::Binary, 1024_i128.pow(power), 0));
    }
    let exponent = match suffix {
        "n" => -9,
        "u" => -6,
        "m" => -3,
        "" => 0,
        "k" => 3,
        "M" => 6,
        "G" => 9,
        "T" => 12,
        "P" => 15,
        "E" => 18,
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
            return (-100..=100)
                .contains(&exponent)
                .then_some((Form::Exponent, 1, exponent));
        }
    };
    Some((Form::Decimal, 1, exponent))
}

/// Returns `digits` × `base` × 10^`exponent` in 10⁻⁹, rounded up; `None` when that is too large.
fn scale(digits: &str, base: i128, exponent: i32) -> Option<i128> {
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Some(0);
    }
    let number: i128 = digits.parse().ok()?;
    let number = number.checked_mul(base)?;
    let shift = exponent - FINEST;
    let power = 10_i128.checked_pow(shift.unsigned_abs());
    match (shift >= 0, power) {
        (true, Some(power)) => number.checked_mul(power),
        (true, None) => None,
        (false, Some(power)) => Some(number / power + i128::from(number % power != 0)),
        (false, None) => Some(1),
    }
}

fn binary(mut whole: i128) -> String {
    let mut suffix = "";
    for next in ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"] {
        if whole % 1024 != 0 {
            break;
        }
        whole /= 1024;
        suffix = next;
    }
    format!("{whole}{suffix}")
}

fn decimal(mut nanos: i128, suffix: impl Fn(i32) -> String) -> String {
    let mut exponent = FINEST;
    if nanos == 0 {
        return "0".to_owned();
    }
    while nanos % 1000 == 0 && exponent < 18 {
        nanos /= 1000;
        exponent += 3;
    }
    format!("{nanos}{}", suffix(exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_printed_as_kubernetes_prints_them() {
        for (text, canonical) in [
            ("1000m", "1"),
            ("0.5", "500m"),
            ("100m", "100m"),
            ("1024Mi", "1Gi"),
            ("1500Mi", "1500Mi"),
            ("0.5Gi", "512Mi"),
            ("512", "512"),
            ("1000Ki", "1000Ki"),
            ("1e3", "1e3"),
            ("1500", "1500"),
            ("2000", "2k"),
            ("0", "0"),
            ("-1.5", "-1500m"),
            ("0Mi", "0"),
            ("100Ei", "100Ei"),
        ] {
            let printed = Quantity::parse(text).map(Quantity::canonical);
            assert_eq!(printed.as_deref(), Ok(canonical), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in [
            "",
            "m",
            "1.2.3",
            "1x",
            "1 Gi",
            "１",
            "e3",
            "--1",
            "9e99999999999",
        ] {
            assert!(Quantity::parse(text).is_err(), "{text}");
        }
    }
}
