//! Connect timeout.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Uri};
use hyper_util::client::legacy::connect::{CaptureConnection, Connection, capture_connection};
use tokio::time::{Instant, Sleep, sleep_until};
use tower::BoxError;
use tower::Service;

use crate::context::options::CallOptions;

/// Connect timeout over name lookup, TCP and TLS; the connector's own timeout covers TCP only.
#[derive(Debug, Clone)]
pub(super) struct ConnectTimeout<C> {
    connector: C,
    timeout: Duration,
    /// Set by the first connection that uses HTTP/2.
    speaks_http2: Arc<AtomicBool>,
}

impl<C> ConnectTimeout<C> {
    pub(super) fn new(connector: C, timeout: Duration, speaks_http2: Arc<AtomicBool>) -> Self {
        Self { connector, timeout, speaks_http2 }
    }
}

impl<C> Service<Uri> for ConnectTimeout<C>
where
    C: Service<Uri>,
    C::Response: Connection,
    C::Error: Into<BoxError>,
    C::Future: Send + 'static,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let connecting = self.connector.call(target);
        let timeout = self.timeout;
        let speaks_http2 = Arc::clone(&self.speaks_http2);
        Box::pin(async move {
            let connected = tokio::time::timeout(timeout, connecting).await;
            let connection = connected.map_err(|_| ConnectTimedOut(timeout))?.map_err(Into::into)?;
            if connection.connected().is_negotiated_h2() {
                speaks_http2.store(true, Ordering::Relaxed);
            }
            Ok(connection)
        })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("no connection after {0:?}")]
pub(super) struct ConnectTimedOut(Duration);

/// Connect timeout of one call.
///
/// Runs above the pool, so that it also covers waiting for a connection that another call opens.
#[derive(Debug)]
pub(super) struct Connecting {
    connection: CaptureConnection,
    sleep: Pin<Box<Sleep>>,
}

impl Connecting {
    /// Starts the timeout; `None` for a call without one, at no cost.
    pub(super) fn start<B>(request: &mut Request<B>) -> Option<Self> {
        let timeout = request.extensions().get::<CallOptions>()?.connect_timeout?;
        let end = Instant::now().checked_add(timeout)?;
        Some(Self { connection: capture_connection(request), sleep: Box::pin(sleep_until(end)) })
    }

    /// Returns whether the call got a connection, which ends the timeout.
    pub(super) fn is_done(&self) -> bool {
        self.connection.connection_metadata().is_some()
    }

    /// Ready when the timeout has elapsed.
    pub(super) fn poll_timeout(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.sleep.as_mut().poll(cx)
    }
}
