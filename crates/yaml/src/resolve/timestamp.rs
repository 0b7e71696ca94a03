//! The date formats that go-yaml reads as timestamps.

/// Returns whether go-yaml reads this text as a date, or a date and time.
///
/// Its formats, in Go's notation: `2006-1-2T15:4:5.999999999Z07:00` (also with `t`),
/// `2006-1-2 15:4:5.999999999` and `2006-1-2`. Days must exist; seconds up to 59.
pub(crate) fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    let year = bytes.len() > 4 && bytes[4] == b'-' && bytes[..4].iter().all(u8::is_ascii_digit);
    year && read_timestamp(text).is_some()
}

fn read_timestamp(text: &str) -> Option<()> {
    let year: u32 = text[..4].parse().ok()?;
    let mut rest = &text[5..];
    let month = number(&mut rest, 1, 12)?;
    expect(&mut rest, "-")?;
    let day = number(&mut rest, 1, 31)?;
    if day > days_in(month, year) {
        return None;
    }
    match rest.as_bytes().first() {
        None => Some(()),
        Some(b'T' | b't') => read_time(&rest[1..]).and_then(read_zone),
        Some(b' ') => read_time(rest.trim_start_matches(' '))
            .filter(|rest| rest.is_empty())
            .map(|_| ()),
        Some(_) => None,
    }
}

/// Reads `15:4:5.999999999` and returns what follows.
fn read_time(mut rest: &str) -> Option<&str> {
    number(&mut rest, 0, 23)?;
    expect(&mut rest, ":")?;
    number(&mut rest, 0, 59)?;
    expect(&mut rest, ":")?;
    number(&mut rest, 0, 59)?;
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            rest = &fraction[digits..];
        }
    }
    Some(rest)
}

fn read_zone(rest: &str) -> Option<()> {
    if rest == "Z" {
        return Some(());
    }
    let bytes = rest.as_bytes();
    let digits = |at: usize| bytes[at].is_ascii_digit() && bytes[at + 1].is_ascii_digit();
    let shaped = bytes.len() == 6 && matches!(bytes[0], b'+' | b'-') && bytes[3] == b':';
    let valid = shaped && digits(1) && digits(4) && &rest[1..3] <= "24" && &rest[4..6] <= "60";
    valid.then_some(())
}

/// Reads one or two digits.
fn number(rest: &mut &str, least: u32, most: u32) -> Option<u32> {
    let digits = rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let value = rest[..digits].parse().ok()?;
    *rest = &rest[digits..];
    (least..=most).contains(&value).then_some(value)
}

fn expect(rest: &mut &str, wanted: &str) -> Option<()> {
    *rest = rest.strip_prefix(wanted)?;
    Some(())
}

fn days_in(month: u32, year: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
