//! A target of webhooks on this machine.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Records every POST, and responds with the given statuses; the last one is repeated.
pub(crate) struct Receiver {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
}

impl Receiver {
    pub(crate) async fn start(statuses: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks?from=avala", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        tokio::spawn(serve(listener, Arc::clone(&received), statuses));
        Self { url, received }
    }

    pub(crate) fn received(&self) -> Vec<(HeaderMap, Bytes)> {
        self.received.lock().unwrap().clone()
    }
}

async fn serve(listener: TcpListener, received: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>, statuses: &'static [u16]) {
    while let Ok((stream, _)) = listener.accept().await {
        let response = async |request: Request<Incoming>| {
            assert_eq!(request.uri(), "/hooks?from=avala");
            let headers = request.headers().clone();
            let body = request.into_body().collect().await?.to_bytes();
            let mut received = received.lock().unwrap();
            received.push((headers, body));
            let status = statuses.get(received.len() - 1).or(statuses.last()).copied().unwrap_or(200);
            let mut response = Response::new(Full::new(Bytes::from_static(b"seen")));
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            Ok::<_, hyper::Error>(response)
        };
        let connection = hyper::server::conn::http1::Builder::new();
        let _ = connection.serve_connection(TokioIo::new(stream), service_fn(response)).await;
    }
}
