//! A server that records requests and responds 404.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use tokio::net::TcpListener;

/// A received request.
pub(super) struct Seen {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

type Log = Arc<Mutex<Vec<Seen>>>;

pub(super) struct Recorder {
    url: String,
    log: Log,
}

impl Recorder {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let log = Log::default();
        let router = Router::new().fallback(record).with_state(Arc::clone(&log));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, log }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Returns the requests since the last call.
    pub(super) fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut self.log.lock().unwrap())
    }
}

async fn record(State(log): State<Log>, request: Request) -> (StatusCode, &'static str) {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    log.lock().unwrap().push(Seen { method: parts.method, uri: parts.uri, headers: parts.headers, body });
    (StatusCode::NOT_FOUND, r#"{"detail": "Nothing is here."}"#)
}
