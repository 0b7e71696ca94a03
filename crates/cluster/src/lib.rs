//! A Kubernetes cluster: discovery, server-side apply, watches, inventory.
