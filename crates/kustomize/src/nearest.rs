//! "Did you mean": the known word that is most like a given one.

/// Returns the word that takes the fewest changes to get to, if these are few.
pub(crate) fn nearest<'w>(word: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    known
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 2.max(candidate.len() / 3))
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters of each word are compared.
const COMPARED: usize = 64;

/// Counts the letters to insert, remove or replace, capitals aside (Levenshtein).
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().take(COMPARED).collect();
    // Only the row before is needed.
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.to_lowercase().chars().take(COMPARED).enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let replace = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replace.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_word_finds_its_neighbour_and_a_strange_one_none() {
        let known = ["resources", "patches", "namePrefix"];
        assert_eq!(nearest("resource", known.into_iter()), Some("resources"));
        assert_eq!(nearest("nameprefx", known.into_iter()), Some("namePrefix"));
        assert_eq!(nearest("chartHome", known.into_iter()), None);
    }
}
