//! Connection strings: composed, with what must be escaped, and looked at before they are stored.
//!
//! `scheme://user:password@host:port,host:port/database?name=value`, as RFC 3986 has it, and several hosts as
//! PostgreSQL and MongoDB do. No message holds a part of the text.

use windlass_sops::SecretBytes;

/// A connection string but for its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Connection {
    pub(super) scheme: Scheme,
    pub(super) user: String,
    /// `HOST` or `HOST:PORT`.
    pub(super) hosts: Vec<String>,
    pub(super) database: Option<String>,
    pub(super) parameters: Vec<(String, String)>,
}

/// What is connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Postgres,
    Mongodb,
    /// MongoDB, whose hosts are found by SRV records.
    MongodbSrv,
}

/// What is wrong with a value that looks like a connection string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    #[error("it holds a space or a control character; write it as %20 and the like")]
    Space,
    #[error("it is no text")]
    NotText,
    #[error("the user or the password holds an @; write it as %40")]
    At,
    #[error("the user or the password holds a /, ? or #; write it as %2F, %3F or %23")]
    Delimiter,
    #[error("the password holds a colon; write it as %3A")]
    Colon,
    #[error("a % is not followed by two hexadecimal digits; write it as %25")]
    Percent,
    #[error("a host is missing")]
    NoHost,
    #[error("a host holds a character that no host name has")]
    Host,
    #[error(
        "a port is not a number from 1 to 65535; if it is a part of the password, escape what stands in it"
    )]
    Port,
    #[error("mongodb+srv takes one host and no port")]
    Srv,
    #[error("the database of an oplog is called local")]
    Oplog,
}

impl Scheme {
    fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mongodb => "mongodb",
            Self::MongodbSrv => "mongodb+srv",
        }
    }
}

impl Connection {
    /// Returns the connection string with this password.
    pub(super) fn with_password(&self, password: &SecretBytes) -> SecretBytes {
        let mut text = Vec::with_capacity(3 * password.expose().len() + self.longest());
        text.extend_from_slice(self.scheme.name().as_bytes());
        text.extend_from_slice(b"://");
        escape(self.user.as_bytes(), &mut text);
        text.push(b':');
        escape(password.expose(), &mut text);
        text.push(b'@');
        text.extend_from_slice(self.hosts.join(",").as_bytes());
        text.push(b'/');
        escape(
            self.database.as_deref().unwrap_or_default().as_bytes(),
            &mut text,
        );
        for (at, (name, value)) in self.parameters.iter().enumerate() {
            text.push(if at == 0 { b'?' } else { b'&' });
            escape(name.as_bytes(), &mut text);
            text.push(b'=');
            escape(value.as_bytes(), &mut text);
        }
        SecretBytes::new(text)
    }

    /// Room for all but the password, so that the text never moves and leaves a copy behind.
    fn longest(&self) -> usize {
        let parameters = self.parameters.iter();
        let parameters = parameters.map(|(name, value)| name.len() + value.len() + 2);
        let database = self.database.as_deref().unwrap_or_default().len();
        let escaped = self.user.len() + database + parameters.sum::<usize>();
        let hosts = self.hosts.iter().map(|host| host.len() + 1);
        3 * escaped + hosts.sum::<usize>() + 32
    }
}

/// Writes all but the unreserved characters of RFC 3986 as `%XX`.
fn escape(bytes: &[u8], text: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            text.push(*byte);
        } else {
            let digits = [
                DIGITS[usize::from(byte >> 4)],
                DIGITS[usize::from(byte & 15)],
            ];
            text.push(b'%');
            text.extend_from_slice(&digits);
        }
    }
}

/// Returns what is wrong with a value that claims to be a URL; of all others nothing is known.
pub(super) fn problems(name: &str, value: &[u8]) -> Vec<Problem> {
    let value = value.strip_suffix(b"\n").unwrap_or(value);
    let value = value.strip_suffix(b"\r").unwrap_or(value);
    let Some((scheme, rest)) = split_scheme(value) else {
        return Vec::new();
    };
    match std::str::from_utf8(rest) {
        Err(_) => vec![Problem::NotText],
        Ok(rest) => Parts::of(scheme, rest).problems(name),
    }
}

/// Splits `scheme://rest`.
fn split_scheme(value: &[u8]) -> Option<(&str, &[u8])> {
    let at = value.windows(3).position(|three| three == b"://")?;
    let scheme = std::str::from_utf8(&value[..at]).ok()?;
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    let starts_well = scheme.starts_with(|first: char| first.is_ascii_alphabetic());
    (starts_well && scheme.bytes().all(is_inner)).then_some((scheme, &value[at + 3..]))
}

