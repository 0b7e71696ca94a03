//! What made the desired objects of its source.

/// A program, and what it made the desired objects from. Two programs may make other objects of the same files: that is
/// no change of the source.
///
/// ```
/// use windlass_plan::Rendition;
///
/// let of = |by: &str, inputs: &str| Rendition { by: by.to_owned(), inputs: inputs.to_owned() };
/// assert!(of("1.1.0", "5d1f").is_of_other_program(&of("1.0.0", "5d1f")));
/// assert!(!of("1.1.0", "5d1f").is_of_other_program(&of("1.0.0", "a20c")), "the source is another one");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendition {
    /// The version of Windlass.
    pub by: String,
    /// A digest of all files that it read, and of their paths.
    pub inputs: String,
}

impl Rendition {
    /// Returns whether another program made the other one of the same files.
    #[must_use]
    pub fn is_of_other_program(&self, other: &Self) -> bool {
        self.inputs == other.inputs && self.by != other.by
    }
}
