//! reqwest.

use ::reqwest::Client;
use bytes::Bytes;

use crate::BoxError;
use crate::fetch::{Fetch, headers};

/// A client; its clones share the pool.
#[derive(Clone, Debug)]
pub struct Reqwest {
    client: Client,
    port: u16,
}

impl Reqwest {
    /// Returns a client of the server.
    ///
    /// # Errors
    /// Fails if reqwest cannot be configured.
    pub fn new(port: u16) -> Result<Self, BoxError> {
        Ok(Self { client: Client::builder().default_headers(headers()).build()?, port })
    }
}

impl Fetch for Reqwest {
    async fn fetch(&mut self, path: &str) -> Result<Bytes, BoxError> {
        let response = self.client.get(format!("http://127.0.0.1:{}{path}", self.port)).send().await?;
        Ok(response.error_for_status()?.bytes().await?)
    }
}
