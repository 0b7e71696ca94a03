//! Timestamps as text: sops only compares and copies them, so nothing is computed.

use zeroize::{Zeroize, ZeroizeOnDrop};

/// A timestamp in the form of Go's RFC 3339 with nanoseconds: `2026-01-31T09:05:00.5+02:00`, `Z` for
/// UTC, no zeros at the end of the fraction.
#[derive(Clone, Debug, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Timestamp(String);

impl Timestamp {
    /// Returns the second in UTC that many seconds after 1970 began. Years beyond 9999 are as 9999.
    ///
    /// ```
    /// use windlass_sops::Timestamp;
    /// assert_eq!(Timestamp::from_unix(1_769_850_300).as_str(), "2026-01-31T09:05:00Z");
    /// ```
    pub fn from_unix(seconds: u64) -> Self {
        let seconds = seconds.min(253_402_300_799);
        let (days, second) = (seconds / 86_400, seconds % 86_400);
        let (year, month, day) = civil(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        Self(format!(
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        ))
    }

    /// Parses RFC 3339.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let (date, time) = text.split_once('T')?;
        if !is_date(date, [4, 2, 2]) {
            return None;
        }
        let (clock, zone) = split_zone(time)?;
        Self::compose(date, clock, zone?)
    }

    /// Parses the forms that go-yaml v3 takes for a timestamp: a date alone; date and time with `T`,
    /// `t` or a space between and a zone; with a space the zone may be missing.
    pub(crate) fn parse_yaml(text: &str) -> Option<Self> {
        if is_date(text, [4, 2, 2]) {
            return Some(Self(format!("{text}T00:00:00Z")));
        }
        let (date, time) = text.split_once(['T', 't', ' '])?;
        if !is_loose_date(date) {
            return None;
        }
        let spaced = text.as_bytes()[date.len()] == b' ';
        match split_zone(time)? {
            (clock, Some(zone)) if !spaced => {
                Self::compose(&padded(date), &padded_clock(clock), zone)
            }
            (clock, None) if spaced => Self::compose(&padded(date), &padded_clock(clock), "Z"),
            _ => None,
        }
    }

    fn compose(date: &str, clock: &str, zone: &str) -> Option<Self> {
        let (whole, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !is_clock(whole) || !digits(fraction) {
            return None;
        }
        let fraction = fraction[..fraction.len().min(9)].trim_end_matches('0');
        let dot = if fraction.is_empty() { "" } else { "." };
        let zone = if zone.ends_with("00:00") { "Z" } else { zone };
        Some(Self(format!("{date}T{whole}{dot}{fraction}{zone}")))
    }

    /// Returns the text, RFC 3339.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the text without a fraction of a second (Go's plain RFC 3339).
    pub(crate) fn to_seconds(&self) -> String {
        let (head, tail) = self.0.split_at(19);
        let zone = tail.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
        format!("{head}{zone}")
    }
}

/// Returns year, month and day of a day counted from 1970.
fn civil(days: u64) -> (u64, u64, u64) {
    // Counted from a March: then the day that leap years add is the last one.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let of_month = day - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (year + era * 400 + carry, month, of_month)
}

/// Splits `09:05:00+02:00` into the clock and the zone, when there is one.
fn split_zone(time: &str) -> Option<(&str, Option<&str>)> {
    if let Some(clock) = time.strip_suffix('Z') {
        return Some((clock, Some("Z")));
    }
    let Some(at) = time.rfind(['+', '-']) else {
        return Some((time, None));
    };
    let (clock, zone) = time.split_at(at);
    let (hours, minutes) = zone[1..].split_once(':')?;
    let fits = number(hours, 2)? < 24 && number(minutes, 2)? < 60;
    fits.then_some((clock, Some(zone)))
}

fn number(text: &str, width: usize) -> Option<u32> {
    let digits = text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn is_date(text: &str, widths: [usize; 3]) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    let [year, month, day] = parts[..] else {
        return false;
    };
    let [Some(year), Some(month), Some(day)] = [
        number(year, widths[0]),
        number(month, widths[1]),
        number(day, widths[2]),
    ] else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// Returns whether this is a date whose month and day may have one digit (with a time, go-yaml takes it).
fn is_loose_date(text: &str) -> bool {
    let widths: Vec<_> = text.split('-').map(str::len).collect();
    matches!(widths[..], [4, 1 | 2, 1 | 2]) && is_date(text, [4, widths[1], widths[2]])
}

fn is_clock(text: &str) -> bool {
    let parts: Vec<_> = text.split(':').map(|part| number(part, 2)).collect();
    matches!(parts[..], [Some(0..24), Some(0..60), Some(0..60)])
}

fn padded(date: &str) -> String {
    let parts: Vec<_> = date.split('-').map(|part| format!("{part:0>2}")).collect();
    parts.join("-")
}

fn padded_clock(clock: &str) -> String {
    let (hours, rest) = clock.split_once(':').unwrap_or((clock, ""));
    format!("{hours:0>2}:{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_3339_is_normalised_as_go_prints_it() {
        let parse = |text| Timestamp::parse_rfc3339(text).map(|time| time.as_str().to_owned());
        assert_eq!(
            parse("2026-01-31T09:05:00.500+00:00").as_deref(),
            Some("2026-01-31T09:05:00.5Z")
        );
        assert_eq!(
            parse("2026-01-31T09:05:00+02:00").as_deref(),
            Some("2026-01-31T09:05:00+02:00")
        );
        for wrong in [
            "yesterday",
            "2026-02-30T00:00:00Z",
            "2026-01-31",
            "2026-01-31T25:00:00Z",
            "2026-01-31T09:05:00",
            "2026-01-31T09:05:00+é:00",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn seconds_since_1970_are_dates() {
        for (seconds, date) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_709_251_200, "2024-03-01T00:00:00Z"),
            (u64::MAX, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(Timestamp::from_unix(seconds).as_str(), date);
        }
    }

    #[test]
    fn seconds_drop_the_fraction_and_keep_the_zone() {
        let time = Timestamp::parse_rfc3339("2026-01-31T09:05:00.25+02:00").unwrap();
        assert_eq!(time.to_seconds(), "2026-01-31T09:05:00+02:00");
    }

    #[test]
    fn yaml_dates_are_midnight_in_utc() {
        let parse = |text| Timestamp::parse_yaml(text).map(|time| time.as_str().to_owned());
        assert_eq!(parse("2020-01-02").as_deref(), Some("2020-01-02T00:00:00Z"));
        assert_eq!(
            parse("2020-01-02 03:04:05").as_deref(),
            Some("2020-01-02T03:04:05Z")
        );
        assert_eq!(
            parse("2001-12-14t21:59:43.10-05:00").as_deref(),
            Some("2001-12-14T21:59:43.1-05:00")
        );
        assert_eq!(parse("2020-13-02"), None);
        assert_eq!(parse("12:30:45"), None);
    }
}
