//! A server that counts calls in fixed windows, and refuses those over its limit.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

/// The header with the time of the grant of a call, in microseconds since 1970.
pub(crate) const GRANTED_AT: &str = "x-granted-at";

/// Fixed windows. The first window begins with the first call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Windows {
    pub(crate) length: Duration,
    /// Calls in each window.
    pub(crate) limit: usize,
}

/// Counts of the server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    /// When calls were granted, in seconds.
    pub(crate) granted: Vec<f64>,
    /// Calls over the limit of a window.
    pub(crate) refused: usize,
    /// Maximum number of calls in a window.
    pub(crate) fullest: usize,
    first: Option<Instant>,
    window: u128,
    used: usize,
}

impl Counts {
    /// Counts a call that arrives now. Returns how many calls the window has left; `None` if the call is refused.
    pub(crate) fn count(&mut self, now: Instant, granted: f64, windows: Windows) -> Option<usize> {
        let first = *self.first.get_or_insert(now);
        let window = (now - first).as_nanos() / windows.length.as_nanos();
        if window != self.window {
            (self.window, self.used) = (window, 0);
        }
        self.granted.push(granted);
        self.used += 1;
        self.fullest = self.fullest.max(self.used);
        let left = windows.limit.checked_sub(self.used);
        self.refused += usize::from(left.is_none());
        left
    }

    /// Returns when the calls were granted, in order.
    pub(crate) fn times(&self) -> Vec<f64> {
        let mut times = self.granted.clone();
        times.sort_by(f64::total_cmp);
        times
    }
}

/// A server of HTTP on loopback. It ends with the runtime.
pub(crate) struct CountingServer {
    pub(crate) address: SocketAddr,
    counts: Arc<Mutex<Counts>>,
}

impl CountingServer {
    pub(crate) async fn start(windows: Windows) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let counts = Arc::new(Mutex::new(Counts::default()));
        let counted = counts.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, windows, counted.clone()));
            }
        });
        Self { address, counts }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, windows: Windows, counts: Arc<Mutex<Counts>>) -> Option<()> {
    let mut buffer = Vec::new();
    loop {
        let mut part = [0; 4_096];
        let length = stream.read(&mut part).await.ok().filter(|length| *length > 0)?;
        buffer.extend_from_slice(&part[..length]);
        while let Some(end) = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
            buffer.drain(..end + 4);
            let granted = head.lines().filter_map(|line| line.split_once(": ")).find(|(name, _)| *name == GRANTED_AT);
            let micros: f64 = granted.unwrap().1.parse().unwrap();
            let left = counts.lock().unwrap().count(Instant::now(), micros / 1e6, windows);
            let status = if left.is_some() { "200 OK" } else { "429 Too Many Requests\r\nretry-after: 1" };
            let response = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(response.as_bytes()).await.ok()?;
        }
    }
}
