//! Keys of Google Cloud KMS, against a server on this machine that answers as Google's do.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::{Value, json};
use windlass_http::Settings;
use windlass_keys::{GcpConfig, GcpKms};
use windlass_sops::{KeyFailure, KeyService as _, KeyType, MasterKey};

use crate::stand_in::{Asked, StandIn};
use crate::{data_key, settings, wrapped};

const RESOURCE: &str = "projects/p/locations/global/keyRings/r/cryptoKeys/sops";
const PEM: &str = include_str!("../data/service_account.pem");

fn key() -> MasterKey {
    let resource_id = RESOURCE.to_owned();
    MasterKey::GcpKms { resource_id }
}

fn service(variables: &[(&str, &str)]) -> GcpKms {
    service_within(variables, &settings())
}

fn service_within(variables: &[(&str, &str)], settings: &Settings) -> GcpKms {
    let config = GcpConfig::from_env(|name| {
        let given = variables.iter().find(|(known, _)| *known == name);
        given.map(|(_, value)| (*value).to_owned())
    });
    GcpKms::new(config, settings).unwrap()
}

/// Returns whether a statement was signed with the key of the service account.
fn is_signed(statement: &str) -> bool {
    let (text, signature) = statement.rsplit_once('.').unwrap();
    let pem: String = PEM.lines().filter(|line| !line.starts_with('-')).collect();
    let own = RsaKeyPair::from_pkcs8(&STANDARD.decode(pem).unwrap()).unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, own.public_key());
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    public.verify(text.as_bytes(), &signature).is_ok()
}

fn part(statement: &str, at: usize) -> Value {
    let part = statement.split('.').nth(at).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn field<'a>(form: &'a str, name: &str) -> &'a str {
    let mut fields = form.split('&').filter_map(|field| field.split_once('='));
    fields.find(|(known, _)| *known == name).unwrap().1
}

/// Answers as Google does: a token for a statement that is signed, and ciphertexts for plaintexts.
fn google(asked: &Asked) -> (u16, String) {
    let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
    let answer = match asked.path.rsplit(['/', ':']).next().unwrap() {
        "token" if asked.method == "GET" || is_signed(field(&asked.body, "assertion")) => {
            json!({ "access_token": "ya29.canary", "expires_in": 3599, "token_type": "Bearer" })
        }
        "email" => return (200, "vm@p.iam.gserviceaccount.com\n".to_owned()),
        _ if asked.headers["authorization"] != "Bearer ya29.canary" => {
            return error(401, "UNAUTHENTICATED", "Request had invalid credentials.");
        }
        "encrypt" => {
            let plaintext = STANDARD
                .decode(body["plaintext"].as_str().unwrap())
                .unwrap();
            let ciphertext = STANDARD.encode([b"sealed:", &plaintext[..]].concat());
            json!({ "name": format!("{RESOURCE}/cryptoKeyVersions/3"), "ciphertext": ciphertext })
        }
        "decrypt" => {
            let ciphertext = STANDARD
                .decode(body["ciphertext"].as_str().unwrap())
                .unwrap();
            let Some(plaintext) = ciphertext.strip_prefix(b"sealed:") else {
                let message = "Decryption failed: the ciphertext is invalid.";
                return error(400, "INVALID_ARGUMENT", message);
            };
            json!({ "plaintext": STANDARD.encode(plaintext) })
        }
        _ => return error(404, "NOT_FOUND", "not found"),
    };
    (200, answer.to_string())
}

fn error(code: u16, status: &str, message: &str) -> (u16, String) {
    let error = json!({ "code": code, "status": status, "message": message });
    (code, json!({ "error": error }).to_string())
}

fn account(server: &StandIn) -> String {
    json!({
        "type": "service_account", "client_email": "ci@p.iam.gserviceaccount.com",
        "private_key": PEM, "private_key_id": "k1",
        "token_uri": format!("{}/token", server.address),
    })
    .to_string()
}

/// Returns what comes of unwrapping when the service answers this, for somebody who has a token.
fn failure(status: u16, body: impl Into<String>) -> KeyFailure {
    let body = body.into();
    let server = StandIn::start(move |_| (status, body.clone()));
    let variables = [
        ("GOOGLE_OAUTH_ACCESS_TOKEN", "ya29.canary"),
        ("SOPS_GCP_KMS_ENDPOINT", &server.address),
    ];
    service(&variables)
        .unwrap(&wrapped(&key(), "AAAA"))
        .unwrap_err()
}

