//! TCP server for tests that sends scripted bytes and simulates network failures.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// Maximum number of bytes of a request head.
const LONGEST_HEAD: usize = 64 * 1024;

/// Server on a loopback port that plays a script of bytes on each connection: it can reset, stall, cut, dribble and
/// send garbage. Stops when dropped.
///
/// ```
/// use avala_transport::testing::{ByteServer, Script};
/// use avala_transport::{BaseUrl, Body, CallReport, TransportBuilder};
/// use tower::ServiceExt;
///
/// # #[cfg(feature = "hyper")] {
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// let server = ByteServer::start([
///     Script::new().request().send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").reset(),
///     Script::new().request().send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwhole"),
/// ])
/// .await?;
/// let transport = TransportBuilder::new().base_url(BaseUrl::parse_insecure_loopback(&server.url())?).build()?;
///
/// let response = transport.oneshot(http::Request::get("/datasets/").body(Body::empty())?).await?;
/// assert_eq!(response.body().as_bytes().unwrap(), "whole");
/// assert_eq!(response.extensions().get::<CallReport>().unwrap().attempts(), 2);
/// assert!(server.requests()[0].starts_with(b"GET /api/v1/datasets/ HTTP/1.1\r\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ByteServer {
    address: SocketAddr,
    log: Log,
    accepting: AbortHandle,
}

#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    connections: usize,
    open: usize,
    requests: Vec<Bytes>,
    sent: u64,
}

impl Log {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ByteServer {
    /// Starts a server that plays the n-th script on the n-th connection. Further connections are refused.
    ///
    /// # Errors
    ///
    /// If no port can be bound.
    pub async fn start(scripts: impl IntoIterator<Item = Script>) -> io::Result<Self> {
        Self::run(scripts.into_iter().collect::<Vec<_>>().into_iter()).await
    }

    /// Starts a server that plays one script on every connection.
    ///
    /// # Errors
    ///
    /// If no port can be bound.
    pub async fn always(script: Script) -> io::Result<Self> {
        Self::run(std::iter::repeat(script)).await
    }

    async fn run(scripts: impl Iterator<Item = Script> + Send + 'static) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let log = Log::default();
        let accepting = tokio::spawn(accept(listener, scripts, log.clone())).abort_handle();
        Ok(Self { address, log, accepting })
    }

    /// Returns the address that the server listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the URL of the server: `http://127.0.0.1:` and the port.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns how many connections were accepted.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.log.seen().connections
    }

    /// Returns how many connections are open, because their script has not ended.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.log.seen().open
    }

    /// Returns the bytes received for each [`request`](Script::request) of the scripts.
    #[must_use]
    pub fn requests(&self) -> Vec<Bytes> {
        self.log.seen().requests.clone()
    }

    /// Returns how many bytes were sent; fewer than the scripts have if the client closes a connection early.
    #[must_use]
    pub fn bytes_sent(&self) -> u64 {
        self.log.seen().sent
    }
}

impl Drop for ByteServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, scripts: impl Iterator<Item = Script>, log: Log) {
    let mut connections = JoinSet::new();
    for script in scripts {
        let Ok((stream, _)) = listener.accept().await else { return };
        log.seen().connections += 1;
        log.seen().open += 1;
        let log = log.clone();
        connections.spawn(async move {
            // The script fails if the client closes the connection, which is expected.
            let _ = play(script, stream, &log).await;
            log.seen().open -= 1;
        });
    }
    // Refuses new connections, and lets open ones end.
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Steps of a [`ByteServer`] on one connection. After the last step the connection is closed gracefully.
#[derive(Debug, Clone, Default)]
pub struct Script {
    acts: Vec<Act>,
}

#[derive(Debug, Clone)]
enum Act {
    Request,
    Anything,
    Send(Bytes),
    Repeat { bytes: Bytes, times: usize },
    Dribble { bytes: Bytes, pause: Duration },
    Stall,
    Reset,
}

impl Script {
    /// Creates a script that closes the connection at once.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a request: its head, and a body of its `content-length`.
    #[must_use]
    pub fn request(self) -> Self {
        self.then(Act::Request)
    }

    /// Reads until any data arrives, such as the start of a TLS handshake.
    #[must_use]
    pub fn anything(self) -> Self {
        self.then(Act::Anything)
    }

    /// Sends these bytes unchanged.
    #[must_use]
    pub fn send(self, bytes: impl Into<Bytes>) -> Self {
        self.then(Act::Send(bytes.into()))
    }

    /// Sends these bytes repeatedly, to send much data with little memory.
    #[must_use]
    pub fn repeat(self, bytes: impl Into<Bytes>, times: usize) -> Self {
        self.then(Act::Repeat { bytes: bytes.into(), times })
    }

    /// Sends these bytes one at a time, with a pause after each, by tokio's clock.
    #[must_use]
    pub fn dribble(self, bytes: impl Into<Bytes>, pause: Duration) -> Self {
        self.then(Act::Dribble { bytes: bytes.into(), pause })
    }

    /// Sends nothing, and keeps the connection open until the client closes it.
    #[must_use]
    pub fn stall(self) -> Self {
        self.then(Act::Stall)
    }

    /// Resets the connection, as a crashed machine does. The client may lose data that was sent just before.
    #[must_use]
    pub fn reset(self) -> Self {
        self.then(Act::Reset)
    }

    fn then(mut self, act: Act) -> Self {
        self.acts.push(act);
        self
    }
}

async fn play(script: Script, mut stream: TcpStream, log: &Log) -> io::Result<()> {
    stream.set_nodelay(true)?;
    for act in script.acts {
        match act {
            Act::Request => {
                let request = read_request(&mut stream).await?;
                log.seen().requests.push(request);
            }
            Act::Anything => {
                // Reads everything: unread data would turn the close into a reset.
                let _length = stream.read(&mut vec![0; 16 * 1024]).await?;
            }
            Act::Send(bytes) => write(&mut stream, &bytes, log).await?,
            Act::Repeat { bytes, times } => {
                for _ in 0..times {
                    write(&mut stream, &bytes, log).await?;
                }
            }
            Act::Dribble { bytes, pause } => {
                for byte in bytes {
                    write(&mut stream, &[byte], log).await?;
                    tokio::time::sleep(pause).await;
                }
            }
            Act::Stall => while stream.read(&mut [0; 1024]).await? > 0 {},
            Act::Reset => return stream.set_zero_linger(),
        }
    }
    stream.shutdown().await
}

async fn write(stream: &mut TcpStream, bytes: &[u8], log: &Log) -> io::Result<()> {
    stream.write_all(bytes).await?;
    log.seen().sent += bytes.len() as u64;
    Ok(())
}

async fn read_request(stream: &mut TcpStream) -> io::Result<Bytes> {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        if read.len() >= LONGEST_HEAD {
            return Err(io::Error::other("the head of the request does not end"));
        }
        read.push(stream.read_u8().await?);
    }
    let mut body = vec![0; content_length(&read)];
    stream.read_exact(&mut body).await?;
    read.append(&mut body);
    Ok(read.into())
}

fn content_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head);
    let headers = head.lines().filter_map(|line| line.split_once(':'));
    let length = headers.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    length.and_then(|(_, value)| value.trim().parse().ok()).unwrap_or(0)
}
