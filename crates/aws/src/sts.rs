//! The Security Token Service: taking a role, and who we are.

use std::time::SystemTime;

use http::Request;
use jiff::Timestamp;
use windlass_http::Answer;
use zeroize::Zeroizing;

use crate::arn::domain;
use crate::call::Call;
use crate::credentials::{Credentials, read_token};
use crate::{Aws, AwsError, Config, Keys, WebIdentity, Who};

const SERVICE: &str = "sts";

/// A role to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Role {
    pub(crate) arn: String,
    pub(crate) session_name: String,
    pub(crate) external_id: Option<String>,
}

impl Role {
    pub(crate) fn named(arn: &str, config: &Config) -> Self {
        Self {
            arn: arn.to_owned(),
            session_name: clean_name(&config.session_name),
            external_id: None,
        }
    }
}

/// Takes a role as `credentials`.
pub(crate) fn assume_role(
    aws: &Aws,
    who: &Who,
    credentials: &Credentials,
    role: &Role,
) -> Result<Credentials, AwsError> {
    let mut fields = vec![
        ("Action", "AssumeRole"),
        ("RoleArn", &role.arn),
        ("RoleSessionName", &role.session_name),
    ];
    fields.extend(role.external_id.as_deref().map(|id| ("ExternalId", id)));
    let answer = aws.send(call(aws, who, &fields)?, Some(credentials))?;
    if !answer.is_success() {
        return Err(aws.refusal(who, credentials, &answer));
    }
    credentials_in(&answer, &role.arn)
}

/// Takes a role with the token of an identity provider; that request is not signed.
pub(crate) fn assume_with_token(
    aws: &Aws,
    who: &Who,
    identity: &WebIdentity,
) -> Result<Credentials, AwsError> {
    let token = read_token(&identity.token_file)?;
    let session = identity
        .session_name
        .as_deref()
        .unwrap_or(&aws.config.session_name);
    let session = clean_name(session);
    let fields = [
        ("Action", "AssumeRoleWithWebIdentity"),
        ("RoleArn", &identity.role),
        ("RoleSessionName", &session),
        ("WebIdentityToken", token.trim()),
    ];
    let answer = aws.send(call(aws, who, &fields)?, None)?;
    if !answer.is_success() {
        let holder = format!("the web identity of {}", identity.token_file.display());
        let keys = Keys {
            id: String::new(),
            secret: Zeroizing::default(),
            token: None,
        };
        let mut nobody = Credentials::fixed(keys, "");
        nobody.arn = Some(holder);
        return Err(aws.refusal(who, &nobody, &answer));
    }
    credentials_in(&answer, &identity.role)
}

/// Returns the ARN of whoever has `credentials`.
pub(crate) fn caller_identity(
    aws: &Aws,
    who: &Who,
    credentials: &Credentials,
) -> Result<String, AwsError> {
    let call = call(aws, who, &[("Action", "GetCallerIdentity")])?;
    let answer = aws.send(call, Some(credentials))?;
    let arn = element(answer.body(), "Arn").filter(|_| answer.is_success());
    arn.ok_or(AwsError::Answer {
        service: SERVICE,
        reason: "it names no caller",
    })
}

fn call<'a>(aws: &Aws, who: &'a Who, fields: &[(&str, &str)]) -> Result<Call<'a>, AwsError> {
    let mut body = String::from("Version=2011-06-15");
    for (name, value) in fields {
        body = body + "&" + name + "=" + &escaped(value);
    }
    let endpoint = aws
        .config
        .endpoint(SERVICE, &who.region, domain(&who.partition));
    let request = Request::post(endpoint)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.into_bytes())
        .map_err(|_| AwsError::Answer {
            service: SERVICE,
            reason: "its address is none",
        })?;
    Ok(Call {
        service: SERVICE,
        region: &who.region,
        request,
    })
}

fn credentials_in(answer: &Answer, role: &str) -> Result<Credentials, AwsError> {
    let get = |name| element(answer.body(), name);
    let read = || {
        let keys = Keys {
            id: get("AccessKeyId")?,
            secret: get("SecretAccessKey")?.into(),
            token: Some(get("SessionToken")?.into()),
        };
        let expires: Timestamp = get("Expiration")?.parse().ok()?;
        let mut credentials = Credentials::fixed(keys, format!("the role {role}"));
        credentials.expires = Some(SystemTime::from(expires));
        credentials.arn = Some(get("Arn").unwrap_or_else(|| role.to_owned()));
        Some(credentials)
    };
    read().ok_or(AwsError::Answer {
        service: SERVICE,
        reason: "it holds no credentials",
    })
}

/// Returns the text of the first element `name` of an answer.
///
/// Answers of the service are small and flat, and what is looked for has no attributes and no children.
pub(crate) fn element(xml: &[u8], name: &str) -> Option<String> {
    let xml = std::str::from_utf8(xml).ok()?;
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ];
    let text = entities
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    Some(text)
}

/// Returns a value of a form, with every byte escaped that is not unreserved.
fn escaped(value: &str) -> String {
    let escape = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    value.bytes().map(escape).collect()
}

/// Returns the name of a session as AWS takes it: sops leaves other characters out, and cuts at 64.
fn clean_name(name: &str) -> String {
    let is_fine = |char: &char| char.is_ascii_alphanumeric() || "=,.@-".contains(*char);
    name.chars().filter(is_fine).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_a_form_is_escaped() {
        assert_eq!(escaped("a b&c=ü~"), "a%20b%26c%3D%C3%BC~");
    }

    #[test]
    fn an_element_is_read_with_its_entities() {
        let xml = b"<A><Message>a &amp;lt; b</Message></A>";
        assert_eq!(element(xml, "Message").as_deref(), Some("a &lt; b"));
        assert_eq!(element(b"<Message>", "Message"), None);
    }

    #[test]
    fn a_session_has_a_name_that_aws_takes() {
        assert_eq!(clean_name("sops@web_1 é"), "sops@web1");
        assert_eq!(clean_name(&"a".repeat(100)).len(), 64);
    }
}
