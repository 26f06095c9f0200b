//! The body of a request, which the sandbox may stop reading.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

/// A body that is read completely, or up to a fault.
pub(crate) struct RequestBody {
    incoming: Incoming,
    stop: Option<(u64, Stop)>,
}

/// Reaction after a number of bytes was read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stop {
    /// The connection is closed.
    Close,
    /// Nothing: the connection stays open, and nothing more is read.
    Stall,
}

impl RequestBody {
    /// Creates a body. At least one byte is always missing; an empty body ends at once.
    pub(crate) fn new(incoming: Incoming, stop: Option<(u64, Stop)>) -> Self {
        let last = incoming.size_hint().exact().map_or(u64::MAX, |length| length.saturating_sub(1));
        Self { incoming, stop: stop.map(|(after, stop)| (after.min(last), stop)) }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.stop {
            Some((0, Stop::Close)) => return Poll::Ready(Some(Err(io::Error::other("cut by a fault")))),
            Some((0, Stop::Stall)) => return Poll::Pending,
            _ => {}
        }
        let frame = ready!(Pin::new(&mut self.incoming).poll_frame(cx));
        if let (Some(Ok(frame)), Some((left, _))) = (&frame, &mut self.stop) {
            *left = left.saturating_sub(frame.data_ref().map_or(0, |data| data.len() as u64));
        }
        Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other)))
    }

    fn is_end_stream(&self) -> bool {
        self.stop.is_none() && self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
