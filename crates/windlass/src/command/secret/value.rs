//! Where a value comes from: a prompt, a pipe, a file, or chance; as it is, or as the password of a
//! connection string. Never from the command line, which others can read and shells remember.

use std::fs::File;
use std::io::{IsTerminal as _, Read, stdin};
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use clap::{Args, ValueEnum};
use windlass_sops::SecretBytes;
use zeroize::Zeroizing;

use super::connection::{Connection, Scheme, host_problem};
use super::sealed;
use crate::failure::Failure;
use crate::prompt::{self, Unread};

/// The largest value: a Secret of Kubernetes has at most 1 MiB.
const MAX: usize = 1 << 20;

/// Where the value comes from.
#[derive(Debug, Args)]
#[command(next_help_heading = "Where the value comes from (default: a prompt, or standard input)")]
pub(super) struct ValueSource {
    /// Take the bytes of this file
    #[arg(long, value_name = "FILE", conflicts_with = "random")]
    from_file: Option<PathBuf>,
    /// Make a random value from this many random bytes: 32 are 43 characters that need no escaping
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u16).range(16..=1024))]
    random: Option<u16>,
    /// How random bytes are written
    #[arg(long, value_enum, default_value_t = Encoding::UrlSafe, requires = "random")]
    encoding: Encoding,
    /// Leave out one line feed at the end, which `echo` adds
    #[arg(long, conflicts_with = "random")]
    trim: bool,
    /// Store a value that looks like a URL and is none
    #[arg(long)]
    no_check: bool,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// A connection string around the value.
#[derive(Debug, Args)]
#[command(next_help_heading = "A connection string, of which the value is the password")]
struct ConnectionArgs {
    /// Compose postgres://USER:PASSWORD@HOST/DATABASE
    #[arg(long, requires_all = ["host", "user"], conflicts_with = "mongodb")]
    postgres: bool,
    /// Compose mongodb://USER:PASSWORD@HOST/DATABASE
    #[arg(long, requires_all = ["host", "user"])]
    mongodb: bool,
    /// With --mongodb: find the hosts by SRV records (mongodb+srv)
    #[arg(long, requires = "mongodb")]
    srv: bool,
    /// HOST or HOST:PORT; may be given several times
    #[arg(long, value_name = "HOST", value_parser = host)]
    host: Vec<String>,
    /// The port, when there is one host
    #[arg(long, requires = "host", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// The user; it is escaped
    #[arg(long, value_name = "NAME", requires = "host")]
    user: Option<String>,
    /// The database; it is escaped
    #[arg(long, value_name = "NAME", requires = "host")]
    database: Option<String>,
    /// A parameter such as sslmode=verify-full or replicaSet=rs0; may be given several times
    #[arg(long = "param", value_name = "NAME=VALUE", requires = "host", value_parser = parameter)]
    parameters: Vec<(String, String)>,
}

/// How random bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Encoding {
    /// Letters, digits, - and _ (Base64 of RFC 4648, section 5, without padding).
    UrlSafe,
    /// Hexadecimal digits.
    Hex,
    /// Base64 with + and /, padded.
    Base64,
    /// Letters and digits only, as many as hold that many random bytes.
    Alnum,
}

