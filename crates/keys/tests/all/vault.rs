//! Keys of Vault's transit engine.

use windlass_keys::{Addresses, Vault, VaultConfig};
use windlass_sops::{KeyFailure, KeyService as _, MasterKey, VaultKey};

use super::shared::Services;
use crate::stand_in::StandIn;
use crate::{data_key, settings, wrapped};

fn service(variables: &[(&str, &str)]) -> Vault {
    let config = VaultConfig::from_env(|name| {
        let given = variables.iter().find(|(known, _)| *known == name);
        given.map(|(_, value)| (*value).to_owned())
    });
    Vault::new(config, &settings()).unwrap()
}

const TOKEN: (&str, &str) = ("VAULT_TOKEN", "canary-7d");

fn key(address: &str) -> MasterKey {
    MasterKey::HashicorpVault(VaultKey {
        address: address.to_owned(),
        engine_path: "team/transit".to_owned(),
        key_name: "dev".to_owned(),
    })
}

fn failure(status: u16, body: &'static str) -> String {
    let server = StandIn::start(move |_| (status, body.to_owned()));
    let failure = service(&[TOKEN])
        .unwrap(&wrapped(&key(&server.address), "vault:v1:x"))
        .unwrap_err();
    failure.to_string().replace(&server.address, "ADDRESS")
}

#[test]
fn what_is_wrapped_unwraps() {
    let Some(services) = Services::start() else {
        return;
    };
    let vault = service(&[TOKEN]);
    let key = key(&services.vault);
    let text = vault.wrap(&key, &data_key()).unwrap();
    assert!(text.starts_with("vault:v1:"));
    assert_eq!(vault.unwrap(&wrapped(&key, &text)).unwrap(), data_key());
    let damaged = vault.unwrap(&wrapped(&key, "vault:v1:AAAA"));
    assert_eq!(damaged.unwrap_err(), KeyFailure::Damaged);
}

#[test]
fn a_request_has_the_token_and_the_namespace_of_the_configuration() {
    let server = StandIn::start(|_| (200, r#"{"data":{"ciphertext":"vault:v3:x"}}"#.to_owned()));
    let vault = service(&[TOKEN, ("VAULT_NAMESPACE", "ns1")]);
    assert_eq!(
        vault
            .wrap(&key(&format!("{}/", server.address)), &data_key())
            .unwrap(),
        "vault:v3:x"
    );
    let asked = &server.asked()[0];
    assert_eq!(
        (asked.method.as_str(), asked.path.as_str()),
        ("PUT", "/v1/team/transit/encrypt/dev")
    );
    assert_eq!(
        (
            asked.headers["x-vault-token"].as_str(),
            asked.headers["x-vault-namespace"].as_str()
        ),
        ("canary-7d", "ns1")
    );
    insta::assert_snapshot!(asked.body, @r#"{"plaintext":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}"#);
}

#[test]
fn a_token_may_be_in_the_home_directory() {
    let server = StandIn::start(|_| (200, r#"{"data":{"ciphertext":"vault:v1:x"}}"#.to_owned()));
    let home = tempfile::tempdir().unwrap();
    let variables = [("HOME", home.path().to_str().unwrap())];
    let missing = service(&variables)
        .wrap(&key(&server.address), &data_key())
        .unwrap_err();
    insta::assert_snapshot!(missing, @"belongs to no Vault token (VAULT_TOKEN, ~/.vault-token) that was given");
    std::fs::write(home.path().join(".vault-token"), "from-file\n").unwrap();
    service(&variables)
        .wrap(&key(&server.address), &data_key())
        .unwrap();
    assert_eq!(server.asked()[0].headers["x-vault-token"], "from-file");
}

#[test]
fn a_token_is_shown_at_the_allowed_addresses_only() {
    let server = StandIn::start(|_| (200, "{}".to_owned()));
    let config = VaultConfig {
        token: Some("canary-7d".to_owned().into()),
        addresses: Addresses::Only(vec!["https://vault.example".to_owned()]),
        ..VaultConfig::default()
    };
    let vault = Vault::new(config, &settings()).unwrap();
    let failure = vault.wrap(&key(&server.address), &data_key()).unwrap_err();
    assert!(matches!(failure, KeyFailure::Invalid { .. }), "{failure}");
    assert!(server.asked().is_empty());
}

#[test]
fn a_key_cannot_name_another_path_of_vault() {
    let server = StandIn::start(|_| (200, "{}".to_owned()));
    let key = MasterKey::HashicorpVault(VaultKey {
        address: server.address.clone(),
        engine_path: "sys/policies/../x".to_owned(),
        key_name: "k?list=true".to_owned(),
    });
    assert!(service(&[TOKEN]).wrap(&key, &data_key()).is_err());
    assert!(server.asked().is_empty());
}

#[test]
fn refusals_say_what_is_missing_and_never_the_token() {
    let denied = failure(
        403,
        r#"{"errors":["1 error occurred:\n\t* permission denied\n\n"]}"#,
    );
    insta::assert_snapshot!(denied, @r"
    was refused to the Vault token: ADDRESS said 403 1 error occurred:
    	* permission denied; it lacks update on team/transit/decrypt/dev
    ");
    let sealed = failure(503, r#"{"errors":["Vault is sealed"]}"#);
    insta::assert_snapshot!(sealed, @"cannot be reached now: ADDRESS said 503 Vault is sealed");
    assert!(!format!("{denied}{sealed}").contains("canary"));
}

#[test]
fn an_answer_that_is_no_data_key_is_refused() {
    for body in [
        "",
        "{}",
        r#"{"data":{"plaintext":"c2hvcnQ="}}"#,
        r#"{"data":{"plaintext":"%"}}"#,
    ] {
        assert_eq!(
            failure(200, body),
            KeyFailure::Damaged.to_string(),
            "{body}"
        );
    }
}
