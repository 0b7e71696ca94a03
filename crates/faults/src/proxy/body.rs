//! The bodies of answers: whole, or not.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Bytes, Frame};
use kube::client::Body;
use tokio::sync::watch;

use super::Broken;

pub(super) type Answered = UnsyncBoxBody<Bytes, Broken>;

/// Returns all of it.
pub(super) fn whole(body: Body) -> Answered {
    body.map_err(|_| Broken).boxed_unsync()
}

/// Returns its first bytes, and breaks off then.
pub(super) async fn truncated(body: Body, length: usize) -> Result<Answered, Broken> {
    let mut bytes = body.collect().await.map_err(|_| Broken)?.to_bytes();
    bytes.truncate(length);
    let frames = stream::iter([Ok(Frame::data(bytes)), Err(Broken)]);
    Ok(StreamBody::new(frames).boxed_unsync())
}

/// Returns what comes until the watches are cut.
pub(super) fn until_cut(body: Body, mut cuts: watch::Receiver<usize>) -> Answered {
    let frames = body
        .into_data_stream()
        .map_ok(Frame::data)
        .map_err(|_| Broken);
    let cut = Box::pin(async move { drop(cuts.changed().await) });
    StreamBody::new(frames.take_until(cut)).boxed_unsync()
}
