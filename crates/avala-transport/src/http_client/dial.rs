//! TCP connections, through a proxy where that is asked for.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower::{Service, ServiceExt};

use crate::error::{cause, find_in_chain};
use crate::{BoxError, Proxy};

/// Connects to the server, or asks a proxy for a tunnel to it.
#[derive(Debug, Clone)]
pub(super) struct Dial {
    tcp: HttpConnector,
    proxies: Arc<Matcher>,
}

impl Dial {
    pub(super) fn new(tcp: HttpConnector, proxy: &Proxy) -> Self {
        Self { tcp, proxies: Arc::new(proxy.matcher()) }
    }
}

impl Service<Uri> for Dial {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let Some(proxy) = self.proxies.intercept(&target) else {
            let connecting = self.tcp.call(target);
            return Box::pin(async move { Ok(connecting.await?) });
        };
        let mut tunnel = Tunnel::new(proxy.uri().clone(), self.tcp.clone());
        if let Some(credentials) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(credentials.clone());
        }
        let address = proxy.uri().authority().map(ToString::to_string).unwrap_or_default();
        Box::pin(async move {
            tunnel.oneshot(target).await.map_err(|error| {
                if wants_credentials(&error) {
                    ProxyRefused { address, source: error.into() }.into()
                } else {
                    NoTunnel { address, source: error.into() }.into()
                }
            })
        })
    }
}

/// Names the proxy, without its credentials: the address of the server alone would mislead.
#[derive(Debug, thiserror::Error)]
pub(super) struct NoTunnel {
    address: String,
    source: BoxError,
}

impl fmt::Display for NoTunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, source } = self;
        match find_in_chain::<io::Error>(&**source) {
            Some(_) => write!(f, "the connection to proxy {address} failed: {}", cause(&**source)),
            None => write!(f, "proxy {address} refused the tunnel"),
        }
    }
}

/// The proxy responded 407, and will respond the same the next time.
#[derive(Debug, thiserror::Error)]
#[error("proxy {address} rejected the credentials (407); put its user and password into its URL")]
pub(super) struct ProxyRefused {
    address: String,
    source: BoxError,
}

/// Whether the proxy answered 407. The type of the error has no public name, so its text is the only mark; a test with
/// a real 407 finds out when that changes.
fn wants_credentials(error: &impl fmt::Display) -> bool {
    error.to_string() == "tunnel error: proxy authorization required"
}