#[test]
fn a_service_account_signs_for_a_token_once_and_what_it_wraps_unwraps() {
    let server = StandIn::start(google);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), account(&server)).unwrap();
    let endpoint = ("SOPS_GCP_KMS_ENDPOINT", server.address.as_str());
    for credentials in [
        ("GOOGLE_CREDENTIALS", account(&server)),
        ("GOOGLE_CREDENTIALS", file.path().display().to_string()),
        (
            "GOOGLE_APPLICATION_CREDENTIALS",
            file.path().display().to_string(),
        ),
    ] {
        let kms = service(&[(credentials.0, &credentials.1), endpoint]);
        let text = kms.wrap(&key(), &data_key()).unwrap();
        assert_eq!(kms.unwrap(&wrapped(&key(), &text)).unwrap(), data_key());
        let damaged = kms.unwrap(&wrapped(&key(), "AAAA"));
        assert_eq!(damaged.unwrap_err(), KeyFailure::Damaged);
    }
    let asked = server.asked();
    let tokens: Vec<_> = asked
        .iter()
        .filter(|asked| asked.path == "/token")
        .collect();
    assert_eq!(tokens.len(), 3);
    let statement = field(&tokens[0].body, "assertion");
    assert_eq!(
        part(statement, 0),
        json!({ "alg": "RS256", "typ": "JWT", "kid": "k1" })
    );
    let claims = part(statement, 1);
    assert_eq!(claims["iss"], "ci@p.iam.gserviceaccount.com");
    assert_eq!(claims["aud"], format!("{}/token", server.address));
    assert_eq!(
        claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(),
        3600
    );
    assert_eq!(asked[1].path, format!("/v1/{RESOURCE}:encrypt"));
}

#[test]
fn a_person_is_known_by_what_gcloud_wrote_and_charged_to_their_project() {
    let server = StandIn::start(|asked| {
        if asked.path == "/token" {
            return (
                200,
                r#"{"access_token":"ya29.canary","expires_in":60}"#.to_owned(),
            );
        }
        google(asked)
    });
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".config/gcloud");
    std::fs::create_dir_all(&folder).unwrap();
    let file = json!({
        "type": "authorized_user", "client_id": "c", "client_secret": "s/1", "refresh_token": "1//r",
        "quota_project_id": "billing", "token_uri": format!("{}/token", server.address),
    });
    std::fs::write(
        folder.join("application_default_credentials.json"),
        file.to_string(),
    )
    .unwrap();
    let kms = service(&[
        ("HOME", home.path().to_str().unwrap()),
        ("SOPS_GCP_KMS_ENDPOINT", &server.address),
    ]);
    kms.wrap(&key(), &data_key()).unwrap();
    let asked = server.asked();
    insta::assert_snapshot!(asked[0].body, @"grant_type=refresh_token&client_id=c&client_secret=s%2F1&refresh_token=1%2F%2Fr");
    assert_eq!(asked[1].headers["x-goog-user-project"], "billing");
}

#[test]
fn a_machine_of_google_is_known_by_its_metadata() {
    let server = StandIn::start(google);
    let host = server.address.strip_prefix("http://").unwrap();
    let kms = service(&[
        ("GCE_METADATA_HOST", host),
        ("SOPS_GCP_KMS_ENDPOINT", &server.address),
    ]);
    kms.wrap(&key(), &data_key()).unwrap();
    assert_eq!(server.asked()[0].headers["metadata-flavor"], "Google");
    let nobody = service(&[("GCE_METADATA_HOST", "127.0.0.1:9")]);
    let failure = nobody.wrap(&key(), &data_key()).unwrap_err();
    insta::assert_snapshot!(failure, @"belongs to no Google credentials (GOOGLE_CREDENTIALS, GOOGLE_APPLICATION_CREDENTIALS, `gcloud auth application-default login`, a metadata server) that was given");
}

#[test]
fn the_token_of_another_provider_is_exchanged_and_then_another_account_taken() {
    let server = StandIn::start(|asked| match asked.path.as_str() {
        "/sts" => (
            200,
            r#"{"access_token":"federated","expires_in":3600}"#.to_owned(),
        ),
        "/v1/sa/ci@p.iam.gserviceaccount.com:generateAccessToken" => {
            assert_eq!(asked.headers["authorization"], "Bearer federated");
            (
                200,
                r#"{"accessToken":"ya29.canary","expireTime":"2030-01-01T00:00:00Z"}"#.to_owned(),
            )
        }
        _ => google(asked),
    });
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), r#"{"value":"subject-1"}"#).unwrap();
    let file = json!({
        "type": "external_account", "audience": "//iam/pool", "token_url": format!("{}/sts", server.address),
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "service_account_impersonation_url":
            format!("{}/v1/sa/ci@p.iam.gserviceaccount.com:generateAccessToken", server.address),
        "credential_source": {
            "file": token.path(),
            "format": { "type": "json", "subject_token_field_name": "value" },
        },
    });
    let kms = service(&[
        ("GOOGLE_CREDENTIALS", &file.to_string()),
        ("SOPS_GCP_KMS_ENDPOINT", &server.address),
    ]);
    kms.wrap(&key(), &data_key()).unwrap();
    assert_eq!(field(&server.asked()[0].body, "subject_token"), "subject-1");
}

