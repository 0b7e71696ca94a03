//! PGP key rings, and messages of gpg 2.

use std::path::{Path, PathBuf};

use pgp::composed::Deserializable as _;
use pgp::composed::{ArmorOptions, MessageBuilder, SignedPublicKey, SignedSecretKey};
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::types::CompressionAlgorithm;
use rand::rngs::OsRng;
use windlass_sops::{
    Document, Format, KeyFailure, KeyService as _, MasterKey, PgpKeyring, PgpKeyringError,
    SecretBytes, WrappedKey,
};

const OPEN: &str = "1286361128B8BFFF8A8D8FEB397D938DEAB08153";
const LOCKED: &str = "57E5A94312575BE30501A2FCBE0559BB501FF113";
const DATA_KEY: &str = "0123456789abcdef0123456789abcdef";

fn data(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn ring(text: &str) -> PgpKeyring {
    let mut ring = PgpKeyring::default();
    ring.add(text.as_bytes()).unwrap();
    ring
}

fn key(fingerprint: &str) -> MasterKey {
    let fingerprint = fingerprint.to_owned();
    MasterKey::Pgp { fingerprint }
}

fn unwrap(ring: &PgpKeyring, wrapped: &str) -> Result<SecretBytes, KeyFailure> {
    ring.unwrap(&WrappedKey {
        key: key(OPEN),
        wrapped: wrapped.to_owned(),
        created_at: None,
    })
}

#[test]
fn a_message_of_gpg_opens_with_or_without_its_last_newline() {
    let ring = ring(&data("pgp_open.asc"));
    let message = data("pgp_open.msg");
    assert_eq!(unwrap(&ring, &message).unwrap(), DATA_KEY.into());
    assert_eq!(unwrap(&ring, message.trim_end()).unwrap(), DATA_KEY.into());
}

#[test]
fn what_is_wrapped_unwraps() {
    let ring = ring(&data("pgp_open.asc"));
    let wrapped = ring
        .wrap(&key(&OPEN.to_lowercase()), &DATA_KEY.into())
        .unwrap();
    assert!(wrapped.starts_with("-----BEGIN PGP MESSAGE-----\n\n"));
    assert!(wrapped.ends_with("\n-----END PGP MESSAGE-----"));
    assert_eq!(unwrap(&ring, &wrapped).unwrap(), DATA_KEY.into());
}

#[test]
fn a_locked_key_opens_with_its_passphrase_only() {
    let mut ring = ring(&data("pgp_locked.asc"));
    let message = data("pgp_locked.msg");
    insta::assert_snapshot!(unwrap(&ring, &message).unwrap_err(), @"cannot be used: no PGP key that is open unwraps it, and one is locked with a passphrase that was not given");
    ring.add_passphrase("wrong".into());
    assert!(unwrap(&ring, &message).is_err());
    ring.add_passphrase("locked".into());
    assert_eq!(unwrap(&ring, &message).unwrap(), DATA_KEY.into());
}

#[test]
fn a_key_that_is_not_in_the_ring_is_no_identity() {
    let ring = ring(&data("pgp_open.asc"));
    let held = 1;
    let identity = "PGP public key";
    let failure = ring.wrap(&key(LOCKED), &DATA_KEY.into()).unwrap_err();
    assert_eq!(failure, KeyFailure::NoIdentity { identity, held });
    let identity = "PGP secret key";
    let failure = unwrap(&ring, &data("pgp_locked.msg")).unwrap_err();
    assert_eq!(failure, KeyFailure::NoIdentity { identity, held });
}

#[test]
fn a_damaged_message_is_refused() {
    let ring = ring(&data("pgp_open.asc"));
    let message = data("pgp_open.msg");
    for length in (0..message.len() - 40).step_by(7) {
        assert!(unwrap(&ring, &message[..length]).is_err(), "{length}");
    }
    let middle = message.len() - 90;
    let other = if message.as_bytes()[middle] == b'A' {
        "B"
    } else {
        "A"
    };
    let changed = format!("{}{other}{}", &message[..middle], &message[middle + 1..]);
    assert_eq!(unwrap(&ring, &changed).unwrap_err(), KeyFailure::Damaged);
}

#[test]
fn a_message_that_grows_when_it_is_opened_is_read_as_far_as_a_data_key_goes() {
    let bytes = vec![0; 8 << 20];
    let key = SignedPublicKey::from(
        SignedSecretKey::from_string(&data("pgp_open.asc"))
            .unwrap()
            .0,
    );
    let mut message = MessageBuilder::from_bytes("", bytes);
    message.compression(CompressionAlgorithm::ZLIB);
    let mut message = message.seipd_v1(OsRng, SymmetricKeyAlgorithm::AES256);
    message
        .encrypt_to_key(OsRng, &key.public_subkeys[0])
        .unwrap();
    let message = message
        .to_armored_string(OsRng, ArmorOptions::default())
        .unwrap();
    assert!(message.len() < 16 * 1024, "{}", message.len());
    let opened = unwrap(&ring(&data("pgp_open.asc")), &message).unwrap();
    assert_eq!(opened.expose(), [0; 128]);
}

#[test]
fn what_is_longer_than_any_message_or_ring_is_not_looked_at() {
    let mut ring = ring(&data("pgp_open.asc"));
    let message = format!("{}\n{}", data("pgp_open.msg"), "x".repeat(16 * 1024));
    assert_eq!(unwrap(&ring, &message), Err(KeyFailure::Damaged));
    let long = data("pgp_open.asc").repeat(10_000);
    assert_eq!(ring.add(long.as_bytes()), Err(PgpKeyringError::TooLarge));
}

#[test]
fn what_is_no_key_ring_is_refused() {
    let mut ring = PgpKeyring::default();
    for text in ["", "no key", "-----BEGIN PGP PRIVATE KEY BLOCK-----\n"] {
        let error = ring.add(text.as_bytes()).unwrap_err();
        assert!(
            matches!(error, PgpKeyringError::Damaged | PgpKeyringError::Empty),
            "{text}"
        );
    }
}

#[test]
fn documents_of_the_real_program_open() {
    let shared = std::env::var_os("WINDLASS_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let folder = shared.join("sops-vectors");
    if !folder.is_dir() {
        println!("skipped: the folder of recorded cases is missing (WINDLASS_SHARED)");
        return;
    }
    let cases = [
        ("pgp_rsa", "pgp_rsa"),
        ("pgp_gocrypto", "pgp_ed"),
        ("pgp_multi", "pgp_rsa"),
        ("mixed_pgp", "pgp_ed"),
    ];
    for (name, key) in cases {
        let text = std::fs::read(folder.join(format!("enc/json-key-{name}.json"))).unwrap();
        let keys = std::fs::read_to_string(folder.join(format!("keys/{key}.asc"))).unwrap();
        let document = Document::parse(&text, Format::Json).unwrap();
        assert!(document.decrypt(&ring(&keys)).is_ok(), "{name}");
    }
}
