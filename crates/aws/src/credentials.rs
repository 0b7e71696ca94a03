//! Where credentials are looked for, and in which order.

use std::fmt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use zeroize::Zeroizing;

use crate::profile::{Profiles, Start};
use crate::{Aws, AwsError, CredentialsError, Keys, Who, instance, sts};

const MARGIN: Duration = Duration::from_mins(5);

/// Who we are to AWS, for a time. Its secrets are not printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) keys: Keys,
    pub(crate) expires: Option<SystemTime>,
    /// Where they come from: `the environment`.
    pub(crate) origin: String,
    /// The ARN that they stand for, when it is known.
    pub(crate) arn: Option<String>,
}

impl Credentials {
    pub(crate) fn fixed(keys: Keys, origin: impl fmt::Display) -> Self {
        Self {
            keys,
            expires: None,
            origin: origin.to_string(),
            arn: None,
        }
    }

    pub(crate) fn ends_soon(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|expires| expires < now + MARGIN)
    }

    /// Returns who this is, from what is known here.
    pub(crate) fn describe(&self) -> String {
        let own = || format!("access key {} of {}", self.keys.id, self.origin);
        self.arn.clone().unwrap_or_else(own)
    }

    pub(crate) fn to_signer(&self) -> aws_credential_types::Credentials {
        let token = self.keys.token.as_ref().map(|token| token.to_string());
        let Keys { id, secret, .. } = &self.keys;
        aws_credential_types::Credentials::new(id, secret.as_str(), token, self.expires, "windlass")
    }
}

impl CredentialsError {
    pub(crate) fn file(path: &Path, error: &std::io::Error) -> Self {
        Self::File {
            path: path.display().to_string(),
            reason: error.to_string(),
        }
    }

    pub(crate) fn invalid(source_name: impl fmt::Display, reason: impl fmt::Display) -> Self {
        Self::Invalid {
            source_name: source_name.to_string(),
            reason: reason.to_string(),
        }
    }
}

/// Reads a file that holds a token.
pub(crate) fn read_token(path: &Path) -> Result<Zeroizing<String>, CredentialsError> {
    let text =
        std::fs::read_to_string(path).map_err(|error| CredentialsError::file(path, &error))?;
    Ok(Zeroizing::new(text))
}

impl Aws {
    pub(crate) fn find_credentials(&self, who: &Who) -> Result<Credentials, AwsError> {
        let own = self.own_credentials(who)?;
        match &who.role {
            Some(role) => sts::assume_role(self, who, &own, &sts::Role::named(role, &self.config)),
            None => Ok(own),
        }
    }

    /// Looks for credentials in the order of the AWS SDK for Go v2 (`config/resolve_credentials.go`).
    fn own_credentials(&self, who: &Who) -> Result<Credentials, AwsError> {
        let config = &self.config;
        if let Some(profile) = &who.profile {
            let profiles = Profiles::read(config)?;
            let found = self.profile_credentials(who, &profiles, profile)?;
            return found.map_or_else(|| self.ambient_credentials(), Ok);
        }
        if let Some(keys) = &config.keys {
            return Ok(Credentials::fixed(keys.clone(), "the environment"));
        }
        if let Some(identity) = &config.web_identity {
            return sts::assume_with_token(self, who, identity);
        }
        let profiles = Profiles::read(config)?;
        let profile = config.profile.as_deref().unwrap_or("default");
        if config.profile.is_some() || profiles.has(profile) {
            let found = self.profile_credentials(who, &profiles, profile)?;
            return found.map_or_else(|| self.ambient_credentials(), Ok);
        }
        self.ambient_credentials()
    }

    /// Returns what a profile says, or `None` when it says nothing of credentials.
    fn profile_credentials(
        &self,
        who: &Who,
        profiles: &Profiles,
        name: &str,
    ) -> Result<Option<Credentials>, AwsError> {
        let chain = profiles.chain(name, &self.config)?;
        let origin = format!("the profile {name:?}");
        let mut held = match chain.start {
            Start::Nothing if chain.roles.is_empty() => return Ok(None),
            Start::Nothing => self.ambient_credentials()?,
            Start::Keys(keys) => Credentials::fixed(keys, &origin),
            Start::WebIdentity(identity) => sts::assume_with_token(self, who, &identity)?,
            Start::Environment => {
                let keys = self.config.keys.clone();
                let missing = || {
                    CredentialsError::invalid(
                        &origin,
                        "it takes them from the environment, which has none",
                    )
                };
                Credentials::fixed(keys.ok_or_else(missing)?, "the environment")
            }
            Start::Container => instance::of_container(self)?,
            Start::Instance => instance::of_instance(self)?,
        };
        for role in &chain.roles {
            held = sts::assume_role(self, who, &held, role)?;
        }
        Ok(Some(held))
    }

    /// Returns the credentials of where we run.
    fn ambient_credentials(&self) -> Result<Credentials, AwsError> {
        if self.config.container.is_some() {
            return instance::of_container(self);
        }
        if self.config.instance.is_none() {
            return Err(self.missing("").into());
        }
        instance::of_instance(self).map_err(|error| match error {
            // Most machines are no instances of EC2: that nothing answers there means that there is none.
            AwsError::Unavailable { .. } => self.missing(", the instance (no answer)").into(),
            error => error,
        })
    }

    fn missing(&self, instance: &str) -> CredentialsError {
        let profile = self.config.profile.as_deref().unwrap_or("default");
        let looked = format!("the environment, the profile {profile:?}{instance}");
        let looked = looked.split(", ").map(str::to_owned).collect();
        CredentialsError::Missing { looked }
    }
}
