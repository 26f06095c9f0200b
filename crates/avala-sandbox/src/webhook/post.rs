//! One POST to a webhook, signed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use avala_types::Secret;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use sha2::Sha256;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::state::hex::hex;

const TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum number of bytes of a response that are kept.
const MAX_REPLY_BYTES: usize = 64 * 1024;

pub(super) struct Letter {
    pub(super) target: String,
    pub(super) event: String,
    pub(super) delivery: String,
    pub(super) secret: Secret,
    pub(super) body: String,
}

pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: String,
}

/// Reason for a delivery without a response.
pub(super) enum Failure {
    /// The target must not be contacted: no retry.
    Refused(String),
    /// The request failed.
    Unreachable(String),
}

pub(super) async fn send(letter: Letter) -> Result<Reply, Failure> {
    let (addresses, host) = loopback(&letter.target)?;
    let request = request(&letter, &host).map_err(|error| Failure::Refused(error.to_string()))?;
    match tokio::time::timeout(TIMEOUT, exchange(&addresses, request)).await {
        Ok(result) => result.map_err(Failure::Unreachable),
        Err(_) => Err(Failure::Unreachable(format!("No response within {} seconds.", TIMEOUT.as_secs()))),
    }
}

/// Returns the address of a target that is http on this machine. Other targets are not contacted.
fn loopback(target: &str) -> Result<(Vec<SocketAddr>, String), Failure> {
    let refused = || Failure::Refused("Not sent: the sandbox only calls http addresses of this machine.".to_owned());
    let uri: Uri = target.parse().map_err(|_| refused())?;
    let authority = uri.authority().filter(|_| uri.scheme_str() == Some("http")).ok_or_else(refused)?;
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let hosts = match host.parse::<IpAddr>() {
        Ok(ip) if ip.is_loopback() => vec![ip],
        Err(_) if host.eq_ignore_ascii_case("localhost") => {
            vec![IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)]
        }
        _ => return Err(refused()),
    };
    let port = authority.port_u16().unwrap_or(80);
    let addresses = hosts.into_iter().map(|host| SocketAddr::new(host, port)).collect();
    Ok((addresses, authority.as_str().to_owned()))
}

fn request(letter: &Letter, host: &str) -> http::Result<Request<Full<Bytes>>> {
    let uri: Uri = letter.target.parse()?;
    Request::post(uri.path_and_query().map_or("/", |path| path.as_str()))
        .header(header::HOST, host)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, "avala-sandbox")
        .header("x-avala-webhook-event", &letter.event)
        .header("x-avala-webhook-delivery", &letter.delivery)
        .header("x-avala-webhook-signature", signature(letter.secret.expose(), &letter.body))
        .body(Full::from(letter.body.clone()))
}

/// Returns the HMAC-SHA256 of the body under the webhook's secret, in hexadecimal.
fn signature(secret: &str, body: &str) -> String {
    // HMAC accepts keys of every length, so this cannot fail.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(body.as_bytes());
    hex(&mac.finalize().into_bytes())
}

async fn exchange(addresses: &[SocketAddr], request: Request<Full<Bytes>>) -> Result<Reply, String> {
    let stream = TcpStream::connect(addresses).await.map_err(|error| error.to_string())?;
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| error.to_string())?;
    // Aborted at the end of this function, which closes the connection.
    let mut tasks = JoinSet::new();
    tasks.spawn(connection);
    let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
    let status = response.status();
    let body = Limited::new(response.into_body(), MAX_REPLY_BYTES).collect().await;
    let body = body.map(|body| String::from_utf8_lossy(&body.to_bytes()).into_owned()).unwrap_or_default();
    Ok(Reply { status, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_on_this_machine_is_contacted() {
        for target in ["http://127.0.0.1:9/x", "http://localhost/", "http://[::1]:80/", "http://127.1.2.3:9/"] {
            assert!(loopback(target).is_ok(), "{target}");
        }
        for target in [
            "https://127.0.0.1:9/",
            "http://example.com/",
            "http://127.0.0.1.example.com/",
            "http://127.0.0.1@example.com/",
            "http://10.0.0.1/",
            "http://0.0.0.0/",
            "ftp://localhost/",
            "localhost:9",
            "",
        ] {
            assert!(loopback(target).is_err(), "{target}");
        }
    }

    #[test]
    fn a_signature_is_the_hmac_of_the_body() {
        let known = "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8";
        assert_eq!(signature("key", "The quick brown fox jumps over the lazy dog"), known);
    }
}
