//! Kinds of errors.

use avala_transport::TransportErrorKind;
use http::StatusCode;

/// The kind of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Invalid configuration: API key, base URL, certificate or proxy credentials. Nothing was sent.
    Configuration,
    /// Invalid argument, such as an empty ID. Nothing was sent.
    Request,
    /// 401: the API key is missing, invalid or revoked.
    Authentication,
    /// 403: the API key lacks permission.
    Forbidden,
    /// 404, or a frame index beyond the end of the sequence.
    NotFound,
    /// 409: the request conflicts with the state of the resource.
    Conflict,
    /// 400 or 422: see [`Error::field_errors`](crate::Error::field_errors).
    Validation,
    /// 413 with quota figures: see [`Error::quota`](crate::Error::quota).
    QuotaExceeded,
    /// 429, or the client-side rate limiter cannot admit the call before its deadline: see
    /// [`Error::retry_after`](crate::Error::retry_after).
    RateLimited,
    /// 5xx: the server, or a gateway in front of it, failed.
    Server,
    /// Any other unsuccessful status.
    UnexpectedStatus,
    /// A redirect; never followed, because the API key would be sent to its target.
    Redirect,
    /// No connection could be established.
    Connect,
    /// The server was reached, but no secure connection is possible, such as with a wrong certificate.
    Tls,
    /// The connection was lost, or the response was not valid HTTP.
    ConnectionLost,
    /// A timeout elapsed: see [`Error::timeout_phase`](crate::Error::timeout_phase).
    Timeout,
    /// The response exceeds the body cap.
    BodyTooLarge,
    /// The responses that the client buffers at once would exceed its
    /// [memory budget](crate::AvalaBuilder::memory_budget). Passes when other calls end, unless this response alone is
    /// larger than the budget.
    MemoryBudget,
    /// The response is not JSON, or does not have the expected form: see
    /// [`Error::json_path`](crate::Error::json_path).
    Decode,
    /// The link to the next page points to another path, is malformed, or repeats a page.
    ///
    /// The items before it are valid. The server, or a proxy that rewrites its links, has to be corrected.
    Pagination,
    /// The job being waited for failed.
    JobFailed,
    /// A user layer or service failed; its error is the source.
    Layer,
}

impl ErrorKind {
    /// Returns the description used in messages.
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::Configuration => "invalid configuration",
            Self::Request => "invalid argument",
            Self::Authentication => "authentication failed",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not found",
            Self::Conflict => "conflict",
            Self::Validation => "validation failed",
            Self::QuotaExceeded => "quota exceeded",
            Self::RateLimited => "rate limited",
            Self::Server => "server error",
            Self::UnexpectedStatus => "unexpected status",
            Self::Redirect => "redirect refused",
            Self::Connect => "could not connect",
            Self::Tls => "no TLS connection",
            Self::ConnectionLost => "connection lost",
            Self::Timeout => "timed out",
            Self::BodyTooLarge => "response too large",
            Self::MemoryBudget => "memory budget exceeded",
            Self::Decode => "invalid response",
            Self::Pagination => "pagination failed",
            Self::JobFailed => "job failed",
            Self::Layer => "a layer failed",
        }
    }

    /// Returns the kind of an unsuccessful response.
    pub(crate) fn of_status(status: StatusCode, has_quota: bool) -> Self {
        match status.as_u16() {
            401 => Self::Authentication,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            409 => Self::Conflict,
            400 | 422 => Self::Validation,
            413 if has_quota => Self::QuotaExceeded,
            429 => Self::RateLimited,
            500.. => Self::Server,
            // Other statuses of this class do not request the same call at another URL.
            301 | 302 | 303 | 307 | 308 => Self::Redirect,
            _ => Self::UnexpectedStatus,
        }
    }

    pub(crate) fn of_transport(kind: TransportErrorKind) -> Self {
        match kind {
            TransportErrorKind::Configuration => Self::Configuration,
            TransportErrorKind::Request => Self::Request,
            TransportErrorKind::Connect => Self::Connect,
            TransportErrorKind::Tls => Self::Tls,
            TransportErrorKind::Timeout => Self::Timeout,
            TransportErrorKind::RateLimited => Self::RateLimited,
            TransportErrorKind::Redirect => Self::Redirect,
            TransportErrorKind::BodyTooLarge => Self::BodyTooLarge,
            TransportErrorKind::MemoryBudget => Self::MemoryBudget,
            TransportErrorKind::Layer => Self::Layer,
            // There is no other kind; the enum is non-exhaustive only for users.
            TransportErrorKind::ConnectionLost | _ => Self::ConnectionLost,
        }
    }

    pub(crate) fn is_retryable(self, status: Option<StatusCode>) -> bool {
        match self {
            Self::RateLimited | Self::Connect | Self::ConnectionLost | Self::Timeout | Self::MemoryBudget => true,
            // A server that responds 501 will never support the method.
            Self::Server => status != Some(StatusCode::NOT_IMPLEMENTED),
            Self::UnexpectedStatus => {
                matches!(status, Some(StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY))
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_kind() {
        for (status, kind, retryable) in [
            (400, ErrorKind::Validation, false),
            (401, ErrorKind::Authentication, false),
            (403, ErrorKind::Forbidden, false),
            (404, ErrorKind::NotFound, false),
            (405, ErrorKind::UnexpectedStatus, false),
            (408, ErrorKind::UnexpectedStatus, true),
            (409, ErrorKind::Conflict, false),
            (413, ErrorKind::UnexpectedStatus, false),
            (418, ErrorKind::UnexpectedStatus, false),
            (422, ErrorKind::Validation, false),
            (425, ErrorKind::UnexpectedStatus, true),
            (429, ErrorKind::RateLimited, true),
            (500, ErrorKind::Server, true),
            (501, ErrorKind::Server, false),
            (503, ErrorKind::Server, true),
            (522, ErrorKind::Server, true),
            (599, ErrorKind::Server, true),
            (206, ErrorKind::UnexpectedStatus, false),
            (302, ErrorKind::Redirect, false),
            (304, ErrorKind::UnexpectedStatus, false),
            (305, ErrorKind::UnexpectedStatus, false),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(ErrorKind::of_status(status, false), kind, "{status}");
            assert_eq!(kind.is_retryable(Some(status)), retryable, "{status}");
        }
        assert_eq!(ErrorKind::of_status(StatusCode::PAYLOAD_TOO_LARGE, true), ErrorKind::QuotaExceeded);
    }
}
