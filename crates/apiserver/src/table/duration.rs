//! Ages as people read them: the two or three significant digits that `kubectl` prints.

use jiff::Timestamp;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

/// Returns how long ago `timestamp` (RFC 3339) was, or `<unknown>` when it is not a time.
pub(crate) fn age(timestamp: &str, now: Timestamp) -> String {
    match timestamp.parse::<Timestamp>() {
        Ok(then) => human(seconds_between(then, now)),
        Err(_) => "<unknown>".to_owned(),
    }
}

/// Returns the whole seconds from `start` to `end`, rounded towards zero.
pub(crate) fn seconds_between(start: Timestamp, end: Timestamp) -> i64 {
    i64::try_from((end.as_nanosecond() - start.as_nanosecond()) / 1_000_000_000).unwrap_or(i64::MAX)
}

/// Returns a duration in seconds as `HumanDuration` of apimachinery 0.37 prints it.
///
/// A second in the future counts as now, since clocks differ; more is `<invalid>`.
pub(crate) fn human(seconds: i64) -> String {
    match seconds {
        ..-1 => "<invalid>".to_owned(),
        -1..0 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        120..600 => two(seconds / MINUTE, "m", seconds % MINUTE, "s"),
        600..10_800 => format!("{}m", seconds / MINUTE),
        10_800..28_800 => two(seconds / HOUR, "h", seconds % HOUR / MINUTE, "m"),
        28_800..172_800 => format!("{}h", seconds / HOUR),
        172_800..691_200 => two(seconds / DAY, "d", seconds % DAY / HOUR, "h"),
        691_200..63_072_000 => format!("{}d", seconds / DAY),
        63_072_000..252_288_000 => two(seconds / YEAR, "y", seconds % YEAR / DAY, "d"),
        _ => format!("{}y", seconds / YEAR),
    }
}

fn two(large: i64, large_unit: &str, small: i64, small_unit: &str) -> String {
    match small {
        0 => format!("{large}{large_unit}"),
        _ => format!("{large}{large_unit}{small}{small_unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{age, human};

    #[test]
    fn durations_have_two_or_three_significant_digits() {
        let cases = [
            (-2, "<invalid>"),
            (-1, "0s"),
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (121, "2m1s"),
            (599, "9m59s"),
            (600, "10m"),
            (179 * 60, "179m"),
            (3 * 3600, "3h"),
            (3 * 3600 + 60, "3h1m"),
            (8 * 3600, "8h"),
            (47 * 3600, "47h"),
            (48 * 3600, "2d"),
            (49 * 3600, "2d1h"),
            (8 * 86_400, "8d"),
            (729 * 86_400, "729d"),
            (730 * 86_400, "2y"),
            (731 * 86_400, "2y1d"),
            (9 * 365 * 86_400, "9y"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(human(seconds), expected, "{seconds} seconds");
        }
    }

    #[test]
    fn an_age_without_a_timestamp_is_unknown() {
        let now = "2026-01-01T00:00:10Z".parse().unwrap();
        assert_eq!(age("2026-01-01T00:00:00Z", now), "10s");
        assert_eq!(age("", now), "<unknown>");
    }
}
