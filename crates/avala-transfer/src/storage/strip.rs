//! Removes credentials from requests to storage hosts.

use std::task::{Context, Poll};

use avala_transport::Body;
use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};
use http::{HeaderName, Request};
use tower::Service;

const API_KEY: HeaderName = HeaderName::from_static("x-avala-api-key");

/// Service that removes credentials from every request, below all layers of the caller.
///
/// A presigned URL is the only credential that a storage host may receive: S3 rejects requests with two credentials,
/// and another host could keep them.
#[derive(Clone, Debug)]
pub(crate) struct StripCredentials<S> {
    inner: S,
}

impl<S> StripCredentials<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S: Service<Request<Body>>> Service<Request<Body>> for StripCredentials<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> S::Future {
        for name in [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, API_KEY] {
            request.headers_mut().remove(name);
        }
        self.inner.call(request)
    }
}
