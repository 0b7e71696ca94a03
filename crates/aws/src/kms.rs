//! The Key Management Service.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Request;
use serde_json::{Value, json};
use windlass_http::Answer;
use zeroize::Zeroizing;

use crate::arn::domain;
use crate::call::Call;
use crate::{Aws, AwsError, KeyArn, Who};

const SERVICE: &str = "kms";

/// What an encryption is bound to: the same pairs are needed to decrypt.
type Context = BTreeMap<String, String>;

impl Who {
    /// Returns the one who asks for `key`: the region is that of the key, as with sops.
    pub fn for_key(key: &KeyArn, profile: Option<String>, role: Option<String>) -> Self {
        Self {
            profile,
            role,
            region: key.region().to_owned(),
            partition: key.partition().to_owned(),
        }
    }
}

impl Aws {
    /// Encrypts up to 4 KiB with a key, and returns the ciphertext.
    pub fn encrypt(
        &self,
        who: &Who,
        key: &KeyArn,
        context: &Context,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, AwsError> {
        let plaintext = Zeroizing::new(STANDARD.encode(plaintext));
        let mut body = json!({ "KeyId": key.as_str(), "Plaintext": plaintext.as_str() });
        add(&mut body, context);
        let answer = self.kms(who, "TrentService.Encrypt", &body)?;
        Ok(field(&answer, key, "CiphertextBlob")?.to_vec())
    }

    /// Returns what was encrypted with a key.
    ///
    /// # Errors
    ///
    /// An answer that says that another key did it is refused, if `key` is not an alias.
    pub fn decrypt(
        &self,
        who: &Who,
        key: &KeyArn,
        context: &Context,
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, AwsError> {
        let mut body =
            json!({ "KeyId": key.as_str(), "CiphertextBlob": STANDARD.encode(ciphertext) });
        add(&mut body, context);
        let answer = self.kms(who, "TrentService.Decrypt", &body)?;
        field(&answer, key, "Plaintext")
    }

    fn kms(&self, who: &Who, target: &str, body: &Value) -> Result<Answer, AwsError> {
        let endpoint = self
            .config
            .endpoint(SERVICE, &who.region, domain(&who.partition));
        let request = Request::post(endpoint)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", target)
            .body(body.to_string().into_bytes())
            .map_err(|_| wrong("its address is none"))?;
        let call = Call {
            service: SERVICE,
            region: &who.region,
            request,
        };
        let credentials = self.credentials(who)?;
        let answer = self.send(call, Some(&credentials))?;
        if answer.is_success() {
            return Ok(answer);
        }
        Err(self.refusal(who, &credentials, &answer))
    }
}

/// Adds the context to a request. An empty one is left out, which is the same to AWS.
fn add(body: &mut Value, context: &Context) {
    if !context.is_empty() {
        body["EncryptionContext"] = json!(context);
    }
}

fn field(answer: &Answer, key: &KeyArn, name: &str) -> Result<Zeroizing<Vec<u8>>, AwsError> {
    let json: Value = serde_json::from_slice(answer.body()).map_err(|_| wrong("it is no JSON"))?;
    if key.is_key_id() && json["KeyId"].as_str().is_some_and(|id| id != key.as_str()) {
        return Err(wrong("another key answered"));
    }
    let text = json[name]
        .as_str()
        .ok_or_else(|| wrong("what was asked for is missing"))?;
    let bytes = STANDARD
        .decode(text)
        .map_err(|_| wrong("it is no Base64"))?;
    Ok(Zeroizing::new(bytes))
}

fn wrong(reason: &'static str) -> AwsError {
    AwsError::Answer {
        service: SERVICE,
        reason,
    }
}
