//! Google Cloud Storage, by its JSON interface.

use http::{Method, Request};
use windlass_http::{Answer, Client, Settings};
use windlass_keys::{GcpConfig, GcpKms};
use zeroize::Zeroizing;

use super::super::exit::Exit;
use super::store::Written;
use crate::failure::Failure;

const ADDRESS: &str = "https://storage.googleapis.com";

/// Google Cloud Storage, and the token to show.
pub(super) struct Bucket {
    client: Client,
    address: String,
    /// None for an emulator, which asks for no token.
    token: Option<Zeroizing<String>>,
}

impl Bucket {
    /// Finds the credentials that Google Cloud KMS is asked with; for the emulator of `$STORAGE_EMULATOR_HOST`, as
    /// Google's clients call it, there is no need of any.
    pub(super) fn open(
        settings: &Settings,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Failure> {
        let client = Client::new(settings).map_err(|error| Exit::Generic.with(error))?;
        let emulator = variable("STORAGE_EMULATOR_HOST").filter(|host| !host.is_empty());
        let (address, token) = match emulator {
            Some(host) if host.contains("://") => (host, None),
            Some(host) => (format!("http://{host}"), None),
            None => (ADDRESS.to_owned(), Some(token(settings, variable)?)),
        };
        Ok(Self {
            client,
            address: address.trim_end_matches('/').to_owned(),
            token,
        })
    }

    /// Writes an object, unless it is there already.
    pub(super) fn write(
        &self,
        bucket: &str,
        name: &str,
        content: &[u8],
    ) -> Result<Written, String> {
        let (bucket, name) = (escaped(bucket), escaped(name));
        let path = format!("storage/v1/b/{bucket}/o/{name}?alt=media");
        // Who may write need not be allowed to read.
        if let Ok(there) = self.ask(Method::GET, &path, Vec::new())
            && there.body() == content
        {
            return Ok(Written::Same);
        }
        let path = format!("upload/storage/v1/b/{bucket}/o?uploadType=media&name={name}");
        self.ask(Method::POST, &path, content.to_vec())?;
        Ok(Written::New)
    }

    fn ask(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Answer, String> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}/{path}", self.address))
            .header("content-type", "application/octet-stream");
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {}", token.trim()));
        }
        // The error of the builder could hold the token.
        let request = request.body(body);
        let request = request.map_err(|_| "the address or the token is malformed".to_owned())?;
        let answer = self
            .client
            .send(&request)
            .map_err(|error| error.to_string())?;
        if answer.is_success() {
            return Ok(answer);
        }
        let said: String = String::from_utf8_lossy(answer.body())
            .chars()
            .take(300)
            .collect();
        Err(format!(
            "the service said {} {}",
            answer.status,
            said.trim()
        ))
    }
}

fn token(
    settings: &Settings,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Zeroizing<String>, Failure> {
    let google = GcpKms::new(GcpConfig::from_env(variable), settings);
    let google = google.map_err(|error| Exit::Generic.with(error))?;
    let token = google.access_token();
    token.map_err(|failure| Exit::Generic.because(format!("Google Cloud Storage {failure}")))
}

fn escaped(name: &str) -> String {
    let escape = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    name.bytes().map(escape).collect()
}
