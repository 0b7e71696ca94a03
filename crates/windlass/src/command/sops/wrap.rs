//! A data key, encrypted for the keys of a document.

use windlass_sops::{DataKey, KeyGroup, NotWrapped, WrappedKeys};

use super::context::{now, random};
use super::document::reason;
use super::exit::Exit;
use super::service::Services;
use crate::failure::Failure;

/// The keys that a data key is encrypted for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recipients<'r> {
    pub(super) groups: &'r [KeyGroup],
    /// How many groups are needed; 0 for all.
    pub(super) threshold: usize,
    /// Keys that are among these keep the dates that they have there.
    pub(super) earlier: Option<&'r WrappedKeys>,
    /// Where the keys stand, for messages.
    pub(super) place: &'r str,
}

impl Recipients<'_> {
    /// Returns the data key encrypted for the keys. Every key that does not do it is named.
    pub(super) fn wrap(self, key: &DataKey, services: &Services) -> Result<WrappedKeys, Failure> {
        let wrapping = key.wrapping(self.groups, self.threshold, &now(), &mut random);
        let keys = wrapping.map_err(NotWrapped::from).and_then(|wrapping| {
            let wrapping = match self.earlier {
                Some(earlier) => wrapping.with_dates_of(earlier),
                None => wrapping,
            };
            wrapping.ask(services)
        });
        keys.map_err(|error| failure(self.place, &error))
    }
}

fn failure(place: &str, error: &NotWrapped) -> Failure {
    let NotWrapped::Keys { keys } = error else {
        return Exit::Generic.because(format!("{place}: {error}"));
    };
    let mut text = format!("{place}: the data key cannot be encrypted for");
    for (key, failure) in keys {
        text = format!(
            "{text}\n{key}: {}",
            reason(key.key_type().article(), failure)
        );
    }
    Exit::Generic.because(text)
}
