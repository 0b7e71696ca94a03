//! Keys of a Secret, as Flux has them.

use windlass_http::Settings;
use windlass_keys::{Addresses, SecretKeys};
use windlass_sops::{KeyFailure, KeyService as _, Keyring, MasterKey, VaultKey};

use crate::stand_in::StandIn;
use crate::{data_key, settings, wrapped};

const PEM: &str = include_str!("../data/service_account.pem");
const AGE: &str = include_str!("../../../sops/tests/data/first.agekey");
const PGP: &str = include_str!("../../../sops/tests/data/pgp_open.asc");

fn keys(entries: &[(&str, &str)]) -> Result<SecretKeys, String> {
    let data = entries.iter().map(|(name, text)| (*name, text.as_bytes()));
    let keys = SecretKeys::from_data(data, &Addresses::Any, &settings());
    keys.map_err(|errors| {
        let errors = errors.iter().map(ToString::to_string);
        errors.collect::<Vec<_>>().join("\n")
    })
}

fn account(kind: &str, address: &str) -> String {
    serde_json::json!({
        "type": kind, "client_email": "ci@p", "private_key": PEM, "token_uri": address,
    })
    .to_string()
}

#[test]
fn age_and_pgp_keys_are_known_by_their_ending() {
    let keys = keys(&[("a.agekey", AGE), ("identity.asc", PGP), ("README", "x")]).unwrap();
    let recipient = keys.age().recipients().next().unwrap().to_owned();
    let pgp = MasterKey::Pgp {
        fingerprint: "1286361128B8BFFF8A8D8FEB397D938DEAB08153".to_owned(),
    };
    for key in [MasterKey::Age { recipient }, pgp] {
        let text = keys.wrap(&key, &data_key()).unwrap();
        assert_eq!(keys.unwrap(&wrapped(&key, &text)).unwrap(), data_key());
    }
}

#[test]
fn a_token_of_vault_is_shown_at_the_allowed_addresses_only() {
    let server = StandIn::start(|_| (200, r#"{"data":{"ciphertext":"vault:v1:x"}}"#.to_owned()));
    let key = MasterKey::HashicorpVault(VaultKey {
        address: server.address.clone(),
        engine_path: "transit".to_owned(),
        key_name: "k".to_owned(),
    });
    let wrap = |addresses| {
        let data = [("sops.vault-token", &b"hvs.canary\n"[..])];
        let keys = SecretKeys::from_data(data, &addresses, &settings()).unwrap();
        keys.wrap(&key, &data_key())
    };
    assert!(wrap(Addresses::Only(Vec::new())).is_err());
    assert!(server.asked().is_empty());
    wrap(Addresses::Only(vec![server.address.clone()])).unwrap();
    assert_eq!(server.asked()[0].headers["x-vault-token"], "hvs.canary");
}

#[test]
fn the_forms_that_flux_documents_are_read() {
    for (entry, text) in [
        (
            "sops.aws-kms",
            "aws_access_key_id: AKIA1\naws_secret_access_key: s\naws_session_token: t\n",
        ),
        (
            "sops.azure-kv",
            "tenantId: t\nclientId: c\nclientSecret: s\n",
        ),
        ("sops.azure-kv", "clientId: c\n"),
        (
            "sops.azure-kv",
            r#"{"appId":"a","displayName":"d","password":"p","tenant":"t"}"#,
        ),
        (
            "sops.azure-kv",
            "tenantId: t\nclientId: c\nclientCertificate: |\n  -----BEGIN\nauthorityHost: https://login.microsoftonline.us/\n",
        ),
        (
            "sops.gcp-kms",
            &account("service_account", "https://oauth2.googleapis.com/token"),
        ),
    ] {
        assert!(keys(&[(entry, text)]).is_ok(), "{entry}: {text}");
    }
}

#[test]
fn each_wrong_entry_is_named_and_none_is_shown() {
    let errors = keys(&[
        ("a.agekey", "AGE-SECRET-KEY-1CANARY"),
        ("b.asc", "-----BEGIN PGP canary"),
        ("sops.aws-kms", "aws_access_key_id: canary\n"),
        ("sops.azure-kv", "tenantId: canary\n"),
        (
            "sops.gcp-kms",
            r#"{"type":"service_account","private_key":"canary"}"#,
        ),
        ("sops.vault-token", "canary canary"),
    ])
    .unwrap_err();
    insta::assert_snapshot!(errors, @r#"
    the entry "a.agekey" is no key file: line 1: the age identity is damaged; copy the whole line that begins with AGE-SECRET-KEY-1
    the entry "b.asc" is wrong: the PGP key ring is damaged; expected what `gpg --armor --export-secret-keys` writes
    the entry "sops.aws-kms" lacks aws_access_key_id or aws_secret_access_key
    the entry "sops.azure-kv" lacks clientId; or tenantId, clientId and clientSecret or clientCertificate; or tenant, appId and password
    the entry "sops.gcp-kms" has a private_key that is no RSA key in PEM form
    the entry "sops.vault-token" holds no token of Vault
    "#);
    let errors = [
        ("sops.aws-kms", "{canary: ["),
        ("sops.aws-kms", "- canary"),
        (
            "sops.azure-kv",
            "clientId: c\nauthorityHost: https://canary.example\n",
        ),
        ("sops.gcp-kms", "canary"),
        ("sops.gcp-kms", r#"{"type":"external_account","canary":1}"#),
    ]
    .map(|entry| keys(&[entry]).unwrap_err())
    .join("\n");
    insta::assert_snapshot!(errors, @r#"
    the entry "sops.aws-kms" is neither YAML nor JSON
    the entry "sops.aws-kms" is no mapping of fields
    the entry "sops.azure-kv" has an authorityHost that is none of Azure's: login.microsoftonline.com, login.microsoftonline.us, login.partner.microsoftonline.cn, login.chinacloudapi.cn
    the entry "sops.gcp-kms" is no JSON
    the entry "sops.gcp-kms" has a type that is not supported; expected service_account
    "#);
    assert!(!errors.to_lowercase().contains("canary"), "{errors}");
}

#[test]
fn a_secret_cannot_have_us_ask_elsewhere() {
    let server = StandIn::start(|_| (200, "{}".to_owned()));
    let keys = keys(&[("sops.gcp-kms", &account("service_account", &server.address))]).unwrap();
    let resource_id = "projects/p/locations/global/keyRings/r/cryptoKeys/k".to_owned();
    let failure = keys.wrap(&MasterKey::GcpKms { resource_id }, &data_key());
    let failure = failure.unwrap_err();
    insta::assert_snapshot!(failure, @r#"cannot be used: the Google credentials of the entry "sops.gcp-kms": token_uri is no address of Google's"#);
    assert!(server.asked().is_empty());
}

#[test]
fn what_a_secret_has_no_key_for_is_not_served() {
    let keys = SecretKeys::from_data([], &Addresses::Any, &Settings::default()).unwrap();
    let key_id = "eu:1".to_owned();
    for key in [
        MasterKey::HuaweiKms { key_id },
        MasterKey::AwsKms(windlass_sops::AwsKmsKey::default()),
    ] {
        let failure = keys.wrap(&key, &data_key());
        assert!(matches!(failure, Err(KeyFailure::NotServed { .. })));
    }
    assert!(Keyring::is_empty(keys.age()));
}
