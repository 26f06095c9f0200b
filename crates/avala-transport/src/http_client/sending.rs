//! Sends requests over the connections of a pool.

use std::future::{poll_fn, ready};
use std::pin::Pin;
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
use super::sent_body::{BodyFailure, SentBody};
use crate::body::Body;
use crate::context::CallState;
use crate::context::background::Background;
use crate::context::options::CallOptions;
use crate::error::TransportError;

type SendFuture = Pin<Box<dyn Future<Output = Result<Response<Body>, TransportError>> + Send>>;

/// Connections by host.
pub(super) struct Pool {
    /// A list, because there are few hosts.
    hosts: Mutex<Vec<Arc<Host>>>,
    limits: IdleLimits,
    opener: Opener,
}

impl Pool {
    pub(super) fn new(opener: Opener, limits: IdleLimits) -> Self {
        Self { hosts: Mutex::default(), limits, opener }
    }

    /// Sends a request with an absolute URI.
    ///
    /// A request that a connection returns unread, because it turned out to be closed, is sent on another one. The
    /// future is boxed, because it is large: without the box, each layer above moves all of it.
    pub(super) fn send(self: &Arc<Self>, request: Request<Body>) -> SendFuture {
        let options = request.extensions().get::<CallOptions>();
        let timeout = options.and_then(|options| options.connect_timeout);
        let connect_by = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let background = options.and_then(|options| options.background.clone());
        let state = request.extensions().get::<CallState>().cloned();
        let has_body = !request.body().is_end_stream();
        let host = self.host(request.uri()).filter(|_| is_supported(request.version()));
        let Some(host) = host else { return Box::pin(ready(Err(failure::invalid_request()))) };
        let (parts, body) = request.into_parts();
        let (body, body_failure) = SentBody::new(body);
        let call = PoolCall { pool: Arc::clone(self), host, has_body, body_failure, connect_by, background, state };
        Box::pin(call.send(Request::from_parts(parts, body)))
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
        // Removes hosts that no call uses.
        hosts.retain(|host| Arc::strong_count(host) > 1 || host.has_connections());
        hosts.push(Arc::clone(&host));
        Some(host)
    }

    /// Opens a connection, or takes one that another call releases meanwhile.
    async fn connect(&self, host: &Arc<Host>, by: Option<Instant>) -> Result<Connection, Failure> {
        let mut waiting = host.wait();
        // One may have been released just before.
        if let Some(connection) = host.take(Instant::now()) {
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
                    host.put(opened, Instant::now());
                }
            }));
        }
        Ok(connection)
    }
}

/// What a call needs besides its request.
struct PoolCall {
    pool: Arc<Pool>,
    host: Arc<Host>,
    has_body: bool,
    body_failure: Option<BodyFailure>,
    connect_by: Option<Instant>,
    background: Option<Background>,
    state: Option<CallState>,
}

impl PoolCall {
    #[expect(clippy::manual_async_fn, reason = "an `async fn` stores its arguments twice, and each call holds one")]
    fn send(
        mut self,
        mut request: Request<SentBody>,
    ) -> impl Future<Output = Result<Response<Body>, TransportError>> + Send {
        async move {
            let mut may_move = true;
            loop {
                let mut connection = match self.host.take(self.now()) {
                    Some(connection) => connection,
                    // Boxed, because it is large and rare.
                    None => Box::pin(self.connect()).await?,
                };
                // The call has a connection in time, even if this one turns out to be closed.
                self.connect_by = None;
                let is_http1 = connection.is_http1();
                let spare = if is_http1 {
                    if !to_http1(&mut request, &self.host) {
                        return Err(failure::invalid_request());
                    }
                    None
                } else {
                    may_move.then(|| copy(&request)).flatten().map(Box::new)
                };
                let number = connection.activity().begin();
                let mut error = match connection.send(request).await {
                    Ok(_) if connection.activity().wrote_nothing_since(number) => {
                        return Err(failure::early_response(self.host.name()));
                    }
                    Ok(response) => {
                        self.host.release(connection, self.now());
                        return Ok(response.map(Body::once));
                    }
                    Err(error) => error,
                };
                let nothing_written = connection.activity().wrote_nothing_since(number);
                request = match (error.take_message(), spare) {
                    (Some(mut returned), _) if connection.is_used() => {
                        if is_http1 && !to_absolute(&mut returned, &self.host) {
                            return Err(failure::invalid_request());
                        }
                        returned
                    }
                    // Over HTTP/2 the request is lost by then, but not the copy.
                    (_, Some(copy)) if nothing_written => {
                        may_move = false;
                        *copy
                    }
                    _ => return Err(self.failed(Failure::Sending { error: error.into_error(), nothing_written })),
                };
            }
        }
    }

    /// Opens a connection within the timeout. Time in which the call is not polled does not count.
    async fn connect(&self) -> Result<Connection, TransportError> {
        let paused = || self.background.as_ref().map_or(Duration::ZERO, Background::paused);
        let mut by = self.connect_by;
        loop {
            let paused_before = paused();
            match self.pool.connect(&self.host, by).await {
                Err(failure) if failure.is_timeout() && paused() > paused_before => {
                    by = by.and_then(|by| by.checked_add(paused().saturating_sub(paused_before)));
                }
                result => return result.map_err(|failure| self.failed(failure)),
            }
        }
    }

    fn failed(&self, failure: Failure) -> TransportError {
        let body_failure = self.body_failure.clone();
        failure::translate(failure, Target { host: self.host.name(), has_body: self.has_body, body_failure })
    }

    /// Returns the time: that of the running poll of the call.
    fn now(&self) -> Instant {
        self.state.as_ref().map_or_else(Instant::now, CallState::now)
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

/// Reverts [`to_http1`], for a connection that may use HTTP/2. Returns `false` for a URI that cannot be absolute.
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
