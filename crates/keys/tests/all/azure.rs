//! Keys of Azure Key Vault, against a server on this machine that answers as Azure's do.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{KeyPair as _, RSA_PSS_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::{Value, json};
use windlass_http::Settings;
use windlass_keys::{AzureConfig, AzureKeyVault};
use windlass_sops::{
    AzureKey, DataKey, KeyFailure, KeyGroup, KeyService as _, MasterKey, Timestamp,
};

use crate::stand_in::{Asked, StandIn};
use crate::{data_key, settings, wrapped};

const PEM: &str = include_str!("../data/client.pem");
const CLIENT: [(&str, &str); 2] = [
    ("AZURE_TENANT_ID", "tenant-1"),
    ("AZURE_CLIENT_ID", "client-1"),
];
const SECRET: (&str, &str) = ("AZURE_CLIENT_SECRET", "canary-s&1");

fn key(version: &str) -> MasterKey {
    MasterKey::AzureKeyVault(AzureKey {
        vault_url: "https://team.vault.azure.net".to_owned(),
        name: "sops".to_owned(),
        version: version.to_owned(),
    })
}

fn service(server: &StandIn, variables: &[(&str, &str)]) -> AzureKeyVault {
    service_within(server, variables, &settings())
}

fn service_within(server: &StandIn, given: &[(&str, &str)], settings: &Settings) -> AzureKeyVault {
    let mut variables = vec![
        ("AZURE_AUTHORITY_HOST", server.address.as_str()),
        ("WINDLASS_AZURE_VAULT_ENDPOINT", &server.address),
        ("AZURE_POD_IDENTITY_AUTHORITY_HOST", &server.address),
    ];
    variables.splice(0..0, given.iter().copied());
    let config = AzureConfig::from_env(|name| {
        let given = variables.iter().find(|(known, _)| *known == name);
        given.map(|(_, value)| (*value).to_owned())
    });
    AzureKeyVault::new(config, settings).unwrap()
}

/// Answers as Azure does.
fn azure(asked: &Asked) -> (u16, String) {
    let (path, _) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
    if path.ends_with("/token") {
        let token =
            json!({ "access_token": "eyJ.canary", "expires_in": 3599, "token_type": "Bearer" });
        return (200, token.to_string());
    }
    if asked.headers["authorization"] != "Bearer eyJ.canary" {
        return error(401, "Unauthorized", "no", "");
    }
    let kid = "https://team.vault.azure.net/keys/sops/v2";
    let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
    let value = URL_SAFE_NO_PAD
        .decode(body["value"].as_str().unwrap_or_default())
        .unwrap();
    let answer = match path {
        "/keys/sops" => json!({ "key": { "kid": kid, "kty": "RSA" } }),
        "/keys/sops/v2/encrypt" => {
            let sealed = [&[7; 224], &value[..]].concat();
            json!({ "kid": kid, "value": URL_SAFE_NO_PAD.encode(sealed) })
        }
        "/keys/sops/v2/decrypt" if value.len() == 256 => {
            json!({ "kid": kid, "value": URL_SAFE_NO_PAD.encode(&value[224..]) })
        }
        "/keys/sops/v2/decrypt" => {
            return error(400, "BadParameter", "The parameter is incorrect.\r\n", "");
        }
        _ => {
            return error(
                404,
                "KeyNotFound",
                "A key with (name/id) sops was not found",
                "",
            );
        }
    };
    (200, answer.to_string())
}

fn error(status: u16, code: &str, message: &str, inner: &str) -> (u16, String) {
    let mut error = json!({ "code": code, "message": message });
    if !inner.is_empty() {
        error["innererror"] = json!({ "code": inner });
    }
    (status, json!({ "error": error }).to_string())
}

/// Returns what comes of unwrapping when the vault answers this.
fn failure(status: u16, body: impl Into<String>) -> KeyFailure {
    let body = body.into();
    let server = StandIn::start(move |asked| {
        if asked.path.ends_with("/token") {
            azure(asked)
        } else {
            (status, body.clone())
        }
    });
    let vault = service(&server, &[CLIENT[0], CLIENT[1], SECRET]);
    vault.unwrap(&wrapped(&key("v2"), "AAAA")).unwrap_err()
}

fn field<'a>(form: &'a str, name: &str) -> &'a str {
    let mut fields = form.split('&').filter_map(|field| field.split_once('='));
    fields.find(|(known, _)| *known == name).unwrap().1
}

