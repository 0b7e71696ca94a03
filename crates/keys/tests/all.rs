//! Key services, against servers and programs on this machine.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test fails by panicking, runs the stand-ins and says what it skips"
)]

mod all {
    mod aws_kms;
    mod azure;
    mod gcp_kms;
    mod gpg;
    mod remote;
    mod secret_keys;
    mod shared;
    mod vault;
}
#[path = "../../http/tests/support/stand_in.rs"]
mod stand_in;

use std::time::Duration;

use windlass_http::{Retry, Settings};
use windlass_sops::{MasterKey, SecretBytes, WrappedKey};

fn settings() -> Settings {
    Settings {
        timeout: Duration::from_secs(20),
        retry: Retry {
            attempts: 2,
            pause: Duration::from_millis(1),
        },
        ..Settings::default()
    }
}

fn wrapped(key: &MasterKey, text: &str) -> WrappedKey {
    WrappedKey {
        key: key.clone(),
        wrapped: text.to_owned(),
        created_at: None,
    }
}

fn data_key() -> SecretBytes {
    SecretBytes::new((0..32).collect())
}
