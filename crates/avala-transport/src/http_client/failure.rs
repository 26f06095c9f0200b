//! Translates errors of hyper.

use std::error::Error;
use std::io;

use tower::BoxError;

use super::connect::ConnectTimedOut;
#[cfg(feature = "proxy")]
use super::dial::{NoTunnel, ProxyRefused};
use super::host_name::HostName;
use super::sent_body::BodyFailure;
use crate::error::{Sent, TimeoutPhase, TransportError, TransportErrorKind};
use crate::error::{cause, find_in_chain};
#[cfg(feature = "tls")]
use crate::redact;

/// Why a request got no response.
pub(super) enum Failure {
    /// No connection could be opened.
    Connect(BoxError),
    /// No connection was open within the connect timeout of the call.
    ConnectTimeout,
    /// A new connection ended before it accepted a request.
    Handshake(hyper::Error),
    /// The connection failed while it had the request.
    Sending {
        error: hyper::Error,
        /// Whether nothing was written to the connection since the request started, so that the server had closed it
        /// while idle. Over HTTP/2, other requests may have been written in between; then this is `false`.
        nothing_written: bool,
    },
}

impl Failure {
    /// Returns whether no connection was open in time.
    pub(super) fn is_timeout(&self) -> bool {
        match self {
            Self::ConnectTimeout => true,
            Self::Connect(error) => is_timeout(&**error),
            Self::Handshake(_) | Self::Sending { .. } => false,
        }
    }
}

/// Parts of a request that describe its failure.
pub(super) struct Target<'a> {
    pub(super) host: &'a HostName,
    /// Whether the request continues after its headers.
    pub(super) has_body: bool,
    pub(super) body_failure: Option<BodyFailure>,
}

pub(super) fn translate(failure: Failure, target: Target<'_>) -> TransportError {
    // A failure of the request body is the cause of all other errors, so it is checked first.
    if let Some(source) = target.body_failure.as_ref().and_then(BodyFailure::take) {
        return TransportError::new(TransportErrorKind::Request, "reading the request body failed while it was sent")
            .with_sent(Sent::Maybe)
            .with_source(source);
    }
    let to = target.host.to_string();
    let lost = |message| TransportError::new(TransportErrorKind::ConnectionLost, message);
    match failure {
        Failure::Connect(error) => no_connection(&*error, &to).with_source(error),
        Failure::ConnectTimeout => no_connection_in_time(&to),
        Failure::Handshake(error) => lost(unsent(&error, &to)).with_sent(Sent::No).with_source(error),
        Failure::Sending { error, nothing_written } => {
            let lost = if nothing_written || certainly_not_sent(&error) {
                lost(unsent(&error, &to)).with_sent(Sent::No)
            } else if refused_by_http2(&error, target.has_body) {
                let message = format!("{to} closed the connection before processing the request{}", because(&error));
                lost(message).with_sent(Sent::No)
            } else {
                lost(format!("the connection to {to} failed before the response was complete{}", because(&error)))
            };
            lost.with_source(error)
        }
    }
}

fn unsent(error: &hyper::Error, to: &str) -> String {
    format!("the connection to {to} was closed before the request was sent{}", because(error))
}

/// Creates the error for a request that is checked before a connection is used for it.
pub(super) fn invalid_request() -> TransportError {
    TransportError::new(TransportErrorKind::Request, "the request cannot be sent: invalid method, version or URI")
}

/// Returns the message of the library, such as `: connection refused`.
fn because(error: &(dyn Error + 'static)) -> String {
    // hyper's own message first, such as "error parsing HTTP header"; its sources, such as "invalid header value", name
    // the detail.
    let outer = find_in_chain::<hyper::Error>(error).map(ToString::to_string);
    let inner = cause(error);
    match outer {
        Some(outer) if !outer.contains(&inner) && !inner.contains(&outer) => format!(": {outer}: {inner}"),
        Some(outer) if outer.len() > inner.len() => format!(": {outer}"),
        _ if inner.is_empty() => inner,
        _ => format!(": {inner}"),
    }
}

/// Returns whether no byte of the request was written.
///
/// hyper creates "canceled" errors in four places, and all of them return the request unread: the connection was not
/// ready, had closed its queue, closed it with the request inside, or failed while the request was still queued. Any
/// other error ("incomplete message", "dispatch task is gone", an I/O error) may occur after the first byte.
fn certainly_not_sent(error: &hyper::Error) -> bool {
    find_in_chain::<hyper::Error>(error).is_some_and(hyper::Error::is_canceled)
}

/// Creates the error for a response that arrived before its request was sent: it belongs to another request.
pub(super) fn early_response(host: &HostName) -> TransportError {
    TransportError::new(
        TransportErrorKind::ConnectionLost,
        format!("{host} sent a response before the request was written"),
    )
}

/// Returns whether HTTP/2 reports that the server did not process the request (RFC 9113, section 8.7): it refused the
/// stream, or sent GOAWAY with a last stream ID below that of the request.
///
/// `h2` fails a stream with the server's GOAWAY if its ID is above the last one, or if it was not opened yet. Streams
/// up to the last ID continue, and fail with an I/O error when the connection does. But hyper also fails a stream that
/// it has just opened when the GOAWAY arrives before its next step. Another thread may have written the headers by
/// then, and this stream may be the last one. Without a body, the headers are the whole request, so the outcome is
/// unknown. With a body, the stream is reset before any of the body is sent, so no server has the whole request.
#[cfg(feature = "http2")]
fn refused_by_http2(error: &hyper::Error, has_body: bool) -> bool {
    find_in_chain::<h2::Error>(error).is_some_and(|error| {
        let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
        error.is_remote() && (refused || (has_body && error.is_go_away()))
    })
}

#[cfg(not(feature = "http2"))]
fn refused_by_http2(_error: &hyper::Error, _has_body: bool) -> bool {
    false
}

fn no_connection(error: &(dyn Error + 'static), to: &str) -> TransportError {
    if is_timeout(error) {
        return no_connection_in_time(to);
    }
    #[cfg(feature = "proxy")]
    if let Some(refused) = find_in_chain::<ProxyRefused>(error) {
        return TransportError::configuration(refused.to_string());
    }
    // Errors of TLS itself are permanent: an invalid certificate stays invalid.
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

fn no_connection_in_time(to: &str) -> TransportError {
    let message = format!("connecting to {to} timed out");
    TransportError::timeout(TimeoutPhase::Connect, message).with_sent(Sent::No)
}

fn is_timeout(error: &(dyn Error + 'static)) -> bool {
    find_in_chain::<ConnectTimedOut>(error).is_some()
        || find_in_chain::<io::Error>(error).is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
}