/// A URL taken apart, as far as that goes.
struct Parts<'u> {
    scheme: &'u str,
    text: &'u str,
    /// What stands before the last `@` of the authority.
    userinfo: Option<&'u str>,
    hosts: Vec<&'u str>,
    path: &'u str,
    /// Path, query and fragment.
    rest: &'u str,
}

impl<'u> Parts<'u> {
    fn of(scheme: &'u str, text: &'u str) -> Self {
        let end = text.find(['/', '?', '#']).unwrap_or(text.len());
        let (authority, rest) = text.split_at(end);
        let (userinfo, hosts) = match authority.rsplit_once('@') {
            Some((userinfo, hosts)) => (Some(userinfo), hosts),
            None => (None, authority),
        };
        let path = rest.split(['?', '#']).next().unwrap_or_default();
        Self {
            scheme,
            text,
            userinfo,
            hosts: hosts.split(',').collect(),
            path: path.strip_prefix('/').unwrap_or(path),
            rest,
        }
    }

    fn is_mongodb(&self) -> bool {
        matches!(self.scheme, "mongodb" | "mongodb+srv")
    }

    fn problems(&self, name: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut add = |is_wrong: bool, problem| {
            if is_wrong {
                problems.push(problem);
            }
        };
        let userinfo = self.userinfo.unwrap_or_default();
        let password = userinfo
            .split_once(':')
            .map_or("", |(_, password)| password);
        let is_odd = |c: char| c.is_whitespace() || c.is_control();
        add(self.text.contains(is_odd), Problem::Space);
        add(userinfo.contains('@'), Problem::At);
        // A delimiter in the password ends the authority too early, and the @ is left behind.
        let has_odd_port = self
            .hosts
            .iter()
            .any(|host| host_problem(host) == Some(Problem::Port));
        let is_cut = self.userinfo.is_none() && has_odd_port && self.rest.contains('@');
        add(is_cut, Problem::Delimiter);
        add(self.is_mongodb() && password.contains(':'), Problem::Colon);
        add(!is_escaped(self.text), Problem::Percent);
        let mut hosts: Vec<_> = self
            .hosts
            .iter()
            .filter_map(|host| host_problem(host))
            .collect();
        hosts.dedup();
        if !is_cut {
            problems.extend(hosts);
        }
        let has_port = |host: &&str| host.contains(':');
        let is_bad_srv = self.hosts.len() != 1 || self.hosts.iter().any(has_port);
        if self.scheme == "mongodb+srv" && is_bad_srv {
            problems.push(Problem::Srv);
        }
        if self.is_mongodb() && name.to_ascii_uppercase().contains("OPLOG") && self.path != "local"
        {
            problems.push(Problem::Oplog);
        }
        problems
    }
}

/// Returns whether each `%` begins an escape.
fn is_escaped(text: &str) -> bool {
    let is_hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let bytes = text.as_bytes();
    let mut percents = (0..bytes.len()).filter(|at| bytes[*at] == b'%');
    percents.all(|at| is_hex(bytes.get(at + 1)) && is_hex(bytes.get(at + 2)))
}

