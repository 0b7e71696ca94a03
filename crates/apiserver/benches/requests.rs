//! The server as a whole: how long it takes to start, how many server-side applies a second it answers over
//! TLS, and how much memory it has then. `cargo bench -p windlass-apiserver --bench requests`.
//!
//! With a kubeconfig as argument, that server is asked instead of one in this process: `benches/run` does so.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use windlass_apiserver::{Config, RunningServer, Server};

type Failure = Box<dyn Error + Send + Sync>;

/// Numbers of connections that send at a time.
const CONNECTIONS: [u32; 2] = [1, 8];
/// Applies over each connection.
const APPLIES: u32 = 2000;

/// A connection with one request at a time.
struct Client {
    stream: BufReader<TlsStream<TcpStream>>,
    token: String,
}

impl Client {
    async fn connect(kubeconfig: &str) -> Result<Self, Failure> {
        let field = |name: &str| {
            let line = kubeconfig
                .lines()
                .find_map(|line| line.trim().strip_prefix(name));
            line.map(|text| text.trim().to_owned())
                .ok_or("the kubeconfig lacks a field")
        };
        let authority = STANDARD.decode(field("certificate-authority-data:")?)?;
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&authority)?)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let server = field("server:")?;
        let address = server
            .strip_prefix("https://")
            .ok_or("the server is not https")?;
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from("localhost")?;
        let stream = TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await?;
        Ok(Self {
            stream: BufReader::new(stream),
            token: field("token:")?,
        })
    }

    /// Sends a request and returns the status code.
    async fn send(&mut self, method: &str, path: &str, body: &str) -> Result<u16, Failure> {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/apply-patch+yaml\r\nContent-Length: {}\r\n\r\n",
            self.token,
            body.len()
        );
        self.stream
            .write_all(&[head.as_bytes(), body.as_bytes()].concat())
            .await?;
        self.stream.flush().await?;
        let (mut code, mut length) = (0, 0);
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).await?;
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(rest) = line.strip_prefix("http/1.1 ") {
                code = rest[..3].parse()?;
            } else if let Some(rest) = line.strip_prefix("content-length: ") {
                length = rest.parse()?;
            } else if line.is_empty() {
                break;
            }
        }
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer).await?;
        Ok(code)
    }
}

fn object(kind: &str, name: &str, number: u32) -> Value {
    match kind {
        "configmaps" => json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name},
            "data": {"number": number.to_string(), "text": "x".repeat(200)},
        }),
        _ => json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": name, "labels": {"app": name}},
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": {"app": name}},
                "template": {
                    "metadata": {"labels": {"app": name}},
                    "spec": {"containers": [{
                        "name": "web", "image": format!("web:{number}"),
                        "ports": [{"containerPort": 8080}],
                        "env": [{"name": "A", "value": "b"}, {"name": "C", "value": "d"}],
                        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}},
                    }]},
                },
            },
        }),
    }
}

/// A kind of object, and what is done with it.
#[derive(Clone, Copy)]
struct Load {
    root: &'static str,
    kind: &'static str,
    connections: u32,
    /// Becomes part of the object: the same number again changes nothing.
    number: u32,
}

impl Load {
    /// Sends the applies and returns how many a second were answered.
    async fn measure(self, kubeconfig: &Arc<str>) -> Result<f64, Failure> {
        let start = Instant::now();
        let mut clients = tokio::task::JoinSet::new();
        for client in 0..self.connections {
            clients.spawn(self.send(client, Arc::clone(kubeconfig)));
        }
        while let Some(result) = clients.join_next().await {
            result??;
        }
        Ok(f64::from(self.connections * APPLIES) / start.elapsed().as_secs_f64())
    }

    async fn send(self, client: u32, kubeconfig: Arc<str>) -> Result<(), Failure> {
        let Load { root, kind, .. } = self;
        let mut connection = Client::connect(&kubeconfig).await?;
        for index in 0..APPLIES {
            let name = format!("object-{}-{client}-{index}", self.connections);
            let path =
                format!("{root}/namespaces/default/{kind}/{name}?fieldManager=bench&force=true");
            let body = object(kind, &name, self.number).to_string();
            let code = connection.send("PATCH", &path, &body).await?;
            if code > 201 {
                return Err(Failure::from(format!("{path}: {code}")));
            }
        }
        Ok(())
    }
}

/// Measures all loads and prints a line for each; `benches/run` reads them.
async fn measure_all(kubeconfig: &Arc<str>) -> Result<(), Failure> {
    for connections in CONNECTIONS {
        for (root, kind) in [("/api/v1", "configmaps"), ("/apis/apps/v1", "deployments")] {
            for (number, what) in [(1, "create"), (1, "no change"), (2, "change")] {
                let load = Load {
                    root,
                    kind,
                    connections,
                    number,
                };
                let rate = load.measure(kubeconfig).await?;
                let count = connections * APPLIES;
                println!(
                    "{kind}, {what}, connections: {connections}: {rate:.0} applies a second, of {count}"
                );
            }
        }
    }
    Ok(())
}

fn resident_megabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kilobytes.unwrap_or_default() / 1024.0
}

async fn start(state: Option<&Path>) -> Result<(RunningServer, Duration), Failure> {
    let begin = Instant::now();
    let server = Server::start(Config {
        state: state.map(Path::to_owned),
        ..Config::default()
    })
    .await?;
    let mut client = Client::connect(&server.kubeconfig()).await?;
    client.send("GET", "/readyz", "").await?;
    Ok((server, begin.elapsed()))
}

/// Measures a server in this process: its start, applies, and its start with what they left.
async fn measure_own() -> Result<(), Failure> {
    let directory = tempfile::tempdir()?;
    let (server, cold) = start(Some(directory.path())).await?;
    println!(
        "first start, with a new state directory: {cold:?}; {:.1} MB",
        resident_megabytes()
    );
    measure_all(&server.kubeconfig().into()).await?;
    println!("afterwards: {:.1} MB", resident_megabytes());
    server.shutdown().await;
    let (server, warm) = start(Some(directory.path())).await?;
    println!("start with what they created: {warm:?}");
    server.shutdown().await;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    // `cargo bench` adds an argument of its own, `--bench`.
    match std::env::args().skip(1).find(|it| !it.starts_with("--")) {
        Some(file) => measure_all(&std::fs::read_to_string(file)?.into()).await,
        None => measure_own().await,
    }
}
