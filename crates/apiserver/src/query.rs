//! The query of a request: decoded pairs, and the options that they spell.

use std::time::Duration;

use crate::api::{FieldValidation, WriteOptions};
use crate::status::{Details, Reason, Status};
use crate::validation::FieldErrors;

/// The longest name of a field manager, in bytes.
const MAX_MANAGER: usize = 128;

/// Which options a request has, as kube-apiserver names them when they are wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OptionsKind {
    /// Of POST.
    Create,
    /// Of PUT.
    Update,
    /// Of PATCH, but for server-side apply.
    Patch,
    /// Of server-side apply.
    Apply,
    /// Of DELETE.
    Delete,
    /// Of list and watch.
    List,
}

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

    /// Returns the name that a field selector asks for and nothing else, empty when it does not.
    pub(crate) fn selected_name(&self) -> &str {
        let name = self.get("fieldSelector").strip_prefix("metadata.name=");
        let name = name.map(|name| name.strip_prefix('=').unwrap_or(name));
        name.filter(|name| !name.contains([',', '=']))
            .unwrap_or_default()
    }

    /// Returns how to write.
    pub(crate) fn write_options(
        &self,
        kind: OptionsKind,
        agent: &str,
    ) -> Result<WriteOptions, Status> {
        let mut errors = FieldErrors::default();
        match kind {
            OptionsKind::Apply if self.get("fieldManager").is_empty() => {
                errors.required("fieldManager", "is required for apply patch");
            }
            OptionsKind::Patch if self.all("force").next().is_some() => {
                errors.forbidden("force", "may not be specified for non-apply patch");
            }
            _ => {}
        }
        if self.get("fieldManager").len() > MAX_MANAGER {
            errors.too_long("fieldManager", MAX_MANAGER as u64);
        }
        let dry_run = check_dry_run(&self.all("dryRun").collect::<Vec<_>>(), &mut errors);
        let field_validation = match self.get("fieldValidation") {
            "" | "Warn" => FieldValidation::Warn,
            "Ignore" => FieldValidation::Ignore,
            "Strict" => FieldValidation::Strict,
            other => {
                let supported = ["", "Ignore", "Strict", "Warn"];
                errors.unsupported("fieldValidation", &other.into(), &supported);
                FieldValidation::Warn
            }
        };
        check_options(kind, errors)?;
        Ok(WriteOptions {
            dry_run,
            field_manager: self.field_manager(agent),
            field_validation,
        })
    }

    /// Returns the field manager: as given, or the first part of the user agent.
    fn field_manager(&self, agent: &str) -> String {
        let given = self.get("fieldManager");
        if !given.is_empty() {
            return given.to_owned();
        }
        match agent.split('/').next().unwrap_or_default() {
            "" => "unknown".to_owned(),
            program => program.chars().take(MAX_MANAGER).collect(),
        }
    }

    /// Returns what to list or watch.
    pub(crate) fn list_options(&self) -> Result<ListOptions, Status> {
        let options = ListOptions {
            watch: self.flag("watch"),
            labels: self.get("labelSelector").to_owned(),
            fields: self.get("fieldSelector").to_owned(),
            resource_version: self.listed_version()?,
            version_match: self.get("resourceVersionMatch").to_owned(),
            limit: self.number("limit")?.map(|limit| limit as usize),
            token: self.get("continue").to_owned(),
            timeout: self.number("timeoutSeconds")?.map(Duration::from_secs),
            bookmarks: self.flag("allowWatchBookmarks"),
            initial_events: match self.get("sendInitialEvents") {
                "" => None,
                _ => Some(self.flag("sendInitialEvents")),
            },
        };
        Ok(options)
    }

    /// Returns a number above zero; others mean the same as none.
    fn number(&self, key: &str) -> Result<Option<u64>, Status> {
        match self.get(key) {
            "" => Ok(None),
            text => match text.parse::<i64>() {
                Ok(number) => Ok(u64::try_from(number).ok().filter(|number| *number > 0)),
                Err(_) => Err(Status::bad_request(format!(
                    "strconv.ParseInt: parsing {text:?}: invalid syntax"
                ))),
            },
        }
    }

    fn listed_version(&self) -> Result<Option<u64>, Status> {
        self.resource_version().map_err(|status| {
            if self.flag("watch") {
                return status;
            }
            Status::bad_request(format!("invalid resource version: {}", status.message))
        })
    }

    /// Returns the version that is asked for. What is none is answered with 500 to a watch and a get, as
    /// kube-apiserver does, though the mistake is the client's.
    pub(crate) fn resource_version(&self) -> Result<Option<u64>, Status> {
        match self.get("resourceVersion") {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| {
                let message = format!(
                    "resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: \
                     invalid syntax"
                );
                Status::new(500, Reason::Unknown, message)
            }),
        }
    }
}

