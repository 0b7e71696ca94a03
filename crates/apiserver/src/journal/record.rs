//! One record: a header with lengths and checksums, then what was written.

use super::Sealer;
use crate::resource::GroupResource;
use crate::store::{Frozen, Key};

/// Length of the payload, its checksum, the revision, and the checksum of these three.
const HEADER: usize = 4 + 4 + 8 + 4;

/// The longest payload; more is damage.
const MAX_PAYLOAD: usize = 64 << 20;

const PUT: u8 = 1;
const PUT_SEALED: u8 = 2;
const DELETE: u8 = 3;
const END: u8 = 4;

/// A record, but for its revision.
pub(crate) struct Record {
    payload: Vec<u8>,
    checksum: u32,
}

/// What a record says.
#[derive(Debug)]
pub(super) enum Entry {
    /// The object is this now.
    Put(Key, Body),
    /// The object is gone.
    Delete(Key),
    /// Here ends a snapshot.
    End,
}

/// An object in a record, not yet read: most are superseded by later records.
#[derive(Debug)]
pub(super) struct Body {
    revision: u64,
    is_sealed: bool,
    bytes: Vec<u8>,
}

impl Body {
    /// Returns the object with its version, which was not yet known when it was printed.
    pub(super) fn read(&self, key: &Key, sealer: &Sealer) -> Result<Frozen, Broken> {
        let opened;
        let bytes = if self.is_sealed {
            opened = sealer
                .open(&self.bytes, &name_of(key))
                .ok_or(Broken::Sealed)?;
            &opened
        } else {
            &self.bytes
        };
        Frozen::new(self.revision, bytes).ok_or(Broken::Content)
    }
}

/// Why a record cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// It ends at the end of the file, before its own end.
    Torn,
    /// Its checksum is wrong.
    Checksum,
    /// Its checksum is right, but it makes no sense.
    Content,
    /// It was sealed with another key, or changed.
    Sealed,
}

impl Broken {
    pub(super) fn what(self) -> &'static str {
        match self {
            Self::Torn => "a record is cut off",
            Self::Checksum => "a record is damaged",
            Self::Content => "a record is not one of this program's version",
            Self::Sealed => "a Secret cannot be decrypted with the key in secrets.key",
        }
    }
}

impl Record {
    /// Returns the record of an object that was written, as JSON. Those of Secrets are sealed.
    pub(crate) fn put(key: &Key, object: &[u8], sealer: &Sealer) -> Self {
        if is_secret(&key.resource) {
            let name = name_of(key);
            let sealed = sealer.seal(object, &name);
            return Self::new(PUT_SEALED, key, &sealed);
        }
        Self::new(PUT, key, object)
    }

    /// Returns the record of an object that is gone.
    pub(crate) fn delete(key: &Key) -> Self {
        Self::new(DELETE, key, &[])
    }

    /// Returns the record that ends a snapshot.
    pub(super) fn end() -> Self {
        Self::of(vec![END])
    }

    fn new(operation: u8, key: &Key, body: &[u8]) -> Self {
        let name = name_of(key);
        let mut payload = Vec::with_capacity(1 + name.len() + body.len());
        payload.push(operation);
        payload.extend_from_slice(&name);
        payload.extend_from_slice(body);
        Self::of(payload)
    }

    fn of(payload: Vec<u8>) -> Self {
        let checksum = checksum(&payload);
        Self { payload, checksum }
    }

    /// Returns the bytes of the record at a revision.
    pub(super) fn bytes(&self, revision: u64) -> Vec<u8> {
        let length = u32::try_from(self.payload.len()).unwrap_or(u32::MAX);
        let mut bytes = Vec::with_capacity(HEADER + self.payload.len());
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&self.checksum.to_le_bytes());
        bytes.extend_from_slice(&revision.to_le_bytes());
        bytes.extend_from_slice(&checksum(&bytes).to_le_bytes());
        bytes.extend_from_slice(&self.payload);
        bytes
    }
}

fn is_secret(resource: &GroupResource) -> bool {
    resource.group.is_empty() && resource.resource == "secrets"
}

/// Returns the key as bytes: four texts, each with a zero byte at its end, which no name holds.
fn name_of(key: &Key) -> Vec<u8> {
    let texts = [
        &key.resource.group,
        &key.resource.resource,
        &key.namespace,
        &key.name,
    ];
    texts
        .iter()
        .flat_map(|text| text.bytes().chain([0]))
        .collect()
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// Reads the record at the start of `bytes`: its revision, what it says and its length. `None` at the end.
pub(super) fn read(bytes: &[u8]) -> Result<Option<(u64, Entry, usize)>, Broken> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let header = bytes.first_chunk::<HEADER>().ok_or(Broken::Torn)?;
    let number = |at: usize| {
        u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
    };
    if number(16) != checksum(&header[..16]) {
        // After a loss of power a file may end in zeros that were never written.
        let unwritten = bytes.iter().all(|byte| *byte == 0);
        return Err(if unwritten {
            Broken::Torn
        } else {
            Broken::Checksum
        });
    }
    let revision = u64::from(number(8)) | u64::from(number(12)) << 32;
    let length = number(0) as usize;
    if length > MAX_PAYLOAD {
        return Err(Broken::Content);
    }
    let payload = bytes.get(HEADER..HEADER + length).ok_or(Broken::Torn)?;
    if checksum(payload) != number(4) {
        return Err(Broken::Checksum);
    }
    let entry = entry(payload, revision)?;
    Ok(Some((revision, entry, HEADER + length)))
}

fn entry(payload: &[u8], revision: u64) -> Result<Entry, Broken> {
    let (operation, rest) = payload.split_first().ok_or(Broken::Content)?;
    if *operation == END {
        return Ok(Entry::End);
    }
    let (key, body) = split_key(rest).ok_or(Broken::Content)?;
    let is_sealed = match *operation {
        DELETE => return Ok(Entry::Delete(key)),
        PUT => false,
        PUT_SEALED => true,
        _ => return Err(Broken::Content),
    };
    let body = Body {
        revision,
        is_sealed,
        bytes: body.to_vec(),
    };
    Ok(Entry::Put(key, body))
}

fn split_key(bytes: &[u8]) -> Option<(Key, &[u8])> {
    let mut parts = bytes.splitn(5, |byte| *byte == 0);
    let mut text = || Some(std::str::from_utf8(parts.next()?).ok()?.to_owned());
    let (group, resource, namespace, name) = (text()?, text()?, text()?, text()?);
    let body = parts.next()?;
    let key = Key {
        resource: GroupResource::new(group, resource),
        namespace,
        name,
    };
    Some((key, body))
}
