//! Push mode: receives deliveries as hints to poll.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use avala_webhook::{SIGNATURE_HEADER, VerifyErrorKind};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use tower::Service;

use crate::error::BoxError;
use crate::runtime::AgentHandle;

/// Maximum size of a body. A delivery has one execution.
const MAX_BODY_BYTES: usize = 1 << 20;
/// Timeout of reading a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A tower service that receives the deliveries of an agent with a `callback_url`.
///
/// A delivery is only a hint: it is verified, acknowledged immediately, and makes the agent poll. Executions are read
/// by the agent's own authenticated call, so a forged or replayed delivery can only cause a poll, and an execution
/// that is both pushed and polled is handled once.
///
/// Only the body and its signature are used: the rest of a delivery to an agent is not documented.
/// Responses: 200 for a verified delivery; 401 for a wrong signature; 400 without a signature, or for a body that
/// is incomplete; 405 for a method other than `POST`; 413 for a body over 1 MiB; 408 for a body that takes over 10 s.
///
/// ```
/// use avala_agents::{Agent, PushReceiver};
///
/// let agent = Agent::new("qa");
/// let receiver = PushReceiver::new(agent.handle(), ["agsec_1f9a"]);
/// ```
#[derive(Clone, Debug)]
pub struct PushReceiver {
    handle: AgentHandle,
    secrets: Vec<avala_client::types::Secret>,
}

impl PushReceiver {
    /// Creates a receiver. During the rotation of a secret, pass the old and the new one.
    pub fn new(handle: AgentHandle, secrets: impl IntoIterator<Item: Into<String>>) -> Self {
        let secrets = secrets.into_iter().map(|secret| avala_client::types::Secret::from(secret.into())).collect();
        Self { handle, secrets }
    }

    /// Returns the receiver as an axum router that accepts `POST` at `path`.
    #[cfg(feature = "axum")]
    pub fn into_router(self, path: &str) -> axum::Router {
        axum::Router::new().route_service(path, self)
    }

    fn verify(&self, parts: &http::request::Parts, body: &[u8]) -> StatusCode {
        let secrets: Vec<&str> = self.secrets.iter().map(avala_client::types::Secret::expose).collect();
        let header = |name: &str| parts.headers.get(name)?.to_str().ok();
        match avala_webhook::verify(&secrets, header, body) {
            Ok(delivery) => {
                tracing::debug!(delivery = %delivery.id, event = %delivery.event.event, "received a delivery; polling");
                self.handle.poll_now();
                StatusCode::OK
            }
            // The signature is checked first, so the body is from Avala, even if it is not a webhook event.
            Err(error) if is_signed(error.kind()) => {
                tracing::debug!(error = %error, "received a delivery with an unknown body; polling");
                self.handle.poll_now();
                StatusCode::OK
            }
            Err(error) => {
                tracing::warn!(error = %error, "a delivery was rejected");
                StatusCode::from_u16(error.kind().status()).unwrap_or(StatusCode::BAD_REQUEST)
            }
        }
    }
}

/// Returns whether the error was found after the signature had been verified.
fn is_signed(kind: VerifyErrorKind) -> bool {
    match kind {
        VerifyErrorKind::Body | VerifyErrorKind::EventMismatch => true,
        VerifyErrorKind::MissingHeader(name) => name != SIGNATURE_HEADER,
        _ => false,
    }
}

type ResponseFuture = Pin<Box<dyn Future<Output = Result<Response<Full<Bytes>>, std::convert::Infallible>> + Send>>;

impl<B> Service<Request<B>> for PushReceiver
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    type Response = Response<Full<Bytes>>;
    type Error = std::convert::Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let receiver = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let status = if parts.method != Method::POST {
                StatusCode::METHOD_NOT_ALLOWED
            } else {
                let body = Limited::new(body, MAX_BODY_BYTES).collect();
                match tokio::time::timeout(BODY_TIMEOUT, body).await {
                    Ok(Ok(body)) => receiver.verify(&parts, &body.to_bytes()),
                    Ok(Err(error)) if error.is::<LengthLimitError>() => StatusCode::PAYLOAD_TOO_LARGE,
                    Ok(Err(_)) => StatusCode::BAD_REQUEST,
                    Err(_) => StatusCode::REQUEST_TIMEOUT,
                }
            };
            let mut response = Response::new(Full::default());
            *response.status_mut() = status;
            if status == StatusCode::METHOD_NOT_ALLOWED {
                response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
            }
            Ok(response)
        })
    }
}
