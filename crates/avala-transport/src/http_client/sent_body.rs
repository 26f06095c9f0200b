//! The body of a request, as hyper gets it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::BoxError;
use crate::body::Body;

/// A body that leaves the error that it fails with in a slot. Over HTTP/2 hyper resets the stream and drops the error,
/// and what it then says of the request sounds like a broken connection.
pub(super) struct SentBody {
    body: Body,
    failure: Option<BodyFailure>,
}

impl SentBody {
    /// The slot is for the future of the request. Bytes cannot fail and have none.
    pub(super) fn new(body: Body) -> (Self, Option<BodyFailure>) {
        let failure = body.can_fail().then(BodyFailure::default);
        (Self { body, failure: failure.clone() }, failure)
    }
}

impl http_body::Body for SentBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        Poll::Ready(frame.map(|result| match &self.failure {
            Some(failure) => result.map_err(|error| failure.put(error)),
            None => result,
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Where a body leaves its error.
#[derive(Debug, Clone, Default)]
pub(super) struct BodyFailure(Arc<Mutex<Option<BoxError>>>);

impl BodyFailure {
    pub(super) fn take(&self) -> Option<BoxError> {
        self.slot().take()
    }

    /// Keeps the error, and gives hyper one in its place.
    fn put(&self, error: BoxError) -> BoxError {
        *self.slot() = Some(error);
        "the body of the request could not be read".into()
    }

    fn slot(&self) -> MutexGuard<'_, Option<BoxError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
