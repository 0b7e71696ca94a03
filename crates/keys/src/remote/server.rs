//! The key service itself: lends the keys of this process to others.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::stream::{self, Stream};
use tokio::net::{TcpListener, UnixListener};
use tonic::body::Body;
use tonic::server::UnaryService;
use tonic::transport::Server;
use tonic::transport::server::Connected;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;
use windlass_sops::{KeyFailure, KeyService, MasterKey, SecretBytes, WrappedKey};

use super::address::LocalAddress;
use super::message::{DECRYPT, ENCRYPT, MAX_MESSAGE, Question, Reply};

/// How many requests of one connection are worked on at once.
const CONCURRENT: usize = 16;

/// Says whether a request may be answered. It is told what is asked, `decrypt` or `encrypt`, and the key,
/// and may block: a person may be asked.
pub type Approval = Box<dyn Fn(&'static str, &MasterKey) -> bool + Send + Sync>;

/// A key service that listens: sops and we ask it with `--keyservice`.
///
/// It answers nobody before [`serve`](Self::serve). A unix socket is removed when it is dropped.
#[derive(Debug)]
pub struct KeyServer {
    listener: Listener,
    address: LocalAddress,
}

/// Why nobody can be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("{address} cannot be listened on")]
    Listen {
        /// The address.
        address: String,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// The connections broke down.
    #[error(transparent)]
    Transport(#[from] tonic::transport::Error),
}

#[derive(Debug)]
enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, Socket),
}

/// A socket in the file system, removed with its listener.
#[derive(Debug)]
struct Socket(PathBuf);

impl KeyServer {
    /// Begins to listen. A unix socket is its owner's alone from the first moment on; one that nobody
    /// listens on any more is replaced.
    pub async fn listen(address: &LocalAddress) -> Result<Self, ServeError> {
        let failed = |error| ServeError::Listen {
            address: address.to_string(),
            error,
        };
        match address {
            LocalAddress::Loopback(at) => {
                let listener = TcpListener::bind(at).await.map_err(failed)?;
                let address = LocalAddress::Loopback(listener.local_addr().map_err(failed)?);
                let listener = Listener::Tcp(listener);
                Ok(Self { listener, address })
            }
            LocalAddress::Unix(path) => {
                let listener = bind_unix(path).map_err(failed)?;
                let listener = Listener::Unix(listener, Socket(path.clone()));
                let address = address.clone();
                Ok(Self { listener, address })
            }
        }
    }

    /// Returns the address, with the port that the system chose if 0 was asked for.
    pub fn address(&self) -> &LocalAddress {
        &self.address
    }

    /// Answers until `end` completes, and then what has been asked already.
    pub async fn serve(
        self,
        keys: Arc<dyn KeyService + Send + Sync>,
        approval: Approval,
        end: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        let desk = Desk(Arc::new(Held { keys, approval }));
        match self.listener {
            Listener::Tcp(listener) => {
                let accept = async |listener: &TcpListener| Ok(listener.accept().await?.0);
                run(desk, incoming(listener, accept), end).await
            }
            Listener::Unix(listener, _socket) => {
                let accept = async |listener: &UnixListener| Ok(listener.accept().await?.0);
                run(desk, incoming(listener, accept), end).await
            }
        }
    }
}

fn incoming<L, S>(
    listener: L,
    accept: impl AsyncFn(&L) -> io::Result<S>,
) -> impl Stream<Item = io::Result<S>> {
    stream::unfold((listener, accept), async |(listener, accept)| {
        let accepted = accept(&listener).await;
        Some((accepted, (listener, accept)))
    })
}

async fn run<S>(
    desk: Desk,
    incoming: impl Stream<Item = io::Result<S>>,
    end: impl Future<Output = ()>,
) -> Result<(), ServeError>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Connected + Unpin + Send + 'static,
{
    Server::builder()
        .concurrency_limit_per_connection(CONCURRENT)
        .max_concurrent_streams(Some(64))
        .serve_with_incoming_shutdown(desk, incoming, end)
        .await?;
    Ok(())
}

/// Makes the socket in a directory that only its owner enters, and then moves it to its place: at no
/// moment could another user connect.
fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    remove_abandoned(path)?;
    let directory = path.parent().filter(|it| !it.as_os_str().is_empty());
    let private = tempfile::tempdir_in(directory.unwrap_or(Path::new(".")))?;
    let within = private.path().join("s");
    let listener = UnixListener::bind(&within)?;
    std::fs::set_permissions(&within, std::fs::Permissions::from_mode(0o600))?;
    std::fs::rename(&within, path)?;
    Ok(listener)
}

