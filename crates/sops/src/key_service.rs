//! Who wraps and unwraps data keys.

use crate::{KeyType, MasterKey, SecretBytes, WrappedKey};

/// Wraps and unwraps data keys with keys of some types.
///
/// This is for callers that may block. A caller that must not, or that wants timeouts and several
/// requests at once, asks a document for an [`Unwrapping`](crate::Unwrapping) or a group of keys for a
/// [`Wrapping`](crate::Wrapping), and answers their questions in its own time; the functions that take a
/// `KeyService` do no more than that. Timeouts, retries and caches are the business of the service.
///
/// A service for several types is a list of services: `[&dyn KeyService]` asks each in turn, until one
/// answers something other than [`KeyFailure::NotServed`].
pub trait KeyService {
    /// Returns the data key, or the share of it, that was wrapped.
    ///
    /// Labels can lie: an implementation should try what it has, rather than look for the identity that
    /// the label names.
    fn unwrap(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure>;

    /// Returns `secret` wrapped with `key`, as documents hold it (see [`WrappedKey::wrapped`]).
    fn wrap(&self, key: &MasterKey, secret: &SecretBytes) -> Result<String, KeyFailure>;

    /// Returns the key as documents are to hold it: with the version that is the latest now, where what is
    /// wrapped belongs to a version. Asked before [`wrap`](Self::wrap); by default the key itself.
    fn resolved(&self, key: &MasterKey) -> Result<MasterKey, KeyFailure> {
        Ok(key.clone())
    }
}

/// Why a key did not wrap or unwrap a data key. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFailure {
    /// The service has nothing to do with keys of this type.
    #[error("is {}, which is not supported here", .key_type.article())]
    NotServed {
        /// The type of the key.
        key_type: KeyType,
    },
    /// The type is known, and this program has no way to use such a key.
    #[error("is {kind}, which is not supported")]
    NotSupported {
        /// What it is, with its article: `a key of an age plugin`.
        kind: &'static str,
    },
    /// No identity that the service holds belongs to the key.
    #[error("belongs to no {identity} that was given")]
    NoIdentity {
        /// What would open it: `age identity`.
        identity: &'static str,
        /// How many of these the service holds.
        held: usize,
    },
    /// The identity belongs to the key, and what was wrapped is damaged; or a service answered what no
    /// data key is.
    #[error("wraps a data key that is damaged")]
    Damaged,
    /// The key is described in a way that its service cannot understand.
    #[error("cannot be used: {reason}")]
    Invalid {
        /// What is wrong with it.
        reason: String,
    },
    /// The service refused. Asking again gives the same answer.
    #[error("was refused to {identity}: {reason}{}", missing_text(.missing.as_deref()))]
    Refused {
        /// Who asked, as the service knows it: an ARN, an account, the name of a token.
        identity: String,
        /// The permission that is missing, when the service says so: `kms:Decrypt`.
        missing: Option<String>,
        /// What the service said.
        reason: String,
    },
    /// The service did not answer, or said to try again.
    #[error("cannot be reached now: {reason}")]
    Unavailable {
        /// What happened: a timeout, no connection, too many requests.
        reason: String,
    },
}

fn missing_text(missing: Option<&str>) -> String {
    missing.map_or_else(String::new, |missing| format!("; it lacks {missing}"))
}

impl KeyFailure {
    /// Returns whether it may work when tried again.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

impl<S: KeyService + ?Sized> KeyService for &S {
    fn unwrap(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        (**self).unwrap(key)
    }

    fn wrap(&self, key: &MasterKey, secret: &SecretBytes) -> Result<String, KeyFailure> {
        (**self).wrap(key, secret)
    }

    fn resolved(&self, key: &MasterKey) -> Result<MasterKey, KeyFailure> {
        (**self).resolved(key)
    }
}

impl<S: KeyService + ?Sized> KeyService for Box<S> {
    fn unwrap(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        (**self).unwrap(key)
    }

    fn wrap(&self, key: &MasterKey, secret: &SecretBytes) -> Result<String, KeyFailure> {
        (**self).wrap(key, secret)
    }

    fn resolved(&self, key: &MasterKey) -> Result<MasterKey, KeyFailure> {
        (**self).resolved(key)
    }
}

impl<S: KeyService> KeyService for [S] {
    fn unwrap(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        first_served(self, key.key.key_type(), |service| service.unwrap(key))
    }

    fn wrap(&self, key: &MasterKey, secret: &SecretBytes) -> Result<String, KeyFailure> {
        first_served(self, key.key_type(), |service| service.wrap(key, secret))
    }

    fn resolved(&self, key: &MasterKey) -> Result<MasterKey, KeyFailure> {
        let resolved = |key: MasterKey, service: &S| match service.resolved(&key) {
            Err(KeyFailure::NotServed { .. }) => Ok(key),
            resolved => resolved,
        };
        self.iter().try_fold(key.clone(), resolved)
    }
}

fn first_served<S, T>(
    services: &[S],
    key_type: KeyType,
    ask: impl Fn(&S) -> Result<T, KeyFailure>,
) -> Result<T, KeyFailure> {
    let answers = services.iter().map(ask);
    let mut served = answers.filter(|answer| !matches!(answer, Err(KeyFailure::NotServed { .. })));
    served
        .next()
        .unwrap_or(Err(KeyFailure::NotServed { key_type }))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Only(KeyType, u8);

    impl KeyService for Only {
        fn unwrap(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
            let key_type = key.key.key_type();
            if key_type == self.0 {
                Ok(SecretBytes::new(vec![self.1]))
            } else {
                Err(KeyFailure::NotServed { key_type })
            }
        }

        fn wrap(&self, _: &MasterKey, _: &SecretBytes) -> Result<String, KeyFailure> {
            Err(KeyFailure::Damaged)
        }
    }

    #[test]
    fn a_list_of_services_asks_the_one_for_the_type() {
        let services: [Box<dyn KeyService>; 2] = [
            Box::new(Only(KeyType::Pgp, 1)),
            Box::new(Only(KeyType::Age, 2)),
        ];
        let wrapped = |key| WrappedKey {
            key,
            wrapped: String::new(),
            created_at: None,
        };
        let recipient = String::new();
        let opened = services.unwrap(&wrapped(MasterKey::Age { recipient }));
        assert_eq!(opened.unwrap().expose(), [2]);
        let key_id = String::new();
        let unserved = services.unwrap(&wrapped(MasterKey::HuaweiKms { key_id }));
        let key_type = KeyType::HuaweiKms;
        assert_eq!(unserved.unwrap_err(), KeyFailure::NotServed { key_type });
    }

    #[test]
    fn a_refusal_says_who_asked_and_what_is_missing() {
        let failure = KeyFailure::Refused {
            identity: "arn:aws:iam::1:user/ci".to_owned(),
            missing: Some("kms:Decrypt".to_owned()),
            reason: "AccessDeniedException".to_owned(),
        };
        insta::assert_snapshot!(failure, @"was refused to arn:aws:iam::1:user/ci: AccessDeniedException; it lacks kms:Decrypt");
    }
}
