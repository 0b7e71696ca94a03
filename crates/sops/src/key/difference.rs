//! What changes when a document gets other keys.

use super::{KeyGroup, MasterKey};

/// How the keys of one group change.
///
/// ```
/// use windlass_sops::{GroupDifference, KeyGroup, MasterKey};
///
/// let group = |recipients: &str| MasterKey::age_list(recipients).into_iter().collect::<KeyGroup>();
/// let difference = GroupDifference::between(&[group("age1a,age1b")], &[group("age1b,age1c")]);
/// assert_eq!(difference[0].added[0].to_string(), "age1c");
/// assert_eq!(difference[0].removed[0].to_string(), "age1a");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupDifference {
    /// The keys that stay, in the new order.
    pub kept: Vec<MasterKey>,
    /// The keys that come, in their order.
    pub added: Vec<MasterKey>,
    /// The keys that go, in their order.
    pub removed: Vec<MasterKey>,
}

impl GroupDifference {
    /// Returns the differences from the groups `old` to the groups `new`, one for each place. Groups are
    /// compared by place, and keys by name (their `Display` form), as in sops 3.11: the order within a
    /// group, and how often a key stands in it, is no difference.
    pub fn between(old: &[KeyGroup], new: &[KeyGroup]) -> Vec<Self> {
        let none = KeyGroup::default();
        let count = old.len().max(new.len());
        let pairs =
            (0..count).map(|at| (old.get(at).unwrap_or(&none), new.get(at).unwrap_or(&none)));
        pairs.map(|(old, new)| Self::of_group(old, new)).collect()
    }

    /// Returns whether any key comes or goes.
    pub fn is_change(&self) -> bool {
        !self.added.is_empty() || !self.removed.is_empty()
    }

    fn of_group(old: &KeyGroup, new: &KeyGroup) -> Self {
        let names = |group: &KeyGroup| {
            group
                .keys
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        let (old_names, new_names) = (names(old), names(new));
        let (kept, added) = new
            .keys
            .iter()
            .cloned()
            .partition(|key| old_names.contains(&key.to_string()));
        let mut removed = old.keys.clone();
        removed.retain(|key| !new_names.contains(&key.to_string()));
        Self {
            kept,
            added,
            removed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(texts: &[&str]) -> Vec<KeyGroup> {
        let group = |text: &&str| MasterKey::age_list(text).into_iter().collect();
        texts.iter().map(group).collect()
    }

    /// Writes each group as `kept +added -removed`.
    fn shown(old: &[&str], new: &[&str]) -> Vec<String> {
        let show = |difference: GroupDifference| {
            let signed = |sign: &str, keys: Vec<MasterKey>| {
                keys.into_iter()
                    .map(|key| format!("{sign}{key}"))
                    .collect::<Vec<_>>()
            };
            let mut keys = signed("", difference.kept);
            keys.extend(signed("+", difference.added));
            keys.extend(signed("-", difference.removed));
            keys.join(" ")
        };
        let differences = GroupDifference::between(&groups(old), &groups(new));
        differences.into_iter().map(show).collect()
    }

    fn is_change(old: &[&str], new: &[&str]) -> bool {
        let differences = GroupDifference::between(&groups(old), &groups(new));
        differences.iter().any(GroupDifference::is_change)
    }

    #[test]
    fn keys_that_come_go_and_stay_are_told_apart() {
        assert_eq!(shown(&["a,b,c"], &["c,d,a"]), ["c a +d -b"]);
    }

    #[test]
    fn groups_are_compared_by_place() {
        assert_eq!(shown(&["a", "b"], &["b"]), ["+b -a", "-b"]);
        assert_eq!(shown(&["a"], &["a", "b"]), ["a", "+b"]);
        assert_eq!(shown(&[], &[]), Vec::<String>::new());
    }

    #[test]
    fn another_order_and_a_key_named_twice_are_no_change() {
        assert!(!is_change(&["a,b"], &["b,a,b"]));
        assert!(is_change(&["a,b"], &["a"]));
    }

    #[test]
    fn a_key_with_another_role_is_another_key() {
        let kms = |role: &str| {
            let text = format!("arn:aws:kms:r:1:key/k{role}");
            let keys = MasterKey::kms_list(&text, &std::collections::BTreeMap::new(), "");
            [keys.into_iter().collect::<KeyGroup>()]
        };
        let difference = GroupDifference::between(&kms(""), &kms("+arn:aws:iam::1:role/r"));
        assert_eq!(
            (difference[0].added.len(), difference[0].removed.len()),
            (1, 1)
        );
    }
}
