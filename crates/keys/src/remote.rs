//! Keys that another process holds: sops' key service, over gRPC.

mod address;
mod message;
mod server;

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use http::uri::PathAndQuery;
use tokio::runtime::{Builder, Runtime};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;
use windlass_sops::{KeyFailure, KeyService, MasterKey, SecretBytes, WrappedKey};

use crate::share::checked;
use message::{DECRYPT, ENCRYPT, MAX_MESSAGE, Question, Reply};

pub use address::{AddressError, LocalAddress, RemoteAddress};
pub use server::{Approval, KeyServer, ServeError};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Somebody may have to be asked at the other end.
const TIMEOUT: Duration = Duration::from_mins(5);

/// Asks a key service of sops in another process, or on another machine.
///
/// Data keys go there and come back in clear: see [`RemoteAddress::is_local`]. It must not be asked from
/// asynchronous code, which blocks for nobody.
pub struct RemoteKeys {
    address: RemoteAddress,
    runtime: Runtime,
    channel: Channel,
}

impl RemoteKeys {
    /// Makes the service. Nothing is asked yet.
    ///
    /// # Errors
    ///
    /// The system has no resources left.
    pub fn new(address: RemoteAddress) -> std::io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let endpoint = endpoint(&address)?
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT);
        let channel = {
            let _context = runtime.enter();
            endpoint.connect_lazy()
        };
        Ok(Self {
            address,
            runtime,
            channel,
        })
    }

    fn ask(&self, path: &'static str, key: &MasterKey, bytes: &[u8]) -> Result<Reply, KeyFailure> {
        let question = Question {
            key: Some(key.into()),
            bytes: bytes.to_vec(),
        };
        let mut client = tonic::client::Grpc::new(self.channel.clone())
            .max_decoding_message_size(MAX_MESSAGE)
            .max_encoding_message_size(MAX_MESSAGE);
        let asked = async {
            client.ready().await.map_err(|error| unreachable(&error))?;
            let codec = ProstCodec::<Question, Reply>::default();
            let path = PathAndQuery::from_static(path);
            client.unary(Request::new(question), path, codec).await
        };
        let answer = self.runtime.block_on(asked);
        answer
            .map(tonic::Response::into_inner)
            .map_err(|status| self.failure(key, &status))
    }

    fn failure(&self, key: &MasterKey, status: &Status) -> KeyFailure {
        let address = &self.address;
        let said: String = status.message().chars().take(500).collect();
        // What the service says has no cause; what has one was made here, of a connection that broke.
        if status.source().is_some() {
            return self.unavailable(status);
        }
        match status.code() {
            Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => {
                self.unavailable(status)
            }
            Code::Unimplemented => KeyFailure::NotServed {
                key_type: key.key_type(),
            },
            _ => KeyFailure::Invalid {
                reason: format!("the key service at {address} says: {said}"),
            },
        }
    }

    fn unavailable(&self, status: &Status) -> KeyFailure {
        let reason = format!("the key service at {}: {}", self.address, deepest(status));
        KeyFailure::Unavailable { reason }
    }
}

impl KeyService for RemoteKeys {
    fn unwrap(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        let reply = self.ask(DECRYPT, &key.key, key.wrapped.as_bytes())?;
        checked(&reply.bytes)
    }

    fn wrap(&self, key: &MasterKey, secret: &SecretBytes) -> Result<String, KeyFailure> {
        let reply = self.ask(ENCRYPT, key, secret.expose())?;
        let wrapped = std::str::from_utf8(&reply.bytes).map_err(|_| KeyFailure::Damaged)?;
        Ok(wrapped.to_owned())
    }
}

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RemoteKeys({})", self.address)
    }
}

fn endpoint(address: &RemoteAddress) -> std::io::Result<Endpoint> {
    let uri = match address {
        RemoteAddress::Tcp(authority) => format!("http://{authority}"),
        RemoteAddress::Unix(path) => format!("unix://{}", path.display()),
    };
    Endpoint::from_shared(uri).map_err(std::io::Error::other)
}

fn unreachable(error: &tonic::transport::Error) -> Status {
    Status::unavailable(deepest(error))
}

/// Returns the last cause of an error, which names what the system said.
fn deepest(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}
