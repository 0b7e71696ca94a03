//! Asking as somebody: signed requests, and what is said when they are refused.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use http::Request;
use serde_json::Value;
use windlass_http::{Answer, Client, Roots, Settings};

use crate::credentials::Credentials;
use crate::{AwsError, Config, CredentialsError, sts};

/// Asks AWS. Credentials are kept until five minutes before they expire.
#[derive(Debug)]
pub struct Aws {
    pub(crate) config: Config,
    pub(crate) client: Client,
    /// Asks for credentials next door: a host that does not answer at once does not exist.
    pub(crate) near: Client,
    kept: Mutex<HashMap<Who, Arc<Credentials>>>,
}

/// As whom to ask.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Who {
    /// The profile of the AWS configuration; `None` leaves it to the [`Config`].
    pub profile: Option<String>,
    /// The ARN of a role to assume.
    pub role: Option<String>,
    /// The region in which to ask for the role.
    pub region: String,
    /// The partition of AWS: `aws`.
    pub partition: String,
}

/// A request that is to be signed.
pub(crate) struct Call<'a> {
    pub(crate) service: &'static str,
    pub(crate) region: &'a str,
    pub(crate) request: Request<Vec<u8>>,
}

impl Aws {
    /// Makes one. Nothing is asked yet.
    ///
    /// # Errors
    ///
    /// Certificate authorities that cannot be read.
    pub fn new(config: Config, settings: &Settings) -> Result<Self, CredentialsError> {
        let mut settings = settings.clone();
        if let Some(path) = &config.ca_bundle {
            let pem = std::fs::read(path).map_err(|error| CredentialsError::file(path, &error))?;
            settings.roots = Roots::Pem(pem);
        }
        let near = Settings {
            timeout: settings.timeout.min(std::time::Duration::from_secs(2)),
            ..settings.clone()
        };
        Ok(Self {
            config,
            client: Client::new(&settings)?,
            near: Client::new(&near)?,
            kept: Mutex::default(),
        })
    }

    /// Returns who is asking, as AWS knows it: an ARN.
    pub fn identity(&self, who: &Who) -> Result<String, AwsError> {
        let credentials = self.credentials(who)?;
        sts::caller_identity(self, who, &credentials)
    }

    pub(crate) fn credentials(&self, who: &Who) -> Result<Arc<Credentials>, AwsError> {
        let kept = self
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(who)
            .cloned();
        if let Some(kept) = kept.filter(|kept| !kept.ends_soon(SystemTime::now())) {
            return Ok(kept);
        }
        let found = Arc::new(self.find_credentials(who)?);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(who.clone(), found.clone());
        Ok(found)
    }

    /// Sends a request of `credentials`, or an unsigned one, again while AWS is busy.
    pub(crate) fn send(
        &self,
        call: Call<'_>,
        credentials: Option<&Credentials>,
    ) -> Result<Answer, AwsError> {
        let service = call.service;
        let request = match credentials {
            Some(credentials) => signed(call, credentials, SystemTime::now())?,
            None => call.request,
        };
        let is_final = |answer: &Answer| !answer.is_transient() && !is_throttled(&code_of(answer));
        let answer = self.client.send_until(&request, is_final)?;
        if is_final(&answer) {
            return Ok(answer);
        }
        let reason = format!("{service} said {} ({})", code_of(&answer), answer.status);
        Err(AwsError::Unavailable { reason })
    }

    /// Returns what a refusal means.
    pub(crate) fn refusal(
        &self,
        who: &Who,
        credentials: &Credentials,
        answer: &Answer,
    ) -> AwsError {
        let (code, message) = (code_of(answer), message_of(answer));
        let said = after(&message, "User: ", ' ').filter(|user| user.starts_with("arn:"));
        let is_denied = code.starts_with("AccessDenied");
        let asked = || sts::caller_identity(self, who, credentials).ok();
        let identity = said.or_else(|| if is_denied { asked() } else { None });
        AwsError::Refused {
            identity: identity.unwrap_or_else(|| credentials.describe()),
            missing: after(&message, "not authorized to perform: ", ' '),
            code,
            message,
        }
    }
}

