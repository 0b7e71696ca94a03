//! Renders a service of an environment: kustomize, secret stubs and decryption.