#[test]
fn an_application_with_a_secret_asks_once_for_a_token_and_what_it_wraps_unwraps() {
    let server = StandIn::start(azure);
    let vault = service(&server, &[CLIENT[0], CLIENT[1], SECRET]);
    let text = vault.wrap(&key("v2"), &data_key()).unwrap();
    assert_eq!(
        vault.unwrap(&wrapped(&key("v2"), &text)).unwrap(),
        data_key()
    );
    let damaged = vault.unwrap(&wrapped(&key("v2"), "AAAA"));
    assert_eq!(damaged.unwrap_err(), KeyFailure::Damaged);
    let asked = server.asked();
    assert_eq!(asked[0].path, "/tenant-1/oauth2/v2.0/token");
    insta::assert_snapshot!(asked[0].body, @"grant_type=client_credentials&client_id=client-1&scope=https%3A%2F%2Fvault.azure.net%2F.default&client_secret=canary-s%261");
    assert_eq!(asked[1].path, "/keys/sops/v2/encrypt?api-version=7.4");
    insta::assert_snapshot!(asked[1].body, @r#"{"alg":"RSA-OAEP-256","value":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}"#);
    assert_eq!(asked.len(), 4);
}

#[test]
fn a_certificate_signs_and_is_known_by_its_thumbprint() {
    let server = StandIn::start(azure);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), PEM).unwrap();
    let path = (
        "AZURE_CLIENT_CERTIFICATE_PATH",
        file.path().to_str().unwrap(),
    );
    service(&server, &[CLIENT[0], CLIENT[1], path])
        .wrap(&key("v2"), &data_key())
        .unwrap();
    let asked = server.asked();
    let statement = field(&asked[0].body, "client_assertion");
    let (text, signature) = statement.rsplit_once('.').unwrap();
    let (_, private) = PEM.split_once("-----BEGIN PRIVATE KEY-----").unwrap();
    let private: String = private
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    let own = RsaKeyPair::from_pkcs8(&STANDARD.decode(private).unwrap()).unwrap();
    let public = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, own.public_key());
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    assert!(public.verify(text.as_bytes(), &signature).is_ok());
    let part = |at: usize| -> Value {
        let part = text.split('.').nth(at).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    // The thumbprint is what `openssl x509 -fingerprint -sha256` says of the certificate.
    assert_eq!(
        part(0)["x5t#S256"],
        "IW510th_ymElpYDTO7kZX9exB88VK8kiFtHieH2LtIc"
    );
    assert_eq!(
        (&part(1)["iss"], &part(1)["sub"]),
        (&json!("client-1"), &json!("client-1"))
    );
    assert_eq!(
        part(1)["aud"],
        format!("{}/tenant-1/oauth2/v2.0/token", server.address)
    );
}

#[test]
fn a_workload_shows_the_token_that_its_file_has_now() {
    let server = StandIn::start(azure);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "subject-1\n").unwrap();
    let path = ("AZURE_FEDERATED_TOKEN_FILE", file.path().to_str().unwrap());
    service(&server, &[CLIENT[0], CLIENT[1], path])
        .wrap(&key("v2"), &data_key())
        .unwrap();
    assert_eq!(
        field(&server.asked()[0].body, "client_assertion"),
        "subject-1"
    );
}

#[test]
fn a_machine_of_azure_is_known_by_its_metadata() {
    let server = StandIn::start(azure);
    let vault = service(&server, &[CLIENT[1]]);
    vault.wrap(&key("v2"), &data_key()).unwrap();
    let asked = &server.asked()[0];
    assert_eq!(
        asked.path,
        "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net&client_id=client-1"
    );
    assert_eq!(asked.headers["metadata"], "true");
    let nobody = service(
        &server,
        &[("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:9")],
    );
    let failure = nobody.wrap(&key("v2"), &data_key()).unwrap_err();
    insta::assert_snapshot!(failure, @"belongs to no Azure credentials (AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH, AZURE_FEDERATED_TOKEN_FILE, a managed identity; those of `az login` are not used) that was given");
}

#[test]
fn a_document_gets_the_version_that_is_the_latest() {
    let server = StandIn::start(azure);
    let vault = service(&server, &[CLIENT[0], CLIENT[1], SECRET]);
    let group: KeyGroup = [key("")].into_iter().collect();
    let data_key = DataKey::new(data_key()).unwrap();
    let now = Timestamp::from_unix(1_769_850_300);
    let mut random = |bytes: &mut [u8]| bytes.fill(1);
    let wrapping = data_key.wrapping(&[group], 0, &now, &mut random).unwrap();
    let keys = wrapping.ask(&vault).unwrap();
    assert_eq!(keys.groups[0][0].key, key("v2"));
    let without = vault.unwrap(&wrapped(&key(""), "AAAA")).unwrap_err();
    insta::assert_snapshot!(without, @"cannot be used: its version is missing, which what it wrapped needs");
}

