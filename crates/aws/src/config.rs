//! Where credentials come from and where requests go.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use zeroize::Zeroizing;

/// Where credentials come from and where requests go.
///
/// Files that it names are read when they are needed, as tokens in them are replaced while a program runs.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Keys given directly.
    pub keys: Option<Keys>,
    /// A role taken with the token of an identity provider, as pods of EKS have it (IRSA).
    pub web_identity: Option<WebIdentity>,
    /// The profile to use; `None` means `default`.
    pub profile: Option<String>,
    /// The configuration, usually `~/.aws/config`.
    pub config_file: Option<PathBuf>,
    /// The file of keys, usually `~/.aws/credentials`.
    pub credentials_file: Option<PathBuf>,
    /// Where the container that we are in offers credentials (ECS, EKS Pod Identity).
    pub container: Option<Container>,
    /// Where the instance that we are on offers credentials (IMDSv2); `None` asks for none.
    pub instance: Option<String>,
    /// The address of all services, in place of those of AWS.
    pub endpoint: Option<String>,
    /// The addresses of single services, by name (`kms`, `sts`); they go before `endpoint`.
    pub endpoints: BTreeMap<String, String>,
    /// Certificate authorities, a PEM file, in place of the system's.
    pub ca_bundle: Option<PathBuf>,
    /// The region to ask where nothing else names one.
    pub region: Option<String>,
    /// How sessions of assumed roles are called. sops has `sops@HOST`.
    pub session_name: String,
}

/// An access key. Its secret parts are not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// The id of the access key, which is no secret.
    pub id: String,
    /// The secret access key.
    pub secret: Zeroizing<String>,
    /// The session token of temporary credentials.
    pub token: Option<Zeroizing<String>>,
}

/// A role taken with a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebIdentity {
    /// The file that holds the token.
    pub token_file: PathBuf,
    /// The ARN of the role.
    pub role: String,
    /// The name of the session, when one is wanted.
    pub session_name: Option<String>,
}

/// Where a container offers credentials. Its token is not printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Container {
    /// The address.
    pub address: String,
    /// The file of the token to show.
    pub token_file: Option<PathBuf>,
    /// The token to show.
    pub token: Option<Zeroizing<String>>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Keys({}, [redacted])", self.id)
    }
}

impl fmt::Debug for Container {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Container({})", self.address)
    }
}

impl Config {
    /// Returns what the variables say that the AWS programs read. Empty variables count as missing.
    pub fn from_env(variable: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| variable(name).filter(|value| !value.is_empty());
        let home = get("HOME").map(PathBuf::from);
        let file = |name: &str, default: &str| {
            let default = home.as_ref().map(|home| home.join(".aws").join(default));
            get(name).map(PathBuf::from).or(default)
        };
        let ignores_endpoints =
            get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|value| value == "true");
        let endpoint = |name: &str| get(name).filter(|_| !ignores_endpoints);
        let services = ["kms", "s3", "sts"].into_iter().filter_map(|service| {
            let name = format!("AWS_ENDPOINT_URL_{}", service.to_uppercase());
            Some((service.to_owned(), endpoint(&name)?))
        });
        Self {
            keys: keys(get),
            web_identity: web_identity(get),
            profile: get("AWS_PROFILE").or_else(|| get("AWS_DEFAULT_PROFILE")),
            config_file: file("AWS_CONFIG_FILE", "config"),
            credentials_file: file("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
            container: container(get),
            instance: instance(get),
            endpoint: endpoint("AWS_ENDPOINT_URL"),
            endpoints: services.collect(),
            ca_bundle: get("AWS_CA_BUNDLE").map(PathBuf::from),
            region: get("AWS_REGION").or_else(|| get("AWS_DEFAULT_REGION")),
            session_name: get("HOSTNAME")
                .map_or_else(|| "sops".to_owned(), |host| format!("sops@{host}")),
        }
    }

    pub(crate) fn endpoint(&self, service: &str, region: &str, domain: &str) -> String {
        let own = self.endpoints.get(service).or(self.endpoint.as_ref());
        own.map_or_else(
            || format!("https://{service}.{region}.{domain}/"),
            |own| format!("{}/", own.trim_end_matches('/')),
        )
    }
}

fn keys(get: impl Fn(&str) -> Option<String>) -> Option<Keys> {
    Some(Keys {
        id: get("AWS_ACCESS_KEY_ID").or_else(|| get("AWS_ACCESS_KEY"))?,
        secret: get("AWS_SECRET_ACCESS_KEY")
            .or_else(|| get("AWS_SECRET_KEY"))?
            .into(),
        token: get("AWS_SESSION_TOKEN").map(Zeroizing::new),
    })
}

fn web_identity(get: impl Fn(&str) -> Option<String>) -> Option<WebIdentity> {
    Some(WebIdentity {
        token_file: get("AWS_WEB_IDENTITY_TOKEN_FILE")?.into(),
        role: get("AWS_ROLE_ARN")?,
        session_name: get("AWS_ROLE_SESSION_NAME"),
    })
}

fn container(get: impl Fn(&str) -> Option<String>) -> Option<Container> {
    let relative = get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    let address = match relative {
        Some(path) => format!("http://169.254.170.2{path}"),
        None => get("AWS_CONTAINER_CREDENTIALS_FULL_URI")?,
    };
    Some(Container {
        address,
        token_file: get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").map(PathBuf::from),
        token: get("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(Zeroizing::new),
    })
}

fn instance(get: impl Fn(&str) -> Option<String>) -> Option<String> {
    if get("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return None;
    }
    let own = get("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    Some(own.unwrap_or_else(|| "http://169.254.169.254".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(variables: &[(&str, &str)]) -> Config {
        Config::from_env(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_address_of_one_service_goes_before_that_of_all() {
        let config = config(&[
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
            ("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:2/"),
        ]);
        assert_eq!(config.endpoint("kms", "r", "d"), "http://127.0.0.1:2/");
        assert_eq!(config.endpoint("sts", "r", "d"), "http://127.0.0.1:1/");
        assert_eq!(
            Config::default().endpoint("kms", "r", "d"),
            "https://kms.r.d/"
        );
    }

    #[test]
    fn keys_are_not_printed() {
        let config = config(&[
            ("AWS_ACCESS_KEY_ID", "AKIA1"),
            ("AWS_SECRET_ACCESS_KEY", "canary-1"),
            ("AWS_SESSION_TOKEN", "canary-2"),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/"),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "canary-3"),
        ]);
        let text = format!("{config:?}");
        assert!(text.contains("AKIA1") && !text.contains("canary"), "{text}");
    }

    #[test]
    fn half_a_key_is_none() {
        assert!(
            config(&[
                ("AWS_ACCESS_KEY_ID", "AKIA1"),
                ("AWS_SECRET_ACCESS_KEY", "")
            ])
            .keys
            .is_none()
        );
    }
}
