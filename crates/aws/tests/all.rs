//! Credentials and calls, against servers on this machine.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../http/tests/support/stand_in.rs"]
mod stand_in;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use stand_in::{Asked, StandIn};
use windlass_aws::{Aws, AwsError, Config, KeyArn, Who};
use windlass_http::{Retry, Settings};

const ARN: &str = "arn:aws:kms:eu-west-1:123456789012:key/k";

fn role_answer(key: &str) -> String {
    format!(
        "<R><Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
         <SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>\
         <AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/s</Arn></AssumedRoleUser></R>"
    )
}

/// Answers as STS and KMS do; KMS says "plain".
fn aws_answer(asked: &Asked) -> (u16, String) {
    if asked.headers.contains_key("x-amz-target") {
        let key =
            format!(r#"{{"KeyId":"{ARN}","Plaintext":"cGxhaW4=","CiphertextBlob":"cGxhaW4="}}"#);
        return (200, key);
    }
    match asked
        .body
        .split("Action=")
        .nth(1)
        .unwrap_or_default()
        .split('&')
        .next()
    {
        Some("AssumeRole") => (200, role_answer("ASIAROLE")),
        Some("AssumeRoleWithWebIdentity") => (200, role_answer("ASIAWEB")),
        Some("GetCallerIdentity") => (200, "<Arn>arn:aws:iam::1:user/ci</Arn>".to_owned()),
        _ => (400, String::new()),
    }
}

fn settings() -> Settings {
    Settings {
        timeout: Duration::from_secs(5),
        retry: Retry {
            attempts: 3,
            pause: Duration::from_millis(1),
        },
        ..Settings::default()
    }
}

fn aws(endpoint: &str, variables: &[(&str, &str)]) -> Aws {
    let config = Config::from_env(|name| {
        let given = variables.iter().find(|(known, _)| *known == name);
        match (given, name) {
            (Some((_, value)), _) => Some((*value).to_owned()),
            (None, "AWS_ENDPOINT_URL") => Some(endpoint.to_owned()),
            (None, "AWS_EC2_METADATA_DISABLED") => Some("true".to_owned()),
            (None, _) => None,
        }
    });
    Aws::new(config, &settings()).unwrap()
}

const KEYS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "AKIATEST"),
    ("AWS_SECRET_ACCESS_KEY", "canary-9c"),
];

fn arn() -> KeyArn {
    ARN.parse().unwrap()
}

fn decrypt(aws: &Aws, profile: Option<&str>, role: Option<&str>) -> Result<Vec<u8>, AwsError> {
    let who = Who::for_key(&arn(), profile.map(str::to_owned), role.map(str::to_owned));
    aws.decrypt(&who, &arn(), &BTreeMap::new(), b"c")
        .map(|bytes| bytes.to_vec())
}

/// Returns the access key with which the last request was signed.
fn last_key(server: &StandIn) -> String {
    let asked = server.asked();
    let text = &asked.last().unwrap().headers["authorization"];
    text.split("Credential=")
        .nth(1)
        .unwrap()
        .split('/')
        .next()
        .unwrap()
        .to_owned()
}

fn home(files: &[(&str, &str)]) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    for (name, text) in files {
        std::fs::write(home.path().join(name), text).unwrap();
    }
    home
}

#[test]
fn a_request_goes_to_the_region_of_the_key_and_is_signed() {
    let server = StandIn::start(aws_answer);
    assert_eq!(
        decrypt(&aws(&server.address, &KEYS), None, None).unwrap(),
        b"plain"
    );
    let asked = &server.asked()[0];
    assert_eq!(asked.headers["x-amz-target"], "TrentService.Decrypt");
    assert!(asked.headers["authorization"].contains("/eu-west-1/kms/aws4_request"));
    insta::assert_snapshot!(asked.body, @r#"{"CiphertextBlob":"Yw==","KeyId":"arn:aws:kms:eu-west-1:123456789012:key/k"}"#);
}

#[test]
fn a_role_is_taken_once() {
    let server = StandIn::start(aws_answer);
    let aws = aws(&server.address, &KEYS);
    for _ in 0..2 {
        decrypt(&aws, None, Some("arn:aws:iam::1:role/r")).unwrap();
        assert_eq!(last_key(&server), "ASIAROLE");
    }
    assert_eq!(server.asked().len(), 3);
    insta::assert_snapshot!(server.asked()[0].body, @"Version=2011-06-15&Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=sops");
}

#[test]
fn a_web_identity_goes_before_a_profile_and_after_keys() {
    let server = StandIn::start(aws_answer);
    let home = home(&[
        ("token", "jwt\n"),
        (
            ".aws/credentials",
            "[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = s\n",
        ),
    ]);
    let token = home.path().join("token");
    let mut variables = vec![
        ("HOME", home.path().to_str().unwrap()),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().unwrap()),
        ("AWS_ROLE_ARN", "arn:aws:iam::1:role/web"),
    ];
    decrypt(&aws(&server.address, &variables), None, None).unwrap();
    assert_eq!(last_key(&server), "ASIAWEB");
    let unsigned = &server.asked()[0];
    assert!(
        unsigned.body.ends_with("&WebIdentityToken=jwt")
            && !unsigned.headers.contains_key("authorization")
    );
    variables.extend(KEYS);
    decrypt(&aws(&server.address, &variables), None, None).unwrap();
    assert_eq!(last_key(&server), "AKIATEST");
}

