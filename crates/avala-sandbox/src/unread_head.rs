//! JSON for requests whose head hyper does not read.
//!
//! hyper itself responds to a head that is too large or malformed: with a status and without a body, before any service
//! is called. Clients of the API expect JSON with every status, so the response is replaced when it is written to the
//! socket.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::StatusCode;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use crate::protocol::{HEAD_TIMEOUT, MAX_DRAINED_BYTES, MAX_HEAD_BYTES, MAX_HEADERS};

/// A connection on which hyper's own responses have a body.
pub(crate) struct WithBodies<S> {
    stream: S,
    /// The response instead of hyper's, and how much of it is written. It is the last one of its connection.
    replaced: Option<(Vec<u8>, usize)>,
    is_closed: bool,
    drained: u64,
    /// The end of draining, once it has started.
    drain_end: Option<Pin<Box<Sleep>>>,
}

impl<S> WithBodies<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, replaced: None, is_closed: false, drained: 0, drain_end: None }
    }
}

impl<S: AsyncWrite + Unpin> WithBodies<S> {
    fn poll_replaced(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some((response, written)) = &mut self.replaced
            && let Some(rest) = response.get(*written..).filter(|rest| !rest.is_empty())
        {
            match ready!(Pin::new(&mut self.stream).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => *written += count,
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> WithBodies<S> {
    /// Reads the rest of the request: closing a socket with unread bytes resets it, and the response is lost. There
    /// is a limit to that, in bytes and in time.
    fn poll_drained(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let end = self.drain_end.get_or_insert_with(|| Box::pin(sleep(HEAD_TIMEOUT)));
        let mut space = [0; 8 * 1024];
        while self.drained < MAX_DRAINED_BYTES && end.as_mut().poll(cx).is_pending() {
            let mut buffer = ReadBuf::new(&mut space);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
            if buffer.filled().is_empty() {
                break;
            }
            self.drained += buffer.filled().len() as u64;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WithBodies<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for WithBodies<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_replaced(cx))?;
        if let Some(response) = replacement(buf) {
            self.replaced = Some((response, 0));
            return Poll::Ready(Ok(buf.len()));
        }
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match bufs.first() {
            Some(head) if self.replaced.is_some() || replacement(head).is_some() => self.poll_write(cx, head),
            _ => Pin::new(&mut self.stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_replaced(cx))?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_replaced(cx))?;
        if !self.is_closed {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            self.is_closed = true;
        }
        if self.replaced.is_some() { self.poll_drained(cx) } else { Poll::Ready(Ok(())) }
    }
}

/// Returns the response instead of one that hyper created itself. The pipeline makes none without a date.
fn replacement(written: &[u8]) -> Option<Vec<u8>> {
    let head = std::str::from_utf8(written).ok()?.strip_suffix("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status: StatusCode = lines.next()?.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok()?;
    let is_own = |line: &str| matches!(line, "connection: close" | "content-length: 0");
    if !status.is_client_error() || !lines.all(is_own) {
        return None;
    }
    let detail = match status {
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            format!("Request headers exceeded {MAX_HEAD_BYTES} bytes or {MAX_HEADERS} fields.")
        }
        StatusCode::URI_TOO_LONG => "Request URI exceeded 65,534 bytes.".to_owned(),
        _ => "Malformed request: invalid method, URI, version or header.".to_owned(),
    };
    let body = json!({ "detail": detail }).to_string();
    let reason = status.canonical_reason().unwrap_or_default();
    let head = format!("HTTP/1.1 {} {reason}\r\ncontent-type: application/json\r\n", status.as_str());
    Some(format!("{head}connection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWriteExt as _, duplex};
    use tokio::time::{Duration, Instant};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn client_that_sends_for_ever_is_cut_off() {
        let (client, server) = duplex(64);
        let mut connection = WithBodies::new(server);
        connection.replaced = Some((Vec::new(), 0));
        let (_reader, mut writer) = tokio::io::split(client);
        // One byte a second, and then none.
        tokio::spawn(async move {
            for _ in 0..10 {
                let _ = writer.write_all(b"x").await;
                sleep(Duration::from_secs(1)).await;
            }
            std::future::pending::<()>().await;
        });
        let started = Instant::now();
        connection.shutdown().await.unwrap();
        assert_eq!((started.elapsed(), connection.drained), (HEAD_TIMEOUT, 10));
    }

    #[test]
    fn only_a_bare_response_of_hyper_is_replaced() {
        let bare = "HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let replaced = String::from_utf8(replacement(bare.as_bytes()).unwrap()).unwrap();
        let (head, body) = replaced.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("431") && head.ends_with(&format!("content-length: {}", body.len())), "{replaced}");
        assert!(body.starts_with(r#"{"detail":"#), "{body}");
        for kept in [
            "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\ndate: now\r\n\r\n",
            "HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 9\r\n\r\n",
            "HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\n\r\nx",
        ] {
            assert_eq!(replacement(kept.as_bytes()), None, "{kept}");
        }
    }
}
