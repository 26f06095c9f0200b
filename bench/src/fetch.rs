//! An HTTP client that fetches bytes and knows nothing of the API.

use bytes::Bytes;
use http::header::{ACCEPT, HeaderName, USER_AGENT};
use http::{HeaderMap, HeaderValue};

use crate::BoxError;

/// The path prefix of the API.
pub const PREFIX: &str = "/api/v1";

/// Fetches response bodies. Each worker has its own.
pub trait Fetch: Send + 'static {
    /// Gets a path, which starts with a slash.
    fn fetch(&mut self, path: &str) -> impl Future<Output = Result<Bytes, BoxError>> + Send;
}

/// Returns the headers that the SDK sends.
#[must_use]
pub fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static("avala-bench/0"));
    headers.insert(HeaderName::from_static("x-avala-api-key"), HeaderValue::from_static("avk_bench"));
    headers
}