#[test]
fn a_profile_that_a_key_names_goes_before_the_environment() {
    let server = StandIn::start(aws_answer);
    let home = home(&[(
        ".aws/config",
        "[profile ops]\naws_access_key_id = AKIAOPS\naws_secret_access_key = s\n",
    )]);
    let mut variables = vec![("HOME", home.path().to_str().unwrap())];
    variables.extend(KEYS);
    let aws = aws(&server.address, &variables);
    decrypt(&aws, Some("ops"), None).unwrap();
    assert_eq!(last_key(&server), "AKIAOPS");
    let error = decrypt(&aws, Some("none"), None).unwrap_err();
    insta::assert_snapshot!(error, @r#"the AWS configuration has no profile "none""#);
}

#[test]
fn a_container_offers_credentials_for_its_token() {
    let server = StandIn::start(|asked| {
        match asked.path.as_str() {
        "/creds" if asked.headers.get("authorization").is_some_and(|token| token == "pod-token") => {
            (200, r#"{"AccessKeyId":"ASIAPOD","SecretAccessKey":"s","Token":"t","Expiration":"2099-01-01T00:00:00Z"}"#.to_owned())
        }
        "/creds" => (403, String::new()),
        _ => aws_answer(asked),
    }
    });
    let home = home(&[("token", "pod-token\n")]);
    let token: PathBuf = home.path().join("token");
    let address = format!("{}/creds", server.address);
    let variables = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", address.as_str()),
        (
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            token.to_str().unwrap(),
        ),
    ];
    decrypt(&aws(&server.address, &variables), None, None).unwrap();
    assert_eq!(last_key(&server), "ASIAPOD");
}

#[test]
fn an_instance_is_asked_with_a_session() {
    let server = StandIn::start(|asked| match (asked.method.as_str(), asked.path.as_str()) {
        ("PUT", "/latest/api/token") => (200, "session".to_owned()),
        ("GET", path)
            if asked
                .headers
                .get("x-aws-ec2-metadata-token")
                .is_some_and(|token| token == "session") =>
        {
            let credentials = r#"{"AccessKeyId":"ASIAEC2","SecretAccessKey":"s","Token":"t","Expiration":"2099-01-01T00:00:00Z"}"#;
            (
                200,
                if path.ends_with("/node") {
                    credentials
                } else {
                    "node"
                }
                .to_owned(),
            )
        }
        ("GET", _) => (401, String::new()),
        _ => aws_answer(asked),
    });
    let variables = [
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.address.as_str()),
        ("AWS_EC2_METADATA_DISABLED", "false"),
    ];
    decrypt(&aws(&server.address, &variables), None, None).unwrap();
    assert_eq!(last_key(&server), "ASIAEC2");
}

#[test]
fn without_credentials_it_says_where_they_were_looked_for() {
    let error = decrypt(&aws("http://127.0.0.1:1", &[]), None, None).unwrap_err();
    insta::assert_snapshot!(error, @r#"no AWS credentials; looked in the environment, the profile "default""#);
}

fn refused(message: &'static str) -> AwsError {
    let server = StandIn::start(move |asked| {
        if asked.headers.contains_key("x-amz-target") {
            let code = r"com.amazon.coral.service#AccessDeniedException";
            return (
                400,
                format!(r#"{{"__type":"{code}","Message":"{message}"}}"#),
            );
        }
        aws_answer(asked)
    });
    decrypt(&aws(&server.address, &KEYS), None, None).unwrap_err()
}

#[test]
fn a_refusal_names_who_asked_and_what_is_missing() {
    let error = refused(
        "User: arn:aws:iam::1:user/dev is not authorized to perform: kms:Decrypt on resource: k",
    );
    let AwsError::Refused {
        identity,
        missing,
        code,
        ..
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!(
        (identity.as_str(), missing.as_deref()),
        ("arn:aws:iam::1:user/dev", Some("kms:Decrypt"))
    );
    assert_eq!(code, "AccessDeniedException");
}

#[test]
fn a_refusal_that_names_nobody_is_completed_by_asking_who_we_are() {
    let error = refused("The ciphertext refers to a key that you may not use.");
    assert!(
        matches!(&error, AwsError::Refused { identity, .. } if identity == "arn:aws:iam::1:user/ci"),
        "{error:?}"
    );
    assert!(!format!("{error:?} {error}").contains("canary"));
}

#[test]
fn throttling_is_tried_again_and_then_transient() {
    let server = StandIn::start(|_| {
        (
            400,
            r#"{"__type":"ThrottlingException","message":"slow"}"#.to_owned(),
        )
    });
    let error = decrypt(&aws(&server.address, &KEYS), None, None).unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert_eq!(server.asked().len(), 3);
}

#[test]
fn an_answer_of_another_key_is_refused() {
    let server = StandIn::start(|_| {
        (
            200,
            r#"{"KeyId":"arn:aws:kms:eu-west-1:123456789012:key/other","Plaintext":"cGxhaW4="}"#
                .to_owned(),
        )
    });
    let error = decrypt(&aws(&server.address, &KEYS), None, None).unwrap_err();
    insta::assert_snapshot!(error, @"the answer of kms cannot be used: another key answered");
}

#[test]
fn an_answer_that_is_none_is_refused() {
    for body in [
        "",
        "<html>",
        "{}",
        r#"{"Plaintext":"%"}"#,
        r#"{"Plaintext":7}"#,
    ] {
        let server = StandIn::start(move |_| (200, body.to_owned()));
        let error = decrypt(&aws(&server.address, &KEYS), None, None).unwrap_err();
        assert!(matches!(error, AwsError::Answer { .. }), "{body}: {error}");
    }
}
