//! The order of keys, and the words that YAML 1.1 would read as something else.

use crate::resolve::{Resolved, resolve_plain};

/// Returns the items in go-yaml's order of their keys.
///
/// That order is not transitive for some keys, so std's sorts may panic on it; this merge sort takes
/// any comparison and is stable.
pub(super) fn sorted<T>(mut items: Vec<T>, key: impl Fn(&T) -> &str + Copy) -> Vec<T> {
    if items
        .windows(2)
        .all(|pair| !less(key(&pair[1]), key(&pair[0])))
    {
        return items;
    }
    let right = items.split_off(items.len() / 2);
    merge(sorted(items, key), sorted(right, key), key)
}

fn merge<T>(left: Vec<T>, right: Vec<T>, key: impl Fn(&T) -> &str + Copy) -> Vec<T> {
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let mut left = left.into_iter().peekable();
    let mut right = right.into_iter().peekable();
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let next = if less(key(b), key(a)) {
            right.next()
        } else {
            left.next()
        };
        merged.extend(next);
    }
    merged.extend(left);
    merged.extend(right);
    merged
}

/// Returns whether go-yaml sorts `a` before `b`: by the first character that differs, letters after
/// everything else, runs of digits by their value.
pub(super) fn less(a: &str, b: &str) -> bool {
    let same = common_prefix(a, b);
    let (rest_a, rest_b) = (&a[same..], &b[same..]);
    let (Some(char_a), Some(char_b)) = (rest_a.chars().next(), rest_b.chars().next()) else {
        return rest_a.len() < rest_b.len();
    };
    match (char_a.is_alphabetic(), char_b.is_alphabetic()) {
        (true, true) => char_a < char_b,
        (true, false) => false,
        (false, true) => true,
        (false, false) => digits_less((char_a, rest_a), (char_b, rest_b), &a[..same]),
    }
}

/// Compares the runs of digits that begin here, by value, length, then first character. Behind other
/// digits a zero is a digit like all, so both values then begin with 1.
fn digits_less(a: (char, &str), b: (char, &str), before: &str) -> bool {
    let behind_digits = (a.0 == '0' || b.0 == '0')
        && before
            .chars()
            .rev()
            .take_while(|c| is_digit(*c))
            .any(|c| c != '0');
    let start = i64::from(behind_digits);
    let (value_a, length_a) = digits(a.1, start);
    let (value_b, length_b) = digits(b.1, start);
    (value_a, length_a, a.0) < (value_b, length_b, b.0)
}

fn digits(text: &str, start: i64) -> (i64, usize) {
    let run = text.chars().take_while(|c| is_digit(*c));
    run.fold((start, 0), |(value, length), digit| {
        let digit = i64::from(u32::from(digit)) - i64::from(b'0');
        (value.wrapping_mul(10).wrapping_add(digit), length + 1)
    })
}

/// The zeros outside ASCII, each followed by its nine digits: the decimal numbers of Unicode 15, which
/// Go 1.26 has.
const ZEROS: [u32; 67] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6,
    0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50,
    0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
    0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650,
    0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x11f50, 0x16a60, 0x16ac0,
    0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e950,
    0x1fbf0,
];

fn is_digit(character: char) -> bool {
    let code = u32::from(character);
    let of_script = |zero: u32| (zero..zero + 10).contains(&code);
    character.is_ascii_digit() || !character.is_ascii() && ZEROS.iter().any(|zero| of_script(*zero))
}

/// Returns how many bytes at the start are the same, in whole characters.
fn common_prefix(a: &str, b: &str) -> usize {
    let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    (0..=same)
        .rev()
        .find(|at| a.is_char_boundary(*at) && b.is_char_boundary(*at))
        .unwrap_or(0)
}

/// Returns whether go-yaml v2 would read this plain text as a string, so need not quote it.
pub(super) fn is_plain_string(text: &str) -> bool {
    !is_old_word_or_base60(text)
        && match resolve_plain(text) {
            Resolved::String(_) | Resolved::Merge => true,
            // v2 does not have v3's own rule for octal digits with a sign.
            Resolved::Int(_) => text.starts_with("0o-") || text.starts_with("0o+"),
            _ => false,
        }
}

/// Returns whether YAML 1.1 reads this text as a boolean or a number of base 60.
pub(crate) fn is_old_word_or_base60(text: &str) -> bool {
    matches!(
        text,
        "y" | "Y"
            | "yes"
            | "Yes"
            | "YES"
            | "on"
            | "On"
            | "ON"
            | "n"
            | "N"
            | "no"
            | "No"
            | "NO"
            | "off"
            | "Off"
            | "OFF"
    ) || is_base60(text)
}

/// Matches `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?`.
fn is_base60(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let Some((first, rest)) = digits.split_once(':') else {
        return false;
    };
    let (places, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let digit_or_underscore = |byte: u8| byte.is_ascii_digit() || byte == b'_';
    first.starts_with(|c: char| c.is_ascii_digit())
        && first.bytes().all(digit_or_underscore)
        && places.split(':').all(is_base60_place)
        && fraction.bytes().all(digit_or_underscore)
}

fn is_base60_place(place: &str) -> bool {
    match place.as_bytes() {
        [ones] => ones.is_ascii_digit(),
        [tens, ones] => matches!(tens, b'0'..=b'5') && ones.is_ascii_digit(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted_keys<'a>(keys: &[&'a str]) -> Vec<&'a str> {
        sorted(keys.to_vec(), |key| key)
    }

    #[test]
    fn digits_sort_by_value_and_letters_last() {
        let keys = [
            "b", "a10", "a2", "a", "A", ".x", "10", "9", "a-b", "ab", "a01",
        ];
        let order = [
            ".x", "9", "10", "A", "a", "a-b", "a01", "a2", "a10", "ab", "b",
        ];
        assert_eq!(sorted_keys(&keys), order);
    }

    #[test]
    fn digits_of_all_scripts_sort_before_letters() {
        // Their value is that of the code, so they follow those of ASCII.
        let keys = ["a", "\u{7c0}", "9", "\u{1d7ff}", "\u{ff12}"];
        let order = ["9", "\u{7c0}", "\u{ff12}", "\u{1d7ff}", "a"];
        assert_eq!(sorted_keys(&keys), order);
    }

    #[test]
    fn an_order_that_is_none_does_not_panic() {
        let keys = ["1__0", "2", "10", "1E3", "01", "1b", "1", "0x1"];
        for start in 0..keys.len() {
            let mut rotated = keys;
            rotated.rotate_left(start);
            assert_eq!(sorted_keys(&rotated).len(), keys.len());
        }
    }

    #[test]
    fn old_words_and_numbers_of_base_60_are_not_plain() {
        for text in [
            "y",
            "No",
            "on",
            "OFF",
            "1:20",
            "190:20:30",
            "1:20.5",
            "~",
            "",
            "0b1",
            "1e3",
            ".5",
            "2001-01-01",
        ] {
            assert!(!is_plain_string(text), "{text}");
        }
        for text in [
            "yEs",
            "1:60",
            "a1",
            "=",
            "<<",
            "1.2.3",
            "nope",
            "2001-02-30",
            "12:3x",
        ] {
            assert!(is_plain_string(text), "{text}");
        }
    }
}
