//! Opens documents encrypted by sops.
