//! An embedded Kubernetes API server for development, previews and tests.