fn signed(
    call: Call<'_>,
    credentials: &Credentials,
    now: SystemTime,
) -> Result<Request<Vec<u8>>, AwsError> {
    let fault = |_| AwsError::Answer {
        service: call.service,
        reason: "the request cannot be signed",
    };
    let identity = credentials.to_signer().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(call.region)
        .name(call.service)
        .time(now)
        .settings(settings_of(call.service))
        .build()
        .expect("all that is needed is set")
        .into();
    let mut request = call.request;
    let headers: Vec<_> = request.headers().iter().collect();
    let headers = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let uri = request.uri().to_string();
    let body = SignableBody::Bytes(request.body());
    let signable = SignableRequest::new(request.method().as_str(), uri, headers, body);
    let output = sign(signable.map_err(fault)?, &parameters).map_err(fault)?;
    let (instructions, _) = output.into_parts();
    instructions.apply_to_request_http1x(&mut request);
    Ok(request)
}

/// Returns what a signature covers, and how. The rules of S3 are its own.
fn settings_of(service: &str) -> SigningSettings {
    let mut settings = SigningSettings::default();
    if service == "s3" {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    settings
}

/// Returns the code of an error: of JSON 1.1, or of the XML of the query protocol.
fn code_of(answer: &Answer) -> String {
    let json: Option<Value> = serde_json::from_slice(answer.body()).ok();
    let code = match &json {
        Some(json) => json["__type"].as_str().map(str::to_owned),
        None => sts::element(answer.body(), "Code"),
    };
    let code = code.unwrap_or_else(|| format!("status {}", answer.status));
    let name = code
        .rsplit_once('#')
        .map_or(code.as_str(), |(_, name)| name);
    name.chars().take(80).collect()
}

fn message_of(answer: &Answer) -> String {
    let json: Option<Value> = serde_json::from_slice(answer.body()).ok();
    let message = match &json {
        Some(json) => [&json["message"], &json["Message"]]
            .into_iter()
            .find_map(|message| message.as_str().map(str::to_owned)),
        None => sts::element(answer.body(), "Message"),
    };
    message.unwrap_or_default().chars().take(500).collect()
}

fn is_throttled(code: &str) -> bool {
    code.starts_with("Throttl")
        || code.starts_with("RequestLimitExceeded")
        || code.starts_with("TooManyRequests")
        || matches!(
            code,
            "KMSInternalException" | "DependencyTimeoutException" | "IDPCommunicationError"
        )
}

/// Returns the word that follows `marker` in `text`.
fn after(text: &str, marker: &str, end: char) -> Option<String> {
    let (_, rest) = text.split_once(marker)?;
    rest.split(end).next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Keys;

    /// Signs with the keys, and at the time, for which the signatures below were computed by botocore.
    fn signed_as_recorded(call: Call<'_>) -> Request<Vec<u8>> {
        let keys = Keys {
            id: "AKIDEXAMPLE".to_owned(),
            secret: "secret".to_owned().into(),
            token: Some("session".to_owned().into()),
        };
        let credentials = Credentials::fixed(keys, "the test");
        let now = SystemTime::UNIX_EPOCH + Duration::from_mins(24_015_636);
        signed(call, &credentials, now).unwrap()
    }

    #[test]
    fn a_signature_is_the_one_of_other_clients() {
        let request = Request::post("http://127.0.0.1:1/")
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", "TrentService.Decrypt")
            .body(b"{}".to_vec())
            .unwrap();
        let call = Call {
            service: "kms",
            region: "eu-west-1",
            request,
        };
        let signed = signed_as_recorded(call);
        let text = signed.headers()["authorization"].to_str().unwrap();
        insta::assert_snapshot!(text, @"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/eu-west-1/kms/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=715c5db530be9e2f321b7b059b2f6a1bcab620c5ae4ec84f30c0727a7fdaa2ae");
        assert_eq!(signed.headers()["x-amz-security-token"], "session");
    }

    #[test]
    fn a_signature_for_s3_covers_the_path_as_it_is_sent() {
        let request = Request::put("http://127.0.0.1:1/bucket/a/b%20c%2B%C3%A4.yaml")
            .body(b"{}".to_vec())
            .unwrap();
        let call = Call {
            service: "s3",
            region: "eu-west-1",
            request,
        };
        let signed = signed_as_recorded(call);
        let text = signed.headers()["authorization"].to_str().unwrap();
        insta::assert_snapshot!(text, @"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/eu-west-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature=2265ac71e4eb2623001ec2804ec2c1221dc67566dc7801184c228f75e3b80108");
    }
}
