//! Sends deliveries to targets, with their bytes and signature headers unchanged.

use std::time::Duration;

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING,
    UPGRADE,
};
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::failure::{Failure, Outcome};

/// Timeout of a delivery to a target.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Timeout of a connection in the check of the targets at the start.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// Target of deliveries.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// Only deliveries of this event; `None` for all.
    event: Option<String>,
    uri: Uri,
}

impl Target {
    /// Parses `URL` or `EVENT=URL`.
    pub(super) fn parse(text: &str) -> Outcome<Self> {
        let is_event = |name: &str| !name.is_empty() && !name.contains([':', '/']);
        let (event, url) = match text.split_once('=').filter(|(name, _)| is_event(name)) {
            Some((event, url)) => (Some(event.to_owned()), url),
            None => (None, text),
        };
        let wrong = |why: &str| {
            Failure::usage(format!("{text:?} is not a target: {why}; pass http://HOST:PORT/PATH or https://..."))
        };
        let uri: Uri = url.parse().map_err(|_| wrong("it is not a URL"))?;
        match (uri.scheme_str(), uri.authority()) {
            (Some("http" | "https"), Some(authority)) if !authority.as_str().contains('@') => Ok(Self { event, uri }),
            (Some("http" | "https"), Some(_)) => Err(wrong("it has user information, which would be sent unencrypted")),
            _ => Err(wrong("it is not http or https")),
        }
    }

    pub(super) fn wants(&self, event: &str) -> bool {
        self.event.as_deref().is_none_or(|own| own == event)
    }

    /// Returns the URL without its query, which may contain a secret.
    pub(super) fn shown(&self) -> String {
        let authority = self.uri.authority().map(ToString::to_string).unwrap_or_default();
        format!("{}://{authority}{}", self.uri.scheme_str().unwrap_or_default(), self.uri.path())
    }
}

/// Checks whether a program listens at a target.
pub(super) async fn check(target: &Target) -> Result<(), String> {
    let host = target.uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let default = if target.uri.scheme_str() == Some("https") { 443 } else { 80 };
    let port = target.uri.port_u16().unwrap_or(default);
    match tokio::time::timeout(CHECK_TIMEOUT, tokio::net::TcpStream::connect((host, port))).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no connection within {} s", CHECK_TIMEOUT.as_secs())),
    }
}

/// A client for targets, which follows no redirects.
pub(super) struct Forwarder(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl Forwarder {
    pub(super) fn new() -> Outcome<Self> {
        let provider = rustls::crypto::ring::default_provider();
        let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let config = rustls::ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()
            .map_err(|error| Failure::other(format!("TLS cannot be used: {error}")))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        let connector = HttpsConnectorBuilder::new().with_tls_config(config).https_or_http();
        Ok(Self(Client::builder(TokioExecutor::new()).build(connector.enable_http1().wrap_connector(http))))
    }

    /// Sends a delivery and returns the status of the target.
    pub(super) async fn send(&self, target: &Target, headers: &HeaderMap, body: Bytes) -> Result<StatusCode, String> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = target.uri.clone();
        *request.headers_mut() = own_headers(headers);
        match tokio::time::timeout(TIMEOUT, self.0.request(request)).await {
            Ok(Ok(response)) => Ok(response.status()),
            Ok(Err(error)) => {
                let source = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
                Err(format!("{error}{source}"))
            }
            Err(_) => Err(format!("no response within {} s", TIMEOUT.as_secs())),
        }
    }
}

/// Returns the headers of a delivery without the headers of its connection.
pub(super) fn own_headers(headers: &HeaderMap) -> HeaderMap {
    let hop = [
        CONNECTION,
        CONTENT_LENGTH,
        EXPECT,
        HOST,
        PROXY_AUTHENTICATE,
        PROXY_AUTHORIZATION,
        TE,
        TRAILER,
        TRANSFER_ENCODING,
        UPGRADE,
    ];
    let named: Vec<String> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(',').map(|name| name.trim().to_ascii_lowercase()))
        .collect();
    let mut own = HeaderMap::new();
    for (name, value) in headers {
        let is_hop = hop.contains(name)
            || name == "keep-alive"
            || name == "proxy-connection"
            || named.iter().any(|other| name.as_str() == other);
        if !is_hop {
            own.append(name.clone(), value.clone());
        }
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_have_an_optional_event() {
        let target = Target::parse("export.completed=http://127.0.0.1:1/a?token=x").ok().unwrap();
        assert!(target.wants("export.completed") && !target.wants("export.failed"));
        assert_eq!(target.shown(), "http://127.0.0.1:1/a");
        assert!(Target::parse("http://h/a?b=c").is_ok_and(|target| target.wants("anything")));
        for wrong in ["", "x", "ftp://h/", "http://user:pass@h/", "/a"] {
            assert!(Target::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn headers_of_the_connection_are_not_forwarded() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("host", "a"),
            ("content-length", "3"),
            ("connection", "close, x-hop"),
            ("x-hop", "1"),
            ("keep-alive", "1"),
            ("x-avala-webhook-signature", "ab"),
            ("content-type", "application/json"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        let mut kept: Vec<String> = own_headers(&headers).keys().map(ToString::to_string).collect();
        kept.sort();
        assert_eq!(kept, ["content-type", "x-avala-webhook-signature"]);
    }
}
