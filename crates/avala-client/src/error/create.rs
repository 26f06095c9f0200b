//! Creates errors of every kind.

use std::time::Duration;

use avala_transport::{Sent, TransportError, layer, redact};
use avala_types::{Cursor, Json, LinkError};
use http::header::{CONTENT_ENCODING, LOCATION};
use http::response::Parts;
use http::{HeaderMap, Uri};

use super::body::ErrorBody;
use super::kept::Kept;
use super::{Error, ErrorKind, Failure, limits};
use crate::endpoint::Endpoint;
use crate::meta::Meta;

impl Error {
    pub(crate) fn configuration(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Configuration, None, message)
    }

    /// Creates the error of an invalid argument; `json_path` is its path in the payload.
    pub(crate) fn invalid(endpoint: &Endpoint, message: impl Into<String>, json_path: Option<String>) -> Self {
        let mut this = Self::new(ErrorKind::Request, Some(endpoint), message);
        // A number or text has no path.
        this.0.json_path = json_path.filter(|path| !path.is_empty());
        this
    }

    /// Creates the error of a call without a response, or, without an endpoint, of a transport that cannot be built.
    pub(crate) fn transport(endpoint: Option<&Endpoint>, error: TransportError) -> Self {
        let mut this = Self::new(ErrorKind::of_transport(error.kind()), endpoint, error.to_string());
        let details = &mut this.0;
        details.status = error.status();
        details.report = error.report().clone();
        details.sent = error.sent();
        details.timeout_phase = error.timeout_phase();
        details.retry_after = error.retry_after();
        details.redirect_host = error.redirect_host().map(str::to_owned);
        details.source = Some(Box::new(error));
        this
    }

    /// Creates the error of a response whose body could not be read.
    pub(crate) fn unread(endpoint: &Endpoint, parts: &Parts, error: TransportError) -> Self {
        let meta = Meta::of(parts);
        let error = error.with_status(meta.status).with_sent(Sent::Yes);
        let mut this = Self::transport(Some(endpoint), error);
        this.0.request_id = meta.request_id;
        this.0.report = meta.report;
        this
    }

    /// Creates the error of an unsuccessful response. `was_cut` means that `body` is not the whole body.
    pub(crate) fn response(endpoint: &Endpoint, parts: &Parts, body: &[u8], was_cut: bool) -> Self {
        let kept = Kept::read(body, was_cut);
        let read = kept.node.as_ref().map(ErrorBody::read).unwrap_or_default();
        let kind = ErrorKind::of_status(parts.status, read.quota.is_some());
        let redirect_host = if kind == ErrorKind::Redirect { redirect_host(&parts.headers) } else { None };
        let message = read.message.unwrap_or_else(|| match (&redirect_host, encoding(&parts.headers)) {
            (Some(host), _) => format!("the server responded {} and points to {host}", parts.status.as_u16()),
            (None, Some(encoding)) if !body.is_empty() => {
                format!("{}; the body has the content encoding `{encoding}`, which cannot be decoded", kind.describe())
            }
            _ => kind.describe().to_owned(),
        });
        let mut this = Self::new(kind, Some(endpoint), message).responded(Meta::of(parts), kept);
        let details = &mut this.0;
        details.code = read.code;
        details.doc_url = read.doc_url;
        details.field_errors = read.field_errors;
        details.quota = read.quota;
        details.retry_after = layer::retry_after(&parts.headers);
        details.redirect_host = redirect_host;
        this
    }

    /// Creates the error of a response that cannot be decoded.
    pub(crate) fn decoding(endpoint: &Endpoint, parts: &Parts, body: &[u8], failure: Failure) -> Self {
        let message = match encoding(&parts.headers) {
            Some(encoding) if failure.kind == ErrorKind::Decode && !body.is_empty() => {
                format!("the body has the content encoding `{encoding}`, which cannot be decoded; {}", failure.message)
            }
            _ => failure.message,
        };
        let kept = Kept::read(body, false);
        let mut this = Self::new(failure.kind, Some(endpoint), message).responded(Meta::of(parts), kept);
        this.0.json_path = failure.json_path.map(|path| redact::shorten(&path, limits::PATH));
        this.0.record = failure.record;
        this.0.source = failure.source.map(redact::source);
        this
    }

    /// Creates the error of a record that cannot be decoded.
    pub(crate) fn record(endpoint: &Endpoint, meta: Meta, failure: Failure) -> Self {
        let kept = Kept::read(failure.record.as_ref().map(Json::get).unwrap_or_default().as_bytes(), false);
        let mut this = Self::new(failure.kind, Some(endpoint), failure.message).responded(meta, kept);
        this.0.json_path = failure.json_path;
        this.0.record = failure.record;
        this
    }

    /// Creates the error of a list whose link leads back to an earlier page.
    pub(crate) fn repeated_page(endpoint: &Endpoint, cursor: &Cursor) -> Self {
        let message =
            format!("the link to the next page repeats an earlier page ({cursor}), so the list would never end");
        let mut this = Self::new(ErrorKind::Pagination, Some(endpoint), message);
        this.0.sent = Sent::Yes;
        this
    }

    /// Creates the error of a link that does not lead to a page of the list; `sent` says whether this call sent
    /// anything.
    pub(crate) fn link(endpoint: &Endpoint, error: &LinkError, sent: Sent) -> Self {
        let mut this = Self::new(ErrorKind::Pagination, Some(endpoint), error.to_string());
        this.0.sent = sent;
        this
    }

    /// Creates the error of a job that failed.
    pub(crate) fn job_failed(endpoint: &Endpoint, meta: Meta, message: String) -> Self {
        Self::new(ErrorKind::JobFailed, Some(endpoint), message).responded(meta, Kept::read(&[], false))
    }

    /// Creates the error of a wait that timed out. `sent` is what its polls may have sent, and `source` is the error of
    /// the last poll, if it failed.
    pub(crate) fn wait_timeout(
        endpoint: &Endpoint,
        message: String,
        elapsed: Duration,
        sent: Sent,
        source: Option<Self>,
    ) -> Self {
        let mut this = Self::new(ErrorKind::Timeout, Some(endpoint), message);
        this.0.report.elapsed = elapsed;
        this.0.sent = sent;
        this.0.source = source.map(Into::into);
        this
    }

    fn responded(mut self, meta: Meta, kept: Kept) -> Self {
        let details = &mut self.0;
        details.status = Some(meta.status);
        details.request_id = meta.request_id;
        details.report = meta.report;
        details.sent = Sent::Yes;
        details.body = Some(kept.text);
        self
    }
}

/// Returns the content encoding of a response that was not decoded, if it names one.
fn encoding(headers: &HeaderMap) -> Option<String> {
    let encoding = String::from_utf8_lossy(headers.get(CONTENT_ENCODING)?.as_bytes());
    let encoding = redact::shorten(encoding.trim(), 40);
    (!encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity")).then_some(encoding)
}

/// Returns the host in a `Location`, without user information, path and query.
fn redirect_host(headers: &HeaderMap) -> Option<String> {
    let location = headers.get(LOCATION)?.to_str().ok()?;
    let uri: Uri = match location.strip_prefix("//") {
        Some(rest) => format!("https://{rest}").parse().ok()?,
        None => location.parse().ok()?,
    };
    uri.scheme()?;
    uri.host().map(|host| redact::shorten(host, limits::PATH))
}
