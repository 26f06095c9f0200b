//! From the errors of hyper to ours.

use std::error::Error;
use std::io;

use http::uri::Authority;
use hyper_util::client::legacy;

use super::connect::ConnectTimedOut;
#[cfg(feature = "proxy")]
use super::dial::{NoTunnel, ProxyRefused};
use super::idle_check::LastWrite;
use super::sent_body::BodyFailure;
use crate::error::{Sent, TimeoutPhase, TransportError, TransportErrorKind};
use crate::error::{cause, find_in_chain};
#[cfg(feature = "tls")]
use crate::redact;

/// What is kept of a request, to tell of its failure.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) authority: Option<Authority>,
    pub(super) https: bool,
    /// Whether the headers are not the end of the request.
    pub(super) has_body: bool,
    pub(super) body_failure: Option<BodyFailure>,
    /// The number of the request on the client's clock.
    pub(super) number: u64,
}

impl Target {
    /// Host and port.
    fn name(&self) -> String {
        match &self.authority {
            Some(authority) if authority.port().is_some() => authority.to_string(),
            Some(authority) => format!("{authority}:{}", if self.https { 443 } else { 80 }),
            None => "the server".to_owned(),
        }
    }
}

pub(super) fn translate(error: legacy::Error, target: &Target) -> TransportError {
    // What the body says comes first: everything else that went wrong came of it.
    if let Some(source) = target.body_failure.as_ref().and_then(BodyFailure::take) {
        return TransportError::new(TransportErrorKind::Request, "the body of the request failed while it was sent")
            .with_sent(Sent::Maybe)
            .with_source(source);
    }
    let to = target.name();
    let translated = if error.is_connect() {
        no_connection(&error, target)
    } else if error.source().is_none() {
        // The client checks a request before it looks for a connection.
        TransportError::new(TransportErrorKind::Request, "the request cannot be sent: invalid method, version or URI")
    } else if certainly_not_sent(&error) || nothing_written(&error, target) {
        TransportError::new(
            TransportErrorKind::Connection,
            format!("the connection to {to} was closed before the request was sent{}", because(&error)),
        )
        .with_sent(Sent::No)
    } else if refused_by_http2(&error, target.has_body) {
        TransportError::new(
            TransportErrorKind::Connection,
            format!("{to} closed the connection before processing the request{}", because(&error)),
        )
        .with_sent(Sent::No)
    } else {
        TransportError::new(
            TransportErrorKind::Connection,
            format!("the connection to {to} failed before the response was complete{}", because(&error)),
        )
    };
    translated.with_source(error)
}

/// What the library says, as `: connection refused`.
fn because(error: &legacy::Error) -> String {
    // hyper's own words first, as "error parsing HTTP header"; those inside it, as "invalid header value", name the detail.
    let outer = find_in_chain::<hyper::Error>(error).map(ToString::to_string);
    let inner = cause(error);
    match outer {
        Some(outer) if !outer.contains(&inner) && !inner.contains(&outer) => format!(": {outer}: {inner}"),
        Some(outer) if outer.len() > inner.len() => format!(": {outer}"),
        _ if inner.is_empty() => inner,
        _ => format!(": {inner}"),
    }
}

/// Whether no byte of the request was written.
///
/// hyper-util notes the connection in every error of a request that it gave to one: without a note there was none, as
/// when a new connection broke in its handshake. hyper makes "canceled" errors in four places, and all of them give the
/// request back unread: the connection was not ready, had closed its queue, closed it with the request inside, or broke
/// while the request was still queued. hyper-util itself sends such a request again if its connection came from the
/// pool. Everything else ("incomplete message", "dispatch task is gone", an I/O error) may come after the first byte.
fn certainly_not_sent(error: &legacy::Error) -> bool {
    error.connect_info().is_none() || find_in_chain::<hyper::Error>(error).is_some_and(hyper::Error::is_canceled)
}

/// Whether the connection of the request was not written to since the request began: the server closed it while it was
/// idle. Over HTTP/2 other requests may have been written in between, and then nobody knows.
pub(super) fn nothing_written(error: &legacy::Error, target: &Target) -> bool {
    LastWrite::of(error).is_some_and(|last_write| last_write.is_before(target.number))
}

/// The error for a response that was there before its request: it belongs to another one.
pub(super) fn early_response(target: &Target) -> TransportError {
    TransportError::new(
        TransportErrorKind::Connection,
        format!("{} sent a response before the request was written", target.name()),
    )
}

/// Whether HTTP/2 says that the server did not process the request (RFC 9113, section 8.7): it refused the stream, or
/// it said GOAWAY and named a last stream below ours.
///
/// `h2` fails a stream with the server's GOAWAY if its id is above the last one, or if it was not opened yet. The
/// streams up to the last one go on, and fail with an I/O error when the connection does. But hyper fails one more with
/// it: a stream that it has just opened, when the GOAWAY arrives before its next step. By then another thread may have
/// written the headers, and the last stream may be this one. Without a body the headers are all of the request, so that
/// nobody can tell what became of it. With one, the stream is reset before any of its body: no server has all of it.
#[cfg(feature = "http2")]
fn refused_by_http2(error: &legacy::Error, has_body: bool) -> bool {
    find_in_chain::<h2::Error>(error).is_some_and(|error| {
        let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
        error.is_remote() && (refused || (has_body && error.is_go_away()))
    })
}

#[cfg(not(feature = "http2"))]
fn refused_by_http2(_error: &legacy::Error, _has_body: bool) -> bool {
    false
}

fn no_connection(error: &legacy::Error, target: &Target) -> TransportError {
    if is_timeout(error) {
        return no_connection_in_time(target);
    }
    #[cfg(feature = "proxy")]
    if let Some(refused) = find_in_chain::<ProxyRefused>(error) {
        return TransportError::configuration(refused.to_string());
    }
    let to = target.name();
    // Everything that TLS itself objects to lasts: a wrong certificate is wrong the next time too.
    #[cfg(feature = "tls")]
    if let Some(reason) = find_in_chain::<rustls::Error>(error) {
        let reason = redact::display(reason, 512);
        return TransportError::new(TransportErrorKind::Tls, format!("no TLS connection to {to}: {reason}"));
    }
    #[cfg(feature = "proxy")]
    if let Some(no_tunnel) = find_in_chain::<NoTunnel>(error) {
        return TransportError::new(TransportErrorKind::Connect, format!("could not connect to {to}: {no_tunnel}"));
    }
    TransportError::new(TransportErrorKind::Connect, format!("could not connect to {to}{}", because(error)))
}

pub(super) fn no_connection_in_time(target: &Target) -> TransportError {
    let message = format!("connecting to {} timed out", target.name());
    TransportError::timeout(TimeoutPhase::Connect, message).with_sent(Sent::No)
}

fn is_timeout(error: &legacy::Error) -> bool {
    find_in_chain::<ConnectTimedOut>(error).is_some()
        || find_in_chain::<io::Error>(error).is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
}
