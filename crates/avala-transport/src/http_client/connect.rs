//! Connect timeout.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use tower::BoxError;
use tower::Service;

/// Connect timeout over name lookup, TCP and TLS; the connector's own timeout covers TCP only.
#[derive(Debug, Clone)]
pub(super) struct ConnectTimeout<C> {
    connector: C,
    timeout: Duration,
}

impl<C> ConnectTimeout<C> {
    pub(super) fn new(connector: C, timeout: Duration) -> Self {
        Self { connector, timeout }
    }
}

impl<C> Service<Uri> for ConnectTimeout<C>
where
    C: Service<Uri>,
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
        Box::pin(async move {
            let connected = tokio::time::timeout(timeout, connecting).await;
            connected.map_err(|_| ConnectTimedOut(timeout))?.map_err(Into::into)
        })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("no connection after {0:?}")]
pub(super) struct ConnectTimedOut(Duration);
