//! A scripted server for downloads, and its clients.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use avala_client::Avala;
use avala_transfer::{Transfers, TransfersBuilder};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Request that the server received. Names of headers are in lower case.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path with its query.
    pub(crate) target: String,
    pub(crate) headers: HashMap<String, String>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }

    /// Returns the requested range, with an exclusive end.
    pub(crate) fn range(&self) -> Option<(usize, usize)> {
        let (start, last) = self.header("range")?.strip_prefix("bytes=")?.split_once('-')?;
        Some((start.parse().ok()?, last.parse::<usize>().ok()? + 1))
    }
}

/// Response of a script.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    has_length: bool,
    cut_at: Option<usize>,
    hangs: bool,
    /// Gate that the rest of the body waits for.
    gate: Option<Arc<Semaphore>>,
}

impl Response {
    pub(crate) fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), has_length: true, cut_at: None, hangs: false, gate: None }
    }

    pub(crate) fn json(value: &serde_json::Value) -> Self {
        Self::new(200).header("content-type", "application/json").body(value.to_string())
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Ends the body with the connection instead of announcing its length.
    pub(crate) fn without_length(mut self) -> Self {
        self.has_length = false;
        self
    }

    /// Closes the connection after this many bytes of the body.
    pub(crate) fn cut_at(mut self, bytes: usize) -> Self {
        self.cut_at = Some(bytes);
        self
    }

    /// Sends the body from this byte onward when the gate has a permit.
    pub(crate) fn rest_after(mut self, bytes: usize, gate: &Arc<Semaphore>) -> Self {
        (self.cut_at, self.gate) = (Some(bytes), Some(Arc::clone(gate)));
        self
    }

    /// Sends nothing more after the cut and keeps the connection open.
    pub(crate) fn then_hang(mut self) -> Self {
        self.hangs = true;
        self
    }
}

/// Serves content with an entity tag, as a correct storage host does.
pub(crate) fn serve(request: &Request, content: &[u8], etag: Option<&str>) -> Response {
    let tagged = |response: Response| match etag {
        Some(etag) => response.header("etag", etag),
        None => response,
    };
    let is_current = request.header("if-range").is_none_or(|tag| Some(tag) == etag);
    match request.range().filter(|_| is_current) {
        Some((start, _)) if start >= content.len() => {
            tagged(Response::new(416)).header("content-range", &format!("bytes */{}", content.len()))
        }
        Some((start, end)) => {
            let end = end.min(content.len());
            let range = format!("bytes {start}-{}/{}", end - 1, content.len());
            tagged(Response::new(206)).header("content-range", &range).body(&content[start..end])
        }
        None => tagged(Response::new(200)).body(content),
    }
}

type Handler = dyn Fn(&Request) -> Response + Send + Sync;

/// Server on a loopback port. Stops when it is dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<Request>>>,
    open: Arc<AtomicUsize>,
    most_open: Arc<AtomicUsize>,
    sent: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(handler: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (open, most_open) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let handler: Arc<Handler> = Arc::new(handler);
        let (seen, counter, most) = (Arc::clone(&requests), Arc::clone(&open), Arc::clone(&most_open));
        let sent = Arc::<AtomicUsize>::default();
        let total = Arc::clone(&sent);
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                let (handler, seen) = (Arc::clone(&handler), Arc::clone(&seen));
                let (counter, most, total) = (Arc::clone(&counter), Arc::clone(&most), Arc::clone(&total));
                connections.spawn(async move {
                    let _ = Box::pin(converse(stream, &*handler, &seen, (&counter, &most, &total))).await;
                });
            }
        });
        Self { url, requests, open, most_open, sent, task }
    }

    /// Requests for paths that begin with `prefix`.
    pub(crate) fn requests(&self, prefix: &str) -> Vec<Request> {
        let requests = self.requests.lock().unwrap();
        requests.iter().filter(|request| request.target.starts_with(prefix)).cloned().collect()
    }

    /// Returns the maximum number of concurrent responses for paths below `/files/`.
    pub(crate) fn most_at_once(&self) -> usize {
        self.most_open.load(Ordering::SeqCst)
    }

    /// Returns how many bytes the bodies for paths below `/files/` had, whether or not all of them were taken.
    pub(crate) fn sent(&self) -> usize {
        self.sent.load(Ordering::SeqCst)
    }

    pub(crate) fn transfers(&self, state: &Path) -> Transfers {
        self.builder(state).build().unwrap()
    }

    pub(crate) fn builder(&self, state: &Path) -> TransfersBuilder {
        builder(&format!("{}/api/v1", self.url), state)
    }
}

