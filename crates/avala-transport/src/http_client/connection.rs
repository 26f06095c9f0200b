//! Opens connections, and sends requests on them.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1};
use hyper::rt::{Read, Write};
use hyper_util::client::legacy::connect::Connection as _;
use tokio::runtime::{self, Handle};
use tower::ServiceExt as _;

use super::connect::ConnectTimeout;
use super::failure::Failure;
use super::idle_check::{Activity, CheckedConnector};
use super::sent_body::SentBody;
use crate::connection_settings::Connections;

#[cfg(feature = "proxy")]
pub(super) type Dial = super::dial::Dial;
#[cfg(not(feature = "proxy"))]
pub(super) type Dial = hyper_util::client::legacy::connect::HttpConnector;

#[cfg(feature = "tls")]
pub(super) type Connector = ConnectTimeout<hyper_rustls::HttpsConnector<CheckedConnector<Dial>>>;
#[cfg(not(feature = "tls"))]
pub(super) type Connector = ConnectTimeout<CheckedConnector<Dial>>;

/// Read buffer of HTTP/1.1: limits the headers of a response, and the largest piece of a body that is read at a time. A
/// piece is still in the processor's cache when it is put to the others: larger buffers take more time and memory.
const HTTP1_BUFFER: usize = 128 * 1024;

/// Sending side of a connection. hyper drives the other side in a task, which ends with the connection.
pub(super) struct Connection {
    sender: Sender,
    activity: Activity,
    is_used: bool,
    /// The runtime of that task.
    runtime: Option<runtime::Id>,
}

/// Returns the runtime that the current thread is in.
pub(super) fn current_runtime() -> Option<runtime::Id> {
    Handle::try_current().ok().map(|handle| handle.id())
}

enum Sender {
    Http1(http1::SendRequest<SentBody>),
    #[cfg(feature = "http2")]
    Http2(hyper::client::conn::http2::SendRequest<SentBody>),
}

impl Connection {
    pub(super) fn is_http1(&self) -> bool {
        matches!(self.sender, Sender::Http1(_))
    }

    /// Returns whether it was kept or used before, so that the server may have closed it.
    pub(super) fn is_used(&self) -> bool {
        self.is_used
    }

    pub(super) fn into_used(self) -> Self {
        Self { is_used: true, ..self }
    }

    /// Returns the runtime whose task drives it.
    pub(super) fn runtime(&self) -> Option<runtime::Id> {
        self.runtime
    }

    /// Returns whether a request can be sent now. A connection of HTTP/1.1 is not ready while it has a request.
    pub(super) fn is_ready(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender) => sender.is_ready(),
            #[cfg(feature = "http2")]
            Sender::Http2(sender) => sender.is_ready(),
        }
    }

    /// Waits until a request can be sent, or the connection is closed.
    pub(super) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.sender {
            Sender::Http1(sender) => sender.poll_ready(cx).map(|_| ()),
            #[cfg(feature = "http2")]
            Sender::Http2(sender) => sender.poll_ready(cx).map(|_| ()),
        }
    }

    /// Returns a second sender for the same connection, with HTTP/2.
    pub(super) fn share(&self) -> Option<Self> {
        match &self.sender {
            Sender::Http1(_) => None,
            #[cfg(feature = "http2")]
            Sender::Http2(sender) => {
                let (sender, activity) = (Sender::Http2(sender.clone()), self.activity.clone());
                Some(Self { sender, activity, is_used: true, runtime: self.runtime })
            }
        }
    }

    /// Sends a request. The error has the request if the connection did not start to write it.
    pub(super) fn send(
        &mut self,
        request: Request<SentBody>,
    ) -> impl Future<Output = Result<Response<Incoming>, TrySendError<Request<SentBody>>>> + Send + use<> {
        // Not an `async fn`, which would store the request twice.
        match &mut self.sender {
            #[cfg(not(feature = "http2"))]
            Sender::Http1(sender) => sender.try_send_request(request),
            #[cfg(feature = "http2")]
            Sender::Http1(sender) => http2::Sending::Http1 { future: sender.try_send_request(request) },
            #[cfg(feature = "http2")]
            Sender::Http2(sender) => http2::Sending::Http2 { future: sender.try_send_request(request) },
        }
    }

    /// Returns what the connection did, for requests that are sent on it.
    pub(super) fn activity(&self) -> &Activity {
        &self.activity
    }
}

