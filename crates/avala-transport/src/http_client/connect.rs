//! The time for making a connection.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Uri};
use hyper_util::client::legacy::connect::{CaptureConnection, Connection, capture_connection};
use tokio::time::{Instant, Sleep, sleep_until};
use tower::Service;

use crate::BoxError;
use crate::context::CallOptions;

/// Counts name lookup, TCP and TLS together; the connector's own timeout counts TCP alone.
#[derive(Debug, Clone)]
pub(super) struct ConnectTimeout<C> {
    connector: C,
    timeout: Duration,
    /// Turned on by the first connection that speaks HTTP/2.
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

/// Waits for the connection of a call that has a time of its own for it.
///
/// Above the pool, so that it also counts the time in which the pool waits for a connection that another call made.
#[derive(Debug)]
pub(super) struct Connecting {
    connection: CaptureConnection,
    sleep: Pin<Box<Sleep>>,
}

impl Connecting {
    /// `None` for a call without such a time, which costs it nothing.
    pub(super) fn start<B>(request: &mut Request<B>) -> Option<Self> {
        let timeout = request.extensions().get::<CallOptions>()?.connect_timeout?;
        let end = Instant::now().checked_add(timeout)?;
        Some(Self { connection: capture_connection(request), sleep: Box::pin(sleep_until(end)) })
    }

    /// Whether the call was given a connection, so that its time does not count any more.
    pub(super) fn is_done(&self) -> bool {
        self.connection.connection_metadata().is_some()
    }

    /// Ready when the time is over.
    pub(super) fn poll_timeout(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.sleep.as_mut().poll(cx)
    }
}
