//! Says how well a Kubernetes object is, and why.
