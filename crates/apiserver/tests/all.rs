//! The server, driven by the real `kubectl`.

mod all {
    mod access;
    mod apply;
    mod custom;
    mod failure;
    mod kubectl;
    mod read;
    mod write;
}
