//! The query of a request: decoded pairs, and the options that they spell.

use std::time::Duration;

use crate::api::{FieldValidation, WriteOptions};
use crate::status::{Cause, Details, Reason, Status};

/// The decoded pairs of a query.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

/// The options of list and watch.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListOptions {
    /// Whether to watch instead of listing.
    pub(crate) watch: bool,
    /// `labelSelector` as given.
    pub(crate) labels: String,
    /// `fieldSelector` as given.
    pub(crate) fields: String,
    /// `resourceVersion`; `None` when it is not given or empty.
    pub(crate) resource_version: Option<u64>,
    /// `resourceVersionMatch` as given.
    pub(crate) version_match: String,
    /// `limit`; `None` when it is not given or zero.
    pub(crate) limit: Option<usize>,
    /// `continue` as given.
    pub(crate) token: String,
    /// After how long a watch ends.
    pub(crate) timeout: Option<Duration>,
    /// Whether a watch sends bookmarks.
    pub(crate) bookmarks: bool,
    /// `sendInitialEvents`.
    pub(crate) initial_events: Option<bool>,
}

impl Query {
    /// Returns the pairs of a query string.
    pub(crate) fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| {
                    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decode(key), decode(value))
                })
                .collect(),
        )
    }

    /// Returns the value of `key`, empty when there is none.
    pub(crate) fn get(&self, key: &str) -> &str {
        self.all(key).next().unwrap_or_default()
    }

    /// Returns all values of `key`.
    pub(crate) fn all(&self, key: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    /// Returns whether `key` is there and does not say no; a bare key says yes, as with Go's clients.
    pub(crate) fn flag(&self, key: &str) -> bool {
        let mut values = self.all(key);
        values
            .next()
            .is_some_and(|value| !matches!(value, "0" | "false" | "False" | "FALSE"))
    }

    /// Returns how to write.
    pub(crate) fn write_options(&self, agent: &str) -> Result<WriteOptions, Status> {
        let field_validation = match self.get("fieldValidation") {
            "" | "Warn" => FieldValidation::Warn,
            "Ignore" => FieldValidation::Ignore,
            "Strict" => FieldValidation::Strict,
            other => {
                let supported = "supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"";
                let message = format!("Unsupported value: {other:?}: {supported}");
                return Err(invalid_options("fieldValidation", message));
            }
        };
        Ok(WriteOptions {
            dry_run: self.dry_run()?,
            field_manager: self.field_manager(agent)?,
            field_validation,
        })
    }

    /// Returns whether to do everything but write.
    pub(crate) fn dry_run(&self) -> Result<bool, Status> {
        check_dry_run(self.all("dryRun"))
    }

    /// Returns the field manager: as given, or the first part of the user agent.
    fn field_manager(&self, agent: &str) -> Result<String, Status> {
        let given = self.get("fieldManager");
        if given.len() > 128 {
            let message = "Too long: may not be more than 128 bytes".to_owned();
            return Err(invalid_options("fieldManager", message));
        }
        if !given.is_empty() {
            return Ok(given.to_owned());
        }
        let program = agent.split('/').next().unwrap_or_default();
        Ok(match program {
            "" => "unknown".to_owned(),
            program => program.chars().take(128).collect(),
        })
    }

    /// Returns what to list or watch.
    pub(crate) fn list_options(&self) -> Result<ListOptions, Status> {
        let number = |key: &str| match self.get(key) {
            "" => Ok(None),
            text => text
                .parse::<u64>()
                .map(Some)
                .map_err(|_| bad_number(key, text)),
        };
        Ok(ListOptions {
            watch: self.flag("watch"),
            labels: self.get("labelSelector").to_owned(),
            fields: self.get("fieldSelector").to_owned(),
            resource_version: self.resource_version()?,
            version_match: self.get("resourceVersionMatch").to_owned(),
            limit: number("limit")?.filter(|it| *it > 0).map(|it| it as usize),
            token: self.get("continue").to_owned(),
            timeout: number("timeoutSeconds")?.map(Duration::from_secs),
            bookmarks: self.flag("allowWatchBookmarks"),
            initial_events: match self.get("sendInitialEvents") {
                "" => None,
                _ => Some(self.flag("sendInitialEvents")),
            },
        })
    }

    fn resource_version(&self) -> Result<Option<u64>, Status> {
        match self.get("resourceVersion") {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| {
                let message = format!("Invalid value: {text:?}: must be an unsigned integer");
                invalid_options("resourceVersion", message)
            }),
        }
    }
}

/// Reads the values of a `dryRun` option.
pub(crate) fn check_dry_run<'a>(values: impl Iterator<Item = &'a str>) -> Result<bool, Status> {
    let mut dry_run = false;
    for value in values {
        match value {
            "All" => dry_run = true,
            other => {
                let message = format!("Unsupported value: {other:?}: supported values: \"All\"");
                return Err(invalid_options("dryRun", message));
            }
        }
    }
    Ok(dry_run)
}

/// Returns 422 on the options of a request.
pub(crate) fn invalid_options(field: &'static str, message: String) -> Status {
    let text = format!("Options.meta.k8s.io \"\" is invalid: {field}: {message}");
    let mut status = Status::new(422, Reason::Invalid, text);
    status.details = Some(Box::new(Details {
        group: "meta.k8s.io".to_owned(),
        kind: "Options".to_owned(),
        causes: vec![Cause::new("FieldValueInvalid", field, message)],
        ..Details::default()
    }));
    status
}

fn bad_number(key: &str, text: &str) -> Status {
    Status::bad_request(format!("{key}: {text:?} is not a number"))
}

/// Decodes `%XX` and `+`. A broken escape stays as it is, as browsers have it.
pub(crate) fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let (byte, next) = match (first, tail) {
            (b'+', _) => (b' ', tail),
            (b'%', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => (high * 16 + low, after),
                _ => (b'%', tail),
            },
            (other, _) => (*other, tail),
        };
        bytes.push(byte);
        rest = next;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_and_broken_ones_kept() {
        let query = Query::parse("labelSelector=app%3Dweb%2Ctier+in&broken=%zz&watch");
        assert_eq!(query.get("labelSelector"), "app=web,tier in");
        assert_eq!(query.get("broken"), "%zz");
        assert!(query.flag("watch"));
    }

    #[test]
    fn the_field_manager_is_the_program_of_the_user_agent_unless_named() {
        let manager = |query: &str| Query::parse(query).write_options("kubectl/v1.37 (linux)");
        assert_eq!(manager("").unwrap().field_manager, "kubectl");
        assert_eq!(manager("fieldManager=me").unwrap().field_manager, "me");
    }

    #[test]
    fn an_unknown_dry_run_is_refused() {
        assert!(Query::parse("dryRun=All").dry_run().unwrap());
        assert_eq!(Query::parse("dryRun=Some").dry_run().unwrap_err().code, 422);
    }
}
