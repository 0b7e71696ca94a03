//! Several services, any one of which will do.

use windlass_sops::{KeyFailure, KeyService, MasterKey, SecretBytes, WrappedKey};

/// Asks each service in turn until one does what is asked, as sops does with its own keys and each
/// `--keyservice`.
///
/// When none does, what is returned is the failure that says most: that a service refused, rather than that
/// another has no such key.
#[derive(Debug)]
pub struct AnyOf<S>(
    /// The services, in the order in which they are asked.
    pub Vec<S>,
);

impl<S: KeyService> AnyOf<S> {
    fn first<T>(
        &self,
        nobody: KeyFailure,
        ask: impl Fn(&S) -> Result<T, KeyFailure>,
    ) -> Result<T, KeyFailure> {
        let mut best = nobody;
        for service in &self.0 {
            match ask(service) {
                Ok(answer) => return Ok(answer),
                Err(failure) if weight(&failure) > weight(&best) => best = failure,
                Err(_) => {}
            }
        }
        Err(best)
    }
}

impl<S: KeyService> KeyService for AnyOf<S> {
    fn unwrap(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        let key_type = key.key.key_type();
        self.first(KeyFailure::NotServed { key_type }, |service| {
            service.unwrap(key)
        })
    }

    fn wrap(&self, key: &MasterKey, secret: &SecretBytes) -> Result<String, KeyFailure> {
        let key_type = key.key_type();
        self.first(KeyFailure::NotServed { key_type }, |service| {
            service.wrap(key, secret)
        })
    }

    /// Returns what the first service says that knows more than is known; without one, why none could say.
    fn resolved(&self, key: &MasterKey) -> Result<MasterKey, KeyFailure> {
        let mut failed = None;
        for service in &self.0 {
            match service.resolved(key) {
                Ok(resolved) if resolved != *key => return Ok(resolved),
                Ok(_) | Err(KeyFailure::NotServed { .. }) => {}
                Err(failure) => failed = failed.or(Some(failure)),
            }
        }
        failed.map_or_else(|| Ok(key.clone()), Err)
    }
}

fn weight(failure: &KeyFailure) -> u8 {
    match failure {
        KeyFailure::NotServed { .. } => 0,
        KeyFailure::NotSupported { .. } => 1,
        KeyFailure::NoIdentity { .. } => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(Result<u8, KeyFailure>);

    impl KeyService for Fixed {
        fn unwrap(&self, _: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
            self.0.clone().map(|byte| SecretBytes::new(vec![byte]))
        }

        fn wrap(&self, _: &MasterKey, _: &SecretBytes) -> Result<String, KeyFailure> {
            self.0.clone().map(|byte| byte.to_string())
        }
    }

    fn unwrap(services: Vec<Fixed>) -> Result<u8, KeyFailure> {
        let recipient = "age1".to_owned();
        let key = WrappedKey {
            key: MasterKey::Age { recipient },
            wrapped: String::new(),
            created_at: None,
        };
        AnyOf(services).unwrap(&key).map(|bytes| bytes.expose()[0])
    }

    fn no_identity() -> KeyFailure {
        KeyFailure::NoIdentity {
            identity: "age identity",
            held: 1,
        }
    }

    #[test]
    fn a_service_that_fails_does_not_keep_the_next_from_being_asked() {
        let services = vec![
            Fixed(Err(no_identity())),
            Fixed(Err(KeyFailure::Damaged)),
            Fixed(Ok(7)),
            Fixed(Ok(8)),
        ];
        assert_eq!(unwrap(services), Ok(7));
    }

    #[test]
    fn the_failure_that_says_most_is_returned() {
        let unavailable = KeyFailure::Unavailable {
            reason: "no connection".to_owned(),
        };
        let services = vec![
            Fixed(Err(no_identity())),
            Fixed(Err(unavailable.clone())),
            Fixed(Err(no_identity())),
        ];
        assert_eq!(unwrap(services), Err(unavailable));
        assert!(matches!(
            unwrap(Vec::new()),
            Err(KeyFailure::NotServed { .. })
        ));
    }
}
