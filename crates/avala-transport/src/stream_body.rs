//! Request body that a stream of known length produces.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower::BoxError;

/// Error of a source that does not have the length that was announced.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WrongLength {
    #[error("the request body ended {missing} bytes before its announced length of {length} bytes")]
    TooShort { length: u64, missing: u64 },
    #[error("the request body continues after its announced length of {length} bytes")]
    TooLong { length: u64 },
}

pin_project! {
    /// Body of a stream that must have exactly the announced length.
    pub(crate) struct StreamBody<S> {
        #[pin]
        stream: S,
        length: u64,
        left: u64,
        done: bool,
    }
}

impl<S> StreamBody<S> {
    pub(crate) fn new(stream: S, length: u64) -> Self {
        Self { stream, length, left: length, done: false }
    }
}

impl<S, E> Body for StreamBody<S>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut this = self.project();
        if *this.done {
            return Poll::Ready(None);
        }
        let result = match ready!(this.stream.as_mut().poll_next(cx)) {
            Some(Ok(chunk)) => match this.left.checked_sub(chunk.len() as u64) {
                Some(left) => {
                    *this.left = left;
                    return Poll::Ready(Some(Ok(Frame::data(chunk))));
                }
                None => Err(WrongLength::TooLong { length: *this.length }.into()),
            },
            Some(Err(error)) => Err(error.into()),
            None if *this.left == 0 => Ok(()),
            None => Err(WrongLength::TooShort { length: *this.length, missing: *this.left }.into()),
        };
        *this.done = true;
        Poll::Ready(result.err().map(Err))
    }

    fn is_end_stream(&self) -> bool {
        self.done || self.length == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
