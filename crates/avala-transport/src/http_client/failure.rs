//! From the errors of hyper to ours.

use std::error::Error;
use std::io;

use http::uri::Authority;
use hyper_util::client::legacy;

use super::connect::ConnectTimedOut;
use crate::error::find_in_chain;
use crate::{BoxError, Sent, TimeoutPhase, TransportError, TransportErrorKind};

/// The caller's body failed while it was sent. Marks it apart from failures of the connection.
#[derive(Debug, thiserror::Error)]
#[error("the body of the request could not be read")]
pub(super) struct BodyFailed(#[source] pub(super) BoxError);

pub(super) fn translate(error: legacy::Error, authority: Option<&Authority>) -> TransportError {
    let to = authority.map_or("the server", Authority::as_str);
    let translated = if error.is_connect() {
        no_connection(&error, to)
    } else if error.source().is_none() {
        // The client checks a request before it looks for a connection.
        TransportError::new(
            TransportErrorKind::Request,
            "the request cannot be sent: its method, version or URI is no good",
        )
    } else if find_in_chain::<BodyFailed>(&error).is_some() {
        TransportError::new(TransportErrorKind::Request, "the body of the request failed while it was sent")
            .with_sent(Sent::Maybe)
    } else if find_in_chain::<hyper::Error>(&error).is_some_and(|error| error.is_canceled() || error.is_closed()) {
        // The pooled connection closed before it took the request.
        TransportError::new(
            TransportErrorKind::Connection,
            format!("the connection to {to} was closed before the request"),
        )
        .with_sent(Sent::No)
    } else {
        TransportError::new(
            TransportErrorKind::Connection,
            format!("the connection to {to} broke before an answer came"),
        )
    };
    translated.with_source(error)
}

fn no_connection(error: &legacy::Error, to: &str) -> TransportError {
    if is_timeout(error) {
        let message = format!("there was no connection to {to} in time");
        return TransportError::timeout(TimeoutPhase::Connect, message).with_sent(Sent::No);
    }
    // Everything that TLS itself objects to lasts: a wrong certificate is wrong the next time too.
    #[cfg(feature = "tls")]
    if find_in_chain::<rustls::Error>(error).is_some() {
        return TransportError::new(TransportErrorKind::Tls, format!("no secure connection to {to} is possible"));
    }
    TransportError::new(TransportErrorKind::Connect, format!("could not connect to {to}"))
}

fn is_timeout(error: &legacy::Error) -> bool {
    find_in_chain::<ConnectTimedOut>(error).is_some()
        || find_in_chain::<io::Error>(error).is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
}
