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

/// The most bytes read from the kernel at a time: an idle connection holds little.
const PIECE: usize = 1024;

/// The most reads from the kernel per request, so that a server cannot keep the reader busy.
const MOST_PIECES: u8 = 16;

/// Counts the requests of a client. Each request gets a number; each connection stores the latest number at its last
/// write.
#[derive(Debug, Clone, Default)]
pub(super) struct RequestClock(Arc<AtomicU64>);

impl RequestClock {
    /// Begins a request and returns its number. Numbers start at 1.
    pub(super) fn begin(&self) -> u64 {
        self.0.fetch_add(1, Ordering::AcqRel).wrapping_add(1)
    }

    fn now(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// Number of the latest request when a connection last wrote. Part of the connection's [`Connected`], because TLS is
/// between the connection and its user.
#[derive(Debug, Clone, Default)]
pub(super) struct LastWrite(Arc<AtomicU64>);

impl LastWrite {
    /// Returns whether the connection wrote nothing since the request with this number began, and so nothing of that
    /// request.
    pub(super) fn is_before(&self, request: u64) -> bool {
        self.0.load(Ordering::Acquire) < request
    }

    /// Returns the number of an opened connection.
    pub(super) fn of(connected: &Connected) -> Self {
        let mut extras = http::Extensions::new();
        connected.get_extras(&mut extras);
        // Every connection comes from `CheckedConnector`, whatever TLS is around it.
        extras.remove().unwrap_or_default()
    }
}

/// Wraps the connections of a TCP connector.
#[derive(Debug, Clone)]
pub(super) struct CheckedConnector<C> {
    tcp: C,
    clock: RequestClock,
}

impl<C> CheckedConnector<C> {
    pub(super) fn new(tcp: C, clock: RequestClock) -> Self {
        Self { tcp, clock }
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
        let clock = self.clock.clone();
        Box::pin(async move {
            let stream = connecting.await.map_err(Into::into)?.into_inner();
            Ok(TokioIo::new(CheckedStream::new(stream, clock)))
        })
    }
}

/// TCP connection that asks the kernel for data instead of relying on its runtime alone.
#[derive(Debug)]
pub(super) struct CheckedStream {
    stream: TcpStream,
    clock: RequestClock,
    /// Number of the latest request when the kernel was last asked.
    checked: u64,
    /// Reads from the kernel since then.
    pieces: u8,
    last_write: LastWrite,
}

impl CheckedStream {
    fn new(stream: TcpStream, clock: RequestClock) -> Self {
        // Numbers start at 1, so a new connection asks the kernel too.
        Self { stream, clock, checked: 0, pieces: 0, last_write: LastWrite::default() }
    }

    /// Records a write before its first byte can leave.
    fn note_write(&self) {
        self.last_write.0.store(self.clock.now(), Ordering::Release);
    }

    /// Reads from the kernel. `None` if there is nothing, or the kernel was already asked since the last request began.
    fn read_from_kernel(&mut self, buf: &mut ReadBuf<'_>) -> Option<io::Result<()>> {
        let now = self.clock.now();
        if self.checked == now || buf.remaining() == 0 {
            return None;
        }
        let piece = buf.initialize_unfilled_to(buf.remaining().min(PIECE));
        let read = (&*SockRef::from(&self.stream)).read(piece);
        // Further data, or the end, may follow.
        self.pieces += 1;
        if !matches!(read, Ok(1..)) || self.pieces >= MOST_PIECES {
            self.checked = now;
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
        self.note_write();
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.note_write();
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
        Connected::new().extra(self.last_write.clone())
    }
}
