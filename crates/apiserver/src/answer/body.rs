//! Bodies: all at once, or piece by piece as a watch has something to say.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::body::{Bytes, Frame, SizeHint};

/// Something that is sent piece by piece; dropped when the client goes away.
pub(crate) trait Chunks: Send + 'static {
    /// Returns the next piece and the rest; `None` at the end.
    fn next(self) -> impl Future<Output = Option<(Bytes, Self)>> + Send
    where
        Self: Sized;
}

/// A body.
pub(crate) struct Body(Kind);

enum Kind {
    Full(Option<Bytes>),
    Stream(Pin<Box<dyn Source>>),
}

/// A stream of pieces, of whatever type.
trait Source: Send {
    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Bytes>>;
}

type Step<C> = Pin<Box<dyn Future<Output = Option<(Bytes, C)>> + Send>>;

struct Steps<C>(Option<Step<C>>);

impl<C: Chunks> Source for Steps<C> {
    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let Some(step) = &mut self.0 else {
            return Poll::Ready(None);
        };
        match ready!(step.as_mut().poll(context)) {
            None => {
                self.0 = None;
                Poll::Ready(None)
            }
            Some((bytes, rest)) => {
                self.0 = Some(Box::pin(rest.next()));
                Poll::Ready(Some(bytes))
            }
        }
    }
}

impl Body {
    /// Returns a body of these bytes.
    pub(crate) fn full(bytes: impl Into<Bytes>) -> Self {
        Self(Kind::Full(Some(bytes.into())))
    }

    /// Returns a body that is sent piece by piece.
    pub(crate) fn stream<C: Chunks>(chunks: C) -> Self {
        Self(Kind::Stream(Box::pin(Steps(Some(Box::pin(chunks.next()))))))
    }

    /// Returns the body with other bytes, unless it is a stream.
    pub(crate) fn map_full(self, change: &dyn Fn(&[u8]) -> Vec<u8>) -> Self {
        match self.0 {
            Kind::Full(Some(bytes)) => Self::full(change(&bytes)),
            other => Self(other),
        }
    }

    /// Returns the size, unless it is a stream.
    pub(crate) fn size(&self) -> Option<usize> {
        match &self.0 {
            Kind::Full(bytes) => Some(bytes.as_ref().map_or(0, Bytes::len)),
            Kind::Stream(_) => None,
        }
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = match &mut self.0 {
            Kind::Full(bytes) => bytes.take(),
            Kind::Stream(source) => ready!(source.as_mut().poll_next(context)),
        };
        Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Kind::Full(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self.size() {
            Some(size) => SizeHint::with_exact(size as u64),
            None => SizeHint::default(),
        }
    }
}
