//! Opens TCP connections, through a proxy if configured.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{StatusCode, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower::BoxError;
use tower::{Service, ServiceExt};

use super::tunnel::{TunnelError, tunnel};
use crate::error::{cause, find_in_chain};
use crate::proxy::Proxy;
use crate::proxy::Rules;

/// Connects to the server, or requests a tunnel to it from a proxy.
#[derive(Debug, Clone)]
pub(super) struct Dial {
    tcp: HttpConnector,
    rules: Arc<Rules>,
}

impl Dial {
    pub(super) fn new(tcp: HttpConnector, proxy: &Proxy) -> Self {
        Self { tcp, rules: Arc::new(proxy.rules()) }
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
        let Some(proxy) = self.rules.intercept(&target) else {
            let connecting = self.tcp.call(target);
            return Box::pin(async move { Ok(connecting.await?) });
        };
        let tcp = self.tcp.clone();
        Box::pin(async move {
            let address = proxy.uri().authority().map(ToString::to_string).unwrap_or_default();
            let stream = match tcp.oneshot(proxy.uri().clone()).await {
                Ok(stream) => stream.into_inner(),
                Err(error) => return Err(NoTunnel { address, source: error.into() }.into()),
            };
            match tunnel(&stream, &target, proxy.basic_auth()).await {
                Ok(()) => Ok(TokioIo::new(stream)),
                Err(source @ TunnelError::Refused(StatusCode::PROXY_AUTHENTICATION_REQUIRED)) => {
                    Err(ProxyRefused { address, source: source.into() }.into())
                }
                Err(source) => Err(NoTunnel { address, source: source.into() }.into()),
            }
        })
    }
}

/// Error that names the proxy, without its credentials: only the server's address would be misleading.
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
            None => write!(f, "proxy {address} refused the tunnel: {}", cause(&**source)),
        }
    }
}

/// The proxy responded 407. A retry would get the same response.
#[derive(Debug, thiserror::Error)]
#[error("proxy {address} rejected the credentials (407); put its user and password into its URL")]
pub(super) struct ProxyRefused {
    address: String,
    source: BoxError,
}
