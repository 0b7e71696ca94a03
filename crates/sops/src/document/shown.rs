//! A document in clear with its metadata, for a person who looks at its keys (`sops edit --show-master-keys`).

use crate::store;
use crate::{
    Document, EmitError, Format, OpenDocument, ParseError, Plaintext, SecretBytes, Style,
    WrappedKeys,
};

impl OpenDocument {
    /// Returns the text of the document in clear, with its metadata.
    pub fn to_bytes_with_metadata(&self, style: Style) -> Result<SecretBytes, EmitError> {
        let format = self.plaintext.format();
        let block = self.metadata.to_block(format, format);
        store::emit_encrypted(self.plaintext.documents(), block, format, style)
    }
}

impl Plaintext {
    /// Parses what [`OpenDocument::to_bytes_with_metadata`] returned, after a person changed it: the values,
    /// and the keys that the metadata names now, the new ones with nothing wrapped. Everything else in the
    /// metadata is left out.
    pub fn parse_with_metadata(
        bytes: &[u8],
        format: Format,
    ) -> Result<(Self, WrappedKeys), ParseError> {
        let document = Document::parse(bytes, format)?;
        let values = Self::new(format, document.documents, Vec::new());
        Ok((values, document.metadata.keys))
    }
}
