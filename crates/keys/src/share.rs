//! What several services need.

use std::time::Duration;

use windlass_http::{Client, Retry, Settings, SettingsError};
use windlass_sops::{KeyFailure, SecretBytes};

/// The bytes of a data key, and of a share of one.
const LENGTHS: [usize; 2] = [32, 33];

/// Returns what a service unwrapped, if it can be a data key or a share of one.
pub(crate) fn checked(bytes: &[u8]) -> Result<SecretBytes, KeyFailure> {
    if LENGTHS.contains(&bytes.len()) {
        return Ok(SecretBytes::new(bytes.to_vec()));
    }
    Err(KeyFailure::Damaged)
}

/// Makes a client for the machine that we are on: what does not answer at once is not there.
pub(crate) fn near(settings: &Settings) -> Result<Client, SettingsError> {
    Client::new(&Settings {
        timeout: settings.timeout.min(Duration::from_secs(2)),
        retry: Retry {
            attempts: settings.retry.attempts.min(2),
            ..settings.retry
        },
        ..settings.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_data_key_and_a_share_have_the_right_length() {
        for length in 0..64 {
            let is_right = checked(&vec![0; length]).is_ok();
            assert_eq!(is_right, length == 32 || length == 33, "{length}");
        }
    }
}