impl ListOptions {
    /// Checks that the options of a list go together.
    pub(crate) fn check_list(&self) -> Result<(), Status> {
        let mut errors = FieldErrors::default();
        let at = "resourceVersionMatch";
        if !self.version_match.is_empty() {
            if self.resource_version.is_none() {
                let why = "resourceVersionMatch is forbidden unless resourceVersion is provided";
                errors.forbidden(at, why);
            }
            if !self.token.is_empty() {
                errors.forbidden(
                    at,
                    "resourceVersionMatch is forbidden when continue is provided",
                );
            }
            if !["Exact", "NotOlderThan"].contains(&self.version_match.as_str()) {
                let supported = ["Exact", "NotOlderThan", ""];
                errors.unsupported(at, &self.version_match.as_str().into(), &supported);
            }
            if self.version_match == "Exact" && self.resource_version == Some(0) {
                let why = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
                errors.forbidden(at, why);
            }
        }
        if self.initial_events.is_some() {
            errors.forbidden(
                "sendInitialEvents",
                "sendInitialEvents is forbidden for list",
            );
        }
        check_options(OptionsKind::List, errors)?;
        if !self.token.is_empty() && self.resource_version.is_some_and(|version| version > 0) {
            let message = "specifying resource version is not allowed when using continue";
            return Err(Status::bad_request(message));
        }
        Ok(())
    }

    /// Checks that the options of a watch go together.
    pub(crate) fn check_watch(&self) -> Result<(), Status> {
        let mut errors = FieldErrors::default();
        let at = "resourceVersionMatch";
        if self.initial_events.is_some() && self.version_match != "NotOlderThan" {
            let why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
            errors.forbidden(at, why);
        }
        if !self.version_match.is_empty() {
            if self.initial_events.is_none() {
                let why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is \
                           provided";
                errors.forbidden(at, why);
            }
            if self.version_match != "NotOlderThan" {
                errors.unsupported(at, &self.version_match.as_str().into(), &["NotOlderThan"]);
            }
        }
        check_options(OptionsKind::List, errors)
    }
}

/// Reads the values of a `dryRun` option.
pub(crate) fn check_dry_run(values: &[&str], errors: &mut FieldErrors) -> bool {
    if values.iter().any(|value| *value != "All") {
        errors.unsupported("dryRun", &values.into(), &["All"]);
    }
    !values.is_empty()
}

/// Returns 422 on the options of a request, if there is something wrong with them.
pub(crate) fn check_options(kind: OptionsKind, errors: FieldErrors) -> Result<(), Status> {
    if errors.is_empty() {
        return Ok(());
    }
    let kind = match kind {
        OptionsKind::Create => "CreateOptions",
        OptionsKind::Update => "UpdateOptions",
        OptionsKind::Patch | OptionsKind::Apply => "PatchOptions",
        OptionsKind::Delete => "DeleteOptions",
        OptionsKind::List => "ListOptions",
    };
    let causes = errors.into_causes();
    let why = crate::status::join_causes(&causes);
    let text = format!("{kind}.meta.k8s.io \"\" is invalid: {why}");
    let mut status = Status::new(422, Reason::Invalid, text);
    status.details = Some(Box::new(Details {
        group: "meta.k8s.io".to_owned(),
        kind: kind.to_owned(),
        causes,
        ..Details::default()
    }));
    Err(status)
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
        let agent = "kubectl/v1.37 (linux)";
        let manager = |query: &str| Query::parse(query).write_options(OptionsKind::Create, agent);
        assert_eq!(manager("").unwrap().field_manager, "kubectl");
        assert_eq!(manager("fieldManager=me").unwrap().field_manager, "me");
    }

    #[test]
    fn an_unknown_dry_run_is_refused() {
        let options = |query: &str| Query::parse(query).write_options(OptionsKind::Update, "");
        assert!(options("dryRun=All").unwrap().dry_run);
        assert_eq!(options("dryRun=Some").unwrap_err().code, 422);
    }
}
