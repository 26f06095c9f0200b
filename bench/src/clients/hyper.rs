//! A bare hyper connection, without a pool.

use ::hyper::client::conn::http1::{SendRequest, handshake};
use ::hyper_util::rt::TokioIo;
use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, HeaderValue, Request};
use http_body_util::{BodyExt as _, Empty};
use tokio::net::TcpStream;

use crate::BoxError;
use crate::fetch::{Fetch, headers};

/// A connection.
#[derive(Debug)]
pub struct Connection {
    sender: SendRequest<Empty<Bytes>>,
    headers: HeaderMap,
}

impl Connection {
    /// Connects to the server.
    ///
    /// # Errors
    /// Fails if the server is not reachable.
    pub async fn open(port: u16) -> Result<Self, BoxError> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // The sender reports connection errors too.
        drop(tokio::spawn(connection));
        let mut headers = headers();
        headers.insert(HOST, HeaderValue::try_from(format!("127.0.0.1:{port}"))?);
        Ok(Self { sender, headers })
    }
}

impl Fetch for Connection {
    async fn fetch(&mut self, path: &str) -> Result<Bytes, BoxError> {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = path.parse()?;
        *request.headers_mut() = self.headers.clone();
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        if !response.status().is_success() {
            return Err(response.status().to_string().into());
        }
        Ok(response.into_body().collect().await?.to_bytes())
    }
}
