//! Request body that is passed to hyper.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tower::BoxError;

use crate::body::Body;

/// Request body that stores its error in a slot. Over HTTP/2, hyper resets the stream and drops the error, so that the
/// request's own error looks like a lost connection.
pub(super) struct SentBody {
    body: Body,
    failure: Option<BodyFailure>,
}

impl SentBody {
    /// Creates the body and the slot for the request's future. In-memory bodies cannot fail and have no slot.
    pub(super) fn new(body: Body) -> (Self, Option<BodyFailure>) {
        let failure = body.can_fail().then(BodyFailure::default);
        (Self { body, failure: failure.clone() }, failure)
    }

    /// Returns a second body with the same bytes and the same slot. `None` for a body that can be read only once.
    pub(super) fn try_clone(&self) -> Option<Self> {
        Some(Self { body: self.body.try_clone()?, failure: self.failure.clone() })
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

/// Slot for the error of a body.
#[derive(Debug, Clone, Default)]
pub(super) struct BodyFailure(Arc<Mutex<Option<BoxError>>>);

impl BodyFailure {
    pub(super) fn take(&self) -> Option<BoxError> {
        self.slot().take()
    }

    /// Stores the error, and returns a substitute for hyper.
    fn put(&self, error: BoxError) -> BoxError {
        *self.slot() = Some(error);
        "the request body could not be read".into()
    }

    fn slot(&self) -> MutexGuard<'_, Option<BoxError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
