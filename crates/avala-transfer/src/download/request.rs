//! Sends one request to a storage host, with retries.

use std::ops::Range;
use std::time::Duration;

use avala_transport::Body;
use http::header::{ACCEPT_ENCODING, IF_RANGE, RANGE};
use http::{HeaderValue, Request, Response, StatusCode};

use super::context::{Context, STALL_TIMEOUT};
use super::link::{NumberedLink, Remote};
use super::response::{Asked, Meaning, Version, meaning};
use crate::budget::concurrency::Slot;
use crate::budget::run_limit::Claim;
use crate::error::{Error, ErrorKind};
use crate::progress::event::Event;

/// Number of failed attempts without progress after which a file fails.
const MOST_FAILURES: u32 = 8;
/// Maximum wait that a host can request.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// Number of bytes of an error's body that are searched for a code.
const ERROR_BODY: usize = 4096;

/// Failed attempts of a connection since its last progress.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    failures: u32,
    /// Number of the link that was refused, if the last one was.
    refused: Option<u64>,
}

/// A response whose head was read, and the slot of its connection.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) meaning: Meaning,
    pub(crate) body: Body,
    pub(crate) slot: Slot,
    /// Bytes of the run that the response may have.
    pub(crate) claim: Claim,
}

impl Attempts {
    /// Records progress of the connection, which resets the count of failures.
    pub(crate) fn progressed(&mut self) {
        self.failures = 0;
    }

    /// Counts a failure and waits before the next attempt.
    ///
    /// # Errors
    /// The failure, if it was the last one.
    pub(crate) async fn failed(
        &mut self,
        context: &Context,
        name: &str,
        error: Error,
        wait: Option<Duration>,
    ) -> Result<(), Error> {
        self.failures += 1;
        if self.failures >= MOST_FAILURES {
            return Err(error);
        }
        // Full jitter, in addition to the wait that the host requested.
        let longest = Duration::from_secs(1 << self.failures.min(6)).mul_f64(0.5);
        let wait = wait.unwrap_or_default().min(LONGEST_WAIT) + longest.mul_f64(fastrand::f64());
        context.meter.retried();
        context.meter.emit(|| Event::Retry {
            path: name.to_owned(),
            attempt: self.failures,
            wait,
            error: error.to_string(),
        });
        context.unless_ended(tokio::time::sleep(wait)).await
    }
}

/// Requests a range or the whole object until a response is final.
///
/// `claim` has the bytes of the range; of the whole object, whose length is not known, the caller claims them when the
/// response announces it. Expired and refused links are signed again, once; connection failures and busy hosts are retried.
pub(crate) async fn open(
    context: &Context,
    remote: &Remote,
    range: Option<&Range<u64>>,
    version: Option<&Version>,
    (attempts, claim): (&mut Attempts, Claim),
) -> Result<Opened, Error> {
    let mut was_late = false;
    loop {
        context.gate().await?;
        context.limit.check_time()?;
        let link = context
            .unless_ended(remote.links.get(attempts.refused))
            .await?
            .map_err(|error| error.about(&remote.name))?;
        let host = context.storage.concurrency(&link.link.url)?;
        let slot = context.unless_ended(host.slot()).await?;
        // The link may have expired while the request waited for a slot.
        if link.link.has_expired() && !std::mem::replace(&mut was_late, true) {
            continue;
        }
        let request = build(&link, range, version);
        let sent = tokio::time::timeout(STALL_TIMEOUT, context.storage.send(&link.link.url, request));
        let sent = context.unless_ended(sent).await?;
        let response = match sent {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                drop(slot);
                let is_final = error.kind() == avala_transport::TransportErrorKind::Redirect;
                let error = storage_error(remote, error.to_string()).with_source(error);
                if is_final {
                    return Err(error.help("the storage host must not redirect; report it"));
                }
                attempts.failed(context, &remote.name, error.transient(), None).await?;
                continue;
            }
            Err(_) => {
                drop(slot);
                let error = storage_error(remote, format!("no response within {} s", STALL_TIMEOUT.as_secs()));
                attempts.failed(context, &remote.name, error.transient(), None).await?;
                continue;
            }
        };
        let (parts, body) = response.into_parts();
        let asked = Asked { range, version };
        match meaning(parts.status, &parts.headers, &asked) {
            Meaning::Refused => {
                drop(slot);
                let error = refused(remote, Response::from_parts(parts, body)).await;
                if attempts.refused.is_some() {
                    return Err(error.help("the storage also refused a new URL; check access to the object"));
                }
                attempts.refused = Some(link.number);
                context.meter.retried();
            }
            Meaning::Busy { wait } => {
                // Only these two statuses mean that there are too many requests.
                if matches!(parts.status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
                    slot.slow_down(wait);
                }
                let error = refused(remote, Response::from_parts(parts, body)).await.transient();
                attempts.failed(context, &remote.name, error, wait).await?;
            }
            Meaning::Failed => {
                let error = refused(remote, Response::from_parts(parts, body)).await;
                return Err(error.help("check that the object still exists"));
            }
            meaning => {
                attempts.refused = None;
                return Ok(Opened { meaning, body, slot, claim });
            }
        }
    }
}

/// Claims the bytes of an object that comes whole. Waits for those that other files of the run return, without the slot,
/// which they may need.
pub(crate) async fn claim_all(
    context: &Context,
    (slot, claim): (&mut Slot, &mut Claim),
    bytes: u64,
) -> Result<(), Error> {
    loop {
        let Err(error) = claim.resize(bytes) else { return Ok(()) };
        slot.suspend();
        if !claim.is_possible(bytes) || !context.unless_ended(claim.others_return()).await? {
            return Err(error);
        }
        context.unless_ended(slot.resume()).await?;
    }
}

fn build(link: &NumberedLink, range: Option<&Range<u64>>, version: Option<&Version>) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    let headers = request.headers_mut();
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(link.link.accept_encoding));
    if let Some(range) = range {
        let value = format!("bytes={}-{}", range.start, range.end.saturating_sub(1));
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(RANGE, value);
        }
        let etag = version.and_then(|version| version.etag.as_deref());
        if let Some(value) = etag.and_then(|etag| HeaderValue::from_str(etag).ok()) {
            headers.insert(IF_RANGE, value);
        }
    }
    request
}

/// Creates the error of an unsuccessful response, with the code that storage hosts put in the body.
async fn refused(remote: &Remote, response: Response<Body>) -> Error {
    let (parts, body) = response.into_parts();
    let start = tokio::time::timeout(Duration::from_secs(5), body.read_start(ERROR_BODY)).await;
    let text = match &start {
        Ok(Ok((bytes, _))) => String::from_utf8_lossy(bytes),
        _ => "".into(),
    };
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    let status = parts.status.as_u16();
    let message = match code.filter(|code| code.len() <= 100) {
        Some(code) => format!("the storage host responded {status} ({code})"),
        None => format!("the storage host responded {status}"),
    };
    storage_error(remote, message)
        .with_status(parts.status)
        .with_retry_after(avala_transport::layer::retry_after(&parts.headers))
}

pub(crate) fn storage_error(remote: &Remote, message: String) -> Error {
    Error::new(ErrorKind::Storage, message).about(&remote.name)
}
