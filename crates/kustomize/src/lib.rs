//! Builds a kustomization to objects, over a tree.
