//! The profiles of the AWS configuration.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;

use crate::sts::Role;
use crate::{Config, CredentialsError, Keys, WebIdentity};

const MAX_ROLES: usize = 8;

type Settings = BTreeMap<String, String>;

/// The profiles of both files; what the file of keys says goes before.
#[derive(Debug, Default)]
pub(crate) struct Profiles(BTreeMap<String, Settings>);

/// What credentials a profile begins with, and which roles are then taken, in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    pub(crate) start: Start,
    pub(crate) roles: Vec<Role>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Start {
    Nothing,
    Keys(Keys),
    WebIdentity(WebIdentity),
    Environment,
    Container,
    Instance,
}

impl Profiles {
    pub(crate) fn read(config: &Config) -> Result<Self, CredentialsError> {
        let mut profiles = Self::default();
        profiles.add(&text(config.config_file.as_ref())?, true);
        profiles.add(&text(config.credentials_file.as_ref())?, false);
        Ok(profiles)
    }

    /// Adds the profiles of a file. In the configuration all but `default` are called `profile NAME`.
    fn add(&mut self, text: &str, is_configuration: bool) {
        let mut current = None;
        for line in text.lines() {
            // A line that is indented belongs to the setting above, of which we need none.
            if line.starts_with([' ', '\t', '#', ';']) || line.trim().is_empty() {
                continue;
            }
            if let Some(header) = line.strip_prefix('[') {
                let header = header.split(']').next().unwrap_or_default().trim();
                current = section(header, is_configuration);
                continue;
            }
            let Some((name, value)) = line.split_once('=') else {
                continue;
            };
            if let Some(profile) = &current {
                let value = value.split(" #").next().unwrap_or_default().trim();
                let settings = self.0.entry(String::clone(profile)).or_default();
                settings.insert(name.trim().to_ascii_lowercase(), value.to_owned());
            }
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Returns how the credentials of a profile are had.
    pub(crate) fn chain(&self, name: &str, config: &Config) -> Result<Chain, CredentialsError> {
        let mut roles = Vec::new();
        let mut name = name.to_owned();
        loop {
            let missing = || CredentialsError::NoProfile {
                profile: name.clone(),
            };
            let profile = Profile {
                settings: self.0.get(&name).ok_or_else(missing)?,
                name: &name,
            };
            // A profile that is its own source gives its keys, and then takes its role.
            let source = profile
                .get("source_profile")
                .filter(|_| profile.get("role_arn").is_some());
            if let Some(role) = profile.role(config)? {
                roles.push(role);
            }
            match source {
                Some(source) if source != name && roles.len() < MAX_ROLES => {
                    name = source.to_owned();
                }
                Some(source) if source != name => {
                    return Err(profile.wrong("its source_profile leads in a circle"));
                }
                _ => {
                    roles.reverse();
                    let start = profile.start()?;
                    return Ok(Chain { start, roles });
                }
            }
        }
    }
}

struct Profile<'a> {
    name: &'a str,
    settings: &'a Settings,
}

impl Profile<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        let value = self.settings.get(name).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }

    fn wrong(&self, reason: impl std::fmt::Display) -> CredentialsError {
        CredentialsError::invalid(format!("the profile {:?}", self.name), reason)
    }

    /// Returns the role that is taken with other credentials.
    fn role(&self, config: &Config) -> Result<Option<Role>, CredentialsError> {
        let Some(arn) = self.get("role_arn") else {
            return Ok(None);
        };
        if self.get("web_identity_token_file").is_some() {
            return Ok(None);
        }
        if self.get("mfa_serial").is_some() {
            return Err(self.wrong("its role asks for a code (mfa_serial); take the role with the AWS program, and export its keys"));
        }
        let mut role = Role::named(arn, config);
        role.external_id = self.get("external_id").map(str::to_owned);
        if let Some(name) = self.get("role_session_name") {
            name.clone_into(&mut role.session_name);
        }
        Ok(Some(role))
    }

    fn start(&self) -> Result<Start, CredentialsError> {
        if let Some(keys) = self.keys() {
            return Ok(Start::Keys(keys));
        }
        if let (Some(file), Some(role)) =
            (self.get("web_identity_token_file"), self.get("role_arn"))
        {
            return Ok(Start::WebIdentity(WebIdentity {
                token_file: file.into(),
                role: role.to_owned(),
                session_name: self.get("role_session_name").map(str::to_owned),
            }));
        }
        if let Some(source) = self.get("credential_source") {
            return match source {
                "Environment" => Ok(Start::Environment),
                "EcsContainer" => Ok(Start::Container),
                "Ec2InstanceMetadata" => Ok(Start::Instance),
                other => {
                    Err(self.wrong(format_args!("its credential_source {other:?} is unknown")))
                }
            };
        }
        self.refuse_programs()?;
        if self.get("role_arn").is_some() {
            return Err(self.wrong("its role has neither source_profile nor credential_source"));
        }
        Ok(Start::Nothing)
    }

    fn keys(&self) -> Option<Keys> {
        Some(Keys {
            id: self.get("aws_access_key_id")?.to_owned(),
            secret: self.get("aws_secret_access_key")?.to_owned().into(),
            token: self
                .get("aws_session_token")
                .map(|token| token.to_owned().into()),
        })
    }

    fn refuse_programs(&self) -> Result<(), CredentialsError> {
        let export = format!(
            "run: eval \"$(aws configure export-credentials --profile {} --format env)\"",
            self.name
        );
        if self.get("credential_process").is_some() {
            return Err(self.wrong(format_args!(
                "they are had from a program (credential_process); {export}"
            )));
        }
        if self.get("sso_session").is_some() || self.get("sso_start_url").is_some() {
            return Err(self.wrong(format_args!("they are had by single sign-on; {export}")));
        }
        Ok(())
    }
}

