//! Edits of documents that sops encrypted.