/// Returns what is wrong with `HOST` or `HOST:PORT`.
pub(super) fn host_problem(host: &str) -> Option<Problem> {
    let (name, port) = match host.strip_prefix('[').map(|rest| rest.split_once(']')) {
        Some(None) => return Some(Problem::Host),
        Some(Some((address, port))) => {
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return Some(Problem::Host);
            }
            match port.strip_prefix(':') {
                None if !port.is_empty() => return Some(Problem::Host),
                port => (address, port),
            }
        }
        None => match host.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (host, None),
        },
    };
    if name.is_empty() {
        return Some(Problem::NoHost);
    }
    let is_inner = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | '%' | ':');
    if !name.chars().all(is_inner) {
        return Some(Problem::Host);
    }
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port != 0);
    port.is_some_and(|port| !is_port(port))
        .then_some(Problem::Port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn connection(scheme: Scheme, hosts: &[&str]) -> Connection {
        Connection {
            scheme,
            user: "hydra".to_owned(),
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            database: Some("hydra".to_owned()),
            parameters: vec![("sslmode".to_owned(), "verify-full".to_owned())],
        }
    }

    fn composed(connection: &Connection, password: &str) -> String {
        let text = connection.with_password(&password.into());
        text.expose_text().unwrap().to_owned()
    }

    #[test]
    fn passwords_are_escaped() {
        let postgres = connection(Scheme::Postgres, &["db.dev:5432"]);
        insta::assert_snapshot!(composed(&postgres, "p@ss/w:rd %?#é"), @"postgres://hydra:p%40ss%2Fw%3Ard%20%25%3F%23%C3%A9@db.dev:5432/hydra?sslmode=verify-full");
        let mut mongodb = connection(Scheme::MongodbSrv, &["cluster0.example.net"]);
        mongodb.database = None;
        mongodb
            .parameters
            .push(("w".to_owned(), "majority".to_owned()));
        insta::assert_snapshot!(composed(&mongodb, "x"), @"mongodb+srv://hydra:x@cluster0.example.net/?sslmode=verify-full&w=majority");
    }

    #[test]
    fn what_is_wrong_with_a_url_is_said_without_a_part_of_it() {
        let found = |name: &str, value: &str| {
            let problems = problems(name, value.as_bytes());
            let problems = problems.iter().map(ToString::to_string);
            problems.collect::<Vec<_>>().join("; ")
        };
        insta::assert_snapshot!(found("U", "postgres://u:p@ss@db/x"), @"the user or the password holds an @; write it as %40");
        insta::assert_snapshot!(found("U", "postgres://u:p/ss@db/x"), @"the user or the password holds a /, ? or #; write it as %2F, %3F or %23");
        insta::assert_snapshot!(found("U", "postgres://u:p%ss@db/x"), @"a % is not followed by two hexadecimal digits; write it as %25");
        insta::assert_snapshot!(found("U", "postgres://u:p@db:5432x/x y"), @"it holds a space or a control character; write it as %20 and the like; a port is not a number from 1 to 65535; if it is a part of the password, escape what stands in it");
        insta::assert_snapshot!(found("U", "mongodb://u:p:q@a,b:27017,/x"), @"the password holds a colon; write it as %3A; a host is missing");
        insta::assert_snapshot!(found("U", "mongodb+srv://u:p@a,b/x"), @"mongodb+srv takes one host and no port");
        insta::assert_snapshot!(found("MONGO_OPLOG_URL", "mongodb://u:p@a/x"), @"the database of an oplog is called local");
        insta::assert_snapshot!(found("U", "http://a b"), @"it holds a space or a control character; write it as %20 and the like; a host holds a character that no host name has");
    }

    #[test]
    fn what_is_right_or_no_url_is_not_complained_about() {
        for value in [
            "postgres://u:p%40@db:5432/x?sslmode=disable",
            "postgresql://u@[::1]:5432/x",
            "mongodb://u:p@a:1,b:2/x?replicaSet=rs0&authSource=admin",
            "https://hooks.example.com/T0/@here",
            "amqp://guest:guest@rabbit:5672/%2F\n",
            "a password with :// and @",
            "\u{0}://",
            "",
        ] {
            assert_eq!(problems("U", value.as_bytes()), [], "{value}");
        }
        assert_eq!(
            problems("MONGO_OPLOG_URL", b"mongodb://u:p@a/local?x=y"),
            []
        );
    }

    fn unescaped(text: &str) -> Vec<u8> {
        let mut bytes = text.bytes();
        let mut found = Vec::new();
        while let Some(byte) = bytes.next() {
            let digit = |byte: u8| char::from(byte).to_digit(16).unwrap();
            found.push(match byte {
                b'%' => {
                    let (high, low) = (bytes.next().unwrap(), bytes.next().unwrap());
                    u8::try_from(16 * digit(high) + digit(low)).unwrap()
                }
                byte => byte,
            });
        }
        found
    }

    proptest! {
        #[test]
        fn what_is_composed_comes_apart_again(user in ".{1,8}", password in proptest::collection::vec(any::<u8>(), 1..40), database in ".{0,8}") {
            let mut connection = connection(Scheme::Mongodb, &["a.b:1", "c"]);
            connection.user = user.clone();
            connection.database = Some(database.clone());
            let url = connection.with_password(&SecretBytes::new(password.clone()));
            prop_assert_eq!(problems("U", url.expose()), []);
            let text = url.expose_text().unwrap().strip_prefix("mongodb://").unwrap();
            let parts = Parts::of("mongodb", text);
            let (found, secret) = parts.userinfo.unwrap().split_once(':').unwrap();
            prop_assert_eq!(unescaped(found), user.as_bytes());
            prop_assert_eq!(unescaped(secret), password);
            prop_assert_eq!(unescaped(parts.path), database.as_bytes());
            prop_assert_eq!(parts.hosts, ["a.b:1", "c"]);
        }

        #[test]
        fn no_value_makes_the_check_panic(value in proptest::collection::vec(any::<u8>(), 0..60)) {
            let mut url = b"mongodb+srv://".to_vec();
            url.extend(&value);
            problems("OPLOG", &url);
            problems("OPLOG", &value);
        }
    }
}