/// Removes a socket that nobody listens on any more.
fn remove_abandoned(path: &Path) -> io::Result<()> {
    let Ok(metadata) = std::fs::symlink_metadata(path) else {
        return Ok(());
    };
    let is_socket = metadata.file_type().is_socket();
    let asked = std::os::unix::net::UnixStream::connect(path);
    match asked {
        Err(error) if is_socket && error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path)
        }
        _ => Err(io::ErrorKind::AddrInUse.into()),
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Nobody can be told, and the next one that listens there removes it.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Takes requests, and hands them to the keys.
#[derive(Clone)]
struct Desk(Arc<Held>);

struct Held {
    keys: Arc<dyn KeyService + Send + Sync>,
    approval: Approval,
}

#[derive(Clone, Copy)]
enum Call {
    Encrypt,
    Decrypt,
}

type Answering<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

impl tower_service::Service<http::Request<Body>> for Desk {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Answering<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let call = match request.uri().path() {
            ENCRYPT => Call::Encrypt,
            DECRYPT => Call::Decrypt,
            _ => {
                let unknown = Status::unimplemented("there is no such call");
                return Box::pin(async move { Ok(unknown.into_http()) });
            }
        };
        let held = self.0.clone();
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(ProstCodec::<Reply, Question>::default())
                .max_decoding_message_size(MAX_MESSAGE)
                .max_encoding_message_size(MAX_MESSAGE);
            Ok(grpc.unary(Answer { call, held }, request).await)
        })
    }
}

/// Answers one request.
struct Answer {
    call: Call,
    held: Arc<Held>,
}

impl UnaryService<Question> for Answer {
    type Response = Reply;
    type Future = Answering<Response<Reply>, Status>;

    fn call(&mut self, request: Request<Question>) -> Self::Future {
        let (call, held) = (self.call, self.held.clone());
        let answer = move || held.answer(call, &request.into_inner()).map(Response::new);
        Box::pin(async move {
            let answered = tokio::task::spawn_blocking(answer).await;
            answered.unwrap_or_else(|_| Err(Status::internal("the request was not worked on")))
        })
    }
}

impl Held {
    fn answer(&self, call: Call, question: &Question) -> Result<Reply, Status> {
        let key = question.key.as_ref();
        let key = key.ok_or_else(|| Status::not_found("a key must be given"))?;
        let key = key
            .to_master_key()
            .ok_or_else(|| Status::unimplemented("the type of the key is not known here"))?;
        let verb = match call {
            Call::Encrypt => "encrypt",
            Call::Decrypt => "decrypt",
        };
        if !(self.approval)(verb, &key) {
            return Err(Status::permission_denied("the request was rejected"));
        }
        let answered = match call {
            Call::Encrypt => self.wrap(&key, &question.bytes),
            Call::Decrypt => self.unwrap(&key, &question.bytes),
        };
        let bytes = answered.map_err(|failure| status(&key, &failure))?;
        Ok(Reply { bytes })
    }

    fn wrap(&self, key: &MasterKey, secret: &[u8]) -> Result<Vec<u8>, KeyFailure> {
        let secret = SecretBytes::new(secret.to_vec());
        Ok(self.keys.wrap(key, &secret)?.into_bytes())
    }

    fn unwrap(&self, key: &MasterKey, wrapped: &[u8]) -> Result<Vec<u8>, KeyFailure> {
        let wrapped = String::from_utf8(wrapped.to_vec()).map_err(|_| KeyFailure::Damaged)?;
        let key = WrappedKey {
            key: key.clone(),
            wrapped,
            created_at: None,
        };
        Ok(self.keys.unwrap(&key)?.expose().to_vec())
    }
}

fn status(key: &MasterKey, failure: &KeyFailure) -> Status {
    let said = format!("{key} {failure}");
    match failure {
        KeyFailure::NotServed { .. } => Status::unimplemented(said),
        KeyFailure::Unavailable { .. } => Status::unavailable(said),
        KeyFailure::Refused { .. } => Status::permission_denied(said),
        _ => Status::unknown(said),
    }
}
