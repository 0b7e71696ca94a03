//! Credentials that the container or the instance offers.

use std::net::IpAddr;
use std::time::SystemTime;

use http::{Request, Uri};
use jiff::Timestamp;
use serde_json::Value;
use windlass_http::Answer;
use zeroize::Zeroizing;

use crate::credentials::{Credentials, read_token};
use crate::{Aws, AwsError, Container, CredentialsError, Keys};

const CONTAINER: &str = "the container";
const INSTANCE: &str = "the instance";

/// Asks the agent beside the container (ECS, EKS Pod Identity).
pub(crate) fn of_container(aws: &Aws) -> Result<Credentials, AwsError> {
    let missing = || {
        CredentialsError::invalid(
            CONTAINER,
            "it offers none (AWS_CONTAINER_CREDENTIALS_FULL_URI)",
        )
    };
    let container = aws.config.container.as_ref().ok_or_else(missing)?;
    if !is_near(&container.address) {
        let reason = format!("{} is neither https nor on this machine", container.address);
        return Err(CredentialsError::invalid(CONTAINER, reason).into());
    }
    let mut request = Request::get(&container.address);
    if let Some(token) = token(container)? {
        request = request.header("authorization", token.trim());
    }
    credentials_in(&ask(aws, CONTAINER, request)?, CONTAINER)
}

/// Asks the metadata service of the instance, with a session (IMDSv2).
pub(crate) fn of_instance(aws: &Aws) -> Result<Credentials, AwsError> {
    let missing = || {
        CredentialsError::invalid(
            INSTANCE,
            "it is not to be asked (AWS_EC2_METADATA_DISABLED)",
        )
    };
    let base = aws.config.instance.as_ref().ok_or_else(missing)?;
    let base = base.trim_end_matches('/');
    let request = Request::put(format!("{base}/latest/api/token"))
        .header("x-aws-ec2-metadata-token-ttl-seconds", "21600");
    let token = text(&ask(aws, INSTANCE, request)?)?;
    let get = |path: &str| {
        let address = format!("{base}/latest/meta-data/iam/security-credentials/{path}");
        ask(
            aws,
            INSTANCE,
            Request::get(address).header("x-aws-ec2-metadata-token", token.as_str()),
        )
    };
    let role = text(&get("")?)?;
    let role = role.lines().next().unwrap_or_default().trim().to_owned();
    credentials_in(&get(&role)?, &format!("{INSTANCE} (role {role})"))
}

fn token(container: &Container) -> Result<Option<Zeroizing<String>>, CredentialsError> {
    match &container.token_file {
        Some(path) => read_token(path).map(Some),
        None => Ok(container.token.clone()),
    }
}

/// Returns whether a token may be shown there: by the AWS SDKs' rule, https, this machine, or an agent
/// of ECS or EKS.
fn is_near(address: &str) -> bool {
    const AGENTS: [&str; 3] = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"];
    let Ok(uri) = address.parse::<Uri>() else {
        return false;
    };
    let host = uri.host().unwrap_or_default();
    let ip: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    let is_local = host == "localhost" || ip.is_some_and(|ip| ip.is_loopback());
    uri.scheme_str() == Some("https") || is_local || AGENTS.contains(&host)
}

fn ask(aws: &Aws, source: &str, request: http::request::Builder) -> Result<Answer, AwsError> {
    let request = request.body(Vec::new());
    let request = request.map_err(|error| CredentialsError::invalid(source, error))?;
    // No answer at all is known at once: there is no such service here.
    let answer = aws.near.send_once(&request)?;
    if answer.is_success() {
        return Ok(answer);
    }
    let reason = format!("status {}", answer.status);
    let source_name = source.to_owned();
    Err(if answer.is_transient() {
        CredentialsError::Unavailable {
            source_name,
            reason,
        }
        .into()
    } else {
        CredentialsError::Invalid {
            source_name,
            reason,
        }
        .into()
    })
}

fn text(answer: &Answer) -> Result<Zeroizing<String>, CredentialsError> {
    let text = String::from_utf8(answer.body().to_vec());
    let text = text.map_err(|_| CredentialsError::invalid(INSTANCE, "its answer is no text"))?;
    Ok(Zeroizing::new(text))
}

fn credentials_in(answer: &Answer, origin: &str) -> Result<Credentials, AwsError> {
    let read = || {
        let json: Value = serde_json::from_slice(answer.body()).ok()?;
        let get = |name: &str| json[name].as_str().map(str::to_owned);
        let keys = Keys {
            id: get("AccessKeyId")?,
            secret: get("SecretAccessKey")?.into(),
            token: get("Token").map(Zeroizing::new),
        };
        let expires = get("Expiration").and_then(|text| text.parse::<Timestamp>().ok());
        let mut credentials = Credentials::fixed(keys, origin);
        credentials.expires = expires.map(SystemTime::from);
        credentials.arn = get("RoleArn");
        Some(credentials)
    };
    read().ok_or_else(|| CredentialsError::invalid(origin, "the answer holds none").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_shown_to_neighbours_and_over_tls_only() {
        for address in [
            "http://127.0.0.1:8080/x",
            "http://169.254.170.23/v1/credentials",
            "http://[::1]/",
            "https://a.example/",
        ] {
            assert!(is_near(address), "{address}");
        }
        for address in [
            "http://a.example/",
            "http://169.254.170.23.evil.example/",
            "http://10.0.0.1/",
            "",
        ] {
            assert!(!is_near(address), "{address}");
        }
    }
}
