//! Calls a service as soon as it is ready.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower::Service;

use crate::body::Body;
use crate::error::TransportError;

/// Calls a service: at once if it is ready, and otherwise as soon as it is.
///
/// It is like `tower::ServiceExt::oneshot`, but moves the request only once if the service is ready, which is true
/// for almost every service of a stack.
pub(crate) fn call_when_ready<S>(mut service: S, request: Request<Body>) -> WhenReady<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError>,
{
    // If it is not ready, it is polled again with the task's own waker.
    match service.poll_ready(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(())) => WhenReady { call: Some(service.call(request)), rest: None },
        Poll::Ready(Err(error)) => WhenReady { call: None, rest: Some(Rest::Failed(error)) },
        Poll::Pending => WhenReady { call: None, rest: Some(Rest::Waiting(Box::new((service, request)))) },
    }
}

pin_project! {
    /// The future of [`call_when_ready`].
    pub(crate) struct WhenReady<S: Service<Request<Body>>> {
        #[pin]
        call: Option<S::Future>,
        rest: Option<Rest<S>>,
    }
}

impl<S: Service<Request<Body>>> WhenReady<S> {
    /// Creates a future that fails without calling the service.
    pub(crate) fn failed(error: TransportError) -> Self {
        Self { call: None, rest: Some(Rest::Failed(error)) }
    }
}

enum Rest<S> {
    // Boxed, because it is rare and large.
    Waiting(Box<(S, Request<Body>)>),
    Failed(TransportError),
}

impl<S> Future for WhenReady<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError>,
{
    type Output = Result<Response<Body>, TransportError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            if let Some(call) = this.call.as_mut().as_pin_mut() {
                return call.poll(cx);
            }
            if let Some(Rest::Waiting(waiting)) = this.rest {
                ready!(waiting.0.poll_ready(cx))?;
            }
            match this.rest.take() {
                Some(Rest::Waiting(waiting)) => {
                    let (mut service, request) = *waiting;
                    this.call.set(Some(service.call(request)));
                }
                Some(Rest::Failed(error)) => return Poll::Ready(Err(error)),
                // Polled after its end.
                None => return Poll::Pending,
            }
        }
    }
}

impl<S: Service<Request<Body>>> fmt::Debug for WhenReady<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WhenReady")
    }
}

#[cfg(test)]
mod tests {
    use std::future::{Ready, ready};

    use super::*;
    use crate::error::TransportErrorKind;

    /// Is ready at the poll with this number, or fails at it.
    struct ReadyAt {
        polls_left: u32,
        fails: bool,
        is_ready: bool,
    }

    impl Service<Request<Body>> for ReadyAt {
        type Response = Response<Body>;
        type Error = TransportError;
        type Future = Ready<Result<Response<Body>, TransportError>>;

        fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
            if self.polls_left > 1 {
                self.polls_left -= 1;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if self.fails {
                return Poll::Ready(Err(TransportError::new(TransportErrorKind::Layer, "not ready")));
            }
            self.is_ready = true;
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Request<Body>) -> Self::Future {
            assert!(self.is_ready, "called before it was ready");
            ready(Ok(Response::new(Body::from("called"))))
        }
    }

    #[tokio::test]
    async fn service_is_called_once_it_is_ready() {
        for polls_left in [1, 2, 5] {
            let service = ReadyAt { polls_left, fails: false, is_ready: false };
            let response = call_when_ready(service, Request::new(Body::empty())).await.unwrap();
            assert_eq!(response.into_body().as_bytes().unwrap(), "called");
        }
    }

    #[tokio::test]
    async fn service_that_cannot_become_ready_fails_the_call() {
        for polls_left in [1, 3] {
            let service = ReadyAt { polls_left, fails: true, is_ready: false };
            let error = call_when_ready(service, Request::new(Body::empty())).await.unwrap_err();
            assert_eq!(error.kind(), TransportErrorKind::Layer);
        }
    }
}
