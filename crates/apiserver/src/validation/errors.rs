//! What is wrong with the fields of an object, as `k8s.io/apimachinery/pkg/util/validation/field` words
//! it.

use serde_json::Value;

use crate::status::Cause;

/// The mistakes found so far.
#[derive(Debug, Default)]
pub(crate) struct FieldErrors {
    causes: Vec<Cause>,
}

impl FieldErrors {
    /// Returns the causes of a 422.
    pub(crate) fn into_causes(self) -> Vec<Cause> {
        self.causes
    }

    /// Returns whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.causes.is_empty()
    }

    /// Returns how many there are.
    pub(crate) fn len(&self) -> usize {
        self.causes.len()
    }

    /// Forgets all but the first.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.causes.truncate(count);
    }

    /// A field is missing.
    pub(crate) fn required(&mut self, path: &str, detail: &str) {
        self.add("FieldValueRequired", path, "Required value", detail);
    }

    /// A value breaks a rule.
    pub(crate) fn invalid(&mut self, path: &str, value: &Value, detail: &str) {
        let head = format!("Invalid value: {value}");
        self.add("FieldValueInvalid", path, &head, detail);
    }

    /// The same, of a value as Go prints it.
    pub(crate) fn invalid_printed(&mut self, path: &str, printed: &str, detail: &str) {
        let head = format!("Invalid value: {printed}");
        self.add("FieldValueInvalid", path, &head, detail);
    }

    /// A value is of another type than its field.
    pub(crate) fn type_invalid(&mut self, path: &str, value: &Value, detail: &str) {
        let head = format!("Invalid value: {value}");
        self.add("FieldValueTypeInvalid", path, &head, detail);
    }

    /// A value is none of those that there are.
    pub(crate) fn unsupported(&mut self, path: &str, value: &Value, supported: &[&str]) {
        let supported: Vec<String> = supported.iter().map(|text| format!("{text:?}")).collect();
        let head = format!("Unsupported value: {value}");
        let detail = format!("supported values: {}", supported.join(", "));
        self.add("FieldValueNotSupported", path, &head, &detail);
    }

    /// The same, of a value as Go prints it.
    pub(crate) fn unsupported_printed(&mut self, path: &str, printed: &str, supported: &[&str]) {
        let supported: Vec<String> = supported.iter().map(|text| format!("{text:?}")).collect();
        let head = format!("Unsupported value: {printed}");
        let detail = format!("supported values: {}", supported.join(", "));
        self.add("FieldValueNotSupported", path, &head, &detail);
    }

    /// A value that must be the only one is there twice.
    pub(crate) fn duplicate(&mut self, path: &str, value: &Value) {
        let head = format!("Duplicate value: {value}");
        self.add("FieldValueDuplicate", path, &head, "");
    }

    /// The same, of a value as Go prints it.
    pub(crate) fn duplicate_printed(&mut self, path: &str, printed: &str) {
        let head = format!("Duplicate value: {printed}");
        self.add("FieldValueDuplicate", path, &head, "");
    }

    /// What is there is not allowed.
    pub(crate) fn forbidden(&mut self, path: &str, detail: &str) {
        self.add("FieldValueForbidden", path, "Forbidden", detail);
    }

    /// A value refers to something that is not there.
    pub(crate) fn not_found(&mut self, path: &str, value: &Value) {
        let head = format!("Not found: {value}");
        self.add("FieldValueNotFound", path, &head, "");
    }

    /// A text is longer than `most` bytes.
    pub(crate) fn too_long(&mut self, path: &str, most: u64) {
        let detail = format!("may not be more than {most} bytes");
        self.add("FieldValueTooLong", path, "Too long", &detail);
    }

    /// There are more than `most` items.
    pub(crate) fn too_many(&mut self, path: &str, count: usize, most: u64) {
        let head = format!("Too many: {count}");
        let detail = format!("must have at most {most} items");
        self.add("FieldValueTooMany", path, &head, &detail);
    }

    fn add(&mut self, reason: &'static str, path: &str, head: &str, detail: &str) {
        let colon = if detail.is_empty() { "" } else { ": " };
        self.causes
            .push(Cause::new(reason, path, format!("{head}{colon}{detail}")));
    }
}
