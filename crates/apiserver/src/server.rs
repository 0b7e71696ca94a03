//! The server: starts, listens, answers, ends.

mod connection;
mod state;
mod tls;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::api::{self, Api};
use crate::builtin;
use crate::clock::{Clock, SystemClock};
use crate::controllers::{self, Controllers};
use crate::handlers::Context;
use crate::kubeconfig::{self, KubeconfigError};
use crate::shutdown::{self, Ending};
use crate::store::Store;
use state::State;

/// How long open requests may take once the server ends.
const GRACE: Duration = Duration::from_secs(5);

/// What a server is started with.
#[derive(Clone)]
pub struct Config {
    /// Where to listen: a loopback address; port 0 takes any free port. Default: `127.0.0.1:0`.
    pub listen: SocketAddr,
    /// Where objects, certificates and the token are kept; `None` keeps them in memory. The directory is
    /// created if need be, readable by its owner only. Default: `None`.
    pub state: Option<PathBuf>,
    /// The time. Default: that of the system.
    pub clock: Arc<dyn Clock>,
    /// Which controllers run. Default: all.
    pub controllers: Controllers,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            state: None,
            clock: Arc::new(SystemClock),
            controllers: Controllers::default(),
        }
    }
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is not a loopback address.
    #[error(
        "{address}: not a loopback address; this server is for development and listens on this \
         machine only (127.0.0.1 or ::1)"
    )]
    NotLoopback {
        /// The address that was given.
        address: SocketAddr,
    },
    /// Another program listens there.
    #[error(
        "{address}: the port is in use by another program; choose another one, or port 0 for any"
    )]
    PortInUse {
        /// The address that was given.
        address: SocketAddr,
    },
    /// Listening fails for another reason.
    #[error("{address}: cannot listen")]
    Listen {
        /// The address that was given.
        address: SocketAddr,
        /// The cause.
        source: std::io::Error,
    },
    /// Another process has the state directory open.
    #[error(
        "{}: the state directory is in use by another process; stop that one, or choose another \
         directory", path.display()
    )]
    StateInUse {
        /// The state directory.
        path: PathBuf,
    },
    /// A file of the state directory cannot be read or written.
    #[error("{}: cannot use this file of the state directory", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A file of the state directory does not hold what it should.
    #[error("{}: {what}; restore it from a copy, or remove the state directory to begin anew", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The certificates cannot be made.
    #[error("cannot make the server's certificate: {0}")]
    Certificate(String),
}

/// An embedded Kubernetes API server.
#[derive(Debug)]
pub struct Server;

/// A server that is running. It ends when this value is dropped; [`RunningServer::shutdown`] also waits
/// until it has ended.
pub struct RunningServer {
    address: SocketAddr,
    context: Arc<Context>,
    ending: Ending,
    tasks: JoinSet<()>,
    notices: Vec<String>,
    // Held as long as the server runs: it is the lock on the state directory.
    _state: Option<State>,
}

impl Server {
    /// Starts a server and returns once it answers. Needs a tokio runtime.
    pub async fn start(config: Config) -> Result<RunningServer, StartError> {
        let listener = listen(config.listen).await?;
        let address = listener.local_addr().map_err(|source| StartError::Listen {
            address: config.listen,
            source,
        })?;
        let state = config.state.as_deref().map(State::open).transpose()?;
        let identity = tls::Identity::load_or_create(state.as_ref().map(State::path))?;
        let (store, notices) = match &state {
            Some(state) => state.load()?,
            None => (Store::new(), Vec::new()),
        };
        let (ending, ends) = shutdown::channel();
        let context = Arc::new(Context {
            api: Arc::new(Api {
                store: Arc::new(store),
                registry: builtin::resource_types().collect(),
                clock: config.clock,
                authority: identity.authority.clone(),
                allocations: std::sync::Mutex::default(),
                quotas: std::sync::Mutex::default(),
            }),
            token: identity.token.clone(),
            shutdown: ends,
        });
        context.api.define_stored();
        api::create_system_objects(&context.api);
        let acceptor = identity.acceptor()?;
        let mut tasks = JoinSet::new();
        tasks.spawn(connection::accept(
            listener,
            acceptor,
            Arc::clone(&context),
            GRACE,
        ));
        tasks.spawn(crate::collector::run(
            Arc::clone(&context.api),
            context.shutdown.clone(),
        ));
        let (api, ends) = (Arc::clone(&context.api), context.shutdown.clone());
        tasks.spawn(controllers::run(api, config.controllers, ends));
        Ok(RunningServer {
            address,
            context,
            ending,
            tasks,
            notices,
            _state: state,
        })
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    if !address.ip().is_loopback() {
        return Err(StartError::NotLoopback { address });
    }
    TcpListener::bind(address)
        .await
        .map_err(|source| match source.kind() {
            std::io::ErrorKind::AddrInUse => StartError::PortInUse { address },
            _ => StartError::Listen { address, source },
        })
}

impl RunningServer {
    /// Returns the address that the server listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the server's URL.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Returns a kubeconfig for this server. It holds the token: who has it is cluster administrator.
    pub fn kubeconfig(&self) -> String {
        let authority = &self.context.api.authority;
        kubeconfig::kubeconfig(&self.url(), authority, &self.context.token)
    }

    /// Writes the kubeconfig to a file that only its owner can read; a file that is there is replaced at
    /// once and as a whole, if it is one that a server like this has written.
    pub fn write_kubeconfig(&self, path: &Path) -> Result<(), KubeconfigError> {
        kubeconfig::write(path, &self.kubeconfig())
    }

    /// Returns what people should know about the start, such as that an unfinished write was cut off.
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// Ends watches, lets open requests end (5 seconds), and returns when nothing runs any longer.
    pub async fn shutdown(mut self) {
        self.ending.declare();
        while self.tasks.join_next().await.is_some() {}
        self.context.api.store.close();
    }
}
