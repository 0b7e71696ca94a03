//! How documents are laid out.

/// How far documents are indented, as `stores` in `.sops.yaml` says. The default is that of sops 3.11.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Of YAML, in spaces; 4 unless set.
    pub yaml: u8,
    /// Of JSON; a tab unless set.
    pub json: Indent,
    /// Of the JSON envelope of the binary format; a tab unless set.
    pub binary: Indent,
}

/// One level of indentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indent {
    /// A tab.
    Tab,
    /// So many spaces.
    Spaces(u8),
}

impl Default for Style {
    fn default() -> Self {
        Self {
            yaml: 4,
            json: Indent::Tab,
            binary: Indent::Tab,
        }
    }
}
