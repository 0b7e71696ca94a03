//! Start, limits and end of the server, over its own sockets.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use windlass_apiserver::{Config, RunningServer, Server, StartError};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(future)
}

async fn start(state: Option<&Path>) -> RunningServer {
    let config = Config {
        state: state.map(Path::to_owned),
        ..Config::default()
    };
    Server::start(config).await.unwrap()
}

fn field(server: &RunningServer, name: &str) -> String {
    let kubeconfig = server.kubeconfig();
    let mut lines = kubeconfig.lines().map(str::trim);
    let line = lines.find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().to_owned()
}

async fn connect(server: &RunningServer) -> TlsStream<TcpStream> {
    let authority = STANDARD
        .decode(field(server, "certificate-authority-data:"))
        .unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(&authority).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .unwrap()
}

/// Sends a request, closes, and returns the whole answer.
async fn send(server: &RunningServer, method: &str, path: &str, token: &str, body: &str) -> String {
    let mut stream = connect(server).await;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The server may answer, and close, before it has read a body that is too large.
    let _ = stream.write_all(body.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

async fn create(server: &RunningServer, name: &str) {
    let token = field(server, "token:");
    let body = format!("{{\"metadata\": {{\"name\": \"{name}\"}}}}");
    let answer = send(server, "POST", MAPS, &token, &body).await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}

async fn status(server: &RunningServer, path: &str, token: &str) -> String {
    let answer = send(server, "GET", path, token, "").await;
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

#[test]
fn without_the_token_there_is_no_way_in_but_health_and_version() {
    block_on(async {
        let server = start(None).await;
        let token = field(&server, "token:");
        assert_eq!(status(&server, MAPS, &token).await, "200");
        for wrong in ["", "wrong", &token[1..], &format!("{token}0")] {
            assert_eq!(status(&server, MAPS, wrong).await, "401", "{wrong:?}");
            assert_eq!(status(&server, "/apis", wrong).await, "401", "{wrong:?}");
            assert_eq!(status(&server, "/readyz", wrong).await, "200", "{wrong:?}");
        }
    });
}

#[test]
fn a_body_that_is_too_large_is_refused() {
    block_on(async {
        let server = start(None).await;
        let token = field(&server, "token:");
        let body = format!("{{\"data\": \"{}\"}}", "x".repeat(4 << 20));
        let answer = send(&server, "POST", MAPS, &token, &body).await;
        assert!(
            answer.starts_with("HTTP/1.1 413"),
            "{}",
            answer.lines().next().unwrap_or_default()
        );
    });
}

#[test]
fn only_loopback_addresses_are_listened_on() {
    let config = Config {
        listen: SocketAddr::from(([0, 0, 0, 0], 0)),
        ..Config::default()
    };
    let refused = block_on(Server::start(config));
    assert!(matches!(refused, Err(StartError::NotLoopback { .. })));
}

#[test]
fn a_port_that_is_in_use_is_named() {
    block_on(async {
        let server = start(None).await;
        let config = Config {
            listen: server.address(),
            ..Config::default()
        };
        let refused = Server::start(config).await.err().unwrap().to_string();
        let expected = format!(
            "{}: the port is in use by another program",
            server.address()
        );
        assert!(refused.starts_with(&expected), "{refused}");
    });
}

#[test]
fn a_state_directory_has_one_server_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    block_on(async {
        let first = start(Some(directory.path())).await;
        let config = Config {
            state: Some(directory.path().to_owned()),
            ..Config::default()
        };
        let refused = Server::start(config.clone()).await;
        assert!(matches!(refused, Err(StartError::StateInUse { .. })));
        first.shutdown().await;
        assert!(Server::start(config).await.is_ok());
    });
}

#[test]
fn objects_certificate_and_token_are_there_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    block_on(async {
        let first = start(Some(directory.path())).await;
        create(&first, "kept").await;
        let token = field(&first, "token:");
        let authority = field(&first, "certificate-authority-data:");
        first.shutdown().await;
        let second = start(Some(directory.path())).await;
        assert_eq!(
            status(&second, &format!("{MAPS}/kept"), &token).await,
            "200"
        );
        assert_eq!(field(&second, "certificate-authority-data:"), authority);
        assert_eq!(second.notices(), &[] as &[String]);
    });
}

#[test]
fn a_damaged_log_stops_the_start_and_names_the_file() {
    let directory = tempfile::tempdir().unwrap();
    block_on(async {
        start(Some(directory.path())).await.shutdown().await;
        let entries = std::fs::read_dir(directory.path()).unwrap();
        let mut paths = entries.map(|entry| entry.unwrap().path());
        let log = paths
            .find(|path| path.to_string_lossy().contains("log-"))
            .unwrap();
        let mut bytes = std::fs::read(&log).unwrap();
        bytes[100] ^= 1;
        std::fs::write(&log, bytes).unwrap();
        let config = Config {
            state: Some(directory.path().to_owned()),
            ..Config::default()
        };
        let error = Server::start(config).await.err().unwrap().to_string();
        assert!(error.starts_with(&log.display().to_string()), "{error}");
    });
}

#[test]
fn the_kubeconfig_and_the_state_are_for_their_owner_alone() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    let kubeconfig = directory.path().join("kubeconfig");
    block_on(async {
        let server = start(Some(&state)).await;
        server.write_kubeconfig(&kubeconfig).unwrap();
        server.shutdown().await;
    });
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&kubeconfig), mode(&state)), (0o600, 0o700));
    for file in ["token", "server.key", "secrets.key"] {
        assert_eq!(mode(&state.join(file)), 0o600, "{file}");
    }
}

#[test]
fn the_end_of_the_server_ends_its_watches() {
    block_on(async {
        let server = start(None).await;
        let mut stream = connect(&server).await;
        let head = format!(
            "GET {MAPS}?watch=true HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n",
            field(&server, "token:")
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut first = [0; 512];
        assert!(stream.read(&mut first).await.unwrap() > 0);
        let end = tokio::time::timeout(Duration::from_secs(4), server.shutdown());
        end.await.expect("the server ends before its grace is over");
        let mut rest = Vec::new();
        // The watch ends with its last chunk or with the connection.
        let _ = stream.read_to_end(&mut rest).await;
    });
}
