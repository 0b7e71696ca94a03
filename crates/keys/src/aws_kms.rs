//! Keys of the AWS Key Management Service.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use windlass_aws::{Aws, AwsError, Config, CredentialsError, KeyArn, Who};
use windlass_http::Settings;
use windlass_sops::{AwsKmsKey, KeyFailure, KeyService, MasterKey, SecretBytes, WrappedKey};

use crate::share::checked;

type Context = BTreeMap<String, String>;

/// A context has a handful of values; nobody is asked without end.
const MAX_MISTAKEN: usize = 8;

/// Asks the AWS Key Management Service, each key in its own region.
#[derive(Debug)]
pub struct AwsKms {
    aws: Aws,
}

impl AwsKms {
    /// Makes the service. Nothing is asked yet.
    ///
    /// # Errors
    ///
    /// Certificate authorities that cannot be read.
    pub fn new(config: Config, settings: &Settings) -> Result<Self, CredentialsError> {
        let aws = Aws::new(config, settings)?;
        Ok(Self { aws })
    }
}

impl KeyService for AwsKms {
    fn unwrap(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        let (described, arn, who) = described(&key.key)?;
        let ciphertext = STANDARD
            .decode(key.wrapped.trim())
            .map_err(|_| KeyFailure::Damaged)?;
        let unwrap = |context| {
            let answer = self.aws.decrypt(&who, &arn, context, &ciphertext);
            checked(&answer.map_err(failure)?)
        };
        let answer = unwrap(&described.context);
        let mistaken = mistaken_contexts(&described.context);
        let mut mistaken = mistaken
            .iter()
            .filter(|_| answer == Err(KeyFailure::Damaged));
        let opened = mistaken.find_map(|context| unwrap(context).ok());
        opened.map_or(answer, Ok)
    }

    fn wrap(&self, key: &MasterKey, secret: &SecretBytes) -> Result<String, KeyFailure> {
        let (described, arn, who) = described(key)?;
        let answer = self
            .aws
            .encrypt(&who, &arn, &described.context, secret.expose());
        Ok(STANDARD.encode(answer.map_err(failure)?))
    }
}

/// Returns the contexts that sops before 3.3.0 may have used for one of several values: it gave all names the
/// same value, any of them. Documents have the context that was meant.
fn mistaken_contexts(context: &Context) -> Vec<Context> {
    let values: BTreeSet<&String> = context.values().take(MAX_MISTAKEN).collect();
    if values.len() < 2 {
        return Vec::new();
    }
    let all = |value: &&String| {
        let names = context.keys();
        names.map(|name| (name.clone(), (*value).clone())).collect()
    };
    values.iter().map(all).collect()
}

fn described(key: &MasterKey) -> Result<(&AwsKmsKey, KeyArn, Who), KeyFailure> {
    let MasterKey::AwsKms(described) = key else {
        let key_type = key.key_type();
        return Err(KeyFailure::NotServed { key_type });
    };
    let arn: KeyArn = described.arn.parse().map_err(invalid)?;
    let profile = Some(described.profile.clone()).filter(|profile| !profile.is_empty());
    let who = Who::for_key(&arn, profile, described.role.clone());
    Ok((described, arn, who))
}

fn failure(error: AwsError) -> KeyFailure {
    match error {
        AwsError::Refused { code, .. } if code == "InvalidCiphertextException" => {
            KeyFailure::Damaged
        }
        AwsError::Refused {
            identity,
            missing,
            code,
            message,
        } => KeyFailure::Refused {
            identity,
            missing,
            reason: if message.is_empty() {
                code
            } else {
                format!("{code}: {message}")
            },
        },
        AwsError::Answer { .. } => KeyFailure::Damaged,
        AwsError::Credentials(CredentialsError::Missing { .. }) => KeyFailure::NoIdentity {
            identity: "AWS credentials",
            held: 0,
        },
        error if error.is_transient() => KeyFailure::Unavailable {
            reason: error.to_string(),
        },
        error => invalid(error),
    }
}

fn invalid(error: impl std::fmt::Display) -> KeyFailure {
    KeyFailure::Invalid {
        reason: error.to_string(),
    }
}
