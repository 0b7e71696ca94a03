//! How a change of keys is shown, as sops does.

use windlass_sops::GroupDifference;

use crate::style::{Ink, Style};

/// A change of the keys of a document.
#[derive(Debug)]
pub(super) struct KeyChange {
    pub(super) groups: Vec<GroupDifference>,
    /// The thresholds as they are stored, before and after; 0 when there is none.
    pub(super) threshold: (usize, usize),
}

impl KeyChange {
    /// Returns whether anything changes.
    pub(super) fn is_change(&self) -> bool {
        self.threshold.0 != self.threshold.1 || self.groups.iter().any(GroupDifference::is_change)
    }

    /// Returns the lines that say what changes, and what stays.
    pub(super) fn text(&self, style: Style) -> String {
        let mut lines = Vec::new();
        self.add_threshold(style, &mut lines);
        for (at, group) in self.groups.iter().enumerate() {
            lines.push(format!("Group {}", at + 1));
            lines.extend(group.kept.iter().map(|key| format!("    {key}")));
            let added = group.added.iter().map(|key| format!("+++ {key}"));
            lines.extend(added.map(|line| style.out(Ink::Green, &line)));
            let removed = group.removed.iter().map(|key| format!("--- {key}"));
            lines.extend(removed.map(|line| style.out(Ink::Red, &line)));
        }
        lines.join("\n") + "\n"
    }

    fn add_threshold(&self, style: Style, lines: &mut Vec<String>) {
        let (before, after) = self.threshold;
        if before == after {
            if after > 0 {
                lines.push(format!("shamir_threshold: {after}"));
            }
            return;
        }
        if after > 0 {
            lines.push(style.out(Ink::Green, &format!("+++ shamir_threshold: {after}")));
        }
        if before > 0 {
            lines.push(style.out(Ink::Red, &format!("--- shamir_threshold: {before}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use windlass_sops::{KeyGroup, MasterKey};

    use super::*;
    use crate::cli::Color;

    fn change(old: &[&str], new: &[&str], threshold: (usize, usize)) -> KeyChange {
        let groups = |texts: &[&str]| {
            let group = |text: &&str| MasterKey::age_list(text).into_iter().collect::<KeyGroup>();
            texts.iter().map(group).collect::<Vec<_>>()
        };
        KeyChange {
            groups: GroupDifference::between(&groups(old), &groups(new)),
            threshold,
        }
    }

    #[test]
    fn it_is_shown_as_sops_shows_it() {
        let change = change(&["a,b"], &["b,c", "d"], (0, 2));
        insta::assert_snapshot!(change.text(Style::new(Color::Never)), @r"
        +++ shamir_threshold: 2
        Group 1
            b
        +++ c
        --- a
        Group 2
        +++ d
        ");
    }

    #[test]
    fn another_threshold_alone_is_a_change() {
        assert!(change(&["a", "b"], &["a", "b"], (0, 2)).is_change());
        assert!(!change(&["a", "b"], &["a", "b"], (2, 2)).is_change());
    }
}