#[test]
fn a_token_is_shown_to_vaults_of_azure_only() {
    let server = StandIn::start(azure);
    let vault = service(&server, &[CLIENT[0], CLIENT[1], SECRET]);
    for address in [
        "https://evil.example",
        "https://vault.azure.net.evil.example",
        "https://a.b.vault.azure.net",
        "https://a@evil.vault.azure.net",
        "http://team.vault.azure.net",
        "https://evil.example/x.vault.azure.net",
        "https://team.vault.azure.net:8443",
    ] {
        let key = MasterKey::AzureKeyVault(AzureKey {
            vault_url: address.to_owned(),
            name: "sops".to_owned(),
            version: "v2".to_owned(),
        });
        let failure = vault.wrap(&key, &data_key());
        assert!(
            matches!(failure, Err(KeyFailure::Invalid { .. })),
            "{address}"
        );
    }
    let mut elsewhere = AzureKey {
        vault_url: "https://team.vault.azure.net/".to_owned(),
        name: "../secrets/x".to_owned(),
        version: "v2".to_owned(),
    };
    assert!(
        vault
            .wrap(&MasterKey::AzureKeyVault(elsewhere.clone()), &data_key())
            .is_err()
    );
    elsewhere.name = "sops?".to_owned();
    assert!(
        vault
            .wrap(&MasterKey::AzureKeyVault(elsewhere), &data_key())
            .is_err()
    );
    assert!(server.asked().is_empty());
}

#[test]
fn a_refusal_names_the_one_who_asked_and_what_is_missing() {
    let message = "The user, group or application 'appid=client-1' does not have keys decrypt permission on key vault 'team;location=westeurope'.\r\nmore";
    let (status, body) = error(403, "Forbidden", message, "AccessDenied");
    let denied = failure(status, body).to_string();
    insta::assert_snapshot!(denied, @"was refused to the application client-1 of the tenant tenant-1: https://team.vault.azure.net said 403 Forbidden: The user, group or application 'appid=client-1' does not have keys decrypt permission on key vault 'team;location=westeurope'.; it lacks keys/decrypt");
    let message = "Caller is not authorized to perform action on resource. Action: 'Microsoft.KeyVault/vaults/keys/decrypt/action' Resource: 'x'";
    let (status, body) = error(403, "Forbidden", message, "ForbiddenByRbac");
    let denied = failure(status, body).to_string();
    assert!(
        denied.ends_with("it lacks Microsoft.KeyVault/vaults/keys/decrypt/action"),
        "{denied}"
    );
    let (status, body) = error(
        403,
        "Forbidden",
        "Operation decrypt is not allowed on a disabled key.",
        "KeyDisabled",
    );
    let disabled = failure(status, body).to_string();
    assert!(disabled.ends_with("disabled key."), "{disabled}");
}

#[test]
fn a_secret_that_is_wrong_says_so_and_is_not_shown() {
    let server = StandIn::start(|_| {
        let body = r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1"}"#;
        (401, body.to_owned())
    });
    let vault = service(&server, &[CLIENT[0], CLIENT[1], SECRET]);
    let failure = vault.wrap(&key("v2"), &data_key()).unwrap_err();
    insta::assert_snapshot!(failure, @"was refused to the application client-1 of the tenant tenant-1: no token was given: 401 AADSTS7000215: Invalid client secret provided.");
}

#[test]
fn a_vault_that_lies_is_slow_busy_or_endless_is_told_apart() {
    let other = json!({ "kid": "https://team.vault.azure.net/keys/sops/v1", "value": URL_SAFE_NO_PAD.encode([0; 32]) });
    let short = json!({ "kid": "https://team.vault.azure.net/keys/sops/v2", "value": "c2hvcnQ" });
    for body in [
        other.to_string(),
        short.to_string(),
        "{}".to_owned(),
        "no json".to_owned(),
    ] {
        assert_eq!(failure(200, body.clone()), KeyFailure::Damaged, "{body}");
    }
    assert!(failure(429, "{}").is_transient());
    let endless = failure(200, "x".repeat(1 << 20)).to_string();
    assert!(endless.contains("longer than 262144 bytes"), "{endless}");
    let server = StandIn::start(|_| {
        std::thread::sleep(Duration::from_secs(2));
        (200, String::new())
    });
    let settings = Settings {
        timeout: Duration::from_millis(50),
        ..settings()
    };
    let vault = service_within(&server, &[CLIENT[0], CLIENT[1], SECRET], &settings);
    let slow = vault.unwrap(&wrapped(&key("v2"), "AAAA"));
    assert!(
        slow.as_ref().is_err_and(KeyFailure::is_transient),
        "{slow:?}"
    );
}