#[test]
fn a_refusal_names_the_one_who_asked_and_what_is_missing() {
    let message = format!(
        "Permission 'cloudkms.cryptoKeyVersions.useToDecrypt' denied on resource '{RESOURCE}' (or it may not exist)."
    );
    let (status, body) = error(403, "PERMISSION_DENIED", &message);
    let denied = failure(status, body).to_string();
    insta::assert_snapshot!(denied, @"was refused to the owner of $GOOGLE_OAUTH_ACCESS_TOKEN: Google Cloud KMS said 403 PERMISSION_DENIED: Permission 'cloudkms.cryptoKeyVersions.useToDecrypt' denied on resource 'projects/p/locations/global/keyRings/r/cryptoKeys/sops' (or it may not exist).; it lacks cloudkms.cryptoKeyVersions.useToDecrypt");
    let (status, body) = error(400, "FAILED_PRECONDITION", "The key version is disabled.");
    let disabled = failure(status, body).to_string();
    insta::assert_snapshot!(disabled, @"was refused to the owner of $GOOGLE_OAUTH_ACCESS_TOKEN: Google Cloud KMS said 400 FAILED_PRECONDITION: The key version is disabled.");
    assert!(!format!("{denied}{disabled}").contains("canary"));
}

#[test]
fn a_login_that_has_ended_says_so() {
    let server = StandIn::start(|_| {
        let body =
            r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#;
        (400, body.to_owned())
    });
    let kms = service(&[("GOOGLE_CREDENTIALS", &account(&server))]);
    let failure = kms.wrap(&key(), &data_key()).unwrap_err();
    insta::assert_snapshot!(failure, @"was refused to ci@p.iam.gserviceaccount.com: no token was given: 400 Token has been expired or revoked.");
}

#[test]
fn a_service_that_lies_or_talks_without_end_is_refused() {
    let short = json!({ "plaintext": "c2hvcnQ=" }).to_string();
    for body in [
        short,
        "{}".to_owned(),
        "no json".to_owned(),
        r#"{"plaintext":"%"}"#.to_owned(),
    ] {
        assert_eq!(failure(200, body.clone()), KeyFailure::Damaged, "{body}");
    }
    let endless = failure(200, "x".repeat(1 << 20)).to_string();
    assert!(endless.contains("longer than 262144 bytes"), "{endless}");
    let other = json!({ "name": "projects/p/locations/global/keyRings/r/cryptoKeys/sops2/cryptoKeyVersions/1", "ciphertext": STANDARD.encode([0; 80]) });
    let own = json!({ "name": format!("{RESOURCE}/cryptoKeyVersions/1"), "ciphertext": "AAAA" });
    for answer in [other, own] {
        let server = StandIn::start(move |_| (200, answer.to_string()));
        let kms = service(&[
            ("GOOGLE_OAUTH_ACCESS_TOKEN", "t"),
            ("SOPS_GCP_KMS_ENDPOINT", &server.address),
        ]);
        assert_eq!(kms.wrap(&key(), &data_key()), Err(KeyFailure::Damaged));
    }
}

#[test]
fn a_service_that_is_busy_or_slow_is_unavailable() {
    let busy = failure(429, error(429, "RESOURCE_EXHAUSTED", "Quota exceeded").1);
    assert!(busy.is_transient(), "{busy}");
    let server = StandIn::start(|_| {
        std::thread::sleep(Duration::from_secs(2));
        (200, String::new())
    });
    let settings = Settings {
        timeout: Duration::from_millis(50),
        ..settings()
    };
    let variables = [
        ("GOOGLE_OAUTH_ACCESS_TOKEN", "t"),
        ("SOPS_GCP_KMS_ENDPOINT", &*server.address),
    ];
    let slow = service_within(&variables, &settings).unwrap(&wrapped(&key(), "AAAA"));
    assert!(
        slow.as_ref().is_err_and(KeyFailure::is_transient),
        "{slow:?}"
    );
}

#[test]
fn what_is_no_key_or_no_credentials_is_said_without_asking() {
    let kms = service(&[("GOOGLE_CREDENTIALS", r#"{"type":"canary-type"}"#)]);
    let failure = kms.wrap(&key(), &data_key()).unwrap_err();
    insta::assert_snapshot!(failure, @r#"cannot be used: the Google credentials of $GOOGLE_CREDENTIALS: their type "canary-type" is not supported"#);
    let resource_id = "projects/p/locations/../keyRings/r/cryptoKeys/k".to_owned();
    let elsewhere = kms.wrap(&MasterKey::GcpKms { resource_id }, &data_key());
    assert!(matches!(elsewhere, Err(KeyFailure::Invalid { .. })));
    let recipient = "age1x".to_owned();
    let key_type = KeyType::Age;
    let other = kms.wrap(&MasterKey::Age { recipient }, &data_key());
    assert_eq!(other, Err(KeyFailure::NotServed { key_type }));
}
