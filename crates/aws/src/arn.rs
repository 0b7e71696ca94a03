//! The names of keys.

use std::fmt;
use std::str::FromStr;

/// The ARN of a key, or of an alias of one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyArn {
    text: String,
    partition: (usize, usize),
    region: (usize, usize),
}

/// A text that is not the ARN of a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not the ARN of a KMS key; expected arn:aws:kms:REGION:ACCOUNT:key/ID or …:alias/NAME"
)]
pub struct ArnError {
    /// The text.
    pub text: String,
}

impl KeyArn {
    /// Returns the region, in which the key is.
    pub fn region(&self) -> &str {
        &self.text[self.region.0..self.region.1]
    }

    /// Returns the partition: `aws`, `aws-cn`, `aws-us-gov`.
    pub fn partition(&self) -> &str {
        &self.text[self.partition.0..self.partition.1]
    }

    /// Returns the ARN.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns whether it names a key by its id, rather than an alias, which may come to mean another.
    pub fn is_key_id(&self) -> bool {
        self.text[self.region.1..].contains(":key/")
    }
}

impl FromStr for KeyArn {
    type Err = ArnError;

    /// Parses an ARN by the rule of sops 3.11, and more strictly where it becomes a part of a host name.
    fn from_str(text: &str) -> Result<Self, ArnError> {
        let error = || ArnError {
            text: text.to_owned(),
        };
        let fields: Vec<&str> = text.splitn(6, ':').collect();
        let [arn, partition, service, region, account, resource] = fields[..] else {
            return Err(error());
        };
        let named = |kind| {
            let name = resource.strip_prefix(kind);
            name.is_some_and(|name| {
                !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic())
            })
        };
        let is_valid = (arn, service) == ("arn", "kms")
            && partition.starts_with("aws")
            && is_label(partition)
            && is_label(region)
            && !account.is_empty()
            && account.bytes().all(|byte| byte.is_ascii_digit())
            && (named("key/") || named("alias/"));
        if !is_valid {
            return Err(error());
        }
        let region_at = "arn::kms:".len() + partition.len();
        Ok(Self {
            text: text.to_owned(),
            partition: (4, 4 + partition.len()),
            region: (region_at, region_at + region.len()),
        })
    }
}

impl fmt::Display for KeyArn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// Returns whether `text` may be a part of the name of an AWS host.
pub(crate) fn is_label(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.len() <= 40 && text.bytes().all(is_part)
}

/// Returns the domain of the hosts of a partition.
pub(crate) fn domain(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "amazonaws.com.cn",
        "aws-iso" => "c2s.ic.gov",
        "aws-iso-b" => "sc2s.sgov.gov",
        "aws-iso-e" => "cloud.adc-e.uk",
        "aws-iso-f" => "csp.hci.ic.gov",
        "aws-eusc" => "amazonaws.eu",
        _ => "amazonaws.com",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_has_a_partition_and_a_region() {
        let arn: KeyArn = "arn:aws-us-gov:kms:us-gov-west-1:1:key/a:b"
            .parse()
            .unwrap();
        assert_eq!(
            (arn.partition(), arn.region()),
            ("aws-us-gov", "us-gov-west-1")
        );
        assert!(arn.is_key_id());
        let alias: KeyArn = "arn:aws:kms:eu-west-1:1:alias/key/".parse().unwrap();
        assert!(!alias.is_key_id());
    }

    #[test]
    fn what_is_no_arn_of_a_key_is_refused() {
        let wrong = [
            "alias/sops",
            "arn:aws:kms:eu-west-1:1:key/",
            "arn:aws:s3:eu-west-1:1:key/a",
            "arn:gcp:kms:eu-west-1:1:key/a",
            "arn:aws:kms:eu-west-1:me:key/a",
            "arn:aws:kms::1:key/a",
            "arn:aws:kms:eu-west-1:1:key/a b",
        ];
        for text in wrong {
            assert!(text.parse::<KeyArn>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_region_cannot_lead_to_another_host() {
        for region in ["evil.example/", "a.b", "x@evil", "X", "a#"] {
            let arn = format!("arn:aws:kms:{region}:1:key/a");
            assert!(arn.parse::<KeyArn>().is_err(), "{arn}");
        }
    }
}
