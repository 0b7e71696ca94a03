//! A bad network before an API server, for tests.
//!
//! - [`Proxy`]: listens on loopback, without TLS, and forwards to the server of a kubeconfig.
//! - [`Proxy::rule`]: says what becomes of each request ([`Asked`], [`Fate`], [`Answer`]).
//! - [`Proxy::exchanges`]: what was asked, and what the server made of it ([`Exchange`]).
//! - [`Proxy::close`], [`Proxy::cut_watches`]: the server is away; watches end.
//!
//! ```
//! use windlass_apiserver::{Config, Server};
//! use windlass_faults::{Answer, Fate, Proxy};
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let server = Server::start(Config::default()).await.unwrap();
//! let proxy = Proxy::start(&server.kubeconfig()).await;
//! proxy.rule(|asked| match asked.number {
//!     3 => Fate::Answer(Answer::too_many_requests(1)),
//!     _ => Fate::Pass,
//! });
//! assert!(proxy.kubeconfig().contains("http://127.0.0.1:"));
//! # });
//! ```
//!
//! A request that was forwarded is carried out, even if the client that sent it is gone by then. Which fates come up,
//! and how often, is left to the test; nothing here is random.

mod fate;
mod proxy;

pub use fate::{Answer, Fate};
pub use proxy::{Asked, Exchange, Proxy};