fn host(text: &str) -> Result<String, String> {
    match host_problem(text) {
        None => Ok(text.to_owned()),
        Some(problem) => Err(problem.to_string()),
    }
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    if name.to_ascii_lowercase().contains("password") {
        return Err(
            "a password on the command line can be read by others; it is asked for".to_owned(),
        );
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// A value that was read, and what is odd about it.
pub(super) struct NewValue {
    pub(super) bytes: SecretBytes,
    pub(super) warnings: Vec<String>,
}

impl ValueSource {
    /// Refuses arguments that do not fit together.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let connection = &self.connection;
        let several = connection.host.len() > 1;
        if !connection.host.is_empty() && !connection.postgres && !connection.mongodb {
            return Err(Failure::usage("--host needs --postgres or --mongodb"));
        }
        if connection.port.is_some() && (several || connection.host[0].contains(':')) {
            return Err(Failure::usage(
                "--port is for one --host without a port; write --host HOST:PORT",
            ));
        }
        if connection.srv
            && (several || connection.port.is_some() || connection.host[0].contains(':'))
        {
            return Err(Failure::usage("--srv takes one --host and no port"));
        }
        Ok(())
    }

    /// Returns the value of this name, asking for it where that is how it comes.
    pub(super) fn read(&self, name: &str) -> Result<NewValue, Failure> {
        let connection = self.connection.connection();
        let mut bytes = match (self.random, &self.from_file) {
            (Some(count), _) => self.encoding.random(usize::from(count)),
            (None, Some(file)) => {
                let opened = File::open(file).and_then(read_all);
                opened.map_err(|error| Failure::of([format!("{}: {error}", file.display())]))?
            }
            (None, None) if stdin().is_terminal() => typed(&match connection {
                None => format!("{name}: "),
                Some(_) => format!("Password for {name}: "),
            })?,
            (None, None) => read_all(stdin().lock())?,
        };
        if self.trim {
            bytes = trimmed(&bytes);
        }
        check_size(&bytes)?;
        match connection {
            None => self.judged(name, bytes),
            Some(_) if bytes.expose().ends_with(b"\n") => {
                Err(Failure::of(["the password ends in a line feed".to_owned()])
                    .hint("add --trim to leave it out, or use printf instead of echo"))
            }
            Some(connection) => self.judged(name, connection.with_password(&bytes)),
        }
    }

    /// Looks at a value before it is stored.
    fn judged(&self, name: &str, bytes: SecretBytes) -> Result<NewValue, Failure> {
        let problems = super::connection::problems(name, bytes.expose());
        let problems = problems
            .iter()
            .map(|problem| format!("{name} looks like a URL, and {problem}"));
        let mut warnings: Vec<String> = problems.collect();
        if !warnings.is_empty() && !self.no_check {
            return Err(Failure::of(warnings).hint(
                "--postgres and --mongodb escape what must be; --no-check stores it as it is",
            ));
        }
        if bytes.expose().ends_with(b"\n") {
            warnings.push(format!(
                "{name} ends in a line feed, which hardly ever belongs to a value; --trim leaves it out"
            ));
        }
        Ok(NewValue { bytes, warnings })
    }
}

impl ConnectionArgs {
    fn connection(&self) -> Option<Connection> {
        let scheme = match (self.postgres, self.mongodb, self.srv) {
            (true, ..) => Scheme::Postgres,
            (_, true, false) => Scheme::Mongodb,
            (_, true, true) => Scheme::MongodbSrv,
            _ => return None,
        };
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        Some(Connection {
            scheme,
            user: self.user.clone().unwrap_or_default(),
            hosts: self
                .host
                .iter()
                .map(|host| format!("{host}{port}"))
                .collect(),
            database: self.database.clone(),
            parameters: self.parameters.clone(),
        })
    }
}

impl Encoding {
    /// Returns a text made of that many random bytes.
    fn random(self, count: usize) -> SecretBytes {
        if self == Self::Alnum {
            return alphanumeric(count, &mut sealed::random);
        }
        let mut bytes = Zeroizing::new(vec![0; count]);
        sealed::random(&mut bytes);
        match self {
            Self::Hex => hex(&bytes),
            Self::Base64 => STANDARD.encode(&*bytes),
            Self::UrlSafe | Self::Alnum => URL_SAFE_NO_PAD.encode(&*bytes),
        }
        .into()
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a String takes all that is written");
    }
    text
}

/// Returns letters and digits that hold as much chance as `count` random bytes.
fn alphanumeric(count: usize, random: &mut dyn FnMut(&mut [u8])) -> SecretBytes {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    // log2(62) is a little more than 5.95.
    let length = (count * 8 * 100).div_ceil(595);
    let mut text = Vec::with_capacity(length);
    let mut byte = [0];
    while text.len() < length {
        random(&mut byte);
        // All 62 are equally likely only below a multiple of 62.
        if byte[0] < 248 {
            text.push(ALPHABET[usize::from(byte[0] % 62)]);
        }
    }
    SecretBytes::new(text)
}

/// Asks for a value.
fn typed(question: &str) -> Result<SecretBytes, Failure> {
    prompt::hidden(question).map_err(|error| {
        let failure = Failure::of([format!("{error}, and nothing was stored")]);
        match error {
            Unread::Lines | Unread::TooLong => failure
                .hint("a long value, or one of several lines, comes from a file or a pipe: --from-file FILE"),
            _ => failure,
        }
    })
}

/// Reads up to the largest value and one byte, without a copy left behind in a buffer outgrown.
fn read_all(source: impl Read) -> std::io::Result<SecretBytes> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX + 64));
    source.take(MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(SecretBytes::new(bytes.to_vec()))
}

fn trimmed(bytes: &SecretBytes) -> SecretBytes {
    let bytes = bytes.expose();
    let rest = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    SecretBytes::new(rest.strip_suffix(b"\r").unwrap_or(rest).to_vec())
}

fn check_size(bytes: &SecretBytes) -> Result<(), Failure> {
    match bytes.expose().len() {
        0 => Err(Failure::of([
            "the value is empty, and nothing was stored".to_owned()
        ])),
        1..=MAX => Ok(()),
        _ => Err(Failure::of([format!(
            "the value has more than {MAX} bytes, which no Secret can hold"
        )])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_values_have_the_alphabet_and_the_length_that_was_asked_for() {
        let text = |encoding: Encoding, count| {
            let value = encoding.random(count);
            value.expose_text().unwrap().to_owned()
        };
        assert_eq!(text(Encoding::UrlSafe, 32).len(), 43);
        assert_eq!(text(Encoding::Hex, 32).len(), 64);
        assert_eq!(text(Encoding::Base64, 32).len(), 44);
        let letters = text(Encoding::Alnum, 32);
        assert!(letters.len() == 44 && letters.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_ne!(text(Encoding::UrlSafe, 32), text(Encoding::UrlSafe, 32));
    }

    #[test]
    fn every_letter_and_digit_is_equally_likely() {
        let mut next = 0_u8;
        let mut count = |bytes: &mut [u8]| {
            bytes[0] = next;
            next = next.wrapping_add(1);
        };
        // 184 bytes are 248 characters: what one round of all bytes gives.
        let text = alphanumeric(184, &mut count);
        let text = text.expose_text().unwrap();
        let occurs = |letter: char| text.matches(letter).count();
        assert_eq!(text.len(), 248);
        assert!("Aa09zZ".chars().all(|letter| occurs(letter) == 4));
    }

    #[test]
    fn one_line_feed_is_trimmed() {
        let trim = |text: &str| trimmed(&text.into()).expose_text().unwrap().to_owned();
        assert_eq!(trim("a\n\n"), "a\n");
        assert_eq!(trim("a\r\n"), "a");
        assert_eq!(trim("a"), "a");
    }
}
