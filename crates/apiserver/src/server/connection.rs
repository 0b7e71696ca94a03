//! Connections: TLS, HTTP/1.1 or HTTP/2, limits, the token, and then the handlers.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, USER_AGENT,
};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::answer::{self, Answer, Style};
use crate::handlers::{self, Context, Request};
use crate::negotiate::wants_yaml;
use crate::query::Query;
use crate::rbac::User;
use crate::status::{Reason, Status};

/// The largest body: what kube-apiserver takes as well.
const MAX_BODY: usize = 3 * 1024 * 1024;

/// The most connections at a time; more wait.
const MAX_CONNECTIONS: usize = 1024;

/// The most requests at a time on one HTTP/2 connection, watches included.
const MAX_STREAMS: u32 = 1000;

/// The most header bytes of an HTTP/2 request.
const MAX_HEADERS: u32 = 64 * 1024;

/// How long a handshake, or the headers of a request, may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the body of a request may take.
const BODY_PATIENCE: Duration = Duration::from_mins(1);

/// Accepts connections until the server ends, then waits for them, at most for `grace`.
pub(super) async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    context: Arc<Context>,
    grace: Duration,
) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    let mut shutdown = context.shutdown.clone();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            break;
        };
        let stream = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.wait() => break,
        };
        while connections.try_join_next().is_some() {}
        match stream {
            Ok((stream, _)) => {
                let (acceptor, context) = (acceptor.clone(), Arc::clone(&context));
                connections.spawn(async move {
                    serve(stream, acceptor, context).await;
                    drop(place);
                });
            }
            // Out of file descriptors, or the client is gone already: others may fare better soon.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    // What has not ended by now is cut off when the set is dropped.
    let _ = tokio::time::timeout(grace, all).await;
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, context: Arc<Context>) {
    let _ = stream.set_nodelay(true);
    let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await else {
        return;
    };
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(30))
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADERS);
    let mut shutdown = context.shutdown.clone();
    let service = service_fn(move |request| {
        let context = Arc::clone(&context);
        async move { Ok::<_, Infallible>(respond(&context, request).await) }
    });
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        // A connection ends in many ways, and none of them concerns anyone but the client.
        _ = connection.as_mut() => {}
        () = shutdown.wait() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

async fn respond(context: &Arc<Context>, request: hyper::Request<Incoming>) -> Answer {
    if !is_public(request.uri().path()) && !is_authorized(context, &request) {
        return answer::failure(&Status::unauthorized());
    }
    let encoding = header(&request, ACCEPT_ENCODING).to_owned();
    let user = user(&request);
    match read(request, user).await {
        Err(status) => answer::failure(&status),
        Ok(request) => {
            let style = match request.query.flag("pretty") {
                _ if wants_yaml(&request.accept) => Style::Yaml,
                true => Style::Pretty,
                false => Style::Dense,
            };
            answer::finish(handlers::answer(context, &request), style, &encoding)
        }
    }
}

/// What kube-apiserver, too, tells everyone.
fn is_public(path: &str) -> bool {
    matches!(path, "/healthz" | "/livez" | "/readyz" | "/version")
}

fn is_authorized(context: &Context, request: &hyper::Request<Incoming>) -> bool {
    let given = header(request, AUTHORIZATION);
    let token = given
        .strip_prefix("Bearer ")
        .or_else(|| given.strip_prefix("bearer "));
    token.is_some_and(|token| context.accepts(token.trim()))
}

fn header(request: &hyper::Request<Incoming>, name: HeaderName) -> &str {
    let value = request.headers().get(name);
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// Returns who asks: the server's own user, or whom that user impersonates.
fn user(request: &hyper::Request<Incoming>) -> User {
    let name = header(request, HeaderName::from_static("impersonate-user"));
    if name.is_empty() {
        return User::admin();
    }
    let uid = header(request, HeaderName::from_static("impersonate-uid"));
    let groups = request.headers().get_all("impersonate-group").iter();
    let groups = groups.filter_map(|group| Some(group.to_str().ok()?.to_owned()));
    User::impersonated(name, uid, groups.collect())
}

async fn read(request: hyper::Request<Incoming>, user: User) -> Result<Request, Status> {
    // Several `Accept` headers mean the same as one with commas.
    let accept = request
        .headers()
        .get_all(ACCEPT)
        .iter()
        .filter_map(|it| it.to_str().ok());
    let accept = accept.collect::<Vec<_>>().join(",");
    let content_type = header(&request, CONTENT_TYPE)
        .split(';')
        .next()
        .unwrap_or_default();
    let content_type = content_type.trim().to_ascii_lowercase();
    let agent = header(&request, USER_AGENT).to_owned();
    let host = match request.uri().authority() {
        Some(authority) => authority.to_string(),
        None => header(&request, HOST).to_owned(),
    };
    let (parts, body) = request.into_parts();
    let body = tokio::time::timeout(BODY_PATIENCE, read_body(body)).await;
    let body = body.map_err(|_| {
        let message = "the body of the request did not arrive in time";
        Status::new(408, Reason::Timeout, message)
    })??;
    Ok(Request {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: Query::parse(parts.uri.query().unwrap_or_default()),
        host,
        accept,
        content_type,
        agent,
        user,
        body,
    })
}

async fn read_body(body: Incoming) -> Result<Bytes, Status> {
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            let message = format!("Request entity too large: limit is {MAX_BODY}");
            Err(Status::new(413, Reason::RequestEntityTooLarge, message))
        }
        Err(error) => Err(Status::bad_request(format!(
            "the body cannot be read: {error}"
        ))),
    }
}
