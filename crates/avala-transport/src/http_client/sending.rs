//! Sends requests over the connections of a pool.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method, Request, Response, Uri, Version, header};
use http_body::Body as _;
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

use super::connection::{Connection, Opener};
use super::failure::{self, Failure, Target};
use super::host::{Host, IdleLimits};
use super::host_name::HostName;
use super::idle_check::RequestClock;
use super::sent_body::SentBody;
use crate::body::Body;
use crate::context::background::Background;
use crate::context::options::CallOptions;
use crate::error::TransportError;

/// Connections by host.
pub(super) struct Pool {
    /// A list, because there are few hosts.
    hosts: Mutex<Vec<Arc<Host>>>,
    limits: IdleLimits,
    opener: Opener,
    clock: RequestClock,
}

impl Pool {
    pub(super) fn new(opener: Opener, clock: RequestClock, limits: IdleLimits) -> Self {
        Self { hosts: Mutex::default(), limits, opener, clock }
    }

    /// Sends a request with an absolute URI.
    ///
    /// A request that a connection returns unread, because it turned out to be closed, goes out on another one.
    pub(super) async fn send(self: Arc<Self>, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        let options = request.extensions().get::<CallOptions>();
        let timeout = options.and_then(|options| options.connect_timeout);
        let mut connect_by = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let background = options.and_then(|options| options.background.clone());
        let paused = || background.as_ref().map_or(Duration::ZERO, Background::paused);
        let has_body = !request.body().is_end_stream();
        let (parts, body) = request.into_parts();
        let host = self.host(&parts.uri).filter(|_| is_supported(parts.version));
        let Some(host) = host else { return Err(failure::invalid_request()) };
        let (body, body_failure) = SentBody::new(body);
        let mut request = Request::from_parts(parts, body);
        let fail = |failure| Err(failure::translate(failure, Target { host: host.name(), has_body, body_failure }));
        let mut may_move = true;
        loop {
            let paused_before = paused();
            let connection = match host.take() {
                Some(connection) => Ok(connection),
                // Boxed, because the future is large and rarely needed.
                None => Box::pin(self.connect(&host, connect_by)).await,
            };
            let mut connection = match connection {
                Ok(connection) => connection,
                // The call was paused: the time until it was polled again does not count.
                Err(failure) if failure.is_timeout() && paused() > paused_before => {
                    connect_by = connect_by.and_then(|by| by.checked_add(paused().saturating_sub(paused_before)));
                    continue;
                }
                Err(failure) => return fail(failure),
            };
            // The call has a connection in time, even if this one turns out to be closed.
            connect_by = None;
            let is_http1 = connection.is_http1();
            let spare = if is_http1 {
                if !to_http1(&mut request, &host) {
                    return Err(failure::invalid_request());
                }
                None
            } else {
                may_move.then(|| copy(&request)).flatten()
            };
            let number = self.clock.begin();
            let mut error = match connection.send(request).await {
                Ok(_) if connection.wrote_nothing_since(number) => return Err(failure::early_response(host.name())),
                Ok(response) => {
                    host.release(connection);
                    return Ok(response.map(Body::once));
                }
                Err(error) => error,
            };
            let nothing_written = connection.wrote_nothing_since(number);
            request = match (error.take_message(), spare) {
                (Some(mut returned), _) if connection.is_used() => {
                    if is_http1 && !to_absolute(&mut returned, &host) {
                        return Err(failure::invalid_request());
                    }
                    returned
                }
                // Over HTTP/2 the request is lost by then, but not the copy.
                (_, Some(copy)) if nothing_written => {
                    may_move = false;
                    copy
                }
                _ => return fail(Failure::Sending { error: error.into_error(), nothing_written }),
            };
        }
    }

    /// Returns the host of an absolute URI.
    fn host(&self, uri: &Uri) -> Option<Arc<Host>> {
        let (scheme, authority) = (uri.scheme()?, uri.authority()?);
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        match hosts.iter().find(|host| host.name().is(scheme, authority)) {
            Some(host) => Some(Arc::clone(host)),
            None => self.add_host(&mut hosts, scheme, authority),
        }
    }

    fn add_host(&self, hosts: &mut Vec<Arc<Host>>, scheme: &Scheme, authority: &Authority) -> Option<Arc<Host>> {
        let name = HostName::new(scheme.clone(), authority.clone())?;
        let host = Arc::new(Host::new(name, self.limits));
        // Forgets hosts that no call uses.
        hosts.retain(|host| Arc::strong_count(host) > 1 || host.has_connections());
        hosts.push(Arc::clone(&host));
        Some(host)
    }

    /// Opens a connection, or takes one that another call releases meanwhile.
    async fn connect(&self, host: &Arc<Host>, by: Option<Instant>) -> Result<Connection, Failure> {
        let mut waiting = host.wait();
        // One may have been released just before.
        if let Some(connection) = host.take() {
            return Ok(connection);
        }
        let mut opening = Box::pin(open(self.opener.clone(), Arc::clone(host)));
        let first = poll_fn(|cx| match waiting.poll(cx) {
            Poll::Ready(released) => Poll::Ready(Ok((released, true))),
            Poll::Pending => opening.as_mut().poll(cx).map_ok(|opened| (opened, false)),
        });
        let first = match by {
            Some(by) => timeout_at(by, first).await.map_err(|_| Failure::ConnectTimeout)?,
            None => first.await,
        };
        let (connection, was_released) = first?;
        // The other connection will be used soon, unless calls share this one.
        if was_released
            && connection.is_http1()
            && let Ok(runtime) = Handle::try_current()
        {
            let host = Arc::clone(host);
            drop(runtime.spawn(async move {
                if let Ok(opened) = opening.await {
                    host.put(opened);
                }
            }));
        }
        Ok(connection)
    }
}

async fn open(opener: Opener, host: Arc<Host>) -> Result<Connection, Failure> {
    let root = host.name().uri(PathAndQuery::from_static("/")).map_err(|error| Failure::Connect(error.into()))?;
    Ok(host.add(Box::pin(opener.open(root)).await?))
}

/// Returns whether hyper can write this version; it panics for others.
fn is_supported(version: Version) -> bool {
    matches!(version, Version::HTTP_10 | Version::HTTP_11 | Version::HTTP_2)
}

/// Changes a request with an absolute URI to what HTTP/1.1 sends. Returns `false` if it cannot be sent.
fn to_http1(request: &mut Request<SentBody>, host: &Host) -> bool {
    if request.version() == Version::HTTP_2 {
        return false;
    }
    request.headers_mut().entry(header::HOST).or_insert_with(|| host.name().header().clone());
    let is_connect = request.method() == Method::CONNECT;
    let parts = std::mem::take(request.uri_mut()).into_parts();
    *request.uri_mut() = match (is_connect, parts.authority, parts.path_and_query) {
        (true, Some(authority), _) => authority.into(),
        (_, _, Some(path)) => path.into(),
        _ => Uri::default(),
    };
    true
}

/// Undoes [`to_http1`], for a connection that may use HTTP/2. Returns `false` for a URI that cannot be absolute.
fn to_absolute(request: &mut Request<SentBody>, host: &Host) -> bool {
    let path = request.uri().path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    host.name().uri(path).map(|uri| *request.uri_mut() = uri).is_ok()
}

/// Copies the request as it is sent. `None` if its body can be read only once.
fn copy(request: &Request<SentBody>) -> Option<Request<SentBody>> {
    let mut copy = Request::new(request.body().try_clone()?);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}
