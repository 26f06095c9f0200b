//! Connections.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::pipeline::Pipeline;
use crate::webhook::Courier;

/// Takes connections and carries deliveries until the task is aborted, and all of them with it.
///
/// This is hyper and not `axum::serve` because a fault has to be able to close a connection without an answer.
pub(crate) async fn run(listener: TcpListener, pipeline: Arc<Pipeline>, courier: Courier) {
    let mut deliveries = JoinSet::new();
    deliveries.spawn(courier.run());
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(serve(stream, Arc::clone(&pipeline)));
            }
            // The process may be out of file handles; they come back when connections end.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, pipeline: Arc<Pipeline>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let service = service_fn(|request| {
        let pipeline = Arc::clone(&pipeline);
        async move { pipeline.answer(request).await }
    });
    // No limit on how long a connection may rest: clients keep theirs in pools.
    let connection = http1::Builder::new().header_read_timeout(None).serve_connection(TokioIo::new(stream), service);
    connection.await.map_err(io::Error::other)
}
