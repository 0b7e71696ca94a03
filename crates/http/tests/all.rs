//! Requests to servers on this machine.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use http::Request;
use windlass_http::{Client, HttpError, Retry, Roots, Settings, SettingsError};

/// Answers one connection with each text, in turn, then goes away. Returns its address.
fn serve(answers: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    format!("http://{address}/x")
}

fn get(address: &str) -> Request<Vec<u8>> {
    Request::get(address).body(Vec::new()).unwrap()
}

fn settings() -> Settings {
    Settings {
        timeout: Duration::from_secs(5),
        retry: Retry {
            attempts: 3,
            pause: Duration::from_millis(1),
        },
        max_answer: 100,
        ..Settings::default()
    }
}

fn client() -> Client {
    Client::new(&settings()).unwrap()
}

const BUSY: &str = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const FINE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nfine";

#[test]
fn a_busy_server_is_asked_again() {
    let address = serve(&[BUSY, "", FINE]);
    let answer = client().send(&get(&address)).unwrap();
    assert_eq!((answer.status, answer.body()), (200, &b"fine"[..]));
}

#[test]
fn the_last_answer_of_a_server_that_stays_busy_is_returned() {
    let address = serve(&[BUSY, BUSY, BUSY, FINE]);
    let answer = client().send(&get(&address)).unwrap();
    assert!(answer.status == 503 && answer.is_transient());
}

#[test]
fn a_refusal_is_not_asked_for_twice() {
    let refusal = "HTTP/1.1 403 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let address = serve(Box::leak(Box::new([refusal, FINE])));
    assert_eq!(client().send(&get(&address)).unwrap().status, 403);
}

#[test]
fn an_answer_that_is_too_long_is_refused() {
    let long = format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}",
        "x".repeat(101)
    );
    let address = serve(Box::leak(Box::new([&*long.leak()])));
    let error = client().send(&get(&address)).unwrap_err();
    assert!(
        matches!(error, HttpError::TooLong { limit: 100, .. }),
        "{error}"
    );
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let settings = Settings {
        timeout: Duration::from_millis(50),
        ..settings()
    };
    let error = Client::new(&settings)
        .unwrap()
        .send(&get(&address))
        .unwrap_err();
    assert!(matches!(error, HttpError::TimedOut { .. }), "{error}");
}

#[test]
fn a_redirect_is_an_answer_and_is_not_followed() {
    let redirect = "HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let address = serve(Box::leak(Box::new([redirect])));
    assert_eq!(client().send(&get(&address)).unwrap().status, 302);
}

#[test]
fn trust_without_a_certificate_is_refused() {
    let roots = Settings {
        roots: Roots::Pem(b"no certificate".to_vec()),
        ..settings()
    };
    assert_eq!(Client::new(&roots).unwrap_err(), SettingsError::NoRoots);
    let identity = Settings {
        identity_pem: Some(b"no key".to_vec().into()),
        ..settings()
    };
    assert_eq!(Client::new(&identity).unwrap_err(), SettingsError::Identity);
}
