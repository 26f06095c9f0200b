//! One step of a scripted service.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body::Frame;
use tower::BoxError;

use crate::body::Body;
use crate::error::{Sent, TimeoutPhase, TransportError, TransportErrorKind};

/// What a [`ScriptedService`](super::ScriptedService) does for one call.
///
/// ```
/// use std::time::Duration;
/// use avala_transport::testing::Step;
///
/// let step = Step::respond(503).header("retry-after", "2").body("busy").after(Duration::from_secs(1));
/// ```
#[derive(Debug, Clone)]
pub struct Step {
    wait: Duration,
    action: Action,
}

#[derive(Debug, Clone)]
enum Action {
    Respond { status: u16, headers: Vec<(String, String)>, frames: VecDeque<Bytes>, streamed: bool, cut: bool },
    Fail { kind: TransportErrorKind, sent: Sent, phase: Option<TimeoutPhase> },
    Hang,
}

impl Step {
    /// Responds with this status, without headers and body.
    #[must_use]
    pub fn respond(status: u16) -> Self {
        Self::from(Action::Respond {
            status,
            headers: Vec::new(),
            frames: VecDeque::new(),
            streamed: false,
            cut: false,
        })
    }

    /// Fails with an error of this kind.
    #[must_use]
    pub fn fail(kind: TransportErrorKind, sent: Sent) -> Self {
        Self::from(Action::Fail { kind, sent, phase: None })
    }

    /// Fails with a timeout of this phase.
    #[must_use]
    pub fn time_out(phase: TimeoutPhase, sent: Sent) -> Self {
        Self::from(Action::Fail { kind: TransportErrorKind::Timeout, sent, phase: Some(phase) })
    }

    /// Creates a step that never responds.
    #[must_use]
    pub fn hang() -> Self {
        Self::from(Action::Hang)
    }

    fn from(action: Action) -> Self {
        Self { wait: Duration::ZERO, action }
    }

    /// Waits before the step, on tokio's clock.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Adds a header to the response. No effect on a step without a response.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Action::Respond { headers, .. } = &mut self.action {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// Sets the body of the response, in one piece. No effect on a step without a response.
    #[must_use]
    pub fn body(self, body: impl Into<Bytes>) -> Self {
        self.with_frames([body.into()], false)
    }

    /// Sets the body of the response, as a stream of these pieces. No effect on a step without a response.
    #[must_use]
    pub fn pieces<I>(self, pieces: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Bytes>,
    {
        self.with_frames(pieces.into_iter().map(Into::into), true)
    }

    /// Breaks the connection after the body. No effect on a step without a response.
    #[must_use]
    pub fn cut(mut self) -> Self {
        if let Action::Respond { cut, .. } = &mut self.action {
            *cut = true;
        }
        self
    }

    fn with_frames(mut self, pieces: impl IntoIterator<Item = Bytes>, as_stream: bool) -> Self {
        if let Action::Respond { frames, streamed, .. } = &mut self.action {
            *frames = pieces.into_iter().collect();
            *streamed = as_stream;
        }
        self
    }

    pub(super) async fn run(self) -> Result<Response<Body>, TransportError> {
        if !self.wait.is_zero() {
            tokio::time::sleep(self.wait).await;
        }
        match self.action {
            Action::Hang => std::future::pending().await,
            Action::Fail { kind, sent, phase } => {
                let error = TransportError::new(kind, "the script fails here").with_sent(sent);
                Err(match phase {
                    Some(phase) => error.with_timeout_phase(phase),
                    None => error,
                })
            }
            Action::Respond { status, headers, mut frames, streamed, cut } => {
                let mut response = Response::builder().status(status);
                for (name, value) in headers {
                    response = response.header(name, value);
                }
                let body = match (streamed || cut, frames.pop_front()) {
                    (false, first) => first.map_or_else(Body::empty, Body::from),
                    (true, first) => Body::once(Pieces { frames: first.into_iter().chain(frames).collect(), cut }),
                };
                response.body(body).map_err(|error| {
                    TransportError::new(TransportErrorKind::Layer, "the script has an illegal status or header")
                        .with_source(error)
                })
            }
        }
    }
}

struct Pieces {
    frames: VecDeque<Bytes>,
    cut: bool,
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(match self.frames.pop_front() {
            Some(piece) => Some(Ok(Frame::data(piece))),
            None if std::mem::take(&mut self.cut) => Some(Err("the script cuts the body here".into())),
            None => None,
        })
    }
}
