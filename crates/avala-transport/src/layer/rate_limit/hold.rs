//! Holds the permit of a shared store while a streamed response is read.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use http_body::{Body as _, Frame, SizeHint};
use tower::BoxError;

use super::store::Grant;
use crate::body::Body;

/// Keeps the grant of a stream until it is read or dropped.
pub(super) fn hold(response: Response<Body>, grant: Option<Grant>) -> Response<Body> {
    if grant.is_none() || response.body().as_bytes().is_some() || response.body().is_end_stream() {
        return response;
    }
    response.map(|body| Body::once(Held { body, grant }))
}

struct Held {
    body: Body,
    grant: Option<Grant>,
}

impl http_body::Body for Held {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(frame, Poll::Ready(None | Some(Err(_)))) {
            self.grant = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