fn section(header: &str, is_configuration: bool) -> Option<String> {
    if !is_configuration || header == "default" {
        return Some(header.to_owned());
    }
    let (kind, name) = header.split_once(char::is_whitespace)?;
    (kind == "profile").then(|| name.trim().trim_matches(['"', '\'']).to_owned())
}

/// Reads a file that need not exist.
fn text(path: Option<&PathBuf>) -> Result<zeroize::Zeroizing<String>, CredentialsError> {
    let Some(path) = path else {
        return Ok(zeroize::Zeroizing::default());
    };
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text.into()),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(zeroize::Zeroizing::default())
        }
        Err(error) => Err(CredentialsError::file(path, &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIGURATION: &str = "\
[default]
region = eu-west-1
[profile base]
aws_access_key_id=AKIABASE
aws_secret_access_key = base # a note
[profile deploy]
role_arn = arn:aws:iam::1:role/deploy
source_profile = middle
external_id = 7
s3 =
  addressing_style = path
[profile middle]
role_arn = arn:aws:iam::1:role/middle
source_profile = base
[profile self]
role_arn = arn:aws:iam::1:role/self
source_profile = self
aws_access_key_id = AKIASELF
aws_secret_access_key = self
[profile a]
role_arn = arn:aws:iam::1:role/a
source_profile = b
[profile b]
role_arn = arn:aws:iam::1:role/b
source_profile = a
[profile sso]
sso_session = corp
[profile program]
credential_process = /bin/true
[sso-session corp]
sso_start_url = https://corp.example
";

    fn chain(name: &str) -> Result<Chain, CredentialsError> {
        let mut profiles = Profiles::default();
        profiles.add(CONFIGURATION, true);
        profiles.add("[base]\naws_access_key_id = AKIAFILE\n", false);
        profiles.chain(name, &Config::default())
    }

    #[test]
    fn roles_are_taken_from_the_innermost_source_outwards() {
        let chain = chain("deploy").unwrap();
        let Start::Keys(keys) = &chain.start else {
            panic!("{chain:?}")
        };
        assert_eq!(
            (keys.id.as_str(), keys.secret.as_str()),
            ("AKIAFILE", "base")
        );
        let roles: Vec<_> = chain.roles.iter().map(|role| role.arn.as_str()).collect();
        assert_eq!(
            roles,
            ["arn:aws:iam::1:role/middle", "arn:aws:iam::1:role/deploy"]
        );
        assert_eq!(chain.roles[1].external_id.as_deref(), Some("7"));
    }

    #[test]
    fn a_profile_may_be_its_own_source() {
        let chain = chain("self").unwrap();
        assert!(matches!(chain.start, Start::Keys(keys) if keys.id == "AKIASELF"));
        assert_eq!(chain.roles.len(), 1);
    }

    #[test]
    fn a_profile_without_credentials_says_nothing() {
        assert_eq!(chain("default").unwrap().start, Start::Nothing);
    }

    #[test]
    fn what_cannot_be_had_is_refused_with_what_to_do() {
        let text = |name| chain(name).unwrap_err().to_string();
        insta::assert_snapshot!(text("none"), @r#"the AWS configuration has no profile "none""#);
        insta::assert_snapshot!(text("a"), @r#"the AWS credentials of the profile "b": its source_profile leads in a circle"#);
        insta::assert_snapshot!(text("sso"), @r#"the AWS credentials of the profile "sso": they are had by single sign-on; run: eval "$(aws configure export-credentials --profile sso --format env)""#);
        insta::assert_snapshot!(text("program"), @r#"the AWS credentials of the profile "program": they are had from a program (credential_process); run: eval "$(aws configure export-credentials --profile program --format env)""#);
    }
}
