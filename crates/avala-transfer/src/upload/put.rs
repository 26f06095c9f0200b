//! Sends a part to a storage host.

use std::sync::Arc;
use std::time::Duration;

use avala_transport::{Body, Sent, TransportError, TransportErrorKind, retry_after};
use http::header::{CONTENT_LENGTH, ETAG};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body as _;
use tokio::time::Instant;

use crate::budget::run_limit::Claim;
use crate::error::{Error, ErrorKind};
use crate::hash::Digest;
use crate::progress::meter::Meter;
use crate::run::{RunContext, Turn};
use crate::storage::client::MAX_RESPONSE;
use crate::storage::clock::UrlLife;
use crate::storage::hosts::StorageUrl;
use crate::upload::body::{Around, FileBody, Part, Release, Watch};
use crate::upload::hold::Hold;

/// Timeout if the storage takes no bytes.
const WRITE_TIMEOUT: Duration = Duration::from_secs(600);
/// Timeout of the response after the last byte.
const READ_TIMEOUT: Duration = Duration::from_secs(300);
/// Minimum remaining lifetime of a URL: the request has to arrive before it expires.
const LEAST_LIFE: Duration = Duration::from_millis(300);
/// Difference between the clocks above which an error mentions it.
const SKEW: Duration = Duration::from_secs(300);

/// A presigned request and its lifetime.
#[derive(Clone, Debug)]
pub(crate) struct Presigned {
    pub(crate) url: StorageUrl,
    pub(crate) headers: HeaderMap,
    life: UrlLife,
}

impl Presigned {
    /// Checks a presigned request of the API. `date` is the `Date` header of the response.
    pub(crate) fn new<'a>(
        context: &RunContext,
        url: &str,
        headers: impl IntoIterator<Item = (&'a String, &'a String)>,
        date: Option<std::time::SystemTime>,
    ) -> Result<Self, Error> {
        let url = context.transfers.storage().url(url)?;
        let received = Instant::now();
        let clock = date.map(|date| crate::storage::clock::ServerClock::new(date, received));
        let life = UrlLife::of(url.uri(), clock, received);
        Ok(Self { headers: signed_headers(headers)?, url, life })
    }

    /// Returns whether there is enough time left to send the request.
    pub(crate) fn is_alive(&self) -> bool {
        self.life.left(Instant::now()) >= LEAST_LIFE
    }
}

/// Checks signed headers. They are sent unchanged, because they are part of the signature; headers that would change
/// the meaning of the request are rejected.
fn signed_headers<'a>(headers: impl IntoIterator<Item = (&'a String, &'a String)>) -> Result<HeaderMap, Error> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let refused = || {
            Error::new(ErrorKind::Protocol, format!("the API requests a header that cannot be sent: `{name}`"))
                .help("report it to Avala")
        };
        let name = HeaderName::try_from(name.as_str()).map_err(|_| refused())?;
        let value = HeaderValue::try_from(value.as_str()).map_err(|_| refused())?;
        let is_forbidden = ["authorization", "cookie", "x-avala-api-key", "proxy-authorization", "transfer-encoding"]
            .contains(&name.as_str());
        if is_forbidden {
            return Err(refused());
        }
        // The length is set by the body; callers that know the expected length check it.
        if name != CONTENT_LENGTH && name != http::header::HOST {
            map.insert(name, value);
        }
    }
    Ok(map)
}

/// Outcome of a request.
#[derive(Debug)]
pub(crate) enum Put {
    /// Stored: the digest of the sent bytes, and the response without its body.
    Stored(Digest, Response<()>),
    /// 412: an object of that name already exists.
    Exists,
    /// The URL expired before the request was sent.
    Expired,
    /// 400 or 403: an expired or altered signature, or another length. A new URL may help, once.
    Refused(Error),
    /// Failed; [`Error::is_transient`] returns whether another attempt may succeed. The digest is of bytes that the
    /// storage may have stored anyway.
    Failed(Error, Option<Digest>),
}

