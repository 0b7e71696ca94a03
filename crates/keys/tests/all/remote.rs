//! The key service, with our server and our client.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use windlass_keys::{Approval, KeyServer, LocalAddress, RemoteAddress, RemoteKeys, ServeError};
use windlass_sops::{Identity, KeyFailure, KeyService as _, Keyring, MasterKey};

use crate::{data_key, wrapped};

/// A key service with one age identity, until it is dropped.
struct Service {
    runtime: Runtime,
    address: String,
    recipient: MasterKey,
    _end: oneshot::Sender<()>,
}

impl Service {
    fn start(address: &LocalAddress, approval: Approval) -> Self {
        let identity = Identity::generate();
        let recipient = identity.recipient().to_owned();
        let mut keyring = Keyring::new();
        keyring.add(identity);
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(KeyServer::listen(address)).unwrap();
        let address = server.address().to_string();
        let (end, ended) = oneshot::channel::<()>();
        runtime.spawn(async move {
            let ended = async { drop(ended.await) };
            server
                .serve(Arc::new(keyring), approval, ended)
                .await
                .unwrap();
        });
        Self {
            runtime,
            address,
            recipient: MasterKey::Age { recipient },
            _end: end,
        }
    }

    fn client(&self) -> RemoteKeys {
        RemoteKeys::new(self.address.parse().unwrap()).unwrap()
    }
}

fn any_port() -> LocalAddress {
    LocalAddress::new("tcp", "127.0.0.1:0").unwrap()
}

fn socket(directory: &Path) -> LocalAddress {
    LocalAddress::Unix(directory.join("keys.sock"))
}

#[test]
fn a_data_key_goes_to_the_service_and_comes_back() {
    let directory = tempfile::tempdir().unwrap();
    for address in [any_port(), socket(directory.path())] {
        let service = Service::start(&address, Box::new(|_, _| true));
        let client = service.client();
        let text = client.wrap(&service.recipient, &data_key()).unwrap();
        assert!(text.starts_with("-----BEGIN AGE"), "{text}");
        let opened = client.unwrap(&wrapped(&service.recipient, &text)).unwrap();
        assert_eq!(opened.expose(), data_key().expose());
    }
}

#[test]
fn who_approves_is_told_what_is_asked_and_may_refuse() {
    let approval = Box::new(|verb: &str, _: &MasterKey| verb == "encrypt");
    let service = Service::start(&any_port(), approval);
    let client = service.client();
    let text = client.wrap(&service.recipient, &data_key()).unwrap();
    let refused = client.unwrap(&wrapped(&service.recipient, &text));
    let message = refused.unwrap_err().to_string();
    assert!(
        message.ends_with("says: the request was rejected"),
        "{message}"
    );
}

#[test]
fn a_key_that_does_not_open_is_told_apart_from_a_service_that_does_not_answer() {
    let service = Service::start(&any_port(), Box::new(|_, _| true));
    let client = service.client();
    let stranger = MasterKey::Age {
        recipient: Identity::generate().recipient().to_owned(),
    };
    let text = client.wrap(&stranger, &data_key()).unwrap();
    let failure = client.unwrap(&wrapped(&stranger, &text)).unwrap_err();
    assert!(matches!(failure, KeyFailure::Invalid { .. }), "{failure}");

    let key_id = "region:id".to_owned();
    let unserved = client.wrap(&MasterKey::HuaweiKms { key_id }, &data_key());
    assert!(matches!(unserved, Err(KeyFailure::NotServed { .. })));

    let address = service.address.clone();
    service.runtime.shutdown_background();
    let gone = RemoteKeys::new(address.parse().unwrap()).unwrap();
    let failure = gone.wrap(&stranger, &data_key()).unwrap_err();
    assert!(failure.is_transient(), "{failure}");
    assert!(failure.to_string().contains(&address), "{failure}");
}

#[test]
fn a_service_that_hangs_up_did_not_answer() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || listener.incoming().for_each(drop));
    let client = RemoteKeys::new(address.parse().unwrap()).unwrap();
    let recipient = Identity::generate().recipient().to_owned();
    for _ in 0..20 {
        let failure = client
            .wrap(
                &MasterKey::Age {
                    recipient: recipient.clone(),
                },
                &data_key(),
            )
            .unwrap_err();
        assert!(failure.is_transient(), "{failure}");
        assert!(failure.to_string().contains(&address), "{failure}");
    }
}

#[test]
fn a_socket_is_for_its_owner_and_goes_with_the_service() {
    let directory = tempfile::tempdir().unwrap();
    let address = socket(directory.path());
    let LocalAddress::Unix(path) = &address else {
        unreachable!()
    };
    let runtime = Runtime::new().unwrap();
    let _context = runtime.enter();
    let server = runtime.block_on(KeyServer::listen(&address)).unwrap();
    let mode = std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 1);

    let second = runtime.block_on(KeyServer::listen(&address));
    assert!(matches!(second, Err(ServeError::Listen { .. })));
    drop(server);
    assert!(!path.exists());
}

#[test]
fn a_socket_that_nobody_listens_on_is_replaced_and_a_file_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let address = socket(directory.path());
    let LocalAddress::Unix(path) = &address else {
        unreachable!()
    };
    drop(std::os::unix::net::UnixListener::bind(path).unwrap());
    let runtime = Runtime::new().unwrap();
    drop(runtime.block_on(KeyServer::listen(&address)).unwrap());

    std::fs::write(path, "a letter").unwrap();
    assert!(runtime.block_on(KeyServer::listen(&address)).is_err());
    assert_eq!(std::fs::read_to_string(path).unwrap(), "a letter");
}

#[test]
fn an_address_that_is_none_is_refused_before_anything_is_asked() {
    let error = "127.0.0.1:5000".parse::<RemoteAddress>().unwrap_err();
    insta::assert_snapshot!(error, @r#""127.0.0.1:5000" is no address of a key service; expected tcp://HOST:PORT or unix:///PATH"#);
    let error = LocalAddress::new("tcp", "0.0.0.0:5000").unwrap_err();
    insta::assert_snapshot!(error, @r#""0.0.0.0:5000" can be reached from other machines, and a key service hands out data keys in clear; listen on 127.0.0.1:PORT or on a unix socket, which ssh can forward"#);
}
