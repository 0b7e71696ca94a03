//! Hauls a Kubernetes cluster to what a Git repository says.
