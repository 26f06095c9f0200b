//! Connections.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
#[cfg(feature = "tls")]
use tokio::time::timeout;

use crate::pipeline::Pipeline;
#[cfg(feature = "tls")]
use crate::protocol::HEAD_TIMEOUT;
use crate::protocol::{MAX_HEAD_BYTES, MAX_HEADERS};
use crate::unread_head::WithBodies;
use crate::webhook::DeliveryWorker;

/// Accepts connections and delivers webhooks until the task is aborted, and all of them with it.
///
/// This is hyper and not `axum::serve` because a fault has to be able to close a connection without a response.
pub(crate) async fn run(listener: TcpListener, pipeline: Arc<Pipeline>, worker: DeliveryWorker, tls: Tls) {
    let mut deliveries = JoinSet::new();
    deliveries.spawn(worker.run());
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(accept(stream, Arc::clone(&pipeline), tls.clone()));
            }
            // The process may be out of file handles; they come back when connections end.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

/// How the API is served: in plain text, or over TLS.
#[derive(Clone)]
pub(crate) enum Tls {
    Off,
    #[cfg(feature = "tls")]
    On(tokio_rustls::TlsAcceptor),
}

async fn accept(stream: TcpStream, pipeline: Arc<Pipeline>, tls: Tls) -> io::Result<()> {
    stream.set_nodelay(true)?;
    match tls {
        Tls::Off => serve(stream, pipeline).await,
        #[cfg(feature = "tls")]
        Tls::On(acceptor) => serve(timeout(HEAD_TIMEOUT, acceptor.accept(stream)).await??, pipeline).await,
    }
}

/// Serves the requests of one connection.
pub(crate) async fn serve<S>(stream: S, pipeline: Arc<Pipeline>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let service = service_fn(|request| {
        let pipeline = Arc::clone(&pipeline);
        async move { pipeline.response(request).await }
    });
    // No limit on how long a connection may be idle: clients keep theirs in pools.
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        // The pipeline writes the date of the sandbox's clock, unless a fault removes it.
        .auto_date_header(false)
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(WithBodies::new(stream)), service);
    connection.await.map_err(io::Error::other)
}
