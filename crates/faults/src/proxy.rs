//! The proxy itself.

mod body;

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use http::header::{ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body_util::BodyExt as _;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kube::client::Body;
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use crate::{Answer, Fate};
use body::Answered;

type Rule = Box<dyn FnMut(&Asked) -> Fate + Send>;

/// A proxy before an API server. It ends when this is dropped, and all its connections with it.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: AbortHandle,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Which one it is, counted from 1 since the rule was given.
    pub number: usize,
    /// The verb of HTTP.
    pub method: Method,
    /// The path, without the query.
    pub path: String,
    /// The query, or empty.
    pub query: String,
}

/// A request, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The request.
    pub asked: Asked,
    /// What the rule said.
    pub fate: Fate,
    /// The status of the server's answer; `None` where the server has not answered, or was not asked.
    pub status: Option<u16>,
}

/// Why there is no answer: the connection is closed.
#[derive(Debug)]
pub(crate) struct Broken;

/// What the connections share.
struct Shared {
    server: kube::Client,
    rule: Mutex<Rule>,
    exchanges: Mutex<Vec<Exchange>>,
    /// How many requests came in since the rule was given.
    asked: watch::Sender<usize>,
    /// How many requests the server is working on.
    under_way: watch::Sender<usize>,
    is_closed: watch::Sender<bool>,
    /// Counts how often the watches were cut.
    cuts: watch::Sender<usize>,
}

impl Proxy {
    /// Starts a proxy before the server of a kubeconfig, given as YAML. Everything passes, for now.
    ///
    /// # Panics
    ///
    /// When the kubeconfig cannot be used, or no port is free.
    pub async fn start(kubeconfig: &str) -> Self {
        // A second proxy finds it installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let kubeconfig = Kubeconfig::from_yaml(kubeconfig).expect("it is a kubeconfig");
        let options = KubeConfigOptions::default();
        let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
        let mut config = config.expect("the kubeconfig can be used");
        config.default_retry = false;
        let server = kube::Client::try_from(config).expect("the kubeconfig can be used");
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port is free");
        let shared = Arc::new(Shared {
            server,
            rule: Mutex::new(Box::new(|_| Fate::Pass)),
            exchanges: Mutex::default(),
            asked: watch::Sender::default(),
            under_way: watch::Sender::default(),
            is_closed: watch::Sender::default(),
            cuts: watch::Sender::default(),
        });
        Self {
            address: listener.local_addr().expect("it is bound"),
            listening: tokio::spawn(listen(listener, Arc::clone(&shared))).abort_handle(),
            shared,
        }
    }

    /// Returns the address, as a URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns a kubeconfig that names the proxy. It holds no credentials: the proxy has its own.
    pub fn kubeconfig(&self) -> String {
        format!(
            "apiVersion: v1\n\
             kind: Config\n\
             clusters: [{{name: faults, cluster: {{server: '{}'}}}}]\n\
             contexts: [{{name: faults, context: {{cluster: faults, user: faults}}}}]\n\
             users: [{{name: faults, user: {{}}}}]\n\
             current-context: faults\n",
            self.url()
        )
    }

    /// Says what becomes of each request from now on, and forgets what was asked before.
    pub fn rule(&self, rule: impl FnMut(&Asked) -> Fate + Send + 'static) {
        let mut current = lock(&self.shared.rule);
        lock(&self.shared.exchanges).clear();
        self.shared.asked.send_replace(0);
        *current = Box::new(rule);
    }

    /// Returns what was asked since the rule was given, in order.
    pub fn exchanges(&self) -> Vec<Exchange> {
        lock(&self.shared.exchanges).clone()
    }

    /// Closes all connections, and each new one at once, until [`Proxy::open`].
    pub fn close(&self) {
        self.shared.is_closed.send_replace(true);
    }

    /// Takes connections again.
    pub fn open(&self) {
        self.shared.is_closed.send_replace(false);
    }

