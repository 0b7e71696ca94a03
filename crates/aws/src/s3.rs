//! The Simple Storage Service: objects read and written.

use http::{Method, Request};
use windlass_http::Answer;

use crate::arn::domain;
use crate::call::Call;
use crate::{Aws, AwsError, Who};

const SERVICE: &str = "s3";
/// The header by which S3 says where a bucket really is.
const BUCKET_REGION: &str = "x-amz-bucket-region";

impl Aws {
    /// Returns an object, or `None` when there is none. The region of `who` is that of the bucket as far as it
    /// is known; where S3 names another one, that one is asked.
    pub fn object(&self, who: &Who, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, AwsError> {
        match self.s3(who, &Method::GET, bucket, key, &[]) {
            Ok(answer) => Ok(Some(answer.body().to_vec())),
            Err(AwsError::Refused { code, .. }) if is_missing(&code) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes an object, in place of the one that is there.
    pub fn put_object(
        &self,
        who: &Who,
        bucket: &str,
        key: &str,
        content: &[u8],
    ) -> Result<(), AwsError> {
        self.s3(who, &Method::PUT, bucket, key, content).map(drop)
    }

    fn s3(
        &self,
        who: &Who,
        method: &Method,
        bucket: &str,
        key: &str,
        content: &[u8],
    ) -> Result<Answer, AwsError> {
        let answer = self.s3_once(who, method, bucket, key, content)?;
        let other = answer.headers.get(BUCKET_REGION);
        let other = other.and_then(|region| region.to_str().ok());
        let other = other.filter(|region| *region != who.region && !answer.is_success());
        let who = &Who {
            region: other.unwrap_or(&who.region).to_owned(),
            ..who.clone()
        };
        let answer = match other {
            Some(_) => self.s3_once(who, method, bucket, key, content)?,
            None => answer,
        };
        if answer.is_success() {
            return Ok(answer);
        }
        Err(self.refusal(who, &*self.credentials(who)?, &answer))
    }

    fn s3_once(
        &self,
        who: &Who,
        method: &Method,
        bucket: &str,
        key: &str,
        content: &[u8],
    ) -> Result<Answer, AwsError> {
        let address = self.address(who, bucket, key);
        let request = Request::builder().method(method).uri(address);
        let request = request
            .body(content.to_vec())
            .map_err(|_| AwsError::Answer {
                service: SERVICE,
                reason: "its address is none",
            })?;
        let call = Call {
            service: SERVICE,
            region: &who.region,
            request,
        };
        self.send(call, Some(&*self.credentials(who)?))
    }

    /// Returns the address of an object. An endpoint of somebody's own has the bucket in its path, as has a
    /// bucket whose name no certificate of AWS covers.
    fn address(&self, who: &Who, bucket: &str, key: &str) -> String {
        let key = escaped(key);
        let own = self
            .config
            .endpoints
            .get(SERVICE)
            .or(self.config.endpoint.as_ref());
        if own.is_some() || bucket.contains('.') {
            let endpoint = self
                .config
                .endpoint(SERVICE, &who.region, domain(&who.partition));
            return format!("{endpoint}{}/{key}", escaped(bucket));
        }
        let (region, domain) = (&who.region, domain(&who.partition));
        format!(
            "https://{}.{SERVICE}.{region}.{domain}/{key}",
            escaped(bucket)
        )
    }
}

fn is_missing(code: &str) -> bool {
    matches!(code, "NoSuchKey" | "status 404")
}

/// Escapes the name of an object for the path of an address; `/` stays.
fn escaped(name: &str) -> String {
    let escape = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    name.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use windlass_http::Settings;

    use super::*;
    use crate::Config;

    fn address(endpoint: Option<&str>, bucket: &str, key: &str) -> String {
        let config = Config {
            endpoint: endpoint.map(str::to_owned),
            ..Config::default()
        };
        let who = Who {
            region: "eu-west-1".to_owned(),
            ..Who::default()
        };
        let aws = Aws::new(config, &Settings::default()).unwrap();
        aws.address(&who, bucket, key)
    }

    #[test]
    fn a_bucket_is_a_host_of_aws_and_a_path_elsewhere() {
        assert_eq!(
            address(None, "b", "a/b c.yaml"),
            "https://b.s3.eu-west-1.amazonaws.com/a/b%20c.yaml"
        );
        assert_eq!(
            address(None, "b.example", "k"),
            "https://s3.eu-west-1.amazonaws.com/b.example/k"
        );
        assert_eq!(
            address(Some("http://127.0.0.1:1/"), "b", "ä"),
            "http://127.0.0.1:1/b/%C3%A4"
        );
    }
}
