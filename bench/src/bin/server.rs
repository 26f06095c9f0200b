//! The benchmark server: responds from memory on loopback and prints its port.
#![expect(clippy::print_stdout, reason = "other programs read the port from standard output")]

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use avala_bench::data::{self, DATASET, ENDLESS, OWNER, PAGE_COUNT, PAGES, SEQUENCE, SLOW, SLOW_PAGE_COUNT};
use avala_bench::{BoxError, fetch::PREFIX};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpSocket;

/// Response delay of the slow list, per page.
const SLOWNESS: Duration = Duration::from_millis(20);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    // A backlog for 10,000 simultaneous connections.
    let listener = socket.listen(16_384)?;
    let port = listener.local_addr()?.port();
    let responses = Arc::new(Responses::new(port));
    println!("{port}");
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let responses = Arc::clone(&responses);
        let service = service_fn(move |request| response(Arc::clone(&responses), request));
        // A closed connection is not an error of the server.
        drop(tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service)));
    }
}

/// All response bodies, built once.
struct Responses {
    dataset: Bytes,
    sequence: Bytes,
    pages: Vec<Bytes>,
    /// Without `next` links, which are inserted per request.
    endless: Vec<Bytes>,
    slow: Vec<Bytes>,
    port: u16,
}

impl Responses {
    fn new(port: u16) -> Self {
        let list = |name: &str, count: usize| -> Vec<Bytes> {
            (0..count)
                .map(|number| {
                    let next = (number + 1 < count).then(|| link(port, name, number + 1));
                    data::page(number, next.as_deref()).into()
                })
                .collect()
        };
        Self {
            dataset: data::dataset().into(),
            sequence: data::sequence().into(),
            pages: list(PAGES, PAGE_COUNT),
            endless: (0..10).map(|number| data::page(number, None).into()).collect(),
            slow: list(SLOW, SLOW_PAGE_COUNT),
            port,
        }
    }

    async fn body(&self, uri: &Uri) -> Option<Bytes> {
        let path: Vec<&str> = uri.path().strip_prefix(PREFIX)?.trim_matches('/').split('/').collect();
        let page =
            uri.query().and_then(|query| query.strip_prefix("cursor=")).map_or(Some(0), |text| text.parse().ok());
        match path[..] {
            ["datasets", DATASET] => Some(self.dataset.clone()),
            ["datasets", OWNER, PAGES, "sequences", SEQUENCE] => Some(self.sequence.clone()),
            ["datasets", OWNER, PAGES, "items"] => self.pages.get(page?).cloned(),
            ["datasets", OWNER, ENDLESS, "items"] => self.endless_page(page?),
            ["datasets", OWNER, SLOW, "items"] => {
                tokio::time::sleep(SLOWNESS).await;
                self.slow.get(page?).cloned()
            }
            _ => None,
        }
    }

    fn endless_page(&self, number: usize) -> Option<Bytes> {
        let page = self.endless.get(number % self.endless.len())?;
        let page = page.strip_prefix(br#"{"next":null"#)?;
        let start = format!(r#"{{"next":"{}""#, link(self.port, ENDLESS, number + 1));
        Some([start.as_bytes(), page].concat().into())
    }
}

/// Returns the path of a list page.
fn link(port: u16, list: &str, page: usize) -> String {
    format!("http://127.0.0.1:{port}{PREFIX}/datasets/{OWNER}/{list}/items/?cursor={page}")
}

async fn response(responses: Arc<Responses>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = responses.body(request.uri()).await;
    let mut response = Response::new(Full::default());
    match body {
        Some(body) => *response.body_mut() = body.into(),
        None => *response.status_mut() = StatusCode::NOT_FOUND,
    }
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("x-request-id", HeaderValue::from_static("req_7d1f3a9b"));
    headers.insert("x-ratelimit-limit", HeaderValue::from_static("4000000000"));
    headers.insert("x-ratelimit-remaining", HeaderValue::from_static("3999999999"));
    headers.insert("x-ratelimit-reset", HeaderValue::from_static("1767225600"));
    Ok(response)
}
