//! A web server on loopback: `git/` is `git http-backend`, `files/` are files, `silence/` never answers, `cut/` is
//! `git/` whose packs end too early, and `lie/` is `git/` that takes the tag v1 for the commit of the branch main.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The server; it ends when this is dropped.
pub(super) struct Server {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    home: PathBuf,
    requests: AtomicUsize,
    is_over: AtomicBool,
}

struct Request {
    method: String,
    path: String,
    query: String,
    kind: String,
    body: Vec<u8>,
}

impl Server {
    pub(super) fn start(home: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            home: home.to_owned(),
            ..State::default()
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.is_over.load(Ordering::Relaxed) {
                    return;
                }
                let state = Arc::clone(&shared);
                std::thread::spawn(move || state.answer(&stream.unwrap()));
            }
        });
        Self { address, state }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    pub(super) fn requests(&self) -> usize {
        self.state.requests.load(Ordering::Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::Relaxed);
        // Wakes the server up; it may have ended already.
        let _ = TcpStream::connect(self.address);
    }
}

impl State {
    fn answer(&self, mut stream: &TcpStream) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let request = Request::read(stream);
        let (service, path) = request.path[1..].split_once('/').unwrap();
        let answer = match service {
            "files" => match std::fs::read(self.home.join("files").join(path)) {
                Ok(bytes) => [b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", &bytes[..]].concat(),
                Err(_) => b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n".to_vec(),
            },
            "cut" if request.method == "POST" => {
                let mut answer = self.git(path, &request);
                answer.truncate(answer.len() - 30);
                answer
            }
            "lie" if request.method == "GET" => self.lie(path, &request),
            "git" | "cut" | "lie" => self.git(path, &request),
            // Until the other side gives up.
            _ => {
                let _ = stream.read(&mut [0]);
                return;
            }
        };
        // The other side may have given up.
        let _ = stream.write_all(&answer);
        let _ = stream.shutdown(Shutdown::Write);
    }

    fn lie(&self, path: &str, request: &Request) -> Vec<u8> {
        let answer = String::from_utf8(self.git(path, request)).unwrap();
        let before = |name: &str| {
            let end = answer.find(&format!(" {name}\n")).unwrap();
            answer[end - 40..end].to_owned()
        };
        let (tagged, main) = (before("refs/tags/v1^{}"), before("refs/heads/main"));
        answer.replace(&tagged, &main).into_bytes()
    }

    fn git(&self, path: &str, request: &Request) -> Vec<u8> {
        let mut child = Command::new("git")
            .arg("http-backend")
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", &self.home)
            .env("GIT_PROJECT_ROOT", self.home.join("git"))
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("PATH_INFO", format!("/{path}"))
            .env("QUERY_STRING", &request.query)
            .env("REQUEST_METHOD", &request.method)
            .env("CONTENT_TYPE", &request.kind)
            .env("CONTENT_LENGTH", request.body.len().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(&request.body)
            .unwrap();
        let output = child.wait_with_output().unwrap().stdout;
        let status = output
            .strip_prefix(b"Status: ")
            .map_or(&b"200 OK"[..], |rest| {
                rest.split(|byte| *byte == b'\r').next().unwrap()
            });
        [b"HTTP/1.1 ", status, b"\r\nConnection: close\r\n", &output].concat()
    }
}

impl Request {
    fn read(stream: &TcpStream) -> Self {
        let mut reader = BufReader::new(stream);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            lines.push(line);
        }
        let header = |name: &str| {
            let found = lines.iter().find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.eq_ignore_ascii_case(name)
                    .then(|| value.trim().to_owned())
            });
            found.unwrap_or_default()
        };
        let mut words = lines.first().map_or("GET / ", String::as_str).split(' ');
        let method = words.next().unwrap().to_owned();
        let target = words.next().unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut body = vec![0; header("Content-Length").parse().unwrap_or(0)];
        reader.read_exact(&mut body).unwrap();
        Self {
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            kind: header("Content-Type"),
            body,
        }
    }
}
