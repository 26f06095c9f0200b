//! A CONNECT proxy that replaces the known hosts, with certificates of the test authority.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::authority::Authority;
use crate::known_hosts::is_known;
use crate::pipeline::Pipeline;
use crate::protocol::HEAD_TIMEOUT;
use crate::server;

/// Maximum size of the head of a CONNECT request.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// Accepts connections until the task is aborted.
pub(crate) async fn run(listener: TcpListener, authority: Arc<Authority>, pipeline: Arc<Pipeline>, api_port: u16) {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(serve(stream, Arc::clone(&authority), Arc::clone(&pipeline), api_port));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(
    mut stream: TcpStream,
    authority: Arc<Authority>,
    pipeline: Arc<Pipeline>,
    api_port: u16,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let head = timeout(HEAD_TIMEOUT, read_head(&mut stream)).await??;
    let Some((host, port)) = target(&head) else {
        return refuse(stream, "405 Method Not Allowed", "The proxy of the sandbox only takes CONNECT requests.").await;
    };
    let is_own = port == api_port && ["localhost", "127.0.0.1", "::1"].contains(&host.as_str());
    let is_served = is_own || (port == 443 && is_known(&host));
    if !is_served {
        let reason = format!("The proxy of the sandbox stands in for known hosts only, and {host}:{port} is none.");
        return refuse(stream, "403 Forbidden", &reason).await;
    }
    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    let stream = timeout(HEAD_TIMEOUT, authority.acceptor(&host)?.accept(stream)).await??;
    server::serve(stream, pipeline).await
}

/// Reads up to the empty line. A client sends nothing after it before the proxy has responded.
async fn read_head(stream: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= MAX_HEAD_BYTES {
            return Err(io::Error::other("the head of the request is too large"));
        }
        head.push(stream.read_u8().await?);
    }
    String::from_utf8(head).map_err(io::Error::other)
}

/// Returns the host, in lower case, and the port of a CONNECT request.
fn target(head: &str) -> Option<(String, u16)> {
    let authority = head.strip_prefix("CONNECT ")?.split(' ').next()?;
    let (host, port) = authority.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Some((host.to_ascii_lowercase(), port.parse().ok()?))
}

async fn refuse(mut stream: TcpStream, status: &str, reason: &str) -> io::Result<()> {
    let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", reason.len());
    stream.write_all(format!("{head}{reason}").as_bytes()).await?;
    stream.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_of_connect_is_read() {
        let target = |line: &str| target(&format!("{line} HTTP/1.1\r\n\r\n"));
        assert_eq!(target("CONNECT Storage.Googleapis.com:443"), Some(("storage.googleapis.com".to_owned(), 443)));
        assert_eq!(target("CONNECT [::1]:80"), Some(("::1".to_owned(), 80)));
        for wrong in ["GET http://x/", "CONNECT x", "CONNECT x:y", "CONNECT x:99999"] {
            assert_eq!(target(wrong), None, "{wrong}");
        }
    }
}