pub(crate) fn builder(api: &str, state: &Path) -> TransfersBuilder {
    let avala = Avala::builder().api_key("avk_test").base_url(api).allow_insecure_base_url(true).build().unwrap();
    Transfers::builder(avala).state_folder(state)
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
        let _ = self.open.load(Ordering::SeqCst);
    }
}

async fn converse(
    mut stream: TcpStream,
    handler: &Handler,
    seen: &Mutex<Vec<Request>>,
    (open, most, total): (&AtomicUsize, &AtomicUsize, &AtomicUsize),
) -> io::Result<()> {
    let mut buffer = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            let mut chunk = [0; 8192];
            let count = stream.read(&mut chunk).await?;
            if count == 0 {
                return Ok(());
            }
            buffer.extend_from_slice(&chunk[..count]);
        };
        let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
        buffer.drain(..end);
        let mut lines = head.split("\r\n");
        let mut first = lines.next().unwrap_or_default().split(' ');
        let (method, target) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
        let headers: HashMap<_, _> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length: usize = headers.get("content-length").map_or(0, |value| value.parse().unwrap());
        while buffer.len() < length {
            let mut chunk = [0; 8192];
            let count = stream.read(&mut chunk).await?;
            if count == 0 {
                return Ok(());
            }
            buffer.extend_from_slice(&chunk[..count]);
        }
        buffer.drain(..length);
        let request = Request { method: method.to_owned(), target: target.to_owned(), headers };
        seen.lock().unwrap().push(request.clone());
        let response = handler(&request);
        let counts = request.path().starts_with("/files/");
        if counts {
            most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            total.fetch_add(response.cut_at.unwrap_or(usize::MAX).min(response.body.len()), Ordering::SeqCst);
        }
        let keeps = respond(&mut stream, &response).await;
        if counts {
            open.fetch_sub(1, Ordering::SeqCst);
        }
        if !keeps? {
            return stream.shutdown().await;
        }
    }
}

/// Sends a response, and returns whether the connection can be used again.
async fn respond(stream: &mut TcpStream, response: &Response) -> io::Result<bool> {
    let mut head = format!("HTTP/1.1 {} X\r\n", response.status);
    if response.has_length {
        head.push_str(&format!("content-length: {}\r\n", response.body.len()));
    } else {
        head.push_str("connection: close\r\n");
    }
    for (name, value) in &response.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await?;
    let sent = response.cut_at.unwrap_or(response.body.len()).min(response.body.len());
    stream.write_all(&response.body[..sent]).await?;
    if let Some(gate) = &response.gate {
        let _permit = gate.acquire().await.unwrap();
        stream.write_all(&response.body[sent..]).await?;
        return Ok(true);
    }
    if response.hangs {
        std::future::pending::<()>().await;
    }
    Ok(response.cut_at.is_none() && response.has_length)
}

/// Returns bytes that differ at every position and between seeds.
pub(crate) fn content(length: usize, seed: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut bytes = vec![0; length];
    random.fill(&mut bytes);
    bytes
}

/// Handles the API of one export whose file is at `/files/e`.
pub(crate) fn export(request: &Request, url: &str) -> Option<Response> {
    request.path().starts_with("/api/v1/exports/e1/").then(|| {
        Response::json(
            &serde_json::json!({"uid": "e1", "status": "exported", "download_url": format!("{url}/files/e")}),
        )
    })
}

/// Returns the base URL under which the client reached the server.
pub(crate) fn origin(request: &Request) -> String {
    format!("http://{}", request.header("host").unwrap())
}

/// Returns the names of all files below a folder, sorted.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(at).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                found.push(entry.path().strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}
