//! The body of a response, which may end too early.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// A body that is sent whole, or cut.
pub(crate) struct ResponseBody {
    data: Option<Bytes>,
    ending: Ending,
}

#[derive(PartialEq)]
enum Ending {
    Whole,
    /// What was written so far still has to leave the buffer of the connection.
    Flush,
    Cut,
}

impl ResponseBody {
    pub(crate) fn whole(data: Bytes) -> Self {
        Self { data: Some(data), ending: Ending::Whole }
    }

    /// The start of a body; then the connection is closed.
    pub(crate) fn cut(start: Bytes) -> Self {
        Self { data: Some(start), ending: Ending::Flush }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(data) = self.data.take().filter(|data| !data.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        match self.ending {
            Ending::Whole => Poll::Ready(None),
            Ending::Flush => {
                // hyper writes its buffer out when the body has nothing to give, and throws it away on an error.
                self.ending = Ending::Cut;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Ending::Cut => Poll::Ready(Some(Err(io::Error::other("cut by a fault")))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.data {
            Some(data) if self.ending == Ending::Whole => SizeHint::with_exact(data.len() as u64),
            _ => SizeHint::default(),
        }
    }
}
