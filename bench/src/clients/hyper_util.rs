//! The pooled client of hyper-util.

use ::hyper_util::client::legacy::Client;
use ::hyper_util::client::legacy::connect::HttpConnector;
use ::hyper_util::rt::TokioExecutor;
use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, Empty};

use crate::BoxError;
use crate::fetch::{Fetch, headers};

/// A client; its clones share the pool.
#[derive(Clone, Debug)]
pub struct Pooled {
    client: Client<HttpConnector, Empty<Bytes>>,
    headers: HeaderMap,
    port: u16,
}

impl Pooled {
    /// Creates a client of the server.
    #[must_use]
    pub fn new(port: u16) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self { client: Client::builder(TokioExecutor::new()).build(connector), headers: headers(), port }
    }
}

impl Fetch for Pooled {
    async fn fetch(&mut self, path: &str) -> Result<Bytes, BoxError> {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = format!("http://127.0.0.1:{}{path}", self.port).parse()?;
        *request.headers_mut() = self.headers.clone();
        let response = self.client.request(request).await?;
        if !response.status().is_success() {
            return Err(response.status().to_string().into());
        }
        Ok(response.into_body().collect().await?.to_bytes())
    }
}
