//! Reads trees from Git repositories and directories.
