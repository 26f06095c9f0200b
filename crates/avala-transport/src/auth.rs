//! The API key on every request.

use std::task::{Context, Poll};

use http::header::{HeaderName, HeaderValue};
use http::{Request, Response};
use tower::{Layer, Service};

use crate::{ApiKey, Body, CallOptions, TransportError};

const API_KEY_HEADER: HeaderName = HeaderName::from_static("x-avala-api-key");

/// Puts the API key on every request, as the header `x-avala-api-key` marked as sensitive.
///
/// A header of that name that the caller set is replaced. A call whose [`CallOptions`] say `anonymous` goes without it.
#[derive(Debug, Clone)]
pub struct AuthLayer {
    key: ApiKey,
}

impl AuthLayer {
    /// A layer that adds this key.
    #[must_use]
    pub fn new(key: ApiKey) -> Self {
        Self { key }
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = Auth<S>;

    fn layer(&self, inner: S) -> Auth<S> {
        Auth { inner, value: self.key.header_value() }
    }
}

/// The service of [`AuthLayer`].
#[derive(Debug, Clone)]
pub struct Auth<S> {
    inner: S,
    value: HeaderValue,
}

impl<S> Service<Request<Body>> for Auth<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError>,
{
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> S::Future {
        let anonymous = request.extensions().get::<CallOptions>().is_some_and(|options| options.anonymous);
        if anonymous {
            request.headers_mut().remove(API_KEY_HEADER);
        } else {
            request.headers_mut().insert(API_KEY_HEADER, self.value.clone());
        }
        self.inner.call(request)
    }
}
