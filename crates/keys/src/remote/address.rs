//! Where a key service listens.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

/// Where a key service is asked: `tcp://HOST:PORT` or `unix:///PATH`, as with `sops --keyservice`.
///
/// ```
/// use windlass_keys::RemoteAddress;
///
/// let address: RemoteAddress = "tcp://127.0.0.1:5000".parse()?;
/// assert!(address.is_local());
/// assert!("127.0.0.1:5000".parse::<RemoteAddress>().is_err());
/// # Ok::<(), windlass_keys::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemoteAddress {
    /// A host and a port, `HOST:PORT`. Data keys go there in clear.
    Tcp(String),
    /// A socket in the file system.
    Unix(PathBuf),
}

/// Where a key service of ours listens: nowhere that another machine could reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalAddress {
    /// A loopback address. Whoever uses this machine reaches it.
    Loopback(SocketAddr),
    /// A socket in the file system, which only its owner reaches.
    Unix(PathBuf),
}

/// A text that is no address of a key service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is none of the two forms.
    #[error("{text:?} is no address of a key service; expected tcp://HOST:PORT or unix:///PATH")]
    Syntax {
        /// The text.
        text: String,
    },
    /// The network is none that a key service listens on.
    #[error("a key service listens on the network tcp or unix, not on {network:?}")]
    Network {
        /// The network.
        network: String,
    },
    /// It is not host and port.
    #[error("{text:?} is no address to listen on; expected 127.0.0.1:PORT")]
    Listen {
        /// The text.
        text: String,
    },
    /// Other machines could reach it.
    #[error(
        "{text:?} can be reached from other machines, and a key service hands out data keys in clear; listen on 127.0.0.1:PORT or on a unix socket, which ssh can forward"
    )]
    NotLoopback {
        /// The text.
        text: String,
    },
}

impl RemoteAddress {
    /// Returns whether what is sent there stays on this machine.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Unix(_) => true,
            Self::Tcp(authority) => {
                let host = authority.rsplit_once(':').map_or("", |(host, _)| host);
                is_loopback(host)
            }
        }
    }
}

impl FromStr for RemoteAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let syntax = || AddressError::Syntax {
            text: text.to_owned(),
        };
        if let Some(path) = text.strip_prefix("unix://") {
            return match path {
                "" => Err(syntax()),
                path => Ok(Self::Unix(path.into())),
            };
        }
        let authority = text.strip_prefix("tcp://").ok_or_else(syntax)?;
        let authority = authority.trim_end_matches('/');
        let parsed: http::uri::Authority = authority.parse().map_err(|_| syntax())?;
        let is_plain = parsed.port_u16().is_some() && !authority.contains('@');
        if parsed.host().is_empty() || !is_plain {
            return Err(syntax());
        }
        Ok(Self::Tcp(authority.to_owned()))
    }
}

impl fmt::Display for RemoteAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(authority) => write!(formatter, "tcp://{authority}"),
            Self::Unix(path) => write!(formatter, "unix://{}", path.display()),
        }
    }
}

impl LocalAddress {
    /// Returns the address for `sops keyservice --network NETWORK --address ADDRESS`.
    ///
    /// # Errors
    ///
    /// An address that other machines could reach: sops 3.11 takes any.
    pub fn new(network: &str, address: &str) -> Result<Self, AddressError> {
        match network {
            "unix" => Ok(Self::Unix(address.into())),
            "tcp" | "tcp4" | "tcp6" => loopback(address).map(Self::Loopback),
            _ => Err(AddressError::Network {
                network: network.to_owned(),
            }),
        }
    }
}

impl fmt::Display for LocalAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loopback(address) => write!(formatter, "tcp://{address}"),
            Self::Unix(path) => write!(formatter, "unix://{}", path.display()),
        }
    }
}

fn loopback(text: &str) -> Result<SocketAddr, AddressError> {
    let listen = || AddressError::Listen {
        text: text.to_owned(),
    };
    let (host, port) = text.rsplit_once(':').ok_or_else(listen)?;
    let port: u16 = port.parse().map_err(|_| listen())?;
    if !is_loopback(host) {
        return Err(AddressError::NotLoopback {
            text: text.to_owned(),
        });
    }
    let ip = ip(host).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    Ok(SocketAddr::new(ip, port))
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || ip(host).is_some_and(|ip| ip.is_loopback())
}

fn ip(host: &str) -> Option<IpAddr> {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    bare.unwrap_or(host).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_sops() {
        for text in [
            "tcp://127.0.0.1:5000",
            "tcp://[::1]:5000",
            "tcp://keys.example:1",
            "unix:///run/keys",
        ] {
            let address: RemoteAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
            assert_eq!(address.is_local(), !text.contains("example"), "{text}");
        }
        for text in [
            "",
            "unix://",
            "tcp://",
            "tcp://host",
            "http://h:1",
            "tcp://u@h:1",
            "h:1",
            "tcp://h:1/x",
        ] {
            assert!(text.parse::<RemoteAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_service_of_ours_listens_on_loopback_only() {
        for text in ["127.0.0.1:5000", "localhost:1", "[::1]:2", "127.8.0.1:3"] {
            assert!(LocalAddress::new("tcp", text).is_ok(), "{text}");
        }
        for text in [
            "0.0.0.0:5000",
            ":5000",
            "[::]:1",
            "10.0.0.1:1",
            "keys.example:1",
        ] {
            let refused = LocalAddress::new("tcp", text).unwrap_err();
            assert!(
                matches!(refused, AddressError::NotLoopback { .. }),
                "{text}"
            );
        }
        assert!(LocalAddress::new("udp", "127.0.0.1:1").is_err());
        assert!(LocalAddress::new("tcp", "127.0.0.1").is_err());
    }
}
