//! What can go wrong between us and AWS.

use windlass_http::{HttpError, SettingsError};

/// Why AWS did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AwsError {
    /// There was nobody to ask as.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// AWS refused; asking again gives the same answer.
    #[error("{code}: {message}")]
    Refused {
        /// Who asked: an ARN when it is known, else the id of the access key.
        identity: String,
        /// The permission that is missing, when AWS says so: `kms:Decrypt`.
        missing: Option<String>,
        /// The code of the error: `AccessDeniedException`.
        code: String,
        /// What AWS said; empty when nothing.
        message: String,
    },
    /// AWS did not answer, or said to try again.
    #[error("{reason}")]
    Unavailable {
        /// What happened.
        reason: String,
    },
    /// The answer is not one that the service gives.
    #[error("the answer of {service} cannot be used: {reason}")]
    Answer {
        /// The service: `kms`.
        service: &'static str,
        /// What is wrong with the answer.
        reason: &'static str,
    },
}

/// Why there are no credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// There are none anywhere.
    #[error("no AWS credentials; looked in {}", .looked.join(", "))]
    Missing {
        /// Where they were looked for.
        looked: Vec<String>,
    },
    /// A profile does not exist.
    #[error("the AWS configuration has no profile {profile:?}")]
    NoProfile {
        /// Its name.
        profile: String,
    },
    /// A source is there, and its credentials cannot be used.
    #[error("the AWS credentials of {source_name}: {reason}")]
    Invalid {
        /// Where they come from.
        source_name: String,
        /// What is wrong.
        reason: String,
    },
    /// A file cannot be read.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// A source did not answer.
    #[error("the AWS credentials of {source_name} cannot be had now: {reason}")]
    Unavailable {
        /// Where they would come from.
        source_name: String,
        /// What happened.
        reason: String,
    },
}

impl From<HttpError> for AwsError {
    fn from(error: HttpError) -> Self {
        let reason = error.to_string();
        Self::Unavailable { reason }
    }
}

impl From<SettingsError> for CredentialsError {
    fn from(error: SettingsError) -> Self {
        Self::Invalid {
            source_name: "AWS_CA_BUNDLE".to_owned(),
            reason: error.to_string(),
        }
    }
}

impl AwsError {
    /// Returns whether it may work when tried again.
    pub fn is_transient(&self) -> bool {
        let credentials = matches!(
            self,
            Self::Credentials(CredentialsError::Unavailable { .. })
        );
        credentials || matches!(self, Self::Unavailable { .. })
    }
}
