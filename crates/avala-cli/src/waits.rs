//! Prints notes to stderr about calls that wait for the rate limit or before another attempt.

use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use avala_client::transport::{Body, Transport, TransportError, retry_after};
use http::{Request, Response};
use tower::{Layer, Service};

use crate::output::escape;
use crate::terminal::Notes;

/// Minimum duration of a wait that is shown.
const LEAST: Duration = Duration::from_secs(1);
/// How often a call is checked for waits.
const TICK: Duration = Duration::from_millis(250);

/// The state of a call, as its attempts show it.
#[derive(Clone, Debug)]
struct Waiting(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    is_sending: bool,
    attempts: u32,
    /// Outcome of the last attempt, and the wait that the server requested.
    last: Option<(String, Option<Duration>)>,
    since: Instant,
    is_shown: bool,
    /// Whether only the rate limit can delay the first attempt.
    has_key: bool,
}

impl Waiting {
    fn new(has_key: bool) -> Self {
        let state =
            State { is_sending: false, attempts: 0, last: None, since: Instant::now(), is_shown: false, has_key };
        Self(Arc::new(Mutex::new(state)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self) {
        let mut state = self.state();
        state.attempts += 1;
        state.is_sending = true;
    }

    fn end(&self, result: &Result<Response<Body>, TransportError>) {
        let mut state = self.state();
        state.last = Some(match result {
            Ok(response) => (response.status().to_string(), retry_after(response.headers())),
            Err(error) => (error.to_string(), error.retry_after()),
        });
        (state.is_sending, state.since, state.is_shown) = (false, Instant::now(), false);
    }

    /// Returns the line about a wait that is long enough and has not been shown.
    fn line(&self) -> Option<String> {
        let mut state = self.state();
        if state.is_sending || state.is_shown || state.since.elapsed() < LEAST {
            return None;
        }
        state.is_shown = true;
        let text = match &state.last {
            // A slow key command or keyring has its own timeout and error.
            None if !state.has_key => return None,
            None => "Waiting for the rate limit.".to_owned(),
            Some((outcome, asked)) => {
                let asked =
                    asked.map(|time| format!("; the server requests a wait of {} s", time.as_secs_f64().ceil()));
                format!("Waiting to retry: attempt {} failed ({outcome}){}.", state.attempts, asked.unwrap_or_default())
            }
        };
        Some(escape::line(&text).into_owned())
    }
}

/// Shows the waits of each call.
#[derive(Clone, Copy)]
pub(crate) struct WaitLayer {
    pub(crate) notes: Notes,
    /// Whether the key is known before a call.
    pub(crate) has_key: bool,
}

impl Layer<Transport> for WaitLayer {
    type Service = ShowWaits;

    fn layer(&self, inner: Transport) -> ShowWaits {
        ShowWaits { inner, settings: *self }
    }
}

#[derive(Clone)]
pub(crate) struct ShowWaits {
    inner: Transport,
    settings: WaitLayer,
}

type ResponseFuture = Pin<Box<dyn Future<Output = Result<Response<Body>, TransportError>> + Send>>;

impl Service<Request<Body>> for ShowWaits {
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> ResponseFuture {
        let waiting = Waiting::new(self.settings.has_key);
        request.extensions_mut().insert(waiting.clone());
        let (response, notes) = (self.inner.call(request), self.settings.notes);
        Box::pin(async move {
            let mut response = pin!(response);
            loop {
                tokio::select! {
                    biased;
                    result = &mut response => return result,
                    () = tokio::time::sleep(TICK) => {
                        if let Some(line) = waiting.line() {
                            notes.line(&line);
                        }
                    }
                }
            }
        })
    }
}

/// Records the attempts of a call.
#[derive(Clone, Copy)]
pub(crate) struct AttemptLayer;

impl Layer<Transport> for AttemptLayer {
    type Service = NoteAttempts;

    fn layer(&self, inner: Transport) -> NoteAttempts {
        NoteAttempts(inner)
    }
}

#[derive(Clone)]
pub(crate) struct NoteAttempts(Transport);

impl Service<Request<Body>> for NoteAttempts {
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> ResponseFuture {
        let waiting = request.extensions().get::<Waiting>().cloned();
        if let Some(waiting) = &waiting {
            waiting.begin();
        }
        let response = self.0.call(request);
        Box::pin(async move {
            let result = response.await;
            if let Some(waiting) = waiting {
                waiting.end(&result);
            }
            result
        })
    }
}
