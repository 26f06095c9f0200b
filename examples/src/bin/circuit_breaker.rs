//! A circuit breaker as a layer around each call: after three consecutive failures it rejects calls immediately for 30
//! seconds, and then lets one call through to test whether the server has recovered.
//!
//! Run it with `cargo run -p avala-examples --bin circuit_breaker`. It uses a paused clock, so that 30 seconds take
//! no time, and on a function in place of a server.

#![expect(clippy::print_stdout, reason = "an example prints its output")]

use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use avala_client::transport::{Body, RetryPolicy, Transport, TransportError};
use avala_client::{Avala, ErrorKind};
use http::{Request, Response, StatusCode};
use tokio::time::Instant;
use tower::{BoxError, Layer, Service, service_fn};

/// Number of consecutive failures that open the circuit.
const FAILURES: u32 = 3;
/// How long the circuit stays open.
const OPEN_FOR: Duration = Duration::from_secs(30);

/// The error of a call that was rejected. The client reports it as [`ErrorKind::Layer`], with this as the source.
#[derive(Debug, thiserror::Error)]
#[error("the circuit is open: {FAILURES} calls failed in a row")]
struct CircuitOpen;

#[derive(Debug, Clone, Default)]
struct CircuitBreaker {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    open_until: Option<Instant>,
}

impl CircuitBreaker {
    /// Rejects the call if the circuit is open. After that time, a single call is let through.
    fn admit(&self) -> Result<(), CircuitOpen> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.open_until {
            Some(until) if Instant::now() < until => Err(CircuitOpen),
            Some(_) => {
                state.open_until = Some(Instant::now() + OPEN_FOR);
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn record(&self, is_failure: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if is_failure {
            state.failures += 1;
            if state.failures >= FAILURES {
                state.open_until = Some(Instant::now() + OPEN_FOR);
            }
        } else {
            *state = State::default();
        }
    }
}

impl Layer<Transport> for CircuitBreaker {
    type Service = Guarded;

    fn layer(&self, inner: Transport) -> Guarded {
        Guarded { inner, breaker: self.clone() }
    }
}

#[derive(Debug, Clone)]
struct Guarded {
    inner: Transport,
    breaker: CircuitBreaker,
}

impl Service<Request<Body>> for Guarded {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if let Err(open) = self.breaker.admit() {
            return Box::pin(async move { Err(open.into()) });
        }
        let breaker = self.breaker.clone();
        let call = self.inner.call(request);
        Box::pin(async move {
            let result = call.await;
            breaker.record(is_failure(&result));
            // The transport's own error passes unchanged, so that kind, attempts and timings survive.
            result.map_err(Into::into)
        })
    }
}

/// Returns whether a result counts as a failure. A rejected request (4xx) says nothing about the health of the server.
fn is_failure(result: &Result<Response<Body>, TransportError>) -> bool {
    result.as_ref().map_or(true, |response| response.status().is_server_error())
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Box<dyn Error>> {
    let is_down = Arc::new(AtomicBool::new(true));
    let server = Arc::clone(&is_down);
    let send = service_fn(move |_: Request<Body>| {
        let is_down = server.load(Ordering::Relaxed);
        async move {
            let mut response = Response::new(Body::from(r#"{"uid": "t1"}"#));
            if is_down {
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            }
            Ok::<_, Infallible>(response)
        }
    });
    let breaker = CircuitBreaker::default();
    let avala = Avala::builder()
        .api_key("avk_example")
        .retry(RetryPolicy::none())
        .layer_per_call(breaker)
        .service(send)
        .build()?;

    for call in 1..=5 {
        match avala.tasks().get("t1").await {
            Ok(task) => println!("call {call}: task {}", task.uid),
            Err(error) if error.kind() == ErrorKind::Layer => println!("call {call}: rejected: {}", error.message()),
            Err(error) => println!("call {call}: {:?}, sent: {:?}", error.kind(), error.sent()),
        }
    }
    is_down.store(false, Ordering::Relaxed);
    tokio::time::sleep(OPEN_FOR).await;
    println!("30 s later: task {}", avala.tasks().get("t1").await?.uid);
    println!("closed again: task {}", avala.tasks().get("t1").await?.uid);
    Ok(())
}
