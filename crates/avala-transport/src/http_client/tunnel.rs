//! Tunnels through an HTTP proxy with `CONNECT` (RFC 9110, section 9.3.6).

use std::io;

use http::{HeaderValue, StatusCode, Uri};
use tokio::net::TcpStream;

/// Maximum number of bytes that a proxy may send before the tunnel is open, including interim responses.
const MOST_HEADERS: usize = 64 * 1024;

/// Reason why the proxy opened no tunnel.
#[derive(Debug, thiserror::Error)]
pub(super) enum TunnelError {
    #[error("the connection to the proxy was lost")]
    Io(#[from] io::Error),
    #[error("the target has no host")]
    NoHost,
    #[error("the connection was closed inside the response")]
    Closed,
    #[error("the response is not HTTP")]
    NotHttp,
    #[error("the response headers exceed {MOST_HEADERS} bytes")]
    TooLong,
    #[error("status {0}")]
    Refused(StatusCode),
}

/// Requests a tunnel to `target` from the proxy at the other end of `stream`.
///
/// Any 2xx opens the tunnel, which starts directly after the headers: `Content-Length` and `Transfer-Encoding` have no
/// meaning there. Interim responses are skipped. Any other status is a refusal as soon as its line is complete.
pub(super) async fn tunnel(stream: &TcpStream, target: &Uri, auth: Option<&HeaderValue>) -> Result<(), TunnelError> {
    let host = target.host().ok_or(TunnelError::NoHost)?;
    let port = target.port_u16().unwrap_or(443);
    let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n").into_bytes();
    if let Some(auth) = auth {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(auth.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    write_all(stream, &request).await?;

    let mut lines = Lines { stream, read: 0 };
    loop {
        let status = lines.status().await?;
        if status.is_success() {
            return lines.skip_headers().await;
        }
        if !status.is_informational() || status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(TunnelError::Refused(status));
        }
        lines.skip_headers().await?;
    }
}

async fn write_all(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads line by line and never past the headers: all bytes after them belong to the tunnel.
struct Lines<'a> {
    stream: &'a TcpStream,
    read: usize,
}

impl Lines<'_> {
    async fn status(&mut self) -> Result<StatusCode, TunnelError> {
        let mut line = self.line(true).await?;
        // Skips empty lines that may be left from an earlier response, as other clients do.
        while line.is_empty() {
            line = self.line(true).await?;
        }
        let code = line.strip_prefix(b"HTTP/1.").and_then(|rest| {
            let mut words = rest.splitn(3, |byte| *byte == b' ');
            let minor = words.next()?;
            (minor.len() == 1 && minor[0].is_ascii_digit()).then(|| words.next())?
        });
        code.and_then(|code| StatusCode::from_bytes(code).ok()).ok_or(TunnelError::NotHttp)
    }

    async fn skip_headers(&mut self) -> Result<(), TunnelError> {
        while !self.line(false).await?.is_empty() {}
        Ok(())
    }

    /// Returns the next line without its end. Fails at the first byte that cannot be part of a status line.
    async fn line(&mut self, is_status: bool) -> Result<Vec<u8>, TunnelError> {
        let mut line = Vec::new();
        loop {
            let mut peeked = [0; 1024];
            let size = self.stream.peek(&mut peeked).await?;
            let seen = peeked.get(..size).unwrap_or_default();
            let end = seen.iter().position(|byte| *byte == b'\n');
            let wanted = end.map_or(size, |end| end + 1);
            // The peeked bytes are available: only this code reads from the connection.
            let taken = self.stream.try_read(peeked.get_mut(..wanted).unwrap_or_default())?;
            if taken == 0 {
                return Err(TunnelError::Closed);
            }
            self.read += taken;
            line.extend_from_slice(peeked.get(..taken).unwrap_or_default());
            if is_status && !begins_like_http(&line) {
                return Err(TunnelError::NotHttp);
            }
            if self.read > MOST_HEADERS {
                return Err(TunnelError::TooLong);
            }
            if line.last() == Some(&b'\n') {
                line.pop();
                line.pop_if(|byte| *byte == b'\r');
                return Ok(line);
            }
        }
    }
}

fn begins_like_http(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    line.iter().zip(b"HTTP/1.").all(|(byte, expected)| byte == expected)
}
