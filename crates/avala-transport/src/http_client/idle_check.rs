//! Checks pooled connections before a request is written.
//!
//! A runtime notices data or a close from the server only when it polls its I/O driver. Until then hyper considers an
//! idle connection usable, even if the server closed it long ago. So the first read after a request began asks the
//! kernel. If hyper then sees the end of the connection, or bytes that belong to no request, it closes the connection
//! and returns the request unread. TLS is above this: session tickets and other records are handled there.

use std::io::{self, Read as _};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tower::{BoxError, Service};

/// Maximum number of bytes read from the kernel at a time: an idle connection holds little.
const PIECE: usize = 1024;

/// Maximum number of reads from the kernel per request, so that a server cannot keep the reader busy.
const MOST_PIECES: u8 = 16;

/// Requests and writes of one connection, in the order in which they happened.
///
/// Shared by the sender and the stream of a connection, through its [`Connected`], because TLS is between them. Each
/// connection counts for itself: with one count for all, every request would make all other connections ask the kernel.
#[derive(Debug, Clone, Default)]
pub(super) struct Activity(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// Number of the latest request.
    request: AtomicU64,
    /// Number of the latest request when the connection last wrote.
    at_last_write: AtomicU64,
}

impl Activity {
    /// Begins a request and returns its number. Numbers start at 1.
    pub(super) fn begin(&self) -> u64 {
        self.0.request.fetch_add(1, Ordering::AcqRel).wrapping_add(1)
    }

    /// Returns the number of the latest request; zero before the first.
    fn latest(&self) -> u64 {
        self.0.request.load(Ordering::Acquire)
    }

    /// Records a write. Called before its first byte can leave.
    fn note_write(&self) {
        self.0.at_last_write.store(self.latest(), Ordering::Release);
    }

    /// Returns whether the connection wrote nothing since the request with this number began, and so nothing of that
    /// request.
    pub(super) fn wrote_nothing_since(&self, request: u64) -> bool {
        self.0.at_last_write.load(Ordering::Acquire) < request
    }

    /// Returns the activity of an opened connection.
    pub(super) fn of(connected: &Connected) -> Self {
        let mut extras = http::Extensions::new();
        connected.get_extras(&mut extras);
        // Every connection comes from `CheckedConnector`, with or without TLS around it.
        extras.remove().unwrap_or_default()
    }
}

/// Wraps the connections of a TCP connector.
#[derive(Debug, Clone)]
pub(super) struct CheckedConnector<C> {
    tcp: C,
}

impl<C> CheckedConnector<C> {
    pub(super) fn new(tcp: C) -> Self {
        Self { tcp }
    }
}

impl<C> Service<Uri> for CheckedConnector<C>
where
    C: Service<Uri, Response = TokioIo<TcpStream>>,
    C::Error: Into<BoxError>,
    C::Future: Send + 'static,
{
    type Response = TokioIo<CheckedStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let connecting = self.tcp.call(target);
        Box::pin(async move {
            let stream = connecting.await.map_err(Into::into)?.into_inner();
            Ok(TokioIo::new(CheckedStream::new(stream)))
        })
    }
}

/// TCP connection that asks the kernel for data instead of relying on its runtime alone.
#[derive(Debug)]
pub(super) struct CheckedStream {
    stream: TcpStream,
    activity: Activity,
    /// Number of the latest request when the kernel was last asked.
    checked: u64,
    /// Reads from the kernel since then.
    pieces: u8,
}

impl CheckedStream {
    fn new(stream: TcpStream) -> Self {
        // Numbers start at 1, so a new connection asks the kernel too.
        Self { stream, activity: Activity::default(), checked: 0, pieces: 0 }
    }

    /// Reads from the kernel. `None` if there is nothing, or the kernel was already asked since the last request began.
    fn read_from_kernel(&mut self, buf: &mut ReadBuf<'_>) -> Option<io::Result<()>> {
        let latest = self.activity.latest();
        if self.checked == latest || buf.remaining() == 0 {
            return None;
        }
        let piece = buf.initialize_unfilled_to(buf.remaining().min(PIECE));
        let read = (&*SockRef::from(&self.stream)).read(piece);
        // Further data, or the end, may follow.
        self.pieces += 1;
        if !matches!(read, Ok(1..)) || self.pieces >= MOST_PIECES {
            self.checked = latest;
            self.pieces = 0;
        }
        match read {
            Ok(read) => {
                buf.advance(read);
                Some(Ok(()))
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

impl AsyncRead for CheckedStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // Polled first, to register the task for later data.
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Pending => self.read_from_kernel(buf).map_or(Poll::Pending, Poll::Ready),
            ready => ready,
        }
    }
}

impl AsyncWrite for CheckedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.activity.note_write();
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.activity.note_write();
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Connection for CheckedStream {
    fn connected(&self) -> Connected {
        Connected::new().extra(self.activity.clone())
    }
}