    /// Ends the watches that are open, as a server that restarts does.
    pub fn cut_watches(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Waits until so many requests have come in since the rule was given.
    pub async fn asked(&self, number: usize) {
        let mut asked = self.shared.asked.subscribe();
        let reached = asked.wait_for(|count| *count >= number).await;
        reached.expect("the sender is kept beside it");
    }

    /// Waits until the server has answered all that was forwarded to it.
    pub async fn idle(&self) {
        let mut under_way = self.shared.under_way.subscribe();
        let idle = under_way.wait_for(|count| *count == 0).await;
        idle.expect("the sender is kept beside it");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Asked {
    /// Returns whether it is a watch.
    pub fn is_watch(&self) -> bool {
        self.has("watch=true") || self.has("watch=1")
    }

    /// Returns whether the server only says what it would do.
    pub fn is_dry_run(&self) -> bool {
        self.has("dryRun=All")
    }

    /// Returns whether it is to change something.
    pub fn is_write(&self) -> bool {
        self.method != Method::GET && !self.is_dry_run()
    }

    fn has(&self, parameter: &str) -> bool {
        self.query.split('&').any(|each| each == parameter)
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            number,
            method,
            path,
            query,
        } = self;
        write!(formatter, "{number}: {method} {path}?{query}")
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the connection is broken, as the test wants it")
    }
}

impl std::error::Error for Broken {}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    // They end with this task.
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        if !*shared.is_closed.borrow() {
            connections.spawn(serve(socket, Arc::clone(&shared)));
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(socket: TcpStream, shared: Arc<Shared>) {
    let mut is_closed = shared.is_closed.subscribe();
    let service = service_fn(move |request| Arc::clone(&shared).answer(request));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(socket), service);
    tokio::select! {
        // A client that went away is no news here.
        _ = connection => {}
        _ = is_closed.wait_for(|is_closed| *is_closed) => {}
    }
}

impl Shared {
    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Answered>, Broken> {
        let (mut parts, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| Broken)?.to_bytes();
        let (index, asked, fate) = self.take(&parts.method, &parts.uri);
        match fate {
            Fate::Unsent => return Err(Broken),
            Fate::Silent => return std::future::pending().await,
            Fate::Answer(answer) => return Ok(own(answer)),
            Fate::Delayed(time) => tokio::time::sleep(time).await,
            Fate::Paged(items) => parts.uri = limited(&asked, items),
            Fate::Pass | Fate::Lost | Fate::Truncated(_) => {}
        }
        let (parts, body) = self.forward(index, parts, body).await?.into_parts();
        let body = match fate {
            Fate::Lost => return Err(Broken),
            Fate::Truncated(length) => body::truncated(body, length).await?,
            _ if asked.is_watch() => body::until_cut(body, self.cuts.subscribe()),
            _ => body::whole(body),
        };
        Ok(Response::from_parts(parts, body))
    }

    /// Notes a request, and returns its place among the exchanges and what is to become of it.
    fn take(&self, method: &Method, uri: &Uri) -> (usize, Asked, Fate) {
        // Held until the request is counted, so that requests have the numbers that the rule sees.
        let mut rule = lock(&self.rule);
        let asked = Asked {
            number: *self.asked.borrow() + 1,
            method: method.clone(),
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
        };
        let fate = rule(&asked);
        let mut exchanges = lock(&self.exchanges);
        exchanges.push(Exchange {
            asked: asked.clone(),
            fate: fate.clone(),
            status: None,
        });
        self.asked.send_replace(asked.number);
        (exchanges.len() - 1, asked, fate)
    }

    /// Has the server answer; also when the client does not wait for it.
    async fn forward(
        self: &Arc<Self>,
        index: usize,
        parts: http::request::Parts,
        body: Bytes,
    ) -> Result<Response<Body>, Broken> {
        self.under_way.send_modify(|count| *count += 1);
        let shared = Arc::clone(self);
        let answer = tokio::spawn(async move {
            let mut request = Request::from_parts(parts, Body::from(body));
            remove_hops(request.headers_mut());
            let answer = shared.server.send(request).await;
            if let (Ok(answer), Some(exchange)) = (&answer, lock(&shared.exchanges).get_mut(index))
            {
                exchange.status = Some(answer.status().as_u16());
            }
            shared.under_way.send_modify(|count| *count -= 1);
            answer
        });
        let answer = answer.await.map_err(|_| Broken)?;
        let mut answer = answer.map_err(|_| Broken)?;
        answer.headers_mut().remove(TRANSFER_ENCODING);
        answer.headers_mut().remove(CONNECTION);
        Ok(answer)
    }
}

/// Removes what is between a client and its next hop only.
fn remove_hops(headers: &mut HeaderMap) {
    for name in [
        HOST,
        CONNECTION,
        CONTENT_LENGTH,
        TRANSFER_ENCODING,
        ACCEPT_ENCODING,
    ] {
        headers.remove(name);
    }
}

/// Returns the address of a page of the list.
fn limited(asked: &Asked, items: usize) -> Uri {
    let others = asked
        .query
        .split('&')
        .filter(|each| !each.starts_with("limit=") && !each.is_empty());
    let query = others.fold(format!("limit={items}"), |query, each| {
        format!("{query}&{each}")
    });
    let uri = format!("{}?{query}", asked.path);
    uri.parse()
        .expect("what was a URI is one with a number more")
}

fn own(answer: Answer) -> Response<Answered> {
    let mut response = Response::new(body::whole(Body::from(answer.body.into_bytes())));
    *response.status_mut() = StatusCode::from_u16(answer.status).expect("the test's status is one");
    let headers = response.headers_mut();
    headers.insert(
        "content-type",
        answer.content_type.parse().expect("it is ASCII"),
    );
    if let Some(seconds) = answer.retry_after {
        headers.insert("retry-after", seconds.into());
    }
    response
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
