//! The server, driven by the real `kubectl`.

#![expect(clippy::unwrap_used, reason = "a test fails where it panics")]

mod all {
    mod access;
    mod apply;
    mod custom;
    mod differential;
    mod failure;
    mod kubectl;
    mod read;
    mod server;
    mod write;
}
