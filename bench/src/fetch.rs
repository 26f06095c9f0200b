//! A client that knows HTTP and nothing of the API: it fetches bytes.

use bytes::Bytes;
use http::header::{ACCEPT, HeaderName, USER_AGENT};
use http::{HeaderMap, HeaderValue};

use crate::BoxError;

/// Where the API is below the server's address.
pub const PREFIX: &str = "/api/v1";

/// Something that fetches the body of an answer. Each worker has its own.
pub trait Fetch: Send + 'static {
    /// Gets what is at a path, which starts with a slash.
    fn fetch(&mut self, path: &str) -> impl Future<Output = Result<Bytes, BoxError>> + Send;
}

/// The headers that the SDK sends too.
#[must_use]
pub fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static("avala-bench/0"));
    headers.insert(HeaderName::from_static("x-avala-api-key"), HeaderValue::from_static("avk_bench"));
    headers
}