/// Sends a part. Waits for memory and a slot of the host, after which `turn` ends; a pause stops the stream and its
/// timeouts.
pub(crate) async fn send(
    context: &RunContext,
    method: Method,
    presigned: &Presigned,
    part: Part,
    around: Around,
    release: Release,
    turn: Turn,
) -> Result<Put, Error> {
    let storage = context.transfers.storage();
    let hold = Hold::take(context, storage.concurrency(&presigned.url)?, part.memory(), turn).await?;
    if !presigned.is_alive() {
        return Ok(Put::Expired);
    }
    let claim = context.limit.claim(part.length)?;
    let watch = Watch::new();
    let mut counted = Counted { meter: context.meter.clone(), watch: watch.clone(), claim, is_stored: false };
    let path = part.source.path.clone();
    let body = body(context, part, around, release, (&watch, &hold)).await?;
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.headers_mut() = presigned.headers.clone();
    let sent = tokio::select! {
        response = storage.send(&presigned.url, request) => response.map_err(|error| of_transport(error, &watch, &path)),
        (what, limit) = watch.stalled(WRITE_TIMEOUT, READ_TIMEOUT) => {
            let message = format!("{what} for {} s", limit.as_secs());
            Err(Put::Failed(stalled(message, &path), watch.released()))
        }
    };
    let response = match sent {
        Ok(response) => response,
        Err(Put::Failed(error, maybe_stored)) => {
            // The error of the body is more precise than the transport error that contains it.
            return match watch.take_error() {
                Some(own) => Err(own),
                None => Ok(Put::Failed(error, maybe_stored)),
            };
        }
        Err(other) => return Ok(other),
    };
    let wait = retry_after(response.headers());
    let put = of_response(context, presigned, response, &watch, &path, wait).await;
    counted.is_stored = matches!(put, Put::Stored(..));
    match &put {
        Put::Stored(..) => hold.succeeded(),
        Put::Failed(error, _)
            if matches!(error.status(), Some(StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS)) =>
        {
            hold.slow_down(wait);
        }
        _ => {}
    }
    Ok(put)
}

/// Reverts the progress of bytes that were not stored, and returns the reserved bytes that were not sent.
struct Counted {
    meter: Meter,
    watch: Watch,
    claim: Claim,
    is_stored: bool,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let sent = self.watch.handed_over();
        self.claim.used(sent);
        if !self.is_stored {
            self.meter.undone(sent);
        }
    }
}

/// Creates the body. An empty part is released immediately, because it has no last bytes.
async fn body(
    context: &RunContext,
    part: Part,
    around: Around,
    release: Release,
    (watch, hold): (&Watch, &Arc<Hold>),
) -> Result<Body, Error> {
    if part.length > 0 {
        return Ok(Body::once(FileBody::new(context, part, around, release, watch, hold)));
    }
    let digest = Digest::of(b"");
    release(digest).await?;
    watch.set_empty(digest);
    let bytes: Vec<u8> = [around.before, around.after].concat();
    Ok(Body::from(bytes))
}

async fn of_response(
    context: &RunContext,
    presigned: &Presigned,
    response: Response<Body>,
    watch: &Watch,
    path: &str,
    wait: Option<Duration>,
) -> Put {
    let (parts, body) = response.into_parts();
    let status = parts.status;
    if status == StatusCode::PRECONDITION_FAILED {
        return Put::Exists;
    }
    let text = text_of(body).await;
    let code = text.as_deref().and_then(error_code).map(|code| format!(" ({code})")).unwrap_or_default();
    if status.is_success() {
        if text.as_deref().is_some_and(|text| text.contains("<Error>")) {
            let message = format!("{} responded {status} with an error{code}", presigned.url.host());
            return Put::Failed(stalled(message, path), watch.released());
        }
        // A response before the last byte can only be wrong: the object would be shorter.
        return match watch.released() {
            Some(digest) => Put::Stored(digest, Response::from_parts(parts, ())),
            None => Put::Failed(stalled("the storage responded before it had all bytes".to_owned(), path), None),
        };
    }
    let mut error = Error::new(ErrorKind::Storage, format!("{} responded {status}{code}", presigned.url.host()))
        .about(path)
        .with_status(status)
        .with_retry_after(wait);
    match status.as_u16() {
        400 | 403 => {
            error = error.help(explain_refusal(context, presigned));
            Put::Refused(error)
        }
        408 | 429 | 500.. => {
            let maybe_stored = watch.released().filter(|_| status.as_u16() >= 500);
            Put::Failed(error.transient().help("run the same transfer again: it continues"), maybe_stored)
        }
        _ => Put::Failed(error.help("report it to Avala, with the time of this run"), None),
    }
}

