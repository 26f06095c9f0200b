//! The log of requests that tests read.

mod redact;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};

use self::redact::Redaction;
use crate::protocol::API_PREFIX;

/// The log keeps this many requests, and fewer when their bodies are large.
const MAX_REQUESTS: usize = 10_000;
const MAX_BODY_BYTES: usize = 256 * 1024 * 1024;

/// A request that the sandbox received, and its response.
#[derive(Clone)]
#[non_exhaustive]
pub struct LoggedRequest {
    /// The method.
    pub method: Method,
    /// The path as it was sent, still percent-encoded, such as `/api/v1/datasets/`, with `[redacted]` in place of a
    /// segment that has the form of a secret, such as a key.
    pub path: String,
    /// The query as it was sent, without the question mark. Signatures and credentials, by their names or their form,
    /// are replaced by `[redacted]`.
    pub query: Option<String>,
    /// The headers. Values that are credentials, such as those of `X-Avala-Api-Key`, `Authorization` and cookies, or
    /// that have the form of one, are replaced by `[redacted]`.
    pub headers: HeaderMap,
    /// The body, with `[redacted]` in place of every value in JSON or in a form whose name is that of a secret, such as
    /// `password`, or that looks like one. Any other body with a secret is replaced as a whole.
    ///
    /// Empty for requests to the storage host, whose bodies are not kept here.
    pub body: Bytes,
    /// The status of the response: `None` before the response, and when a fault closed the connection instead.
    pub status: Option<StatusCode>,
}

/// Shows only the names of headers, and the sizes of the query and the body: a secret may have any name.
impl fmt::Debug for LoggedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoggedRequest")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("query", &self.query.as_ref().map(String::len))
            .field("headers", &self.headers.keys())
            .field("body", &format_args!("{} bytes", self.body.len()))
            .field("status", &self.status)
            .finish()
    }
}

impl LoggedRequest {
    /// Returns the path below `/api/v1`, such as `/datasets/`: the form that [`Fault::on`](crate::Fault::on) takes.
    ///
    /// The whole path when it is not below it.
    #[must_use]
    pub fn api_path(&self) -> &str {
        self.path.strip_prefix(API_PREFIX).unwrap_or(&self.path)
    }
}

/// Callback for each request once its response is sent.
pub(crate) type OnResponse = dyn Fn(&LoggedRequest) + Send + Sync;

/// Requests in the order of their arrival.
#[derive(Default)]
pub(crate) struct RequestLog(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    requests: VecDeque<LoggedRequest>,
    body_bytes: usize,
    /// Number of requests before the first one in the log.
    forgotten: u64,
}

impl RequestLog {
    /// Records a request, and returns its number.
    pub(crate) fn begin(&self, parts: &Parts, body: &Bytes) -> u64 {
        let redaction = Redaction::new(&parts.headers);
        let (headers, body) = (redaction.headers(), redaction.body(body));
        let request = LoggedRequest {
            method: parts.method.clone(),
            path: redaction.path(parts.uri.path()),
            query: parts.uri.query().map(|query| redaction.query(query)),
            headers,
            body,
            status: None,
        };
        self.entries().push(request)
    }

    /// Records the response to the request with this number, and returns its entry if it is still kept.
    pub(crate) fn end(&self, number: u64, status: Option<StatusCode>) -> Option<LoggedRequest> {
        let mut entries = self.entries();
        let index = number.checked_sub(entries.forgotten + 1)?;
        let entry = entries.requests.get_mut(usize::try_from(index).ok()?)?;
        entry.status = status;
        Some(entry.clone())
    }

    pub(crate) fn requests(&self) -> Vec<LoggedRequest> {
        self.entries().requests.iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        let mut entries = self.entries();
        while !entries.requests.is_empty() {
            entries.forget_first();
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    /// Adds a request, and returns its number.
    fn push(&mut self, request: LoggedRequest) -> u64 {
        self.body_bytes += request.body.len();
        self.requests.push_back(request);
        while self.requests.len() > MAX_REQUESTS || self.body_bytes > MAX_BODY_BYTES {
            self.forget_first();
        }
        self.forgotten + self.requests.len() as u64
    }

    fn forget_first(&mut self) {
        if let Some(request) = self.requests.pop_front() {
            self.body_bytes -= request.body.len();
            self.forgotten += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(log: &RequestLog, body: &Bytes) -> u64 {
        let (parts, ()) = http::Request::new(()).into_parts();
        log.begin(&parts, body)
    }

    #[test]
    fn the_log_forgets_its_oldest_requests() {
        let log = RequestLog::default();
        let numbers: Vec<u64> = (0..=MAX_REQUESTS).map(|_| begin(&log, &Bytes::new())).collect();
        assert_eq!(log.requests().len(), MAX_REQUESTS);
        assert!(log.end(numbers[0], Some(StatusCode::OK)).is_none());
        assert!(log.end(numbers[1], Some(StatusCode::OK)).is_some());
        assert_eq!(log.requests()[0].status, Some(StatusCode::OK));
        log.clear();
        assert!(log.end(numbers[MAX_REQUESTS], Some(StatusCode::OK)).is_none());
    }

    #[test]
    fn large_bodies_count() {
        let log = RequestLog::default();
        begin(&log, &Bytes::new());
        let mut request = log.requests().remove(0);
        log.clear();
        request.body = Bytes::from(vec![0; MAX_BODY_BYTES / 2]);
        for kept in [1, 2, 2] {
            log.entries().push(request.clone());
            assert_eq!(log.requests().len(), kept);
        }
    }
}
