//! What holds for any object and patch: laws that the programs in `fuzz/` try to break.

use serde_json::Value;
use windlass_object::patch::{json_patch, merge_patch, strategic_merge_patch};
use windlass_object::schema::{Schema, facts, publish_schema};
use windlass_object::{FingerprintKey, Gvk, Mask, diff};

/// Patches the first value of a JSON list by the second, in every way that there is.
pub(crate) fn patches(text: &str) {
    let Ok((target, patch)) = serde_json::from_str::<(Value, Value)>(text) else {
        return;
    };
    changes_all_or_nothing(&target, |target| json_patch(target, &patch).is_ok());
    for kind in ["Deployment", "StatefulSet"] {
        let schema = facts().schema(&Gvk::new("apps/v1", kind));
        let schema = schema.expect("it is built in");
        changes_all_or_nothing(&target, |target| {
            strategic_merge_patch(target, &patch, schema).is_ok()
        });
    }
    if let Ok(schema) = Schema::from_crd(&patch) {
        assert!(!publish_schema(&schema).is_null());
        changes_all_or_nothing(&target, |target| {
            strategic_merge_patch(target, &patch, &schema).is_ok()
        });
    }
    merging_twice_is_merging_once(&target, &patch);
    only_equal_values_have_no_difference(&target, &patch);
}

fn changes_all_or_nothing(target: &Value, apply: impl Fn(&mut Value) -> bool) {
    let mut patched = target.clone();
    if !apply(&mut patched) {
        assert_eq!(&patched, target);
    }
}

fn merging_twice_is_merging_once(target: &Value, patch: &Value) {
    let mut once = target.clone();
    merge_patch(&mut once, patch);
    let mut twice = once.clone();
    merge_patch(&mut twice, patch);
    assert_eq!(once, twice);
}

fn only_equal_values_have_no_difference(before: &Value, after: &Value) {
    let key = FingerprintKey::new([7; 32]);
    let mask = Mask::new(&key);
    assert!(diff(before, before, &mask).is_empty());
    if before == after {
        assert!(diff(before, after, &mask).is_empty());
    }
}
