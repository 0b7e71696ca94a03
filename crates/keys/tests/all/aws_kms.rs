//! Keys of AWS KMS.

use std::collections::BTreeMap;

use windlass_aws::Config;
use windlass_keys::AwsKms;
use windlass_sops::{AwsKmsKey, Document, Format, KeyFailure, KeyService as _, KeyType, MasterKey};

use super::shared::{Services, vectors};
use crate::stand_in::StandIn;
use crate::{data_key, settings, wrapped};

fn service(endpoint: &str) -> AwsKms {
    let variable = |name: &str| match name {
        "AWS_ENDPOINT_URL" => Some(endpoint.to_owned()),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("AKIATEST".to_owned()),
        _ => None,
    };
    AwsKms::new(Config::from_env(variable), &settings()).unwrap()
}

fn key(arn: &str) -> AwsKmsKey {
    AwsKmsKey {
        arn: arn.to_owned(),
        ..AwsKmsKey::default()
    }
}

fn unwrap(answer: &'static str) -> KeyFailure {
    let server = StandIn::start(move |_| {
        (
            if answer.contains("__type") { 400 } else { 200 },
            answer.to_owned(),
        )
    });
    let key = MasterKey::AwsKms(key("arn:aws:kms:eu-west-1:1:key/k"));
    service(&server.address)
        .unwrap(&wrapped(&key, "AAAA"))
        .unwrap_err()
}

#[test]
fn what_is_wrapped_unwraps_with_the_same_role_and_context_only() {
    let Some(services) = Services::start() else {
        return;
    };
    let kms = service(&services.aws);
    let mut described = key("arn:aws:kms:us-east-1:123456789012:alias/sops-vectors");
    described.role = Some("arn:aws:iam::123456789012:role/r".to_owned());
    described.context = BTreeMap::from([("app".to_owned(), "hydra".to_owned())]);
    let text = kms
        .wrap(&MasterKey::AwsKms(described.clone()), &data_key())
        .unwrap();
    let opened = kms.unwrap(&wrapped(&MasterKey::AwsKms(described.clone()), &text));
    assert_eq!(opened.unwrap(), data_key());
    described.context.clear();
    let other = kms.unwrap(&wrapped(&MasterKey::AwsKms(described), &text));
    assert_eq!(other.unwrap_err(), KeyFailure::Damaged);
}

#[test]
fn a_context_that_sops_before_3_3_mistook_opens() {
    let Some(services) = Services::start() else {
        return;
    };
    let kms = service(&services.aws);
    let context = |first: &str, second: &str| {
        let pairs = [("app", first), ("stage", second)];
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let mut described = key("arn:aws:kms:us-east-1:123456789012:alias/sops-vectors");
    described.context = BTreeMap::from(context("prod", "prod"));
    let text = kms
        .wrap(&MasterKey::AwsKms(described.clone()), &data_key())
        .unwrap();
    described.context = BTreeMap::from(context("hydra", "prod"));
    let opened = kms.unwrap(&wrapped(&MasterKey::AwsKms(described.clone()), &text));
    assert_eq!(opened.unwrap(), data_key());
    described.context = BTreeMap::from(context("hydra", "test"));
    let other = kms.unwrap(&wrapped(&MasterKey::AwsKms(described), &text));
    assert_eq!(other.unwrap_err(), KeyFailure::Damaged);
}

#[test]
fn a_key_that_does_not_exist_is_refused_with_what_aws_says() {
    let Some(services) = Services::start() else {
        return;
    };
    let key = MasterKey::AwsKms(key("arn:aws:kms:us-east-1:123456789012:key/nope"));
    let failure = service(&services.aws).wrap(&key, &data_key()).unwrap_err();
    insta::assert_snapshot!(failure, @"was refused to access key AKIATEST of the environment: NotFoundException: Key 'nope' does not exist");
}

#[test]
fn a_refusal_names_the_one_who_asked_and_what_is_missing() {
    let failure = unwrap(
        r#"{"__type":"AccessDeniedException","Message":"User: arn:aws:iam::1:user/dev is not authorized to perform: kms:Decrypt on this resource"}"#,
    );
    insta::assert_snapshot!(failure, @"was refused to arn:aws:iam::1:user/dev: AccessDeniedException: User: arn:aws:iam::1:user/dev is not authorized to perform: kms:Decrypt on this resource; it lacks kms:Decrypt");
}

#[test]
fn a_service_that_lies_is_refused() {
    let short = r#"{"KeyId":"arn:aws:kms:eu-west-1:1:key/k","Plaintext":"c2hvcnQ="}"#;
    let other = r#"{"KeyId":"arn:aws:kms:eu-west-1:1:key/o","Plaintext":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}"#;
    for answer in [short, other, "{}", "no json"] {
        assert_eq!(unwrap(answer), KeyFailure::Damaged, "{answer}");
    }
}

#[test]
fn a_service_that_is_busy_or_gone_is_unavailable() {
    let busy = unwrap(r#"{"__type":"ThrottlingException"}"#);
    assert!(busy.is_transient(), "{busy}");
    let key = MasterKey::AwsKms(key("arn:aws:kms:eu-west-1:1:key/k"));
    let gone = service("http://127.0.0.1:9")
        .unwrap(&wrapped(&key, "AAAA"))
        .unwrap_err();
    assert!(gone.is_transient(), "{gone}");
}

#[test]
fn a_bare_alias_and_another_type_of_key_are_not_asked_for() {
    let kms = service("http://127.0.0.1:9");
    let alias = kms
        .unwrap(&wrapped(&MasterKey::AwsKms(key("alias/x")), "AAAA"))
        .unwrap_err();
    insta::assert_snapshot!(alias, @r#"cannot be used: "alias/x" is not the ARN of a KMS key; expected arn:aws:kms:REGION:ACCOUNT:key/ID or …:alias/NAME"#);
    let recipient = "age1x".to_owned();
    let other = kms
        .wrap(&MasterKey::Age { recipient }, &data_key())
        .unwrap_err();
    let key_type = KeyType::Age;
    assert_eq!(other, KeyFailure::NotServed { key_type });
}

#[test]
fn documents_of_the_real_program_open() {
    let (Some(folder), Some(services)) = (vectors(), Services::start()) else {
        return;
    };
    let kms = service(&services.aws);
    for name in [
        "kms",
        "kms_ctx",
        "kms_alias",
        "kms_role",
        "kms_multi_region",
        "mixed_kms",
    ] {
        let read = |kind: &str| std::fs::read(folder.join(format!("{kind}/dotenv-key-{name}.env")));
        let Ok(text) = read("enc") else {
            continue;
        };
        let document = Document::parse(&text, Format::Dotenv).unwrap();
        let opened = document.decrypt(&kms);
        assert!(opened.is_ok(), "{name}: {:?}", opened.err());
    }
}
