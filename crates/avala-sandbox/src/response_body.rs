//! The body of a response, which may end too early, stall, or have wrong bytes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body as Source;
use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};

/// A body that is sent as it is, or with a fault.
pub(crate) struct ResponseBody {
    source: Source,
    /// Number of bytes that were sent.
    sent: u64,
    /// Bytes beyond this length are dropped, and missing ones are filled in.
    length: Option<u64>,
    /// Offset of the byte that is changed.
    flipped: Option<u64>,
    ending: Ending,
}

#[derive(Clone, Copy, PartialEq)]
enum Ending {
    Whole,
    CutAfter(u64),
    StallAfter(u64),
    /// The written bytes are still in the buffer of the connection.
    Flush,
    Cut,
}

impl ResponseBody {
    pub(crate) fn whole(source: Source) -> Self {
        Self { source, sent: 0, length: None, flipped: None, ending: Ending::Whole }
    }

    /// Closes the connection after this many bytes.
    pub(crate) fn cut(source: Source, after: u64) -> Self {
        Self { ending: Ending::CutAfter(after), ..Self::whole(source) }
    }

    /// Sends nothing after this many bytes, and keeps the connection open.
    pub(crate) fn stalled(source: Source, after: u64) -> Self {
        Self { ending: Ending::StallAfter(after), ..Self::whole(source) }
    }

    /// Changes one byte.
    pub(crate) fn corrupt(source: Source, at: u64) -> Self {
        Self { flipped: Some(at), ..Self::whole(source) }
    }

    /// Cuts or pads the body to this length.
    pub(crate) fn resized(source: Source, length: u64) -> Self {
        Self { length: Some(length), ..Self::whole(source) }
    }

    /// Shortens the next bytes to what the fault allows, and changes them.
    fn pass(&mut self, mut data: Bytes) -> Bytes {
        let end = match self.ending {
            Ending::CutAfter(after) | Ending::StallAfter(after) => after,
            _ => self.length.unwrap_or(u64::MAX),
        };
        let allowed = usize::try_from(end.saturating_sub(self.sent)).unwrap_or(usize::MAX);
        data.truncate(allowed);
        let offset = self.flipped.and_then(|at| usize::try_from(at.checked_sub(self.sent)?).ok());
        if let Some(offset) = offset.filter(|offset| *offset < data.len()) {
            let mut changed = BytesMut::from(&*data);
            if let Some(byte) = changed.get_mut(offset) {
                *byte ^= 1;
            }
            data = changed.freeze();
        }
        self.sent += data.len() as u64;
        data
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.ending {
            Ending::CutAfter(after) if self.sent >= after => {
                // hyper writes its buffer when the body is pending, and drops it on an error.
                self.ending = Ending::Flush;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Ending::Flush => self.ending = Ending::Cut,
            Ending::StallAfter(after) if self.sent >= after => return Poll::Pending,
            _ => {}
        }
        if self.ending == Ending::Cut {
            return Poll::Ready(Some(Err(io::Error::other("cut by a fault"))));
        }
        if self.length.is_some_and(|length| self.sent >= length) {
            return Poll::Ready(None);
        }
        match ready!(Pin::new(&mut self.source).poll_frame(cx)) {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => {
                    let data = self.pass(data);
                    Poll::Ready(Some(Ok(Frame::data(data))))
                }
                Err(frame) => Poll::Ready(Some(Ok(frame))),
            },
            Some(Err(error)) => Poll::Ready(Some(Err(io::Error::other(error)))),
            None => match self.length.map(|length| length.saturating_sub(self.sent)) {
                None | Some(0) => Poll::Ready(None),
                Some(missing) => {
                    let count = usize::try_from(missing.min(64 * 1024)).unwrap_or_default();
                    self.sent += count as u64;
                    Poll::Ready(Some(Ok(Frame::data(vec![b'x'; count].into()))))
                }
            },
        }
    }

    fn size_hint(&self) -> SizeHint {
        match (self.ending, self.length) {
            (Ending::Whole, None) => self.source.size_hint(),
            (Ending::Whole, Some(length)) => SizeHint::with_exact(length.saturating_sub(self.sent)),
            _ => SizeHint::default(),
        }
    }
}