/// Reads the start of a body; `None` if there is none, as in almost all responses.
async fn text_of(body: Body) -> Option<String> {
    if body.is_end_stream() {
        return None;
    }
    let read = tokio::time::timeout(Duration::from_secs(30), body.read_start(MAX_RESPONSE)).await;
    let (bytes, _) = read.ok()?.ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn explain_refusal(context: &RunContext, presigned: &Presigned) -> String {
    let clock = context.transfers.storage().clock(&presigned.url);
    let skew = clock.map(|clock| clock.skew(Instant::now())).filter(|(_, skew)| *skew > SKEW);
    match skew {
        Some((is_ahead, skew)) => format!(
            "the clock of this machine is {} min {} the storage's: set it, then run the same transfer again",
            skew.as_secs() / 60,
            if is_ahead { "ahead of" } else { "behind" }
        ),
        None => "run the same transfer again; if it fails again, report it to Avala".to_owned(),
    }
}

/// Returns the code in an error of S3, which is XML.
fn error_code(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let is_plain = !code.is_empty() && code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_plain.then_some(code)
}

fn of_transport(error: TransportError, watch: &Watch, path: &str) -> Put {
    let is_transient = matches!(
        error.kind(),
        TransportErrorKind::Connect
            | TransportErrorKind::Tls
            | TransportErrorKind::Timeout
            | TransportErrorKind::ConnectionLost
    );
    let maybe_stored = watch.released().filter(|_| error.sent() != Sent::No);
    let help = match error.kind() {
        TransportErrorKind::Redirect => "storage hosts must not redirect: report it to Avala",
        _ => "check the connection, then run the same transfer again: it continues",
    };
    let out = Error::new(ErrorKind::Storage, error.to_string()).about(path).help(help).with_source(error);
    Put::Failed(if is_transient { out.transient() } else { out }, maybe_stored)
}

fn stalled(message: String, path: &str) -> Error {
    Error::new(ErrorKind::Storage, message)
        .about(path)
        .help("check the connection, then run the same transfer again: it continues")
        .transient()
}

/// Returns the `ETag` of a response, without quotes: 1 to 128 characters.
pub(crate) fn etag(headers: &HeaderMap) -> Option<String> {
    let tag = headers.get(ETAG)?.to_str().ok()?;
    let tag = avala_types::ETag::from(tag).to_string();
    (1..=128).contains(&tag.len()).then_some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_code_is_read_from_xml() {
        assert_eq!(error_code("<?xml?><Error><Code>SlowDown</Code><Message>x</Message></Error>"), Some("SlowDown"));
        for text in ["", "<Code></Code>", "<Code>a b</Code>", "<Code>x"] {
            assert_eq!(error_code(text), None, "{text}");
        }
    }

    #[test]
    fn headers_that_carry_credentials_are_refused() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let check = |pairs: &[(String, String)]| signed_headers(pairs.iter().map(|(name, value)| (name, value)));
        let headers = check(&[pair("If-None-Match", "*"), pair("content-length", "5")]).unwrap();
        assert_eq!(headers.len(), 1);
        for (name, value) in [("Authorization", "x"), ("cookie", "x"), ("bad name", "x"), ("x", "a\nb")] {
            check(&[pair(name, value)]).expect_err(name);
        }
    }
}