/// Opens connections: connector and protocol settings.
#[derive(Clone)]
pub(super) struct Opener {
    connector: Connector,
    http1: http1::Builder,
    #[cfg(feature = "http2")]
    http2: http2::Builder,
}

impl Opener {
    pub(super) fn new(
        connector: Connector,
        #[cfg_attr(not(feature = "http2"), expect(unused_variables, reason = "HTTP/1.1 has no settings"))]
        settings: &Connections,
    ) -> Self {
        let mut http1 = http1::Builder::new();
        http1.max_buf_size(HTTP1_BUFFER);
        Self {
            connector,
            http1,
            #[cfg(feature = "http2")]
            http2: http2::builder(settings),
        }
    }

    /// Opens a connection to the host of `target`, with the protocol that the server chooses.
    pub(super) async fn open(self, target: Uri) -> Result<Connection, Failure> {
        let io = self.connector.oneshot(target).await.map_err(Failure::Connect)?;
        let connected = io.connected();
        let activity = Activity::of(&connected);
        #[cfg(feature = "http2")]
        if connected.is_negotiated_h2() {
            let (sender, task) = Box::pin(self.http2.handshake(io)).await.map_err(Failure::Handshake)?;
            drop(tokio::spawn(task));
            let runtime = current_runtime();
            return Ok(Connection { sender: Sender::Http2(sender), activity, is_used: false, runtime });
        }
        over_http1(&self.http1, io, activity).await
    }
}

pub(super) async fn over_http1<I>(builder: &http1::Builder, io: I, activity: Activity) -> Result<Connection, Failure>
where
    I: Read + Write + Unpin + Send + 'static,
{
    let (mut sender, task) = builder.handshake(io).await.map_err(Failure::Handshake)?;
    let mut task = Some(task.with_upgrades());
    // Polled here until it accepts a request, so that its own error is reported if it ends before.
    let ready = poll_fn(|cx| {
        if let Some(running) = &mut task
            && let Poll::Ready(ended) = Pin::new(running).poll(cx)
        {
            task = None;
            ended?;
        }
        sender.poll_ready(cx)
    });
    ready.await.map_err(Failure::Handshake)?;
    if let Some(task) = task {
        drop(tokio::spawn(task));
    }
    Ok(Connection { sender: Sender::Http1(sender), activity, is_used: false, runtime: current_runtime() })
}

#[cfg(feature = "http2")]
mod http2 {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use hyper_util::rt::{TokioExecutor, TokioTimer};
    use pin_project_lite::pin_project;

    use crate::connection_settings::Connections;

    pin_project! {
        /// A request on a connection of either protocol.
        #[project = SendingProjected]
        pub(super) enum Sending<A, B> {
            Http1 { #[pin] future: A },
            Http2 { #[pin] future: B },
        }
    }

    impl<A: Future, B: Future<Output = A::Output>> Future for Sending<A, B> {
        type Output = A::Output;

        fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<A::Output> {
            match self.project() {
                SendingProjected::Http1 { future } => future.poll(cx),
                SendingProjected::Http2 { future } => future.poll(cx),
            }
        }
    }

    pub(super) type Builder = hyper::client::conn::http2::Builder<TokioExecutor>;

    const HEADERS: u32 = 64 * 1024;
    /// Stream window: how much of an unread response the server may send. An ordinary page fits, so that the server
    /// finishes it and its stream no longer counts against the server's limit of streams.
    const STREAM_WINDOW: u32 = 2 * 1024 * 1024;
    /// Connection window: the maximum, so that 1,000 unread responses do not block others. Memory is bounded
    /// by the number of streams and their own windows.
    const CONNECTION_WINDOW: u32 = (1 << 31) - 1;

    pub(super) fn builder(settings: &Connections) -> Builder {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .max_header_list_size(HEADERS)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW);
        if let Some(pings) = settings.http2_keep_alive {
            builder.keep_alive_interval(pings.interval).keep_alive_timeout(pings.timeout);
        }
        builder
    }
}
