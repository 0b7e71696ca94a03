//! Bearer tokens: asked for once, shown until they end.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::Request;
use serde_json::Value;
use windlass_http::{Answer, Client};
use windlass_sops::KeyFailure;
use zeroize::Zeroizing;

/// A token that ends sooner is asked for again.
const MARGIN: Duration = Duration::from_mins(5);
/// How long a token is shown of which nobody said when it ends.
const UNKNOWN: Duration = Duration::from_mins(10);

/// A token, and whom it stands for. It is not printed.
pub(crate) struct Token {
    pub(crate) secret: Zeroizing<String>,
    /// Who asks with it, as a person would say it.
    pub(crate) who: String,
    ends: Option<Instant>,
}

/// The token that was asked for last.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<Option<(String, Arc<Token>)>>);

impl Token {
    /// Makes one that does not end.
    pub(crate) fn fixed(secret: Zeroizing<String>, who: impl Into<String>) -> Self {
        Self {
            secret,
            who: who.into(),
            ends: None,
        }
    }

    /// Makes one that ends after `lifetime`.
    pub(crate) fn lasting(secret: Zeroizing<String>, who: String, lifetime: Duration) -> Self {
        Self {
            secret,
            who,
            ends: Instant::now().checked_add(lifetime),
        }
    }

    /// Asks for one as OAuth 2 has it: the answer is `access_token` and `expires_in`.
    pub(crate) fn ask(
        client: &Client,
        request: &Request<Vec<u8>>,
        who: &str,
    ) -> Result<Self, KeyFailure> {
        let answer = client.send(request);
        let answer = answer.map_err(|error| unavailable(&error))?;
        if !answer.is_success() {
            return Err(refusal(&answer, who));
        }
        let mut json = json(&answer)?;
        let lifetime = json["expires_in"]
            .as_u64()
            .or_else(|| json["expires_in"].as_str()?.parse().ok());
        let secret = secret(&mut json["access_token"])?;
        let lifetime = lifetime.map_or(UNKNOWN, Duration::from_secs);
        Ok(Self::lasting(secret, who.to_owned(), lifetime))
    }

    /// Returns the value of the header field that shows it.
    pub(crate) fn header(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("Bearer {}", self.secret.trim()))
    }

    fn ends_soon(&self) -> bool {
        self.ends.is_some_and(|ends| ends < Instant::now() + MARGIN)
    }
}

impl Kept {
    /// Returns the token for a purpose, asked for when there is none or it ends soon.
    pub(crate) fn get(
        &self,
        purpose: &str,
        ask: impl FnOnce() -> Result<Token, KeyFailure>,
    ) -> Result<Arc<Token>, KeyFailure> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, token)) = &*kept
            && known == purpose
            && !token.ends_soon()
        {
            return Ok(token.clone());
        }
        let token = Arc::new(ask()?);
        *kept = Some((purpose.to_owned(), token.clone()));
        Ok(token)
    }

    /// Forgets a token that was refused.
    pub(crate) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Token({})", self.who)
    }
}

/// Returns the JSON of an answer.
pub(crate) fn json(answer: &Answer) -> Result<Value, KeyFailure> {
    serde_json::from_slice(answer.body()).map_err(|_| KeyFailure::Damaged)
}

/// Takes a text that is a secret out of an answer.
pub(crate) fn secret(value: &mut Value) -> Result<Zeroizing<String>, KeyFailure> {
    match value.take() {
        Value::String(text) if !text.is_empty() => Ok(Zeroizing::new(text)),
        _ => Err(KeyFailure::Damaged),
    }
}

/// Returns a request that posts a form.
pub(crate) fn form(address: &str, fields: &[(&str, &str)]) -> Result<Request<Vec<u8>>, KeyFailure> {
    let fields = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", escaped(value)));
    let body = fields.collect::<Vec<_>>().join("&");
    let request = Request::post(address)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(body.into_bytes());
    request.map_err(|_| invalid(format!("{address:?} is no address")))
}

/// Returns a text as forms and queries have it.
pub(crate) fn escaped(text: &str) -> String {
    let byte = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(byte).collect()
}

pub(crate) fn unavailable(error: &windlass_http::HttpError) -> KeyFailure {
    let reason = error.to_string();
    if error.is_transient() {
        KeyFailure::Unavailable { reason }
    } else {
        KeyFailure::Invalid { reason }
    }
}

pub(crate) fn invalid(reason: impl fmt::Display) -> KeyFailure {
    KeyFailure::Invalid {
        reason: reason.to_string(),
    }
}

/// Returns why no token was given. What a server says of it is cut at its first line.
fn refusal(answer: &Answer, who: &str) -> KeyFailure {
    let json: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let said = ["/error_description", "/error/message", "/error"]
        .iter()
        .find_map(|place| json.pointer(place)?.as_str());
    let said: String = said
        .and_then(|said| said.lines().next())
        .map_or_else(String::new, |said| said.chars().take(300).collect());
    let reason = format!("no token was given: {} {said}", answer.status);
    let reason = reason.trim_end().to_owned();
    if answer.is_transient() {
        return KeyFailure::Unavailable { reason };
    }
    KeyFailure::Refused {
        identity: who.to_owned(),
        missing: None,
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_asked_for_again_before_it_ends_and_for_another_purpose() {
        let kept = Kept::default();
        let get = |purpose: &str, name: &str, minutes| {
            let token = || {
                let lifetime = Duration::from_mins(minutes);
                Ok(Token::lasting(
                    name.to_owned().into(),
                    String::new(),
                    lifetime,
                ))
            };
            kept.get(purpose, token).unwrap().secret.to_string()
        };
        assert_eq!(get("a", "first", 60), "first");
        assert_eq!(get("a", "second", 60), "first");
        assert_eq!(get("b", "third", 4), "third");
        assert_eq!(get("b", "fourth", 60), "fourth");
        kept.forget();
        assert_eq!(get("b", "fifth", 60), "fifth");
    }

    #[test]
    fn a_form_cannot_be_broken_by_a_value() {
        assert_eq!(escaped("a b&c=d/é~"), "a%20b%26c%3Dd%2F%C3%A9~");
    }

    #[test]
    fn a_token_is_not_printed() {
        let token = Token::fixed("canary".to_owned().into(), "me");
        assert_eq!(format!("{token:?}"), "Token(me)");
    }
}
